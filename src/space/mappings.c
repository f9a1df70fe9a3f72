/* The table of mappings: look-up, cutting and joining.
 *
 * A guest may have as many mappings as the kernel allows (vm.max_map_count, 65530) and change one
 * at a time, so neither may a change move all that stands above it nor the search for a free place
 * look at every hole. The table is a sorted list of chunks, each a sorted array of a few dozen
 * items and a note of the largest hole below one of them: a B+-tree of two levels, which that many
 * items fill well. A change moves items of one chunk, and now and then the pointers to the chunks;
 * a search for room passes over the chunks that have none.
 *
 * Invariant: items are ordered, do not overlap, are not empty, and two that touch differ in
 * something (join_at sees to that wherever an edge was touched). Each item owns its name. No chunk
 * is empty, and each one's `gap` is right. */
#include "space/mappings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_ITEMS = 64 };

struct mappings_chunk {
    unsigned n;
    uint64_t gap; /* the largest hole below an item of it, as hole_below() has it */
    struct mapping items[CHUNK_ITEMS];
};

/* Where an item stands. Behind the last one: {the number of chunks, 0}. */
struct place {
    size_t c;
    unsigned i;
};

void mappings_init(struct mappings *m)
{
    pthread_mutex_init(&m->change, NULL);
    pthread_mutex_init(&m->table, NULL);
}

void mappings_free(struct mappings *m)
{
    pthread_mutex_destroy(&m->change);
    pthread_mutex_destroy(&m->table);
    for (size_t c = 0; c < m->chunks.len; c++) {
        for (unsigned i = 0; i < m->chunks.data[c]->n; i++)
            free((char *)m->chunks.data[c]->items[i].name);
        free(m->chunks.data[c]);
    }
    vec_free(&m->chunks);
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct mapping *item_at(const struct mappings *m, struct place p)
{
    return p.c < m->chunks.len ? &m->chunks.data[p.c]->items[p.i] : NULL;
}

static struct place next_place(const struct mappings *m, struct place p)
{
    return p.i + 1 < m->chunks.data[p.c]->n ? (struct place){p.c, p.i + 1}
                                            : (struct place){p.c + 1, 0};
}

/* False for the first. */
static bool step_back(const struct mappings *m, struct place *p)
{
    if (p->i == 0 && p->c == 0)
        return false;
    *p = p->i > 0 ? (struct place){p->c, p->i - 1}
                  : (struct place){p->c - 1, m->chunks.data[p->c - 1]->n - 1};
    return true;
}

/* Of the first item whose end is above addr. */
static struct place find_place(const struct mappings *m, uint64_t addr)
{
    size_t low = 0, high = m->chunks.len;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct mappings_chunk *chunk = m->chunks.data[mid];
        if (chunk->items[chunk->n - 1].end > addr)
            high = mid;
        else
            low = mid + 1;
    }
    struct place p = {low, 0};
    if (p.c == m->chunks.len)
        return p;
    unsigned from = 0, to = m->chunks.data[p.c]->n;
    while (from < to) {
        unsigned mid = from + (to - from) / 2;
        if (m->chunks.data[p.c]->items[mid].end > addr)
            to = mid;
        else
            from = mid + 1;
    }
    p.i = from;
    return p;
}

/* ---- holes ----------------------------------------------------------------------------------- */

/* Where an item begins for its neighbour below: a stack keeps a gap between them. */
static uint64_t guarded_start(const struct mapping *item)
{
    const uint64_t guard = (uint64_t)1 << 20; /* kernel: stack_guard_gap, 256 pages */

    if (!(item->flags & MAP_GROWSDOWN))
        return item->start;
    return item->start > guard ? item->start - guard : 0;
}

/* Where the hole below the item at p begins. */
static uint64_t hole_start(const struct mappings *m, struct place p)
{
    return step_back(m, &p) ? MAX(item_at(m, p)->end, SPACE_MIN_ADDR) : SPACE_MIN_ADDR;
}

static uint64_t hole_below(const struct mappings *m, struct place p)
{
    uint64_t start = hole_start(m, p), end = guarded_start(item_at(m, p));

    return end > start ? end - start : 0;
}

