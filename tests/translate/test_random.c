/* Random blocks of µops, translated and evaluated: registers, flags, memory, pc and the way out
 * must agree. Each µop with random operands first, then blocks of many. The evaluator is no
 * authority, but it shares no code with the translator beyond the µops' own functions, and it is
 * tested against others.
 *
 *     test_random [blocks [seed]]
 *
 * A failing block is printed with its seed, its µops and its host code. */
#include "../random.h"
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static uint64_t n_blocks = 3000, first_seed;

/* ---- random values
 * --------------------------------------------------------------------------------------------------
 */

struct gen {
    struct rng rng;
    struct machine *m;
    struct ir_block *b;
    uint64_t pc;
    uint32_t n_insns;
};

static uint64_t next_random(struct gen *g)
{
    return rng_next(&g->rng);
}

static unsigned below(struct gen *g, unsigned n)
{
    return rng_below(&g->rng, n);
}

static uint64_t random_integer(struct gen *g)
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

/* ---- random µops
 * ----------------------------------------------------------------------------------------------------
 */

static uint16_t random_x(struct gen *g)
{
    return (uint16_t)(RV64_REG_x0 + below(g, 32));
}

static uint16_t random_f(struct gen *g)
{
    return (uint16_t)(RV64_REG_f0 + below(g, 32));
}

static ir_val fresh_operand(struct gen *g, unsigned type);

static ir_val random_operand(struct gen *g, unsigned type)
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

static void random_memory(struct gen *g)
{
    static const uint8_t loads[] = {IR_S8, IR_U8, IR_S16, IR_U16, IR_S32, IR_U32, IR_U64};
    static const uint8_t stores[] = {IR_U8, IR_U16, IR_U32, IR_U64};
    if (below(g, 2))
        ir_load(g->b, loads[below(g, ARRAY_LEN(loads))], random_address(g, 1));
    else
        ir_store(g->b, stores[below(g, ARRAY_LEN(stores))], random_address(g, 1),
                 random_operand(g, IR_I64));
}

static void begin_insn(struct gen *g);
static void random_put(struct gen *g);
static void random_insn(struct gen *g);

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
static void random_uop(struct gen *g, enum uop op)
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

static void begin_insn(struct gen *g)
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
static bool is_evaluated(enum uop op)
{
    return uop_infos[op].has_eval;
}

/* Checks and changes of the mode would leave little else to be seen. */
static bool is_rare(enum uop op)
{
    return op == UOP_unbox || op == UOP_setrm || op == UOP_setflags;
}

static void random_put(struct gen *g)
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
static void random_insn(struct gen *g)
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

static void random_exit(struct gen *g)
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

/* ---- state
 * ----------------------------------------------------------------------------------------------------------
 */

static void random_state(struct gen *g)
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

struct saved {
    struct rv64_state state;
    uint64_t reserve_addr, reserve_value;
    uint8_t memory[SCRATCH_BYTES];
};

static void save_state(struct machine *m, struct saved *s)
{
    s->state = *machine_state(m);
    s->reserve_addr = m->t->reserve_addr;
    s->reserve_value = m->t->reserve_value;
    m->t->counters[COUNTER_GUEST_INSNS] = 0;
    space_read(m->space, GVA(m->scratch), s->memory, SCRATCH_BYTES);
}

static void restore_state(struct machine *m, const struct saved *s)
{
    *machine_state(m) = s->state;
    m->t->reserve_addr = s->reserve_addr;
    m->t->reserve_value = s->reserve_value;
    m->t->counters[COUNTER_GUEST_INSNS] = 0;
    space_write(m->space, GVA(m->scratch), s->memory, SCRATCH_BYTES);
}

/* ---- comparison
 * -----------------------------------------------------------------------------------------------------
 */

/* a: of host code. */
static bool is_same_trap(const struct trap *a, const struct trap *b)
{
    if (a->reason == FAULT_NONE)
        return a->kind == b->kind || (a->kind == TRAP_LOAD && b->kind == TRAP_STORE);
    return a->kind == b->kind && a->addr.v == b->addr.v;
}

