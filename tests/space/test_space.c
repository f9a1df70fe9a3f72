/* The address space by single cases: kinds, placement, errors, brk, mremap, shared memory, files.
 */
#include "space_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#define A ((uint64_t)0x30000000)

static int64_t map_at(uint64_t addr, uint64_t len, int prot, int flags)
{
    return space_map(the_space, GVA(addr), len, prot, MAP_ANON_PRI | flags, -1, 0, NULL);
}

static uint64_t peek(uint64_t addr)
{
    uint64_t v = 0;
    if (!space_load_u64(the_space, addr, &v))
        fail_msg("cannot read %#lx", addr);
    return v;
}

static void poke(uint64_t addr, uint64_t v)
{
    if (!space_store_u64(the_space, addr, v))
        fail_msg("cannot write %#lx", addr);
}

static enum fault_reason check(uint64_t addr, int prot)
{
    return space_check(the_space, GVA(addr), prot);
}

/* ---- kinds ---------------------------------------------------------------------------------- */

static void kinds_differ_in_the_base(void **state)
{
    const char *why = NULL;
    struct space *s = space_create(SPACE_OFFSET, 0, &why);
    assert_non_null(s);
    assert_true(s->base >= SPACE_TOP);
    space_destroy(s);
    s = space_create(SPACE_AUTO, (uint64_t)64 << 40, &why);
    assert_non_null(s);
    assert_int_equal(s->kind, SPACE_OFFSET);
    assert_int_equal(s->base, (uint64_t)64 << 40);
    space_destroy(s);
    s = space_create(SPACE_IDENTITY, 0, &why);
    assert_non_null(s);
    assert_int_equal(s->base, 0);
    space_destroy(s);
}

static void bad_bases_are_refused_with_a_reason(void **state)
{
    const char *why = NULL;
    assert_null(space_create(SPACE_OFFSET, 0x100000000001, &why));
    assert_non_null(strstr(why, "4096"));
    assert_null(space_create(SPACE_OFFSET, (uint64_t)1 << 47, &why));
    assert_non_null(strstr(why, "room"));
    assert_null(space_create(SPACE_IDENTITY, PAGE, &why));
    assert_non_null(strstr(why, "identity"));
    /* Around this very program. */
    uint64_t here = ALIGN_DOWN((uint64_t)&kinds_differ_in_the_base, PAGE) - SPACE_TOP / 2;
    assert_null(space_create(SPACE_OFFSET, here, &why));
    assert_non_null(strstr(why, "uses addresses"));
}

/* Identity: what the host holds in the guest's range is neither mapped over nor unmapped. */
static void the_hosts_pages_are_safe(void **state)
{
    char *host = mmap((void *)(the_space->base + A + PAGE), PAGE, RW,
                      MAP_ANON_PRI | MAP_FIXED_NOREPLACE, -1, 0);
    assert_int_equal((uint64_t)host, the_space->base + A + PAGE);
    host[0] = 'h';
    assert_int_equal(map_at(A + PAGE, PAGE, RW, MAP_FIXED), -ENOMEM);
    assert_int_equal(map_at(A + PAGE, PAGE, RW, MAP_FIXED_NOREPLACE), -EEXIST);
    assert_int_equal(map_at(A, 4 * PAGE, RW, MAP_FIXED), -ENOMEM);
    /* Over pages of the guest's with the host's between them. */
    map_pages(A, 1, RW);
    map_pages(A + 2 * PAGE, 1, RW);
    poke(A, 1);
    assert_int_equal(map_at(A, 4 * PAGE, RW, MAP_FIXED), -ENOMEM);
    assert_int_equal(peek(A), 1);
    assert_int_equal(check(A + 3 * PAGE, PROT_READ), FAULT_MAPERR);
    assert_int_equal(space_remap(the_space, GVA(A), PAGE, 2 * PAGE, 0, GVA(0)), -ENOMEM);
    assert_int_equal(
        space_remap(the_space, GVA(A), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, GVA(A + PAGE)),
        -ENOMEM);
    assert_int_equal(space_unmap(the_space, GVA(A), 16 * PAGE), 0);
    assert_int_equal(space_protect(the_space, GVA(A + PAGE), PAGE, PROT_NONE), -ENOMEM);
    assert_int_equal(host[0], 'h');
    /* A hint goes elsewhere; a place of our choice steps over what the host holds. */
    int64_t got = map_at(A + PAGE, PAGE, RW, 0);
    assert_true(got > 0 && (uint64_t)got != A + PAGE);
    munmap(host, PAGE);
}

