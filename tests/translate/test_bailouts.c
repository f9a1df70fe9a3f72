/* Every reason why a block is not translated, and that the translator is as good as new afterwards;
 * and what a fragment leaves to a lower engine while it runs. */
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <cmocka.h>

static struct machine m;
static struct ir_block b;

static void begin(void)
{
    ir_block_reset(&b);
    ir_op_imm(&b, UOP_insn, 0x10000);
}

static ir_val get_x(unsigned r)
{
    return ir_get(&b, IR_I64, RV64_REG_x0 + r);
}

/* a0 = a1 + 1, which must work at any time. */
static void check_translator(void)
{
    struct outcome out;
    begin();
    ir_put(&b, RV64_REG_x10,
           ir_op(&b, UOP_add, IR_VOID, get_x(11), ir_const(&b, IR_I64, 1), IR_NONE));
    ir_op_imm(&b, UOP_jump, 0x10004);
    machine_state(&m)->x[11] = 41;
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(out.state.x[10], 42);
    assert_int_equal(out.state.pc, 0x10004);
}

static void expect_bailout(int reason)
{
    struct outcome out;
    assert_null(ir_verify(&b));
    assert_false(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(m.bailout, reason);
    check_translator();
}

static void test_vector(void **state)
{
    struct ir_uop get = {
        .op = UOP_get, .type = IR_V32, .reg = 0, .arg = {IR_NONE, IR_NONE, IR_NONE}};
    struct outcome out;
    begin(); /* this guest has no vector registers, so the block is not well-formed: nobody looks
                further */
    ir_append(&b, &get);
    ir_op_imm(&b, UOP_jump, 0x10004);
    assert_false(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(m.bailout, BAILOUT_VECTOR);
    check_translator();
}

/* Products that are all wanted at the end, in the order in which they were made. */
static void test_spill(void **state)
{
    ir_val v[40];
    begin();
    for (unsigned k = 0; k < 40; k++)
        v[k] = ir_op(&b, UOP_mul, IR_VOID, get_x(10), ir_const(&b, IR_I64, 3 + k), IR_NONE);
    for (unsigned k = 0; k < 40; k++)
        ir_store(&b, IR_U64, ir_const(&b, IR_I64, m.scratch + 8 * k), v[k]);
    ir_op_imm(&b, UOP_jump, 0x10004);
    expect_bailout(BAILOUT_SPILL);
}

/* The same with as many as there is room for. */
static void test_spill_enough(void **state)
{
    ir_val v[14];
    struct outcome out;
    uint64_t word;
    begin();
    for (unsigned k = 0; k < 14; k++)
        v[k] = ir_op(&b, UOP_mul, IR_VOID, get_x(10), ir_const(&b, IR_I64, 3 + k), IR_NONE);
    for (unsigned k = 0; k < 14; k++)
        ir_store(&b, IR_U64, ir_const(&b, IR_I64, m.scratch + 8 * k), v[k]);
    ir_op_imm(&b, UOP_jump, 0x10004);
    machine_state(&m)->x[10] = 1000;
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    for (unsigned k = 0; k < 14; k++) {
        space_read(m.space, GVA(m.scratch + 8 * k), &word, 8);
        assert_int_equal(word, 1000 * (3 + k));
    }
}

static void test_too_large(void **state)
{
    begin();
    for (unsigned k = 0; k < 10000; k++)
        ir_store(&b, IR_U64, ir_const(&b, IR_I64, m.scratch), get_x(10));
    ir_op_imm(&b, UOP_jump, 0x10004);
    expect_bailout(BAILOUT_TOO_LARGE);
}

/* ---- left to a lower engine
 * ----------------------------------------------------------------------------------------- */

static void expect_interp(uint64_t pc)
{
    struct outcome out;
    assert_null(ir_verify(&b));
    assert_true(machine_run(&m, &b, GVA(0x10000), 2, &out));
    assert_int_equal(out.exit, TRANSLATE_EXIT_INTERP);
    assert_int_equal(out.state.pc, pc);
    assert_int_equal(out.state.x[12], 5); /* what stood before was done, */
    assert_int_equal(out.state.x[13], 0); /* what stood behind was not */
}

static void begin_left(void)
{
    machine_state(&m)->x[12] = machine_state(&m)->x[13] = machine_state(&m)->fcsr = 0;
    begin();
    ir_put(&b, RV64_REG_x12, ir_const(&b, IR_I64, 5));
    ir_op_imm(&b, UOP_insn, 0x10004);
}

static void end_left(void)
{
    ir_put(&b, RV64_REG_x13, ir_const(&b, IR_I64, 6));
    ir_op_imm(&b, UOP_jump, 0x10008);
    expect_interp(0x10004);
}

static void test_illegal(void **state)
{
    begin_left();
    ir_op(&b, UOP_illegal, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    expect_interp(0x10004);
}

static void test_misaligned_atomic(void **state)
{
    begin_left();
    ir_atomic(&b, UOP_amoadd, IR_U32, ir_const(&b, IR_I64, m.scratch + 2), get_x(10), 0);
    end_left();
}

static void test_time(void **state)
{
    begin_left();
    ir_put(&b, RV64_REG_x13, ir_op_imm(&b, UOP_counter, 1));
    end_left();
}

static ir_val get_f(unsigned r)
{
    return ir_get(&b, IR_F64, RV64_REG_f0 + r);
}

static void test_unboxed_single(void **state)
{
    begin_left();
    machine_state(&m)->f[10] = 0x3ff0000000000000;
    ir_val single = ir_op(&b, UOP_unbox, IR_VOID, get_f(10), IR_NONE, IR_NONE);
    ir_put(&b, RV64_REG_f0 + 11, ir_op(&b, UOP_box, IR_VOID, single, IR_NONE, IR_NONE));
    end_left();
}

static void dynamic_mode(uint32_t fcsr)
{
    begin_left();
    machine_state(&m)->fcsr = fcsr;
    ir_op(&b, UOP_checkrm, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    ir_put(&b, RV64_REG_f0 + 11,
           ir_op_rm(&b, UOP_fadd, IR_VOID, get_f(10), get_f(11), IR_NONE, FP_DYN));
    end_left();
}

static void test_ties_away(void **state)
{
    dynamic_mode(FP_RMM << 5);
}

static void test_invalid_mode(void **state)
{
    dynamic_mode(6 << 5);
}

static void test_static_mode(void **state)
{
    begin_left();
    machine_state(&m)->fcsr = FP_RUP << 5;
    ir_put(&b, RV64_REG_f0 + 11,
           ir_op_rm(&b, UOP_fadd, IR_VOID, get_f(10), get_f(11), IR_NONE, FP_RNE));
    end_left();
}

/* ---- polls
 * ----------------------------------------------------------------------------------------------------------
 */

/* A jump with the poll page shut. */
static void poll_at(uint64_t target, int exit, uint64_t pc)
{
    struct outcome out;
    begin();
    ir_op_imm(&b, UOP_jump, target);
    machine_catch_faults();
    assert_int_equal(mprotect(m.t->poll_page, sizeof(m.t->poll_page), PROT_NONE), 0);
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(mprotect(m.t->poll_page, sizeof(m.t->poll_page), PROT_READ | PROT_WRITE), 0);
    assert_int_equal(out.exit, exit);
    assert_int_equal(out.state.pc, pc);
}

static void test_poll(void **state)
{
    poll_at(0x10000, TRANSLATE_EXIT_TRAP, 0x10000);
    poll_at(0x8000, TRANSLATE_EXIT_TRAP, 0x10000);
    poll_at(0x10004, TRANSLATE_EXIT_LOOKUP, 0x10004);
}

static void test_poll_indirect(void **state)
{
    struct outcome out;
    begin();
    ir_op(&b, UOP_jumpr, IR_VOID,
          ir_op(&b, UOP_and, IR_VOID, get_x(10), ir_const(&b, IR_I64, ~UINT64_C(1)), IR_NONE),
          IR_NONE, IR_NONE);
    machine_state(&m)->x[10] = 0x20003;
    m.t->poll = 1;
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    m.t->poll = 0;
    assert_int_equal(out.exit, TRANSLATE_EXIT_POLL);
    assert_int_equal(out.state.pc, 0x20002);
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(out.exit, TRANSLATE_EXIT_LOOKUP);
    assert_int_equal(out.state.pc, 0x20002);
    machine_state(&m)->x[10] = ~UINT64_C(0); /* an empty entry of the table must not answer */
    assert_true(machine_run(&m, &b, GVA(0x10000), 1, &out));
    assert_int_equal(out.exit, TRANSLATE_EXIT_LOOKUP);
    assert_int_equal(out.state.pc, ~UINT64_C(1));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),        cmocka_unit_test(test_spill),
        cmocka_unit_test(test_spill_enough),  cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_illegal),       cmocka_unit_test(test_misaligned_atomic),
        cmocka_unit_test(test_time),          cmocka_unit_test(test_unboxed_single),
        cmocka_unit_test(test_ties_away),     cmocka_unit_test(test_invalid_mode),
        cmocka_unit_test(test_static_mode),   cmocka_unit_test(test_poll),
        cmocka_unit_test(test_poll_indirect),
    };
    struct translate_config config = {0};
    host_cpu_detect(&config.cpu);
    machine_init(&m, &config, false);
    ir_block_init(&b, rv64_regs, RV64_REG_COUNT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ir_block_free(&b);
    machine_free(&m);
    return failed;
}
