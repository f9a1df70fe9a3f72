/* The watch on code that may change: what is told, when, and what the guest may notice of it. The
 * handler of faults is the one of the real program: the watch first, then the accessors. */
#include "space_test.h"

enum { RWX = PROT_READ | PROT_WRITE | PROT_EXEC, RX = PROT_READ | PROT_EXEC };
#define A ((uint64_t)0x200000)

static unsigned n_told;
static uint64_t told[8][2];

static bool told_may_drop;

static void on_change(void *arg, gva start, gva end)
{
    if (n_told < ARRAY_LEN(told)) {
        told[n_told][0] = start.v;
        told[n_told][1] = end.v;
    }
    n_told++;
}

static bool drop(void *arg, gva start, gva end)
{
    if (told_may_drop)
        on_change(arg, start, end);
    return told_may_drop;
}

static const struct space_dropper dropper = {drop, NULL};

static void fence(void)
{
    assert_true(space_code_fence(the_space, &dropper));
}

static void begin(uint64_t pages, int prot)
{
    map_pages(A, pages, prot);
    n_told = 0;
    told_may_drop = true;
    the_space->on_change = on_change;
}

static void expect_told(uint64_t start, uint64_t end)
{
    assert_int_equal(n_told, 1);
    assert_int_equal(told[0][0], start);
    assert_int_equal(told[0][1], end);
    n_told = 0;
}

static void store(uint64_t addr, uint64_t value)
{
    assert_true(space_store_u64(the_space, addr, value));
}

static uint64_t load(uint64_t addr)
{
    uint64_t value;
    assert_true(space_load_u64(the_space, addr, &value));
    return value;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void a_store_is_done_and_told(void **state)
{
    begin(2, RWX);
    assert_true(space_code_begin(the_space, GVA(A + 8)));
    store(A + 64, 5);
    assert_int_equal(load(A + 64), 5);
    assert_true(space_code_written(the_space));
    assert_int_equal(n_told, 0); /* not before it is asked for: code may be running */
    space_code_sync(the_space, &dropper);
    expect_told(A + 64, A + 72);
    assert_false(space_code_written(the_space));
    fence();
    assert_int_equal(n_told, 0);
}

static void what_is_not_code_is_not_watched(void **state)
{
    begin(4, RWX);
    map_pages(A + 8 * PAGE, 1, RX);
    map_pages(A + 9 * PAGE, 1, RW);
    space_code_begin(the_space, GVA(A + PAGE));
    assert_false(space_code_begin(the_space, GVA(A + 8 * PAGE))); /* no one can write there */
    assert_false(space_code_begin(the_space, GVA(A + 9 * PAGE))); /* is no code */
    assert_false(space_code_begin(the_space, GVA(A + 20 * PAGE)));
    store(A, 1);
    store(A + 2 * PAGE, 1);
    store(A + 9 * PAGE, 1);
    fence();
    assert_int_equal(n_told, 0);
}

static bool was_told(uint64_t addr)
{
    for (unsigned i = 0; i < n_told && i < ARRAY_LEN(told); i++) {
        if (told[i][0] <= addr && addr < told[i][1])
            return true;
    }
    return false;
}

static void each_store_before_a_fence_is_told(void **state)
{
    begin(1, RWX);
    for (uint64_t i = 0; i < 1000; i++) {
        space_code_begin(the_space, GVA(A));
        store(A + i % 64 * 64, i + 1);
        if (i % 7 < 6)
            continue;
        fence();
        for (uint64_t k = i - 6; k <= i; k++)
            assert_true(was_told(A + k % 64 * 64));
        n_told = 0;
    }
}

static void bytes_that_are_the_same_again_are_not_told(void **state)
{
    begin(1, RWX);
    space_code_begin(the_space, GVA(A));
    store(A, 7);
    store(A, 0);
    fence();
    assert_int_equal(n_told, 0);
}

static void code_made_between_store_and_fence_is_dropped_too(void **state)
{
    begin(1, RWX);
    space_code_begin(the_space, GVA(A));
    store(A, 7);
    space_code_begin(the_space, GVA(A)); /* of 7, beside the old */
    store(A, 0);
    fence();
    expect_told(A, A + 8);
    fence();
    assert_int_equal(n_told, 0);
}

/* As when other threads must be stopped first. */
static void what_cannot_be_dropped_now_is_told_again(void **state)
{
    begin(1, RWX);
    space_code_begin(the_space, GVA(A));
    store(A, 7);
    told_may_drop = false;
    assert_false(space_code_sync(the_space, &dropper));
    assert_false(space_code_fence(the_space, &dropper));
    assert_int_equal(n_told, 0);
    told_may_drop = true;
    fence();
    expect_told(A, A + 8);
}

/* ---- cost ------------------------------------------------------------------------------------ */

static unsigned watched_stores(unsigned turns, unsigned fences)
{
    unsigned before = watch_count;

    for (unsigned i = 0; i < turns; i++) {
        space_code_begin(the_space, GVA(A));
        store(A, i + 1);
        for (unsigned k = 0; k < fences; k++)
            fence();
    }
    return watch_count - before;
}

static void a_page_written_over_and_over_faults_once(void **state)
{
    begin(1, RWX);
    assert_int_equal(watched_stores(10000, 1), 1);
}

static void a_page_written_rarely_faults_ever_less(void **state)
{
    begin(1, RWX);
    assert_in_range(watched_stores(200, 100), 2, 4);
}

static void a_quiet_page_is_watched_again(void **state)
{
    begin(1, RWX);
    assert_int_equal(watched_stores(2, 1000), 2);
}

/* ---- who writes ------------------------------------------------------------------------------ */

static void the_kernel_may_write(void **state)
{
    int file = make_file(3 * PAGE);
    begin(4, RWX);
    for (uint64_t page = 0; page < 4; page++)
        space_code_begin(the_space, GVA(A + page * PAGE));
    void *to = space_host_range(the_space, GVA(A + PAGE - 8), 16, NULL);
    assert_int_equal(pread(file, to, 16, 100), 16);
    fence();
    assert_int_equal(n_told, 2);
    assert_int_equal(told[0][0] + told[1][0], A + PAGE - 8 + A + PAGE);
    assert_int_equal(fault_count, 0);
    /* A buffer that the kernel has may be written at any later time: it is not watched again. */
    for (unsigned i = 0; i < 200; i++)
        fence();
    assert_int_equal(pread(file, to, 16, 200), 16);
    n_told = 0;
    fence();
    assert_int_equal(n_told, 2);
    close(file);
}

static void a_second_view_may_write(void **state)
{
    int file = make_file(PAGE);
    begin(1, RWX);
    assert_int_equal(space_map(the_space, GVA(A), PAGE, RX, MAP_SHARED | MAP_FIXED, file, 0, "f"),
                     A);
    n_told = 0;
    assert_true(space_code_begin(the_space, GVA(A)));
    assert_int_equal(pwrite(file, "12345678", 8, 16), 8);
    space_code_flush(the_space, GVA(0), GVA(8), &dropper); /* wherever it says */
    expect_told(A + 16, A + 24);
    assert_false(space_store_u64(the_space, A, 1)); /* the guest may not */
    close(file);
}

static void a_private_page_shows_what_is_written_to_its_file(void **state)
{
    int file = make_file(PAGE);
    begin(1, RWX);
    assert_int_equal(space_map(the_space, GVA(A), PAGE, RX, MAP_PRIVATE | MAP_FIXED, file, 0, "f"),
                     A);
    n_told = 0;
    assert_false(space_code_begin(the_space, GVA(A))); /* nothing is paid before the first fence */
    assert_int_equal(pwrite(file, "12345678", 8, 16), 8);
    fence();
    expect_told(A, A + PAGE);
    assert_true(space_code_begin(the_space, GVA(A)));
    assert_int_equal(pwrite(file, "87654321", 8, 24), 8);
    fence();
    expect_told(A + 24, A + 32);
    close(file);
}

/* ---- protection ------------------------------------------------------------------------------ */

static void the_guest_sees_its_own_protection(void **state)
{
    begin(1, RWX);
    space_code_begin(the_space, GVA(A));
    assert_int_equal(space_find(the_space, GVA(A))->prot, RWX);
    assert_int_equal(space_check(the_space, GVA(A), PROT_WRITE), FAULT_NONE);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RWX), 0); /* must not end the watch */
    store(A, 1);
    fence();
    expect_told(A, A + 8);
    space_code_begin(the_space, GVA(A));
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RX), 0);
    expect_told(A, A + PAGE);
    assert_false(space_store_u64(the_space, A, 1));
    assert_int_equal(the_thread->fault.reason, FAULT_ACCERR);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RW), 0);
    store(A, 2);
}

