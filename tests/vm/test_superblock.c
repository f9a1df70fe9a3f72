/* Fragments that go on over branches: over what they do and do not, that they count exactly at each
 * way out, and that they go when any part of them is changed. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "guest/rv64/rv64.h"
#include "verify_machine.h"

enum { CODE = 0x100000, DATA = 0x200000, HOLE = 0x201000 };
enum { ZERO = 0, T0 = 5, T1, A0 = 10, A1, A2, A3, A4 };

/* Manual I, "RV32/64G Instruction Set Listings". */
#define ADDI(rd, a, imm) ((uint32_t)(imm) << 20 | (a) << 15 | (rd) << 7 | 0x13)
#define LD(rd, imm, a)   ((uint32_t)(imm) << 20 | (a) << 15 | 3 << 12 | (rd) << 7 | 0x03)
#define EBREAK           0x00100073u

static uint32_t bne(unsigned a, unsigned b, int32_t d)
{
    uint32_t u = (uint32_t)d;
    return (u >> 12 & 1) << 31 | (u >> 5 & 63) << 25 | b << 20 | a << 15 | 1 << 12 |
           (u >> 1 & 15) << 8 | (u >> 11 & 1) << 7 | 0x63;
}

/* The loop: three blocks, the first two left by branches forward, the last by one back. Way out k
 * is taken when register A0 + k is not 0. */
enum { FIRST = CODE, SECOND = CODE + 8, THIRD = CODE + 20, END = CODE + 28, OUT = CODE + 64 };

static void write_loop(void)
{
    const uint32_t code[] = {
        ADDI(T1, T1, 1),
        bne(A0, ZERO, OUT - (CODE + 4)), /* first */
        LD(A4, 0, A3),
        ADDI(T1, T1, 2),
        bne(A1, ZERO, OUT - (CODE + 16)), /* second */
        ADDI(T0, T0, -1),
        bne(T0, ZERO, FIRST - (CODE + 24)), /* third */
        EBREAK,
    };
    const uint32_t out[] = {EBREAK};

    machine_map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
    machine_map(DATA, PROT_READ | PROT_WRITE);
    assert_int_equal(space_write(m.space, GVA(CODE), code, sizeof(code)), 0);
    assert_int_equal(space_write(m.space, GVA(OUT), out, sizeof(out)), 0);
}

static struct rv64_state *state(void)
{
    return (struct rv64_state *)m.t->guest;
}

static void start_guest(const struct guest *guest, const char *engine, uint64_t hot)
{
    const struct options options = {.engine = engine,
                                    .cache_size = 1 << 20,
                                    .cache_policy = "flush",
                                    .wx = "rwx",
                                    .stats = "text", /* instructions are counted */
                                    .hot = hot};

    machine_start_with(guest, &options);
    write_loop();
    state()->x[A3] = DATA;
}

static void start(const char *engine, uint64_t hot)
{
    start_guest(&guest_rv64, engine, hot);
}

static void run(uint64_t turns)
{
    state()->x[T0] = turns;
    thread_set_pc(m.t, GVA(CODE));
    vm_run(m.t);
}

static const struct fragment *fragment_at(uint64_t pc)
{
    return code_cache_find(m.vm->block->code, GVA(pc), 0);
}

/* The fragment at pc must be there, and end there. */
static void assert_reach(uint64_t pc, uint64_t end)
{
    const struct fragment *f = fragment_at(pc);

    assert_non_null(f);
    assert_int_equal(f->pc.v + f->guest_bytes, end);
    assert_int_equal(f->n_insns, (end - pc) / 4);
}

/* ---- over what ------------------------------------------------------------------------------- */

/* All but the code behind the loop, which is not run. */
static void a_fragment_goes_on_over_what_is_warm(void **unused)
{
    start("block", 10);
    run(100);
    assert_reach(FIRST, END);
    assert_null(fragment_at(SECOND));
    assert_null(fragment_at(THIRD));
    assert_int_equal(state()->x[T1], 300);
    machine_finish();
}

/* The first branch is mostly taken when its block becomes hot. */
static void a_fragment_ends_before_what_is_cold(void **unused)
{
    start("block", 10);
    state()->x[A0] = 1;
    for (unsigned i = 0; i < 12; i++)
        run(1);
    assert_reach(FIRST, SECOND);
    machine_finish();
}