static void placement_steps_over_the_hosts_pages(void **state)
{
    uint64_t top = the_space->mmap_top;
    char *host = mmap((void *)(the_space->base + top - 100 * PAGE), 60 * PAGE, RW,
                      MAP_ANON_PRI | MAP_FIXED_NOREPLACE, -1, 0);
    assert_int_equal((uint64_t)host, the_space->base + top - 100 * PAGE);
    for (unsigned i = 0; i < 100; i++) {
        int64_t got = map_at(0, 10 * PAGE, RW, 0);
        assert_true(got > 0);
        poke((uint64_t)got, i);
    }
    for (unsigned i = 0; i < 60 * PAGE; i++)
        assert_int_equal(host[i], 0);
    munmap(host, 60 * PAGE);
}

/* ---- placement ------------------------------------------------------------------------------ */

static void placement_goes_down_from_the_top(void **state)
{
    uint64_t top = the_space->mmap_top;
    assert_int_equal(map_at(0, PAGE, RW, 0), top - PAGE);
    assert_int_equal(map_at(0, 3 * PAGE - 5, RW, 0), top - 4 * PAGE);
    assert_int_equal(space_unmap(the_space, GVA(top - 3 * PAGE), PAGE), 0);
    assert_int_equal(map_at(0, PAGE, RW, 0), top - 3 * PAGE); /* the highest hole that fits */
    assert_int_equal(map_at(0, 2 * PAGE, RW, 0), top - 6 * PAGE);
    assert_int_equal(map_at(A + 123, PAGE, RW, 0), A);        /* a hint is rounded down */
    assert_int_equal(map_at(A, PAGE, RW, 0), top - 7 * PAGE); /* taken: as without one */
    assert_int_equal(map_at(4096, PAGE, RW, 0), 65536);       /* below what may be mapped */
    assert_int_equal(space_find_free(the_space, PAGE, 1 << 21, 0),
                     ALIGN_DOWN(top - 8 * PAGE, 1 << 21));
    assert_int_equal(space_find_free(the_space, PAGE, PAGE, A + PAGE), A - PAGE);
    assert_int_equal(space_find_free(the_space, SPACE_TOP, PAGE, 0), 0);
    assert_int_equal(space_find_free(the_space, PAGE, PAGE, 65536), 0);
}

static void two_spaces_place_alike(void **state)
{
    uint64_t first[20];
    for (int i = 0; i < 20; i++)
        first[i] = (uint64_t)map_at(0, (i * 7 % 5 + 1) * PAGE, RW, 0);
    teardown_space(state);
    setup_offset(state);
    for (int i = 0; i < 20; i++)
        assert_int_equal(map_at(0, (i * 7 % 5 + 1) * PAGE, RW, 0), first[i]);
}

/* ---- errors, as mmap(2) and mm/mmap.c give them --------------------------------------------- */