static const char *difference(const struct outcome *a, const struct outcome *b)
{
    static char text[128];
    if (a->exit != b->exit)
        snprintf(text, sizeof(text), "exit %d, not %d", a->exit, b->exit);
    else if (a->state.pc != b->state.pc)
        snprintf(text, sizeof(text), "pc %#lx, not %#lx", a->state.pc, b->state.pc);
    else if (!is_same_trap(&a->trap, &b->trap))
        snprintf(text, sizeof(text), "trap %d at %#lx, not %d at %#lx", a->trap.kind,
                 a->trap.addr.v, b->trap.kind, b->trap.addr.v);
    else if (a->state.fcsr != b->state.fcsr)
        snprintf(text, sizeof(text), "fcsr %#x, not %#x", a->state.fcsr, b->state.fcsr);
    else if (a->insns != b->insns)
        snprintf(text, sizeof(text), "%lu instructions counted, not %lu", a->insns, b->insns);
    else if (a->reserve_addr != b->reserve_addr)
        snprintf(text, sizeof(text), "reservation %#lx, not %#lx", a->reserve_addr,
                 b->reserve_addr);
    else if (memcmp(a->memory, b->memory, SCRATCH_BYTES) != 0)
        snprintf(text, sizeof(text), "memory differs");
    else {
        for (unsigned r = 0; r < 32; r++) {
            if (a->state.x[r] != b->state.x[r])
                snprintf(text, sizeof(text), "x%u %#lx, not %#lx", r, a->state.x[r], b->state.x[r]);
            else if (a->state.f[r] != b->state.f[r])
                snprintf(text, sizeof(text), "f%u %#lx, not %#lx", r, a->state.f[r], b->state.f[r]);
            else
                continue;
            return text;
        }
        return NULL;
    }
    return text;
}

static void report(struct gen *g, uint64_t seed, const char *what)
{
    struct strbuf out = {0};
    ir_print(g->b, &out);
    strbuf_printf(&out, "\n");
    translate_print_opt(g->m->tr, &out);
    machine_disassemble(g->m, &out);
    fprintf(stderr, "%s", out.data);
    strbuf_free(&out);
    fail_msg("%s; repeat with: test_random 1 %llu", what, (unsigned long long)seed);
}

/* A check failed in the fragment: the rest is the interpreter's. The evaluator finishes from the
 * same instruction. */
static bool left_for_interp(const struct outcome *a)
{
    return a->exit == TRANSLATE_EXIT_INTERP;
}

/* The µops from the instruction at pc on; values that they need from before were registers' or are
 * not needed. */
static bool rest_of_block(struct gen *g, uint64_t pc, struct ir_block *rest)
{
    ir_block_init(rest, g->b->regs, g->b->n_regs);
    size_t from = 0;
    while (from < g->b->uops.len &&
           !(g->b->uops.data[from].op == UOP_insn && g->b->uops.data[from].imm == pc))
        from++;
    for (size_t i = from; i < g->b->uops.len; i++) {
        struct ir_uop u = g->b->uops.data[i];
        for (unsigned k = 0; k < 3; k++) {
            if (u.arg[k] != IR_NONE && u.arg[k] < from)
                return false;
            u.arg[k] -= u.arg[k] == IR_NONE ? 0 : (ir_val)from;
        }
        ir_append(rest, &u);
    }
    return true;
}

enum { AGREED, BAILED_OUT, NOT_COMPARED };

static int compare(struct gen *g, uint64_t seed)
{
    static struct outcome got, want;
    static struct saved before;
    save_state(g->m, &before);
    if (!machine_run(g->m, g->b, GVA(g->pc), g->n_insns, &got))
        return BAILED_OUT;
    if (left_for_interp(&got)) {
        struct ir_block rest;
        bool whole = rest_of_block(g, got.state.pc, &rest);
        if (whole)
            machine_evaluate(g->m, &rest, &got);
        ir_block_free(&rest);
        if (!whole)
            return NOT_COMPARED;
    }
    restore_state(g->m, &before);
    machine_evaluate(g->m, g->b, &want);
    const char *what = difference(&got, &want);
    if (what) {
        restore_state(g->m, &before);
        report(g, seed, what);
    }
    return AGREED;
}

/* ---- tests
 * ----------------------------------------------------------------------------------------------------------
 */

struct setting {
    const char *name;
    uint32_t passes_off;
    bool offset, count;
    int without; /* enum host_feature, or -1 */
    uint64_t random_registers;
};

static void begin_block(struct gen *g, struct machine *m, struct ir_block *b, uint64_t seed)
{
    ir_block_reset(b);
    *g = (struct gen){.rng = {seed}, .m = m, .b = b, .pc = 0x10000 + (seed % 64) * 2};
    random_state(g);
}

