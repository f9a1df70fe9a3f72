/* Random operands; see fp_gen.h. Works on bits and uses no floating-point arithmetic. */
#include "fp_gen.h"

#include "base/base.h"

struct format {
    unsigned bits, frac;
    int bias;
};

static const struct format f32 = {32, 23, 127}, f64 = {64, 52, 1023};

static uint64_t low_mask(unsigned bits)
{
    return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
}

/* A fraction: random, few ones, few zeros, or a run of ones at either end. */
static uint64_t gen_fraction(struct rng *g, const struct format *f)
{
    uint64_t all = low_mask(f->frac), run = low_mask(rng_below(g, f->frac + 1)), few = 0;
    for (unsigned i = rng_below(g, 4); i > 0; i--)
        few |= (uint64_t)1 << rng_below(g, f->frac);
    switch (rng_below(g, 6)) {
    case 0:
        return few;
    case 1:
        return all ^ few;
    case 2:
        return run ^ few;
    case 3:
        return all ^ run ^ few;
    default:
        return rng_next(g) & all;
    }
}

static uint64_t pack(const struct format *f, bool sign, int exp, uint64_t frac)
{
    int biased = MAX(0, MIN(exp + f->bias, 2 * f->bias + 1));
    return (uint64_t)sign << (f->bits - 1) | (uint64_t)biased << f->frac | frac;
}

/* Zeros, infinities, quiet and signalling NaNs, extremes. */
static uint64_t gen_special(struct rng *g, const struct format *f)
{
    int max = f->bias + 1;
    uint64_t quiet = (uint64_t)1 << (f->frac - 1), all = low_mask(f->frac);
    bool sign = rng_below(g, 2);
    switch (rng_below(g, 12)) {
    case 0:
    case 1:
        return pack(f, sign, -f->bias, 0);
    case 2:
    case 3:
        return pack(f, sign, max, 0);
    case 4:
        return pack(f, sign, max, quiet);
    case 5:
        return pack(f, sign, max, quiet | (rng_next(g) & all));
    case 6:
        return pack(f, sign, max, (rng_next(g) & (quiet - 1)) | 1);
    case 7:
        return pack(f, sign, -f->bias, 1);
    case 8:
        return pack(f, sign, -f->bias, all);
    case 9:
        return pack(f, sign, 1 - f->bias, 0);
    case 10:
        return pack(f, sign, f->bias, all);
    default:
        return pack(f, sign, 0, 0);
    }
}

static uint64_t gen_float(struct rng *g, const struct format *f)
{
    bool sign = rng_below(g, 2);
    uint64_t frac = gen_fraction(g, f);
    switch (rng_below(g, 10)) {
    case 0:
        return gen_special(g, f);
    case 1: /* subnormal */
        return pack(f, sign, -f->bias, frac);
    case 2: /* close to the least normal number */
        return pack(f, sign, -f->bias + (int)rng_below(g, 2 * f->frac), frac);
    case 3: /* close to overflow */
        return pack(f, sign, f->bias - (int)rng_below(g, 4), frac);
    case 4: /* near the square roots of the extremes */
        return pack(f, sign, (rng_below(g, 2) ? 1 : -1) * (f->bias / 2) + (int)rng_below(g, 8) - 4,
                    frac);
    case 5: /* the bounds of integer types, and of binary32's exponents */
        return pack(f, sign,
                    (int[]){31, 32, 63, 64, 30, 62, 127, -126, -149, 128}[rng_below(g, 10)], frac);
    case 6: { /* an integer plus a half, a quarter, ... */
        unsigned exp = rng_below(g, f->frac + 2);
        unsigned drop = exp + 2 < f->frac ? f->frac - exp - 2 : 0;
        return pack(f, sign, (int)exp, frac >> drop << drop);
    }
    case 7: /* any bits */
        return rng_next(g) & low_mask(f->bits);
    default: /* an ordinary number */
        return pack(f, sign, (int)rng_below(g, 80) - 40, frac);
    }
}

