/* Random values, µops, instructions of a few of them, and states of a guest. See random_blocks.h.
 */
#include "random_blocks.h"

#include <string.h>

/* ---- random values --------------------------------------------------------------------------- */

static uint64_t next_random(struct gen *g)
{
    return rng_next(&g->rng);
}

unsigned below(struct gen *g, unsigned n)
{
    return rng_below(&g->rng, n);
}

uint64_t random_integer(struct gen *g)
{
    static const uint64_t special[] = {0,
                                       1,
                                       2,
                                       3,
                                       31,
                                       32,
                                       63,
                                       64,
                                       0x7f,
                                       0x80,
                                       0xff,
                                       0x7fff,
                                       0x8000,
                                       0xffff,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       INT64_MAX,
                                       (uint64_t)INT64_MIN,
                                       ~UINT64_C(0),
                                       ~UINT64_C(1),
                                       0xffffffff80000000,
                                       0xffffffff7fffffff};
    switch (below(g, 4)) {
    case 0:
        return special[below(g, ARRAY_LEN(special))];
    case 1:
        return (uint64_t)(int64_t)(int8_t)next_random(g);
    case 2:
        return (uint64_t)(int64_t)(int32_t)next_random(g);
    default:
        return next_random(g) >> below(g, 64);
    }
}

static uint32_t random_single(struct gen *g)
{
    static const uint32_t special[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                                       0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 1,
                                       0x807fffff, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4f800000,
                                       0x3effffff, 0x40200000, 0xbf000000};
    return below(g, 2)
               ? special[below(g, ARRAY_LEN(special))]
               : (uint32_t)((int32_t)below(g, 2000) - 1000) * 0x1234567u % 0x01000000 + 0x3f000000;
}

static uint64_t random_double(struct gen *g)
{
    static const uint64_t special[] = {0,
                                       0x8000000000000000,
                                       0x3ff0000000000000,
                                       0xbff0000000000000,
                                       0x7ff0000000000000,
                                       0xfff0000000000000,
                                       0x7ff8000000000000,
                                       0xfff8000000000001,
                                       0x7ff0000000000001,
                                       1,
                                       0x000fffffffffffff,
                                       0x7fefffffffffffff,
                                       0x41dfffffffc00000,
                                       0xc1e0000000000000,
                                       0x41efffffffe00000,
                                       0x43e0000000000000,
                                       0xc3e0000000000000,
                                       0x43f0000000000000,
                                       0x3fdfffffffffffff,
                                       0x4004000000000000,
                                       0xbfe0000000000000};
    return below(g, 2)
               ? special[below(g, ARRAY_LEN(special))]
               : (next_random(g) & 0x800fffffffffffff) | (uint64_t)(0x3e0 + below(g, 0x60)) << 52;
}

/* f16 to f31 hold boxed singles, with few exceptions: a fragment is left at the first that is not.
 */
static uint64_t random_fpr(struct gen *g, unsigned r)
{
    return r < 16 || below(g, 500) == 0 ? random_double(g) : 0xffffffff00000000 | random_single(g);
}

/* ---- random µops ----------------------------------------------------------------------------- */

uint16_t random_x(struct gen *g)
{
    return (uint16_t)(RV64_REG_x0 + below(g, 32));
}

static uint16_t random_f(struct gen *g)
{
    return (uint16_t)(RV64_REG_f0 + below(g, 32));
}

static ir_val fresh_operand(struct gen *g, unsigned type);

ir_val random_operand(struct gen *g, unsigned type)
{
    for (unsigned tries = 0; tries < 6 && g->b->uops.len > 0; tries++) {
        unsigned back = below(g, (unsigned)MIN(g->b->uops.len, (size_t)24));
        ir_val v = (ir_val)(g->b->uops.len - 1 - back);
        if (g->b->uops.data[v].type == type && uop_infos[g->b->uops.data[v].op].result != IR_VOID)
            return v;
    }
    return fresh_operand(g, type);
}

/* An f64 that probably holds a single. */
static ir_val random_boxed(struct gen *g)
{
    return ir_get(g->b, IR_F64, RV64_REG_f0 + 16 + below(g, 16));
}

