/* Engine block, inside vm/. */
#ifndef ISOMORPH_VM_BLOCK_ENGINE_H
#define ISOMORPH_VM_BLOCK_ENGINE_H

#include "ir/ir.h"
#include "translate/translate.h"
#include "vm/tier.h"
#include "vm/vm_private.h"

struct block_engine {
    struct code_cache *code;
    struct translate_config config; /* the translator's */
    struct translator *translator;
    struct tier tier;
    struct ir_block lifted; /* of the block being translated */
    uint64_t n_lifted;
    uint64_t n_dropped;      /* fragments that the cache let go of */
    struct hash_map bailed;  /* guest pc of blocks that are not translated: why, BAILOUT_* */
    bool timed;              /* --stats */
    bool superblocks;        /* fragments go on over branches: superblock.c */
    bool alone;              /* hot blocks are translated without their neighbours: promote.c */
    bool neighbours;         /* those are being translated */
    bool wants_alone;        /* what was to be translated needs an exclusive section */
    size_t trampoline_bytes; /* at the start of the arena */
    struct translate_names names;
};

/* The guest code of a fragment: a block, or several that follow each other. */
struct guest_code {
    gva pc;
    uint32_t n_bytes, n_insns;
};

static inline gva guest_code_end(const struct guest_code *code)
{
    return GVA(code->pc.v + code->n_bytes);
}

/* promote.c, under the lock. The fragment for the block at t's pc, made without looking how hot it
 * is. NULL: it bailed out, it cannot be fetched (which the interpreter will find out again, and
 * raise), or e->wants_alone. */
struct fragment *promote_at_once(struct vm *vm, struct thread *t);
/* The same if it is hot, with its neighbours; else NULL, and in *cold the block, if it was met
 * before. */
struct fragment *promote_if_hot(struct vm *vm, struct thread *t, struct decoded_block **cold);
/* Takes the block at pc, which has a fragment now, out of t's table of decoded blocks. */
void promote_forget_ref(struct thread *t, gva pc);
/* May fragments be dropped, as vm_may_drop says, for what is being translated? */
bool promote_may_drop(const struct vm *vm);
/* From the next entry on instructions are counted. All fragments go: in an exclusive section. */
void block_start_counting(struct block_engine *e);

/* superblock.c. Does this engine make superblocks? Into block_engine.superblocks. */
void superblock_start(struct vm *vm);
/* code has been lifted to e->lifted: appends the blocks that the fragment is to go on with, and
 * adds them to *code. False: none. Under the lock. */
bool superblock_extend(struct vm *vm, struct thread *t, struct guest_code *code);

/* poll.c: opens t's poll page. By t itself, before it enters translated code, if t->polls_shut. */
void poll_open(struct thread *t);
/* poll.c: was it t's poll page, shut, whose address translated code has just read?
 * Async-signal-safe. */
bool poll_was_shut(struct thread *t, const void *addr);
/* returns.c: a thread's return stack, made and unmade. */
void block_thread_start(struct vm *vm, struct thread *t);
void block_thread_stop(struct vm *vm, struct thread *t);
/* Is addr, at which translated code has just faulted, the end of its return stack? Then there is
 * room again, *sp (its stack pointer) is where it goes on, and the instruction can be repeated.
 * Async-signal-safe. */
bool block_mend_returns(const struct return_stack *s, uint64_t addr, uint64_t *sp);

/* block_log.c: what -d shows of a fragment just made, of a link made, and of a fragment that goes.
 */
void block_log_fragment(const struct vm *vm, const struct fragment *f);
void block_log_link(const struct fragment *from, unsigned exit, const struct fragment *to);
void block_log_drop(const struct fragment *f);
/* The listing that block_log_fragment shows for -d host. */
void block_print_host(const struct block_engine *e, const struct fragment *f, struct strbuf *out);

#endif