static void mmap_errors(void **state)
{
    int fd = make_file(10), pipes[2];
    assert_int_equal(pipe(pipes), 0);
    const struct {
        uint64_t addr, len;
        int flags, fd;
        uint64_t offset;
        int error;
    } cases[] = {
        {0, 0, MAP_ANON_PRI, -1, 0, EINVAL},
        {0, PAGE, MAP_ANONYMOUS, -1, 0, EINVAL},
        {0, PAGE, MAP_ANON_PRI, -1, 1, EINVAL},
        {0, PAGE, MAP_PRIVATE, -1, 0, EBADF},
        {0, PAGE, MAP_PRIVATE, 999, 0, EBADF},
        {0, 0, MAP_PRIVATE, 999, 0, EBADF},
        {0, PAGE, MAP_PRIVATE, pipes[0], 0, ENODEV},
        {0, ~0ull, MAP_ANON_PRI, -1, 0, ENOMEM},
        {0, 1ull << 63, MAP_ANON_PRI, -1, 0, ENOMEM},
        {0, SPACE_TOP, MAP_ANON_PRI, -1, 0, ENOMEM},
        {0, PAGE, MAP_PRIVATE, fd, ALIGN_DOWN(~0ull, PAGE), EOVERFLOW},
        {A + 1, PAGE, MAP_ANON_PRI | MAP_FIXED, -1, 0, EINVAL},
        {SPACE_TOP, PAGE, MAP_ANON_PRI | MAP_FIXED, -1, 0, ENOMEM},
        {A, SPACE_TOP - A, MAP_ANON_PRI | MAP_FIXED, -1, 0, ENOMEM},
        {~0ull << 12, PAGE, MAP_ANON_PRI | MAP_FIXED, -1, 0, ENOMEM},
        {0, PAGE, MAP_ANON_PRI | MAP_FIXED, -1, 0, EPERM},
        {0, PAGE, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0, EINVAL},
        {0, PAGE, MAP_ANON_PRI | MAP_HUGETLB, -1, 0, ENOMEM},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = space_map(the_space, GVA(cases[i].addr), cases[i].len, RW, cases[i].flags,
                                cases[i].fd, cases[i].offset, NULL);
        if (got != -cases[i].error)
            fail_msg("case %zu: %ld, not %d", i, got, -cases[i].error);
    }
    assert_null(space_find(the_space, GVA(0)));
    map_pages(A, 2, RW);
    assert_int_equal(map_at(A + PAGE, 2 * PAGE, RW, MAP_FIXED_NOREPLACE), -EEXIST);
    assert_int_equal(check(A + 2 * PAGE, PROT_READ), FAULT_MAPERR);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

static void munmap_and_mprotect_errors(void **state)
{
    map_pages(A, 3, RW);
    assert_int_equal(space_unmap(the_space, GVA(A + 1), PAGE), -EINVAL);
    assert_int_equal(space_unmap(the_space, GVA(A), 0), -EINVAL);
    assert_int_equal(space_unmap(the_space, GVA(A), ~0ull), -EINVAL);
    assert_int_equal(space_unmap(the_space, GVA(SPACE_TOP), PAGE), -EINVAL);
    assert_int_equal(space_unmap(the_space, GVA(A + 64 * PAGE), PAGE), 0); /* nothing there */
    assert_int_equal(space_protect(the_space, GVA(A + 1), PAGE, RW), -EINVAL);
    assert_int_equal(space_protect(the_space, GVA(A), 0, RW), 0);
    assert_int_equal(space_protect(the_space, GVA(A), ~0ull, RW), -ENOMEM);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, 0x40), -EINVAL);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RW | PROT_GROWSUP | PROT_GROWSDOWN),
                     -EINVAL);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RW | PROT_GROWSDOWN), -EINVAL);
    assert_int_equal(space_unmap(the_space, GVA(A + PAGE), PAGE), 0);
    /* Changes up to the hole, and says so. */
    assert_int_equal(space_protect(the_space, GVA(A), 3 * PAGE, PROT_READ), -ENOMEM);
    assert_int_equal(check(A, PROT_WRITE), FAULT_ACCERR);
    assert_int_equal(check(A + 2 * PAGE, PROT_WRITE), FAULT_NONE);
}

static void writing_through_a_read_only_file_is_refused(void **state)
{
    int fd = open("/proc/self/exe", O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(space_map(the_space, GVA(A), PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0, "exe"),
                     -EACCES);
    assert_int_equal(
        space_map(the_space, GVA(A), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0, "exe"), A);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, RW), -EACCES);
    assert_int_equal(check(A, PROT_WRITE), FAULT_ACCERR);
    assert_int_equal((uint32_t)peek(A), 0x464c457f);
    close(fd);
}

/* ---- rights --------------------------------------------------------------------------------- */

static void rights_of_each_protection(void **state)
{
    for (int prot = 0; prot < 8; prot++) {
        map_pages(A, 1, prot);
        bool w = prot & PROT_WRITE, r = prot & (PROT_READ | PROT_WRITE), x = prot & PROT_EXEC;
        assert_int_equal(check(A, PROT_READ), r ? FAULT_NONE : FAULT_ACCERR);
        assert_int_equal(check(A, PROT_WRITE), w ? FAULT_NONE : FAULT_ACCERR);
        assert_int_equal(check(A + PAGE - 1, PROT_EXEC), x ? FAULT_NONE : FAULT_ACCERR);
        assert_int_equal(space_find(the_space, GVA(A))->prot, prot);
    }
    assert_int_equal(check(A + PAGE, PROT_READ), FAULT_MAPERR);
    assert_int_equal(check(A - 1, PROT_READ), FAULT_MAPERR);
    assert_int_equal(check(SPACE_TOP, PROT_READ), FAULT_MAPERR);
    assert_int_equal(check(~0ull, PROT_READ), FAULT_MAPERR);
}

static uint64_t changes[16][2];
static unsigned n_changes;

