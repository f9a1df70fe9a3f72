/* Emitted integer code, executed: what C computes for the same operands is the expectation. Cases
 * whose instructions this processor does not have are skipped. */
#include "run.h"

#include <string.h>
#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- integers -------------------------------------------------------------------------------- */

/* What a register holds after an instruction of `size` bytes wrote it: 32-bit ones clear the upper
 * half. */
static uint64_t written(uint64_t old, uint64_t value, unsigned size)
{
    uint64_t mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
    return size >= 4 ? value & mask : (old & ~mask) | (value & mask);
}

struct binary {
    enum x86_insn insn;
    uint64_t (*result)(uint64_t a, uint64_t b);
};

#define BINARY(name, expression)                                                                   \
    static uint64_t c_##name(uint64_t a, uint64_t b)                                               \
    {                                                                                              \
        return expression;                                                                         \
    }
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(and, a &b)
BINARY(or, a | b)
BINARY(xor, a ^ b)
BINARY(mov, b)
BINARY(mul, a *b)

static void arithmetic_in_all_sizes(void **state)
{
    static const struct binary rows[] = {{X86_add, c_add}, {X86_sub, c_sub}, {X86_and, c_and},
                                         {X86_or, c_or},   {X86_xor, c_xor}, {X86_mov, c_mov}};
    for (unsigned i = 0; i < ARRAY_LEN(rows) * 4; i++) {
        unsigned size = 1u << i % 4;
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(A));
        x86_emit(c, rows[i / 4].insn, x86_gpr(size, RESULT), x86_gpr(size, B));
        host_function *f = run_end();
        for (unsigned k = 0; k < ARRAY_LEN(run_values) * ARRAY_LEN(run_values); k++) {
            uint64_t a = run_values[k % ARRAY_LEN(run_values)],
                     b = run_values[k / ARRAY_LEN(run_values)];
            assert_int_equal(call2(f, a, b), written(a, rows[i / 4].result(a, b), size));
        }
    }
}

static void immediates_mean_what_they_say(void **state)
{
    static const int64_t immediates[] = {0,    1,    -1,     127,        128,
                                         -128, -129, 0x7fff, 0x7fffffff, -0x7fffffff - 1};
    for (unsigned i = 0; i < ARRAY_LEN(immediates) * 2; i++) {
        int64_t imm = immediates[i / 2];
        unsigned size = i % 2 ? 8 : 4;
        struct host_code *c = run_begin();
        x86_emit(c, X86_imul, x86_gpr(size, RESULT), x86_gpr(size, A), x86_imm(imm));
        x86_emit(c, X86_add, x86_gpr(size, RESULT), x86_imm(imm));
        x86_emit(c, X86_mov, x86_mem(size, C3, 0), x86_imm(imm));
        x86_emit(c, X86_xor, x86_gpr(size, RESULT), x86_mem(size, C3, 0));
        host_function *f = run_end();
        for (unsigned k = 0; k < ARRAY_LEN(run_values); k++) {
            uint64_t slot,
                expected = (c_mul(run_values[k], (uint64_t)imm) + (uint64_t)imm) ^ (uint64_t)imm;
            assert_int_equal(f(run_values[k], 0, (uintptr_t)&slot, 0, 0, 0),
                             written(0, expected, size));
        }
    }
}

static void any_constant_is_loaded(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(run_values) * 16; i++) {
        uint64_t value = run_values[i / 16];
        unsigned reg = i % 16;
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(A),
                 x86_r64(reg)); /* rdi is the caller's to lose; rsp comes back through it */
        if (reg == A)
            x86_emit(c, X86_xor, x86_r64(A), x86_r64(A));
        x86_mov_imm(c, (enum x86_reg)reg, value);
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(reg));
        if (reg != A && reg != RESULT)
            x86_emit(c, X86_mov, x86_r64(reg), x86_r64(A));
        assert_true(c->pos <= 3 + 10 + 3 + 3);
        assert_int_equal(call2(run_end(), 0, 0), value);
    }
    struct host_code *c = run_begin();
    x86_mov_imm(c, X86_RAX, 5);
    x86_zero(c, X86_RAX);
    assert_int_equal(c->pos, 5 + 2);
    assert_int_equal(call2(run_end(), 0, 0), 0);
}

