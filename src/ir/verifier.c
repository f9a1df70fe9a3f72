/* The verifier: is a block well-formed? The rules stand at ir_verify in ir.h. It trusts nothing in
 * the block but the lengths, so that parsed text and the output of any pass can be handed to it. */
#include "ir/ir.h"

#include <inttypes.h>

struct verifier {
    const struct ir_block *block;
    size_t at;     /* the µop at hand */
    bool in_insn;  /* an insn stands above */
    bool rm_valid; /* a checkrm stands above, and no setrm since */
    char *message;
    size_t size;
};

/* Writes "µop 3 (add): ..." and returns false. */
static bool wrong(struct verifier *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct verifier *s, const char *fmt, ...)
{
    const struct ir_uop *u = &s->block->uops.data[s->at];
    int n = snprintf(s->message, s->size, "µop %zu (%s): ", s->at,
                     u->op < UOP_COUNT ? uop_infos[u->op].name : "?");
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->message + n, s->size - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- types ----------------------------------------------------------------------------------- */

static const char *type_name(unsigned type)
{
    return type < IR_TYPE_COUNT ? ir_type_names[type] : "?";
}

/* Types of result and first operand: what the row has, and among a variable's alternatives. */
static bool check_types(struct verifier *s, const struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    if (u->type >= IR_TYPE_COUNT || u->arg_type >= IR_TYPE_COUNT)
        return wrong(s, "no such type");
    if (u->type != ir_row_type(u, row->result))
        return wrong(s, "the result is %s, not %s", type_name(row->result), type_name(u->type));
    if (row->n_args == 0 && u->arg_type != IR_VOID)
        return wrong(s, "there is no operand of type %s", type_name(u->arg_type));
    for (unsigned i = 0; i < 2; i++) {
        unsigned type = ir_row_type(u, UOP_VAR0 + i);
        if (row->var_types[i] && !(row->var_types[i] >> type & 1))
            return wrong(s, "it does not take type %s", type_name(type));
    }
    return true;
}

static bool check_operands(struct verifier *s, const struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    for (unsigned i = 0; i < 3; i++) {
        if (i >= row->n_args) {
            if (u->arg[i] != IR_NONE)
                return wrong(s, "it takes %u operands", row->n_args);
            continue;
        }
        if (u->arg[i] >= s->at)
            return wrong(s, "operand %u is not a value further up", i + 1);
        unsigned got = s->block->uops.data[u->arg[i]].type;
        unsigned want = i == 0 ? u->arg_type : ir_row_type(u, row->arg[i]);
        if (got == IR_VOID)
            return wrong(s, "operand %u, v%u, has no value", i + 1, u->arg[i]);
        if (got != want || got != ir_row_type(u, row->arg[i]))
            return wrong(s, "operand %u is %s, not %s", i + 1, type_name(got),
                         type_name(got != want ? want : ir_row_type(u, row->arg[i])));
    }
    return true;
}

/* ---- immediates ------------------------------------------------------------------------------ */

static bool check_imm(struct verifier *s, const struct ir_uop *u)
{
    uint64_t limit = UINT64_MAX;
    if (!(uop_infos[u->op].imms & UOP_HAS_imm))
        limit = 0;
    else if (u->op == UOP_const && u->type == IR_B)
        limit = 1;
    else if (u->op == UOP_const && (u->type == IR_I32 || u->type == IR_F32))
        limit = UINT32_MAX;
    else if (u->op == UOP_fence)
        limit = 0xff;
    else if (u->op == UOP_counter)
        limit = 2;
    return u->imm <= limit || wrong(s, "constant 0x%" PRIx64 " is out of range", u->imm);
}

static bool check_mem(struct verifier *s, const struct ir_uop *u)
{
    unsigned allowed = 1u << IR_S8; /* which is 0, for what has no access */
    switch (uop_infos[u->op].class) {
    case UOP_CLASS_load:
        allowed = 0xff & ~(1u << IR_S64);
        break;
    case UOP_CLASS_store:
        allowed = 1u << IR_U8 | 1u << IR_U16 | 1u << IR_U32 | 1u << IR_U64;
        break;
    case UOP_CLASS_atomic:
        allowed = 1u << IR_U32 | 1u << IR_U64;
        break;
    }
    return (u->mem < 8 && allowed >> u->mem & 1) || wrong(s, "it has no such access");
}

static bool check_rm(struct verifier *s, const struct ir_uop *u)
{
    if (u->op == UOP_checkrm)
        s->rm_valid = true;
    if (u->op == UOP_setrm)
        s->rm_valid = false;
    bool has = uop_infos[u->op].imms & UOP_HAS_rm;
    if (!(has ? u->rm <= FP_RMM || u->rm == FP_DYN : u->rm == 0))
        return wrong(s, "there is no rounding mode %u here", u->rm);
    if (u->rm == FP_DYN && !s->rm_valid)
        return wrong(s, "the dynamic rounding mode needs a checkrm above");
    return true;
}

/* A register's kind and width against the type that is moved. */
static bool check_register(struct verifier *s, const struct ir_uop *u)
{
    if (!(uop_infos[u->op].imms & UOP_HAS_reg))
        return u->reg == 0 || wrong(s, "it has no register");
    if (!s->block->regs)
        return true;
    if (u->reg >= s->block->n_regs)
        return wrong(s, "there is no register %u", u->reg);
    const struct guest_reg *r = &s->block->regs[u->reg];
    unsigned type = u->op == UOP_get ? u->type : u->arg_type;
    bool fits = false;
    switch (r->kind) {
    case REG_PC:
        return wrong(s, "the pc is not a register to get or put");
    case REG_GPR:
    case REG_CSR:
        fits = type == IR_I64 && r->bits == 64;
        break;
    case REG_FPR:
        fits = type == IR_F64 && r->bits == 64;
        break;
    case REG_VEC:
        fits = type >= IR_V8 && r->bits >= 64 && r->bits <= IR_VECTOR_BYTES * 8;
        break;
    }
    return fits || wrong(s, "%s does not hold a %s", r->name, type_name(type));
}

static bool check_order(struct verifier *s, const struct ir_uop *u)
{
    unsigned limit = uop_infos[u->op].imms & UOP_HAS_order ? 3 : 0;
    return u->order <= limit || wrong(s, "there is no order %u here", u->order);
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool check_place(struct verifier *s, const struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    size_t last = s->block->uops.len - 1;
    bool traps = row->class == UOP_CLASS_load || row->class == UOP_CLASS_store ||
                 row->class == UOP_CLASS_atomic || row->class == UOP_CLASS_check ||
                 u->op == UOP_syscall || u->op == UOP_breakpoint || u->op == UOP_illegal;
    if (u->op == UOP_insn)
        s->in_insn = true;
    if (traps && !s->in_insn)
        return wrong(s, "it may trap, and no insn stands above");
    if (u->op == UOP_branch) {
        unsigned next = s->at < last ? s->block->uops.data[s->at + 1].op : UOP_COUNT;
        return next == UOP_insn || (next == UOP_jump && s->at + 1 == last) ||
               wrong(s, "an insn or a last jump must follow");
    }
    if (row->class == UOP_CLASS_exit && s->at != last)
        return wrong(s, "an exit in the middle of the block");
    if (row->class != UOP_CLASS_exit && s->at == last)
        return wrong(s, "the block does not end with an exit");
    return true;
}

const char *ir_verify(const struct ir_block *b)
{
    static _Thread_local char message[160];
    struct verifier s = {.block = b, .message = message, .size = sizeof(message)};
    if (b->uops.len == 0)
        return "the block is empty";
    for (s.at = 0; s.at < b->uops.len; s.at++) {
        const struct ir_uop *u = &b->uops.data[s.at];
        if (u->op >= UOP_COUNT) {
            wrong(&s, "no such µop: %u", u->op);
            return message;
        }
        if (!check_types(&s, u) || !check_operands(&s, u) || !check_imm(&s, u) ||
            !check_mem(&s, u) || !check_rm(&s, u) || !check_register(&s, u) ||
            !check_order(&s, u) || !check_place(&s, u))
            return message;
    }
    return NULL;
}
