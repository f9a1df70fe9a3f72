/* Random operands that reach the corners: specials, subnormals, ties, values near overflow,
 * cancellation. */
#ifndef FP_GEN_H
#define FP_GEN_H

#include "../random.h"
#include "fp_case.h"

/* Fills a, b and c with operands for t->op. */
void fp_gen_operands(struct rng *g, struct fp_case *t);

#endif