static uint64_t shift_result(enum x86_insn insn, uint64_t a, unsigned n, unsigned bits)
{
    uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    n %= bits;
    a &= mask;
    switch (insn) {
    case X86_shl:
        return a << n & mask;
    case X86_shr:
        return a >> n;
    case X86_sar:
        return (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits) >> n) & mask;
    case X86_rol:
        return (n ? a << n | a >> (bits - n) : a) & mask;
    default:
        return (n ? a >> n | a << (bits - n) : a) & mask;
    }
}

static void shifts_and_rotates(void **state)
{
    static const enum x86_insn insns[] = {X86_shl, X86_shr, X86_sar, X86_rol, X86_ror};
    for (unsigned i = 0; i < ARRAY_LEN(insns) * 2 * 64; i++) {
        unsigned size = i & 1 ? 8 : 4, n = i / 2 % 64;
        enum x86_insn insn = insns[i / 128];
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(A));
        x86_emit(c, X86_mov, x86_r64(X86_RCX), x86_r64(B));
        x86_emit(c, insn, x86_gpr(size, RESULT), x86_imm(n));
        x86_emit(c, insn, x86_gpr(size, A), x86_r8(X86_RCX));
        x86_emit(c, X86_xor, x86_gpr(size, A), x86_gpr(size, RESULT)); /* 0: both ways agree */
        x86_emit(c, X86_or, x86_r64(RESULT), x86_r64(A));
        host_function *f = run_end();
        for (unsigned k = 0; k < ARRAY_LEN(run_values); k++)
            assert_int_equal(call2(f, run_values[k], n),
                             shift_result(insn, run_values[k], n, size * 8));
    }
}

static void shifts_without_flags(void **state)
{
    run_need(HOST_BMI2);
    static const enum x86_insn insns[][2] = {
        {X86_shlx, X86_shl}, {X86_shrx, X86_shr}, {X86_sarx, X86_sar}};
    for (unsigned i = 0; i < 3 * 2; i++) {
        unsigned size = i & 1 ? 8 : 4;
        struct host_code *c = run_begin();
        x86_emit(c, insns[i / 2][0], x86_gpr(size, RESULT), x86_gpr(size, A), x86_gpr(size, B));
        x86_emit(c, X86_rorx, x86_gpr(size, RESULT), x86_gpr(size, RESULT), x86_imm(9));
        host_function *f = run_end();
        for (unsigned k = 0; k < ARRAY_LEN(run_values) * 64; k++) {
            uint64_t shifted = shift_result(insns[i / 2][1], run_values[k / 64], k % 64, size * 8);
            assert_int_equal(call2(f, run_values[k / 64], k % 64),
                             shift_result(X86_ror, shifted, 9, size * 8));
        }
    }
}

