/* Emitted floating-point and vector code, executed: what C computes for the same operands is the
 * expectation. Cases whose instructions this processor does not have are skipped. */
#include "run.h"

#include <math.h>
#include <string.h>

/* ---- floating point -------------------------------------------------------------------------- */

static const double doubles[] = {0.0,     -0.0,      1.0,      -1.5,      3.0, 1e300,
                                 -1e-300, 0x1p-1074, INFINITY, -INFINITY, NAN, 0.1};

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof(u));
    return u;
}

static void assert_same(double got, double expected)
{
    if (!(isnan(got) && isnan(expected)))
        assert_int_equal(bits(got), bits(expected));
}

struct fp_case {
    enum x86_insn sse, avx;
    double (*result)(double a, double b);
};

#define FP(name, expression)                                                                       \
    static double fp_##name(double a, double b)                                                    \
    {                                                                                              \
        return expression;                                                                         \
    }
FP(add, a + b)
FP(sub, a - b)
FP(mul, a *b)
FP(div, a / b)
FP(min, a < b ? a : b) /* what minsd computes */
FP(max, a > b ? a : b)
FP(sqrt, sqrt(b))
FP(single, (double)(float)b)

/* double *args: [0] and [1] in, [2] by SSE, [3] by VEX, [4] by EVEX out. */
static host_function *emit_fp(const struct fp_case *row, bool avx, bool avx512)
{
    struct host_code *c = run_begin();
    x86_emit(c, X86_movsd, x86_xmm(3), x86_mem(8, A, 0));
    x86_emit(c, X86_movsd, x86_xmm(12), x86_mem(8, A, 8));
    if (avx)
        x86_emit(c, row->avx, x86_xmm(9), x86_xmm(3), x86_xmm(12));
    if (avx512) {
        x86_emit(c, X86_vmovsd, x86_xmm(20), x86_mem(8, A, 0));
        x86_emit(c, row->avx, x86_xmm(31), x86_xmm(20), x86_mem(8, A, 8));
        x86_emit(c, X86_vmovsd, x86_mem(8, A, 32), x86_xmm(31));
    }
    x86_emit(c, row->sse, x86_xmm(3), x86_xmm(12));
    x86_emit(c, X86_movsd, x86_mem(8, A, 16), x86_xmm(3));
    if (avx)
        x86_emit(c, X86_vmovsd, x86_mem(8, A, 24), x86_xmm(9));
    return run_end();
}

static void scalar_arithmetic(void **state)
{
    static const struct fp_case rows[] = {
        {X86_addsd, X86_vaddsd, fp_add},    {X86_subsd, X86_vsubsd, fp_sub},
        {X86_mulsd, X86_vmulsd, fp_mul},    {X86_divsd, X86_vdivsd, fp_div},
        {X86_minsd, X86_vminsd, fp_min},    {X86_maxsd, X86_vmaxsd, fp_max},
        {X86_sqrtsd, X86_vsqrtsd, fp_sqrt},
    };
    bool avx = host_cpu_has(&run_bench.cpu, HOST_AVX),
         avx512 = host_cpu_has(&run_bench.cpu, HOST_AVX512F);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        host_function *f = emit_fp(&rows[i], avx, avx512);
        for (unsigned k = 0; k < ARRAY_LEN(doubles) * ARRAY_LEN(doubles); k++) {
            double a = doubles[k % ARRAY_LEN(doubles)], b = doubles[k / ARRAY_LEN(doubles)];
            double args[5] = {a, b};
            call2(f, (uintptr_t)args, 0);
            for (unsigned way = 2; way < 3u + avx + avx512; way++)
                assert_same(args[way], rows[i].result(a, b));
        }
    }
}

static void conversions(void **state)
{
    struct host_code *c = run_begin();
    x86_emit(c, X86_cvtsi2sd, x86_xmm(0), x86_r64(A));
    x86_emit(c, X86_movq, x86_r64(RESULT), x86_xmm(0));
    host_function *f = run_end();
    for (unsigned k = 0; k < ARRAY_LEN(run_values); k++)
        assert_int_equal(call2(f, run_values[k], 0), bits((double)(int64_t)run_values[k]));

    c = run_begin();
    x86_emit(c, X86_movq, x86_xmm(5), x86_r64(A));
    x86_emit(c, X86_cvtsd2ss, x86_xmm(5), x86_xmm(5));
    x86_emit(c, X86_cvtss2sd, x86_xmm(5), x86_xmm(5));
    x86_emit(c, X86_movq, x86_r64(RESULT), x86_xmm(5));
    f = run_end();
    for (unsigned k = 0; k < ARRAY_LEN(doubles); k++) {
        uint64_t got = call2(f, bits(doubles[k]), 0);
        if (!isnan(doubles[k]))
            assert_int_equal(got, bits(fp_single(0, doubles[k])));
    }

    c = run_begin();
    x86_emit(c, X86_movq, x86_xmm(5), x86_r64(A));
    x86_emit(c, X86_cvttsd2si, x86_r64(RESULT), x86_xmm(5));
    x86_emit(c, X86_cvtsd2si, x86_r64(X86_RCX), x86_xmm(5));
    x86_emit(c, X86_shl, x86_r64(X86_RCX), x86_imm(32));
    x86_emit(c, X86_or, x86_r64(RESULT), x86_r64(X86_RCX));
    f = run_end();
    assert_int_equal(call2(f, bits(2.75), 0), 3ull << 32 | 2);
    assert_int_equal(call2(f, bits(2.5), 0), 2ull << 32 | 2);
    assert_int_equal(call2(f, bits(0.99), 0), 1ull << 32);
}

