/* src/ir/evaluator.c: every class of µop, with guest registers, memory, flags and traps looked at
 * afterwards. */
#include "ir_test.h"

#include <stdlib.h>
#include <string.h>

/* Parses, evaluates from a clean fcsr, and frees; the machine's state stays. */
static enum exit_kind run(struct test_machine *m, const char *text)
{
    struct ir_block b;
    uint32_t fcsr = 0;
    test_parse(&b, text);
    enum exit_kind kind = test_eval(m, &b, &fcsr);
    ir_block_free(&b);
    return kind;
}

static void assert_trap(struct test_machine *m, enum trap_kind kind, uint64_t pc, uint64_t addr)
{
    assert_int_equal(m->t->trap.kind, kind);
    assert_int_equal(m->t->trap.addr.v, addr);
    assert_int_equal(m->state->pc, pc);
}

/* ---- pure µops ------------------------------------------------------------------------------- */

struct pure_test {
    struct rng g;
    struct test_machine m;
};

/* A value of the type made from an integer register, so that nothing is constant. */
static ir_val from_register(struct ir_block *b, enum ir_type type, unsigned reg)
{
    ir_val x = ir_get(b, IR_I64, reg);
    switch (type) {
    case IR_B:
        return ir_op(b, UOP_ne, IR_VOID, x, ir_const(b, IR_I64, 0), IR_NONE);
    case IR_I32:
        return ir_op(b, UOP_low, IR_VOID, x, IR_NONE, IR_NONE);
    case IR_F32:
        x = ir_op(b, UOP_low, IR_VOID, x, IR_NONE, IR_NONE);
        return ir_op(b, UOP_float32, IR_VOID, x, IR_NONE, IR_NONE);
    case IR_F64:
        return ir_op(b, UOP_float, IR_VOID, x, IR_NONE, IR_NONE);
    default:
        return x;
    }
}

