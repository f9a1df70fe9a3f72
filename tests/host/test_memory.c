/* Memory for code: its place and protection, both views, what a forked child has, and what is said
 * when there is none. */
#include "host_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 1 << 20 };

/* A sanitizer's shadow is larger than any limit that we could set. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_BIND = false };
#else
enum { LIMITS_BIND = true };
#endif

static struct bench bench;

/* ---- the kernel's view ----------------------------------------------------------------------- */

/* Permissions of the mapping that holds the address, from /proc/self/maps: "rwxp"; empty if none.
 */
static void permissions_at(uint64_t address, char perms[5])
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512], p[5];
    unsigned long start, end;

    assert_non_null(f);
    perms[0] = 0;
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx %4s", &start, &end, p) == 3 && address >= start && address < end)
            memcpy(perms, p, 5);
    }
    fclose(f);
}

static void expect_permissions(uint64_t address, const char *expected)
{
    char perms[5];
    permissions_at(address, perms);
    assert_string_equal(perms, expected);
}

static unsigned open_files(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- code that returns a number
 * ------------------------------------------------------------------ */

static void emit_number(size_t offset, unsigned n)
{
    struct host_code *c = bench_begin(&bench, offset);
    x86_mov_imm(c, X86_RAX, n);
    x86_emit0(c, X86_ret);
    bench_finish(&bench);
}

static unsigned run_at(size_t offset)
{
    return (unsigned)host_code_function(HPC(bench.memory.exec.v + offset))(0, 0, 0, 0, 0, 0);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void private_memory_is_beside_the_text(void **state)
{
    bench_init(&bench, SIZE - 5, false);
    const struct host_memory *m = &bench.memory;
    int64_t low = (int64_t)(m->exec.v - (uintptr_t)run_at), high = low + (int64_t)m->size;

    assert_int_equal(m->size, SIZE);
    assert_true(m->reaches);
    assert_true(low == (int32_t)low && high == (int32_t)high);
    assert_int_equal(m->exec.v, (uintptr_t)m->write);
    expect_permissions(m->exec.v, "rwxp");
    expect_permissions(m->exec.v + m->size - 1, "rwxp");
    emit_number(0, 7);
    emit_number(SIZE - 6, 8); /* the last bytes */
    assert_int_equal(run_at(0) * 10 + run_at(SIZE - 6), 78);
    assert_true(host_memory_contains(m, HPC(m->exec.v + SIZE - 1)));
    assert_false(host_memory_contains(m, HPC(m->exec.v + SIZE)));
    assert_false(host_memory_contains(m, HPC(m->exec.v - 1)));
    bench_free(&bench);
}

static void a_split_arena_is_never_writable_and_executable(void **state)
{
    unsigned files = open_files();
    bench_init(&bench, SIZE, true);
    const struct host_memory *m = &bench.memory;

    assert_true(m->split && m->reaches && m->exec.v != (uintptr_t)m->write);
    expect_permissions(m->exec.v, "r-xs");
    expect_permissions((uintptr_t)m->write, "rw-s");
    assert_int_equal(open_files(), files);
    for (unsigned i = 0; i < 100; i++) {
        emit_number(i * 16, i);
        assert_int_equal(run_at(i * 16), i);
    }
    assert_ptr_equal(host_write_address(m, HPC(m->exec.v + 32)), m->write + 32);
    bench_free(&bench);
    expect_permissions(m->exec.v, "");
}

static void many_arenas_find_room(void **state)
{
    struct host_memory m[40];
    const char *why;

    for (unsigned i = 0; i < ARRAY_LEN(m); i++) {
        assert_int_equal(host_memory_map(&m[i], 48 << 20, i & 1, (void *)(uintptr_t)run_at, &why),
                         0);
        for (unsigned k = 0; k < i; k++)
            assert_true(m[k].exec.v >= m[i].exec.v + m[i].size ||
                        m[i].exec.v >= m[k].exec.v + m[k].size);
    }
    assert_true(m[0].reaches && m[20].reaches);
    for (unsigned i = 0; i < ARRAY_LEN(m); i++)
        host_memory_unmap(&m[i]);
}

/* Where all places around are taken, memory comes from elsewhere and says so. */
static void without_room_beside_it_is_elsewhere(void **state)
{
    const size_t around = 5ull << 30;
    struct host_memory m;
    const char *why;
    uint8_t *taken =
        mmap(NULL, around, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(taken != MAP_FAILED);
    for (unsigned split = 0; split < 2; split++) {
        assert_int_equal(host_memory_map(&m, SIZE, split, taken + around / 2, &why), 0);
        assert_false(m.reaches);
        expect_permissions(m.exec.v, split ? "r-xs" : "rwxp");
        host_memory_unmap(&m);
    }
    munmap(taken, around);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    struct host_memory m;
    const char *why = NULL;

    assert_int_equal(host_memory_map(&m, 0, false, NULL, &why), -EINVAL);
    assert_non_null(strstr(why, "more than 0"));
    assert_int_equal(host_memory_map(&m, HOST_MEMORY_MAX + 1ull, false, NULL, &why), -EINVAL);
    assert_non_null(strstr(why, "range of a jump"));
    host_memory_unmap(&m); /* of what was never mapped: nothing */
}

/* In a child with little address space: both kinds fail with a reason, and leave nothing open. */
static void no_address_space(void *arg)
{
    struct rlimit limit = {64 << 20, 64 << 20};
    struct host_memory m;
    const char *why = "";
    unsigned files = open_files();

    setrlimit(RLIMIT_AS, &limit);
    for (unsigned split = 0; split < 2; split++) {
        CHECK(host_memory_map(&m, 512 << 20, split, (void *)(uintptr_t)run_at, &why) == -ENOMEM,
              "mapped");
        CHECK(strstr(why, "smaller"), "the reason is: %s", why);
        CHECK(open_files() == files, "a file is left open");
    }
}

static void no_file(void *arg)
{
    struct rlimit limit = {3, 3};
    struct host_memory m;
    const char *why = "";

    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(host_memory_map(&m, SIZE, true, (void *)(uintptr_t)run_at, &why) == -EMFILE, "mapped");
    CHECK(strstr(why, "descriptor"), "the reason is: %s", why);
    CHECK(host_memory_map(&m, SIZE, false, (void *)(uintptr_t)run_at, &why) == 0, "%s", why);
}

static void failures_are_explained(void **state)
{
    if (LIMITS_BIND)
        assert_false(dies_of_check(no_address_space, NULL));
    assert_false(dies_of_check(no_file, NULL));
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* What both sides of a fork tell each other. */
struct meeting {
    atomic_uint step;
};

static void wait_for(struct meeting *m, unsigned step)
{
    for (unsigned i = 0; atomic_load(&m->step) < step; i++) {
        CHECK(i < 20000, "the other side of the fork does not answer");
        usleep(1000);
    }
}

/* After fork both sides change code at the same place, in turns, and each sees its own. */
static void expect_own_code(struct meeting *meeting, bool child, unsigned inherited)
{
    unsigned mine = child ? 200 : 100;

    CHECK(run_at(0) == inherited, "inherited %u", run_at(0));
    for (unsigned round = 1; round <= 3; round++) {
        wait_for(meeting, round * 2 - (child ? 1 : 2));
        emit_number(0, mine + round);
        CHECK(run_at(0) == mine + round, "own code");
        atomic_store(&meeting->step, round * 2 - (child ? 0 : 1));
    }
    wait_for(meeting, 6);
    CHECK(run_at(0) == mine + 3, "the other side's code is here: %u", run_at(0));
    CHECK(run_at(64) == 9, "code that nobody changed");
}

static void fork_and_compare(bool split)
{
    struct meeting *meeting =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    bench_init(&bench, SIZE, split);
    emit_number(0, 1);
    emit_number(64, 9);
    unsigned files = open_files();
    hpc exec = bench.memory.exec;
    uint8_t *write = bench.memory.write;
    assert_int_equal(host_memory_fork_begin(&bench.memory, 4096), 0);
    pid_t pid = fork();
    CHECK(host_memory_fork_end(&bench.memory, pid == 0) == 0, "fork_end");
    CHECK(bench.memory.exec.v == exec.v && bench.memory.write == write, "moved");
    CHECK(open_files() == files, "a file is left open");
    expect_own_code(meeting, pid == 0, 1);
    if (pid == 0) {
        expect_permissions(exec.v, split ? "r-xs" : "rwxp");
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    bench_free(&bench);
    munmap(meeting, 4096);
}

static void a_forked_child_has_its_own_code(void **state)
{
    fork_and_compare(false);
    fork_and_compare(true);
}

static void what_was_not_kept_is_zero_in_the_child(void **state)
{
    int status;

    bench_init(&bench, SIZE, true);
    emit_number(0, 1);
    assert_int_equal(host_memory_fork_begin(&bench.memory, 0), 0);
    pid_t pid = fork();
    CHECK(host_memory_fork_end(&bench.memory, pid == 0) == 0, "fork_end");
    if (pid == 0) {
        for (size_t i = 0; i < SIZE; i++)
            CHECK(bench.memory.write[i] == 0, "byte %zu", i);
        emit_number(0, 5);
        _exit(run_at(0) == 5 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(run_at(0), 1);
    bench_free(&bench);
}

static void a_fork_that_fails_leaves_nothing(void **state)
{
    bench_init(&bench, SIZE, true);
    emit_number(0, 3);
    unsigned files = open_files();
    assert_int_equal(host_memory_fork_begin(&bench.memory, SIZE), 0);
    assert_int_equal(open_files(), files); /* the child may share them */
    assert_int_equal(host_memory_fork_end(&bench.memory, false), 0);
    assert_int_equal(open_files(), files);
    assert_int_equal(run_at(0), 3);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_memory_is_beside_the_text),
        cmocka_unit_test(a_split_arena_is_never_writable_and_executable),
        cmocka_unit_test(many_arenas_find_room),
        cmocka_unit_test(without_room_beside_it_is_elsewhere),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(failures_are_explained),
        cmocka_unit_test(a_forked_child_has_its_own_code),
        cmocka_unit_test(what_was_not_kept_is_zero_in_the_child),
        cmocka_unit_test(a_fork_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
