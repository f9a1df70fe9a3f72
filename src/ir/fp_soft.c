/* IEEE 754 arithmetic on integers; see fp_soft.h.
 *
 * A finite number is unpacked to 1.xxx * 2^exp with the leading one at bit 126 of a 128-bit
 * significand. That leaves one bit for a carry and at least 20 below an exact product, so that what
 * is shifted out at the bottom need only be kept as one sticky bit: an operand shifted by two or
 * more loses at most one leading bit to cancellation, and an operand shifted by less loses nothing.
 * Every result is rounded once, by fp_soft_round. */
#include "ir/fp_soft.h"
#include "ir/fp.h"

typedef unsigned __int128 u128;

enum { LEAD = 126 };

enum fp_kind { KIND_ZERO, KIND_FINITE, KIND_INF, KIND_NAN };

struct unpacked {
    enum fp_kind kind;
    bool sign;
    bool signalling; /* of a NaN */
    int exp;
    u128 sig; /* bit LEAD set if finite */
};

const struct fp_format fp_binary32 = {32, 23, 127};
const struct fp_format fp_binary64 = {64, 52, 1023};

/* ---- packing --------------------------------------------------------------------------------- */

static uint64_t fp_infinity(const struct fp_format *f)
{
    return f->bits == 32 ? FP_INF_f32 : FP_INF_f64;
}

static uint64_t fp_sign(const struct fp_format *f, bool sign)
{
    return (uint64_t)sign << (f->bits - 1);
}

static uint64_t fp_canonical_nan(const struct fp_format *f)
{
    return f->bits == 32 ? FP_NAN_f32 : FP_NAN_f64;
}

static unsigned u128_leading_zeros(u128 x)
{
    uint64_t high = (uint64_t)(x >> 64);
    return high ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((uint64_t)x);
}

/* Shifts right; any one bit shifted out stays as bit 0. */
static u128 u128_shift_sticky(u128 x, unsigned n)
{
    if (n == 0)
        return x;
    if (n > 127)
        return x != 0;
    return x >> n | ((x << (128 - n)) != 0);
}

/* Moves the leading one to bit LEAD. sig is not 0. */
static void fp_normalise(struct unpacked *u)
{
    int zeros = (int)u128_leading_zeros(u->sig);
    if (zeros == 0)
        u->sig = u128_shift_sticky(u->sig, 1);
    else
        u->sig <<= zeros - 1;
    u->exp -= zeros - 1;
}

static struct unpacked fp_unpack(const struct fp_format *f, uint64_t a)
{
    uint64_t frac = a & (((uint64_t)1 << f->frac_bits) - 1);
    unsigned max_exp = (unsigned)(f->bias * 2 + 1);
    unsigned biased = (unsigned)(a >> f->frac_bits) & max_exp;
    struct unpacked u = {.sign = a >> (f->bits - 1) & 1};
    if (biased == max_exp) {
        u.kind = frac ? KIND_NAN : KIND_INF;
        u.signalling = frac && !(frac >> (f->frac_bits - 1));
    } else if (biased == 0 && frac == 0) {
        u.kind = KIND_ZERO;
    } else {
        u.kind = KIND_FINITE;
        u.exp = (int)MAX(biased, 1u) - f->bias;
        u.sig = (u128)(frac | (uint64_t)(biased != 0) << f->frac_bits) << (LEAD - f->frac_bits);
        fp_normalise(&u);
    }
    return u;
}

/* sig without its lowest `drop` bits (1..127), rounded. *inexact: whether a one was among them. */
static u128 fp_round_at(u128 sig, unsigned drop, bool sign, unsigned rm, bool *inexact)
{
    u128 kept = sig >> drop, rest = sig & (((u128)1 << drop) - 1), half = (u128)1 << (drop - 1);
    bool up = false;
    switch (rm) {
    case FP_RNE:
        up = rest > half || (rest == half && (kept & 1));
        break;
    case FP_RTZ:
        break;
    case FP_RDN:
        up = sign && rest;
        break;
    case FP_RUP:
        up = !sign && rest;
        break;
    case FP_RMM:
        up = rest >= half;
        break;
    default:
        CHECK(false, "rounding mode %u", rm);
    }
    *inexact = rest != 0;
    return kept + up;
}

