/* From a row of x86.def and operands to bytes (SDM vol. 2A, chapter 2), and the instructions that
 * are more than a row: immediates, nops, calls of helpers.
 *
 * Not handled: ah to bh, 16- and 32-bit addressing, gathers (an index in a vector register), EVEX
 * broadcast of memory, immediates in place of a register (is4).
 */
#include "host/x86_64/encode.h"

#include <string.h>

/* The registers of an instruction, as they are spread over its bytes. */
struct fields {
    unsigned reg;   /* ModRM.reg and its extensions: register or digit */
    unsigned base;  /* ModRM.rm, SIB.base or the opcode's low bits; 0 if nothing stands there */
    unsigned index; /* SIB.index, or 0 */
    unsigned vvvv;
};

static bool is_memory(const struct x86_operand *o)
{
    return o->kind >= X86_OPERAND_MEM && o->kind <= X86_OPERAND_MEM_HOST;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static void place_operand(struct x86_shape *s, unsigned number, const struct x86_operand *o,
                          unsigned size)
{
    unsigned notation = s->form->operands[number];
    switch (x86_notations[notation].role) {
    case ROLE_RM:
        s->base = (uint8_t)number;
        s->modrm = MODRM_OPERAND;
        s->disp_shift = s->form->encoding == ENC_EVEX && o->size ? __builtin_ctz(o->size) & 15 : 0;
        break;
    case ROLE_REG:
        s->reg = (uint8_t)number;
        break;
    case ROLE_VVVV:
        s->vvvv = (uint8_t)number;
        break;
    case ROLE_OPCODE:
        s->base = (uint8_t)number;
        break;
    case ROLE_IMM:
    case ROLE_REL:
        s->imm = (uint8_t)number;
        s->imm_bytes =
            (notation == OPERAND_Iz && size == 2 ? 2 : x86_notations[notation].bytes) & 15;
        break;
    default:
        return;
    }
    if (o->kind == X86_OPERAND_GPR && o->size == 1)
        s->byte_regs |= (uint8_t)(1 << number);
}

/* What stands before and after REX in a legacy form. */
static void shape_legacy(struct x86_shape *s, unsigned size, bool lock)
{
    static const uint8_t mandatory[] = {0, 0x66, 0xf3, 0xf2};
    const struct x86_form *form = s->form;
    const uint8_t escapes[] = {0x0f, form->map == MAP_M38 ? 0x38 : 0x3a};
    unsigned n_escapes = form->map == MAP_M0 ? 0 : form->map == MAP_MF ? 1 : 2;

    if (size == 2)
        s->prefixes[s->n_prefixes++] = 0x66;
    if (lock)
        s->prefixes[s->n_prefixes++] = 0xf0;
    if (form->prefix != PREFIX_NP)
        s->prefixes[s->n_prefixes++] = mandatory[form->prefix];
    memcpy(s->opcode, escapes, n_escapes);
    s->opcode[n_escapes] = form->opcode;
    s->n_opcode = (uint8_t)(n_escapes + 1);
}

void x86_shape_make(struct x86_shape *s, const struct x86_form *form, const struct x86_operand *ops,
                    unsigned size, bool lock)
{
    *s = (struct x86_shape){
        .form = form, .base = NO_OPERAND, .reg = NO_OPERAND, .vvvv = NO_OPERAND, .imm = NO_OPERAND};
    s->encoding = form->encoding & 15;
    for (unsigned i = 0; i < X86_MAX_OPERANDS && form->operands[i] != OPERAND__; i++)
        place_operand(s, i, &ops[i], size);
    if (form->ext != EXT_R && s->modrm == MODRM_OPERAND)
        s->digit = form->ext & 7;
    else if (form->ext != EXT_R)
        s->modrm = MODRM_FIXED;
    s->w = form->w == W_V ? size == 8 : form->w == W_1;
    s->length = size == 64 ? 2 : size == 32 ? 1 : 0;
    if (form->encoding == ENC_LEG)
        shape_legacy(s, size, lock);
}

/* ---- prefixes and opcode --------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, unsigned byte)
{
    *at = (uint8_t)byte;
    return at + 1;
}

/* spl, bpl, sil, dil: a REX prefix though it has no bit set. */
static bool needs_rex(const struct x86_shape *s, const struct x86_operand *ops)
{
    for (unsigned left = s->byte_regs; left; left &= left - 1)
        if (ops[__builtin_ctz(left)].reg >= X86_RSP)
            return true;
    return false;
}

static uint8_t *put_legacy(uint8_t *at, const struct x86_shape *s, const struct fields *f,
                           const struct x86_operand *ops)
{
    unsigned rex = (unsigned)s->w << 3 | (f->reg >> 3 & 1) << 2 | (f->index >> 3 & 1) << 1 |
                   (f->base >> 3 & 1);

    memcpy(at, s->prefixes, sizeof(s->prefixes)); /* of which n_prefixes count */
    at += s->n_prefixes;
    *at = (uint8_t)(0x40 | rex);
    at += rex != 0 || needs_rex(s, ops);
    memcpy(at, s->opcode, sizeof(s->opcode));
    at += s->n_opcode;
    if (s->modrm == MODRM_NONE)
        at[-1] = (uint8_t)(at[-1] + (f->base & 7));
    return at;
}

/* Register bits stand inverted in VEX and EVEX. */
static uint8_t *put_vex(uint8_t *at, const struct x86_shape *s, const struct fields *f)
{
    const struct x86_form *form = s->form;
    unsigned r = ~f->reg >> 3 & 1, x = ~f->index >> 3 & 1, b = ~f->base >> 3 & 1;
    unsigned last = (~f->vvvv & 15) << 3 | (unsigned)s->length << 2 | form->prefix;

    if (x && b && !s->w && form->map == MAP_MF) {
        at = put(at, 0xc5);
        at = put(at, r << 7 | last);
    } else {
        at = put(at, 0xc4);
        at = put(at, r << 7 | x << 6 | b << 5 | form->map);
        at = put(at, (unsigned)s->w << 7 | last);
    }
    return put(at, form->opcode);
}

static uint8_t *put_evex(uint8_t *at, const struct x86_shape *s, const struct fields *f,
                         const struct x86_operand *ops)
{
    const struct x86_form *form = s->form;
    const struct x86_operand *first = &ops[0];
    bool vector_rm = s->modrm == MODRM_OPERAND && !is_memory(&ops[s->base]);
    unsigned r = ~f->reg >> 3 & 1, r4 = ~f->reg >> 4 & 1, b = ~f->base >> 3 & 1;
    unsigned x = vector_rm ? ~f->base >> 4 & 1 : ~f->index >> 3 & 1, v4 = ~f->vvvv >> 4 & 1;
    unsigned length =
        first->round && first->round != X86_SAE ? first->round - X86_ROUND_NEAREST : s->length;

    at = put(at, 0x62);
    at = put(at, r << 7 | x << 6 | b << 5 | r4 << 4 | form->map);
    at = put(at, (unsigned)s->w << 7 | (~f->vvvv & 15) << 3 | 4 | form->prefix);
    at = put(at, (unsigned)first->zero << 7 | length << 5 | (unsigned)(first->round != 0) << 4 |
                     v4 << 3 | first->mask);
    return put(at, form->opcode);
}

/* ---- ModRM, immediates ----------------------------------------------------------------------- */

/* The lowest bytes of a value. All of them are written: there is X86_ROOM. */
static uint8_t *put_value(uint8_t *at, uint64_t value, unsigned bytes)
{
    memcpy(at, &value, sizeof(value));
    return at + bytes;
}

static uint8_t *put_reference(uint8_t *at, const struct x86_operand *o, unsigned bytes,
                              struct x86_bytes *out)
{
    bool host = o->kind == X86_OPERAND_HOST || o->kind == X86_OPERAND_MEM_HOST;
    out->ref = host ? REF_HOST : REF_LABEL;
    out->ref_at = (uint8_t)(at - out->data);
    out->ref_size = (uint8_t)bytes;
    out->id = o->id;
    out->value = o->value;
    return put_value(at, 0, bytes);
}

/* How many bytes the displacement takes: 0, 1 (then *disp is scaled) or 4. In EVEX a byte counts in
 * units of the access (SDM vol. 2A, 2.7.5). */
static unsigned displacement_bytes(unsigned shift, const struct x86_operand *o, int32_t *disp)
{
    int32_t scaled = *disp >> shift;
    if (*disp == 0 && (o->reg & 7) != X86_RBP)
        return 0;
    if (scaled << shift != *disp || scaled != (int8_t)scaled)
        return 4;
    *disp = scaled;
    return 1;
}

static uint8_t *put_memory(uint8_t *at, const struct x86_shape *s, const struct fields *f,
                           const struct x86_operand *o)
{
    unsigned reg = (f->reg & 7) << 3, base = f->base & 7;
    int32_t disp = (int32_t)o->value;
    bool indexed = o->index != X86_NO_REG;
    unsigned sib = indexed ? (unsigned)o->scale << 6 | (f->index & 7) << 3 : 4 << 3;

    CHECK(o->index != X86_RSP, "rsp cannot be an index");
    if (o->reg == X86_NO_REG) { /* SIB without a base: 32-bit displacement */
        at = put(at, reg | 4);
        at = put(at, sib | 5);
        return put_value(at, (uint32_t)disp, 4);
    }
    unsigned bytes = displacement_bytes(s->disp_shift, o, &disp);
    unsigned mod = bytes == 4 ? 0x80 : bytes << 6;
    if (indexed || base == X86_RSP) {
        at = put(at, mod | reg | 4);
        at = put(at, sib | base);
    } else {
        at = put(at, mod | reg | base);
    }
    return put_value(at, (uint32_t)disp, bytes);
}

static uint8_t *put_modrm(uint8_t *at, const struct x86_shape *s, const struct fields *f,
                          const struct x86_operand *o, struct x86_bytes *out)
{
    if (o->kind == X86_OPERAND_MEM)
        return put_memory(at, s, f, o);
    if (!is_memory(o))
        return put(at, 0xc0 | (f->reg & 7) << 3 | (f->base & 7));
    at = put(at, (f->reg & 7) << 3 | 5);
    return put_reference(at, o, 4, out);
}

/* ---- one instruction ------------------------------------------------------------------------- */

static uint8_t *put_opcode(uint8_t *at, const struct x86_shape *s, const struct fields *f,
                           const struct x86_operand *ops)
{
    if (LIKELY(s->encoding == ENC_LEG))
        return put_legacy(at, s, f, ops);
    return s->encoding == ENC_VEX ? put_vex(at, s, f) : put_evex(at, s, f, ops);
}

/* [index*1] is shorter as [base]. */
static bool is_index_alone(const struct x86_operand *o)
{
    return o->kind == X86_OPERAND_MEM && o->reg == X86_NO_REG && o->index != X86_NO_REG &&
           o->scale == 0;
}

void x86_encode(const struct x86_shape *s, const struct x86_operand *ops, struct x86_bytes *out)
{
    const struct x86_operand *rm = &ops[s->base], *imm = &ops[s->imm];
    struct x86_operand based;
    uint8_t *at = out->data;

    if (UNLIKELY(is_index_alone(rm))) {
        based = *rm;
        based.reg = rm->index;
        based.index = X86_NO_REG;
        rm = &based;
    }
    const struct fields f = {.reg = ops[s->reg].reg | s->digit,
                             .base = rm->reg == X86_NO_REG ? 0 : rm->reg,
                             .index = rm->index == X86_NO_REG ? 0 : rm->index,
                             .vvvv = ops[s->vvvv].reg};
    out->ref = REF_NONE;
    if (rm->segment)
        at = put(at, rm->segment == X86_FS ? 0x64 : 0x65);
    at = put_opcode(at, s, &f, ops);
    if (s->modrm == MODRM_OPERAND)
        at = put_modrm(at, s, &f, rm, out);
    else if (s->modrm == MODRM_FIXED)
        at = put(at, s->form->ext);
    if (imm->kind == X86_OPERAND_IMM)
        at = put_value(at, (uint64_t)imm->value, s->imm_bytes);
    else if (imm->kind != X86_OPERAND_NONE)
        at = put_reference(at, imm, s->imm_bytes, out);
    out->n = (uint8_t)(at - out->data);
}

static _Noreturn void no_form(enum x86_insn insn, const struct x86_operand *ops)
{
    char text[200];
    size_t n = 0;
    for (unsigned i = 0; i < X86_MAX_OPERANDS && ops[i].kind; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, " (kind %u size %u reg %u value %#lx)",
                              ops[i].kind, ops[i].size, ops[i].reg, (unsigned long)ops[i].value);
    base_check_failed(__FILE__, __LINE__, "a form fits", "%s%s%s", insn & X86_LOCK ? "lock " : "",
                      x86_insn_name(insn), text);
}

/* The first form that fits, and the operand size. */
static const struct x86_form *find_form(const struct host_code *c, enum x86_insn insn,
                                        const struct x86_operand *ops, const uint32_t *classes,
                                        unsigned *size)
{
    const struct x86_mnemonic *m = &x86_mnemonics[insn & ~(unsigned)X86_LOCK];
    for (const struct x86_form *f = m->forms; f < m->forms + m->n_forms; f++) {
        bool lockable = f->extra & FORM_LOCK && is_memory(&ops[0]);
        if (x86_form_fits(f, ops, classes, c->features, size) && (lockable || !(insn & X86_LOCK)))
            return f;
    }
    no_form(insn, ops);
}

/* Finds the shape for operands without the help of what was found before. */
static SELDOM void find_shape(const struct host_code *c, enum x86_insn insn,
                              const struct x86_operand *ops, struct x86_shape *s)
{
    uint32_t classes[X86_MAX_OPERANDS] = {0};
    unsigned size;

    for (unsigned i = 0; i < X86_MAX_OPERANDS && ops[i].kind; i++)
        classes[i] = x86_operand_classes(c, &ops[i], &ops[0]);
    const struct x86_form *form = find_form(c, insn, ops, classes, &size);
    x86_shape_make(s, form, ops, size, insn & X86_LOCK);
}

enum { OPERAND_KEY_BITS = 13, INSN_KEY_BITS = 11 };
_Static_assert(X86_OPERAND_HOST < 1 << 4 && C_ONE / C_I8 << 5 <= 1 << OPERAND_KEY_BITS &&
                   64 << 6 < 1 << OPERAND_KEY_BITS && X86_INSN_COUNT < 1 << INSN_KEY_BITS,
               "what stands in an operand's key and in that of all");

static uint64_t operand_key(const struct host_code *c, const struct x86_operand *o,
                            const struct x86_operand *first)
{
    unsigned range = 0;
    if (o->kind == X86_OPERAND_GPR)
        range = o->reg <= X86_RCX ? o->reg + 1u : 0;
    else if (o->kind != X86_OPERAND_MEM)
        range = x86_operand_range(c, o, first);
    return o->kind | range << 4 | (unsigned)o->size << 6;
}

/* The mnemonic and the kinds, sizes and classes of all operands in one number, which is not 0: if
 * it is the same for other operands without decorations, so is the shape. */
static uint64_t operands_key(const struct host_code *c, enum x86_insn insn,
                             const struct x86_operand *ops)
{
    uint64_t key = insn % X86_LOCK + 1;
    for (unsigned i = 0; i < X86_MAX_OPERANDS && ops[i].kind; i++)
        key = key << OPERAND_KEY_BITS | operand_key(c, &ops[i], &ops[0]);
    return key << 1 | (insn & X86_LOCK) / X86_LOCK;
}

/* The same by what was found last for such operands. */
static const struct x86_shape *look_up_shape(struct host_code *c, enum x86_insn insn,
                                             const struct x86_operand *ops)
{
    uint64_t key = operands_key(c, insn, ops);
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    struct host_found_shape *found = &c->found[hash >> 56 & (HOST_FOUND_SHAPES - 1)];
    if (UNLIKELY(c->found_for != c->features)) {
        memset(c->found, 0, sizeof(c->found));
        c->found_for = c->features;
    }
    if (UNLIKELY(found->key != key)) {
        find_shape(c, insn, ops, &found->shape);
        found->key = key;
    }
    return &found->shape;
}

void x86_emit_operands(struct host_code *c, enum x86_insn insn, const struct x86_operand *ops)
{
    struct x86_bytes bytes = {.data = host_code_room(c)};
    bool decorated = ops[0].mask | ops[0].round | ops[0].zero;

    if (UNLIKELY(decorated)) {
        struct x86_shape shape;
        find_shape(c, insn, ops, &shape);
        x86_encode(&shape, ops, &bytes);
    } else {
        x86_encode(look_up_shape(c, insn, ops), ops, &bytes);
    }
    host_code_insn(c, &bytes);
}

void x86_emit0(struct host_code *c, enum x86_insn insn)
{
    static const struct x86_operand none[X86_OPERANDS];
    x86_emit_operands(c, insn, none);
}

/* ---- more than a row ------------------------------------------------------------------------- */

void x86_mov_imm(struct host_code *c, enum x86_reg reg, uint64_t value)
{
    bool zero_extended = value == (uint32_t)value;
    x86_emit(c, X86_mov, x86_gpr(zero_extended ? 4 : 8, reg), x86_imm((int64_t)value));
}

void x86_zero(struct host_code *c, enum x86_reg reg)
{
    x86_emit(c, X86_xor, x86_r32(reg), x86_r32(reg));
}

void x86_nop(struct host_code *c, size_t n)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (n > 0) {
        size_t len = MIN(n, ARRAY_LEN(nops));
        host_code_bytes(c, nops[len - 1], len);
        n -= len;
    }
}

void x86_jump(struct host_code *c, enum x86_insn insn, struct x86_operand to)
{
    struct x86_bytes bytes = {.data = host_code_room(c)};
    uint8_t *at = bytes.data;

    if (insn == X86_call || insn == X86_jmp) {
        at = put(at, insn == X86_call ? 0xe8 : 0xe9);
    } else {
        at = put(at, 0x0f);
        at = put(at, 0x80 + (insn - X86_jo));
    }
    at = put_reference(at, &to, 4, &bytes);
    bytes.n = (uint8_t)(at - bytes.data);
    host_code_insn(c, &bytes);
}

void x86_call_host(struct host_code *c, enum x86_insn insn, uint64_t address, unsigned id)
{
    CHECK(insn == X86_call || insn == X86_jmp, "%s calls nobody", x86_insn_name(insn));
    if (host_code_reaches(c, address))
        x86_jump(c, insn, x86_host(address, id));
    else
        x86_emit(c, insn, host_constant_address(c, address, id));
}
