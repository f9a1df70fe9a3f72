/* translate: µops to host code. One block at a time, guest registers pinned to host registers at
 * the borders of fragments, precise at every instruction that may trap. Knows ir/, host/ and the
 * guest description, not the cache and not which guest it is. */
#ifndef ISOMORPH_TRANSLATE_H
#define ISOMORPH_TRANSLATE_H

#include "code/code.h"
#include "host/x86_64/host.h"
#include "ir/ir.h"

/* Where a guest register lives at the borders of fragments: a host register or its slot in the
 * thread's state. */
struct pin {
    const char *guest; /* "a0" */
    const char *host;  /* "rbx", "xmm2" */
};

struct translate_config {
    const struct guest *guest;
    struct host_cpu cpu;
    uint64_t
        space_base; /* 0: identity; else guest memory is reached through gs, whose base this is */
    bool fence;     /* guest addresses are compared with SPACE_TOP (x86_64/memory.c) */
    uint32_t passes_off;       /* bit per pass: for tests and measurement */
    uint64_t random_registers; /* not 0: a seed. Pins, registers and what is spilled are chosen at
                                  random, for tests: the same for the same seed */
    bool lines;                /* keep translate_lines() */
    bool count;                /* fragments count guest instructions (--stats, instret) */
};

/* The passes that can be left out, from i = 0 on; false after the last. */
bool translate_list_passes(unsigned i, const char **name, const char **help);
/* The bit of passes_off for a pass by its name; 0 if none has it that can be left out. */
uint32_t translate_pass_bit(const char *name);

struct translator;

struct translator *translator_create(const struct translate_config *config);
void translator_destroy(struct translator *tr);

/* Emits the trampolines of enum code_target: their offsets in offsets[CODE_TRAMPOLINES]. The code
 * is the translator's. */
void translate_trampolines(struct translator *tr, const uint8_t **code, size_t *n,
                           const struct host_reloc **relocs, size_t *n_relocs, uint32_t offsets[]);

/* Translates a verified block of guest_bytes bytes and n_insns instructions. The image is the
 * translator's, valid until its next call. Returns 0, or a negative enum translate_bailout: then a
 * lower engine runs the block. */
int translate_block(struct translator *tr, const struct ir_block *b, gva pc, uint32_t guest_bytes,
                    uint32_t n_insns, struct fragment_image *out);

/* Why a block was not translated, one row each. */
enum translate_bailout {
    TRANSLATE_OK,
#define BAILOUT(id, help) BAILOUT_##id,
#include "translate/bailouts.def"
#undef BAILOUT
    BAILOUT_COUNT
};

/* What the function at CODE_ENTER returns: why guest code was left. The guest state is exact then,
 * the pc but for TRANSLATE_EXIT_LINK, where it is that of the exit whose stub t->exit_stub is
 * (code_cache_find_exit). CODE_ENTER and the exits do fp_enter and fp_leave themselves, so fcsr in
 * the guest state is exact too. The caller sees to the gs base. */
enum translate_exit {
    TRANSLATE_EXIT_LINK,
    TRANSLATE_EXIT_LOOKUP,
    TRANSLATE_EXIT_POLL,
    TRANSLATE_EXIT_TRAP, /* t->trap; also after CODE_EXIT_FAULT */
    TRANSLATE_EXIT_FLUSH,
    TRANSLATE_EXIT_INTERP, /* run the block at the pc in a lower engine, then go on: an illegal or
                            * rare instruction, a misaligned atomic, a value or rounding mode that
                            * the fragment does not handle */
};

/* Host address of a function of the runtime that fragments and trampolines call, by enum
 * code_target. For code_cache_config.target. */
uint64_t translate_target(unsigned id);

/* The registers of an interrupted context (ucontext_t *). Async-signal-safe. */
void translate_read_context(const struct translator *tr, const void *ucontext,
                            struct host_regs *out);
/* The state map of fragment borders, for a context in translated code: puts into guest (a copy of
 * t->guest, or that itself), what lives in host registers there, and fcsr. The pc stays as it is.
 * Async-signal-safe. */
void translate_read_homes(const struct translator *tr, const struct thread *t,
                          const struct host_regs *regs, unsigned char *guest);

/* ---- for listings ---------------------------------------------------------------------------- */

/* Of the block translated last, until the next: its µops after the passes (-d opt), and where guest
 * registers and values live (-d regs). */
void translate_print_opt(const struct translator *tr, struct strbuf *out);
void translate_print_regs(const struct translator *tr, struct strbuf *out);
/* "rax", "xmm2": of a register as struct host_regs counts them. */
void translate_register_name(unsigned reg, char *out, size_t size);
/* Where the code of each guest instruction begins, by rising host offset, if config->lines: offsets
 * in the fragment, and from its pc. The last one is where the code ends that is run in a straight
 * line, and the stubs and rare cases begin. */
struct translate_line {
    uint32_t host, guest;
};
struct translate_lines {
    VEC(struct translate_line) v;
};
const struct translate_lines *translate_lines(const struct translator *tr);
/* A host_namer; arg is the struct translate_names. Names trampolines, helpers and fields of the
 * thread. */
struct translate_names {
    const struct translator *tr;
    uint64_t targets[CODE_TARGETS]; /* where they are */
};
const char *translate_name(void *arg, uint64_t address);

/* The functions behind CODE_HELPER_*. Called by trampolines only. */
void translate_helper_uop(struct thread *t);
void translate_helper_fp_enter(struct thread *t, uint32_t fcsr_offset);
void translate_helper_fp_leave(struct thread *t, uint32_t fcsr_offset);

#endif