static void unmapped_pages_are_not_watched(void **state)
{
    begin(2, RWX);
    space_code_begin(the_space, GVA(A));
    space_code_begin(the_space, GVA(A + PAGE));
    assert_int_equal(space_unmap(the_space, GVA(A), PAGE), 0);
    expect_told(A, A + PAGE);
    assert_false(space_store_u64(the_space, A, 1));
    assert_int_equal(the_thread->fault.reason, FAULT_MAPERR);
    map_pages(A, 1, RWX);
    store(A, 1);
    store(A + PAGE, 1);
    fence();
    expect_told(A + PAGE, A + PAGE + 8);
}

/* ---- fork ------------------------------------------------------------------------------------ */

static void both_sides_of_a_fork_are_watched(void **state)
{
    begin(1, RWX);
    space_code_begin(the_space, GVA(A));
    pid_t child = fork();
    if (child == 0) {
        store(A + 8, 1);
        fence();
        _exit(n_told == 1 && told[0][0] == A + 8 ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    fence();
    assert_int_equal(n_told, 0);
    store(A + 16, 1);
    fence();
    expect_told(A + 16, A + 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_KINDS(a_store_is_done_and_told),
        BOTH_KINDS(what_is_not_code_is_not_watched),
        BOTH_KINDS(each_store_before_a_fence_is_told),
        BOTH_KINDS(bytes_that_are_the_same_again_are_not_told),
        BOTH_KINDS(code_made_between_store_and_fence_is_dropped_too),
        BOTH_KINDS(what_cannot_be_dropped_now_is_told_again),
        BOTH_KINDS(a_page_written_over_and_over_faults_once),
        BOTH_KINDS(a_page_written_rarely_faults_ever_less),
        BOTH_KINDS(a_quiet_page_is_watched_again),
        BOTH_KINDS(the_kernel_may_write),
        BOTH_KINDS(a_second_view_may_write),
        BOTH_KINDS(a_private_page_shows_what_is_written_to_its_file),
        BOTH_KINDS(the_guest_sees_its_own_protection),
        BOTH_KINDS(unmapped_pages_are_not_watched),
        BOTH_KINDS(both_sides_of_a_fork_are_watched),
    };

    return cmocka_run_group_tests_name("space/watch", tests, NULL, NULL);
}