static void run_blocks(struct machine *m, void (*make)(struct gen *g, uint64_t seed))
{
    struct ir_block b;
    uint64_t counts[3] = {0};
    ir_block_init(&b, rv64_regs, RV64_REG_COUNT);
    for (uint64_t k = 0; k < n_blocks; k++) {
        struct gen g;
        begin_block(&g, m, &b, first_seed + k);
        make(&g, first_seed + k);
        const char *wrong = ir_verify(&b);
        if (wrong)
            fail_msg("seed %llu: %s", (unsigned long long)(first_seed + k), wrong);
        counts[compare(&g, first_seed + k)]++;
    }
    ir_block_free(&b);
    print_message("# %llu blocks agreed, %llu bailed out, %llu not compared\n",
                  (unsigned long long)counts[AGREED], (unsigned long long)counts[BAILED_OUT],
                  (unsigned long long)counts[NOT_COMPARED]);
    assert_true(n_blocks < 100 || counts[AGREED] > n_blocks / 2);
}

/* One µop on fresh operands. */
static void make_single(struct gen *g, uint64_t seed)
{
    enum uop op = (enum uop)(seed % UOP_COUNT);
    begin_insn(g);
    if (is_evaluated(op))
        random_uop(g, op);
    else
        random_memory(g);
    random_put(g);
    random_exit(g);
}

static void make_many(struct gen *g, uint64_t seed)
{
    for (unsigned k = 1 + below(g, 24); k > 0; k--) {
        random_insn(g);
        if (below(g, 12))
            continue;
        begin_insn(g); /* a branch in the middle: a block that goes on where it is not taken */
        struct ir_uop branch = {.op = UOP_branch,
                                .arg_type = IR_B,
                                .arg = {random_operand(g, IR_B), IR_NONE, IR_NONE},
                                .imm = g->pc + 512 - below(g, 1024)};
        ir_append(g->b, &branch);
    }
    random_exit(g);
}

/* Arithmetic of doubles and moves of their bits: NaNs go from one to the next and meet those who
 * look. */
static void make_floats(struct gen *g, uint64_t seed)
{
    static const uint8_t ops[] = {UOP_fadd,  UOP_fsub,   UOP_fmul,   UOP_fdiv,    UOP_fsqrt,
                                  UOP_fma,   UOP_fmin,   UOP_fmax,   UOP_feq,     UOP_flt,
                                  UOP_fsgnj, UOP_fsgnjx, UOP_fneg,   UOP_bits,    UOP_f2s,
                                  UOP_f2u,   UOP_fclass, UOP_fwiden, UOP_fnarrow, UOP_select};
    for (unsigned k = 2 + below(g, 40); k > 0; k--) {
        begin_insn(g);
        if (below(g, 20) == 0)
            random_memory(g);
        else
            random_uop(g,
                       (enum uop)(below(g, 2) ? ops[below(g, 5)] : ops[below(g, ARRAY_LEN(ops))]));
        if (below(g, 6))
            random_put(g);
    }
    random_exit(g);
}

/* Integers in few registers, each written again soon, between loads and stores, of which some
 * fault: what is late by then, and what is not, must be there. */