static ir_val to_integer(struct ir_block *b, enum ir_type type, ir_val v)
{
    switch (type) {
    case IR_B:
        return ir_op(b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
    case IR_I32:
        return ir_op(b, UOP_zext, IR_VOID, v, IR_NONE, IR_NONE);
    case IR_F32:
        v = ir_op(b, UOP_bits32, IR_VOID, v, IR_NONE, IR_NONE);
        return ir_op(b, UOP_zext, IR_VOID, v, IR_NONE, IR_NONE);
    case IR_F64:
        return ir_op(b, UOP_bits, IR_VOID, v, IR_NONE, IR_NONE);
    default:
        return v;
    }
}

static void check_pure(const struct ir_uop *u, void *arg)
{
    struct pure_test *p = arg;
    const struct uop_info *row = &uop_infos[u->op];
    struct ir_block b;
    ir_val v[3] = {IR_NONE, IR_NONE, IR_NONE};
    ir_block_init(&b, test_regs, TEST_REGS);
    for (unsigned i = 0; i < row->n_args; i++)
        v[i] = from_register(&b, ir_row_type(u, row->arg[i]), REG_ROW_x0 + 1 + i);
    ir_val r = ir_op(&b, u->op, u->type, v[0], v[1], v[2]);
    ir_put(&b, REG_ROW_x0 + 1, to_integer(&b, u->type, r));
    ir_op_imm(&b, UOP_jump, 0x2000);
    for (unsigned n = 0; n < 100; n++) {
        uint64_t x[3] = {0, 0, 0};
        uint32_t fcsr = 0;
        for (unsigned i = 0; i < row->n_args; i++)
            p->m.state->x[i + 1] = x[i] = test_random_value(&p->g, ir_row_type(u, row->arg[i]));
        uint64_t want = test_pure(u->op, u->type, u->arg_type, x);
        assert_int_equal(test_eval(&p->m, &b, &fcsr), EXIT_LOOKUP);
        if (p->m.state->x[1] != want || fcsr != 0)
            fail_msg("%s of %s: %#lx, %#lx, %#lx gives %#lx, not %#lx", row->name,
                     ir_type_names[u->arg_type], x[0], x[1], x[2], p->m.state->x[1], want);
    }
    ir_block_free(&b);
}

static void test_pure_uops(void **state)
{
    struct pure_test p = {{11}, test_machine_create()};
    test_each_pure(check_pure, &p);
    test_machine_destroy(&p.m);
}

/* ---- vectors and masks ----------------------------------------------------------------------- */

static uint64_t element(const unsigned char *bytes, unsigned size, unsigned i)
{
    uint64_t v = 0;
    memcpy(&v, bytes + (size_t)i * size, size);
    return v;
}

static uint64_t vector_op(const char *op, uint64_t a, uint64_t b)
{
    switch (op[0]) {
    case 'a':
        return op[1] == 'd' ? a + b : a & b;
    case 's':
        return a - b;
    case 'o':
        return a | b;
    default:
        return a ^ b;
    }
}

static void test_vectors(void **state)
{
    static const char *const ops[] = {"add", "sub", "and", "or", "xor"};
    struct test_machine m = test_machine_create();
    struct rng g = {5};
    for (unsigned n = 0; n < ARRAY_LEN(ops) * 4; n++) {
        const char *op = ops[n / 4];
        unsigned bits = 8u << n % 4, size = bits / 8;
        char text[256];
        for (unsigned i = 0; i < IR_VECTOR_BYTES; i++) {
            m.state->v[0][i] = (unsigned char)rng_next(&g);
            m.state->v[1][i] = (unsigned char)rng_next(&g);
        }
        snprintf(text, sizeof(text),
                 "v0 = get.v%u v0\nv1 = get.v%u v1\nv2 = %s.v%u v0, v1\nput.v%u v2, v2\n"
                 "put.v%u w0, v2\njump 0",
                 bits, bits, op, bits, bits, bits);
        assert_int_equal(run(&m, text), EXIT_LOOKUP);
        uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        for (unsigned i = 0; i < IR_VECTOR_BYTES / size; i++) {
            uint64_t want =
                vector_op(op, element(m.state->v[0], size, i), element(m.state->v[1], size, i));
            assert_int_equal(element(m.state->v[2], size, i), want & mask);
        }
        assert_memory_equal(m.state->w, m.state->v[2], sizeof(m.state->w));
    }
    test_machine_destroy(&m);
}

/* A shorter register gives zeros above its end, and takes no more than it holds. */
static void test_short_vector(void **state)
{
    struct test_machine m = test_machine_create();
    memset(m.state->v, 0xee, sizeof(m.state->v));
    memset(m.state->w, 0x11, sizeof(m.state->w));
    run(&m, "v0 = get.vf32 w0\nput.vf32 v1, v0\nv2 = get.v8 v0\nput.v8 w0, v2\njump 0");
    for (unsigned i = 0; i < IR_VECTOR_BYTES; i++) {
        assert_int_equal(m.state->v[0][i], 0xee);
        assert_int_equal(m.state->v[1][i], i < 16 ? 0x11 : 0);
        assert_int_equal(m.state->v[2][i], 0xee);
    }
    for (unsigned i = 0; i < sizeof(m.state->w); i++)
        assert_int_equal(m.state->w[i], 0xee);
    test_machine_destroy(&m);
}

/* A mask is the register's lowest 64 bits; a put leaves the bytes behind them. */
static void test_masks(void **state)
{
    struct test_machine m = test_machine_create();
    uint64_t a = 0xf0f0f0f0aaaaaaaau, b = 0xff00ff00cccccccc;
    memcpy(m.state->v[0], &a, 8);
    memcpy(m.state->v[1], &b, 8);
    memset(m.state->v[2], 0x77, IR_VECTOR_BYTES);
    run(&m, "v0 = get.m v0\nv1 = get.m v1\nv2 = xor.m v0, v1\nv3 = and.m v0, v1\nv4 = or.m v3, v2\n"
            "put.m v2, v2\nput.m v0, v3\nput.m v1, v4\njump 0");
    assert_int_equal(element(m.state->v[0], 8, 0), a & b);
    assert_int_equal(element(m.state->v[1], 8, 0), a | b);
    assert_int_equal(element(m.state->v[2], 8, 0), a ^ b);
    assert_int_equal(element(m.state->v[2], 8, 1), 0x7777777777777777);
    test_machine_destroy(&m);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void test_registers(void **state)
{
    struct test_machine m = test_machine_create();
    m.state->x[0] = 99; /* must not be read, nor written */
    m.state->x[1] = 5;
    m.state->f[0] = 0x4000000000000000u;
    run(&m, "v0 = get.i64 x0\nput.i64 x2, v0\nv2 = get.i64 x1\nput.i64 x0, v2\nput.i64 x3, v2\n"
            "v5 = get.f64 f0\nput.f64 f1, v5\njump 0x44");
    assert_int_equal(m.state->x[0], 99);
    assert_int_equal(m.state->x[2], 0);
    assert_int_equal(m.state->x[3], 5);
    assert_int_equal(m.state->f[1], 0x4000000000000000u);
    assert_int_equal(m.state->pc, 0x44);
    test_machine_destroy(&m);
}

static void test_counters(void **state)
{
    struct test_machine m = test_machine_create();
    run(&m, "v0 = counter 0\nv1 = counter 1\nv2 = counter 2\nput.i64 x1, v0\nput.i64 x2, v1\n"
            "put.i64 x3, v2\npause\nfence 0xff\njump 0");
    assert_int_equal(m.state->x[1], 100);
    assert_int_equal(m.state->x[2], 101);
    assert_int_equal(m.state->x[3], 102);
    test_machine_destroy(&m);
}

/* 1/3 in binary64: 0x3fd5555555555555 to nearest and down, ...56 up; inexact each time. */
static void test_floating_point(void **state)
{
    static const char text[] =
        "insn 0x1000\ncheckrm\n"
        "v2 = const.f64 0x3ff0000000000000\nv3 = const.f64 0x4008000000000000\n"
        "v4 = fdiv.f64 v2, v3, dyn\nv5 = bits v4\nput.i64 x1, v5\n"
        "v7 = getflags\nput.i64 x2, v7\n"
        "v9 = const.i64 16\nsetflags v9\n"
        "v11 = getrm\nput.i64 x3, v11\n"
        "v13 = const.i64 3\nsetrm v13\ncheckrm\n"
        "v16 = fdiv.f64 v2, v3, dyn\nput.f64 f0, v16\n"
        "v18 = f2s.i64 v3, rmm\nv19 = s2f.f32 v18, rtz\nv20 = box v19\n"
        "put.f64 f1, v20\njump 0";
    for (uint32_t rm = 0; rm <= 4; rm++) {
        struct test_machine m = test_machine_create();
        struct ir_block b;
        uint32_t fcsr = rm << 5 | FP_DZ;
        test_parse(&b, text);
        assert_int_equal(test_eval(&m, &b, &fcsr), EXIT_LOOKUP);
        assert_int_equal(m.state->x[1], rm == FP_RUP ? 0x3fd5555555555556u : 0x3fd5555555555555u);
        assert_int_equal(m.state->x[2], FP_DZ | FP_NX);
        assert_int_equal(m.state->x[3], rm);
        assert_int_equal(m.state->f[0], 0x3fd5555555555556u);
        assert_int_equal(m.state->f[1], 0xffffffff40400000u);
        assert_int_equal(fcsr, FP_RUP << 5 | FP_NV | FP_NX);
        ir_block_free(&b);
        test_machine_destroy(&m);
    }
}

static void test_checkrm(void **state)
{
    for (uint32_t rm = 0; rm < 8; rm++) {
        struct test_machine m = test_machine_create();
        struct ir_block b;
        uint32_t fcsr = rm << 5;
        test_parse(&b, "insn 0x1000\nv1 = const.i64 1\nput.i64 x1, v1\ninsn 0x1004\ncheckrm\n"
                       "put.i64 x2, v1\njump 0x1008");
        enum exit_kind kind = test_eval(&m, &b, &fcsr);
        assert_int_equal(kind, rm <= 4 ? EXIT_LOOKUP : EXIT_TRAP);
        assert_int_equal(m.state->x[1], 1);
        assert_int_equal(m.state->x[2], rm <= 4);
        assert_int_equal(m.state->pc, rm <= 4 ? 0x1008 : 0x1004);
        if (rm > 4)
            assert_int_equal(m.t->trap.kind, TRAP_ILLEGAL);
        ir_block_free(&b);
        test_machine_destroy(&m);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_loads(void **state)
{
    static const struct {
        const char *access;
        uint64_t value;
    } rows[] = {
        {"s8", 0xffffffffffffff81u},  {"u8", 0x81},
        {"s16", 0xffffffffffff9281u}, {"u16", 0x9281},
        {"s32", 0xffffffffb4a39281u}, {"u32", 0xb4a39281u},
        {"u64", 0xf8e7d6c5b4a39281u},
    };
    struct test_machine m = test_machine_create();
    for (unsigned i = 0; i < 8; i++)
        test_memory[3 + i] = (unsigned char)(0x81 + 0x11 * i);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        char text[128];
        snprintf(text, sizeof(text),
                 "insn 0x1000\nv1 = const.i64 0x10003\nv2 = load.%s v1\nput.i64 x1, v2\njump 0",
                 rows[i].access);
        assert_int_equal(run(&m, text), EXIT_LOOKUP);
        assert_int_equal(m.state->x[1], rows[i].value);
    }
    test_machine_destroy(&m);
}

static void test_stores(void **state)
{
    static const unsigned bits[] = {8, 16, 32, 64};
    for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
        struct test_machine m = test_machine_create();
        unsigned char want[TEST_MEMORY] = {0};
        uint64_t value = 0x1122334455667788u;
        char text[128];
        snprintf(text, sizeof(text),
                 "insn 0x1000\nv1 = const.i64 0x10005\nv2 = const.i64 0x1122334455667788\n"
                 "store.u%u v1, v2\njump 0",
                 bits[i]);
        assert_int_equal(run(&m, text), EXIT_LOOKUP);
        memcpy(want + 5, &value, bits[i] / 8);
        assert_memory_equal(test_memory, want, TEST_MEMORY);
        test_machine_destroy(&m);
    }
}

static void test_atomics(void **state)
{
    struct test_machine m = test_machine_create();
    uint32_t start = 0xfffffff0;
    memcpy(test_memory + 8, &start, 4);
    assert_int_equal(run(&m, "insn 0x1000\nv1 = const.i64 0x10008\nv2 = const.i64 0x20\n"
                             "v3 = amoadd.u32 v1, v2, aq\nput.i64 x1, v3\njump 0"),
                     EXIT_LOOKUP);
    assert_int_equal(m.state->x[1], 0xfffffffffffffff0u);
    assert_int_equal(element(test_memory, 4, 2), 0x10);
    assert_int_equal(element(test_memory, 4, 3), 0);
    assert_int_equal(test_memory[TEST_MEMORY - 1], 2);
    run(&m, "insn 0x1000\nv1 = const.i64 0x10008\nv2 = lr.u64 v1, rl\nput.i64 x1, v2\n"
            "v4 = sc.u64 v1, v1, aqrl\nput.i64 x2, v4\njump 0");
    assert_int_equal(m.state->x[1], 0x10);
    assert_int_equal(m.state->x[2], 0);
    assert_int_equal(element(test_memory, 8, 1), 0x10008);
    assert_int_equal(test_memory[TEST_MEMORY - 1], 3);
    test_machine_destroy(&m);
}

/* The pc is that of the instruction that trapped; what came before it has happened, what comes
 * after has not. */
static void test_memory_traps(void **state)
{
    static const struct {
        const char *uop;
        enum trap_kind kind;
        uint64_t addr;
    } rows[] = {
        {"v4 = load.u64 v3", TRAP_LOAD, 0x100fa},
        {"store.u64 v3, v3", TRAP_STORE, 0x100fa},
        {"v4 = lr.u64 v3, rlx", TRAP_LOAD, 0x100fa},
        {"v4 = amoswap.u32 v3, v3, rlx", TRAP_MISALIGNED, 0x100fa},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct test_machine m = test_machine_create();
        char text[256];
        snprintf(text, sizeof(text),
                 "insn 0x1000\nv1 = const.i64 7\nput.i64 x1, v1\nv3 = const.i64 0x100fa\n%s\n"
                 "put.i64 x2, v1\njump 0",
                 rows[i].uop);
        assert_int_equal(run(&m, text), EXIT_TRAP);
        assert_trap(&m, rows[i].kind, 0x1000, rows[i].addr);
        assert_int_equal(m.state->x[1], 7);
        assert_int_equal(m.state->x[2], 0);
        test_machine_destroy(&m);
    }
    struct test_machine m = test_machine_create();
    assert_int_equal(run(&m, "insn 0x1000\nv1 = const.i64 0x10000\nstore.u8 v1, v1\ninsn 0x1002\n"
                             "v4 = const.i64 0xffff\nstore.u8 v4, v1\ninsn 0x1006\njump 0"),
                     EXIT_TRAP);
    assert_trap(&m, TRAP_STORE, 0x1002, 0xffff);
    assert_int_equal(m.t->trap.reason, FAULT_MAPERR);
    test_machine_destroy(&m);
}

/* ---- exits ----------------------------------------------------------------------------------- */

static void test_exits(void **state)
{
    static const struct {
        const char *text;
        enum exit_kind kind;
        uint64_t pc;
        enum trap_kind trap;
        uint64_t n_insns;
    } rows[] = {
        {"jump 0x123456789abcdef0", EXIT_LOOKUP, 0x123456789abcdef0u, TRAP_NONE},
        {"v0 = const.b 1\nbranch v0, 8\njump 4", EXIT_LOOKUP, 8, TRAP_NONE},
        {"v0 = const.b 0\nbranch v0, 8\njump 4", EXIT_LOOKUP, 4, TRAP_NONE},
        {"v0 = const.i64 0x77\njumpr v0", EXIT_LOOKUP, 0x77, TRAP_NONE},
        {"insn 0\nv1 = const.b 1\nbranch v1, 8\ninsn 4\njump 12", EXIT_LOOKUP, 8, TRAP_NONE, 1},
        {"insn 0\nv1 = const.b 0\nbranch v1, 8\ninsn 4\njump 12", EXIT_LOOKUP, 12, TRAP_NONE, 2},
        {"insn 0x1000\ninsn 0x1004\nsyscall", EXIT_TRAP, 0x1004, TRAP_SYSCALL, 1},
        {"insn 0x1000\nbreakpoint", EXIT_TRAP, 0x1000, TRAP_BREAKPOINT},
        {"insn 0x1000\nillegal", EXIT_TRAP, 0x1000, TRAP_ILLEGAL},
        {"insn 0x1000\nflushi 0x1004", EXIT_FLUSH, 0x1004, TRAP_NONE, 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct test_machine m = test_machine_create();
        assert_int_equal(run(&m, rows[i].text), rows[i].kind);
        assert_trap(&m, rows[i].trap, rows[i].pc, 0);
        assert_int_equal(m.n_insns, rows[i].n_insns);
        test_machine_destroy(&m);
    }
}

/* No random block of any µops crashes, and each leaves the pc where its exit says. */
static void test_random_blocks(void **state)
{
    for (uint64_t n = 0; n < 500; n++) {
        struct rng g = {n};
        struct test_machine m = test_machine_create();
        struct ir_block b;
        uint32_t fcsr = (uint32_t)n & 255;
        ir_block_init(&b, test_regs, TEST_REGS);
        test_random_block(&g, &b, 40);
        enum exit_kind kind = test_eval(&m, &b, &fcsr);
        const struct ir_uop *last = &b.uops.data[b.uops.len - 1];
        if (kind == EXIT_TRAP) {
            bool is_insn = false;
            for (size_t i = 0; i < b.uops.len; i++)
                is_insn |= b.uops.data[i].op == UOP_insn && b.uops.data[i].imm == m.state->pc;
            assert_true(is_insn);
            assert_int_not_equal(m.t->trap.kind, TRAP_NONE);
        } else if (last->op == UOP_flushi) {
            assert_int_equal(kind, EXIT_FLUSH);
            assert_int_equal(m.state->pc, last->imm);
        }
        ir_block_free(&b);
        test_machine_destroy(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure_uops),      cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_short_vector),   cmocka_unit_test(test_masks),
        cmocka_unit_test(test_registers),      cmocka_unit_test(test_counters),
        cmocka_unit_test(test_floating_point), cmocka_unit_test(test_checkrm),
        cmocka_unit_test(test_loads),          cmocka_unit_test(test_stores),
        cmocka_unit_test(test_atomics),        cmocka_unit_test(test_memory_traps),
        cmocka_unit_test(test_exits),          cmocka_unit_test(test_random_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
