/* The sorted array of mappings: look-up, cutting and joining.
 *
 * Invariant: items are ordered, do not overlap, are not empty, and two that touch differ in
 * something (join_at sees to that wherever an edge was touched). Each item owns its name. */
#include "space/mappings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void mappings_init(struct mappings *m)
{
    pthread_mutexattr_t recursive;

    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m->change, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_mutex_init(&m->table, NULL);
}

void mappings_free(struct mappings *m)
{
    pthread_mutex_destroy(&m->change);
    pthread_mutex_destroy(&m->table);
    for (size_t i = 0; i < m->v.len; i++)
        free((char *)m->v.data[i].name);
    vec_free(&m->v);
}

size_t mappings_index(const struct mappings *m, uint64_t addr)
{
    size_t low = 0, high = m->v.len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (m->v.data[mid].end > addr)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

bool mappings_overlap(const struct mappings *m, uint64_t start, uint64_t end)
{
    size_t i = mappings_index(m, start);
    return i < m->v.len && m->v.data[i].start < end;
}

bool mappings_cover(const struct mappings *m, uint64_t start, uint64_t end)
{
    uint64_t hole_end;
    return !mappings_next_hole(m, &start, end, &hole_end);
}

bool mappings_next_hole(const struct mappings *m, uint64_t *start, uint64_t end, uint64_t *hole_end)
{
    size_t i = mappings_index(m, *start);
    while (i < m->v.len && m->v.data[i].start <= *start)
        *start = m->v.data[i++].end;
    if (*start >= end)
        return false;
    *hole_end = i < m->v.len ? MIN(m->v.data[i].start, end) : end;
    return true;
}

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

/* Opens a gap of one item at index i. The caller fills it. */
static struct mapping *open_slot(struct mappings *m, size_t i)
{
    vec_reserve(&m->v, m->v.len + 1);
    struct mapping *at = &m->v.data[i];
    memmove(at + 1, at, (m->v.len - i) * sizeof(*at));
    m->v.len++;
    return at;
}

static void close_slots(struct mappings *m, size_t i, size_t n)
{
    struct mapping *at = &m->v.data[i];
    for (size_t k = 0; k < n; k++)
        free((char *)at[k].name);
    memmove(at, at + n, (m->v.len - i - n) * sizeof(*at));
    m->v.len -= n;
}

/* Joins items i and i + 1 if they exist and can be. */
static void join_at(struct mappings *m, size_t i)
{
    if (i + 1 >= m->v.len || !can_join(&m->v.data[i], &m->v.data[i + 1]))
        return;
    m->v.data[i].end = m->v.data[i + 1].end;
    close_slots(m, i + 1, 1);
}

/* Makes addr an edge: cuts the item that has it inside. */
static void cut_at(struct mappings *m, uint64_t addr)
{
    size_t i = mappings_index(m, addr);
    if (i == m->v.len || m->v.data[i].start >= addr)
        return;
    struct mapping *low = open_slot(m, i);
    struct mapping *high = low + 1;
    *low = *high;
    low->name = high->name ? base_strdup(high->name) : NULL;
    low->end = addr;
    high->start = addr;
    high->file_offset += addr - low->start;
}

void mappings_insert(struct mappings *m, const struct mapping *item)
{
    CHECK(item->start < item->end && !mappings_overlap(m, item->start, item->end),
          "mapping %#lx-%#lx is not free", item->start, item->end);
    pthread_mutex_lock(&m->table);
    size_t i = mappings_index(m, item->start);
    struct mapping *at = open_slot(m, i);
    *at = *item;
    at->name = item->name ? base_strdup(item->name) : NULL;
    join_at(m, i);
    if (i > 0)
        join_at(m, i - 1);
    pthread_mutex_unlock(&m->table);
}

void mappings_remove(struct mappings *m, uint64_t start, uint64_t end)
{
    pthread_mutex_lock(&m->table);
    cut_at(m, start);
    cut_at(m, end);
    size_t first = mappings_index(m, start), n = 0;
    while (first + n < m->v.len && m->v.data[first + n].start < end)
        n++;
    if (n > 0)
        close_slots(m, first, n);
    pthread_mutex_unlock(&m->table);
}

void mappings_set_prot(struct mappings *m, uint64_t start, uint64_t end, int prot)
{
    pthread_mutex_lock(&m->table);
    cut_at(m, start);
    cut_at(m, end);
    size_t first = mappings_index(m, start), i = first;
    for (; i < m->v.len && m->v.data[i].start < end; i++)
        m->v.data[i].prot = prot;
    /* From the top, so that indices below stay valid. */
    for (; i > first; i--)
        join_at(m, i - 1);
    if (first > 0)
        join_at(m, first - 1);
    pthread_mutex_unlock(&m->table);
}
