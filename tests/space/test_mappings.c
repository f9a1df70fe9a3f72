/* The table of mappings against its plain definition, a list of pages: after each of many random
 * changes look-ups answer as a walk over the pages does, and now and then the whole table is
 * compared. The window holds thousands of mappings, so that chunks are made, cut and joined.
 *
 * usage: test_mappings [SEED [STEPS]] */
#include "space/mappings.h"
#include "../random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define WINDOW ((uint64_t)12000) /* pages */
#define BASE   (SPACE_MIN_ADDR + ((uint64_t)1 << 30))
#define GUARD  ((uint64_t)256) /* pages that a stack keeps free below itself */

/* A page as the definition knows it; what: 0 is free, else one of the kinds below. */
struct page {
    int what, prot;
    uint64_t offset; /* of files */
};

/* Stacks grow; files have offsets; two kinds of plain memory differ by name only. */
static const struct kind {
    int flags;
    uint64_t ino;
    const char *name;
} kinds[] = {
    {0},
    {MAP_PRIVATE | MAP_ANONYMOUS, 0, NULL},
    {MAP_PRIVATE | MAP_ANONYMOUS, 0, "[heap]"},
    {MAP_PRIVATE, 7, "/a/file"},
    {MAP_SHARED, 8, "/another"},
    {MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, 0, "[stack]"},
};

static struct page pages[WINDOW + 1]; /* the last one is free */
static struct mappings table;
static uint64_t first_seed = 20240612;
static struct rng rng;
static unsigned steps = 60000;

static uint64_t pick(uint64_t n)
{
    return rng_below(&rng, (unsigned)n);
}

static uint64_t addr_of(uint64_t page)
{
    return BASE + page * SPACE_PAGE_SIZE;
}

/* ---- the definition -------------------------------------------------------------------------- */

static bool same_mapping(uint64_t page)
{
    const struct page *a = &pages[page], *b = a + 1;

    return a->what != 0 && a->what == b->what && a->prot == b->prot &&
           (kinds[a->what].ino == 0 || a->offset + SPACE_PAGE_SIZE == b->offset);
}

/* The mapping from this page on, which begins one, ends here. */
static uint64_t run_end(uint64_t page)
{
    while (same_mapping(page))
        page++;
    return page + 1;
}

static uint64_t run_start(uint64_t page)
{
    while (page > 0 && same_mapping(page - 1))
        page--;
    return page;
}

static uint64_t first_mapped(uint64_t page)
{
    while (page < WINDOW && pages[page].what == 0)
        page++;
    return page;
}

/* Would a mapping of these pages, which end at `end`, be too near to a stack? */
static bool near_stack(uint64_t end, uint64_t high)
{
    uint64_t above = first_mapped(end);

    return above < WINDOW && kinds[pages[above].what].flags & MAP_GROWSDOWN &&
           above < end + GUARD && end <= high;
}

/* The highest free place of len pages that ends at or below high: its first page, or -1 for none
 * in the window. */
