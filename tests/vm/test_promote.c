/* What is translated with a block that is hot, and what is not. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "guest/rv64/rv64.h"
#include "verify_machine.h"

enum { CODE = 0x100000, HOT = 10, BLOCKS = 3000, PAGES = 6 };
enum { ZERO = 0, T0 = 5, T1, A0 = 10, A1 };

/* Manual I, "RV32/64G Instruction Set Listings". */
#define ADDI(rd, a, imm) ((uint32_t)(imm) << 20 | (a) << 15 | (rd) << 7 | 0x13)
#define JAL(d)           ((uint32_t)((d) >> 12 & 0xff) << 12 | (uint32_t)((d) >> 1 & 0x3ff) << 21 | 0x6f)
#define EBREAK           0x00100073u

/* Forward, by less than 2 KiB. */
#define BNE(a, b, d)                                                                               \
    ((uint32_t)((d) >> 5 & 63) << 25 | (b) << 20 | (a) << 15 | 1 << 12 |                           \
     (uint32_t)((d) >> 1 & 15) << 8 | 0x63)

/* Three blocks, each reached by the one before, and a way out of the first. */
enum { FIRST = CODE, SECOND = CODE + 8, THIRD = CODE + 16, END = CODE + 24, OUT = CODE + 64 };

static void write_code(uint64_t at, const uint32_t *code, size_t size)
{
    assert_int_equal(space_write(m.space, GVA(at), code, size), 0);
}

static void write_blocks(void)
{
    const uint32_t code[] = {
        ADDI(T1, T1, 1), BNE(A0, ZERO, OUT - (CODE + 4)), /* first */
        ADDI(T1, T1, 1), JAL(4),                          /* second */
        ADDI(T1, T1, 1), JAL(4),                          /* third */
        EBREAK,
    };
    const uint32_t out[] = {EBREAK};

    machine_map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
    write_code(CODE, code, sizeof(code));
    write_code(OUT, out, sizeof(out));
}

static void start(size_t cache_size, const char **without, size_t n_without)
{
    const struct options options = {.engine = "block",
                                    .cache_size = cache_size,
                                    .cache_policy = "flush",
                                    .wx = "rwx",
                                    .hot = HOT,
                                    .without = {.data = without, .len = n_without}};

    machine_start_with(&guest_rv64, &options);
}

static struct rv64_state *state(void)
{
    return (struct rv64_state *)m.t->guest;
}

static void run_from(uint64_t pc)
{
    thread_set_pc(m.t, GVA(pc));
    vm_run(m.t);
}

static struct fragment *fragment_at(uint64_t pc)
{
    return code_cache_find(m.vm->block->code, GVA(pc), 0);
}

/* Is there an exit from the fragment at one pc to the other, and is it linked? */
static bool is_linked(uint64_t from, uint64_t to)
{
    const struct fragment *f = fragment_at(from);

    for (unsigned i = 0; i < f->n_exits; i++) {
        if (fragment_exit_of(f, i)->pc.v == to)
            return fragment_exit_goal(f, i) != NULL;
    }
    fail_msg("no exit from %#lx to %#lx", (unsigned long)from, (unsigned long)to);
    return false;
}

/* Until the first block is hot. So often it goes by the way out; then through the others. */
static void run_until_hot(unsigned out)
{
    for (unsigned i = 0; i < 2 * HOT && !fragment_at(FIRST); i++) {
        state()->x[A0] = i < out;
        run_from(FIRST);
    }
    assert_non_null(fragment_at(FIRST));
}

static const char *no_superblocks[] = {"superblocks", "neighbours"};

static void warm_neighbours_are_made_and_linked(void **unused)
{
    start(1 << 20, no_superblocks, 1);
    write_blocks();
    run_until_hot(3);
    assert_true(is_linked(FIRST, SECOND));
    assert_true(is_linked(SECOND, THIRD)); /* a neighbour's */
    assert_true(is_linked(THIRD, END));
    assert_null(fragment_at(OUT));
    assert_false(is_linked(FIRST, OUT));
    assert_int_equal(m.t->counters[COUNTER_PROMOTED], 4);
    assert_int_equal(m.t->counters[COUNTER_LINK_EXITS], 0);
    machine_finish();
}

static void cold_neighbours_are_not_made(void **unused)
{
    start(1 << 20, no_superblocks, 1);
    write_blocks();
    run_until_hot(HOT - 2);
    assert_null(fragment_at(SECOND));
    assert_non_null(fragment_at(OUT));
    machine_finish();
}

static void the_pass_can_be_left_out(void **unused)
{
    start(1 << 20, no_superblocks, 2);
    write_blocks();
    run_until_hot(3);
    assert_null(fragment_at(SECOND));
    assert_null(fragment_at(THIRD));
    machine_finish();
}

/* It may have a breakpoint in any of them. */
static void not_while_a_debugger_is_there(void **unused)
{
    struct vm_debug debug = {.breaks = {0}};

    start(1 << 20, no_superblocks, 1);
    write_blocks();
    for (unsigned i = 0; i < HOT; i++) {
        state()->x[A0] = i < 3;
        run_from(FIRST);
    }
    assert_null(fragment_at(FIRST));
    m.vm->debug = &debug;
    vm_enter_code(m.t);
    thread_set_pc(m.t, GVA(FIRST));
    m.vm->engine->run(m.vm, m.t);
    vm_leave_code(m.t);
    assert_non_null(fragment_at(FIRST));
    assert_null(fragment_at(SECOND));
    m.vm->debug = NULL;
    machine_finish();
}

/* The exit that leads to what is there already is linked before anybody goes by it. */
static void exits_to_fragments_are_linked(void **unused)
{
    start(1 << 20, no_superblocks, 1);
    write_blocks();
    for (unsigned i = 0; i < 2 * HOT; i++)
        run_from(OUT);
    assert_non_null(fragment_at(OUT));
    run_until_hot(3);
    assert_true(is_linked(FIRST, OUT));
    machine_finish();
}

/* ---- when the code cache is full ------------------------------------------------------------- */

static unsigned n_dropped;

static void on_drop(const struct fragment *f)
{
    n_dropped++;
    assert_false(m.vm->block->neighbours);
}

/* More than the cache holds, all of it as warm as the first: it goes on without what has no room,
 * and all of it is right. */
static void neighbours_push_nothing_out(void **unused)
{
    static const struct vm_observer observer = {.dropped = on_drop};
    static uint32_t code[2 * BLOCKS + 1];

    start(64 << 10, no_superblocks, 1);
    vm_observer = &observer;
    for (unsigned i = 0; i < PAGES; i++)
        machine_map(CODE + i * SPACE_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (unsigned i = 0; i < BLOCKS; i++) {
        code[2 * i] = ADDI(T1, T1, 1);
        code[2 * i + 1] = JAL(4);
    }
    code[2 * BLOCKS] = EBREAK;
    write_code(CODE, code, sizeof(code));
    for (unsigned i = 0; i < 10 * HOT; i++)
        run_from(CODE);
    assert_int_equal(state()->x[T1], 10 * HOT * BLOCKS);
    assert_true(n_dropped > 0);
    assert_null(code_cache_verify(m.vm->block->code));
    machine_finish();
    vm_observer = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warm_neighbours_are_made_and_linked),
        cmocka_unit_test(cold_neighbours_are_not_made),
        cmocka_unit_test(the_pass_can_be_left_out),
        cmocka_unit_test(not_while_a_debugger_is_there),
        cmocka_unit_test(exits_to_fragments_are_linked),
        cmocka_unit_test(neighbours_push_nothing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
