/* Random blocks of µops, for translate/random. What a generator makes depends on its seed alone. */
#ifndef TESTS_RANDOM_BLOCKS_H
#define TESTS_RANDOM_BLOCKS_H

#include "../random.h"
#include "machine.h"

struct gen {
    struct rng rng;
    struct machine *m;
    struct ir_block *b;
    uint64_t pc;
    uint32_t n_insns;
};

/* ---- random_uops.c --------------------------------------------------------------------------- */

/* A number from 0 to n - 1. */
unsigned below(struct gen *g, unsigned n);
/* Small ones, limits, and any. */
uint64_t random_integer(struct gen *g);
/* A row of an integer register. */
uint16_t random_x(struct gen *g);
/* One of the block's latest values of a type, or a new one. */
ir_val random_operand(struct gen *g, unsigned type);
/* What follows is another instruction's. */
void begin_insn(struct gen *g);
/* Can random_uop make it? */
bool is_evaluated(enum uop op);
/* A µop with operands, and what must stand above it. */
void random_uop(struct gen *g, enum uop op);
/* A load or store, of which some fault. */
void random_memory(struct gen *g);
/* Puts the latest value to some register of its kind. */
void random_put(struct gen *g);
/* One guest instruction: a few µops and a put at its end. */
void random_insn(struct gen *g);
/* The block's end. */
void random_exit(struct gen *g);
/* The machine's registers, memory and reservation. */
void random_state(struct gen *g);

/* ---- random_blocks.c: a block into g->b ------------------------------------------------------ */

void make_single(struct gen *g, uint64_t seed);
void make_many(struct gen *g, uint64_t seed);
void make_floats(struct gen *g, uint64_t seed);
void make_late(struct gen *g, uint64_t seed);
void make_singles(struct gen *g, uint64_t seed);

#endif
