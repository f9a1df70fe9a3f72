/* What the tests of the translator share: a RISC-V thread, scratch memory, an arena with the
 * trampolines, and a way to run a block of µops in it and through the evaluator. */
#ifndef TRANSLATE_TEST_MACHINE_H
#define TRANSLATE_TEST_MACHINE_H

#include "guest/rv64/rv64.h"
#include "translate/translate.h"

enum { SCRATCH_BYTES = 4096, ARENA_BYTES = 1 << 20 };

struct machine {
    struct translate_config config;
    struct translator *tr;
    struct host_memory arena;
    uint32_t offsets[CODE_TRAMPOLINES];
    size_t code_at; /* where fragments go */
    struct space *space;
    uint64_t scratch; /* guest address of SCRATCH_BYTES; the page behind it is not mapped */
    struct thread *t;
    uint64_t return_stack[64];
    struct fragment_image image; /* of the block run last */
    int bailout;
    bool again;       /* it ended at a point that says `again` */
    uint64_t n_late;  /* instructions that were done at points because the table said so */
    uint64_t n_boxed; /* recipes for singles that are not boxed, at faults */
};

/* What a run leaves. */
struct outcome {
    int exit; /* enum translate_exit; LOOKUP also for an exit that is not linked */
    struct rv64_state state;
    struct trap trap;
    uint64_t reserve_addr;
    uint64_t
        insns; /* counted; 0 without counting, and after a fault, where the run loop adds them */
    uint8_t memory[SCRATCH_BYTES];
};

/* config: what is to be used but guest and space_base. */
void machine_init(struct machine *m, const struct translate_config *config, bool offset);
/* machine_init does so; a test harness may have taken the signals since. */
void machine_catch_faults(void);
void machine_free(struct machine *m);
static inline struct rv64_state *machine_state(struct machine *m)
{
    return (struct rv64_state *)m->t->guest;
}
/* Puts the image into the arena; returns where. */
hpc machine_place(struct machine *m);
/* Runs b translated, from the state that the thread has. False if the translator bails out
 * (m->bailout). */
bool machine_run(struct machine *m, const struct ir_block *b, gva pc, uint32_t n_insns,
                 struct outcome *out);
/* The same through the evaluator: INTERP for traps that the interpreter is to raise. */
void machine_evaluate(struct machine *m, const struct ir_block *b, struct outcome *out);
/* Host code of the image as text, with trampolines named. */
void machine_disassemble(struct machine *m, struct strbuf *out);

#endif