/* Packs a finite number that is not zero. */
static uint64_t fp_soft_round(const struct fp_format *f, const struct unpacked *u, unsigned rm,
                              uint32_t *flags)
{
    unsigned drop = LEAD - f->frac_bits;
    int exp = u->exp, least = 1 - f->bias;
    u128 sig = u->sig;
    bool tiny = false, inexact;
    if (exp < least) {
        /* Tiny, unless rounding with an unbounded exponent would carry into the least normal
         * number. */
        tiny = exp < least - 1 ||
               !(fp_round_at(sig, drop, u->sign, rm, &inexact) >> (f->frac_bits + 1));
        unsigned shift = (unsigned)(least - exp);
        /* All below half of the least subnormal number rounds alike. */
        sig = drop + shift > 127 ? 1 : sig;
        drop = MIN(drop + shift, 127u);
        exp = least;
    }
    uint64_t kept = (uint64_t)fp_round_at(sig, drop, u->sign, rm, &inexact);
    if (inexact)
        *flags |= tiny ? FP_NX | FP_UF : FP_NX;
    /* The significand's leading one, or a carry out of it, counts as one in the exponent field. */
    uint64_t packed = ((uint64_t)(exp - least) << f->frac_bits) + kept;
    if (packed >= fp_infinity(f)) {
        *flags |= FP_OF | FP_NX;
        bool to_infinity = rm == FP_RNE || rm == FP_RMM || rm == (u->sign ? FP_RDN : FP_RUP);
        packed = fp_infinity(f) - !to_infinity;
    }
    return packed | fp_sign(f, u->sign);
}

