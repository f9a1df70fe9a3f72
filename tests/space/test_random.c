/* Random mmap, munmap, mprotect and mremap in a window of guest pages, done twice: on the space,
 * and by the kernel itself on a window of the host's of the same size. After each step results and
 * errors must be equal, and then, page by page: the table's rights against the kernel's own view of
 * its window (/proc/self/maps), the host's rights of the guest's pages against what they should be,
 * and the contents of both windows.
 *
 * usage: test_random [SEED [STEPS]] */
#include "../random.h"
#include "space_test.h"

#include <errno.h>

#define WINDOW ((uint64_t)48)         /* pages */
#define GUEST  ((uint64_t)0x40000000) /* of the window; the pages around stay free */

static uint64_t first_seed = 20240611;
static struct rng rng;
static unsigned steps = 3000;
static uint64_t native; /* host address of the kernel's window */

static unsigned pick(unsigned n)
{
    return rng_below(&rng, n);
}

/* ---- the kernel's view ---------------------------------------------------------------------- */

/* One page as /proc/self/maps shows it. */
struct page {
    bool mapped, shared;
    int prot;
    uint64_t vma; /* where its mapping starts */
};

static void read_kernel_view(uint64_t host, struct page pages[WINDOW])
{
    char line[512], perms[5];
    uint64_t start, end;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    memset(pages, 0, WINDOW * sizeof(*pages));
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) != 3)
            fail_msg("%s", line);
        for (uint64_t i = 0; i < WINDOW; i++) {
            uint64_t at = host + i * PAGE;
            if (at < start || at >= end)
                continue;
            pages[i].mapped = true;
            pages[i].shared = perms[3] == 's';
            pages[i].prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) |
                            (perms[2] == 'x' ? PROT_EXEC : 0);
            pages[i].vma = start;
        }
    }
    fclose(f);
}

static int host_prot_of(int guest_prot)
{
    int prot = guest_prot & RW;
    return guest_prot & PROT_EXEC ? prot | PROT_READ : prot;
}

static void compare_pages(const char *step)
{
    struct page want[WINDOW], host[WINDOW];
    read_kernel_view(native, want);
    read_kernel_view(the_space->base + GUEST, host);
    for (uint64_t i = 0; i < WINDOW; i++) {
        uint64_t addr = GUEST + i * PAGE;
        const struct mapping *m = space_find(the_space, GVA(addr));
        bool mapped = m && m->start <= addr;
        if (mapped != want[i].mapped || mapped != host[i].mapped)
            fail_msg("%s: page %lu: mapped %d, kernel %d, host %d", step, i, mapped, want[i].mapped,
                     host[i].mapped);
        if (!mapped)
            continue;
        if (m->prot != want[i].prot || host[i].prot != host_prot_of(want[i].prot) ||
            ((m->flags & MAP_SHARED) != 0) != want[i].shared || host[i].shared != want[i].shared)
            fail_msg("%s: page %lu: rights %d, kernel %d, host %d", step, i, m->prot, want[i].prot,
                     host[i].prot);
        if (!(host[i].prot & PROT_READ))
            continue;
        uint64_t v = 0, w = 0;
        bool readable = space_load_u64(the_space, addr, &v);
        /* The native window's page may be executable only, which x86 lets us read too. */
        bool native_readable = space_at_load_u64(native - GUEST, addr, &w);
        if (readable != native_readable || (readable && v != w))
            fail_msg("%s: page %lu: contents %d %#lx, kernel %d %#lx", step, i, readable, v,
                     native_readable, w);
    }
}

/* No mapping of the table touches another that is just like it, and none overlap. */
static void check_table(const char *step)
{
    const struct mapping *m = space_find(the_space, GVA(0));
    while (m) {
        const struct mapping *next = space_find(the_space, GVA(m->end));
        if (m->start >= m->end || (next && next->start < m->end))
            fail_msg("%s: table out of order at %#lx", step, m->start);
        if (next && next->start == m->end && next->prot == m->prot && next->flags == m->flags &&
            next->ino == 0 && m->ino == 0)
            fail_msg("%s: not joined at %#lx", step, m->end);
        m = next;
    }
}

/* ---- the steps: each returns what both gave, 0 for success ---------------------------------- */

static int result_of(int64_t guest, void *host, const char *what)
{
    int want = host == MAP_FAILED ? -errno : 0;
    int got = guest < 0 ? (int)guest : 0;
    if (got != want)
        fail_msg("%s: %d, kernel %d", what, got, want);
    return got;
}

static void step_map(char *what, const int files[2])
{
    static const int types[] = {
        MAP_ANON_PRI, MAP_ANON_PRI, MAP_ANON_PRI, MAP_SHARED | MAP_ANONYMOUS,
        MAP_PRIVATE,  MAP_SHARED,   MAP_ANONYMOUS};
    uint64_t at = pick(WINDOW) * PAGE, len = (1 + pick(8)) * PAGE - pick(2) * 100;
    int prot = (int)pick(8), flags = types[pick(ARRAY_LEN(types))];
    int how = pick(3) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    bool file = !(flags & MAP_ANONYMOUS);
    uint64_t offset = file ? pick(6) * PAGE : 0;
    if (at + len > WINDOW * PAGE)
        len = WINDOW * PAGE - at;
    sprintf(what, "mmap(page %lu, %#lx, %d, %#x, file %d, %#lx)", at / PAGE, len, prot, flags | how,
            file, offset);
    void *host =
        mmap((void *)(native + at), len, prot, flags | how, file ? files[0] : -1, (off_t)offset);
    result_of(space_map(the_space, GVA(GUEST + at), len, prot, flags | how, file ? files[1] : -1,
                        offset, NULL),
              host, what);
}

