/* From a row of x86.def and operands to bytes (SDM vol. 2A, chapter 2), and the instructions that
 * are more than a row: immediates, nops, calls of helpers.
 *
 * Not handled: ah to bh, 16- and 32-bit addressing, gathers (an index in a vector register), EVEX
 * broadcast of memory, immediates in place of a register (is4).
 */
#include "host/x86_64/encode.h"

#include <string.h>

/* The fields of an encoding, collected from the operands by their roles. */
struct fields {
    const struct x86_form *form;
    const struct x86_operand *rm; /* NULL: no ModRM operand */
    struct x86_operand based;     /* rm, if it had to be rewritten */
    uint8_t reg;                  /* ModRM.reg and its extensions: register or digit */
    uint8_t vvvv;
    uint8_t opcode_reg;
    bool byte_rex; /* spl, bpl, sil, dil: a REX prefix though it has no bit set */
    bool modrm;
    bool w;
    uint8_t length; /* vector length: 0 128, 1 256, 2 512 */
    const struct x86_operand *imm;
    uint8_t imm_bytes;
};

static bool is_memory(const struct x86_operand *o)
{
    return o->kind >= X86_OPERAND_MEM && o->kind <= X86_OPERAND_MEM_HOST;
}

static void put(struct x86_bytes *out, unsigned byte)
{
    out->data[out->n++] = (uint8_t)byte;
}

static void put_value(struct x86_bytes *out, uint64_t value, unsigned bytes)
{
    memcpy(out->data + out->n, &value,
           sizeof(value)); /* data has room for it, of which `bytes` count */
    out->n = (uint8_t)(out->n + bytes);
}

static void put_reference(struct x86_bytes *out, const struct x86_operand *o, unsigned bytes)
{
    bool host = o->kind == X86_OPERAND_HOST || o->kind == X86_OPERAND_MEM_HOST;
    out->ref = host ? REF_HOST : REF_LABEL;
    out->ref_at = out->n;
    out->ref_size = (uint8_t)bytes;
    out->id = o->id;
    out->value = o->value;
    put_value(out, 0, bytes);
}

/* ---- collecting ------------------------------------------------------------------------------ */

static void collect_rm(struct fields *f, const struct x86_operand *o)
{
    f->rm = o;
    if (o->kind == X86_OPERAND_MEM && o->reg == X86_NO_REG && o->index != X86_NO_REG &&
        o->scale == 0) {
        f->based = *o; /* [index*1] is shorter as [base] */
        f->based.reg = o->index;
        f->based.index = X86_NO_REG;
        f->rm = &f->based;
    }
}

static void collect_operand(struct fields *f, const struct x86_notation *n,
                            const struct x86_operand *o)
{
    switch (n->role) {
    case ROLE_RM:
        collect_rm(f, o);
        break;
    case ROLE_REG:
        f->reg = o->reg;
        break;
    case ROLE_VVVV:
        f->vvvv = o->reg;
        break;
    case ROLE_OPCODE:
        f->opcode_reg = o->reg;
        break;
    case ROLE_IMM:
    case ROLE_REL:
        f->imm = o;
        f->imm_bytes = n->bytes;
        break;
    }
    if (o->kind == X86_OPERAND_GPR && o->size == 1 && o->reg >= X86_RSP && n->role != ROLE_IMPLIED)
        f->byte_rex = true;
}

static void collect(struct fields *f, const struct x86_form *form, const struct x86_operand *ops,
                    unsigned size)
{
    *f = (struct fields){.form = form};
    for (unsigned i = 0; i < X86_MAX_OPERANDS && form->operands[i] != OPERAND__; i++) {
        collect_operand(f, &x86_notations[form->operands[i]], &ops[i]);
        if (form->operands[i] == OPERAND_Iz && size == 2)
            f->imm_bytes = 2;
    }
    if (form->ext != EXT_R)
        f->reg = form->ext & 7;
    f->modrm = f->rm || form->ext != EXT_R;
    f->w = form->w == W_V ? size == 8 : form->w == W_1;
    f->length = size == 64 ? 2 : size == 32 ? 1 : 0;
}

/* Bit 3 of what stands in ModRM.rm or SIB.base or the opcode, and of SIB.index. */
static bool extend_b(const struct fields *f)
{
    unsigned reg = f->opcode_reg;
    if (f->rm)
        reg = f->rm->kind > X86_OPERAND_MEM || f->rm->reg == X86_NO_REG ? 0 : f->rm->reg;
    return reg >> 3 & 1;
}