/* The result of an operation with a NaN operand, or of an invalid one. */
static uint64_t fp_soft_nan(const struct fp_format *f, bool invalid, uint32_t *flags)
{
    if (invalid)
        *flags |= FP_NV;
    return fp_canonical_nan(f);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* The sum of two finite numbers that are not zero. */
static uint64_t fp_soft_add_finite(const struct fp_format *f, struct unpacked x, struct unpacked y,
                                   unsigned rm, uint32_t *flags)
{
    if (x.exp < y.exp || (x.exp == y.exp && x.sig < y.sig)) {
        struct unpacked t = x;
        x = y;
        y = t;
    }
    y.sig = u128_shift_sticky(y.sig, (unsigned)(x.exp - y.exp));
    x.sig = x.sign == y.sign ? x.sig + y.sig : x.sig - y.sig;
    if (x.sig == 0)
        return fp_sign(f, rm == FP_RDN);
    fp_normalise(&x);
    return fp_soft_round(f, &x, rm, flags);
}

uint64_t fp_soft_fma(const struct fp_format *f, uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                     uint32_t *flags)
{
    struct unpacked x = fp_unpack(f, a), y = fp_unpack(f, b), z = fp_unpack(f, c);
    bool invalid =
        (x.kind == KIND_INF && y.kind == KIND_ZERO) || (x.kind == KIND_ZERO && y.kind == KIND_INF);
    if (invalid || x.kind == KIND_NAN || y.kind == KIND_NAN || z.kind == KIND_NAN)
        return fp_soft_nan(f, invalid || x.signalling || y.signalling || z.signalling, flags);
    struct unpacked p = {.sign = x.sign != y.sign};
    if (x.kind == KIND_INF || y.kind == KIND_INF) {
        if (z.kind == KIND_INF && z.sign != p.sign)
            return fp_soft_nan(f, true, flags);
        return fp_infinity(f) | fp_sign(f, p.sign);
    }
    if (z.kind == KIND_INF)
        return c;
    if (x.kind == KIND_ZERO || y.kind == KIND_ZERO) {
        if (z.kind == KIND_ZERO)
            return fp_sign(f, p.sign == z.sign ? p.sign : rm == FP_RDN);
        return c;
    }
    /* Exact: 64 bits hold either significand. The product's lead is bit 126 or 127. */
    p.sig = (x.sig >> 63) * (y.sig >> 63);
    p.exp = x.exp + y.exp;
    fp_normalise(&p);
    if (z.kind == KIND_ZERO)
        return fp_soft_round(f, &p, rm, flags);
    return fp_soft_add_finite(f, p, z, rm, flags);
}

uint64_t fp_soft_add(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags)
{
    return fp_soft_fma(f, a, (uint64_t)f->bias << f->frac_bits, b, rm, flags); /* a * 1 + b */
}

uint64_t fp_soft_sub(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags)
{
    return fp_soft_add(f, a, b ^ fp_sign(f, true), rm, flags);
}

uint64_t fp_soft_mul(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags)
{
    /* A zero of the product's sign changes nothing, not even a product that is zero. */
    return fp_soft_fma(f, a, b, (a ^ b) & fp_sign(f, true), rm, flags);
}

uint64_t fp_soft_div(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm,
                     uint32_t *flags)
{
    struct unpacked x = fp_unpack(f, a), y = fp_unpack(f, b);
    bool sign = x.sign != y.sign;
    bool invalid = x.kind == y.kind && (x.kind == KIND_ZERO || x.kind == KIND_INF);
    if (invalid || x.kind == KIND_NAN || y.kind == KIND_NAN)
        return fp_soft_nan(f, invalid || x.signalling || y.signalling, flags);
    if (x.kind == KIND_ZERO || y.kind == KIND_INF)
        return fp_sign(f, sign);
    if (x.kind == KIND_INF || y.kind == KIND_ZERO) {
        if (x.kind == KIND_FINITE)
            *flags |= FP_DZ;
        return fp_infinity(f) | fp_sign(f, sign);
    }
    /* 127 bits over 54 with the divisor's lead at bit 53: at least 73 bits of quotient, the rest
     * sticky. */
    uint64_t divisor = (uint64_t)(y.sig >> (LEAD - 53));
    u128 quotient = x.sig / divisor;
    struct unpacked q = {
        .sign = sign, .exp = x.exp - y.exp, .sig = quotient << 53 | (x.sig % divisor != 0)};
    fp_normalise(&q);
    return fp_soft_round(f, &q, rm, flags);
}

/* The integer square root, bit by bit. */
static uint64_t u128_sqrt(u128 x, bool *exact)
{
    u128 root = 0, rest = x;
    for (u128 bit = (u128)1 << 126; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    *exact = rest == 0;
    return (uint64_t)root;
}

uint64_t fp_soft_sqrt(const struct fp_format *f, uint64_t a, unsigned rm, uint32_t *flags)
{
    struct unpacked x = fp_unpack(f, a);
    if (x.kind == KIND_ZERO)
        return a;
    if (x.kind == KIND_NAN || x.sign)
        return fp_soft_nan(f, x.kind != KIND_NAN || x.signalling, flags);
    if (x.kind == KIND_INF)
        return a;
    /* m * 2^even with m below 4, as the integer m * 2^126: its root is that of m, times 2^63. */
    bool odd = x.exp & 1, exact;
    uint64_t root = u128_sqrt(odd ? x.sig << 1 : x.sig, &exact);
    struct unpacked r = {.exp = (x.exp - odd) / 2, .sig = (u128)root << (LEAD - 63) | !exact};
    fp_normalise(&r);
    return fp_soft_round(f, &r, rm, flags);
}

/* ---- conversions ----------------------------------------------------------------------------- */

uint64_t fp_soft_narrow(uint64_t a, unsigned rm, uint32_t *flags)
{
    struct unpacked x = fp_unpack(&fp_binary64, a);
    if (x.kind == KIND_NAN)
        return fp_soft_nan(&fp_binary32, x.signalling, flags);
    if (x.kind == KIND_FINITE)
        return fp_soft_round(&fp_binary32, &x, rm, flags);
    return fp_sign(&fp_binary32, x.sign) | (x.kind == KIND_INF ? FP_INF_f32 : 0);
}

uint64_t fp_soft_to_int(const struct fp_format *f, uint64_t a, unsigned int_bits, bool is_signed,
                        unsigned rm, uint32_t *flags)
{
    struct unpacked x = fp_unpack(f, a);
    uint64_t all = int_bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << int_bits) - 1;
    uint64_t highest = is_signed ? all >> 1 : all, lowest = is_signed ? highest + 1 : 0;
    bool negative = x.sign && x.kind != KIND_NAN, inexact = false;
    u128 size = 0;
    if (x.kind == KIND_ZERO)
        return 0;
    if (x.kind == KIND_FINITE && x.exp < 64) {
        unsigned drop = (unsigned)(LEAD - x.exp);
        bool below_half = x.exp < -1;
        size = fp_round_at(below_half ? 1 : x.sig, below_half ? 127 : drop, x.sign, rm, &inexact);
    }
    bool fits = x.kind == KIND_FINITE && x.exp < 64 && size <= (negative ? lowest : highest);
    if (!fits) {
        *flags |= FP_NV;
        return negative ? lowest : highest;
    }
    if (inexact)
        *flags |= FP_NX;
    return (negative ? -(uint64_t)size : (uint64_t)size) & all;
}

uint64_t fp_soft_from_int(const struct fp_format *f, uint64_t v, bool is_signed, unsigned rm,
                          uint32_t *flags)
{
    if (v == 0)
        return 0;
    struct unpacked x = {.kind = KIND_FINITE, .sign = is_signed && v >> 63, .exp = LEAD};
    x.sig = x.sign ? -v : v;
    fp_normalise(&x);
    return fp_soft_round(f, &x, rm, flags);
}