static void step_unmap(char *what)
{
    uint64_t at = pick(WINDOW) * PAGE, len = (1 + pick(6)) * PAGE;
    if (at + len > WINDOW * PAGE)
        len = WINDOW * PAGE - at;
    sprintf(what, "munmap(page %lu, %#lx)", at / PAGE, len);
    int host = munmap((void *)(native + at), len);
    result_of(space_unmap(the_space, GVA(GUEST + at), len), host ? MAP_FAILED : NULL, what);
}

static void step_protect(char *what)
{
    uint64_t at = pick(WINDOW) * PAGE, len = pick(6) * PAGE;
    int prot = (int)pick(8);
    if (at + len > WINDOW * PAGE)
        len = WINDOW * PAGE - at;
    sprintf(what, "mprotect(page %lu, %#lx, %d)", at / PAGE, len, prot);
    int host = mprotect((void *)(native + at), len, prot);
    result_of(space_protect(the_space, GVA(GUEST + at), len, prot), host ? MAP_FAILED : NULL, what);
}

/* Within one mapping: across several the kernel's answer depends on its version. */
static bool one_mapping(uint64_t at, uint64_t pages)
{
    struct page view[WINDOW], guest_host[WINDOW];
    read_kernel_view(native, view);
    read_kernel_view(the_space->base + GUEST, guest_host);
    uint64_t first = at / PAGE;
    const struct mapping *m = space_find(the_space, GVA(GUEST + at));
    for (uint64_t i = first; i < first + pages; i++)
        if (!view[i].mapped || view[i].vma != view[first].vma ||
            guest_host[i].vma != guest_host[first].vma)
            return false;
    return m && m->start <= GUEST + at && m->end >= GUEST + at + pages * PAGE;
}

static void step_remap(char *what)
{
    uint64_t old_pages = 1 + pick(6), new_pages = pick(9);
    uint64_t at = pick(WINDOW - 6) * PAGE, to = pick(WINDOW - 9) * PAGE;
    int flags = pick(2) ? MREMAP_MAYMOVE | MREMAP_FIXED : 0;
    if (flags && pick(4) == 0)
        flags |= MREMAP_DONTUNMAP;
    if (at / PAGE + new_pages > WINDOW || (pick(8) && !one_mapping(at, old_pages)))
        return;
    if (!one_mapping(at, old_pages) && space_check(the_space, GVA(GUEST + at), 0) == FAULT_NONE)
        return;
    sprintf(what, "mremap(page %lu, %lu, %lu, %d, page %lu)", at / PAGE, old_pages, new_pages,
            flags, to / PAGE);
    void *host = mremap((void *)(native + at), old_pages * PAGE, new_pages * PAGE, flags,
                        (void *)(native + to));
    result_of(space_remap(the_space, GVA(GUEST + at), old_pages * PAGE, new_pages * PAGE, flags,
                          GVA(GUEST + to)),
              host, what);
}

static void step_write(char *what)
{
    uint64_t addr = GUEST + pick(WINDOW) * PAGE, v = pick(1u << 30);
    sprintf(what, "write(page %lu)", (addr - GUEST) / PAGE);
    bool host = space_at_store_u64(native - GUEST, addr, v);
    if (space_store_u64(the_space, addr, v) != host)
        fail_msg("%s: kernel %d", what, host);
}

/* ---- the test ------------------------------------------------------------------------------- */

/* Faults in the native window are fixed up too: to the handler it is one more offset space. */
static struct space native_space;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    struct trap fault;
    if (!space_handle_fault(the_space, sig, info, context, &fault) &&
        !space_handle_fault(&native_space, sig, info, context, &fault))
        signal(sig, SIG_DFL);
}

static void agrees_with_the_kernel(void **state)
{
    char what[128] = "start";
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    /* Of equal content, one for each side: what is written to a shared page stays there. */
    int files[2] = {make_file(4 * PAGE), make_file(4 * PAGE)};
    rng.state = first_seed;
    print_message("# repeat with: test_random %lu %u\n", first_seed, steps);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    /* A window between pages that keep the host from putting anything else into it. */
    native = (uint64_t)mmap(NULL, (WINDOW + 2) * PAGE, PROT_NONE, MAP_ANON_PRI, -1, 0) + PAGE;
    assert_int_equal(munmap((void *)native, WINDOW * PAGE), 0);
    native_space.base = native - GUEST;
    /* The same on the guest's side. */
    map_pages(GUEST - PAGE, 1, PROT_NONE);
    map_pages(GUEST + WINDOW * PAGE, 1, PROT_NONE);
    for (unsigned i = 0; i < steps; i++) {
        switch (pick(8)) {
        case 0:
        case 1:
            step_map(what, files);
            break;
        case 2:
            step_unmap(what);
            break;
        case 3:
        case 4:
            step_protect(what);
            break;
        case 5:
        case 6:
            step_remap(what);
            break;
        default:
            step_write(what);
        }
        compare_pages(what);
        check_table(what);
    }
    munmap((void *)(native - PAGE), (WINDOW + 2) * PAGE);
    close(files[0]);
    close(files[1]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {BOTH_KINDS(agrees_with_the_kernel)};
    if (argc > 1)
        first_seed = strtoul(argv[1], NULL, 0);
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
