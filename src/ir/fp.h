/* Floating point with RISC-V's rules (The RISC-V Instruction Set Manual I, chapters F and D) on the
 * host's SSE unit. Between fp_enter and fp_leave the host's MXCSR belongs to the guest: its flags
 * are the guest's sticky flags, its rounding mode is env->rm where MXCSR has it. Values are passed
 * as bits.
 *
 *   uint32_t fp_add_f32(struct fp_env *, uint32_t a, uint32_t b, unsigned rm)      sub mul div
 *   uint64_t fp_add_f64(struct fp_env *, uint64_t a, uint64_t b, unsigned rm)
 *   fp_sqrt_f32/f64(env, a, rm)  fp_fma_f32/f64(env, a, b, c, rm)
 *   fp_min/max_f32/f64(env, a, b)   bool fp_eq/lt/le_f32/f64(env, a, b)   uint64_t
 * fp_class_f32/f64(a) fp_to_s/to_u_f32/f64_i32/i64(env, a, rm)
 * fp_from_s/from_u_f32/f64_i32/i64(env, integer, rm) fp_widen(env, f32)  fp_narrow(env, f64, rm)
 *   fp_get_flags(env) fp_set_flags(env, v) fp_get_rm(env) fp_set_rm(env, v)
 *
 * rm is 0..4, or 7 for env->rm, which must then be 0..4 (the µop checkrm traps otherwise).
 *
 * How: what the host does right is one SSE instruction here, inline. It stands in volatile
 * assembly, because the compiler knows nothing of MXCSR and would fold such an operation or move it
 * across a change of mode. What the host has no mode for (nearest, ties away), a static rounding
 * mode other than the one loaded, and the odd values of conversions go to fp.c, and from there to
 * integer arithmetic (fp_soft.h). Nothing but SSE2 is taken for granted; FMA3 is asked for.
 *
 * No C arithmetic on float or double may run between fp_enter and fp_leave: it would raise the
 * guest's flags. */
#ifndef ISOMORPH_IR_FP_H
#define ISOMORPH_IR_FP_H

#include <string.h>

#include "code/code.h"

enum fp_rm { FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM, FP_DYN = 7 };

enum { FP_NX = 1, FP_UF = 2, FP_OF = 4, FP_DZ = 8, FP_NV = 16 };

#define FP_NAN_f32  0x7fc00000u /* the canonical NaN */
#define FP_NAN_f64  0x7ff8000000000000u
#define FP_INF_f32  0x7f800000u
#define FP_INF_f64  0x7ff0000000000000u
#define FP_SIGN_f32 0x80000000u
#define FP_SIGN_f64 0x8000000000000000u

/* ---- the environment ------------------------------------------------------------------------- */

/* Gives MXCSR to the guest with the mode and flags of fcsr (mode in bits 7:5, flags in 4:0), all
 * exceptions masked. */
void fp_enter(struct fp_env *fp, uint32_t fcsr);
/* Gives MXCSR back to the runtime and returns fcsr. env->flags is then exact too. */
uint32_t fp_leave(struct fp_env *fp);

/* fcsr while the guest's MXCSR is this. */
uint32_t fp_fcsr_of(const struct fp_env *fp, uint32_t mxcsr);

uint64_t fp_get_flags(const struct fp_env *fp);
void fp_set_flags(struct fp_env *fp, uint64_t flags);
static inline uint64_t fp_get_rm(const struct fp_env *fp)
{
    return fp->rm;
}
void fp_set_rm(struct fp_env *fp, uint64_t rm);

/* Sets sticky flags. */
void fp_raise(struct fp_env *fp, uint32_t flags);

/* ---- the rare paths, in fp.c ----------------------------------------------------------------- */

enum fp_op { FP_OP_add, FP_OP_sub, FP_OP_mul, FP_OP_div, FP_OP_sqrt, FP_OP_fma, FP_OP_narrow };

/* Operations in a mode that MXCSR does not hold at the moment. bits: 32 or 64, the format of the
 * operands. */
