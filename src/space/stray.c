/* Stores where none should be: somebody is about to make the stores of a log in memory, and it is
 * to be seen whether he makes others.
 *
 * Around the logged ones, that is in their pages, memory is compared with a copy. The guard is for
 * the rest: private data that could be written cannot be for a while, so that a store there faults.
 * It takes two system calls for each mapping.
 *
 * Not handled: memory shared with others, who may store to it meanwhile; pages of code (the watch
 * has its own use of their protection) and mappings that the host extends downward are compared but
 * not guarded. Only one guest thread may run, and no other may be in a system call. */
#include "space/mappings.h"

#include <string.h>
#include <sys/mman.h>

enum { MOST_GUARDED = 256 }; /* mappings: with more of them there is no guard */

/* ---- around the stores ----------------------------------------------------------------------- */

static struct mapping find_mapping(const struct space *s, uint64_t addr)
{
    struct mapping found = {0};

    pthread_mutex_lock(&s->maps->table);
    const struct mapping *m = space_find(s, GVA(addr));
    if (m && m->start <= addr)
        found = *m;
    pthread_mutex_unlock(&s->maps->table);
    return found;
}

static bool has_page(const struct store_log *log, uint64_t start)
{
    for (size_t i = 0; i < log->around.len; i++) {
        if (log->around.data[i].start == start)
            return true;
    }
    return false;
}

static void copy_page(struct store_log *log, uint64_t start)
{
    vec_push(&log->around, (struct store_log_page){.start = start});
    struct store_log_page *page = &log->around.data[log->around.len - 1];
    if (space_read(log->space, GVA(start), page->bytes, sizeof(page->bytes)))
        log->around.len--; /* gone since */
}

/* What was logged is as memory has it now. */
static void take_stored(const struct store_log *log, struct store_log_page *page,
                        const unsigned char *now)
{
    for (size_t i = 0; i < log->words.len; i++) {
        const struct store_log_word *word = &log->words.data[i];
        uint64_t at = word->addr - page->start, was, is;
        if (at >= sizeof(page->bytes))
            continue;
        memcpy(&was, page->bytes + at, sizeof(was));
        memcpy(&is, now + at, sizeof(is));
        was = (was & ~word->mask) | (is & word->mask);
        memcpy(page->bytes + at, &was, sizeof(was));
    }
}

static bool find_stray(const struct store_log *log, struct store_log_page *page, gva *addr)
{
    unsigned char now[SPACE_PAGE_SIZE];
    size_t i = 0;

    if (space_read(log->space, GVA(page->start), now, sizeof(now)))
        return false;
    take_stored(log, page, now);
    if (memcmp(page->bytes, now, sizeof(now)) == 0)
        return false;
    while (page->bytes[i] == now[i])
        i++;
    *addr = GVA(page->start + i);
    return true;
}

/* ---- everywhere else ------------------------------------------------------------------------- */

/* Until it is stored to, a private page of a file shows what is stored to the file. */
static void copy_pages(struct store_log *log)
{
    bool shared = false, of_files = false;

    log->around.len = 0;
    for (size_t i = 0; i < log->words.len; i++) {
        uint64_t start = ALIGN_DOWN(log->words.data[i].addr, SPACE_PAGE_SIZE);
        if (has_page(log, start))
            continue;
        struct mapping m = find_mapping(log->space, start);
        shared |= (m.flags & MAP_SHARED) != 0;
        of_files |= m.ino != 0;
        if (!(m.flags & MAP_SHARED))
            copy_page(log, start);
    }
    if (shared && of_files)
        log->around.len = 0;
}

static bool can_guard(const struct mapping *m)
{
    return m->prot & PROT_WRITE && !(m->prot & PROT_EXEC) && !(m->flags & MAP_SHARED) &&
           (!(m->flags & MAP_GROWSDOWN) || m->flags & SPACE_MAP_GROWN);
}

static void protect(const struct space *s, uint64_t start, uint64_t end, int prot)
{
    CHECK(mprotect((void *)(s->base + start), end - start, prot) == 0,
          "the guest's memory at %#lx cannot be protected", (unsigned long)start);
}

static const struct mapping *next_to_guard(const struct space *s, uint64_t start)
{
    const struct mapping *m = mappings_find(s->maps, start);

    while (m && !can_guard(m))
        m = mappings_find(s->maps, m->end);
    return m;
}

static bool are_too_many(const struct space *s)
{
    unsigned n = 0;

    for (const struct mapping *m = next_to_guard(s, 0); m && n < MOST_GUARDED;
         m = next_to_guard(s, m->end))
        n++;
    return n == MOST_GUARDED;
}

/* False if there is too much to do. */
static bool set_guard(const struct space *s, bool guard)
{
    pthread_mutex_lock(&s->maps->table);
    bool done = !guard || !are_too_many(s);
    for (const struct mapping *m = next_to_guard(s, 0); m && done; m = next_to_guard(s, m->end)) {
        int prot = space_host_prot(m->prot);
        protect(s, m->start, m->end, guard ? prot & ~PROT_WRITE : prot);
    }
    pthread_mutex_unlock(&s->maps->table);
    return done;
}

/* ---- both ------------------------------------------------------------------------------------ */

void store_log_expect(struct store_log *log, bool guard)
{
    copy_pages(log);
    log->guarded = guard && set_guard(log->space, true);
    for (size_t i = 0; i < log->words.len && log->guarded; i++) {
        uint64_t start = ALIGN_DOWN(log->words.data[i].addr, SPACE_PAGE_SIZE);
        struct mapping m = find_mapping(log->space, start);
        if (can_guard(&m))
            protect(log->space, start, start + SPACE_PAGE_SIZE, space_host_prot(m.prot));
    }
}

bool store_log_stray(struct store_log *log, gva *addr)
{
    if (log->guarded)
        set_guard(log->space, false);
    log->guarded = false;
    for (size_t i = 0; i < log->around.len; i++) {
        if (find_stray(log, &log->around.data[i], addr))
            return true;
    }
    return false;
}
