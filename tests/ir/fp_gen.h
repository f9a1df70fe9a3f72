/* Random operands that reach the corners: specials, subnormals, ties, values near overflow,
 * cancellation. */
#ifndef FP_GEN_H
#define FP_GEN_H

#include "fp_case.h"

struct fp_gen {
    uint64_t state; /* the seed */
};

uint64_t fp_gen_random(struct fp_gen *g);
/* Fills a, b and c with operands for t->op. */
void fp_gen_operands(struct fp_gen *g, struct fp_case *t);

#endif
