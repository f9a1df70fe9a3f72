/* src/ir/fp.h against the words of The RISC-V Instruction Set Manual I: the rules of chapters F and
 * D that are special. Each row quotes its rule; values are bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ir/fp.h"

#define QNAN   0x7ff8000000000000u
#define QNAN_X 0xfff8000000001234u /* negative, with a payload */
#define SNAN   0x7ff0000000000001u
#define INF    0x7ff0000000000000u
#define N_INF  0xfff0000000000000u
#define ZERO   0u
#define N_ZERO 0x8000000000000000u
#define ONE    0x3ff0000000000000u
#define N_ONE  0xbff0000000000000u
#define TINY   1u                  /* the least subnormal number */
#define NORMAL 0x0010000000000000u /* the least normal number */
#define HUGE   0x7fefffffffffffffu

#define FQNAN 0x7fc00000u
#define FSNAN 0x7f800001u
#define FINF  0x7f800000u

static struct fp_env env;
static struct fp_env *const fp = &env;

/* Evaluates the expression with no flags set and the given dynamic mode. */
#define CHECK_FP(mode, expression, value, flags)                                                   \
    do {                                                                                           \
        fp_enter(fp, (mode) << 5);                                                                 \
        uint64_t got = (expression);                                                               \
        uint32_t fcsr = fp_leave(fp);                                                              \
        if (got != (value) || (fcsr & 31) != (flags))                                              \
            fail_msg("line %d: %s is %#lx with flags %#x", __LINE__, #expression, got, fcsr & 31); \
    } while (0)

/* "Except when otherwise stated, if the result of a floating-point operation is NaN, it is the
 * canonical NaN." */
static void test_canonical_nan(void **state)
{
    CHECK_FP(0, fp_add_f64(fp, QNAN_X, ONE, 0), QNAN, 0);
    CHECK_FP(0, fp_add_f64(fp, ONE, QNAN_X, 7), QNAN, 0);
    CHECK_FP(0, fp_mul_f64(fp, SNAN, ONE, 0), QNAN, FP_NV);
    CHECK_FP(0, fp_div_f64(fp, ZERO, ZERO, 0), QNAN, FP_NV);
    CHECK_FP(0, fp_sub_f64(fp, INF, INF, 0), QNAN, FP_NV);
    CHECK_FP(0, fp_sqrt_f64(fp, N_ONE, 0), QNAN, FP_NV);
    CHECK_FP(0, fp_sqrt_f64(fp, N_ZERO, 0), N_ZERO, 0);
    CHECK_FP(0, fp_sqrt_f32(fp, 0xffc12345u, 0), FQNAN, 0);
    CHECK_FP(0, fp_widen(fp, 0xffc12345u), QNAN, 0);
    CHECK_FP(0, fp_widen(fp, FSNAN), QNAN, FP_NV);
    CHECK_FP(0, fp_narrow(fp, QNAN_X, 0), FQNAN, 0);
    CHECK_FP(0, fp_narrow(fp, SNAN, 4), FQNAN, FP_NV);
}

/* "FMIN.S and FMAX.S write ... the minimumNumber and maximumNumber operations ... the value -0.0 is
 * considered to be less than the value +0.0. If both inputs are NaNs, the result is the canonical
 * NaN. If only one operand is a NaN, the result is the non-NaN operand. Signaling NaN inputs set
 * the invalid operation exception flag, even when the result is not NaN." */
static void test_min_max(void **state)
{
    CHECK_FP(0, fp_min_f64(fp, N_ZERO, ZERO), N_ZERO, 0);
    CHECK_FP(0, fp_min_f64(fp, ZERO, N_ZERO), N_ZERO, 0);
    CHECK_FP(0, fp_max_f64(fp, N_ZERO, ZERO), ZERO, 0);
    CHECK_FP(0, fp_max_f64(fp, ZERO, N_ZERO), ZERO, 0);
    CHECK_FP(0, fp_min_f64(fp, QNAN_X, ONE), ONE, 0);
    CHECK_FP(0, fp_max_f64(fp, ONE, QNAN_X), ONE, 0);
    CHECK_FP(0, fp_max_f64(fp, SNAN, ONE), ONE, FP_NV);
    CHECK_FP(0, fp_min_f64(fp, ONE, SNAN), ONE, FP_NV);
    CHECK_FP(0, fp_min_f64(fp, QNAN_X, QNAN_X), QNAN, 0);
    CHECK_FP(0, fp_max_f32(fp, FSNAN, FQNAN), FQNAN, FP_NV);
    CHECK_FP(0, fp_min_f64(fp, N_INF, N_ONE), N_INF, 0);
    CHECK_FP(0, fp_max_f64(fp, N_INF, N_ONE), N_ONE, 0);
}

/* "FLT.S and FLE.S perform ... signaling comparisons: that is, they set the invalid operation
 * exception flag if either input is NaN. FEQ.S performs a quiet comparison ... For all three
 * instructions, the result is 0 if either operand is NaN." */
static void test_comparisons(void **state)
{
    CHECK_FP(0, fp_eq_f64(fp, QNAN, QNAN), 0u, 0);
    CHECK_FP(0, fp_eq_f64(fp, SNAN, ONE), 0u, FP_NV);
    CHECK_FP(0, fp_eq_f64(fp, ZERO, N_ZERO), 1u, 0);
    CHECK_FP(0, fp_lt_f64(fp, QNAN, ONE), 0u, FP_NV);
    CHECK_FP(0, fp_lt_f64(fp, ONE, QNAN), 0u, FP_NV);
    CHECK_FP(0, fp_le_f64(fp, QNAN, QNAN), 0u, FP_NV);
    CHECK_FP(0, fp_le_f64(fp, N_ZERO, ZERO), 1u, 0);
    CHECK_FP(0, fp_lt_f64(fp, N_ZERO, ZERO), 0u, 0);
    CHECK_FP(0, fp_lt_f64(fp, N_ONE, TINY), 1u, 0);
    CHECK_FP(0, fp_le_f32(fp, FINF, 0x7f7fffffu), 0u, 0);
}

/* "The fused multiply-add instructions must set the invalid operation exception flag when the
 * multiplicands are infinity and zero, even when the addend is a quiet NaN." */
static void test_fma_invalid(void **state)
{
    for (unsigned rm = 0; rm <= 4; rm++) {
        CHECK_FP(rm, fp_fma_f64(fp, INF, ZERO, QNAN_X, 7), QNAN, FP_NV);
        CHECK_FP(rm, fp_fma_f64(fp, N_ZERO, N_INF, QNAN, 7), QNAN, FP_NV);
        CHECK_FP(rm, fp_fma_f32(fp, FINF, 0u, FQNAN, 7), FQNAN, FP_NV);
        CHECK_FP(rm, fp_fma_f64(fp, INF, ONE, QNAN, 7), QNAN, 0);
        CHECK_FP(rm, fp_fma_f64(fp, INF, ONE, N_INF, 7), QNAN, FP_NV);
        CHECK_FP(rm, fp_fma_f64(fp, ONE, ONE, SNAN, 7), QNAN, FP_NV);
    }
}

/* Table "Domains of float-to-integer conversions and behavior for invalid inputs": below the range
 * the least integer, above it and for NaN the greatest; "if the rounded result is not representable
 * ... it is clipped to the nearest value and the invalid flag is set"; otherwise "inexact ... if
 * the rounded result differs from the operand value and the Invalid exception flag is not set." */
static void test_to_integer(void **state)
{
    CHECK_FP(0, fp_to_s_f64_i32(fp, QNAN_X, 1), (uint32_t)INT32_MAX, FP_NV);
    CHECK_FP(0, fp_to_s_f64_i64(fp, N_INF, 1), (uint64_t)INT64_MIN, FP_NV);
    CHECK_FP(0, fp_to_s_f64_i64(fp, INF, 0), (uint64_t)INT64_MAX, FP_NV);
    CHECK_FP(0, fp_to_u_f64_i32(fp, N_INF, 1), 0u, FP_NV);
    CHECK_FP(0, fp_to_u_f64_i64(fp, QNAN_X, 1), UINT64_MAX, FP_NV);
    CHECK_FP(0, fp_to_u_f32_i32(fp, 0xffc00000u, 1), UINT32_MAX, FP_NV);
    CHECK_FP(0, fp_to_u_f64_i32(fp, 0xbfe0000000000000u, 1), 0u, FP_NX); /* -0.5 */
    CHECK_FP(0, fp_to_u_f64_i64(fp, 0xbfefffffffffffffu, 1), 0u, FP_NX); /* just above -1 */
    CHECK_FP(0, fp_to_u_f64_i64(fp, 0xbfefffffffffffffu, 0), 0u, FP_NV); /* rounds to -1 */
    CHECK_FP(0, fp_to_u_f64_i64(fp, N_ONE, 1), 0u, FP_NV);
    CHECK_FP(0, fp_to_u_f64_i64(fp, N_ZERO, 1), 0u, 0);
    CHECK_FP(0, fp_to_u_f64_i32(fp, 0x41f0000000080000u, 1), UINT32_MAX,
             FP_NV); /* 2^32 + 1/2: no NX */
    CHECK_FP(0, fp_to_u_f64_i32(fp, 0x41effffffff00000u, 0), UINT32_MAX,
             FP_NV); /* 2^32 - 1/2 rounds up */
    CHECK_FP(0, fp_to_u_f64_i32(fp, 0x41effffffff00000u, 1), UINT32_MAX, FP_NX);
    CHECK_FP(0, fp_to_s_f64_i32(fp, 0xc1e0000000100000u, 1), (uint32_t)INT32_MIN,
             FP_NX); /* -2^31 - 1/2 */
    CHECK_FP(0, fp_to_s_f64_i32(fp, 0xc1e0000000100000u, 2), (uint32_t)INT32_MIN, FP_NV);
    CHECK_FP(0, fp_to_s_f64_i64(fp, 0xc3e0000000000000u, 1), (uint64_t)INT64_MIN, 0); /* -2^63 */
    CHECK_FP(0, fp_to_u_f64_i64(fp, 0x43e0000000000001u, 1), 0x8000000000000800u, 0);
    CHECK_FP(0, fp_to_s_f64_i64(fp, 0x4004000000000000u, 4), 3u, FP_NX); /* 2.5, ties away */
    CHECK_FP(0, fp_to_s_f64_i64(fp, 0x4004000000000000u, 0), 2u, FP_NX);
}

/* "Tininess is detected after rounding." */
static void test_underflow(void **state)
{
    uint64_t above_half = 0x3fefffffffffffffu; /* 1 - 2^-53 */
    /* The product rounds up to the least normal number: not tiny, in the modes that round up. */
    CHECK_FP(0, fp_mul_f64(fp, 0x0010000000000001u, 0x3feffffffffffffeu, 0), NORMAL, FP_NX);
    CHECK_FP(0, fp_mul_f64(fp, NORMAL, above_half, 0), NORMAL, FP_NX | FP_UF);
    CHECK_FP(0, fp_mul_f64(fp, NORMAL, above_half, 1), NORMAL - 1, FP_NX | FP_UF);
    CHECK_FP(0, fp_mul_f64(fp, TINY, 0x3fe0000000000000u, 0), 0u, FP_NX | FP_UF);
    CHECK_FP(0, fp_mul_f64(fp, TINY, 0x3fe0000000000000u, 4), TINY, FP_NX | FP_UF);
    CHECK_FP(0, fp_div_f64(fp, NORMAL, 0x4000000000000000u, 0), NORMAL / 2, 0); /* exact: no flag */
    CHECK_FP(0, fp_add_f64(fp, HUGE, HUGE, 0), INF, FP_OF | FP_NX);
    CHECK_FP(0, fp_add_f64(fp, HUGE, HUGE, 1), HUGE, FP_OF | FP_NX);
    CHECK_FP(0, fp_add_f64(fp, HUGE, HUGE, 4), INF, FP_OF | FP_NX);
    CHECK_FP(0, fp_div_f64(fp, ONE, N_ZERO, 0), N_INF, FP_DZ);
}

/* fclass: the ten bits of table "Format of result of FCLASS instruction". */
static void test_class(void **state)
{
    static const uint64_t values[] = {N_INF, N_ONE,  N_ZERO + TINY, N_ZERO, ZERO,
                                      TINY,  NORMAL, INF,           SNAN,   QNAN_X};
    static const uint32_t singles[] = {0xff800000u, 0xff7fffffu, 0x807fffffu, 0x80000000u,
                                       0,           0x007fffffu, 0x00800000u, FINF,
                                       FSNAN,       0xffc00000u};
    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        assert_int_equal(fp_class_f64(values[i]), 1u << i);
        assert_int_equal(fp_class_f32(singles[i]), 1u << i);
    }
}

