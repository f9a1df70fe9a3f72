/* Random numbers, and register contents in which edge cases are likely: random bits alone would
 * hardly ever divide by zero, overflow, tie in a rounding or meet a NaN. */
#include "diff.h"

struct rng rng_stream(uint64_t seed, const char *name, unsigned batch, unsigned chunk)
{
    struct rng r = {seed};
    for (; *name != '\0'; name++) {
        r.state = rng_next(&r) ^ (unsigned char)*name;
    }
    r.state = rng_next(&r) ^ batch;
    r.state = rng_next(&r) ^ chunk;
    return r;
}

uint64_t rng_x_value(struct rng *r)
{
    static const uint64_t edges[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        31,
        32,
        63,
        64,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0x8000000000000001,
        0x5555555555555555,
        0xaaaaaaaaaaaaaaaa,
        0x0123456789abcdef,
    };
    switch (rng_below(r, 8)) {
    case 0:
    case 1: {
        uint64_t v = edges[rng_below(r, sizeof(edges) / sizeof(edges[0]))];
        return rng_chance(r, 50) ? v : rng_chance(r, 50) ? -v : ~v;
    }
    case 2:
        return rng_below(r, 200) - 100ull;
    case 3:
        return (uint64_t)(int32_t)rng_next(r);
    case 4:
        return rng_next(r) >> rng_below(r, 64);
    case 5:
        return (uint64_t)((int64_t)rng_next(r) >> rng_below(r, 64));
    case 6:
        return (1ull << rng_below(r, 64)) + rng_below(r, 3) - 1;
    default:
        return rng_next(r);
    }
}

/* A value of a format with `e` exponent and `m` mantissa bits. */
static uint64_t float_value(struct rng *r, unsigned e, unsigned m)
{
    uint64_t exponent_max = (1u << e) - 1, bias = exponent_max >> 1,
             mantissa_mask = (1ull << m) - 1;
    uint64_t sign = (uint64_t)rng_below(r, 2) << (e + m);
    uint64_t exponent, mantissa;

    switch (rng_below(r, 10)) {
    case 0: /* zeros, infinities, NaNs of both kinds */
        exponent = rng_chance(r, 40) ? 0 : exponent_max;
        mantissa = rng_chance(r, 50)   ? 0
                   : rng_chance(r, 50) ? 1ull << (m - 1)
                                       : rng_next(r) & mantissa_mask;
        return sign | exponent << m | mantissa;
    case 1: /* round the ends: subnormals, the smallest normals, the largest */
        exponent = rng_chance(r, 60) ? rng_below(r, 3) : exponent_max - 1 - rng_below(r, 2);
        break;
    case 2: /* where conversions to integers overflow */
        exponent = bias + (rng_chance(r, 50) ? 30 : 61) + rng_below(r, 4);
        break;
    case 3: /* where products and quotients come near the ends */
        exponent = bias + (rng_chance(r, 50) ? 1 : -1) * (int)(bias / 2 + rng_below(r, 3) - 1);
        break;
    case 4:
        exponent = rng_below(r, (unsigned)exponent_max);
        break;
    default: /* close to each other, so that sums round, cancel and tie */
        exponent = bias + rng_below(r, 5) - 2;
        break;
    case 5: /* fractions and integers whose rounding to an integer ties */
        exponent = bias + rng_below(r, m + 2) - 1;
        break;
    }
    switch (rng_below(r, 5)) {
    case 0: /* few bits: exact results, ties */
        mantissa = rng_next(r) & rng_next(r) & rng_next(r) & rng_next(r);
        break;
    case 1: /* zeros from some place on */
        mantissa = rng_next(r) << rng_below(r, m + 1);
        break;
    case 2: /* all ones but few */
        mantissa = ~(1ull << rng_below(r, m)) + (rng_chance(r, 50) ? 0 : 1);
        break;
    case 3:
        mantissa = rng_chance(r, 50) ? 0 : 1ull << rng_below(r, m);
        break;
    default:
        mantissa = rng_next(r);
        break;
    }
    return sign | exponent << m | (mantissa & mantissa_mask);
}

uint64_t rng_f_value(struct rng *r)
{
    if (rng_chance(r, 48)) {
        return float_value(r, 11, 52);
    }
    uint64_t single = float_value(r, 8, 23);
    /* Not boxed: a single-precision operation must read it as the canonical NaN. */
    uint64_t upper = rng_chance(r, 94)   ? 0xffffffff
                     : rng_chance(r, 50) ? 0xfffffffe
                                         : rng_next(r) >> 32;
    return upper << 32 | single;
}