/* ucomisd and the flags: unordered, greater, less, equal. */
static void comparisons_set_flags(void **state)
{
    struct host_code *c = run_begin();
    x86_emit(c, X86_movq, x86_xmm(0), x86_r64(A));
    x86_emit(c, X86_movq, x86_xmm(15), x86_r64(B));
    x86_emit(c, X86_ucomisd, x86_xmm(0), x86_xmm(15));
    x86_mov_imm(c, RESULT, 0);
    x86_mov_imm(c, X86_RCX, 0);
    x86_mov_imm(c, X86_RDX, 0);
    x86_emit(c, x86_setcc(X86_A), x86_r8(RESULT));
    x86_emit(c, x86_setcc(X86_P), x86_r8(X86_RCX));
    x86_emit(c, x86_setcc(X86_E), x86_r8(X86_RDX));
    x86_emit(c, X86_lea, x86_r64(RESULT), x86_mem_index(0, RESULT, X86_RCX, 1, 0));
    x86_emit(c, X86_lea, x86_r64(RESULT), x86_mem_index(0, RESULT, X86_RDX, 2, 0));
    host_function *f = run_end();
    for (unsigned k = 0; k < ARRAY_LEN(doubles) * ARRAY_LEN(doubles); k++) {
        double a = doubles[k % ARRAY_LEN(doubles)], b = doubles[k / ARRAY_LEN(doubles)];
        unsigned expected = isunordered(a, b) ? 2 + 4 : a > b ? 1 : a == b ? 4 : 0;
        assert_int_equal(call2(f, bits(a), bits(b)), expected);
    }
}

static void fused_multiplication(void **state)
{
    run_need(HOST_FMA);
    struct host_code *c = run_begin();
    for (unsigned r = 0; r < 3; r++)
        x86_emit(c, X86_vmovsd, x86_xmm(r), x86_mem(8, A, (int32_t)r * 8));
    x86_emit(c, X86_vmovapd, x86_xmm(3), x86_xmm(2));
    x86_emit(c, X86_vfmadd231sd, x86_xmm(3), x86_xmm(0), x86_xmm(1));
    x86_emit(c, X86_vmovsd, x86_mem(8, A, 24), x86_xmm(3));
    x86_emit(c, X86_vmovapd, x86_xmm(11), x86_xmm(0));
    x86_emit(c, X86_vfnmsub132sd, x86_xmm(11), x86_xmm(2), x86_mem(8, A, 8));
    x86_emit(c, X86_vmovsd, x86_mem(8, A, 32), x86_xmm(11));
    x86_emit(c, X86_vfmsub213sd, x86_xmm(0), x86_xmm(1), x86_xmm(2));
    x86_emit(c, X86_vmovsd, x86_mem(8, A, 40), x86_xmm(0));
    host_function *f = run_end();
    for (unsigned k = 0; k < 12 * 12 * 12; k++) {
        double args[6] = {doubles[k % 12], doubles[k / 12 % 12], doubles[k / 144]};
        call2(f, (uintptr_t)args, 0);
        assert_same(args[3], fma(args[0], args[1], args[2]));
        assert_same(args[4], fma(-args[0], args[1], -args[2]));
        assert_same(args[5], fma(args[0], args[1], -args[2]));
    }
}

