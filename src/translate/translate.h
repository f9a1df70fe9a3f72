/* translate: µops to host code. One block at a time, guest registers pinned to host registers at the borders of
 * fragments, precise at every instruction that may trap. Knows ir/, host/ and the guest description, not the cache and
 * not which guest it is. */
#ifndef ISOMORPH_TRANSLATE_H
#define ISOMORPH_TRANSLATE_H

#include "code/code.h"
#include "host/x86_64/host.h"
#include "ir/ir.h"

/* Where a guest register lives at the borders of fragments: a host register or its slot in the thread's state. */
struct pin {
    const char *guest; /* "a0" */
    const char *host;  /* "rbx", "xmm2" */
};

struct translate_config {
    const struct guest *guest;
    struct host_cpu cpu;
    uint64_t space_base; /* 0: identity; else guest memory is reached through gs, whose base this is */
    uint32_t passes_off; /* bit per pass: for tests and measurement */
    bool count;          /* fragments count guest instructions (--stats, instret) */
};

struct translator;

struct translator *translator_create(const struct translate_config *config);
void translator_destroy(struct translator *tr);

/* Emits the trampolines of enum code_target: their offsets in offsets[CODE_TRAMPOLINES]. The code is the translator's. */
void translate_trampolines(struct translator *tr, const uint8_t **code, size_t *n, const struct host_reloc **relocs,
                           size_t *n_relocs, uint32_t offsets[]);

/* Translates a verified block of guest_bytes bytes and n_insns instructions. The image is the translator's, valid until
 * its next call. Returns 0, or a negative enum translate_bailout: then a lower engine runs the block. */
int translate_block(struct translator *tr, const struct ir_block *b, gva pc, uint32_t guest_bytes, uint32_t n_insns,
                    struct fragment_image *out);

/* Why a block was not translated, one row each. */
enum translate_bailout {
    TRANSLATE_OK,
#define BAILOUT(id, help) BAILOUT_##id,
#include "translate/bailouts.def"
#undef BAILOUT
    BAILOUT_COUNT
};

/* In the host's fault handler: moves the guest registers that are pinned from the interrupted context (ucontext_t *) to
 * their slots in t->guest, so that the state is whole. Async-signal-safe. */
void translate_save_pins(const struct translator *tr, struct thread *t, const void *ucontext);

/* The function behind CODE_HELPER_UOP. */
uint64_t translate_helper_uop(struct thread *t, uint64_t a, uint64_t b, uint64_t c, uint64_t packed);

#endif