uint64_t fp_slow_arith(struct fp_env *fp, enum fp_op op, unsigned bits, uint64_t a, uint64_t b,
                       uint64_t c, unsigned rm);
/* Conversions; int_bits is 32 or 64. */
uint64_t fp_slow_to_int(struct fp_env *fp, unsigned bits, uint64_t a, unsigned int_bits,
                        bool is_signed, unsigned rm);
uint64_t fp_slow_from_int(struct fp_env *fp, unsigned bits, uint64_t v, bool is_signed,
                          unsigned rm);
/* After an fma that gave a NaN: infinity times zero plus a quiet NaN is invalid, which the host
 * does not report. */
void fp_fma_nan(struct fp_env *fp, unsigned bits, uint64_t a, uint64_t b);

/* Does MXCSR hold rounding mode rm? */
static inline bool fp_mode_is(const struct fp_env *fp, unsigned rm)
{
    return (rm == FP_DYN ? fp->rm : rm) == fp->host_rm;
}

/* ---- both formats: F the name, U its bits, R the C type, X SSE's suffix ---------------------- */

#define FP_EACH_FORMAT(DO) DO(f32, uint32_t, float, "ss") DO(f64, uint64_t, double, "sd")

#define FP_BASICS(F, U, R, X)                                                                      \
    static inline R fp_real_##F(U bits)                                                            \
    {                                                                                              \
        R x;                                                                                       \
        memcpy(&x, &bits, sizeof(x));                                                              \
        return x;                                                                                  \
    }                                                                                              \
    static inline U fp_bits_##F(R x)                                                               \
    {                                                                                              \
        U bits;                                                                                    \
        memcpy(&bits, &x, sizeof(bits));                                                           \
        return bits;                                                                               \
    }                                                                                              \
    static inline bool fp_is_nan_##F(U a)                                                          \
    {                                                                                              \
        return (a & ~FP_SIGN_##F) > FP_INF_##F;                                                    \
    }                                                                                              \
    static inline bool fp_is_signalling_##F(U a)                                                   \
    {                                                                                              \
        return fp_is_nan_##F(a) && !(a & (FP_NAN_##F ^ FP_INF_##F));                               \
    }                                                                                              \
    /* The bits of an operation's result; a NaN becomes the canonical one. */                      \
    static inline U fp_result_##F(R x)                                                             \
    {                                                                                              \
        U bits = fp_bits_##F(x);                                                                   \
        return UNLIKELY(fp_is_nan_##F(bits)) ? FP_NAN_##F : bits;                                  \
    }
FP_EACH_FORMAT(FP_BASICS)

/* add, sub, mul, div */
#define FP_BINARY(NAME, F, U, R, X)                                                                \
    static inline U fp_##NAME##_##F(struct fp_env *fp, U a, U b, unsigned rm)                      \
    {                                                                                              \
        if (UNLIKELY(!fp_mode_is(fp, rm)))                                                         \
            return (U)fp_slow_arith(fp, FP_OP_##NAME, sizeof(U) * 8, a, b, 0, rm);                 \
        R x = fp_real_##F(a);                                                                      \
        __asm__ volatile(#NAME X " %1, %0" : "+x"(x) : "x"(fp_real_##F(b)));                       \
        return fp_result_##F(x);                                                                   \
    }
#define FP_BINARIES(F, U, R, X)                                                                    \
    FP_BINARY(add, F, U, R, X)                                                                     \
    FP_BINARY(sub, F, U, R, X)                                                                     \
    FP_BINARY(mul, F, U, R, X)                                                                     \
    FP_BINARY(div, F, U, R, X)
FP_EACH_FORMAT(FP_BINARIES)

#define FP_SQRT_FMA(F, U, R, X)                                                                    \
    static inline U fp_sqrt_##F(struct fp_env *fp, U a, unsigned rm)                               \
    {                                                                                              \
        if (UNLIKELY(!fp_mode_is(fp, rm)))                                                         \
            return (U)fp_slow_arith(fp, FP_OP_sqrt, sizeof(U) * 8, a, 0, 0, rm);                   \
        R x = fp_real_##F(a);                                                                      \
        __asm__ volatile("sqrt" X " %0, %0" : "+x"(x));                                            \
        return fp_result_##F(x);                                                                   \
    }                                                                                              \
    /* a * b + c, rounded once */                                                                  \
    static inline U fp_fma_##F(struct fp_env *fp, U a, U b, U c, unsigned rm)                      \
    {                                                                                              \
        if (UNLIKELY(!fp_mode_is(fp, rm) || !fp->host_fma))                                        \
            return (U)fp_slow_arith(fp, FP_OP_fma, sizeof(U) * 8, a, b, c, rm);                    \
        R x = fp_real_##F(a);                                                                      \
        __asm__ volatile("vfmadd213" X " %2, %1, %0"                                               \
                         : "+x"(x)                                                                 \
                         : "x"(fp_real_##F(b)), "x"(fp_real_##F(c)));                              \
        U bits = fp_bits_##F(x);                                                                   \
        if (LIKELY(!fp_is_nan_##F(bits)))                                                          \
            return bits;                                                                           \
        fp_fma_nan(fp, sizeof(U) * 8, a, b);                                                       \
        return FP_NAN_##F;                                                                         \
    }
FP_EACH_FORMAT(FP_SQRT_FMA)

/* minimumNumber and maximumNumber of IEEE 754-2019: a NaN loses against a number, -0 is less than
 * +0, and a signalling NaN is invalid whatever the result. Bits compare as integers once those of
 * negative numbers are turned over. */
#define FP_MIN_MAX(F, U, R, X)                                                                     \
    static inline bool fp_order_##F(U a, U b)                                                      \
    {                                                                                              \
        U x = a ^ (a & FP_SIGN_##F ? (U)-1 : FP_SIGN_##F),                                         \
          y = b ^ (b & FP_SIGN_##F ? (U)-1 : FP_SIGN_##F);                                         \
        return x < y;                                                                              \
    }                                                                                              \
    static inline U fp_min_max_nan_##F(struct fp_env *fp, U a, U b)                                \
    {                                                                                              \
        if (fp_is_signalling_##F(a) || fp_is_signalling_##F(b))                                    \
            fp_raise(fp, FP_NV);                                                                   \
        return !fp_is_nan_##F(a) ? a : !fp_is_nan_##F(b) ? b : FP_NAN_##F;                         \
    }                                                                                              \
    static inline U fp_min_##F(struct fp_env *fp, U a, U b)                                        \
    {                                                                                              \
        if (UNLIKELY(fp_is_nan_##F(a) || fp_is_nan_##F(b)))                                        \
            return fp_min_max_nan_##F(fp, a, b);                                                   \
        return fp_order_##F(a, b) ? a : b;                                                         \
    }                                                                                              \
    static inline U fp_max_##F(struct fp_env *fp, U a, U b)                                        \
    {                                                                                              \
        if (UNLIKELY(fp_is_nan_##F(a) || fp_is_nan_##F(b)))                                        \
            return fp_min_max_nan_##F(fp, a, b);                                                   \
        return fp_order_##F(a, b) ? b : a;                                                         \
    }
FP_EACH_FORMAT(FP_MIN_MAX)

/* ucomis is invalid for signalling NaNs only, comis for every NaN. `b above a` is false for NaNs,
 * `a below b` is not. */
#define FP_COMPARE(F, U, R, X)                                                                     \
    static inline bool fp_eq_##F(struct fp_env *fp, U a, U b)                                      \
    {                                                                                              \
        bool equal, ordered;                                                                       \
        __asm__ volatile("ucomi" X " %3, %2"                                                       \
                         : "=@cce"(equal), "=@ccnp"(ordered)                                       \
                         : "x"(fp_real_##F(a)), "x"(fp_real_##F(b)));                              \
        return equal & ordered;                                                                    \
    }                                                                                              \
    static inline bool fp_lt_##F(struct fp_env *fp, U a, U b)                                      \
    {                                                                                              \
        bool above;                                                                                \
        __asm__ volatile("comi" X " %1, %2"                                                        \
                         : "=@cca"(above)                                                          \
                         : "x"(fp_real_##F(a)), "x"(fp_real_##F(b)));                              \
        return above;                                                                              \
    }                                                                                              \
    static inline bool fp_le_##F(struct fp_env *fp, U a, U b)                                      \
    {                                                                                              \
        bool above_or_equal;                                                                       \
        __asm__ volatile("comi" X " %1, %2"                                                        \
                         : "=@ccae"(above_or_equal)                                                \
                         : "x"(fp_real_##F(a)), "x"(fp_real_##F(b)));                              \
        return above_or_equal;                                                                     \
    }
FP_EACH_FORMAT(FP_COMPARE)

/* One bit of ten (manual, "Floating-Point Classify"): 0 -inf, 1 -normal, 2 -subnormal, 3 -0, 4 +0,
 * 5 +subnormal, 6 +normal, 7 +inf, 8 signalling NaN, 9 quiet NaN. */
#define FP_CLASS(F, U, R, X)                                                                       \
    static inline uint64_t fp_class_##F(U a)                                                       \
    {                                                                                              \
        U size = a & ~FP_SIGN_##F, least_normal = FP_INF_##F & -FP_INF_##F;                        \
        if (size > FP_INF_##F)                                                                     \
            return 1u << (fp_is_signalling_##F(a) ? 8 : 9);                                        \
        unsigned rank = size == 0 ? 0 : size < least_normal ? 1 : size < FP_INF_##F ? 2 : 3;       \
        return 1u << (a & FP_SIGN_##F ? 3 - rank : 4 + rank);                                      \
    }
FP_EACH_FORMAT(FP_CLASS)

/* ---- conversions ----------------------------------------------------------------------------- */

/* Float to signed integer. The host answers the most negative integer to all that does not fit,
 * with the right flags; what is due is the nearest bound, and the highest one for NaN. */
#define FP_TO_S(F, U, R, X, I, W, Q)                                                               \
    static inline uint##W##_t fp_to_s_##F##_##I(struct fp_env *fp, U a, unsigned rm)               \
    {                                                                                              \
        uint##W##_t r;                                                                             \
        if (LIKELY(rm == FP_RTZ))                                                                  \
            __asm__ volatile("cvtt" X "2si" Q " %1, %0" : "=r"(r) : "x"(fp_real_##F(a)));          \
        else if (LIKELY(fp_mode_is(fp, rm)))                                                       \
            __asm__ volatile("cvt" X "2si" Q " %1, %0" : "=r"(r) : "x"(fp_real_##F(a)));           \
        else                                                                                       \
            return (uint##W##_t)fp_slow_to_int(fp, sizeof(U) * 8, a, W, true, rm);                 \
        if (UNLIKELY(r == (uint##W##_t)INT##W##_MIN) && (fp_is_nan_##F(a) || !(a & FP_SIGN_##F)))  \
            return INT##W##_MAX;                                                                   \
        return r;                                                                                  \
    }

/* Float to unsigned integer: SSE has only the signed conversion to 64 bits. It does for +0 up to
 * `limit`, the highest value that no mode rounds out of range. */
#define FP_TO_U(F, U, R, X, I, W, LIMIT)                                                           \
    static inline uint##W##_t fp_to_u_##F##_##I(struct fp_env *fp, U a, unsigned rm)               \
    {                                                                                              \
        uint64_t r;                                                                                \
        if (UNLIKELY(a > LIMIT) || UNLIKELY(rm != FP_RTZ && !fp_mode_is(fp, rm)))                  \
            return (uint##W##_t)fp_slow_to_int(fp, sizeof(U) * 8, a, W, false, rm);                \
        if (rm == FP_RTZ)                                                                          \
            __asm__ volatile("cvtt" X "2siq %1, %0" : "=r"(r) : "x"(fp_real_##F(a)));              \
        else                                                                                       \
            __asm__ volatile("cvt" X "2siq %1, %0" : "=r"(r) : "x"(fp_real_##F(a)));               \
        return (uint##W##_t)r;                                                                     \
    }

/* Integer to float. Of 64 unsigned bits, the lowest two are merged and the result doubled: 63 bits
 * and a sticky one round like the number itself. */
#define FP_FROM(F, U, R, X, I, W)                                                                  \
    static inline U fp_from_s_##F##_##I(struct fp_env *fp, uint##W##_t v, unsigned rm)             \
    {                                                                                              \
        if (UNLIKELY(!fp_mode_is(fp, rm)))                                                         \
            return (U)fp_slow_from_int(fp, sizeof(U) * 8, (uint64_t)(int##W##_t)v, true, rm);      \
        R x = 0;                                                                                   \
        __asm__ volatile("cvtsi2" X "q %1, %0" : "+x"(x) : "r"((int64_t)(int##W##_t)v));           \
        return fp_bits_##F(x);                                                                     \
    }                                                                                              \
    static inline U fp_from_u_##F##_##I(struct fp_env *fp, uint##W##_t v, unsigned rm)             \
    {                                                                                              \
        if (UNLIKELY(!fp_mode_is(fp, rm)))                                                         \
            return (U)fp_slow_from_int(fp, sizeof(U) * 8, v, false, rm);                           \
        bool halve = W == 64 && v >> (W - 1);                                                      \
        R x = 0;                                                                                   \
        __asm__ volatile("cvtsi2" X "q %1, %0"                                                     \
                         : "+x"(x)                                                                 \
                         : "r"(halve ? (uint64_t)v >> 1 | (v & 1) : v));                           \
        if (halve)                                                                                 \
            __asm__ volatile("add" X " %0, %0" : "+x"(x));                                         \
        return fp_bits_##F(x);                                                                     \
    }

#define FP_CONVERSIONS(F, U, R, X)                                                                 \
    FP_TO_S(F, U, R, X, i32, 32, "l")                                                              \
    FP_TO_S(F, U, R, X, i64, 64, "q")                                                              \
    FP_FROM(F, U, R, X, i32, 32)                                                                   \
    FP_FROM(F, U, R, X, i64, 64)
FP_EACH_FORMAT(FP_CONVERSIONS)

FP_TO_U(f32, uint32_t, float, "ss", i32, 32, 0x4f7fffffu)          /* 2^32 - 256 */
FP_TO_U(f32, uint32_t, float, "ss", i64, 64, 0x5effffffu)          /* the last below 2^63 */
FP_TO_U(f64, uint64_t, double, "sd", i32, 32, 0x41efffffffe00000u) /* 2^32 - 1 */
FP_TO_U(f64, uint64_t, double, "sd", i64, 64, 0x43dfffffffffffffu) /* the last below 2^63 */

static inline uint64_t fp_widen(struct fp_env *fp, uint32_t a)
{
    double x = 0;
    __asm__ volatile("cvtss2sd %1, %0" : "+x"(x) : "x"(fp_real_f32(a)));
    return fp_result_f64(x);
}

static inline uint32_t fp_narrow(struct fp_env *fp, uint64_t a, unsigned rm)
{
    if (UNLIKELY(!fp_mode_is(fp, rm)))
        return (uint32_t)fp_slow_arith(fp, FP_OP_narrow, 64, a, 0, 0, rm);
    float x = 0;
    __asm__ volatile("cvtsd2ss %1, %0" : "+x"(x) : "x"(fp_real_f64(a)));
    return fp_result_f32(x);
}

#undef FP_BASICS
#undef FP_BINARY
#undef FP_BINARIES
#undef FP_SQRT_FMA
#undef FP_MIN_MAX
#undef FP_COMPARE
#undef FP_CLASS
#undef FP_TO_S
#undef FP_TO_U
#undef FP_FROM
#undef FP_CONVERSIONS
#undef FP_EACH_FORMAT

#endif