static void a_fragment_ends_before_another(void **unused)
{
    start("block", 10);
    for (unsigned i = 0; i < 12; i++) { /* one turn from the second block on */
        state()->x[T0] = 1;
        thread_set_pc(m.t, GVA(SECOND));
        vm_run(m.t);
    }
    assert_reach(SECOND, END + 4);
    run(100);
    assert_reach(FIRST, SECOND);
    machine_finish();
}

/* --hot=0: on to the breakpoint, which is of the code behind the loop. */
static void everything_is_warm_without_a_start_in_the_interpreter(void **unused)
{
    start("block", 0);
    run(1);
    assert_reach(FIRST, END + 4);
    assert_int_equal(m.t->counters[COUNTER_FRAGMENTS], 1);
    machine_finish();
}

static void a_fragment_ends_before_a_breakpoint(void **unused)
{
    struct vm_debug debug = {.breaks = {0}};

    start("block", 0);
    m.vm->debug = &debug;
    vec_push(&debug.breaks, GVA(THIRD));
    vm_enter_code(m.t);
    thread_set_pc(m.t, GVA(CODE));
    m.vm->engine->run(m.vm, m.t);
    vm_leave_code(m.t);
    assert_reach(FIRST, THIRD);
    m.vm->debug = NULL;
    vec_free(&debug.breaks);
    machine_finish();
}

static void the_pass_can_be_left_out(void **unused)
{
    const char *pass = "superblocks";
    const struct options options = {.engine = "block",
                                    .cache_size = 1 << 20,
                                    .cache_policy = "flush",
                                    .wx = "rwx",
                                    .without = {.data = &pass, .len = 1}};

    machine_start_with(&guest_rv64, &options);
    write_loop();
    state()->x[A3] = DATA;
    run(100);
    assert_reach(FIRST, SECOND);
    assert_reach(SECOND, THIRD);
    assert_reach(THIRD, END);
    machine_finish();
}

/* The second block has more values at a time than the translator takes. */
static void lift_too_much(const struct decoded_block *block, struct ir_block *b)
{
    enum { VALUES = 60 };
    ir_val values[VALUES], sum;

    if (block->pc.v != SECOND) {
        rv64_lift_block(block, b);
        return;
    }
    ir_op_imm(b, UOP_insn, SECOND);
    for (unsigned i = 0; i < VALUES; i++)
        values[i] = ir_op(b, UOP_mul, IR_VOID, ir_get(b, IR_I64, RV64_REG_x0 + 1 + i % 31),
                          ir_get(b, IR_I64, RV64_REG_x0 + 1 + i / 2), IR_NONE);
    sum = values[0];
    for (unsigned i = 1; i < VALUES; i++)
        sum = ir_op(b, UOP_add, IR_VOID, sum, values[i], IR_NONE);
    ir_put(b, RV64_REG_x0 + A4, sum);
    ir_op_imm(b, UOP_jump, THIRD);
}

static void what_cannot_be_translated_ends_a_fragment(void **unused)
{
    static struct guest guest;

    guest = guest_rv64;
    guest.lift_block = lift_too_much;
    start_guest(&guest, "block", 0);
    run(3);
    assert_reach(FIRST, SECOND);
    assert_null(fragment_at(SECOND));
    assert_int_equal(m.t->counters[COUNTER_BAILOUT_SPILL], 1);
    assert_int_equal(state()->x[T1], 9);
    machine_finish();
}

/* ---- the ways out ---------------------------------------------------------------------------- */

struct way {
    const char *name;
    uint64_t x[4]; /* of A0 to A3 */
};

/* Once to make the fragment, and then through the way out. */
static uint64_t count_way(const char *engine, uint64_t hot, const struct way *way)
{
    start(engine, hot);
    run(50);
    uint64_t before = m.t->counters[COUNTER_GUEST_INSNS];
    memcpy(&state()->x[A0], way->x, sizeof(way->x));
    run(7);
    return m.t->counters[COUNTER_GUEST_INSNS] - before;
}

