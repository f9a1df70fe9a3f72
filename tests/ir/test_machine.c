/* The machine and the random blocks of ir_test.h. */
#include "ir_test.h"

#include <stdlib.h>
#include <string.h>

#define ROW(name, alias, kind, bits, field, zero)                                                  \
    {                                                                                              \
        name, alias, kind, bits, offsetof(struct test_state, field), zero                          \
    }

const struct guest_reg test_regs[TEST_REGS] = {
    ROW("pc", NULL, REG_PC, 64, pc, false),     ROW("x0", "zero", REG_GPR, 64, x[0], true),
    ROW("x1", "ra", REG_GPR, 64, x[1], false),  ROW("x2", "sp", REG_GPR, 64, x[2], false),
    ROW("x3", NULL, REG_GPR, 64, x[3], false),  ROW("f0", "ft0", REG_FPR, 64, f[0], false),
    ROW("f1", "ft1", REG_FPR, 64, f[1], false), ROW("v0", NULL, REG_VEC, 512, v[0], false),
    ROW("v1", NULL, REG_VEC, 512, v[1], false), ROW("v2", NULL, REG_VEC, 512, v[2], false),
    ROW("w0", "small", REG_VEC, 128, w, false),
};

static const struct guest test_guest = {
    .name = "test",
    .regs = test_regs,
    .n_regs = TEST_REGS,
    .state_size = sizeof(struct test_state),
    .pc_offset = offsetof(struct test_state, pc),
};

unsigned char test_memory[TEST_MEMORY];

/* ---- memory ---------------------------------------------------------------------------------- */

static unsigned char *memory_at(struct thread *t, enum trap_kind kind, enum ir_mem mem,
                                uint64_t addr)
{
    static const unsigned sizes[] = {1, 1, 2, 2, 4, 4, 8, 8};
    if (addr >= TEST_MEMORY_ADDR && addr - TEST_MEMORY_ADDR <= TEST_MEMORY - sizes[mem])
        return test_memory + (addr - TEST_MEMORY_ADDR);
    t->trap = (struct trap){.kind = kind, .reason = FAULT_MAPERR, .addr = GVA(addr)};
    return NULL;
}

static uint64_t memory_read(const unsigned char *p, enum ir_mem mem)
{
    uint64_t low = 0;
    memcpy(&low, p, (size_t)1 << mem / 2);
    switch (mem) {
    case IR_S8:
        return (uint64_t)(int8_t)low;
    case IR_S16:
        return (uint64_t)(int16_t)low;
    case IR_S32:
        return (uint64_t)(int32_t)low;
    default:
        return low;
    }
}

static bool test_load(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t *value)
{
    unsigned char *p = memory_at(t, TRAP_LOAD, mem, addr);
    if (p)
        *value = memory_read(p, mem);
    return p;
}

static bool test_store(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t value)
{
    unsigned char *p = memory_at(t, TRAP_STORE, mem, addr);
    if (p)
        memcpy(p, &value, (size_t)1 << mem / 2);
    return p;
}

/* amoadd adds, sc stores and answers 0, everything else exchanges; the order is kept in the last
 * byte of memory. */
static bool test_atomic(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr,
                        uint64_t operand, unsigned order, uint64_t *result)
{
    unsigned char *p = memory_at(t, op == UOP_lr ? TRAP_LOAD : TRAP_STORE, mem, addr);
    if (!p)
        return false;
    if (addr % (mem == IR_U32 ? 4 : 8)) {
        t->trap = (struct trap){.kind = TRAP_MISALIGNED, .addr = GVA(addr)};
        return false;
    }
    uint64_t old = memory_read(p, mem == IR_U32 ? IR_S32 : IR_U64);
    uint64_t new = op == UOP_amoadd ? old + operand : op == UOP_lr ? old : operand;
    memcpy(p, &new, mem == IR_U32 ? 4 : 8);
    test_memory[TEST_MEMORY - 1] = (unsigned char)order;
    *result = op == UOP_sc ? 0 : old;
    return true;
}

static uint64_t test_counter(struct thread *t, unsigned which)
{
    return 100 + which;
}

const struct ir_eval_ops test_eval_ops = {test_load, test_store, test_atomic, test_counter};

struct test_machine test_machine_create(void)
{
    size_t size =
        ALIGN_UP(sizeof(struct thread) + sizeof(struct test_state), _Alignof(struct thread));
    struct test_machine m = {aligned_alloc(_Alignof(struct thread), size), NULL};
    memset(m.t, 0, size);
    memset(test_memory, 0, sizeof(test_memory));
    m.t->desc = &test_guest;
    m.state = (struct test_state *)m.t->guest;
    return m;
}

void test_machine_destroy(struct test_machine *m)
{
    free(m->t);
}

