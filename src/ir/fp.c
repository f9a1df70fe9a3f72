/* The floating-point environment and the rare paths of fp.h: another rounding mode than the one
 * loaded, nearest with ties away (the host has no such mode), fma on hosts without FMA3,
 * conversions out of the host's range. */
#include "ir/fp.h"
#include "ir/fp_soft.h"

enum {
    MXCSR_FLAGS = 0x3f, /* IE 1, DE 2 (has no counterpart in RISC-V), ZE 4, OE 8, UE 16, PE 32 */
    MXCSR_MASKS = 0x1f80,
    MXCSR_RC_SHIFT = 13,
};

static uint32_t mxcsr_read(void)
{
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}

static void mxcsr_write(uint32_t v)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(v));
}

/* RISC-V's flags as MXCSR's and back: the same five, in the opposite order and with a gap at DE. */
static uint32_t mxcsr_from_flags(uint32_t flags)
{
    return (flags & FP_NV) >> 4 | (flags & FP_DZ) >> 1 | (flags & FP_OF) << 1 |
           (flags & FP_UF) << 3 | (flags & FP_NX) << 5;
}

static uint32_t mxcsr_to_flags(uint32_t mxcsr)
{
    return (mxcsr & 1) << 4 | (mxcsr & 4) << 1 | (mxcsr & 8) >> 1 | (mxcsr & 16) >> 3 |
           (mxcsr & 32) >> 5;
}

/* The MXCSR value of a RISC-V rounding mode 0..3, without flags. */
static uint32_t mxcsr_of_mode(unsigned rm)
{
    static const uint8_t control[] = {[FP_RNE] = 0, [FP_RTZ] = 3, [FP_RDN] = 1, [FP_RUP] = 2};
    return MXCSR_MASKS | (uint32_t)control[rm] << MXCSR_RC_SHIFT;
}

/* Loads a mode of 0..3, keeping the flags. */
static void fp_load_mode(struct fp_env *fp, unsigned rm)
{
    fp->host_rm = rm;
    mxcsr_write(mxcsr_of_mode(rm) | (mxcsr_read() & MXCSR_FLAGS));
}

void fp_enter(struct fp_env *fp, uint32_t fcsr)
{
    fp->rm = fcsr >> 5 & 7;
    fp->flags = fcsr & 31;
    fp->host_rm = fp->rm <= FP_RUP ? fp->rm : FP_RNE;
    fp->host_fma = __builtin_cpu_supports("fma");
    fp->host_mxcsr = mxcsr_read();
    mxcsr_write(mxcsr_of_mode(fp->host_rm) | mxcsr_from_flags(fp->flags));
}

uint32_t fp_leave(struct fp_env *fp)
{
    fp->flags = mxcsr_to_flags(mxcsr_read());
    mxcsr_write(fp->host_mxcsr);
    return fp->rm << 5 | fp->flags;
}

uint32_t fp_fcsr_of(const struct fp_env *fp, uint32_t mxcsr)
{
    return fp->rm << 5 | mxcsr_to_flags(mxcsr);
}

uint64_t fp_get_flags(const struct fp_env *fp)
{
    return mxcsr_to_flags(mxcsr_read());
}

void fp_set_flags(struct fp_env *fp, uint64_t flags)
{
    mxcsr_write(mxcsr_of_mode(fp->host_rm) | mxcsr_from_flags((uint32_t)flags & 31));
}

void fp_set_rm(struct fp_env *fp, uint64_t rm)
{
    fp->rm = rm & 7;
    fp_load_mode(fp, fp->rm <= FP_RUP ? fp->rm : FP_RNE);
}

void fp_raise(struct fp_env *fp, uint32_t flags)
{
    uint32_t now = mxcsr_read(), wanted = now | mxcsr_from_flags(flags);
    if (wanted != now)
        mxcsr_write(wanted);
}

void fp_fma_nan(struct fp_env *fp, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t inf = bits == 32 ? FP_INF_f32 : FP_INF_f64, size = bits == 32 ? 0x7fffffff : INT64_MAX;
    a &= size;
    b &= size;
    if ((a == inf && b == 0) || (a == 0 && b == inf))
        fp_raise(fp, FP_NV);
}

/* ---- other modes ----------------------------------------------------------------------------- */

