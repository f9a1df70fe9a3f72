/* Instructions as bytes: each integer µop comes back with its operands and constants and does what
 * the evaluator does; what is more than that is not taken; and no bytes do harm. */
#include "../random.h"
#include "guest/rv64/rv64.h"
#include "ir/ir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct rng rng = {5};
static struct ir_block block;
static uint8_t packed[IR_PACKED_MAX];

static void begin(void)
{
    if (!block.regs)
        ir_block_init(&block, rv64_regs, RV64_REG_COUNT);
    ir_block_reset(&block);
    ir_op_imm(&block, UOP_insn, 0x1000);
}

static size_t pack(void)
{
    ir_op_imm(&block, UOP_insn, 0x1004);
    return ir_pack(&block, 1, packed);
}

static bool is_integer(unsigned type)
{
    return type == IR_B || type == IR_I32 || type == IR_I64;
}

/* A value of the type, and what it is. */
static ir_val operand(unsigned type, const struct rv64_state *s, uint64_t *value)
{
    unsigned reg = 1 + rng_below(&rng, 31);
    bool constant = rng_below(&rng, 3) == 0;
    ir_val v;

    *value = constant ? rng_next(&rng) >> rng_below(&rng, 64) : s->x[reg];
    if (type == IR_I32)
        *value = (uint32_t)*value;
    if (type == IR_B) {
        *value = *value != 5;
        return ir_op(&block, UOP_ne, IR_VOID,
                     constant ? ir_const(&block, IR_I64, 4 + *value)
                              : ir_get(&block, IR_I64, RV64_REG_x0 + reg),
                     ir_const(&block, IR_I64, constant ? 4 : 5), IR_NONE);
    }
    if (constant)
        return ir_const(&block, type, *value);
    v = ir_get(&block, IR_I64, RV64_REG_x0 + reg);
    return type == IR_I32 ? ir_op(&block, UOP_low, IR_VOID, v, IR_NONE, IR_NONE) : v;
}

/* x5 = op(...), with variable types `type`. */
static void check_op(enum uop op, unsigned type)
{
    const struct uop_info *row = &uop_infos[op];
    struct rv64_state s, want;
    uint64_t value[3] = {0}, result;
    ir_val arg[3] = {IR_NONE, IR_NONE, IR_NONE};
    unsigned of[3], result_type = row->result >= UOP_VAR0 ? type : row->result;

    for (unsigned r = 1; r < 32; r++)
        s.x[r] = rng_next(&rng) >> rng_below(&rng, 64);
    s.x[0] = 0;
    begin();
    for (unsigned k = 0; k < row->n_args; k++) {
        of[k] = row->arg[k] >= UOP_VAR0 ? type : row->arg[k];
        arg[k] = operand(of[k], &s, &value[k]);
    }
    ir_val v = ir_op(&block, op, result_type, arg[0], arg[1], arg[2]);
    result = uop_eval_pure(op, result_type, of[0], value[0], value[1], value[2]);
    if (result_type != IR_I64)
        v = ir_op(&block, result_type == IR_B ? UOP_flag : UOP_sext, IR_VOID, v, IR_NONE, IR_NONE);
    if (result_type == IR_I32)
        result = (uint64_t)(int64_t)(int32_t)result;
    ir_put(&block, RV64_REG_x0 + 5, v);
    size_t n = pack();
    assert_true(n > 0);
    assert_int_equal(ir_packed_row(packed, n), RV64_REG_x0 + 5);
    want = s;
    want.x[5] = result;
    ir_replay(packed, n, &guest_rv64, (unsigned char *)&s);
    assert_memory_equal(s.x, want.x, sizeof(s.x));
}

