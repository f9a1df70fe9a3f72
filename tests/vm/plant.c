/* Planted faults. A block is built anew, µop by µop; behind each one that is to be wrong stands
 * another that spoils its value, or its operand is spoilt in front of it. */
#include "plant.h"

#include <string.h>

const char *plant_exempt(enum uop op)
{
    switch (op) {
    case UOP_fence:
        return "orders accesses, which one thread cannot see";
    case UOP_pause:
    case UOP_call:
    case UOP_return:
        return "has no effect on the state";
    case UOP_checkrm:
        return "a block without it is malformed, and refused";
    case UOP_counter:
        return "reads a clock: blocks with it are not compared";
    default:
        return NULL;
    }
}

/* A value of the same type that is another one. */
static ir_val spoil(struct ir_block *b, enum ir_type type, ir_val v)
{
    switch (type) {
    case IR_B:
        return ir_op(b, UOP_not, IR_VOID, v, IR_NONE, IR_NONE);
    case IR_F32:
    case IR_F64:
        return ir_op(b, UOP_fneg, IR_VOID, v, IR_NONE, IR_NONE);
    case IR_I32:
        return ir_op(b, UOP_xor, IR_VOID, v, ir_const(b, IR_I32, 0x55555555), IR_NONE);
    case IR_I64:
        return ir_op(b, UOP_xor, IR_VOID, v, ir_const(b, IR_I64, UINT64_C(0x5555555555555555)),
                     IR_NONE);
    default:
        CHECK(false, "no value of type %d can be spoilt", type);
    }
}

/* Exits and the like: what they become. */
static void spoil_effect(struct ir_block *b, struct ir_uop *u)
{
    enum { OTHER_PC = 8, OTHER_FLAGS = 0x1f };

    switch ((enum uop)u->op) {
    case UOP_syscall:
    case UOP_illegal:
        u->op = UOP_breakpoint;
        break;
    case UOP_breakpoint:
        u->op = UOP_syscall;
        break;
    case UOP_flushi:
        u->op = UOP_jump;
        break;
    case UOP_jump:
    case UOP_insn:
        u->imm += OTHER_PC;
        break;
    case UOP_setflags:
        u->arg[0] =
            ir_op(b, UOP_xor, IR_VOID, u->arg[0], ir_const(b, IR_I64, OTHER_FLAGS), IR_NONE);
        break;
    case UOP_setrm:
        u->arg[0] = ir_op(b, UOP_xor, IR_VOID, u->arg[0], ir_const(b, IR_I64, 1), IR_NONE);
        break;
    case UOP_put:
    case UOP_branch:
    case UOP_jumpr:
        u->arg[0] = spoil(b, (enum ir_type)u->arg_type, u->arg[0]);
        break;
    case UOP_store:
        u->arg[1] = spoil(b, IR_I64, u->arg[1]);
        break;
    default:
        CHECK(false, "nothing can be planted in %s", uop_infos[u->op].name);
    }
}

/* Copies µop u, whose operands are the new block's, and returns its value's place there. */
typedef ir_val copy_uop(struct ir_block *out, struct ir_uop u, uint64_t arg);

static void rebuild(struct ir_block *b, size_t from, copy_uop *copy, uint64_t arg)
{
    ir_val *place = base_alloc((b->uops.len + 1) * sizeof(*place));
    struct ir_block out;

    ir_block_init(&out, b->regs, b->n_regs);
    for (size_t i = 0; i < b->uops.len; i++) {
        struct ir_uop u = b->uops.data[i];
        for (unsigned a = 0; a < 3; a++) {
            if (u.arg[a] != IR_NONE)
                u.arg[a] = place[u.arg[a]];
        }
        place[i] = i < from ? ir_append(&out, &u) : copy(&out, u, arg);
    }
    free(place);
    ir_block_free(b);
    *b = out;
}

static ir_val copy_spoilt(struct ir_block *out, struct ir_uop u, uint64_t op)
{
    bool wrong = u.op == op;

    if (wrong && u.type == IR_VOID)
        spoil_effect(out, &u);
    ir_val v = ir_append(out, &u);
    return wrong && u.type != IR_VOID ? spoil(out, (enum ir_type)u.type, v) : v;
}

static ir_val copy_storing(struct ir_block *out, struct ir_uop u, uint64_t addr)
{
    ir_val v = ir_append(out, &u);

    if (u.op == UOP_store) {
        u.arg[0] = ir_const(out, IR_I64, addr);
        ir_append(out, &u);
    }
    return v;
}

void plant_fault(struct ir_block *b, size_t from, enum uop op)
{
    rebuild(b, from, copy_spoilt, op);
}

void plant_store(struct ir_block *b, size_t from, uint64_t addr)
{
    rebuild(b, from, copy_storing, addr);
}