/* The function returns the low half and writes the high one to [C3]; rdx itself is C3. */
static void multiplication_has_two_halves(void **state)
{
    for (unsigned k = 0; k < 3; k++) {
        static const enum x86_insn insns[] = {X86_mul, X86_imul, X86_mulx};
        if (insns[k] == X86_mulx && !host_cpu_has(&run_bench.cpu, HOST_BMI2))
            continue;
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(X86_R8), x86_r64(C3));
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(A));
        if (insns[k] == X86_mulx) {
            x86_emit(c, X86_mov, x86_r64(X86_RDX), x86_r64(B));
            x86_emit(c, X86_mulx, x86_r64(X86_R9), x86_r64(RESULT), x86_r64(A));
            x86_emit(c, X86_mov, x86_mem(8, X86_R8, 0), x86_r64(X86_R9));
        } else {
            x86_emit(c, insns[k], x86_r64(B));
            x86_emit(c, X86_mov, x86_mem(8, X86_R8, 0), x86_r64(X86_RDX));
        }
        host_function *f = run_end();
        for (unsigned i = 0; i < ARRAY_LEN(run_values) * ARRAY_LEN(run_values); i++) {
            uint64_t a = run_values[i % ARRAY_LEN(run_values)],
                     b = run_values[i / ARRAY_LEN(run_values)], high;
            unsigned __int128 product = insns[k] == X86_imul
                                            ? (unsigned __int128)((__int128)(int64_t)a * (int64_t)b)
                                            : (unsigned __int128)a * b;
            assert_int_equal(f(a, b, (uintptr_t)&high, 0, 0, 0), (uint64_t)product);
            assert_int_equal(high, (uint64_t)(product >> 64));
        }
    }
}

static void division_gives_quotient_and_remainder(void **state)
{
    for (unsigned k = 0; k < 2; k++) {
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(X86_R8), x86_r64(C3));
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(A));
        if (k)
            x86_emit0(c, X86_cqo);
        else
            x86_zero(c, X86_RDX);
        x86_emit(c, k ? X86_idiv : X86_div, x86_r64(B));
        x86_emit(c, X86_mov, x86_mem(8, X86_R8, 0), x86_r64(X86_RDX));
        host_function *f = run_end();
        for (unsigned i = 0; i < ARRAY_LEN(run_values) * ARRAY_LEN(run_values); i++) {
            uint64_t a = run_values[i % ARRAY_LEN(run_values)],
                     b = run_values[i / ARRAY_LEN(run_values)], rest;
            if (b == 0 || (a == 1ull << 63 && b == ~0ull))
                continue;
            uint64_t q = f(a, b, (uintptr_t)&rest, 0, 0, 0);
            assert_int_equal(q, k ? (uint64_t)((int64_t)a / (int64_t)b) : a / b);
            assert_int_equal(rest, k ? (uint64_t)((int64_t)a % (int64_t)b) : a % b);
        }
    }
}

static uint64_t popcount(uint64_t a)
{
    return (uint64_t)__builtin_popcountll(a);
}

static uint64_t leading(uint64_t a)
{
    return a ? (uint64_t)__builtin_clzll(a) : 64;
}

static uint64_t trailing(uint64_t a)
{
    return a ? (uint64_t)__builtin_ctzll(a) : 64;
}

static uint64_t swapped(uint64_t a)
{
    return __builtin_bswap64(a);
}

static uint64_t lowest_cleared(uint64_t a)
{
    return a & (a - 1);
}

static void bit_counting(void **state)
{
    static const struct {
        enum x86_insn insn;
        enum host_feature feature;
        uint64_t (*result)(uint64_t a);
    } rows[] = {{X86_popcnt, HOST_POPCNT, popcount},
                {X86_lzcnt, HOST_LZCNT, leading},
                {X86_tzcnt, HOST_BMI1, trailing},
                {X86_blsr, HOST_BMI1, lowest_cleared},
                {X86_bswap, HOST_BASE, swapped}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (!host_cpu_has(&run_bench.cpu, rows[i].feature))
            continue;
        struct host_code *c = run_begin();
        x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(A));
        if (rows[i].insn == X86_bswap)
            x86_emit(c, X86_bswap, x86_r64(RESULT));
        else
            x86_emit(c, rows[i].insn, x86_r64(RESULT), x86_r64(A));
        host_function *f = run_end();
        for (unsigned k = 0; k < ARRAY_LEN(run_values); k++)
            assert_int_equal(call2(f, run_values[k], 0), rows[i].result(run_values[k]));
    }
}

static uint64_t extract_bits(uint64_t a, uint64_t mask)
{
    uint64_t result = 0;
    for (unsigned i = 0, to = 0; i < 64; i++) {
        if (mask >> i & 1)
            result |= (a >> i & 1) << to++;
    }
    return result;
}

