/* The evaluator: executes a block of µops, one after the other. It is the second opinion on the
 * interpreter (each stanza is tested through both) and no engine to be fast: every value of the
 * block has a slot of a vector's size. What a µop computes stands in uops.def; here is only what
 * acts on memory, state or control. */
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

union ir_slot {
    uint64_t bits; /* scalars and masks */
    unsigned char bytes[IR_VECTOR_BYTES];
};

struct evaluation {
    struct thread *t;
    const struct ir_eval_ops *ops;
    union ir_slot *values;
    uint64_t pc;      /* of the guest instruction at hand */
    uint64_t n_insns; /* begun */
};

/* Returned by the steps below besides an exit: go on with the next µop. */
enum { GO_ON = -1 };

static int eval_trap(struct evaluation *e, enum trap_kind kind)
{
    e->t->trap = (struct trap){.kind = kind};
    thread_set_pc(e->t, GVA(e->pc));
    return EXIT_TRAP;
}

static int eval_exit(struct evaluation *e, enum exit_kind kind, uint64_t pc)
{
    thread_set_pc(e->t, GVA(pc));
    return kind;
}

/* ---- registers ------------------------------------------------------------------------------- */

/* How many bytes move between a value and a register: the mask's 64 bits, or the register. */
static size_t moved_bytes(const struct guest_reg *r, enum ir_type type)
{
    return type == IR_M ? sizeof(uint64_t) : r->bits / 8;
}

static void eval_get(struct evaluation *e, const struct ir_uop *u, union ir_slot *result)
{
    const struct guest_reg *r = &e->t->desc->regs[u->reg];
    *result = (union ir_slot){.bytes = {0}};
    if (!r->zero)
        memcpy(result->bytes, e->t->guest + r->offset, moved_bytes(r, u->type));
}

static void eval_put(struct evaluation *e, const struct ir_uop *u)
{
    const struct guest_reg *r = &e->t->desc->regs[u->reg];
    if (!r->zero)
        memcpy(e->t->guest + r->offset, e->values[u->arg[0]].bytes, moved_bytes(r, u->arg_type));
}

/* ---- µops with an evaluation in uops.def ----------------------------------------------------- */

/* Bytes of a vector type's element, 0 for other types. */
static unsigned element_bytes(enum ir_type type)
{
    switch (type) {
    case IR_V8:
        return 1;
    case IR_V16:
        return 2;
    case IR_V32:
    case IR_VF32:
        return 4;
    case IR_V64:
    case IR_VF64:
        return 8;
    default:
        return 0;
    }
}

static uint64_t eval_element(struct evaluation *e, const struct ir_uop *u, const uint64_t v[3])
{
    return uop_eval(&e->t->fp, u->op, u->type, u->arg_type, u->rm, v[0], v[1], v[2]);
}

static union ir_slot eval_vector(struct evaluation *e, const struct ir_uop *u, unsigned size)
{
    union ir_slot result = {.bytes = {0}};
    for (unsigned at = 0; at < IR_VECTOR_BYTES; at += size) {
        uint64_t v[3] = {0, 0, 0};
        for (unsigned i = 0; i < uop_infos[u->op].n_args; i++)
            memcpy(&v[i], e->values[u->arg[i]].bytes + at, size);
        uint64_t r = eval_element(e, u, v);
        memcpy(result.bytes + at, &r, size);
    }
    return result;
}

static union ir_slot eval_mask(struct evaluation *e, const struct ir_uop *u)
{
    union ir_slot result = {.bytes = {0}};
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t v[3] = {0, 0, 0};
        for (unsigned i = 0; i < uop_infos[u->op].n_args; i++)
            v[i] = e->values[u->arg[i]].bits >> bit & 1;
        result.bits |= eval_element(e, u, v) << bit;
    }
    return result;
}

static void eval_value(struct evaluation *e, const struct ir_uop *u, union ir_slot *result)
{
    unsigned size = element_bytes(u->type);
    if (size) {
        *result = eval_vector(e, u, size);
    } else if (u->type == IR_M) {
        *result = eval_mask(e, u);
    } else {
        uint64_t v[3] = {0, 0, 0};
        for (unsigned i = 0; i < uop_infos[u->op].n_args; i++)
            v[i] = e->values[u->arg[i]].bits;
        result->bits = eval_element(e, u, v);
    }
}