/* fcsr holds flags in 4:0 and the mode in 7:5; other bits are ignored. Modes 5 to 7 can be held.
 * Flags are sticky. */
static void test_environment(void **state)
{
    uint32_t before, after;
    __asm__ volatile("stmxcsr %0" : "=m"(before));
    for (uint32_t fcsr = 0; fcsr < 256; fcsr++) {
        fp_enter(fp, fcsr | 0xffffff00u);
        assert_int_equal(fp_get_flags(fp), fcsr & 31);
        assert_int_equal(fp_get_rm(fp), fcsr >> 5);
        fp_set_flags(fp, ~(uint64_t)fcsr);
        fp_set_rm(fp, fcsr >> 5 ^ 7);
        assert_int_equal(fp_leave(fp), fcsr ^ 255);
    }
    for (uint32_t flags = 0; flags < 32; flags++) {
        fp_enter(fp, flags);
        fp_raise(fp, FP_DZ);
        fp_set_rm(fp, FP_RUP);
        (void)fp_div_f64(fp, ONE, 0x4008000000000000u, 7);
        assert_int_equal(fp_leave(fp), flags | FP_DZ | FP_NX | FP_RUP << 5);
    }
    __asm__ volatile("stmxcsr %0" : "=m"(after));
    assert_int_equal(before, after);
}

/* Subnormal operands are not flushed and raise nothing by themselves (the host's DE flag has no
 * counterpart). */
static void test_subnormals(void **state)
{
    CHECK_FP(0, fp_add_f64(fp, TINY, TINY, 0), 2u, 0);
    CHECK_FP(0, fp_mul_f64(fp, TINY, ONE, 7), TINY, 0);
    CHECK_FP(0, fp_lt_f64(fp, ZERO, TINY), 1u, 0);
    CHECK_FP(0, fp_widen(fp, 1u), 0x36a0000000000000u, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_nan), cmocka_unit_test(test_min_max),
        cmocka_unit_test(test_comparisons),   cmocka_unit_test(test_fma_invalid),
        cmocka_unit_test(test_to_integer),    cmocka_unit_test(test_underflow),
        cmocka_unit_test(test_class),         cmocka_unit_test(test_environment),
        cmocka_unit_test(test_subnormals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