static void note_gap(struct mappings *m, size_t c)
{
    struct place p = {c, 0};

    if (c >= m->chunks.len)
        return;
    m->chunks.data[c]->gap = 0;
    for (; p.i < m->chunks.data[c]->n; p.i++)
        m->chunks.data[c]->gap = MAX(m->chunks.data[c]->gap, hole_below(m, p));
}

/* After a change at p: of its chunk and of what stands above it. */
static void note_gaps(struct mappings *m, struct place p)
{
    note_gap(m, p.c);
    note_gap(m, p.c + 1);
}

uint64_t mappings_find_room(const struct mappings *m, uint64_t len, uint64_t align, uint64_t high)
{
    struct place p = find_place(m, high);
    const struct mapping *above = item_at(m, p);
    uint64_t end = above ? MIN(high, guarded_start(above)) : high;

    for (;;) {
        if (end > len && ALIGN_DOWN(end - len, align) >= hole_start(m, p))
            return ALIGN_DOWN(end - len, align);
        if (!step_back(m, &p))
            return 0;
        while (p.c > 0 && m->chunks.data[p.c]->gap < len)
            p = (struct place){p.c - 1, m->chunks.data[p.c - 1]->n - 1};
        end = guarded_start(item_at(m, p));
    }
}

/* ---- look-ups -------------------------------------------------------------------------------- */

const struct mapping *mappings_find(const struct mappings *m, uint64_t addr)
{
    return item_at(m, find_place(m, addr));
}

bool mappings_overlap(const struct mappings *m, uint64_t start, uint64_t end)
{
    const struct mapping *item = mappings_find(m, start);

    return item && item->start < end;
}

bool mappings_cover(const struct mappings *m, uint64_t start, uint64_t end)
{
    uint64_t hole_end;
    return !mappings_next_hole(m, &start, end, &hole_end);
}

bool mappings_next_hole(const struct mappings *m, uint64_t *start, uint64_t end, uint64_t *hole_end)
{
    struct place p = find_place(m, *start);
    const struct mapping *item;

    for (; (item = item_at(m, p)) && item->start <= *start; p = next_place(m, p))
        *start = item->end;
    if (*start >= end)
        return false;
    *hole_end = item ? MIN(item->start, end) : end;
    return true;
}

/* ---- changes --------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two neighbours that are one mapping to the guest. Offsets count only where there is something
 * behind the mapping. */
static bool can_join(const struct mapping *a, const struct mapping *b)
{
    return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->dev == b->dev &&
           a->ino == b->ino && same_text(a->name, b->name) &&
           (a->ino == 0 || a->file_offset + (a->end - a->start) == b->file_offset);
}

/* A new chunk at c, which is not filled yet. */
static struct mappings_chunk *add_chunk(struct mappings *m, size_t c)
{
    vec_push(&m->chunks, NULL);
    memmove(&m->chunks.data[c + 1], &m->chunks.data[c],
            (m->chunks.len - 1 - c) * sizeof(*m->chunks.data));
    return m->chunks.data[c] = base_zalloc(sizeof(**m->chunks.data));
}

static void drop_chunk(struct mappings *m, size_t c)
{
    free(m->chunks.data[c]);
    m->chunks.len--;
    memmove(&m->chunks.data[c], &m->chunks.data[c + 1],
            (m->chunks.len - c) * sizeof(*m->chunks.data));
}

/* Moves the upper half of a full chunk to one of its own. */
static void split_chunk(struct mappings *m, size_t c)
{
    struct mappings_chunk *high = add_chunk(m, c + 1), *low = m->chunks.data[c];

    high->n = low->n / 2;
    low->n -= high->n;
    memcpy(high->items, low->items + low->n, high->n * sizeof(*high->items));
    note_gap(m, c);
}

/* Puts an item, name and all, before the one at p. Returns its place. */
static struct place put_item(struct mappings *m, struct place p, const struct mapping *item)
{
    if (p.c == m->chunks.len && p.c > 0) /* behind the last one: into its chunk */
        p = (struct place){p.c - 1, m->chunks.data[p.c - 1]->n};
    else if (p.c == m->chunks.len)
        add_chunk(m, p.c);
    if (m->chunks.data[p.c]->n == CHUNK_ITEMS) {
        split_chunk(m, p.c);
        if (p.i > m->chunks.data[p.c]->n)
            p = (struct place){p.c + 1, p.i - m->chunks.data[p.c]->n};
    }
    struct mappings_chunk *chunk = m->chunks.data[p.c];
    memmove(&chunk->items[p.i + 1], &chunk->items[p.i], (chunk->n - p.i) * sizeof(*chunk->items));
    chunk->items[p.i] = *item;
    chunk->n++;
    note_gaps(m, p);
    return p;
}