static void bit_fields(void **state)
{
    run_need(HOST_BMI1);
    run_need(HOST_BMI2);
    struct host_code *c = run_begin();
    x86_emit(c, X86_pext, x86_r64(RESULT), x86_r64(A), x86_r64(B));
    x86_emit(c, X86_pdep, x86_r64(X86_RCX), x86_r64(RESULT),
             x86_r64(B)); /* back to their places: a & b */
    x86_emit(c, X86_andn, x86_r64(X86_RCX), x86_r64(X86_RCX), x86_r64(A)); /* a & ~b */
    x86_emit(c, X86_mov, x86_mem(8, C3, 0), x86_r64(X86_RCX));
    host_function *f = run_end();
    for (unsigned i = 0; i < ARRAY_LEN(run_values) * ARRAY_LEN(run_values); i++) {
        uint64_t a = run_values[i % ARRAY_LEN(run_values)],
                 b = run_values[i / ARRAY_LEN(run_values)], rest;
        assert_int_equal(f(a, b, (uintptr_t)&rest, 0, 0, 0), extract_bits(a, b));
        assert_int_equal(rest, a & ~b);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* lea by every pair of registers; the registers are the caller's, so all are saved around. */
static uint64_t address_by(unsigned base, unsigned index, unsigned scale, int32_t disp, uint64_t b,
                           uint64_t x)
{
    static uint64_t saved_rsp;
    struct host_code *c = run_begin();
    for (unsigned r = 0; r < 16; r++) {
        if (r != X86_RSP)
            x86_emit(c, X86_push, x86_r64(r));
    }
    x86_emit(c, X86_mov, x86_r64(X86_RAX), x86_host((uintptr_t)&saved_rsp, 1));
    x86_emit(c, X86_mov, x86_mem(8, X86_RAX, 0), x86_r64(X86_RSP));
    x86_mov_imm(c, (enum x86_reg)index, x);
    x86_mov_imm(c, (enum x86_reg)base, b);
    x86_emit(c, X86_lea, x86_r64(X86_RBX), x86_mem_index(0, base, index, scale, disp));
    x86_emit(c, X86_mov, x86_r64(X86_RAX), x86_host((uintptr_t)&saved_rsp, 1));
    x86_emit(c, X86_mov, x86_r64(X86_RSP), x86_mem(8, X86_RAX, 0));
    x86_emit(c, X86_mov, x86_mem(8, X86_RSP, 14 * 8), x86_r64(X86_RBX)); /* where rax was saved */
    for (unsigned r = 16; r-- > 0;) {
        if (r != X86_RSP)
            x86_emit(c, X86_pop, x86_r64(r));
    }
    return call2(run_end(), 0, 0);
}

static void every_base_and_index_addresses(void **state)
{
    static const int32_t disps[] = {0, 1, -128, 127, 128, -129, 0x12345678};
    const uint64_t b = 0x7000000000001000, x = 0x123456789;
    for (unsigned i = 0; i < 16 * 16 * ARRAY_LEN(disps); i++) {
        unsigned base = i % 16, index = i / 16 % 16, scale = i & 3;
        int32_t disp = disps[i / 256];
        uint64_t first = b, second = x;
        if (index == X86_RSP)
            continue;
        if (base == index)
            second = b;
        assert_int_equal(address_by(base, index, scale, disp, first, second),
                         first + (second << scale) + (uint64_t)(int64_t)disp);
    }
}

static void loads_extend_and_stores_cut(void **state)
{
    union {
        uint64_t whole;
        uint32_t half;
        uint16_t quarter;
        uint8_t byte;
    } slot;
    struct host_code *c = run_begin();
    x86_emit(c, X86_movsx, x86_r64(X86_RAX), x86_mem(1, A, 0));
    x86_emit(c, X86_movsx, x86_r64(X86_RCX), x86_mem(2, A, 0));
    x86_emit(c, X86_add, x86_r64(X86_RAX), x86_r64(X86_RCX));
    x86_emit(c, X86_movsxd, x86_r64(X86_RCX), x86_mem(4, A, 0));
    x86_emit(c, X86_add, x86_r64(X86_RAX), x86_r64(X86_RCX));
    x86_emit(c, X86_movzx, x86_r32(X86_RCX), x86_mem(1, A, 0));
    x86_emit(c, X86_sub, x86_r64(X86_RAX), x86_r64(X86_RCX));
    x86_emit(c, X86_movzx, x86_r32(X86_RCX), x86_mem(2, A, 0));
    x86_emit(c, X86_sub, x86_r64(X86_RAX), x86_r64(X86_RCX));
    x86_emit(c, X86_mov, x86_mem(1, A, 0), x86_r8(X86_RSI));
    x86_emit(c, X86_mov, x86_mem(2, A, 2), x86_imm(-2));
    host_function *f = run_end();
    for (unsigned k = 0; k < ARRAY_LEN(run_values); k++) {
        slot.whole = run_values[k];
        uint64_t expected =
            (uint64_t)((int64_t)(int8_t)slot.byte + (int16_t)slot.quarter + (int32_t)slot.half);
        expected -= (uint64_t)slot.byte + slot.quarter;
        assert_int_equal(call2(f, (uintptr_t)&slot, 0x155), expected);
        assert_int_equal(slot.whole, (run_values[k] & ~0xffff00ffull) | 0xfffe0055);
    }
}

static void a_segment_register_is_a_base(void **state)
{
    uint64_t data[2] = {11, 22}, old = 0;

    assert_int_equal(syscall(SYS_arch_prctl, ARCH_GET_GS, &old), 0);
    struct host_code *c = run_begin();
    x86_emit(c, X86_mov, x86_r64(RESULT), x86_segment(X86_GS, x86_mem(8, X86_NO_REG, 8)));
    x86_emit(c, X86_add, x86_r64(RESULT), x86_segment(X86_GS, x86_mem(8, A, 0)));
    host_function *f = run_end();
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, data), 0);
    uint64_t sum = call2(f, 0, 0);
    syscall(SYS_arch_prctl, ARCH_SET_GS, old);
    assert_int_equal(sum, 33);
    if (!host_cpu_has(&run_bench.cpu, HOST_FSGSBASE))
        return;
    c = run_begin();
    x86_emit(c, X86_rdgsbase, x86_r64(X86_RCX));
    x86_emit(c, X86_wrgsbase, x86_r64(A));
    x86_emit(c, X86_mov, x86_r64(RESULT), x86_segment(X86_GS, x86_mem(8, X86_NO_REG, 8)));
    x86_emit(c, X86_wrgsbase, x86_r64(X86_RCX));
    assert_int_equal(call2(run_end(), (uintptr_t)data, 0), 22);
}

