/* What test_fp writes to the oracle, and what comes back. */
#ifndef FP_CASE_H
#define FP_CASE_H

#include <stdint.h>

enum fp_test_op {
#define FP_OP(name, ...) OP_##name,
#include "fp_ops.def"
#undef FP_OP
    OP_COUNT
};

struct fp_case {
    uint32_t op; /* enum fp_test_op */
    uint32_t rm; /* 0..4 */
    uint64_t a, b, c;
};

struct fp_answer {
    uint64_t result; /* a binary32 or 32-bit integer result has unspecified upper bits */
    uint64_t flags;
};

#endif
