/* What pure µops compute, by other means than isa/uops.def: bit by bit, digit by digit, or in a
 * wider type. */
#include "ir_test.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

unsigned test_bits(enum ir_type type)
{
    switch (type) {
    case IR_B:
        return 1;
    case IR_I32:
    case IR_F32:
        return 32;
    default:
        return 64;
    }
}

static uint64_t mask(unsigned bits)
{
    return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

uint64_t test_random_value(struct rng *g, enum ir_type type)
{
    unsigned bits = test_bits(type);
    uint64_t r = rng_next(g);
    switch (r >> 8 & 3) {
    case 0:
        r = (uint64_t[]){
            0, 1, UINT64_MAX, (uint64_t)1 << (bits - 1), mask(bits) >> 1, 31, 32, 64}[r & 7];
        break;
    case 1:
        r = rng_next(g) >> (r & 63);
        break;
    default:
        r = rng_next(g);
    }
    if (type == IR_F64 && (r & 3) == 0)
        r |= 0xffffffff00000000u; /* boxed */
    return r & mask(bits);
}

/* A number of `bits` bits as a signed one. */
static s128 to_signed(uint64_t v, unsigned bits)
{
    return v >> (bits - 1) & 1 ? (s128)v - ((s128)1 << bits) : (s128)v;
}

static uint64_t size_of(s128 v)
{
    return (uint64_t)(v < 0 ? -v : v);
}

/* Schoolbook long division; b is not 0. */
static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest)
{
    uint64_t quotient = 0;
    u128 r = 0;
    for (int i = 63; i >= 0; i--) {
        r = r << 1 | (a >> i & 1);
        quotient <<= 1;
        if (r >= b) {
            r -= b;
            quotient |= 1;
        }
    }
    *rest = (uint64_t)r;
    return quotient;
}

/* RISC-V's rules (manual, chapter M, table of division by zero and overflow). */
static uint64_t pure_division(enum uop op, unsigned bits, uint64_t a, uint64_t b)
{
    bool is_signed = op == UOP_divs || op == UOP_rems, is_rest = op == UOP_rems || op == UOP_remu;
    s128 x = is_signed ? to_signed(a, bits) : (s128)a, y = is_signed ? to_signed(b, bits) : (s128)b;
    uint64_t rest, quotient;
    if (b == 0)
        return is_rest ? a : mask(bits);
    quotient = divide(size_of(x), size_of(y), &rest);
    if (is_rest)
        return x < 0 ? -rest : rest;
    return (x < 0) != (y < 0) ? -quotient : quotient;
}

/* One bit of the result at a time. */
static uint64_t pure_shift(enum uop op, unsigned bits, uint64_t a, uint64_t b)
{
    unsigned n = b % bits;
    uint64_t r = 0;
    for (unsigned i = 0; i < bits; i++) {
        bool in = false;
        switch (op) {
        case UOP_shl:
            in = i >= n && a >> (i - n) & 1;
            break;
        case UOP_shr:
            in = i + n < bits && a >> (i + n) & 1;
            break;
        case UOP_sar:
            in = a >> MIN(i + n, bits - 1) & 1;
            break;
        case UOP_rol:
            in = a >> (i + bits - n) % bits & 1;
            break;
        default:
            in = a >> (i + n) % bits & 1;
        }
        r |= (uint64_t)in << i;
    }
    return r;
}

static uint64_t pure_count(enum uop op, unsigned bits, uint64_t a)
{
    unsigned n = 0;
    if (op == UOP_clz)
        while (n < bits && !(a >> (bits - 1 - n) & 1))
            n++;
    else if (op == UOP_ctz)
        while (n < bits && !(a >> n & 1))
            n++;
    else
        for (unsigned i = 0; i < bits; i++)
            n += a >> i & 1;
    return n;
}

static uint64_t pure_bytes(enum uop op, uint64_t a)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t byte = a >> (i * 8) & 255;
        r |= op == UOP_bswap ? byte << (56 - i * 8) : (byte ? (uint64_t)255 : 0) << (i * 8);
    }
    return r;
}

static uint64_t pure_compare(enum uop op, unsigned bits, uint64_t a, uint64_t b)
{
    s128 x = to_signed(a, bits), y = to_signed(b, bits);
    switch (op) {
    case UOP_eq:
        return a == b;
    case UOP_ne:
        return a != b;
    case UOP_lts:
        return x < y;
    case UOP_ges:
        return x >= y;
    case UOP_ltu:
        return a < b;
    case UOP_geu:
        return a >= b;
    case UOP_mins:
        return x < y ? a : b;
    case UOP_maxs:
        return x < y ? b : a;
    case UOP_minu:
        return a < b ? a : b;
    default:
        return a < b ? b : a;
    }
}

static uint64_t pure_sign(enum uop op, unsigned bits, uint64_t a, uint64_t b)
{
    bool sa = a >> (bits - 1), sb = b >> (bits - 1), s;
    s = op == UOP_fneg ? !sa : op == UOP_fsgnj ? sb : op == UOP_fsgnjn ? !sb : sa != sb;
    return (a & (mask(bits) >> 1)) | (uint64_t)s << (bits - 1);
}

