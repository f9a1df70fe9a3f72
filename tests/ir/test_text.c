/* Printer, parser and verifier of µops: what is printed is read back, what is wrong is named.
 *
 *   test_text [SEED] */
#include "ir_test.h"

#include <stdlib.h>
#include <string.h>

static uint64_t seed = 7;

/* ---- there and back -------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    bool seen[UOP_COUNT] = {false};
    print_message("# random blocks from seed %lu, the test's argument\n", seed);
    for (uint64_t n = 0; n < 2000; n++) {
        struct rng g = {seed + n};
        struct ir_block b, again;
        struct strbuf first = {0}, second = {0};
        const struct guest_reg *regs = n % 3 ? test_regs : NULL;
        ir_block_init(&b, regs, regs ? TEST_REGS : 0);
        test_random_block(&g, &b, 5 + n % 60);
        const char *message = ir_verify(&b);
        if (message)
            fail_msg("seed %lu: %s", seed + n, message);
        for (size_t i = 0; i < b.uops.len; i++)
            seen[b.uops.data[i].op] = true;
        ir_print(&b, &first);
        unsigned line;
        char error[128];
        ir_block_init(&again, regs, regs ? TEST_REGS : 0);
        if (ir_parse(&again, first.data, &line, error, sizeof(error)) != 0)
            fail_msg("seed %lu, line %u: %s\n%s", seed + n, line, error, first.data);
        ir_print(&again, &second);
        assert_string_equal(first.data, second.data);
        assert_true(test_blocks_equal(&b, &again));
        assert_null(ir_verify(&again));
        ir_block_free(&b);
        ir_block_free(&again);
        strbuf_free(&first);
        strbuf_free(&second);
    }
    for (unsigned op = 0; op < UOP_COUNT; op++)
        if (!seen[op])
            fail_msg("no random block has the µop %s", uop_infos[op].name);
}

static void test_free_form(void **state)
{
    struct ir_block b;
    struct strbuf out = {0};
    test_parse(&b, "# a comment\n"
                   "\n"
                   "insn 4096 # decimal\r\n"
                   "\tv1=get.i64   zero\n"
                   "  v2 = const.i64 -1\n"
                   "put.i64 sp,v2\n"
                   "put.i64 %4, v1\n"
                   "v5 = const.i64 0xFF\n"
                   "jumpr v5");
    ir_print(&b, &out);
    assert_string_equal(out.data, "insn 0x1000\n"
                                  "v1 = get.i64 x0\n"
                                  "v2 = const.i64 0xffffffffffffffff\n"
                                  "put.i64 x2, v2\n"
                                  "put.i64 x3, v1\n"
                                  "v5 = const.i64 0xff\n"
                                  "jumpr v5\n");
    assert_null(ir_verify(&b));
    strbuf_free(&out);
    ir_block_free(&b);
}

/* ---- garbage --------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    unsigned line;
    const char *message;
} garbage[] = {
    {"nonsense 1", 1, "no µop 'nonsense'"},
    {"insn 0x10\n\n# x\npauze\njump 0", 4, "no µop 'pauze'"},
    {"insn", 1, "a constant of at most 64 bits is expected, not ''"},
    {"insn v1", 1, "a constant of at most 64 bits is expected, not 'v1'"},
    {"insn 0x10000000000000000", 1, "a constant of at most 64 bits"},
    {"insn 18446744073709551616", 1, "a constant of at most 64 bits"},
    {"insn -9223372036854775809", 1, "a constant of at most 64 bits"},
    {"insn 0x", 1, "a constant of at most 64 bits"},
    {"insn --1", 1, "a constant of at most 64 bits"},
    {"insn 1 2", 1, "nothing more is expected after the operands"},
    {"insn 1, 2", 1, "nothing more is expected after the operands"},
    {"insn.i64 1", 1, "insn has no suffix"},
    {"v0 = const 1", 1, "const needs a suffix"},
    {"v0 = const.i65 1", 1, "no type 'i65'"},
    {"v0 = const.void 1", 1, "no type 'void'"},
    {"v0 = const.", 1, "no type ''"},
    {"v0 = load.i64 v1", 1, "no access 'i64'"},
    {"v0 = load v1", 1, "load needs a suffix"},
    {"v0 = lr.u64 v1, acquire", 1, "no order 'acquire'"},
    {"v0 = fsqrt.f64 v1, up", 1, "no rounding mode 'up'"},
    {"v0 = fsqrt.f64 v1", 1, "',' and another operand expected"},
    {"pause\nconst.i64 1", 2, "'v1 =' expected before const"},
    {"v0 = pause", 1, "pause has no result"},
    {"v1 = const.i64 1", 1, "the next value is v0, not v1"},
    {"v0 const.i64 1", 1, "'=' expected"},
    {"v0 =", 1, "no µop ''"},
    {"v99999999999 = const.i64 1", 1, "a value is expected, not 'v99999999999'"},
    {"v0 = low x1", 1, "a value is expected, not 'x1'"},
    {"v0 = get.i64 x9", 1, "no register 'x9'"},
    {"v0 = get.i64 %65536", 1, "no register '%65536'"},
    {"put.i64 x1", 1, "',' and another operand expected"},
    {"put.i64 x1 v0", 1, "',' and another operand expected"},
    {"\xff\xfe", 1, "no µop ''"},
    {"v0 = const.i64 1;", 1, "nothing more is expected after the operands"},
};

static void test_rejects_garbage(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(garbage); i++) {
        struct ir_block b;
        unsigned line;
        char message[128];
        ir_block_init(&b, test_regs, TEST_REGS);
        if (ir_parse(&b, garbage[i].text, &line, message, sizeof(message)) == 0)
            fail_msg("it parses: %s", garbage[i].text);
        if (line != garbage[i].line || !strstr(message, garbage[i].message))
            fail_msg("%s\nline %u: %s", garbage[i].text, line, message);
        ir_block_free(&b);
    }
}

/* ---- ill-formed blocks ----------------------------------------------------------------------- */

