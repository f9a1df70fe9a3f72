/* src/ir/builder.c: constants fold to what plain C says, everything else stays, exits take the
 * right form. */
#include "ir_test.h"

#include <stdlib.h>
#include <string.h>

static void assert_prints(const struct ir_block *b, const char *text)
{
    struct strbuf out = {0};
    ir_print(b, &out);
    assert_string_equal(out.data ? out.data : "", text);
    strbuf_free(&out);
}

static unsigned visited;

static void check_folding(const struct ir_uop *u, void *arg)
{
    struct rng *g = arg;
    const struct uop_info *row = &uop_infos[u->op];
    visited++;
    for (unsigned n = 0; n < 500; n++) {
        struct ir_block b;
        ir_val v[3] = {IR_NONE, IR_NONE, IR_NONE};
        uint64_t x[3] = {0, 0, 0};
        ir_block_init(&b, NULL, 0);
        for (unsigned i = 0; i < row->n_args; i++) {
            enum ir_type type = ir_row_type(u, row->arg[i]);
            x[i] = test_random_value(g, type);
            v[i] = ir_const(&b, type, x[i]);
        }
        /* The type is given for even n, inferred for odd n. */
        ir_val r = ir_op(&b, u->op, n % 2 ? IR_VOID : u->type, v[0], v[1], v[2]);
        const struct ir_uop *got = &b.uops.data[r];
        uint64_t want = test_pure(u->op, u->type, u->arg_type, x);
        if (got->op != UOP_const || got->type != u->type || got->imm != want)
            fail_msg("%s of %s: %#lx, %#lx, %#lx gives %s %#lx, not %#lx", row->name,
                     ir_type_names[u->arg_type], x[0], x[1], x[2], uop_infos[got->op].name,
                     got->imm, want);
        ir_block_free(&b);
    }
}

static void test_folds_constants(void **state)
{
    struct rng g = {1};
    visited = 0;
    test_each_pure(check_folding, &g);
    assert_true(visited >= 80); /* rows times types; grows with uops.def */
}

static void test_cuts_constants(void **state)
{
    struct ir_block b;
    ir_block_init(&b, NULL, 0);
    ir_const(&b, IR_I32, (uint64_t)-1);
    ir_const(&b, IR_B, 2);
    ir_const(&b, IR_F64, 0x3ff0000000000000u);
    assert_prints(&b, "v0 = const.i32 0xffffffff\n"
                      "v1 = const.b 0x0\n"
                      "v2 = const.f64 0x3ff0000000000000\n");
    ir_block_free(&b);
}

static void test_keeps_the_rest(void **state)
{
    struct ir_block b;
    ir_block_init(&b, test_regs, TEST_REGS);
    ir_op_imm(&b, UOP_insn, 0x1000);
    ir_val x = ir_get(&b, IR_I64, REG_ROW_x0 + 1), one = ir_const(&b, IR_I64, 1);
    ir_val sum = ir_op(&b, UOP_add, IR_VOID, x, one, IR_NONE);
    ir_val f = ir_op_rm(&b, UOP_s2f, IR_F32, sum, IR_NONE, IR_NONE, 3);
    ir_val half = ir_const(&b, IR_F32, 0x3f000000);
    /* Floating point is not folded: it raises flags. */
    ir_val twice = ir_op_rm(&b, UOP_fadd, IR_VOID, half, half, IR_NONE, 0);
    ir_val all = ir_op_rm(&b, UOP_fma, IR_VOID, f, half, twice, 4);
    ir_val n = ir_op_rm(&b, UOP_f2s, IR_I32, all, IR_NONE, IR_NONE, 1);
    ir_store(&b, IR_U16, x, ir_op(&b, UOP_sext, IR_VOID, n, IR_NONE, IR_NONE));
    ir_val old = ir_atomic(&b, UOP_amoadd, IR_U32, x, ir_load(&b, IR_S8, x), 2);
    ir_atomic(&b, UOP_lr, IR_U64, x, IR_NONE, 3);
    ir_put(&b, REG_ROW_x0 + 2, old);
    ir_val v = ir_get(&b, IR_V16, REG_ROW_v0);
    ir_put(&b, REG_ROW_v0 + 1, ir_op(&b, UOP_xor, IR_VOID, v, v, IR_NONE));
    ir_op_imm(&b, UOP_fence, 0x33);
    ir_exit_to(&b, old);
    assert_prints(&b, "insn 0x1000\n"
                      "v1 = get.i64 x1\n"
                      "v2 = const.i64 0x1\n"
                      "v3 = add.i64 v1, v2\n"
                      "v4 = s2f.f32 v3, rup\n"
                      "v5 = const.f32 0x3f000000\n"
                      "v6 = fadd.f32 v5, v5, rne\n"
                      "v7 = fma.f32 v4, v5, v6, rmm\n"
                      "v8 = f2s.i32 v7, rtz\n"
                      "v9 = sext v8\n"
                      "store.u16 v1, v9\n"
                      "v11 = load.s8 v1\n"
                      "v12 = amoadd.u32 v1, v11, aq\n"
                      "v13 = lr.u64 v1, aqrl\n"
                      "put.i64 x2, v12\n"
                      "v15 = get.v16 v0\n"
                      "v16 = xor.v16 v15, v15\n"
                      "put.v16 v1, v16\n"
                      "fence 0x33\n"
                      "jumpr v12\n");
    assert_null(ir_verify(&b));
    ir_block_reset(&b);
    assert_prints(&b, "");
    ir_block_free(&b);
}