/* The NaN made canonical by vfixupimmsd and a table constant; other run_values pass. */
static void avx512_scalars(void **state)
{
    run_need(HOST_AVX512DQ);
    run_need(HOST_AVX512VL);
    struct host_code *c = run_begin();
    x86_emit(c, X86_vmovq, x86_xmm(16), host_constant_u64(c, 0x7ff8000000000000));
    x86_emit(c, X86_vmovq, x86_xmm(17), host_constant_u64(c, 0x11111100));
    x86_emit(c, X86_vmovq, x86_xmm(18), x86_r64(A));
    x86_emit(c, X86_vmovapd, x86_xmm(19), x86_xmm(16));
    x86_emit(c, X86_vfixupimmsd, x86_xmm(19), x86_xmm(18), x86_xmm(17), x86_imm(0));
    x86_emit(c, X86_vmovq, x86_r64(RESULT), x86_xmm(19));
    host_function *f = run_end();
    assert_int_equal(call2(f, 0xfff8000000000123, 0), 0x7ff8000000000000);
    assert_int_equal(call2(f, 0x7ff0000000000001, 0), 0x7ff8000000000000);
    assert_int_equal(call2(f, bits(-1.5), 0), bits(-1.5));
    assert_int_equal(call2(f, bits(-0.0), 0), bits(-0.0));

    c = run_begin(); /* the larger by absolute comparison, unsigned conversion */
    x86_emit(c, X86_vmovq, x86_xmm(30), x86_r64(A));
    x86_emit(c, X86_vmovq, x86_xmm(29), x86_r64(B));
    x86_emit(c, X86_vrangesd, x86_xmm(30), x86_xmm(30), x86_xmm(29), x86_imm(5));
    x86_emit(c, X86_vcvttsd2usi, x86_r64(RESULT), x86_xmm(30));
    assert_int_equal(call2(run_end(), bits(-3.0), bits(1.5e19)), 15000000000000000000ull);

    c = run_begin(); /* a sign injected: bit select by a mask */
    x86_emit(c, X86_vmovq, x86_xmm(30), x86_r64(A));
    x86_emit(c, X86_vmovq, x86_xmm(29), x86_r64(B));
    x86_emit(c, X86_vmovq, x86_xmm(28), host_constant_u64(c, 1ull << 63));
    x86_emit(c, X86_vpternlogq, x86_xmm(28), x86_xmm(29), x86_xmm(30),
             x86_imm(0xca)); /* mask ? B : A */
    x86_emit(c, X86_vmovq, x86_r64(RESULT), x86_xmm(28));
    assert_int_equal(call2(run_end(), bits(2.0), bits(-5.0)), bits(-2.0));
}

/* 64-byte vectors, a mask register, merging and zeroing, a scaled displacement. */
static void vectors_and_masks(void **state)
{
    run_need(HOST_AVX512F);
    run_need(HOST_AVX512BW);
    uint64_t data[3 * 8];
    struct host_code *c = run_begin();
    x86_emit(c, X86_kmovq, x86_k(3), x86_r64(B));
    x86_emit(c, X86_vmovdqu64, x86_zmm(31), x86_mem(64, A, 0));
    x86_emit(c, X86_vpbroadcastq, x86_zmm(8), x86_r64(C3));
    x86_emit(c, X86_vpaddq, x86_masked(x86_zmm(31), 3, false), x86_zmm(31), x86_zmm(8));
    x86_emit(c, X86_vmovdqu64, x86_mem(64, A, 64), x86_zmm(31));
    x86_emit(c, X86_vpxorq, x86_masked(x86_zmm(2), 3, true), x86_zmm(31), x86_zmm(31));
    x86_emit(c, X86_vpaddq, x86_masked(x86_zmm(2), 3, true), x86_zmm(8), x86_zmm(8));
    x86_emit(c, X86_vmovdqu64, x86_mem(64, A, 128), x86_zmm(2));
    x86_emit0(c, X86_vzeroupper);
    host_function *f = run_end();
    for (unsigned mask = 0; mask < 256; mask += 5) {
        for (unsigned i = 0; i < 8; i++)
            data[i] = run_values[i + 8];
        f((uintptr_t)data, mask, 1000, 0, 0, 0);
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(data[8 + i], run_values[i + 8] + (mask >> i & 1 ? 1000 : 0));
            assert_int_equal(data[16 + i], mask >> i & 1 ? 2000 : 0);
        }
    }
}

static void mxcsr_is_loaded_and_stored(void **state)
{
    uint32_t mxcsr[2] = {0x7f80, 0}; /* round towards zero */
    struct host_code *c = run_begin();
    x86_emit(c, X86_stmxcsr, x86_mem(4, X86_RSP, -8));
    x86_emit(c, X86_ldmxcsr, x86_mem(4, A, 0));
    x86_mov_imm(c, X86_RCX, 3);
    x86_emit(c, X86_cvtsi2sd, x86_xmm(0), x86_r64(X86_RCX));
    x86_mov_imm(c, X86_RCX, 1);
    x86_emit(c, X86_cvtsi2sd, x86_xmm(1), x86_r64(X86_RCX));
    x86_emit(c, X86_divsd, x86_xmm(1), x86_xmm(0));
    x86_emit(c, X86_stmxcsr, x86_mem(4, A, 4));
    x86_emit(c, X86_ldmxcsr, x86_mem(4, X86_RSP, -8));
    x86_emit(c, X86_movq, x86_r64(RESULT), x86_xmm(1));
    assert_int_equal(call2(run_end(), (uintptr_t)mxcsr, 0),
                     0x3fd5555555555555); /* 1/3 rounded down */
    assert_int_equal(mxcsr[1], 0x7fa0);   /* inexact */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_arithmetic),
        cmocka_unit_test(conversions),
        cmocka_unit_test(comparisons_set_flags),
        cmocka_unit_test(fused_multiplication),
        cmocka_unit_test(avx512_scalars),
        cmocka_unit_test(vectors_and_masks),
        cmocka_unit_test(mxcsr_is_loaded_and_stored),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