static int64_t plain_room(uint64_t len, uint64_t high)
{
    uint64_t free_pages = 0;

    for (uint64_t at = high; at-- > 0;) {
        free_pages = pages[at].what == 0 ? free_pages + 1 : 0;
        if (free_pages >= len && !near_stack(at + len, high))
            return (int64_t)at;
    }
    return -1;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void compare_item(const struct mapping *item, uint64_t page)
{
    const struct kind *kind = &kinds[pages[page].what];

    if (!item)
        fail_msg("no mapping for page %lu", page);
    if (item->start != addr_of(run_start(page)) || item->end != addr_of(run_end(page)))
        fail_msg("page %lu: mapping of pages %ld to %ld, not %lu to %lu", page,
                 (long)(item->start - BASE) / SPACE_PAGE_SIZE,
                 (long)(item->end - BASE) / SPACE_PAGE_SIZE, run_start(page), run_end(page));
    if (item->prot != pages[page].prot || item->flags != kind->flags || item->ino != kind->ino ||
        (item->name == NULL) != (kind->name == NULL) ||
        (kind->name && strcmp(item->name, kind->name) != 0) ||
        (kind->ino && item->file_offset != pages[run_start(page)].offset))
        fail_msg("page %lu: other attributes", page);
}

static void compare_find(uint64_t page)
{
    const struct mapping *item = mappings_find(&table, addr_of(page) + pick(SPACE_PAGE_SIZE));
    uint64_t found = first_mapped(page);

    if (found < WINDOW)
        compare_item(item, found);
    else if (item)
        fail_msg("a mapping above page %lu", page);
}

static void compare_all(void)
{
    uint64_t count = 0, at = 0;
    const struct mapping *item;

    for (uint64_t page = first_mapped(0); page < WINDOW; page = first_mapped(run_end(page))) {
        item = mappings_find(&table, at);
        compare_item(item, page);
        at = item->end;
        count++;
    }
    if (mappings_find(&table, at))
        fail_msg("more than %lu mappings", count);
}

static void compare_holes(uint64_t from, uint64_t to)
{
    uint64_t start = addr_of(from), hole_end, page = from, end;
    bool any = mappings_next_hole(&table, &start, addr_of(to), &hole_end);

    while (page < to && pages[page].what != 0)
        page++;
    for (end = page; end < to && pages[end].what == 0; end++)
        ;
    if (any != (page < to) || (any && (start != addr_of(page) || hole_end != addr_of(end))))
        fail_msg("hole of pages %lu to %lu: not %lu to %lu", from, to, page, end);
    assert_int_equal(mappings_cover(&table, addr_of(from), addr_of(to)), page == to);
    assert_int_equal(mappings_overlap(&table, addr_of(from), addr_of(to)), first_mapped(from) < to);
}

static void compare_room(uint64_t len, uint64_t high)
{
    int64_t want = plain_room(len, high);
    uint64_t got =
        mappings_find_room(&table, len * SPACE_PAGE_SIZE, SPACE_PAGE_SIZE, addr_of(high));

    if (want >= 0 ? got != addr_of((uint64_t)want) : got >= BASE)
        fail_msg("room for %lu pages below %lu: %ld, not %ld", len, high,
                 (long)(got - BASE) / SPACE_PAGE_SIZE, want);
}

/* As much as the hole at a page holds, if it is one, from just above it or from the top. */
static void compare_room_for_hole(uint64_t page)
{
    uint64_t start = page, end = first_mapped(page);

    while (start > 0 && pages[start - 1].what == 0)
        start--;
    if (pages[page].what == 0) {
        compare_room(end - start, MIN(end + 150, WINDOW));
        compare_room(end - start, WINDOW);
    }
}

/* ---- changes --------------------------------------------------------------------------------- */

static void insert(uint64_t from, uint64_t to)
{
    int what = 1 + (int)pick(pick(20) ? ARRAY_LEN(kinds) - 2 : ARRAY_LEN(kinds) - 1);
    uint64_t offset = pick(4) ? addr_of(from) : 0; /* often one that goes on */
    int prot = 1 << pick(3);
    struct mapping item = {.prot = prot,
                           .flags = kinds[what].flags,
                           .ino = kinds[what].ino,
                           .file_offset = kinds[what].ino ? offset : 0,
                           .name = kinds[what].name};

    mappings_remove(&table, addr_of(from), addr_of(to));
    item.start = addr_of(from);
    item.end = addr_of(to);
    mappings_insert(&table, &item);
    for (uint64_t at = from; at < to; at++)
        pages[at] = (struct page){what, prot, offset + (at - from) * SPACE_PAGE_SIZE};
}

static void erase(uint64_t from, uint64_t to)
{
    mappings_remove(&table, addr_of(from), addr_of(to));
    memset(&pages[from], 0, (to - from) * sizeof(*pages));
}

static void protect(uint64_t from, uint64_t to)
{
    int prot = 1 << pick(3);

    mappings_set_prot(&table, addr_of(from), addr_of(to), prot);
    for (uint64_t at = from; at < to; at++)
        pages[at].prot = pages[at].what ? prot : 0;
}

/* The mapping at or above a page takes some of the hole below. */
static void grow(uint64_t page)
{
    page = first_mapped(page);
    if (page == WINDOW || kinds[pages[page].what].ino != 0)
        return;
    uint64_t start = run_start(page), down = start;
    /* One page stays free: nothing is joined here. */
    while (down > 1 && start - down < 3 && pages[down - 1].what == 0 && pages[down - 2].what == 0)
        down--;
    mappings_extend_down(&table, addr_of(page), addr_of(down));
    for (uint64_t at = down; at < start; at++)
        pages[at] = pages[start];
}

/* Few large changes among many small ones; towards the end more is removed. Returns where. */
static uint64_t change(unsigned step)
{
    uint64_t from = pick(WINDOW), len = pick(400) ? 1 + pick(3) : 1 + pick(2000);
    uint64_t to = MIN(from + len, WINDOW);

    switch (pick(8)) {
    case 0:
    case 1:
        erase(from, to);
        break;
    case 2:
        protect(from, to);
        break;
    case 3:
        grow(from);
        break;
    default:
        if (step > steps / 2 && pick(3))
            erase(from, to);
        else
            insert(from, to);
    }
    return from;
}

static void agrees_with_the_definition(void **state)
{
    uint64_t from, to;

    rng.state = first_seed;
    print_message("# repeat with: test_mappings %lu %u\n", first_seed, steps);
    mappings_init(&table);
    for (unsigned step = 0; step < steps; step++) {
        uint64_t changed = change(step);
        compare_find(pick(WINDOW));
        from = pick(WINDOW);
        to = from + 1 + pick(20);
        to = MIN(to, WINDOW);
        compare_holes(from, to);
        compare_room_for_hole(changed);
        compare_room(1 + pick(pick(4) ? 4 : 700), pick(4) ? WINDOW : 1 + pick(WINDOW));
        if (step % 500 == 0)
            compare_all();
    }
    compare_all();
    erase(0, WINDOW);
    assert_null(mappings_find(&table, 0));
    mappings_free(&table);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_definition)};

    if (argc > 1)
        first_seed = strtoul(argv[1], NULL, 0);
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