/* Joins a chunk with the next one if both have become small. */
static void merge_chunks(struct mappings *m, size_t c)
{
    if (c + 1 >= m->chunks.len || m->chunks.data[c]->n + m->chunks.data[c + 1]->n > CHUNK_ITEMS / 2)
        return;
    struct mappings_chunk *low = m->chunks.data[c], *high = m->chunks.data[c + 1];
    memcpy(low->items + low->n, high->items, high->n * sizeof(*high->items));
    low->n += high->n;
    drop_chunk(m, c + 1);
}

static void erase_item(struct mappings *m, struct place p)
{
    struct mappings_chunk *chunk = m->chunks.data[p.c];

    free((char *)chunk->items[p.i].name);
    chunk->n--;
    memmove(&chunk->items[p.i], &chunk->items[p.i + 1], (chunk->n - p.i) * sizeof(*chunk->items));
    if (chunk->n == 0)
        drop_chunk(m, p.c);
    else
        merge_chunks(m, p.c);
    note_gaps(m, p);
}

/* Joins the item at p with the one above it, if there is one and they can be. */
static bool join_at(struct mappings *m, struct place p)
{
    struct place above = next_place(m, p);
    struct mapping *low = item_at(m, p), *high = item_at(m, above);

    if (!high || !can_join(low, high))
        return false;
    low->end = high->end;
    erase_item(m, above);
    return true;
}

/* Joins what can be joined from the item below start up to the one at end. */
static void join_range(struct mappings *m, uint64_t start, uint64_t end)
{
    const struct mapping *item = mappings_find(m, start - 1);

    while (item && item->start < end) {
        uint64_t at = item->start;
        if (!join_at(m, find_place(m, at)))
            at = item->end;
        item = mappings_find(m, at);
    }
}

/* Makes addr an edge: cuts the item that has it inside. */
static void cut_at(struct mappings *m, uint64_t addr)
{
    struct place p = find_place(m, addr);
    struct mapping *high = item_at(m, p);

    if (!high || high->start >= addr)
        return;
    struct mapping low = *high;
    low.name = high->name ? base_strdup(high->name) : NULL;
    low.end = addr;
    high->start = addr;
    high->file_offset += addr - low.start;
    put_item(m, p, &low);
}

void mappings_insert(struct mappings *m, const struct mapping *item)
{
    CHECK(item->start < item->end && !mappings_overlap(m, item->start, item->end),
          "mapping %#lx-%#lx is not free", item->start, item->end);
    pthread_mutex_lock(&m->table);
    struct mapping copy = *item;
    copy.name = item->name ? base_strdup(item->name) : NULL;
    struct place p = put_item(m, find_place(m, item->start), &copy);
    join_at(m, p);
    if (step_back(m, &p))
        join_at(m, p);
    pthread_mutex_unlock(&m->table);
}

void mappings_remove(struct mappings *m, uint64_t start, uint64_t end)
{
    pthread_mutex_lock(&m->table);
    cut_at(m, start);
    cut_at(m, end);
    while (mappings_overlap(m, start, end))
        erase_item(m, find_place(m, start));
    pthread_mutex_unlock(&m->table);
}

void mappings_set_prot(struct mappings *m, uint64_t start, uint64_t end, int prot)
{
    struct mapping *item;

    pthread_mutex_lock(&m->table);
    cut_at(m, start);
    cut_at(m, end);
    for (struct place p = find_place(m, start); (item = item_at(m, p)) && item->start < end;
         p = next_place(m, p))
        item->prot = prot;
    join_range(m, start, end);
    pthread_mutex_unlock(&m->table);
}

void mappings_extend_down(struct mappings *m, uint64_t addr, uint64_t start)
{
    struct place p = find_place(m, addr);

    CHECK(item_at(m, p)->start <= addr && start >= hole_start(m, p),
          "a mapping grows over another");
    pthread_mutex_lock(&m->table);
    item_at(m, p)->start = start;
    note_gaps(m, p);
    pthread_mutex_unlock(&m->table);
}