static void note_change(void *arg, gva start, gva end)
{
    assert_ptr_equal(arg, &n_changes);
    /* It comes before the contents go. */
    assert_int_equal(peek(start.v), 0);
    if (n_changes < ARRAY_LEN(changes)) {
        changes[n_changes][0] = start.v;
        changes[n_changes][1] = end.v;
    }
    n_changes++;
}

static void expect_change(uint64_t start, uint64_t end)
{
    assert_int_equal(n_changes, 1);
    assert_int_equal(changes[0][0], start);
    assert_int_equal(changes[0][1], end);
    n_changes = 0;
}

static void changes_of_code_are_announced(void **state)
{
    const int rx = PROT_READ | PROT_EXEC;
    n_changes = 0;
    the_space->on_change = note_change;
    the_space->on_change_arg = &n_changes;
    map_pages(A, 8, rx);
    map_pages(A + 8 * PAGE, 8, RW);
    assert_int_equal(n_changes, 0);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, rx | PROT_WRITE), 0);
    expect_change(A, A + PAGE); /* it can be written from now on */
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, rx | PROT_WRITE), 0);
    assert_int_equal(n_changes, 0); /* as before */
    assert_int_equal(space_protect(the_space, GVA(A + PAGE), PAGE, PROT_READ), 0);
    expect_change(A + PAGE, A + 2 * PAGE);
    map_pages(A + 2 * PAGE, 1, rx);
    expect_change(A + 2 * PAGE, A + 3 * PAGE);
    assert_int_equal(space_unmap(the_space, GVA(A + 7 * PAGE), 4 * PAGE), 0);
    expect_change(A + 7 * PAGE, A + 8 * PAGE);
    assert_int_equal(space_remap(the_space, GVA(A + 3 * PAGE), 2 * PAGE, PAGE, 0, GVA(0)),
                     A + 3 * PAGE);
    expect_change(A + 4 * PAGE, A + 5 * PAGE);
    assert_int_equal(space_remap(the_space, GVA(A + 5 * PAGE), PAGE, PAGE,
                                 MREMAP_MAYMOVE | MREMAP_FIXED, GVA(A + 64 * PAGE)),
                     A + 64 * PAGE);
    expect_change(A + 5 * PAGE, A + 6 * PAGE);
}

/* ---- mremap --------------------------------------------------------------------------------- */

static int64_t remap(uint64_t old, uint64_t old_pages, uint64_t new_pages, int flags, uint64_t to)
{
    return space_remap(the_space, GVA(old), old_pages * PAGE, new_pages * PAGE, flags, GVA(to));
}

static void mremap_errors(void **state)
{
    const int move = MREMAP_MAYMOVE, fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    map_pages(A, 4, RW);
    map_pages(A + 4 * PAGE, 4, PROT_READ);
    assert_int_equal(remap(A, 1, 1, 64, 0), -EINVAL);
    assert_int_equal(remap(A, 1, 1, MREMAP_FIXED, A + 64 * PAGE), -EINVAL);
    assert_int_equal(remap(A, 1, 1, MREMAP_DONTUNMAP, 0), -EINVAL);
    assert_int_equal(remap(A, 1, 2, move | MREMAP_DONTUNMAP, 0), -EINVAL);
    assert_int_equal(remap(A + 1, 1, 1, 0, 0), -EINVAL);
    assert_int_equal(remap(A, 1, 0, 0, 0), -EINVAL);
    assert_int_equal(remap(A, 1, 1, fixed, A + 1), -EINVAL);
    assert_int_equal(remap(A, 2, 2, fixed, A + PAGE), -EINVAL);
    assert_int_equal(remap(A, 1, 1, fixed, SPACE_TOP), -EINVAL);
    assert_int_equal(remap(A, 0, 1, move, 0), -EINVAL);
    assert_int_equal(remap(A + 64 * PAGE, 1, 1, 0, 0), -EFAULT);
    assert_int_equal(remap(A, 5, 6, move, 0), -EFAULT); /* over an edge */
    assert_int_equal(remap(A, 4, 5, 0, 0), -ENOMEM);    /* no room */
    assert_int_equal(remap(A, 2, 3, 0, 0), -ENOMEM);    /* not at its end */
    assert_int_equal(remap(A, 4, SPACE_TOP / PAGE, move, 0), -ENOMEM);
}