#define INSN "insn 0x1000\n"

static const struct {
    const char *text;
    const char *message; /* NULL: well-formed */
} blocks[] = {
    {"jump 0", NULL},
    {"", "the block is empty"},
    {"insn 0", "the block does not end with an exit"},
    {"v0 = get.i64 x1\nput.i64 x2, v0", "the block does not end with an exit"},
    {"jump 0\njump 0", "µop 0 (jump): an exit in the middle of the block"},
    {INSN "syscall\njump 0", "µop 1 (syscall): an exit in the middle"},
    {"v0 = const.b 1\nbranch v0, 8\njump 0", NULL},
    {"v0 = const.b 1\nbranch v0, 8", "an insn or a last jump must follow"},
    {"v0 = const.b 1\nbranch v0, 8\npause\njump 0", "an insn or a last jump must follow"},
    {"v0 = const.b 1\nv1 = const.i64 4\nbranch v0, 8\njumpr v1",
     "an insn or a last jump must follow"},
    {"v0 = const.b 1\nbranch v0, 8\njump 0\njump 0", "an insn or a last jump must follow"},
    {INSN "v1 = const.b 1\nbranch v1, 8\ninsn 0x1004\njump 0", NULL},
    {INSN "v1 = const.b 1\nbranch v1, 8\ninsn 0x1004", "the block does not end with an exit"},
    {INSN "v1 = const.b 1\nbranch v1, 8\nv3 = get.i64 x1\ninsn 0x1004\njump 0",
     "an insn or a last jump must follow"},
    /* operands */
    {"jumpr v0", "operand 1 is not a value further up"},
    {"v0 = const.i64 1\nv1 = add.i64 v0, v2\njumpr v1", "operand 2 is not a value further up"},
    {"v0 = const.i64 1\nv1 = add.i64 v1, v0\njumpr v1", "operand 1 is not a value further up"},
    {"pause\njumpr v0", "operand 1, v0, has no value"},
    {"v0 = const.i32 1\njumpr v0", "operand 1 is i32, not i64"},
    {"v0 = const.i64 1\nv1 = const.i32 1\nv2 = add.i64 v0, v1\njump 0",
     "operand 2 is i32, not i64"},
    {"v0 = const.i64 1\nv1 = const.i32 1\nv2 = add.i64 v1, v0\njump 0",
     "operand 1 is i32, not i64"},
    {"v0 = const.i64 1\nv1 = eq.i32 v0, v0\njump 0", "operand 1 is i64, not i32"},
    {"v0 = const.i64 1\nv1 = select.i64 v0, v0, v0\njump 0", "operand 1 is i64, not b"},
    {"v0 = const.b 1\nv1 = const.i64 1\nv2 = select.f64 v0, v1, v1\njump 0",
     "operand 2 is i64, not f64"},
    {"v0 = const.b 1\nbranch v0, 8\njump 0", NULL},
    {"v0 = const.i64 1\nbranch v0, 8\njump 0", "operand 1 is i64, not b"},
    /* types */
    {"v0 = const.f64 1\nv1 = add.f64 v0, v0\njump 0", "it does not take type f64"},
    {"v0 = const.v8 1\njump 0", "it does not take type v8"},
    {"v0 = const.b 1\nv1 = fclass.b v0\njump 0", "it does not take type b"},
    {"v0 = const.f64 1\nv1 = f2s.f64 v0, rne\njump 0", "it does not take type f64"},
    {"v0 = const.i64 1\nv1 = f2s.i64 v0, rne\njump 0", "it does not take type i64"},
    {"v0 = get.v8 v0\nv1 = mul.v8 v0, v0\njump 0", "it does not take type v8"},
    {"v0 = get.v8 v0\nv1 = get.v16 v0\nv2 = add.v8 v0, v1\njump 0", "operand 2 is v16, not v8"},
    {"v0 = get.m v0\nv1 = add.m v0, v0\njump 0", "it does not take type m"},
    {"v0 = get.m v0\nv1 = and.m v0, v0\nput.m v1, v1\njump 0", NULL},
    /* immediates */
    {"v0 = const.i32 0x100000000\njump 0", "constant 0x100000000 is out of range"},
    {"v0 = const.f32 -1\njump 0", "constant 0xffffffffffffffff is out of range"},
    {"v0 = const.b 2\njump 0", "constant 0x2 is out of range"},
    {"v0 = counter 3\njump 0", "constant 0x3 is out of range"},
    {"fence 0x100\njump 0", "constant 0x100 is out of range"},
    /* accesses */
    {INSN "v1 = load.s64 v0\njump 0", "operand 1, v0, has no value"},
    {"v0 = const.i64 0\n" INSN "v2 = load.s64 v0\njump 0", "it has no such access"},
    {"v0 = const.i64 0\n" INSN "store.s32 v0, v0\njump 0", "it has no such access"},
    {"v0 = const.i64 0\n" INSN "v2 = lr.u16 v0, rlx\njump 0", "it has no such access"},
    {"v0 = const.i64 0\n" INSN "v2 = lr.s32 v0, rlx\njump 0", "it has no such access"},
    /* registers */
    {"v0 = get.i64 %77\njump 0", "there is no register 77"},
    {"v0 = get.i64 pc\njump 0", "the pc is not a register to get or put"},
    {"v0 = const.i64 0\nput.i64 pc, v0\njump 0", "the pc is not a register to get or put"},
    {"v0 = get.f64 x1\njump 0", "x1 does not hold a f64"},
    {"v0 = get.i64 f1\njump 0", "f1 does not hold a i64"},
    {"v0 = get.i64 v1\njump 0", "v1 does not hold a i64"},
    {"v0 = get.v8 x1\njump 0", "x1 does not hold a v8"},
    {"v0 = get.m f0\njump 0", "f0 does not hold a m"},
    {"v0 = const.f64 0\nput.f64 x1, v0\njump 0", "x1 does not hold a f64"},
    /* order of things */
    {"v0 = const.i64 0\nv1 = load.u8 v0\njump 0", "it may trap, and no insn stands above"},
    {"v0 = const.i64 0\nstore.u8 v0, v0\n" INSN "jump 0", "it may trap, and no insn stands above"},
    {"v0 = const.i64 0\nv1 = sc.u64 v0, v0, rl\njump 0", "it may trap, and no insn stands above"},
    {"checkrm\njump 0", "it may trap, and no insn stands above"},
    {"syscall", "it may trap, and no insn stands above"},
    {"illegal", "it may trap, and no insn stands above"},
    {"breakpoint", "it may trap, and no insn stands above"},
    {"flushi 4", NULL},
    {"v0 = const.f64 0\nv1 = fsqrt.f64 v0, dyn\njump 0", "needs a checkrm above"},
    {INSN "checkrm\nv2 = const.f64 0\nv3 = fsqrt.f64 v2, dyn\njump 0", NULL},
    {INSN "checkrm\nv2 = const.i64 0\nsetrm v2\nv4 = s2f.f64 v2, dyn\njump 0",
     "needs a checkrm above"},
};