static bool extend_x(const struct fields *f)
{
    bool index = f->rm && f->rm->kind == X86_OPERAND_MEM && f->rm->index != X86_NO_REG;
    return index && f->rm->index >> 3 & 1;
}

/* ---- prefixes and opcode --------------------------------------------------------------------- */

static void put_legacy(struct x86_bytes *out, const struct fields *f, unsigned size, bool lock)
{
    static const uint8_t mandatory[] = {0, 0x66, 0xf3, 0xf2};
    const struct x86_form *form = f->form;
    unsigned rex =
        (unsigned)f->w << 3 | (f->reg >> 3 & 1u) << 2 | (unsigned)extend_x(f) << 1 | extend_b(f);

    if (size == 2)
        put(out, 0x66);
    if (lock)
        put(out, 0xf0);
    if (form->prefix != PREFIX_NP)
        put(out, mandatory[form->prefix]);
    if (rex || f->byte_rex)
        put(out, 0x40 | rex);
    if (form->map != MAP_M0)
        put(out, 0x0f);
    if (form->map == MAP_M38)
        put(out, 0x38);
    if (form->map == MAP_M3A)
        put(out, 0x3a);
    put(out, form->opcode + (f->opcode_reg & 7u));
}

/* Register bits stand inverted in VEX and EVEX. */
static void put_vex(struct x86_bytes *out, const struct fields *f)
{
    const struct x86_form *form = f->form;
    unsigned r = ~f->reg >> 3 & 1, x = !extend_x(f), b = !extend_b(f);
    unsigned last = (~f->vvvv & 15u) << 3 | (unsigned)f->length << 2 | form->prefix;

    if (x && b && !f->w && form->map == MAP_MF) {
        put(out, 0xc5);
        put(out, r << 7 | last);
    } else {
        put(out, 0xc4);
        put(out, r << 7 | x << 6 | b << 5 | form->map);
        put(out, (unsigned)f->w << 7 | last);
    }
    put(out, form->opcode);
}

static void put_evex(struct x86_bytes *out, const struct fields *f, const struct x86_operand *first)
{
    const struct x86_form *form = f->form;
    bool vector_rm = f->rm && !is_memory(f->rm);
    unsigned r = ~f->reg >> 3 & 1, r4 = ~f->reg >> 4 & 1, b = !extend_b(f), v4 = ~f->vvvv >> 4 & 1;
    unsigned x = vector_rm ? ~f->rm->reg >> 4 & 1 : !extend_x(f);
    unsigned length =
        first->round && first->round != X86_SAE ? first->round - X86_ROUND_NEAREST : f->length;

    put(out, 0x62);
    put(out, r << 7 | x << 6 | b << 5 | r4 << 4 | form->map);
    put(out, (unsigned)f->w << 7 | (~f->vvvv & 15u) << 3 | 4 | form->prefix);
    put(out, (unsigned)first->zero << 7 | length << 5 | (unsigned)(first->round != 0) << 4 |
                 v4 << 3 | first->mask);
    put(out, form->opcode);
}

/* ---- ModRM ----------------------------------------------------------------------------------- */

/* How many bytes the displacement takes: 0, 1 (then *disp is scaled) or 4. In EVEX a byte counts in
 * units of the access (SDM vol. 2A, 2.7.5). */
static unsigned displacement_bytes(const struct x86_form *form, const struct x86_operand *o,
                                   int32_t *disp)
{
    int32_t unit = form->encoding == ENC_EVEX && o->size ? o->size : 1;
    if (*disp == 0 && (o->reg & 7) != X86_RBP)
        return 0;
    if (*disp % unit != 0 || *disp / unit != (int8_t)(*disp / unit))
        return 4;
    *disp /= unit;
    return 1;
}

static void put_memory(struct x86_bytes *out, const struct fields *f)
{
    const struct x86_operand *o = f->rm;
    unsigned reg = (f->reg & 7u) << 3, base = o->reg, index = o->index;
    unsigned sib = index == X86_NO_REG ? 4 << 3 : (unsigned)o->scale << 6 | (index & 7) << 3;
    int32_t disp = (int32_t)o->value;

    CHECK(index != X86_RSP, "rsp cannot be an index");
    if (base == X86_NO_REG) { /* SIB without a base: 32-bit displacement */
        put(out, reg | 4);
        put(out, sib | 5);
        put_value(out, (uint32_t)disp, 4);
        return;
    }
    unsigned bytes = displacement_bytes(f->form, o, &disp);
    unsigned mod = bytes == 4 ? 0x80 : bytes << 6;
    if (index != X86_NO_REG || (base & 7) == X86_RSP) {
        put(out, mod | reg | 4);
        put(out, sib | (base & 7));
    } else {
        put(out, mod | reg | (base & 7));
    }
    put_value(out, (uint32_t)disp, bytes);
}