static ir_val fresh_operand(struct gen *g, unsigned type)
{
    bool constant = below(g, 4) == 0;
    switch (type) {
    case IR_I64:
        return constant ? ir_const(g->b, type, random_integer(g)) : ir_get(g->b, type, random_x(g));
    case IR_F64:
        return constant ? ir_const(g->b, type, random_double(g)) : ir_get(g->b, type, random_f(g));
    case IR_I32:
        return constant
                   ? ir_const(g->b, type, random_integer(g))
                   : ir_op(g->b, UOP_low, IR_VOID, random_operand(g, IR_I64), IR_NONE, IR_NONE);
    case IR_F32:
        return constant ? ir_const(g->b, type, random_single(g))
                        : ir_op(g->b, UOP_unbox, IR_VOID, random_boxed(g), IR_NONE, IR_NONE);
    default:
        return ir_op(g->b, (enum uop)(UOP_eq + below(g, 6)), IR_VOID, random_operand(g, IR_I64),
                     random_operand(g, IR_I64), IR_NONE);
    }
}

static unsigned pick_type(struct gen *g, unsigned set)
{
    set &= 1u << IR_B | 1u << IR_I32 | 1u << IR_I64 | 1u << IR_F32 | 1u << IR_F64;
    unsigned type;
    do
        type = below(g, 8);
    while (!(set >> type & 1));
    return type;
}

/* An address in the scratch memory, now and then one that faults. */
static ir_val random_address(struct gen *g, unsigned align)
{
    uint64_t offset = below(g, SCRATCH_BYTES - 16) & ~(uint64_t)(align - 1);
    ir_val base =
        ir_const(g->b, IR_I64, below(g, 60) ? g->m->scratch : g->m->scratch + SCRATCH_BYTES);
    ir_val zero = ir_op(g->b, UOP_and, IR_VOID, random_operand(g, IR_I64),
                        ir_const(g->b, IR_I64, 0x78), IR_NONE);
    ir_val sum = ir_op(g->b, UOP_add, IR_VOID, base, zero, IR_NONE);
    offset = MIN(offset, (uint64_t)(SCRATCH_BYTES - 256));
    return below(g, 3) ? ir_op(g->b, UOP_add, IR_VOID, sum, ir_const(g->b, IR_I64, offset), IR_NONE)
                       : sum;
}

void random_memory(struct gen *g)
{
    static const uint8_t loads[] = {IR_S8, IR_U8, IR_S16, IR_U16, IR_S32, IR_U32, IR_U64};
    static const uint8_t stores[] = {IR_U8, IR_U16, IR_U32, IR_U64};
    if (below(g, 2))
        ir_load(g->b, loads[below(g, ARRAY_LEN(loads))], random_address(g, 1));
    else
        ir_store(g->b, stores[below(g, ARRAY_LEN(stores))], random_address(g, 1),
                 random_operand(g, IR_I64));
}

/* Bytes put together to a number, from any of them on, an instruction each. */
static void random_bytes(struct gen *g)
{
    unsigned n = 2u << below(g, 3), first = below(g, n), offset = 8 * below(g, 2);
    unsigned base = RV64_REG_x0 + 1 + below(g, 10), number = base + 10, byte = base + 20;
    ir_put(g->b, base, random_address(g, 1));
    for (unsigned i = 0; i < n; i++) {
        unsigned k = (first + i) % n, to = i ? byte : number;
        begin_insn(g);
        ir_val at = ir_get(g->b, IR_I64, base), distance = ir_const(g->b, IR_I64, offset + k);
        at = ir_op(g->b, UOP_add, IR_VOID, at, distance, IR_NONE);
        ir_put(g->b, to, ir_load(g->b, IR_U8, at));
        begin_insn(g);
        at = ir_op(g->b, UOP_shl, IR_VOID, ir_get(g->b, IR_I64, to),
                   ir_const(g->b, IR_I64, 8 * (uint64_t)k), IR_NONE);
        ir_put(g->b, to, at);
        begin_insn(g);
        if (i > 0)
            ir_put(g->b, number,
                   ir_op(g->b, UOP_or, IR_VOID, ir_get(g->b, IR_I64, number),
                         ir_get(g->b, IR_I64, byte), IR_NONE));
        if (below(g, 8) == 0)
            random_insn(g);
    }
}