static void test_verifier(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(blocks); i++) {
        struct ir_block b;
        test_parse(&b, blocks[i].text);
        const char *message = ir_verify(&b);
        if (!message != !blocks[i].message || (message && !strstr(message, blocks[i].message)))
            fail_msg("%s\n%s", blocks[i].text, message ? message : "is well-formed");
        ir_block_free(&b);
    }
}

/* What text cannot say: one µop of a well-formed block is changed. */
static const struct {
    const char *text;
    struct ir_uop uop; /* instead of the first one */
    const char *message;
} changes[] = {
    {"pause\njump 0", {.op = UOP_COUNT}, "no such µop"},
    {"pause\njump 0", {.op = UOP_pause, .type = IR_I64}, "the result is void, not i64"},
    {"pause\njump 0", {.op = UOP_pause, .type = 200}, "no such type"},
    {"pause\njump 0", {.op = UOP_pause, .arg_type = IR_I64}, "there is no operand of type i64"},
    {"pause\njump 0", {.op = UOP_pause, .arg = {0}}, "it takes 0 operands"},
    {"pause\njump 0", {.op = UOP_pause, .imm = 1}, "constant 0x1 is out of range"},
    {"pause\njump 0", {.op = UOP_pause, .mem = IR_U8}, "it has no such access"},
    {"pause\njump 0", {.op = UOP_pause, .mem = 8}, "it has no such access"},
    {"pause\njump 0", {.op = UOP_pause, .reg = 1}, "it has no register"},
    {"pause\njump 0", {.op = UOP_pause, .rm = 1}, "there is no rounding mode 1 here"},
    {"pause\njump 0", {.op = UOP_pause, .order = 1}, "there is no order 1 here"},
};

