/* ir/replay.c: one guest instruction as a few bytes, to be done later or not at all.
 *
 * Only what reads and writes integer registers and nothing else: gets, constants, pure µops of
 * integers and, at its end, one put. Of each µop
 *
 *     byte    op; 0x80: its operands are the latest values, in their order
 *     get     register
 *     const   type << 4 | n, and the n lowest bytes, whose sign the others have
 *     put     register, [value]
 *     others  [type << 4 | arg_type]  where the row has type variables, and [value...]
 *
 * A value is its number, counted from the first on. Whatever the bytes are, nothing is read or
 * written beyond what there is, and no function is called that could fail. */
#include "ir/ir.h"

#include <string.h>

enum { VALUES = 16, LATEST = 0x80 };

_Static_assert((int)UOP_COUNT <= (int)LATEST, "the op and a flag have one byte");

static bool is_integer(unsigned type)
{
    return type == IR_B || type == IR_I32 || type == IR_I64;
}

static bool has_variables(const struct uop_info *row)
{
    return row->var_types[0] != 0;
}

/* Of a row of class pure that is evaluated: do these types fit, and are all of them integers? */
static bool fits(const struct uop_info *row, unsigned type, unsigned arg_type)
{
    if (row->class != UOP_CLASS_pure || !row->has_eval || row->n_args == 0)
        return false;
    for (unsigned k = 0; k <= row->n_args; k++) {
        unsigned of = k < row->n_args ? row->arg[k] : row->result;
        bool variable = of >= UOP_VAR0;
        if (variable)
            of = row->result == of ? type : arg_type;
        if (!is_integer(of) || (variable && !(row->var_types[0] >> of & 1)))
            return false;
    }
    return row->var_types[1] == 0;
}

/* ---- packing --------------------------------------------------------------------------------- */

struct packing {
    uint8_t *out;
    size_t len;
    ir_val value[VALUES]; /* by number */
    unsigned n_values;
};

static void pack_byte(struct packing *p, unsigned byte)
{
    if (p->len < IR_PACKED_MAX)
        p->out[p->len] = (uint8_t)byte;
    p->len++;
}

static void pack_const(struct packing *p, const struct ir_uop *u)
{
    unsigned n = 0;

    while (n < 8 &&
           (n ? (uint64_t)((int64_t)(u->imm << (64 - 8 * n)) >> (64 - 8 * n)) : 0) != u->imm)
        n++;
    pack_byte(p, u->type << 4 | n);
    for (unsigned k = 0; k < n; k++)
        pack_byte(p, (uint8_t)(u->imm >> 8 * k));
}

static unsigned number_of(const struct packing *p, ir_val v)
{
    unsigned k = p->n_values;

    while (k-- > 0)
        if (p->value[k] == v)
            return k;
    return VALUES;
}

static bool pack_operands(struct packing *p, const struct ir_uop *u, size_t head)
{
    unsigned n = uop_infos[u->op].n_args, number[3] = {0};
    bool latest = n <= p->n_values;

    for (unsigned k = 0; k < n; k++) {
        number[k] = number_of(p, u->arg[k]);
        if (number[k] == VALUES)
            return false;
        latest = latest && number[k] == p->n_values - n + k;
    }
    if (latest && head < IR_PACKED_MAX)
        p->out[head] |= LATEST;
    for (unsigned k = 0; k < n && !latest; k++)
        pack_byte(p, number[k]);
    return true;
}

static bool pack_uop(struct packing *p, const struct ir_block *b, ir_val i)
{
    const struct ir_uop *u = &b->uops.data[i];
    const struct uop_info *row = &uop_infos[u->op];
    size_t head = p->len;
    bool moves = u->op == UOP_get || u->op == UOP_put;

    pack_byte(p, u->op);
    if (moves && (u->reg >= REVERSE_REGS || (u->op == UOP_get && u->type != IR_I64) ||
                  (u->op == UOP_put && u->arg_type != IR_I64)))
        return false;
    if (!moves && !(u->op == UOP_const ? is_integer(u->type) : fits(row, u->type, u->arg_type)))
        return false;
    if (moves)
        pack_byte(p, u->reg);
    else if (u->op == UOP_const)
        pack_const(p, u);
    else if (has_variables(row))
        pack_byte(p, u->type << 4 | u->arg_type);
    if (!pack_operands(p, u, head))
        return false;
    if (u->op == UOP_put)
        return true;
    if (p->n_values == VALUES)
        return false;
    p->value[p->n_values++] = i;
    return true;
}