static void atomics(void **state)
{
    uint64_t word = 40;
    struct host_code *c = run_begin();
    x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(B));
    x86_emit(c, (enum x86_insn)(X86_xadd | X86_LOCK), x86_mem(8, A, 0), x86_r64(RESULT));
    assert_int_equal(call2(run_end(), (uintptr_t)&word, 2), 40);
    assert_int_equal(word, 42);

    c = run_begin();
    x86_emit(c, X86_mov, x86_r64(X86_RAX), x86_r64(B));
    x86_emit(c, (enum x86_insn)(X86_cmpxchg | X86_LOCK), x86_mem(8, A, 0), x86_r64(X86_RDX));
    x86_emit(c, x86_setcc(X86_E), x86_r8(X86_RCX));
    x86_emit(c, X86_movzx, x86_r32(X86_RAX), x86_r8(X86_RCX));
    host_function *f = run_end();
    assert_int_equal(f((uintptr_t)&word, 41, 7, 0, 0, 0), 0);
    assert_int_equal(word, 42);
    assert_int_equal(f((uintptr_t)&word, 42, 7, 0, 0, 0), 1);
    assert_int_equal(word, 7);

    c = run_begin();
    x86_emit(c, X86_xchg, x86_mem(8, A, 0), x86_r64(B));
    x86_emit(c, X86_mov, x86_r64(RESULT), x86_r64(B));
    assert_int_equal(call2(run_end(), (uintptr_t)&word, 9), 7);
    assert_int_equal(word, 9);
}

