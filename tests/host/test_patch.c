/* Jumps redirected while another thread executes them: it goes to the old goal or to the new one,
 * never elsewhere. Every place in a cache line, every kind of jump, one view and two. */
#include "host_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum { SITES = 64, SITE_BYTES = 192, PATCHES = 10000, PATIENCE_SECONDS = 20 };

/* A function that jumps by a patchable jump to one of two places, which return 1 and 2. */
struct site {
    hpc start, field, goal[2];
};

static struct bench bench;
static struct site sites[SITES];

static void emit_goal(struct host_code *c, struct site *s, unsigned which)
{
    s->goal[which] = host_code_here(c);
    x86_mov_imm(c, X86_RAX, which + 1);
    x86_emit0(c, X86_ret);
}

/* One goal is in front of the jump and one behind, so that the displacements differ in every byte:
 * a torn one leads out of the code. Goals of a call are functions, and the site returns what they
 * return. */
static void emit_site(struct site *s, unsigned index, enum x86_insn insn)
{
    struct host_code *c = bench_begin(&bench, index * SITE_BYTES);
    struct host_label behind = host_label_new(c);

    emit_goal(c, s, 1);
    x86_nop(c, index); /* each place in a cache line */
    s->start = host_code_here(c);
    if (insn != X86_jmp && insn != X86_call)
        x86_emit(c, X86_cmp, x86_r64(X86_RSP), x86_r64(X86_RSP));
    s->field.v = c->exec.v + host_emit_patchable(c, insn, x86_label_far(behind));
    x86_emit0(c, insn == X86_call ? X86_ret : X86_ud2);
    host_label_bind(c, behind);
    emit_goal(c, s, 0);
    bench_finish(&bench);
}

/* ---- the thread that runs them
 * ------------------------------------------------------------------- */

static atomic_uint current; /* site in use; SITES: stop */
static atomic_ulong runs[3];

static void *run_sites(void *arg)
{
    for (;;) {
        unsigned i = atomic_load_explicit(&current, memory_order_relaxed);
        if (i >= SITES)
            return NULL;
        uint64_t result = host_code_function(sites[i].start)(0, 0, 0, 0, 0, 0);
        atomic_fetch_add_explicit(&runs[result <= 2 ? result : 0], 1, memory_order_relaxed);
    }
}

/* Until the thread has run a site that goes to goal `which`; false when it does not in time. */
static bool wait_for_run(unsigned which)
{
    unsigned long before = atomic_load(&runs[which + 1]);
    time_t end = time(NULL) + PATIENCE_SECONDS;
    while (atomic_load(&runs[which + 1]) == before) {
        if (time(NULL) > end)
            return false;
        sched_yield();
    }
    return true;
}

static void patch_while_running(enum x86_insn insn, bool split)
{
    pthread_t thread;

    bench_init(&bench, 1 << 16, split);
    for (unsigned i = 0; i < SITES; i++)
        emit_site(&sites[i], i, insn);
    for (unsigned i = 0; i < 3; i++)
        atomic_store(&runs[i], 0);
    atomic_store(&current, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_sites, NULL), 0);
    bool seen = true;
    for (unsigned i = 0; i < SITES && seen; i++) {
        atomic_store(&current, i);
        seen = wait_for_run(0);
        for (unsigned k = 0; k < PATCHES; k++) {
            unsigned which = (k + 1) & 1;
            host_patch_jump(&bench.memory, sites[i].field, sites[i].goal[which]);
            if (host_patch_goal(&bench.memory, sites[i].field).v != sites[i].goal[which].v)
                fail();
        }
        host_patch_jump(&bench.memory, sites[i].field, sites[i].goal[1]);
        seen &= wait_for_run(1);
    }
    atomic_store(&current, SITES);
    pthread_join(thread, NULL);
    assert_true(seen);
    assert_int_equal(atomic_load(&runs[0]), 0);
    assert_true(atomic_load(&runs[1]) > 0 && atomic_load(&runs[2]) > 0);
    print_message("# %s: %lu and %lu runs\n", x86_insn_name(insn), atomic_load(&runs[1]),
                  atomic_load(&runs[2]));
    bench_free(&bench);
}

static void jumps_are_patched_while_they_run(void **state)
{
    patch_while_running(X86_jmp, false);
    patch_while_running(X86_jz, false);
    patch_while_running(X86_call, false);
}

static void so_they_are_through_the_other_view(void **state)
{
    patch_while_running(X86_jmp, true);
    patch_while_running(X86_jz, true);
    patch_while_running(X86_call, true);
}

static void goals_are_read_back_as_emitted(void **state)
{
    bench_init(&bench, 1 << 16, true);
    for (unsigned i = 0; i < SITES; i++) {
        emit_site(&sites[i], i, i & 1 ? X86_jmp : X86_jz);
        assert_int_equal(host_patch_goal(&bench.memory, sites[i].field).v, sites[i].goal[0].v);
        assert_int_equal(host_code_function(sites[i].start)(0, 0, 0, 0, 0, 0), 1);
        host_patch_jump(&bench.memory, sites[i].field, sites[i].goal[1]);
        assert_int_equal(host_code_function(sites[i].start)(0, 0, 0, 0, 0, 0), 2);
    }
    bench_free(&bench);
}

static void bug_across_words(void *arg)
{
    host_patch_jump(&bench.memory, HPC(bench.memory.exec.v + 5), bench.memory.exec);
}

static void bug_too_far(void *arg)
{
    host_patch_jump(&bench.memory, HPC(bench.memory.exec.v + 4),
                    HPC(bench.memory.exec.v + (3ull << 30)));
}

static void bug_outside(void *arg)
{
    host_patch_jump(&bench.memory, HPC(bench.memory.exec.v - 8), bench.memory.exec);
}

static void what_cannot_be_patched_is_caught(void **state)
{
    bench_init(&bench, 1 << 16, false);
    assert_true(dies_of_check(bug_across_words, NULL));
    assert_true(dies_of_check(bug_too_far, NULL));
    assert_true(dies_of_check(bug_outside, NULL));
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goals_are_read_back_as_emitted),
        cmocka_unit_test(jumps_are_patched_while_they_run),
        cmocka_unit_test(so_they_are_through_the_other_view),
        cmocka_unit_test(what_cannot_be_patched_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
