/* IEEE 754 arithmetic on integers, in every one of RISC-V's five rounding modes. The slow path of
 * fp.h: it knows nothing of MXCSR and has no state. Used where the host has no instruction: nearest
 * with ties away, fma without FMA3, unsigned conversions of odd values.
 *
 * Values are bits. rm is 0..4. Flags are or-ed into *flags (NX 1, UF 2, OF 4, DZ 8, NV 16). NaN
 * results are canonical, tininess is detected after rounding (The RISC-V Instruction Set Manual I,
 * chapter F). */
#ifndef ISOMORPH_IR_FP_SOFT_H
#define ISOMORPH_IR_FP_SOFT_H

#include "base/base.h"

struct fp_format {
    unsigned bits;      /* of the whole */
    unsigned frac_bits; /* of the stored fraction */
    int bias;
};

extern const struct fp_format fp_binary32, fp_binary64;

uint64_t fp_soft_add(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags);
uint64_t fp_soft_sub(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags);
uint64_t fp_soft_mul(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags);
uint64_t fp_soft_div(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags);
uint64_t fp_soft_sqrt(const struct fp_format *f, uint64_t a, unsigned rm, uint32_t *flags);
/* a * b + c, rounded once. */
uint64_t fp_soft_fma(const struct fp_format *f, uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                     uint32_t *flags);
/* binary64 to binary32. */
uint64_t fp_soft_narrow(uint64_t a, unsigned rm, uint32_t *flags);
/* To an integer of int_bits (32 or 64), saturating; the result's upper bits are 0. */
uint64_t fp_soft_to_int(const struct fp_format *f, uint64_t a, unsigned int_bits, bool is_signed,
                        unsigned rm, uint32_t *flags);
/* From a 64-bit integer. */
uint64_t fp_soft_from_int(const struct fp_format *f, uint64_t v, bool is_signed, unsigned rm,
                          uint32_t *flags);

#endif