static void every_integer_operation_is_repeated(void **state)
{
    unsigned ops = 0;

    for (unsigned op = 0; op < UOP_COUNT; op++) {
        const struct uop_info *row = &uop_infos[op];
        bool variable = row->var_types[0] != 0,
             integers = row->class == UOP_CLASS_pure && row->has_eval && row->n_args > 0;
        for (unsigned k = 0; k < row->n_args; k++)
            integers = integers && (row->arg[k] >= UOP_VAR0 || is_integer(row->arg[k]));
        integers = integers && (row->result >= UOP_VAR0 || is_integer(row->result));
        for (unsigned type = IR_I32; integers && type <= IR_I64; type++) {
            if (variable ? !(row->var_types[0] >> type & 1) : type == IR_I32)
                continue;
            for (unsigned round = 0; round < 200; round++)
                check_op((enum uop)op, type);
            ops++;
        }
    }
    assert_true(ops > 60);
}

/* Anything else than one put, at the end, of what pure integer µops make of registers. */
static void nothing_else_is_taken(void **state)
{
    begin();
    ir_put(&block, RV64_REG_x0 + 5,
           ir_load(&block, IR_U64, ir_get(&block, IR_I64, RV64_REG_x0 + 6)));
    assert_int_equal(pack(), 0);
    begin();
    ir_val v = ir_get(&block, IR_I64, RV64_REG_x0 + 6);
    ir_put(&block, RV64_REG_x0 + 5, v);
    ir_put(&block, RV64_REG_x0 + 7, v);
    assert_int_equal(pack(), 0);
    begin();
    v = ir_get(&block, IR_F64, RV64_REG_f0 + 1);
    ir_put(&block, RV64_REG_x0 + 5, ir_op(&block, UOP_bits, IR_VOID, v, IR_NONE, IR_NONE));
    assert_int_equal(pack(), 0);
    begin();
    ir_put(&block, RV64_REG_f0 + 5, ir_get(&block, IR_F64, RV64_REG_f0 + 1));
    assert_int_equal(pack(), 0);
    begin();
    ir_put(&block, RV64_REG_x0 + 5,
           ir_op(&block, UOP_getflags, IR_VOID, IR_NONE, IR_NONE, IR_NONE));
    assert_int_equal(pack(), 0);
    begin(); /* a value of the instruction before */
    v = ir_get(&block, IR_I64, RV64_REG_x0 + 6);
    ir_put(&block, RV64_REG_x0 + 5, v);
    ir_op_imm(&block, UOP_insn, 0x1004);
    ir_put(&block, RV64_REG_x0 + 7, v);
    ir_op_imm(&block, UOP_insn, 0x1008);
    assert_int_equal(ir_pack(&block, 4, packed), 0);
    begin(); /* longer than there is room */
    v = ir_get(&block, IR_I64, RV64_REG_x0 + 6);
    for (unsigned k = 0; k < 7; k++)
        v = ir_op(&block, UOP_xor, IR_VOID, v, ir_const(&block, IR_I64, rng_next(&rng)), IR_NONE);
    ir_put(&block, RV64_REG_x0 + 5, v);
    assert_int_equal(pack(), 0);
}

static void any_bytes_can_be_done(void **state)
{
    for (unsigned round = 0; round < 200000; round++) {
        struct rv64_state before, after;
        uint8_t bytes[24], n = (uint8_t)rng_below(&rng, sizeof(bytes) + 1);
        for (unsigned k = 0; k < n; k++)
            bytes[k] = (uint8_t)(rng_below(&rng, 2)   ? rng_below(&rng, 256)
                                 : rng_below(&rng, 2) ? UOP_get + rng_below(&rng, 3)
                                                      : rng_below(&rng, 8));
        uint8_t *copy = base_alloc(n ? n : 1); /* of just that size, for the address sanitizer */
        memcpy(copy, bytes, n);
        memset(&before, 0x5a, sizeof(before));
        after = before;
        ir_replay(copy, n, &guest_rv64, (unsigned char *)&after);
        unsigned changed = 0;
        for (unsigned r = 0; r < 32; r++)
            changed += before.x[r] != after.x[r];
        assert_true(changed <= 1 && before.x[0] == after.x[0]);
        memcpy(after.x, before.x, sizeof(after.x));
        assert_memory_equal(&before, &after, sizeof(after));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_integer_operation_is_repeated),
        cmocka_unit_test(nothing_else_is_taken),
        cmocka_unit_test(any_bytes_can_be_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