static void mremap_grows_shrinks_and_moves(void **state)
{
    map_pages(A, 2, RW);
    poke(A, 11);
    poke(A + PAGE, 22);
    assert_int_equal(remap(A, 2, 4, 0, 0), A);
    assert_int_equal(peek(A + PAGE), 22);
    poke(A + 3 * PAGE, 44);
    assert_int_equal(space_find(the_space, GVA(A))->end, A + 4 * PAGE);
    assert_int_equal(remap(A, 4, 3, 0, 0), A);
    assert_int_equal(check(A + 3 * PAGE, PROT_READ), FAULT_MAPERR);
    map_pages(A + 3 * PAGE, 1, PROT_READ);
    int64_t to = remap(A, 3, 5, MREMAP_MAYMOVE, 0);
    assert_int_equal(to, the_space->mmap_top - 5 * PAGE);
    assert_int_equal(peek((uint64_t)to), 11);
    assert_int_equal(peek((uint64_t)to + PAGE), 22);
    assert_int_equal(check(A, PROT_READ), FAULT_MAPERR);
    assert_int_equal(remap((uint64_t)to + PAGE, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, A + 3 * PAGE),
                     A + 3 * PAGE);
    assert_int_equal(peek(A + 3 * PAGE), 22);
    assert_int_equal(check(A + 3 * PAGE, PROT_WRITE), FAULT_NONE);
    assert_int_equal(check((uint64_t)to + PAGE, PROT_READ), FAULT_MAPERR);
}

static void mremap_can_leave_the_old_place_mapped(void **state)
{
    map_pages(A, 1, RW);
    poke(A, 5);
    int64_t to = remap(A, 1, 1, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    assert_true(to > 0);
    assert_int_equal(peek((uint64_t)to), 5);
    assert_int_equal(peek(A), 0);
}

static void mremap_of_nothing_makes_a_second_view(void **state)
{
    assert_int_equal(space_map(the_space, GVA(A), 2 * PAGE, RW,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL),
                     A);
    int64_t to = remap(A + PAGE, 0, 1, MREMAP_MAYMOVE, 0);
    assert_true(to > 0);
    poke(A + PAGE, 9);
    assert_int_equal(peek((uint64_t)to), 9);
    assert_int_equal(space_find(the_space, GVA(to))->file_offset, PAGE);
}

/* ---- files and shared memory ---------------------------------------------------------------- */

static void files_show_their_bytes_and_offsets(void **state)
{
    int fd = make_file(3 * PAGE + 10);
    assert_int_equal(
        space_map(the_space, GVA(A), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0, "some name"), A);
    for (uint64_t i = 0; i < 3 * PAGE + 10; i += 97) {
        uint8_t v = 0;
        assert_true(space_load_u8(the_space, A + i, &v));
        assert_int_equal(v, i % 251);
    }
    assert_int_equal(peek(A + 3 * PAGE + 16), 0); /* the rest of the last page */
    assert_int_equal(space_protect(the_space, GVA(A + PAGE), PAGE, PROT_NONE), 0);
    const struct mapping *m = space_find(the_space, GVA(A + 2 * PAGE));
    assert_int_equal(m->start, A + 2 * PAGE);
    assert_int_equal(m->file_offset, 2 * PAGE);
    assert_string_equal(m->name, "some name");
    assert_true(m->ino != 0);
    assert_int_equal(space_protect(the_space, GVA(A + PAGE), PAGE, RW), 0);
    assert_int_equal(space_find(the_space, GVA(A))->end, A + 4 * PAGE); /* one again */
    close(fd);
}

static void shared_memory_is_shared_with_a_child(void **state)
{
    assert_int_equal(
        space_map(the_space, GVA(A), PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL),
        A);
    map_pages(A + PAGE, 1, RW);
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        poke(A, 1);
        poke(A + PAGE, 1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(peek(A), 1);
    assert_int_equal(peek(A + PAGE), 0);
}

static void neighbours_join_only_if_alike(void **state)
{
    map_pages(A, 1, RW);
    map_pages(A + 2 * PAGE, 1, RW);
    map_pages(A + PAGE, 1, RW);
    assert_int_equal(space_find(the_space, GVA(A))->end, A + 3 * PAGE);
    for (int i = 0; i < 2; i++) /* two shared mappings are two objects */
        assert_true(space_map(the_space, GVA(A + (8 + i) * PAGE), PAGE, RW,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL) > 0);
    assert_int_equal(space_find(the_space, GVA(A + 8 * PAGE))->end, A + 9 * PAGE);
}

/* ---- growing down, brk ---------------------------------------------------------------------- */

static void the_host_grows_a_mapping_down(void **state)
{
    assert_int_equal(map_at(A, PAGE, RW, MAP_FIXED | MAP_GROWSDOWN), A);
    poke(A - 8, 1);
    poke(A - 3 * PAGE, 3);
    assert_int_equal(space_unmap(the_space, GVA(A + 64 * PAGE), PAGE), 0); /* any change looks */
    assert_int_equal(space_find(the_space, GVA(A))->start, A - 3 * PAGE);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, PROT_READ | PROT_GROWSDOWN), 0);
    assert_int_equal(check(A - 3 * PAGE, PROT_WRITE), FAULT_ACCERR);
    assert_int_equal(space_unmap(the_space, GVA(A - 3 * PAGE), 4 * PAGE), 0);
    assert_null(space_find(the_space, GVA(0)));
}