static void put_modrm(struct x86_bytes *out, const struct fields *f)
{
    if (!f->rm) {
        put(out, f->form->ext); /* the whole byte */
    } else if (!is_memory(f->rm)) {
        put(out, 0xc0 | (f->reg & 7u) << 3 | (f->rm->reg & 7u));
    } else if (f->rm->kind != X86_OPERAND_MEM) {
        put(out, (f->reg & 7u) << 3 | 5);
        put_reference(out, f->rm, 4);
    } else {
        put_memory(out, f);
    }
}

/* ---- one instruction ------------------------------------------------------------------------- */

void x86_form_encode(const struct x86_form *form, const struct x86_operand *ops, unsigned size,
                     bool lock, struct x86_bytes *out)
{
    struct fields f;

    collect(&f, form, ops, size);
    out->n = 0;
    out->ref = REF_NONE;
    if (f.rm && f.rm->kind == X86_OPERAND_MEM && f.rm->segment)
        put(out, f.rm->segment == X86_FS ? 0x64 : 0x65);
    if (form->encoding == ENC_LEG)
        put_legacy(out, &f, size, lock);
    else if (form->encoding == ENC_VEX)
        put_vex(out, &f);
    else
        put_evex(out, &f, &ops[0]);
    if (f.modrm)
        put_modrm(out, &f);
    if (f.imm && f.imm->kind == X86_OPERAND_IMM)
        put_value(out, (uint64_t)f.imm->value, f.imm_bytes);
    else if (f.imm)
        put_reference(out, f.imm, f.imm_bytes);
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

/* The same by what was found last for such operands: without decorations their classes decide. */
static const struct x86_form *look_up_form(struct host_code *c, enum x86_insn insn,
                                           const struct x86_operand *ops, const uint32_t *classes,
                                           unsigned *size)
{
    uint32_t hash = (insn ^ classes[0] ^ classes[1] << 5 ^ classes[2] << 9) * 0x9e3779b1u;
    struct host_found_form *found = &c->found[hash >> 24 & (HOST_FOUND_FORMS - 1)];
    if (ops[0].mask | ops[0].round | ops[0].zero)
        return find_form(c, insn, ops, classes, size);
    if (!found->form || found->insn != insn || found->features != c->features ||
        memcmp(found->classes, classes, sizeof(found->classes)) != 0) {
        const struct x86_form *form = find_form(c, insn, ops, classes, size);
        *found = (struct host_found_form){c->features, {0}, (uint16_t)insn, (uint8_t)*size, form};
        memcpy(found->classes, classes, sizeof(found->classes));
    }
    *size = found->size;
    return found->form;
}

void x86_emit_operands(struct host_code *c, enum x86_insn insn, const struct x86_operand *ops)
{
    uint32_t classes[X86_MAX_OPERANDS] = {0};
    struct x86_bytes bytes;
    unsigned size;

    for (unsigned i = 0; i < X86_MAX_OPERANDS && ops[i].kind; i++)
        classes[i] = x86_operand_classes(c, &ops[i], &ops[0]);
    const struct x86_form *form = look_up_form(c, insn, ops, classes, &size);
    x86_form_encode(form, ops, size, insn & X86_LOCK, &bytes);
    host_code_insn(c, &bytes);
}

void x86_emit0(struct host_code *c, enum x86_insn insn)
{
    static const struct x86_operand none[X86_MAX_OPERANDS];
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

/* call or jmp rel32, which every way out of a fragment has: without a look for the form. */
static void put_call(struct host_code *c, enum x86_insn insn, uint64_t address, unsigned id)
{
    struct x86_operand to = x86_host(address, id);
    struct x86_bytes bytes = {.data = {insn == X86_call ? 0xe8 : 0xe9}, .n = 1};

    put_reference(&bytes, &to, 4);
    host_code_insn(c, &bytes);
}

void x86_call_host(struct host_code *c, enum x86_insn insn, uint64_t address, unsigned id)
{
    CHECK(insn == X86_call || insn == X86_jmp, "%s calls nobody", x86_insn_name(insn));
    if (host_code_reaches(c, address))
        put_call(c, insn, address, id);
    else
        x86_emit(c, insn, host_constant_address(c, address, id));
}