enum exit_kind test_eval(struct test_machine *m, const struct ir_block *b, uint32_t *fcsr)
{
    const char *message = ir_verify(b);
    if (message)
        fail_msg("%s", message);
    fp_enter(&m->t->fp, *fcsr);
    enum exit_kind kind = ir_eval(b, m->t, &test_eval_ops, &m->n_insns);
    *fcsr = fp_leave(&m->t->fp);
    return kind;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

void test_parse(struct ir_block *b, const char *text)
{
    unsigned line;
    char message[128];
    ir_block_init(b, test_regs, TEST_REGS);
    if (ir_parse(b, text, &line, message, sizeof(message)) != 0)
        fail_msg("line %u: %s\n%s", line, message, text);
}

bool test_blocks_equal(const struct ir_block *a, const struct ir_block *b)
{
    if (a->uops.len != b->uops.len)
        return false;
    for (size_t i = 0; i < a->uops.len; i++) {
        const struct ir_uop *x = &a->uops.data[i], *y = &b->uops.data[i];
        if (x->op != y->op || x->type != y->type || x->arg_type != y->arg_type ||
            x->mem != y->mem || x->reg != y->reg || x->rm != y->rm || x->order != y->order ||
            x->imm != y->imm || memcmp(x->arg, y->arg, sizeof(x->arg)) != 0)
            return false;
    }
    return true;
}

static unsigned random_bit(struct rng *g, unsigned set)
{
    unsigned bit;
    do
        bit = rng_below(g, 16);
    while (!(set >> bit & 1));
    return bit;
}

/* A register row for a type. */
static uint16_t random_register(struct rng *g, enum ir_type type)
{
    if (type == IR_I64)
        return (uint16_t)(REG_ROW_x0 + rng_below(g, 4));
    if (type == IR_F64)
        return (uint16_t)(REG_ROW_f0 + rng_below(g, 2));
    return (uint16_t)(REG_ROW_v0 + rng_below(g, 4));
}

/* A value of the type: an earlier one, or a new constant or register. */
static ir_val random_operand(struct rng *g, struct ir_block *b, enum ir_type type)
{
    for (unsigned tries = 0; tries < 8 && b->uops.len > 0; tries++) {
        ir_val v = rng_below(g, (unsigned)b->uops.len);
        if (b->uops.data[v].type == type)
            return v;
    }
    if (uop_infos[UOP_const].var_types[0] >> type & 1)
        return ir_const(b, type, test_random_value(g, type));
    return ir_get(b, type, random_register(g, type));
}

static void random_immediates(struct rng *g, struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    if (row->imms & UOP_HAS_reg)
        u->reg = random_register(g, u->op == UOP_get ? u->type : u->arg_type);
    if (row->imms & UOP_HAS_rm)
        u->rm = (uint8_t)rng_below(g, 5);
    if (row->imms & UOP_HAS_order)
        u->order = (uint8_t)rng_below(g, 4);
    if (row->imms & UOP_HAS_imm)
        u->imm = u->op == UOP_const     ? test_random_value(g, u->type)
                 : u->op == UOP_fence   ? rng_next(g) & 255
                 : u->op == UOP_counter ? rng_below(g, 3)
                                        : rng_next(g) >> rng_below(g, 64);
    switch (row->class) {
    case UOP_CLASS_load:
        u->mem = (uint8_t[]){IR_S8, IR_U8, IR_S16, IR_U16, IR_S32, IR_U32, IR_U64}[rng_below(g, 7)];
        break;
    case UOP_CLASS_store:
        u->mem = (uint8_t[]){IR_U8, IR_U16, IR_U32, IR_U64}[rng_below(g, 4)];
        break;
    case UOP_CLASS_atomic:
        u->mem = rng_below(g, 2) ? IR_U32 : IR_U64;
        break;
    }
}

/* One µop of row op with operands; what it needs stands above afterwards. */
static void random_uop(struct rng *g, struct ir_block *b, enum uop op)
{
    const struct uop_info *row = &uop_infos[op];
    struct ir_uop u = {.op = op, .arg = {IR_NONE, IR_NONE, IR_NONE}};
    unsigned vars[2];
    for (unsigned i = 0; i < 2; i++)
        vars[i] = row->var_types[i] ? random_bit(g, row->var_types[i]) : IR_VOID;
    for (unsigned i = 0; i < row->n_args; i++) {
        enum ir_type type = row->arg[i] < UOP_VAR0 ? row->arg[i] : vars[row->arg[i] - UOP_VAR0];
        u.arg[i] = random_operand(g, b, type);
        if (i == 0)
            u.arg_type = type;
    }
    u.type = row->result < UOP_VAR0 ? row->result : vars[row->result - UOP_VAR0];
    random_immediates(g, &u);
    if (u.rm == 0 && row->imms & UOP_HAS_rm && rng_below(g, 2)) {
        ir_op(b, UOP_checkrm, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
        u.rm = FP_DYN;
    }
    ir_append(b, &u);
}

void test_random_block(struct rng *g, struct ir_block *b, size_t len)
{
    ir_op_imm(b, UOP_insn, rng_next(g));
    while (b->uops.len < len) {
        enum uop op = rng_below(g, UOP_COUNT);
        if (uop_infos[op].class != UOP_CLASS_exit)
            random_uop(g, b, op);
    }
    enum uop exit;
    do
        exit = rng_below(g, UOP_COUNT);
    while (uop_infos[exit].class != UOP_CLASS_exit);
    random_uop(g, b, exit);
    if (exit == UOP_branch)
        random_uop(g, b, UOP_jump);
}