size_t ir_pack(const struct ir_block *b, ir_val first, uint8_t out[IR_PACKED_MAX])
{
    struct packing p = {.out = out};
    ir_val i = first;
    bool ended = false;

    for (; !ended; i++) {
        if (i >= b->uops.len || !pack_uop(&p, b, i))
            return 0;
        ended = b->uops.data[i].op == UOP_put;
    }
    if (p.len > IR_PACKED_MAX || (i < b->uops.len && b->uops.data[i].op != UOP_insn))
        return 0;
    return p.len;
}

unsigned ir_packed_row(const uint8_t *packed, size_t n)
{
    bool latest = packed[n - 2] == (UOP_put | LATEST);

    return packed[latest ? n - 1 : n - 2];
}

/* ---- doing it -------------------------------------------------------------------------------- */

struct replay {
    const uint8_t *at, *end;
    const struct guest *desc;
    unsigned char *state;
    uint64_t value[VALUES];
    unsigned n_values;
};

static unsigned next_byte(struct replay *r)
{
    return r->at < r->end ? *r->at++ : 0;
}

static uint64_t read_const(struct replay *r)
{
    unsigned n = next_byte(r) & 15;
    uint64_t value = 0;

    if (n == 0 || n > 8)
        return 0;
    for (unsigned k = 0; k < n; k++)
        value |= (uint64_t)next_byte(r) << 8 * k;
    return (uint64_t)((int64_t)(value << (64 - 8 * n)) >> (64 - 8 * n));
}

static bool read_operands(struct replay *r, unsigned n, bool latest, uint64_t values[3])
{
    for (unsigned k = 0; k < n; k++) {
        unsigned number = latest ? r->n_values - n + k : next_byte(r);
        if (number >= r->n_values)
            return false;
        values[k] = r->value[number];
    }
    return true;
}

/* A register that has 64 bits of an integer, and is not always 0; or NULL. */
static unsigned char *register_at(struct replay *r, unsigned row)
{
    const struct guest_reg *reg = row < r->desc->n_regs ? &r->desc->regs[row] : NULL;
    return reg && reg->bits == 64 && reg->kind == REG_GPR && !reg->zero ? r->state + reg->offset
                                                                        : NULL;
}

/* False at the put, or where the bytes are not well-formed. */
static bool replay_uop(struct replay *r)
{
    unsigned head = next_byte(r), op = head & (LATEST - 1);
    bool latest = head & LATEST, moves = op == UOP_get || op == UOP_put;
    uint64_t values[3] = {0}, value = 0;
    unsigned char *reg = moves ? register_at(r, next_byte(r)) : NULL;

    if (op >= UOP_COUNT || (moves && !reg) || r->n_values == VALUES)
        return false;
    const struct uop_info *row = &uop_infos[op];
    if (op == UOP_const) {
        value = read_const(r);
    } else if (op == UOP_get) {
        memcpy(&value, reg, sizeof(value));
    } else if (op == UOP_put) {
        if (read_operands(r, 1, latest, values))
            memcpy(reg, &values[0], sizeof(values[0]));
        return false;
    } else {
        unsigned types = has_variables(row) ? next_byte(r) : 0;
        if (!fits(row, types >> 4, types & 15) || !read_operands(r, row->n_args, latest, values))
            return false;
        value =
            uop_eval_pure((enum uop)op, types >> 4, types & 15, values[0], values[1], values[2]);
    }
    r->value[r->n_values++] = value;
    return true;
}

void ir_replay(const uint8_t *packed, size_t n, const struct guest *desc, unsigned char *state)
{
    struct replay r = {.at = packed, .end = packed + n, .desc = desc, .state = state};

    while (r.at < r.end && replay_uop(&r))
        continue;
}