static unsigned fp_resolve_mode(const struct fp_env *fp, unsigned rm)
{
    unsigned mode = rm == FP_DYN ? fp->rm : rm;
    CHECK(mode <= FP_RMM, "rounding mode %u (dynamic mode %u) reached arithmetic unchecked", rm,
          fp->rm);
    return mode;
}

static const struct fp_format *fp_format_of(unsigned bits)
{
    return bits == 32 ? &fp_binary32 : &fp_binary64;
}

static uint64_t fp_soft_arith(struct fp_env *fp, enum fp_op op, unsigned bits, uint64_t a,
                              uint64_t b, uint64_t c, unsigned rm)
{
    const struct fp_format *f = fp_format_of(bits);
    uint32_t flags = 0;
    uint64_t r = 0;
    switch (op) {
    case FP_OP_add:
        r = fp_soft_add(f, a, b, rm, &flags);
        break;
    case FP_OP_sub:
        r = fp_soft_sub(f, a, b, rm, &flags);
        break;
    case FP_OP_mul:
        r = fp_soft_mul(f, a, b, rm, &flags);
        break;
    case FP_OP_div:
        r = fp_soft_div(f, a, b, rm, &flags);
        break;
    case FP_OP_sqrt:
        r = fp_soft_sqrt(f, a, rm, &flags);
        break;
    case FP_OP_fma:
        r = fp_soft_fma(f, a, b, c, rm, &flags);
        break;
    case FP_OP_narrow:
        r = fp_soft_narrow(a, rm, &flags);
        break;
    }
    fp_raise(fp, flags);
    return r;
}

/* With MXCSR in mode rm. */
static uint64_t fp_host_arith(struct fp_env *fp, enum fp_op op, unsigned bits, uint64_t a,
                              uint64_t b, uint64_t c, unsigned rm)
{
    uint32_t a32 = (uint32_t)a, b32 = (uint32_t)b, c32 = (uint32_t)c;
    bool single = bits == 32;
    switch (op) {
    case FP_OP_add:
        return single ? fp_add_f32(fp, a32, b32, rm) : fp_add_f64(fp, a, b, rm);
    case FP_OP_sub:
        return single ? fp_sub_f32(fp, a32, b32, rm) : fp_sub_f64(fp, a, b, rm);
    case FP_OP_mul:
        return single ? fp_mul_f32(fp, a32, b32, rm) : fp_mul_f64(fp, a, b, rm);
    case FP_OP_div:
        return single ? fp_div_f32(fp, a32, b32, rm) : fp_div_f64(fp, a, b, rm);
    case FP_OP_sqrt:
        return single ? fp_sqrt_f32(fp, a32, rm) : fp_sqrt_f64(fp, a, rm);
    case FP_OP_fma:
        return single ? fp_fma_f32(fp, a32, b32, c32, rm) : fp_fma_f64(fp, a, b, c, rm);
    case FP_OP_narrow:
        return fp_narrow(fp, a, rm);
    }
    CHECK(false, "floating-point operation %d", (int)op);
    return 0;
}

/* The mode stays loaded: whoever needs another one comes here too. */
uint64_t fp_slow_arith(struct fp_env *fp, enum fp_op op, unsigned bits, uint64_t a, uint64_t b,
                       uint64_t c, unsigned rm)
{
    unsigned mode = fp_resolve_mode(fp, rm);
    if (mode == FP_RMM || (op == FP_OP_fma && !fp->host_fma))
        return fp_soft_arith(fp, op, bits, a, b, c, mode);
    if (mode != fp->host_rm)
        fp_load_mode(fp, mode);
    return fp_host_arith(fp, op, bits, a, b, c, mode);
}

uint64_t fp_slow_to_int(struct fp_env *fp, unsigned bits, uint64_t a, unsigned int_bits,
                        bool is_signed, unsigned rm)
{
    uint32_t flags = 0;
    uint64_t r =
        fp_soft_to_int(fp_format_of(bits), a, int_bits, is_signed, fp_resolve_mode(fp, rm), &flags);
    fp_raise(fp, flags);
    return r;
}

uint64_t fp_slow_from_int(struct fp_env *fp, unsigned bits, uint64_t v, bool is_signed, unsigned rm)
{
    uint32_t flags = 0;
    uint64_t r =
        fp_soft_from_int(fp_format_of(bits), v, is_signed, fp_resolve_mode(fp, rm), &flags);
    fp_raise(fp, flags);
    return r;
}