/* ---- conditions and control ------------------------------------------------------------------ */

static bool holds(enum x86_cond cond, int64_t a, int64_t b)
{
    int64_t difference = (int64_t)((uint64_t)a - (uint64_t)b);
    bool overflow = __builtin_sub_overflow(a, b, &(int64_t){0});
    switch (cond & ~1u) {
    case X86_O:
        return overflow != (cond & 1);
    case X86_B:
        return ((uint64_t)a < (uint64_t)b) != (cond & 1);
    case X86_Z:
        return (a == b) != (cond & 1);
    case X86_BE:
        return ((uint64_t)a <= (uint64_t)b) != (cond & 1);
    case X86_S:
        return (difference < 0) != (cond & 1);
    case X86_P:
        return (__builtin_parity((unsigned)difference & 0xff) == 0) != (cond & 1);
    case X86_L:
        return (a < b) != (cond & 1);
    default:
        return (a <= b) != (cond & 1);
    }
}

/* Bit 0 by setcc, 1 by cmovcc, 2 by a near jump, 3 by a far one. */
static host_function *emit_condition(enum x86_cond cond)
{
    struct host_code *c = run_begin();
    struct host_label near = host_label_new(c), far = host_label_new(c);

    x86_emit(c, X86_cmp, x86_r64(A), x86_r64(B));
    x86_mov_imm(c, X86_RAX, 0);
    x86_mov_imm(c, X86_RCX, 2);
    x86_emit(c, x86_setcc(cond), x86_r8(X86_RAX));
    x86_mov_imm(c, X86_RDX, 0);
    x86_emit(c, x86_cmovcc(cond), x86_r64(X86_RDX), x86_r64(X86_RCX));
    x86_emit(c, X86_lea, x86_r64(X86_RAX), x86_mem_index(0, X86_RAX, X86_RDX, 0, 4 + 8));
    x86_emit(c, x86_jcc(cond), x86_label_near(near));
    x86_emit(c, X86_lea, x86_r64(X86_RAX), x86_mem(0, X86_RAX, -4));
    host_label_bind(c, near);
    x86_emit(c, x86_jcc(cond), x86_label(far));
    x86_emit(c, X86_lea, x86_r64(X86_RAX), x86_mem(0, X86_RAX, -8));
    host_label_bind(c, far);
    return run_end();
}

static void all_conditions_in_all_uses(void **state)
{
    for (unsigned cond = 0; cond < 16; cond++) {
        host_function *f = emit_condition((enum x86_cond)cond);
        for (unsigned i = 0; i < ARRAY_LEN(run_values) * ARRAY_LEN(run_values); i++) {
            uint64_t a = run_values[i % ARRAY_LEN(run_values)],
                     b = run_values[i / ARRAY_LEN(run_values)];
            bool expected = holds((enum x86_cond)cond, (int64_t)a, (int64_t)b);
            assert_int_equal(call2(f, a, b), expected ? 15 : 0);
            assert_true(holds(x86_cond_not((enum x86_cond)cond), (int64_t)a, (int64_t)b) ==
                        !expected);
        }
    }
}

