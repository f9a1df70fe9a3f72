/* Memory of the RISC-V guest as the logged interpreter sees it: every access goes to t->log. */
#include "guest/rv64/memory.h"

static unsigned mem_size(enum ir_mem mem)
{
    switch (mem) {
    case IR_S8:
    case IR_U8:
        return 1;
    case IR_S16:
    case IR_U16:
        return 2;
    case IR_S32:
    case IR_U32:
        return 4;
    default:
        return 8;
    }
}

static bool mem_signed(enum ir_mem mem)
{
    return mem == IR_S8 || mem == IR_S16 || mem == IR_S32;
}

static uint64_t sign_extend(uint64_t value, unsigned size)
{
    unsigned shift = 64 - 8 * size;

    return (uint64_t)((int64_t)(value << shift) >> shift);
}

bool rv64_logged_load(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t *value)
{
    unsigned size = mem_size(mem);

    if (!store_log_load(t->log, addr, size, value))
        return false;
    if (mem_signed(mem))
        *value = sign_extend(*value, size);
    return true;
}

bool rv64_logged_store(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t value)
{
    return store_log_store(t->log, addr, mem_size(mem), value);
}

/* ---- atomics --------------------------------------------------------------------------------- */

/* Both operands are zero-extended from size bytes. */
static uint64_t amo_result(enum uop op, unsigned size, uint64_t old, uint64_t operand)
{
    bool less = (int64_t)sign_extend(old, size) < (int64_t)sign_extend(operand, size);

    switch (op) {
    case UOP_amoswap:
        return operand;
    case UOP_amoadd:
        return old + operand;
    case UOP_amoand:
        return old & operand;
    case UOP_amoor:
        return old | operand;
    case UOP_amoxor:
        return old ^ operand;
    case UOP_amomins:
        return less ? old : operand;
    case UOP_amomaxs:
        return less ? operand : old;
    case UOP_amominu:
        return MIN(old, operand);
    case UOP_amomaxu:
        return MAX(old, operand);
    default:
        CHECK(false, "µop %d is no atomic", op);
    }
}

static bool logged_sc(struct thread *t, unsigned size, uint64_t addr, uint64_t operand,
                      uint64_t *result)
{
    uint64_t now;
    bool done = false;

    if (t->reserve_addr == addr) {
        if (!store_log_load(t->log, addr, size, &now))
            return false;
        uint64_t expected = size == 4 ? (uint32_t)t->reserve_value : t->reserve_value;
        /* The host's compare-and-exchange needs the right to write, whatever it finds. */
        done = now == expected;
        if (!store_log_store(t->log, addr, size, done ? operand : now))
            return false;
    }
    t->reserve_addr = ~UINT64_C(0);
    *result = !done;
    return true;
}

bool rv64_logged_atomic(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr,
                        uint64_t operand, uint64_t *result)
{
    unsigned size = mem_size(mem);

    if (op == UOP_sc)
        return logged_sc(t, size, addr, operand, result);
    if (!store_log_load(t->log, addr, size, result))
        return false;
    if (op == UOP_lr) {
        t->reserve_addr = addr;
        t->reserve_value = *result;
        return true;
    }
    if (size == 4)
        operand = (uint32_t)operand;
    return store_log_store(t->log, addr, size, amo_result(op, size, *result, operand));
}
