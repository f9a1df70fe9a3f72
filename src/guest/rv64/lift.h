/* guest/rv64, private: what the lifting made by isagen (rv64_lift.gen.c) calls. */
#ifndef ISOMORPH_RV64_LIFT_H
#define ISOMORPH_RV64_LIFT_H

#include "guest/rv64/rv64.h"

static inline ir_val lift_get_x(struct ir_block *b, unsigned reg)
{
    return reg ? ir_get(b, IR_I64, RV64_REG_x0 + reg) : ir_const(b, IR_I64, 0);
}

static inline ir_val lift_get_f(struct ir_block *b, unsigned reg)
{
    return ir_get(b, IR_F64, RV64_REG_f0 + reg);
}

static inline void lift_put_x(struct ir_block *b, unsigned reg, ir_val v)
{
    if (reg != RV64_SINK)
        ir_put(b, RV64_REG_x0 + reg, v);
}

static inline void lift_put_f(struct ir_block *b, unsigned reg, ir_val v)
{
    ir_put(b, RV64_REG_f0 + reg, v);
}

/* The µop counts instructions up to the block's start: those of the block are added here. */
static inline ir_val lift_counter(struct ir_block *b, uint64_t which, uint64_t done)
{
    ir_val v = ir_op_imm(b, UOP_counter, which);
    if (which == 2 && done > 0)
        v = ir_op(b, UOP_add, IR_I64, v, ir_const(b, IR_I64, done), IR_NONE);
    return v;
}

#endif