static void loops_and_calls(void **state)
{
    struct host_code *c = run_begin();
    struct host_label loop = host_label_new(c), square = host_label_new(c);

    x86_zero(c, X86_RAX);
    host_label_bind(c, loop);
    x86_emit(c, X86_call, x86_label(square));
    x86_emit(c, X86_add, x86_r64(X86_RAX), x86_r64(X86_RCX));
    x86_emit(c, X86_dec, x86_r64(A));
    x86_emit(c, x86_jcc(X86_NZ), x86_label(loop));
    x86_emit0(c, X86_ret);
    host_code_align(c, 16);
    host_label_bind(c, square);
    x86_emit(c, X86_mov, x86_r64(X86_RCX), x86_r64(A));
    x86_emit(c, X86_imul, x86_r64(X86_RCX), x86_r64(A));
    assert_int_equal(call2(run_end(), 100, 0), 338350);
}

static uint64_t helper_a(uint64_t a, uint64_t b)
{
    return a * 10 + b;
}

static uint64_t helper_b(uint64_t a, uint64_t b)
{
    return a * 1000 + b;
}

static uint64_t word_a = 5, word_b = 7;

static uint64_t resolve(void *arg, unsigned id)
{
    return id == 1 ? (uintptr_t)helper_b : (uintptr_t)&word_b;
}

/* Helpers and data of the runtime: rel32, rip-relative, by movabs, through the pool. Then the code
 * is copied elsewhere and pointed to others by its records. */
static void helpers_are_reached_and_relocated(void **state)
{
    const uint64_t helper = (uintptr_t)helper_a, word = (uintptr_t)&word_a;
    struct host_code *c = run_begin();

    assert_true(run_bench.memory.reaches && host_code_reaches(c, helper));
    x86_emit(c, X86_push, x86_r64(X86_RBX));
    x86_call_host(c, X86_call, helper, 1);
    x86_emit(c, X86_mov, x86_r64(X86_RBX), x86_r64(X86_RAX));
    x86_mov_imm(c, A, 3);
    x86_mov_imm(c, B, 4);
    x86_emit(c, X86_call, host_constant_address(c, helper, 1));
    x86_emit(c, X86_add, x86_r64(X86_RBX), x86_r64(X86_RAX));
    x86_emit(c, X86_mov, x86_r64(X86_RCX), x86_host(word, 2));
    x86_emit(c, X86_add, x86_r64(X86_RBX), x86_mem(8, X86_RCX, 0));
    x86_emit(c, X86_imul, x86_r64(X86_RAX), x86_mem_host(8, word, 2), x86_imm(1000000));
    x86_emit(c, X86_add, x86_r64(X86_RAX), x86_r64(X86_RBX));
    x86_emit(c, X86_pop, x86_r64(X86_RBX));
    host_function *f = run_end();
    assert_int_equal(call2(f, 1, 2), 12 + 34 + 5 + 5000000);

    const size_t offset = 2048;
    memcpy(run_bench.memory.write + offset, c->write, c->pos);
    hpc there = HPC(run_bench.memory.exec.v + offset);
    assert_int_equal(host_relocate(run_bench.memory.write + offset, there, c->relocs.data,
                                   c->relocs.len, resolve, NULL),
                     0);
    assert_int_equal(call2(host_code_function(there), 1, 2), 1002 + 3004 + 7 + 7000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_in_all_sizes),
        cmocka_unit_test(immediates_mean_what_they_say),
        cmocka_unit_test(any_constant_is_loaded),
        cmocka_unit_test(shifts_and_rotates),
        cmocka_unit_test(shifts_without_flags),
        cmocka_unit_test(multiplication_has_two_halves),
        cmocka_unit_test(division_gives_quotient_and_remainder),
        cmocka_unit_test(bit_counting),
        cmocka_unit_test(bit_fields),
        cmocka_unit_test(every_base_and_index_addresses),
        cmocka_unit_test(loads_extend_and_stores_cut),
        cmocka_unit_test(a_segment_register_is_a_base),
        cmocka_unit_test(atomics),
        cmocka_unit_test(all_conditions_in_all_uses),
        cmocka_unit_test(loops_and_calls),
        cmocka_unit_test(helpers_are_reached_and_relocated),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