static void a_grown_stack_does_not_grow(void **state)
{
    uint64_t v;
    assert_int_equal(map_at(A, PAGE, RW, MAP_FIXED | MAP_GROWSDOWN | SPACE_MAP_GROWN), A);
    assert_false(space_load_u64(the_space, A - 8, &v));
    assert_int_equal(the_thread->fault.reason, FAULT_MAPERR);
    assert_int_equal(space_protect(the_space, GVA(A), PAGE, PROT_READ | PROT_GROWSDOWN), 0);
}

static void brk_moves_within_its_room(void **state)
{
    space_set_brk(the_space, GVA(A + 100));
    uint64_t start = A + PAGE;
    assert_int_equal(space_brk(the_space, 0), start);
    assert_int_equal(space_brk(the_space, start + 10), start + 10);
    poke(start, 1);
    assert_int_equal(space_brk(the_space, start + 10 * PAGE + 1), start + 10 * PAGE + 1);
    assert_int_equal(peek(start), 1);
    poke(start + 10 * PAGE, 2);
    assert_string_equal(space_find(the_space, GVA(start))->name, "[heap]");
    assert_int_equal(space_find(the_space, GVA(start))->end, start + 11 * PAGE);
    assert_int_equal(space_brk(the_space, start - 1), start + 10 * PAGE + 1);
    assert_int_equal(space_brk(the_space, start + PAGE), start + PAGE);
    assert_int_equal(check(start + PAGE, PROT_READ), FAULT_MAPERR);
    assert_int_equal(space_brk(the_space, start + 11 * PAGE), start + 11 * PAGE);
    assert_int_equal(peek(start + 10 * PAGE), 0); /* fresh */
    map_pages(start + 20 * PAGE, 1, RW);
    assert_int_equal(space_brk(the_space, start + 21 * PAGE), start + 11 * PAGE);
    assert_int_equal(space_brk(the_space, start + 20 * PAGE), start + 11 * PAGE);
    assert_int_equal(space_brk(the_space, start + 19 * PAGE), start + 19 * PAGE);
    assert_int_equal(space_brk(the_space, SPACE_TOP + PAGE), start + 19 * PAGE);
    assert_int_equal(space_brk(the_space, ~0ull), start + 19 * PAGE);
    assert_int_equal(space_brk(the_space, start), start);
    assert_int_equal(check(start, PROT_READ), FAULT_MAPERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_differ_in_the_base),
        cmocka_unit_test(bad_bases_are_refused_with_a_reason),
        BOTH_KINDS(the_hosts_pages_are_safe),
        BOTH_KINDS(placement_steps_over_the_hosts_pages),
        BOTH_KINDS(placement_goes_down_from_the_top),
        BOTH_KINDS(two_spaces_place_alike),
        BOTH_KINDS(mmap_errors),
        BOTH_KINDS(munmap_and_mprotect_errors),
        BOTH_KINDS(writing_through_a_read_only_file_is_refused),
        BOTH_KINDS(rights_of_each_protection),
        BOTH_KINDS(changes_of_code_are_announced),
        BOTH_KINDS(mremap_errors),
        BOTH_KINDS(mremap_grows_shrinks_and_moves),
        BOTH_KINDS(mremap_can_leave_the_old_place_mapped),
        BOTH_KINDS(mremap_of_nothing_makes_a_second_view),
        BOTH_KINDS(files_show_their_bytes_and_offsets),
        BOTH_KINDS(shared_memory_is_shared_with_a_child),
        BOTH_KINDS(neighbours_join_only_if_alike),
        BOTH_KINDS(the_host_grows_a_mapping_down),
        BOTH_KINDS(a_grown_stack_does_not_grow),
        BOTH_KINDS(brk_moves_within_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