static void random_atomic(struct gen *g)
{
    enum uop op = (enum uop)(UOP_lr + below(g, UOP_amomaxu - UOP_lr + 1));
    enum ir_mem mem = below(g, 2) ? IR_U32 : IR_U64;
    ir_val addr = random_address(g, below(g, 30) ? 8 : 1);
    ir_atomic(g->b, op, mem, addr, op == UOP_lr ? IR_NONE : random_operand(g, IR_I64), below(g, 4));
}

/* A µop of row op with operands, and what must stand above it. */
void random_uop(struct gen *g, enum uop op)
{
    const struct uop_info *row = &uop_infos[op];
    unsigned vars[2] = {0, 0};
    ir_val arg[3] = {IR_NONE, IR_NONE, IR_NONE};
    for (unsigned i = 0; i < 2; i++)
        if (row->var_types[i])
            vars[i] = pick_type(g, row->var_types[i]);
    for (unsigned k = 0; k < row->n_args; k++)
        arg[k] =
            random_operand(g, row->arg[k] < UOP_VAR0 ? row->arg[k] : vars[row->arg[k] - UOP_VAR0]);
    unsigned type = row->result < UOP_VAR0 ? row->result : vars[row->result - UOP_VAR0];
    if (!(row->imms & UOP_HAS_rm)) {
        ir_op(g->b, op, type, arg[0], arg[1], arg[2]);
        return;
    }
    unsigned rm = below(g, 3) ? FP_DYN : below(g, 5);
    if (rm == FP_DYN)
        ir_op(g->b, UOP_checkrm, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    ir_op_rm(g->b, op, type, arg[0], arg[1], arg[2], rm);
}

void begin_insn(struct gen *g)
{
    ir_op_imm(g->b, UOP_insn, g->pc + 2 * g->n_insns++);
}

/* Quotient and remainder of the same operands, in any order. */
static void random_division(struct gen *g)
{
    bool is_signed = below(g, 2), remainder = below(g, 2);
    unsigned type = below(g, 2) ? IR_I64 : IR_I32;
    ir_val a = random_operand(g, type), b = random_operand(g, type);
    enum uop first = is_signed ? UOP_divs : UOP_divu, second = is_signed ? UOP_rems : UOP_remu;
    ir_op(g->b, remainder ? second : first, IR_VOID, a, b, IR_NONE);
    random_put(g);
    ir_op(g->b, remainder ? first : second, IR_VOID, a, b, IR_NONE);
}

/* Both halves of a product, in any order, of operands in any order. */
static void random_product(struct gen *g)
{
    static const uint8_t halves[] = {UOP_mulhs, UOP_mulhu, UOP_mulhsu};
    ir_val a = random_operand(g, IR_I64), b = random_operand(g, IR_I64);
    unsigned high = halves[below(g, ARRAY_LEN(halves))], first = below(g, 2) ? high : UOP_mul;
    bool swapped = below(g, 2);
    ir_op(g->b, (enum uop)first, IR_VOID, a, b, IR_NONE);
    random_put(g);
    ir_op(g->b, (enum uop)(high + UOP_mul - first), IR_VOID, swapped ? b : a, swapped ? a : b,
          IR_NONE);
}

/* x with bit y set, flipped or cleared, x without its lowest bit or with nothing else, x & ~y. */
static void random_bits(struct gen *g)
{
    ir_val x = random_operand(g, IR_I64), y = random_operand(g, IR_I64), other;
    ir_val ones = ir_const(g->b, IR_I64, ~UINT64_C(0));
    unsigned kind = below(g, 6);
    if (kind < 3)
        y = ir_op(g->b, UOP_shl, IR_VOID, ir_const(g->b, IR_I64, 1), y, IR_NONE);
    if (kind == 2 || kind == 3)
        y = ir_op(g->b, UOP_xor, IR_VOID, y, ones, IR_NONE);
    if (kind == 4)
        y = ir_op(g->b, UOP_add, IR_VOID, x, ones, IR_NONE);
    if (kind == 5)
        y = ir_op(g->b, UOP_sub, IR_VOID, ir_const(g->b, IR_I64, 0), x, IR_NONE);
    other = below(g, 2) ? x : y;
    ir_op(g->b,
          kind == 0   ? UOP_or
          : kind == 1 ? UOP_xor
                      : UOP_and,
          IR_VOID, other, other == x ? y : x, IR_NONE);
}

/* Halves or the whole of a value shifted left and right by constants, as by two instructions, and
 * joined: mostly a rotation. Or shifted to and fro. */
static void random_shifts(struct gen *g)
{
    static const uint8_t joins[] = {UOP_or, UOP_xor, UOP_add, UOP_and};
    unsigned type = below(g, 3) ? IR_I32 : IR_I64, bits = type == IR_I32 ? 32 : 64;
    unsigned left = below(g, 2) ? below(g, bits) : below(g, bits / 8) * 8;
    bool pair = below(g, 3) == 0, swapped = below(g, 2), extended = type == IR_I32 && below(g, 2);
    unsigned right = below(g, 8) == 0 ? below(g, bits) : pair ? left : (bits - left) % bits;
    uint16_t r[2] = {random_x(g), random_x(g)};
    ir_val x = random_operand(g, type), v[2];
    for (unsigned k = 0; k < 2; k++) {
        enum uop op = k == 0 ? UOP_shl : pair && below(g, 2) ? UOP_sar : UOP_shr;
        v[k] = ir_op(g->b, op, IR_VOID, k && pair ? v[0] : x,
                     ir_const(g->b, type, k ? right : left), IR_NONE);
        if (k && pair)
            return;
        if (type == IR_I32)
            v[k] = ir_op(g->b, UOP_sext, IR_VOID, v[k], IR_NONE, IR_NONE);
        ir_put(g->b, r[k], v[k]);
        begin_insn(g);
        if (k == 0 && pair && type == IR_I32)
            v[0] = ir_op(g->b, UOP_low, IR_VOID, v[0], IR_NONE, IR_NONE);
    }
    for (unsigned k = 0; k < 2; k++) {
        v[k] = ir_get(g->b, IR_I64, r[k]);
        if (extended)
            v[k] = ir_op(g->b, UOP_low, IR_VOID, v[k], IR_NONE, IR_NONE);
    }
    ir_op(g->b, joins[below(g, ARRAY_LEN(joins))], IR_VOID, v[swapped], v[!swapped], IR_NONE);
}

/* LR and SC, mostly of the same address and size, with more in between. */
static void random_reserve(struct gen *g)
{
    ir_val addr = random_address(g, 8);
    enum ir_mem mem = below(g, 2) ? IR_U32 : IR_U64, other = below(g, 8) ? mem : IR_U32;
    ir_atomic(g->b, UOP_lr, mem, addr, IR_NONE, below(g, 4));
    random_put(g);
    begin_insn(g);
    if (below(g, 3) == 0)
        random_memory(g);
    else
        random_uop(g, below(g, 2) ? UOP_add : UOP_mulhu);
    if (uop_infos[g->b->uops.data[g->b->uops.len - 1].op].result != IR_VOID)
        random_put(g);
    begin_insn(g);
    ir_atomic(g->b, UOP_sc, other, below(g, 8) ? addr : random_address(g, 8),
              random_operand(g, IR_I64), below(g, 4));
}

/* Can random_uop make it? */
bool is_evaluated(enum uop op)
{
    return uop_infos[op].has_eval;
}

/* Checks and changes of the mode would leave little else to be seen. */
static bool is_rare(enum uop op)
{
    return op == UOP_unbox || op == UOP_setrm || op == UOP_setflags;
}

void random_put(struct gen *g)
{
    /* of the latest value, so that all are seen */
    for (size_t i = g->b->uops.len; i-- > 0;) {
        unsigned type = g->b->uops.data[i].type;
        ir_val v = (ir_val)i;
        if (uop_infos[g->b->uops.data[i].op].result == IR_VOID)
            continue;
        if (type == IR_B)
            v = ir_op(g->b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
        else if (type == IR_I32)
            v = ir_op(g->b, below(g, 2) ? UOP_sext : UOP_zext, IR_VOID, v, IR_NONE, IR_NONE);
        else if (type == IR_F32)
            v = ir_op(g->b, UOP_box, IR_VOID, v, IR_NONE, IR_NONE);
        ir_put(g->b,
               type == IR_F64   ? RV64_REG_f0 + below(g, 16)
               : type == IR_F32 ? RV64_REG_f0 + 16 + below(g, 16)
                                : random_x(g),
               v);
        return;
    }
}

/* One guest instruction: a few µops and a put at its end. */
void random_insn(struct gen *g)
{
    begin_insn(g);
    switch (below(g, 12)) {
    case 0:
    case 1:
    case 2:
        random_memory(g);
        if (uop_infos[g->b->uops.data[g->b->uops.len - 1].op].result == IR_VOID)
            return;
        break;
    case 3:
        random_atomic(g);
        break;
    case 4:
        if (below(g, 4)) {
            static void (*const kinds[])(struct gen *) = {random_division, random_product,
                                                          random_bits,     random_reserve,
                                                          random_shifts,   random_bytes};
            kinds[below(g, ARRAY_LEN(kinds))](g);
            break;
        }
        ir_op_imm(g->b, UOP_fence, below(g, 256));
        return;
    default:
        for (unsigned k = 1 + below(g, 3); k > 0; k--) {
            enum uop op;
            do
                op = (enum uop)below(g, UOP_COUNT);
            while (!is_evaluated(op) || (is_rare(op) && below(g, 10)));
            random_uop(g, op);
        }
    }
    random_put(g);
}

void random_exit(struct gen *g)
{
    begin_insn(g);
    switch (below(g, 6)) {
    case 0:
        ir_op(g->b, UOP_jumpr, IR_VOID,
              ir_op(g->b, UOP_and, IR_VOID, random_operand(g, IR_I64),
                    ir_const(g->b, IR_I64, ~UINT64_C(1)), IR_NONE),
              IR_NONE, IR_NONE);
        break;
    case 1:
        ir_op(g->b, below(g, 2) ? UOP_syscall : UOP_illegal, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
        break;
    case 2:
        ir_op_imm(g->b, UOP_jump, g->pc + below(g, 256));
        break;
    default: {
        ir_val cond = random_operand(g, IR_B);
        struct ir_uop branch = {.op = UOP_branch,
                                .arg_type = IR_B,
                                .arg = {cond, IR_NONE, IR_NONE},
                                .imm = g->pc + 512 - below(g, 1024)};
        ir_append(g->b, &branch);
        ir_op_imm(g->b, UOP_jump, g->pc + 2 * g->n_insns);
    }
    }
}

/* ---- random state ---------------------------------------------------------------------------- */

void random_state(struct gen *g)
{
    struct rv64_state *s = machine_state(g->m);
    uint64_t word;
    memset(s, 0, sizeof(*s));
    for (unsigned r = 1; r < 32; r++)
        s->x[r] = random_integer(g);
    for (unsigned r = 0; r < 32; r++)
        s->f[r] = random_fpr(g, r);
    s->fcsr = (below(g, 3)    ? 0
               : below(g, 20) ? below(g, 4) << 5
                              : below(g, 8) << 5) |
              (below(g, 2) ? 0 : below(g, 32));
    s->pc = g->pc;
    for (unsigned at = 0; at < SCRATCH_BYTES; at += 8) {
        word = random_integer(g);
        space_write(g->m->space, GVA(g->m->scratch + at), &word, 8);
    }
    g->m->t->reserve_addr =
        below(g, 2) ? ~UINT64_C(0) : g->m->scratch + (below(g, SCRATCH_BYTES) & ~7u);
    space_read(g->m->space, GVA(g->m->scratch), &g->m->t->reserve_value, 8);
}
