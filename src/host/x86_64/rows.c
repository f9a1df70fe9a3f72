/* The tables that x86.def and operands.def give, and the choice of a form. */
#include "host/x86_64/encode.h"

/* ---- tables ---------------------------------------------------------------------------------- */

enum { SAME = 1 };
const struct x86_notation x86_notations[OPERAND_COUNT] = {
#define OPERAND(name, role, same, bytes, classes) {classes, ROLE_##role, same, bytes},
#include "operands.def"
#undef OPERAND
};

/* What x86.def writes in its columns ext, W and extra besides numbers. */
enum { R = EXT_R, V = W_V, LOCK = FORM_LOCK, MASK = FORM_MASK, ER = FORM_ER, SAE = FORM_SAE };

#define F(o1, o2, o3, o4, encoding, prefix, map, opcode, ext, w, feature, extra)                   \
    {{OPERAND_##o1, OPERAND_##o2, OPERAND_##o3, OPERAND_##o4},                                     \
     ENC_##encoding,                                                                               \
     PREFIX_##prefix,                                                                              \
     MAP_##map,                                                                                    \
     opcode,                                                                                       \
     ext,                                                                                          \
     w,                                                                                            \
     HOST_##feature,                                                                               \
     extra},
#define INSN(name, reads, writes, ...) static const struct x86_form forms_##name[] = {__VA_ARGS__};
#include "x86.def"
#undef INSN
#undef F

enum {
    FLAGS__ = 0,
    FLAGS_O = X86_OF,
    FLAGS_S = X86_SF,
    FLAGS_Z = X86_ZF,
    FLAGS_P = X86_PF,
    FLAGS_C = X86_CF,
    FLAGS_ZC = X86_ZF | X86_CF,
    FLAGS_OC = X86_OF | X86_CF,
    FLAGS_OS = X86_OF | X86_SF,
    FLAGS_OSZ = X86_OF | X86_SF | X86_ZF,
    FLAGS_OSAPC = X86_OF | X86_SF | X86_AF | X86_PF | X86_CF,
    FLAGS_OSZAP = X86_OF | X86_SF | X86_ZF | X86_AF | X86_PF,
    FLAGS_OSZAPC = FLAGS_OSZAP | X86_CF,
};

const struct x86_mnemonic x86_mnemonics[X86_INSN_COUNT] = {
#define INSN(name, reads, writes, ...)                                                             \
    {#name, forms_##name, ARRAY_LEN(forms_##name), FLAGS_##reads, FLAGS_##writes},
#include "x86.def"
#undef INSN
};

/* x86_setcc and its like add the condition to the first of the family. */
_Static_assert(X86_setnle == X86_seto + X86_NLE && X86_setz == X86_seto + X86_Z,
               "order of x86.def");
_Static_assert(X86_cmovnle == X86_cmovo + X86_NLE && X86_cmovz == X86_cmovo + X86_Z,
               "order of x86.def");
_Static_assert(X86_jnle == X86_jo + X86_NLE && X86_jz == X86_jo + X86_Z, "order of x86.def");
_Static_assert(X86_INSN_COUNT < X86_LOCK, "mnemonics and the lock bit share a word");

static const struct x86_mnemonic *mnemonic(enum x86_insn insn)
{
    unsigned i = insn & ~(unsigned)X86_LOCK;
    CHECK(i < X86_INSN_COUNT, "no mnemonic %u", i);
    return &x86_mnemonics[i];
}

const char *x86_insn_name(enum x86_insn insn)
{
    return mnemonic(insn)->name;
}

unsigned x86_flags_read(enum x86_insn insn)
{
    return mnemonic(insn)->flags_read;
}

unsigned x86_flags_written(enum x86_insn insn)
{
    return mnemonic(insn)->flags_written;
}

/* ---- classes of an actual operand ------------------------------------------------------------ */

static uint32_t gpr_classes(const struct x86_operand *o)
{
    switch (o->size) {
    case 1:
        return C_R8 | (o->reg == X86_RAX ? C_AL : 0) | (o->reg == X86_RCX ? C_CL : 0);
    case 2:
        return C_R16 | (o->reg == X86_RAX ? C_ACC : 0);
    case 4:
        return C_R32 | (o->reg == X86_RAX ? C_ACC : 0);
    case 8:
        return C_R64 | (o->reg == X86_RAX ? C_ACC : 0);
    default:
        return 0;
    }
}

static uint32_t vector_classes(const struct x86_operand *o)
{
    switch (o->size) {
    case 16:
        return o->reg >= 16 ? C_XH : o->reg >= 8 ? C_X8 : C_X0;
    case 32:
        return o->reg >= 16 ? C_YH : o->reg >= 8 ? C_Y8 : C_Y0;
    case 64:
        return C_Z;
    default:
        return 0;
    }
}

static uint32_t memory_classes(const struct x86_operand *o)
{
    bool known = o->size == 0 || (o->size & (o->size - 1)) == 0;
    return !known || o->size > 64 ? 0 : o->size == 0 ? C_M0 : C_M8 << __builtin_ctz(o->size);
}

/* The same bits as a signed number of `size` bytes, if they have no more. */
static int64_t immediate_value(int64_t value, unsigned size)
{
    unsigned spare = 64 - 8 * size;
    bool wide = size >= 8 || size == 0 ||
                (value != (int64_t)((uint64_t)value << spare >> spare) &&
                 value != (int64_t)((uint64_t)value << spare) >> spare);
    return wide ? value : (int64_t)((uint64_t)value << spare) >> spare;
}

static uint32_t immediate_classes(const struct x86_operand *o, const struct x86_operand *first)
{
    bool sized = first->kind >= X86_OPERAND_MEM && first->kind <= X86_OPERAND_MEM_HOST;
    sized |= first->kind == X86_OPERAND_GPR;
    int64_t v = immediate_value(o->value, sized ? first->size : 0);
    return C_I64 | (v == (int32_t)v ? C_I32 : 0) |
           (v == (int16_t)v || v == (uint16_t)v ? C_I16 : 0) | (v == (int8_t)v ? C_I8 : 0) |
           (v == (uint8_t)v ? C_U8 : 0) | (v == 1 ? C_ONE : 0);
}

static uint32_t label_classes(const struct host_code *c, const struct x86_operand *o)
{
    int64_t place = host_label_place(c, (uint32_t)o->value);
    int64_t distance = place - ((int64_t)c->pos + 2); /* of a jump of two bytes */
    return C_J32 | (place >= 0 && distance >= INT8_MIN ? C_J8 : 0);
}

uint32_t x86_operand_classes(const struct host_code *c, const struct x86_operand *o,
                             const struct x86_operand *first)
{
    switch (o->kind) {
    case X86_OPERAND_GPR:
        return gpr_classes(o);
    case X86_OPERAND_VECTOR:
        return vector_classes(o);
    case X86_OPERAND_MASK:
        return C_K;
    case X86_OPERAND_MEM:
    case X86_OPERAND_MEM_LABEL:
    case X86_OPERAND_MEM_HOST:
        return memory_classes(o);
    case X86_OPERAND_IMM:
        return immediate_classes(o, first);
    case X86_OPERAND_LABEL:
        return label_classes(c, o);
    case X86_OPERAND_LABEL_NEAR:
        return C_J8;
    case X86_OPERAND_LABEL_FAR:
        return C_J32;
    case X86_OPERAND_HOST:
        return C_J32 | C_I64;
    default:
        return 0;
    }
}

unsigned x86_operand_range(const struct host_code *c, const struct x86_operand *o,
                           const struct x86_operand *first)
{
    switch (o->kind) {
    case X86_OPERAND_VECTOR:
        return o->reg >> 3;
    case X86_OPERAND_IMM:
        return immediate_classes(o, first) / C_I8;
    case X86_OPERAND_LABEL:
        return label_classes(c, o) / C_J8;
    default:
        return 0;
    }
}

/* ---- the choice of a form -------------------------------------------------------------------- */

/* Rounding takes the place of the vector length, so vectors then have 64 bytes. size: operand size.
 */
static bool decorations_fit(const struct x86_form *f, const struct x86_operand *ops, unsigned size)
{
    const struct x86_operand *o = &ops[0];
    bool rounded_ok =
        o->round == X86_NO_ROUND || f->extra & (o->round == X86_SAE ? FORM_SAE : FORM_ER);
    bool memory = false;
    for (unsigned i = 0; i < X86_MAX_OPERANDS; i++)
        memory |= ops[i].kind >= X86_OPERAND_MEM && ops[i].kind <= X86_OPERAND_MEM_HOST;
    return rounded_ok && !(o->round && (memory || size == 16 || size == 32)) &&
           (o->mask == 0 || f->extra & FORM_MASK) &&
           !(o->zero && (o->mask == 0 || o->kind != X86_OPERAND_VECTOR));
}

bool x86_form_fits(const struct x86_form *f, const struct x86_operand *ops, const uint32_t *classes,
                   uint64_t features, unsigned *size)
{
    uint32_t allowed = f->encoding == ENC_EVEX ? ~0u : ~(uint32_t)C_EVEX_ONLY;
    unsigned same = 0;

    for (unsigned i = 0; i < X86_MAX_OPERANDS; i++) {
        const struct x86_notation *n = &x86_notations[f->operands[i]];
        if (n->role == ROLE_NONE) {
            if (ops[i].kind != X86_OPERAND_NONE)
                return false;
            break;
        }
        if (!(classes[i] & n->classes & allowed))
            return false;
        if (n->same && same && same != ops[i].size)
            return false;
        if (n->same)
            same = ops[i].size;
        if (f->operands[i] == OPERAND_Iz && same == 2 && !(classes[i] & C_I16))
            return false;
    }
    *size = same;
    if (!(features >> f->feature & 1))
        return false;
    if (f->encoding == ENC_EVEX && (same == 16 || same == 32) && !(features >> HOST_AVX512VL & 1))
        return false;
    return !(ops[0].mask | ops[0].round | ops[0].zero) || decorations_fit(f, ops, same);
}