static void make_late(struct gen *g, uint64_t seed)
{
    static const uint8_t ops[] = {UOP_add,  UOP_sub, UOP_and,  UOP_or,     UOP_xor,   UOP_mul,
                                  UOP_shl,  UOP_shr, UOP_sar,  UOP_rol,    UOP_ror,   UOP_divs,
                                  UOP_mins, UOP_eq,  UOP_lts,  UOP_ltu,    UOP_geu,   UOP_mulhu,
                                  UOP_clz,  UOP_ctz, UOP_orcb, UOP_zext16, UOP_sext8, UOP_bswap};
    unsigned first = 5 + below(g, 22), n_regs = 2 + below(g, 4);
    for (unsigned k = 4 + below(g, 40); k > 0; k--) {
        uint16_t x = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint16_t y = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint16_t to = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint64_t at =
            g->m->scratch + 8 * below(g, SCRATCH_BYTES / 8) + (below(g, 8) ? 0 : SCRATCH_BYTES);
        const struct uop_info *row = &uop_infos[ops[below(g, ARRAY_LEN(ops))]];
        enum uop op = (enum uop)(row - uop_infos);
        begin_insn(g);
        if (below(g, 30) == 0) {
            random_insn(g);
        } else if (below(g, 4) == 0) {
            if (below(g, 2))
                ir_put(g->b, to, ir_load(g->b, IR_S32, ir_const(g->b, IR_I64, at)));
            else
                ir_store(g->b, IR_U64, ir_const(g->b, IR_I64, at), ir_get(g->b, IR_I64, x));
        } else {
            bool half = row->var_types[0] >> IR_I32 & 1 && below(g, 2);
            ir_val a = ir_get(g->b, IR_I64, x), b = IR_NONE;
            if (row->n_args > 1)
                b = below(g, 3) ? ir_get(g->b, IR_I64, y)
                                : ir_const(g->b, IR_I64, random_integer(g));
            if (half)
                a = ir_op(g->b, UOP_low, IR_VOID, a, IR_NONE, IR_NONE);
            if (half && b != IR_NONE)
                b = ir_op(g->b, UOP_low, IR_VOID, b, IR_NONE, IR_NONE);
            ir_val v = ir_op(g->b, op, IR_VOID, a, b, IR_NONE);
            unsigned type = g->b->uops.data[v].type;
            if (type == IR_B)
                v = ir_op(g->b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
            else if (type == IR_I32)
                v = ir_op(g->b, UOP_sext, IR_VOID, v, IR_NONE, IR_NONE);
            ir_put(g->b, to, v);
        }
    }
    random_exit(g);
}

/* flw and fsw, or fsd of a single, to a register and from another. */
static void random_transfer(struct gen *g, unsigned to, unsigned from)
{
    uint64_t at =
        g->m->scratch + 4 * below(g, SCRATCH_BYTES / 4) + (below(g, 8) ? 0 : SCRATCH_BYTES);
    ir_val address = ir_const(g->b, IR_I64, at), v;
    if (below(g, 5) < 3) {
        v = ir_op(g->b, UOP_low, IR_VOID, ir_load(g->b, IR_U32, address), IR_NONE, IR_NONE);
        v = ir_op(g->b, UOP_float32, IR_VOID, v, IR_NONE, IR_NONE);
        ir_put(g->b, to, ir_op(g->b, UOP_box, IR_VOID, v, IR_NONE, IR_NONE));
    } else {
        v = ir_op(g->b, UOP_bits, IR_VOID, ir_get(g->b, IR_F64, from), IR_NONE, IR_NONE);
        ir_store(g->b, below(g, 4) ? IR_U32 : IR_U64, address, v);
    }
}

/* A result to a register of its kind: singles to `to`, and some of the doubles. Who takes such a
 * double for a single goes on in the interpreter. */
static void put_result(struct gen *g, unsigned to, ir_val v)
{
    switch (g->b->uops.data[v].type) {
    case IR_F32:
        ir_put(g->b, to, ir_op(g->b, UOP_box, IR_VOID, v, IR_NONE, IR_NONE));
        return;
    case IR_F64:
        ir_put(g->b, below(g, 4) ? RV64_REG_f0 : to, v);
        return;
    case IR_B:
        v = ir_op(g->b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
        break;
    case IR_I32:
        v = ir_op(g->b, UOP_sext, IR_VOID, v, IR_NONE, IR_NONE);
        break;
    default:
        break;
    }
    ir_put(g->b, random_x(g), v);
}

/* An operation on singles in n_regs registers from `first` on. */
static void random_of_singles(struct gen *g, unsigned first, unsigned n_regs)
{
    static const uint8_t ops[] = {UOP_fadd,   UOP_fsub,   UOP_fmul,   UOP_fdiv,   UOP_fsqrt,
                                  UOP_fma,    UOP_fmin,   UOP_fsgnj,  UOP_fneg,   UOP_fsgnjx,
                                  UOP_feq,    UOP_flt,    UOP_fle,    UOP_fclass, UOP_f2s,
                                  UOP_bits32, UOP_fwiden, UOP_fwiden, UOP_fwiden};
    enum uop op = (enum uop)ops[below(g, ARRAY_LEN(ops))];
    const struct uop_info *row = &uop_infos[op];
    ir_val arg[3] = {IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < row->n_args; k++)
        arg[k] = ir_op(g->b, UOP_unbox, IR_VOID, ir_get(g->b, IR_F64, first + below(g, n_regs)),
                       IR_NONE, IR_NONE);
    unsigned type = op == UOP_f2s ? IR_I64 : row->result < UOP_VAR0 ? IR_VOID : IR_F32;
    if (row->imms & UOP_HAS_rm)
        ir_op(g->b, UOP_checkrm, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    put_result(g, first + below(g, n_regs),
               row->imms & UOP_HAS_rm ? ir_op_rm(g->b, op, type, arg[0], arg[1], arg[2], FP_DYN)
                                      : ir_op(g->b, op, type, arg[0], arg[1], arg[2]));
}

/* Singles and doubles in few registers, each written again soon, as guests have them: boxed and
 * unboxed, loaded and stored, and some loads and stores fault. */
static void make_singles(struct gen *g, uint64_t seed)
{
    unsigned first = RV64_REG_f0 + 16 + below(g, 12), n_regs = 2 + below(g, 4);
    for (unsigned k = 4 + below(g, 40); k > 0; k--) {
        begin_insn(g);
        if (below(g, 60) == 0)
            random_insn(g);
        else if (below(g, 2))
            random_transfer(g, first + below(g, n_regs), first + below(g, n_regs));
        else
            random_of_singles(g, first, n_regs);
    }
    random_exit(g);
}

static void with_setting(void **state, void (*make)(struct gen *, uint64_t))
{
    const struct setting *s = *state;
    static struct machine m; /* a failed test is left midway */
    struct translate_config config = {
        .passes_off = s->passes_off, .count = s->count, .random_registers = s->random_registers};
    if (m.tr)
        machine_free(&m);
    host_cpu_detect(&config.cpu);
    if (s->without >= 0)
        host_cpu_remove(&config.cpu, (enum host_feature)s->without);
    machine_init(&m, &config, s->offset);
    run_blocks(&m, make);
    print_message("# %llu instructions done late\n", (unsigned long long)m.n_late);
    print_message("# %llu singles boxed late\n", (unsigned long long)m.n_boxed);
    if (make == make_late && s->passes_off == 0 && n_blocks >= 1000)
        assert_true(m.n_late > 0);
    if (make == make_singles && s->passes_off == 0 && s->without < 0 && n_blocks >= 1000)
        assert_true(m.n_boxed > 0 || !host_cpu_has(&config.cpu, HOST_FMA));
    machine_free(&m);
    m.tr = NULL;
}

static void test_single(void **state)
{
    with_setting(state, make_single);
}

static void test_many(void **state)
{
    with_setting(state, make_many);
}

static void test_singles(void **state)
{
    with_setting(state, make_singles);
}

static void test_floats(void **state)
{
    with_setting(state, make_floats);
}

static void test_late(void **state)
{
    with_setting(state, make_late);
}

/* With each pass off that can be, and all of them. Returns how many settings. */
static unsigned add_passes(struct setting *settings)
{
    const char *name, *help;
    unsigned n = 0;
    uint32_t all = 0;
    for (; translate_list_passes(n, &name, &help); n++) {
        settings[n] = (struct setting){name, translate_pass_bit(name), .without = -1};
        all |= settings[n].passes_off;
    }
    settings[n] = (struct setting){"no passes", all, .without = -1};
    return n + 1;
}

int main(int argc, char **argv)
{
    enum { FIXED = 12, PASSES_MAX = 33 };
    static struct setting settings[FIXED + PASSES_MAX] = {
        {"plain", .without = -1},
        {"offset", .offset = true, .without = -1},
        {"counting", .count = true, .without = -1},
        {"no avx512", .without = HOST_AVX512F},
        {"no fma", .without = HOST_FMA},
        {"no avx", .without = HOST_AVX},
        {"no bmi1", .without = HOST_BMI1},
        {"no bmi2", .without = HOST_BMI2},
        {"no lzcnt", .without = HOST_LZCNT},
        {"registers 1", .without = -1, .random_registers = 1},
        {"registers 2", .without = -1, .random_registers = 2},
        {"registers 3, no bmi2", .without = HOST_BMI2, .random_registers = 3},
    };
    static const struct {
        const char *what;
        void (*run)(void **state);
    } kinds[] = {{"single µops", test_single},
                 {"blocks", test_many},
                 {"floats", test_floats},
                 {"singles", test_singles},
                 {"late", test_late}};
    static char names[ARRAY_LEN(kinds) * ARRAY_LEN(settings)][64];
    static struct CMUnitTest tests[ARRAY_LEN(names)];
    unsigned n = 0, n_settings = FIXED + add_passes(settings + FIXED);
    if (argc > 1)
        n_blocks = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 0);
    for (unsigned k = 0; k < n_settings; k++) {
        for (unsigned j = 0; j < ARRAY_LEN(kinds); j++, n++) {
            snprintf(names[n], sizeof(names[n]), "%s, %s%s", kinds[j].what,
                     k >= FIXED && k + 1 < n_settings ? "without " : "", settings[k].name);
            tests[n] = (struct CMUnitTest){names[n], kinds[j].run, NULL, NULL, &settings[k]};
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL); /* the rest of the array has no names */
}