static void test_verifier_fields(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(changes); i++) {
        struct ir_block b;
        test_parse(&b, changes[i].text);
        struct ir_uop u = changes[i].uop;
        bool keep = strstr(changes[i].message, "operands");
        memcpy(u.arg, (ir_val[3]){keep ? 0 : IR_NONE, IR_NONE, IR_NONE}, sizeof(u.arg));
        b.uops.data[0] = u;
        const char *message = ir_verify(&b);
        if (!message || !strstr(message, changes[i].message))
            fail_msg("'%s', not '%s'", message ? message : "well-formed", changes[i].message);
        ir_block_free(&b);
    }
}

/* A rounding mode or an order out of range on a µop that has one. */
static void test_verifier_ranges(void **state)
{
    struct ir_block b;
    test_parse(&b, INSN "v1 = const.f64 0\nv2 = fsqrt.f64 v1, rne\njump 0");
    b.uops.data[2].rm = 5;
    assert_string_equal(ir_verify(&b), "µop 2 (fsqrt): there is no rounding mode 5 here");
    ir_block_free(&b);
    test_parse(&b, INSN "v1 = const.i64 0\nv2 = lr.u64 v1, aqrl\njump 0");
    b.uops.data[2].order = 4;
    assert_string_equal(ir_verify(&b), "µop 2 (lr): there is no order 4 here");
    ir_block_free(&b);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoul(argv[1], NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_free_form),
        cmocka_unit_test(test_rejects_garbage), cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_verifier_fields), cmocka_unit_test(test_verifier_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