/* By the fields of the number; bits as in the manual's table for FCLASS. */
static uint64_t pure_class(unsigned bits, uint64_t a)
{
    unsigned frac_bits = bits == 32 ? 23 : 52, exp_bits = bits - 1 - frac_bits;
    uint64_t frac = a & mask(frac_bits), exp = a >> frac_bits & mask(exp_bits);
    bool negative = a >> (bits - 1);
    if (exp == mask(exp_bits) && frac)
        return frac >> (frac_bits - 1) ? 1 << 9 : 1 << 8;
    if (exp == mask(exp_bits))
        return negative ? 1 << 0 : 1 << 7;
    if (exp)
        return negative ? 1 << 1 : 1 << 6;
    if (frac)
        return negative ? 1 << 2 : 1 << 5;
    return negative ? 1 << 3 : 1 << 4;
}

/* Signed, unsigned or mixed product's upper half. */
static uint64_t pure_high(enum uop op, uint64_t a, uint64_t b)
{
    /* ((a1 * 2^32) + a0) * ((b1 * 2^32) + b0), unsigned; then the signs' part. */
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t high = a1 * b1 + (middle >> 32) + ((a0 * b1 + (uint32_t)middle) >> 32);
    if (op != UOP_mulhu && a >> 63)
        high -= b;
    if (op == UOP_mulhs && b >> 63)
        high -= a;
    return high;
}

static uint64_t pure_width(enum uop op, uint64_t a)
{
    switch (op) {
    case UOP_sext:
        return a >> 31 & 1 ? a + 0xffffffff00000000u : a;
    case UOP_sext8:
        return (a & 255) - (a & 128) * 2;
    case UOP_sext16:
        return (a & 0xffff) - (a & 0x8000) * 2;
    case UOP_zext8:
        return a % 256;
    case UOP_zext16:
        return a % 65536;
    case UOP_box:
        return a + 0xffffffff00000000u;
    case UOP_unbox:
        return a >= 0xffffffff00000000u ? a - 0xffffffff00000000u : 0x7fc00000;
    default: /* low, zext, flag and reinterpretations: the result is cut below */
        return a;
    }
}

uint64_t test_pure(enum uop op, enum ir_type type, enum ir_type arg_type, const uint64_t v[3])
{
    unsigned bits = test_bits(arg_type);
    uint64_t a = v[0], b = v[1], r = 0;
    switch (op) {
    case UOP_add:
        r = (uint64_t)((u128)a + b);
        break;
    case UOP_sub:
        r = (uint64_t)((s128)a - (s128)b);
        break;
    case UOP_mul:
        r = (uint64_t)((u128)a * b);
        break;
    case UOP_and:
        r = ~(~a | ~b);
        break;
    case UOP_or:
        r = ~(~a & ~b);
        break;
    case UOP_xor:
        r = (a | b) - (a & b);
        break;
    case UOP_mulhs:
    case UOP_mulhu:
    case UOP_mulhsu:
        r = pure_high(op, a, b);
        break;
    case UOP_divs:
    case UOP_divu:
    case UOP_rems:
    case UOP_remu:
        r = pure_division(op, bits, a, b);
        break;
    case UOP_shl:
    case UOP_shr:
    case UOP_sar:
    case UOP_rol:
    case UOP_ror:
        r = pure_shift(op, bits, a, b);
        break;
    case UOP_clz:
    case UOP_ctz:
    case UOP_popcnt:
        r = pure_count(op, bits, a);
        break;
    case UOP_bswap:
    case UOP_orcb:
        r = pure_bytes(op, a);
        break;
    case UOP_eq:
    case UOP_ne:
    case UOP_lts:
    case UOP_ltu:
    case UOP_ges:
    case UOP_geu:
    case UOP_mins:
    case UOP_maxs:
    case UOP_minu:
    case UOP_maxu:
        r = pure_compare(op, bits, a, b);
        break;
    case UOP_not:
        r = 1 - a;
        break;
    case UOP_select:
        r = a == 1 ? b : v[2];
        break;
    case UOP_fneg:
    case UOP_fsgnj:
    case UOP_fsgnjn:
    case UOP_fsgnjx:
        r = pure_sign(op, bits, a, b);
        break;
    case UOP_fclass:
        r = pure_class(bits, a);
        break;
    case UOP_low:
    case UOP_sext:
    case UOP_zext:
    case UOP_flag:
    case UOP_sext8:
    case UOP_sext16:
    case UOP_zext8:
    case UOP_zext16:
    case UOP_bits:
    case UOP_bits32:
    case UOP_float:
    case UOP_float32:
    case UOP_box:
    case UOP_unbox:
        r = pure_width(op, a);
        break;
    default:
        fail_msg("pure.c does not know the µop %s", uop_infos[op].name);
    }
    return r & mask(test_bits(type));
}

void test_each_pure(void (*visit)(const struct ir_uop *u, void *arg), void *arg)
{
    for (unsigned op = 0; op < UOP_COUNT; op++) {
        const struct uop_info *row = &uop_infos[op];
        if (row->class != UOP_CLASS_pure || !row->has_eval)
            continue;
        for (unsigned var = IR_VOID; var < IR_V8; var++) {
            struct ir_uop u = {.op = (uint8_t)op, .arg = {IR_NONE, IR_NONE, IR_NONE}};
            if (row->var_types[0] ? !(row->var_types[0] >> var & 1) : var != IR_VOID)
                continue;
            u.arg_type = row->arg[0] < UOP_VAR0 ? row->arg[0] : (uint8_t)var;
            u.type = row->result < UOP_VAR0 ? row->result : (uint8_t)var;
            visit(&u, arg);
        }
    }
}
