/* The interpreter for what-if: a block is executed with loads and stores through a log, and left at
 * its end. The reference of `verify` (vm/verify.c). The handlers are those of interp.c. */
#include "guest/rv64/memory.h"

#define INTERPRET rv64_interpret_logged

#define LOAD(v, mem, MEM, addr)                                                                    \
    uint64_t v;                                                                                    \
    if (!rv64_logged_load(t, IR_##MEM, addr, &v))                                                  \
    FAULT(load, addr)
#define STORE(mem, MEM, addr, v)                                                                   \
    if (!rv64_logged_store(t, IR_##MEM, addr, v))                                                  \
    FAULT(store, addr)
#define ATOMIC(v, name, MEM, addr, operand, order)                                                 \
    uint64_t v;                                                                                    \
    if (!rv64_atomic(t, UOP_##name, IR_##MEM, addr, operand, order, &v))                           \
    goto trap
/* Two readings of a clock differ. */
#define COUNTER(v, which)                                                                          \
    uint64_t v = rv64_counter(t, which, done);                                                     \
    t->unrepeatable = true

#define ENTER(target, slot, may_repeat)                                                            \
    do {                                                                                           \
        next_pc = (target);                                                                        \
        insns += block->n_insns;                                                                   \
        blocks++;                                                                                  \
        LEAVE_NEXT(EXIT_LOOKUP);                                                                   \
    } while (0)

#include "guest/rv64/interp_body.h"