/* A second operand that has something to do with x: a neighbour, its negative, the same at another
 * scale. */
static uint64_t gen_related(struct rng *g, const struct format *f, uint64_t x)
{
    uint64_t sign = (uint64_t)rng_below(g, 2) << (f->bits - 1);
    uint64_t y = x ^ sign;
    if (rng_below(g, 2))
        y = (y + rng_below(g, 7) - 3) & low_mask(f->bits);
    if (rng_below(g, 2)) {
        int biased = (int)(y >> f->frac & low_mask(f->bits - 1 - f->frac));
        int exp = biased - f->bias + (int)rng_below(g, 2 * f->frac + 8) - (int)f->frac - 4;
        y = pack(f, y >> (f->bits - 1), exp, gen_fraction(g, f));
    }
    return y;
}

/* An addend close to minus the product, for cancellation in a * b + c; its fraction is that of the
 * product cut off. */
static uint64_t gen_minus_product(struct rng *g, const struct format *f, uint64_t a, uint64_t b)
{
    uint64_t one = (uint64_t)1 << f->frac, all = one - 1;
    unsigned exp_mask = (unsigned)low_mask(f->bits - 1 - f->frac);
    unsigned __int128 product = (unsigned __int128)((a & all) | one) * ((b & all) | one);
    bool carry = product >> (2 * f->frac + 1) & 1;
    uint64_t frac = (uint64_t)(product >> (f->frac + carry)) & all;
    int exp = (int)(a >> f->frac & exp_mask) + (int)(b >> f->frac & exp_mask) - 2 * f->bias + carry;
    bool sign = !((a ^ b) >> (f->bits - 1) & 1);
    return (pack(f, sign, exp, frac) + rng_below(g, 5) - 2) & low_mask(f->bits);
}

/* Integers: of any length, near powers of two, and such that lie halfway between two floats. */
static uint64_t gen_integer(struct rng *g)
{
    uint64_t r = rng_next(g) >> rng_below(g, 64);
    switch (rng_below(g, 5)) {
    case 0:
        r = ((uint64_t)1 << rng_below(g, 64)) + rng_below(g, 5) - 2;
        break;
    case 1: { /* 24 or 53 leading bits, then a half and perhaps a little */
        unsigned keep = rng_below(g, 2) ? 24 : 53, at = rng_below(g, 64 - keep);
        r = (rng_next(g) >> (64 - keep) | (uint64_t)1 << (keep - 1)) << 1 | 1;
        r = at ? r << (at - 1) : r;
        r += rng_below(g, 3) - 1;
        break;
    }
    case 2:
        return (uint64_t[]){0,          1,         INT64_MAX,   (uint64_t)INT64_MIN,
                            UINT64_MAX, INT32_MAX, 0x80000000u, UINT32_MAX}[rng_below(g, 8)];
    }
    return rng_below(g, 2) ? r : -r;
}

void fp_gen_operands(struct rng *g, struct fp_case *t)
{
    enum { ARITH1, ARITH2, ARITH3, MINMAX, COMPARE, CLASS, TO_INT, FROM_INT, WIDEN, NARROW };
    static const struct {
        int kind;
        const struct format *format;
    } rows[] = {
#define FP_OP(name, kind, format, insn) [OP_##name] = {kind, &format},
#include "fp_ops.def"
#undef FP_OP
    };
    const struct format *f = rows[t->op].format;
    if (rows[t->op].kind == FROM_INT) {
        t->a = gen_integer(g);
        return;
    }
    if (rng_below(g, 12) == 0) {
        t->a = gen_special(g, f);
        t->b = gen_special(g, f);
        t->c = gen_special(g, f);
        return;
    }
    t->a = gen_float(g, f);
    t->b = rng_below(g, 3) ? gen_float(g, f) : gen_related(g, f, t->a);
    t->c = gen_float(g, f);
    if (rows[t->op].kind == ARITH3 && rng_below(g, 3) == 0)
        t->c = rng_below(g, 2) ? gen_minus_product(g, f, t->a, t->b) : gen_related(g, f, t->a);
}