static void instructions_are_counted_at_each_way_out(void **unused)
{
    static const struct way ways[] = {
        {"the end", {0, 0, 0, DATA}},
        {"the first branch", {1, 0, 0, DATA}},
        {"the second branch", {0, 1, 0, DATA}},
        {"a fault in the second block", {0, 0, 0, HOLE}},
        {"a fault without an address", {0, 0, 0, UINT64_C(1) << 62}},
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct rv64_state want;
        uint64_t n = count_way("interp", 0, &ways[i]);
        want = *state();
        machine_finish();
        for (uint64_t hot = 0; hot <= 10; hot += 10) {
            uint64_t got = count_way("block", hot, &ways[i]);
            if (got != n || memcmp(&want, state(), sizeof(want)) != 0)
                fail_msg("%s, hot=%lu: %lu instructions, not %lu; pc %#lx, not %#lx", ways[i].name,
                         (unsigned long)hot, (unsigned long)got, (unsigned long)n,
                         (unsigned long)state()->pc, (unsigned long)want.pc);
            assert_reach(FIRST, hot ? END : END + 4);
            machine_finish();
        }
    }
}

/* A branch that is never taken, which is no code otherwise, and a fault behind it. */
static uint64_t count_behind_constant(const char *engine, uint64_t hot)
{
    const uint32_t code[] = {
        ADDI(A0, ZERO, 0), bne(A0, ZERO, OUT - (CODE + 4)),    LD(A4, 0, A3),
        ADDI(T0, T0, -1),  bne(T0, ZERO, FIRST - (CODE + 16)), EBREAK,
    };

    start(engine, hot);
    assert_int_equal(space_write(m.space, GVA(CODE), code, sizeof(code)), 0);
    run(50);
    uint64_t before = m.t->counters[COUNTER_GUEST_INSNS];
    state()->x[A3] = HOLE;
    run(7);
    assert_int_equal(state()->pc, CODE + 8);
    return m.t->counters[COUNTER_GUEST_INSNS] - before;
}

static void a_branch_that_is_never_taken_counts(void **unused)
{
    static const struct {
        const char *engine;
        uint64_t hot;
    } engines[] = {{"interp", 0}, {"block", 0}, {"block", 10}};

    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        assert_int_equal(count_behind_constant(engines[i].engine, engines[i].hot), 2);
        if (i > 0)
            assert_reach(FIRST, engines[i].hot ? CODE + 20 : CODE + 24);
        machine_finish();
    }
}

/* In the loop's own code: six instructions are done, the branch back is not. */
static void a_poll_leaves_at_the_branch_that_closes_the_loop(void **unused)
{
    start("block", 0);
    run(50);
    uint64_t before = m.t->counters[COUNTER_GUEST_INSNS];
    state()->x[T0] = 7;
    vm_enter_code(m.t);
    vm_request_poll(m.t);
    thread_set_pc(m.t, GVA(CODE));
    assert_int_equal(m.vm->engine->run(m.vm, m.t), EXIT_POLL);
    vm_leave_code(m.t);
    assert_int_equal(state()->pc, CODE + 24);
    assert_int_equal(m.t->counters[COUNTER_GUEST_INSNS] - before, 6);
    machine_finish();
}

/* ---- changes --------------------------------------------------------------------------------- */

static void a_change_of_any_part_drops_it(void **unused)
{
    for (uint64_t at = FIRST; at <= END; at += 4) {
        start("block", 10);
        run(100);
        assert_reach(FIRST, END);
        vm_invalidate(m.vm, GVA(at), GVA(at + 1));
        assert_true(at == END ? fragment_at(FIRST) != NULL : fragment_at(FIRST) == NULL);
        machine_finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fragment_goes_on_over_what_is_warm),
        cmocka_unit_test(a_fragment_ends_before_what_is_cold),
        cmocka_unit_test(a_fragment_ends_before_another),
        cmocka_unit_test(everything_is_warm_without_a_start_in_the_interpreter),
        cmocka_unit_test(a_fragment_ends_before_a_breakpoint),
        cmocka_unit_test(the_pass_can_be_left_out),
        cmocka_unit_test(what_cannot_be_translated_ends_a_fragment),
        cmocka_unit_test(instructions_are_counted_at_each_way_out),
        cmocka_unit_test(a_branch_that_is_never_taken_counts),
        cmocka_unit_test(a_poll_leaves_at_the_branch_that_closes_the_loop),
        cmocka_unit_test(a_change_of_any_part_drops_it),
    };

    return cmocka_run_group_tests_name("vm/superblock", tests, NULL, NULL);
}