static void test_exits(void **state)
{
    struct ir_block b;
    ir_block_init(&b, test_regs, TEST_REGS);
    ir_exit_to(&b, ir_const(&b, IR_I64, 0x2000));
    assert_prints(&b, "jump 0x2000\n");

    ir_block_reset(&b);
    ir_val x = ir_get(&b, IR_I64, REG_ROW_x0 + 1), y = ir_get(&b, IR_I64, REG_ROW_x0 + 2);
    ir_val less = ir_op(&b, UOP_lts, IR_VOID, x, y, IR_NONE);
    ir_val there = ir_const(&b, IR_I64, 0x3000), next = ir_const(&b, IR_I64, 0x2004);
    ir_exit_to(&b, ir_op(&b, UOP_select, IR_VOID, less, there, next));
    assert_prints(&b, "v0 = get.i64 x1\n"
                      "v1 = get.i64 x2\n"
                      "v2 = lts.i64 v0, v1\n"
                      "branch v2, 0x3000\n"
                      "jump 0x2004\n");

    /* A constant that is used stays; a select of values is a value. */
    ir_block_reset(&b);
    x = ir_get(&b, IR_I64, REG_ROW_x0 + 1);
    next = ir_const(&b, IR_I64, 0x2004);
    ir_put(&b, REG_ROW_x0 + 1, next);
    less = ir_op(&b, UOP_eq, IR_VOID, x, next, IR_NONE);
    ir_exit_to(&b, ir_op(&b, UOP_select, IR_VOID, less, x, next));
    assert_prints(&b, "v0 = get.i64 x1\n"
                      "v1 = const.i64 0x2004\n"
                      "put.i64 x1, v1\n"
                      "v3 = eq.i64 v0, v1\n"
                      "v4 = select.i64 v3, v0, v1\n"
                      "jumpr v4\n");

    /* A condition that is constant: the select is folded. */
    ir_block_reset(&b);
    less = ir_const(&b, IR_B, 1);
    there = ir_const(&b, IR_I64, 0x3000);
    ir_exit_to(&b, ir_op(&b, UOP_select, IR_VOID, less, there, ir_const(&b, IR_I64, 0)));
    assert_prints(&b, "jump 0x3000\n");
    ir_block_free(&b);
}

/* A block of three instructions, cut behind the first and behind the second. */
static void test_keeps_first(void **state)
{
    for (unsigned n = 1; n < 3; n++) {
        struct ir_block b;
        ir_block_init(&b, NULL, 0);
        ir_op_imm(&b, UOP_insn, 0x100);
        ir_op(&b, UOP_pause, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
        ir_op_imm(&b, UOP_insn, 0x104);
        ir_op(&b, UOP_pause, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
        ir_op_imm(&b, UOP_insn, 0x106);
        ir_op_imm(&b, UOP_jump, 0x200);
        assert_int_equal(ir_keep_first(&b, n), n == 1 ? 0x104 : 0x106);
        assert_null(ir_verify(&b));
        assert_prints(&b, n == 1 ? "insn 0x100\n"
                                   "pause\n"
                                   "jump 0x104\n"
                                 : "insn 0x100\n"
                                   "pause\n"
                                   "insn 0x104\n"
                                   "pause\n"
                                   "jump 0x106\n");
        ir_block_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_constants), cmocka_unit_test(test_cuts_constants),
        cmocka_unit_test(test_keeps_the_rest),  cmocka_unit_test(test_exits),
        cmocka_unit_test(test_keeps_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