/* ---- memory, state, control ------------------------------------------------------------------ */

static int eval_memory(struct evaluation *e, const struct ir_uop *u, union ir_slot *result)
{
    uint64_t addr = e->values[u->arg[0]].bits;
    uint64_t operand = u->arg[1] == IR_NONE ? 0 : e->values[u->arg[1]].bits;
    bool done;
    switch (uop_infos[u->op].class) {
    case UOP_CLASS_load:
        done = e->ops->load(e->t, u->mem, addr, &result->bits);
        break;
    case UOP_CLASS_store:
        done = e->ops->store(e->t, u->mem, addr, operand);
        break;
    default:
        done = e->ops->atomic(e->t, u->op, u->mem, addr, operand, u->order, &result->bits);
    }
    return done ? GO_ON : eval_exit(e, EXIT_TRAP, e->pc);
}

static int eval_state(struct evaluation *e, const struct ir_uop *u, union ir_slot *result)
{
    switch ((enum uop)u->op) {
    case UOP_get:
        eval_get(e, u, result);
        break;
    case UOP_put:
        eval_put(e, u);
        break;
    case UOP_const:
        result->bits = u->imm;
        break;
    case UOP_insn:
        e->pc = u->imm;
        e->n_insns++;
        break;
    case UOP_counter:
        result->bits = e->ops->counter(e->t, (unsigned)u->imm);
        break;
    case UOP_call:
    case UOP_return:
        break;
    case UOP_pause:
        __builtin_ia32_pause();
        break;
    default:
        CHECK(false, "the evaluator does not know the µop %s", uop_infos[u->op].name);
    }
    return GO_ON;
}

static int eval_control(struct evaluation *e, const struct ir_uop *u)
{
    switch ((enum uop)u->op) {
    case UOP_jump:
        return eval_exit(e, EXIT_LOOKUP, u->imm);
    case UOP_branch:
        return e->values[u->arg[0]].bits ? eval_exit(e, EXIT_LOOKUP, u->imm) : GO_ON;
    case UOP_jumpr:
        return eval_exit(e, EXIT_LOOKUP, e->values[u->arg[0]].bits);
    case UOP_flushi:
        return eval_exit(e, EXIT_FLUSH, u->imm);
    case UOP_syscall:
        return eval_trap(e, TRAP_SYSCALL);
    case UOP_breakpoint:
        return eval_trap(e, TRAP_BREAKPOINT);
    case UOP_illegal:
        return eval_trap(e, TRAP_ILLEGAL);
    default:
        CHECK(false, "the evaluator does not know the exit %s", uop_infos[u->op].name);
        return GO_ON;
    }
}

static int eval_step(struct evaluation *e, const struct ir_uop *u, union ir_slot *result)
{
    const struct uop_info *row = &uop_infos[u->op];
    if (row->has_eval) {
        eval_value(e, u, result);
        return GO_ON;
    }
    switch (row->class) {
    case UOP_CLASS_load:
    case UOP_CLASS_store:
    case UOP_CLASS_atomic:
        return eval_memory(e, u, result);
    case UOP_CLASS_fence:
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return GO_ON;
    case UOP_CLASS_check:
        return e->t->fp.rm <= FP_RMM ? GO_ON : eval_trap(e, TRAP_ILLEGAL);
    case UOP_CLASS_exit:
        return eval_control(e, u);
    default:
        return eval_state(e, u, result);
    }
}

enum exit_kind ir_eval(const struct ir_block *b, struct thread *t, const struct ir_eval_ops *ops,
                       uint64_t *n_insns)
{
    struct evaluation e = {
        .t = t, .ops = ops, .values = base_alloc(b->uops.len * sizeof(*e.values))};
    int next = GO_ON;
    for (size_t i = 0; i < b->uops.len && next == GO_ON; i++)
        next = eval_step(&e, &b->uops.data[i], &e.values[i]);
    free(e.values);
    CHECK(next != GO_ON, "a block without an exit");
    *n_insns = e.n_insns - (next == EXIT_TRAP);
    return (enum exit_kind)next;
}
