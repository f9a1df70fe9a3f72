/* The watch on guest code that may change: which bytes code was made from, and which of them are
 * others now.
 *
 * A page is tracked from the moment code is made from it, if its bytes can change while it stays
 * mapped and executable as it is:
 *
 *   watched   the guest may write it, and nobody else can: it is read-only on the host. The first
 *             store faults, or comes here as a buffer for the kernel (watch_lift); then a copy is
 *             taken, the page gets its right to be written back, and the store is done.
 *   copied    a copy of the bytes that code was made from is kept, and compared when the guest says
 *             that code may have changed. What was made from bytes that differ is dropped, and they
 *             are copied again.
 *
 * So of each tracked page the bytes that code was made from are known: they are in the page, or in
 * the copy, or lie between stale_start and stale_end, which is dropped at the next comparison. A
 * copied page that has not differed for a while is watched again, each time after a longer while;
 * so a page that is written over and over costs a comparison each time, not a fault.
 *
 * Pages that change behind a watch are only ever copied: shared ones (another view, another
 * process) and, once the guest has executed a fence.i, private ones of files, which show what is
 * written to the file until they are written themselves. Before its first fence.i a program pays
 * nothing for its text; that first one drops all that was made from files. Mappings that the host
 * extends downward are copied too: it would extend the watch with them.
 *
 * Locks. Everything here is under `spin`, which the handler of faults takes too: under it guest
 * memory is read but never written. The lock of the table of mappings (mappings.h) may be taken
 * under it, and both under whatever guards what is dropped. A mapping that is being changed forgets
 * its pages before and after. A fork copies all of it, when no other thread is in the runtime.
 *
 * Not handled: writes through /proc/self/mem, which no protection stops; a system call that has
 * been given a page as its buffer and waits while another thread makes the page's first code. */
#include "space/mappings.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    WATCHED_MAX = 8192, /* each may cut a host mapping in three, of which there are 65530 */
    /* Comparisons without a difference until a page is watched again: twice as many each time. */
    FIRST_PATIENCE = 32,
    LAST_PATIENCE = 1 << 20,
};

enum page_state { PAGE_WATCHED, PAGE_COPIED };

struct tracked_page {
    uint64_t start; /* guest address */
    enum page_state state;
    bool writable;                   /* by the guest */
    bool foreign;                    /* changes without a store of the guest to this page */
    bool of_file;                    /* privately mapped */
    bool given;                      /* to the kernel, which may write it at any time from now on */
    uint64_t stale_start, stale_end; /* guest addresses, if not equal */
    bool dirty;                      /* stored to since it was compared */
    unsigned patience; /* comparisons without a difference that it takes to watch it again */
    unsigned quiet;    /* comparisons without a difference */
    struct tracked_page **at, *next; /* the list of copied ones; at: what points to this one */
    unsigned char *copy;             /* of a page; says nothing while watched */
};

struct watch {
    int spin;
    struct hash_map pages;       /* number of a guest page to struct tracked_page */
    struct tracked_page *copied; /* list */
    unsigned n_watched;
    bool fenced; /* the guest has executed a fence.i */
};

/* ---- the lock -------------------------------------------------------------------------------- */

/* A fault of this thread cannot find it taken by this thread. Whoever holds it may have lost its
 * processor. */
static void watch_hold(struct space *s)
{
    for (unsigned tries = 1; __atomic_exchange_n(&s->watch->spin, 1, __ATOMIC_ACQUIRE); tries++) {
        if (tries % 64 == 0)
            sched_yield();
        __builtin_ia32_pause();
    }
}

static void watch_release(struct space *s)
{
    __atomic_store_n(&s->watch->spin, 0, __ATOMIC_RELEASE);
}

/* ---- the host's side ------------------------------------------------------------------------- */

static bool host_protect(const struct space *s, const struct tracked_page *p, int prot)
{
    return mprotect((void *)(s->base + p->start), SPACE_PAGE_SIZE, prot) == 0;
}

static struct tracked_page *find_page(const struct space *s, uint64_t addr)
{
    return hash_map_get(&s->watch->pages, addr / SPACE_PAGE_SIZE);
}

static void list_copied(struct watch *w, struct tracked_page *p)
{
    p->state = PAGE_COPIED;
    p->next = w->copied;
    p->at = &w->copied;
    if (p->next)
        p->next->at = &p->next;
    w->copied = p;
}

static void unlist_copied(struct tracked_page *p)
{
    *p->at = p->next;
    if (p->next)
        p->next->at = p->at;
}

/* Watched to copied; spin is held. False if the host refuses, which the bound on their number is to
 * prevent. */
static bool lift_page(struct space *s, struct tracked_page *p)
{
    if (space_read(s, GVA(p->start), p->copy, SPACE_PAGE_SIZE))
        return false; /* of a file that has become shorter: the fault is the guest's */
    if (!host_protect(s, p, PROT_READ | PROT_WRITE))
        return false;
    list_copied(s->watch, p);
    s->watch->n_watched--;
    p->quiet = 0;
    p->patience = MIN(p->patience * 2, LAST_PATIENCE);
    p->dirty = true;
    __atomic_store_n(&s->code_written, 1, __ATOMIC_RELEASE);
    return true;
}

/* Copied to watched. The bytes are compared when no one can write them any more. */
static void watch_again(struct space *s, struct tracked_page *p)
{
    unsigned char now[SPACE_PAGE_SIZE];

    p->quiet = 0;
    if (s->watch->n_watched >= WATCHED_MAX || !host_protect(s, p, PROT_READ))
        return;
    if (space_read(s, GVA(p->start), now, sizeof(now)) || memcmp(now, p->copy, sizeof(now)) != 0) {
        host_protect(s, p, PROT_READ | PROT_WRITE);
        return;
    }
    unlist_copied(p);
    p->state = PAGE_WATCHED;
    s->watch->n_watched++;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Calls drop for the runs of words in which two pages differ, joined over small gaps: each call
 * costs more than to make a neighbour's code again. False as soon as drop says so. */
static bool drop_differences(const struct space_dropper *d, uint64_t start, const unsigned char *a,
                             const unsigned char *b)
{
    enum { WORD = 8, GAP = 4 * WORD };
    uint64_t from = 0, to = 0; /* of the run at hand */

    for (uint64_t at = 0; at < SPACE_PAGE_SIZE; at += WORD) {
        if (memcmp(a + at, b + at, WORD) == 0)
            continue;
        if (to > 0 && at - to > GAP) {
            if (!d->drop(d->arg, GVA(start + from), GVA(start + to)))
                return false;
            to = 0;
        }
        if (to == 0)
            from = at;
        to = at + WORD;
    }
    return to == 0 || d->drop(d->arg, GVA(start + from), GVA(start + to));
}

/* False if something must be dropped and could not be: then all is as it was. */
static bool compare_page(struct space *s, struct tracked_page *p, const struct space_dropper *d)
{
    unsigned char now[SPACE_PAGE_SIZE];

    p->dirty = false; /* before it is read: a store from now on may be missed */
    p->quiet++;
    if (p->stale_start != p->stale_end) {
        if (!d->drop(d->arg, GVA(p->stale_start), GVA(p->stale_end)))
            return false;
        p->stale_start = p->stale_end = 0;
    }
    if (space_read(s, GVA(p->start), now, sizeof(now))) /* of a file that has become shorter */
        return d->drop(d->arg, GVA(p->start), GVA(p->start + SPACE_PAGE_SIZE));
    if (memcmp(now, p->copy, sizeof(now)) == 0)
        return true;
    if (!drop_differences(d, p->start, now, p->copy))
        return false;
    memcpy(p->copy, now, sizeof(now));
    p->quiet = 0;
    return true;
}

/* Compares the copied pages that `which` chooses. */
static bool compare_pages(struct space *s, const struct space_dropper *d,
                          bool (*which)(const struct tracked_page *p))
{
    bool done = true;

    for (struct tracked_page *p = s->watch->copied, *next; p && done; p = next) {
        next = p->next;
        if (!which(p))
            continue;
        done = compare_page(s, p, d);
        p->dirty |= !done;
        if (p->quiet >= p->patience && p->writable && !p->foreign && !p->given)
            watch_again(s, p);
    }
    return done;
}

/* The bytes that code is about to be made from may not be those of the copy. */
static bool note_stale(void *arg, gva start, gva end)
{
    struct tracked_page *p = arg;
    bool first = p->stale_start == p->stale_end;

    p->stale_start = first ? start.v : MIN(p->stale_start, start.v);
    p->stale_end = first ? end.v : MAX(p->stale_end, end.v);
    return true;
}

static void note_differences(struct space *s, struct tracked_page *p)
{
    const struct space_dropper note = {note_stale, p};
    unsigned char now[SPACE_PAGE_SIZE];

    if (space_read(s, GVA(p->start), now, sizeof(now)) == 0 &&
        memcmp(now, p->copy, sizeof(now)) != 0)
        drop_differences(&note, p->start, now, p->copy);
}

static bool is_any(const struct tracked_page *p)
{
    return true;
}

static bool is_dirty(const struct tracked_page *p)
{
    return p->dirty;
}

static bool is_not_of_file(const struct tracked_page *p)
{
    return !p->of_file || p->writable;
}

/* ---- pages come and go ----------------------------------------------------------------------- */

static bool is_private_file(const struct mapping *m)
{
    return !(m->flags & MAP_SHARED) && m->ino != 0;
}

static void track_page(struct space *s, uint64_t start, const struct mapping *m)
{
    struct watch *w = s->watch;
    struct tracked_page *p = base_zalloc(sizeof(*p));

    *p = (struct tracked_page){.start = start,
                               .patience = FIRST_PATIENCE / 2,
                               .writable = m->prot & PROT_WRITE,
                               .of_file = is_private_file(m),
                               .foreign = m->flags & (MAP_SHARED | MAP_GROWSDOWN) ||
                                          (w->fenced && is_private_file(m)),
                               .copy = base_alloc(SPACE_PAGE_SIZE)};
    hash_map_put(&w->pages, start / SPACE_PAGE_SIZE, p);
    if (!p->foreign && w->n_watched < WATCHED_MAX && host_protect(s, p, PROT_READ)) {
        p->state = PAGE_WATCHED;
        w->n_watched++;
    } else {
        /* A page that cannot be read has no code either. */
        if (space_read(s, GVA(start), p->copy, SPACE_PAGE_SIZE))
            memset(p->copy, 0, SPACE_PAGE_SIZE);
        list_copied(w, p);
    }
}

/* Can the bytes of its code be others some day, while it is mapped as it is? */
static bool may_change(const struct space *s, const struct mapping *m)
{
    return m->prot & PROT_EXEC && (m->prot & PROT_WRITE || m->flags & MAP_SHARED ||
                                   (s->watch->fenced && is_private_file(m)));
}

bool space_code_begin(struct space *s, gva addr)
{
    watch_hold(s);
    pthread_mutex_lock(&s->maps->table);
    const struct mapping *m = space_find(s, addr);
    bool changes = m && m->start <= addr.v && may_change(s, m);
    struct tracked_page *p = find_page(s, addr.v);
    if (!p && changes)
        track_page(s, ALIGN_DOWN(addr.v, SPACE_PAGE_SIZE), m);
    else if (p && p->state == PAGE_COPIED)
        note_differences(s, p);
    pthread_mutex_unlock(&s->maps->table);
    watch_release(s);
    return changes;
}

/* The page's protection as the table has it, which the host's is about to be if it is not. */
static void unprotect_page(struct space *s, const struct tracked_page *p)
{
    pthread_mutex_lock(&s->maps->table);
    const struct mapping *m = space_find(s, GVA(p->start));
    if (m && m->start <= p->start)
        host_protect(s, p, space_host_prot(m->prot));
    pthread_mutex_unlock(&s->maps->table);
}

static void forget_page(struct space *s, struct tracked_page *p)
{
    hash_map_remove(&s->watch->pages, p->start / SPACE_PAGE_SIZE);
    if (p->state == PAGE_WATCHED) {
        s->watch->n_watched--;
        unprotect_page(s, p);
    } else {
        unlist_copied(p);
    }
    free(p->copy);
    free(p);
}

/* Calls visit for each tracked page with a byte in [start, end), by whichever way is shorter. */
static void each_page(struct space *s, uint64_t start, uint64_t end,
                      void (*visit)(struct space *s, struct tracked_page *p))
{
    const struct hash_map *pages = &s->watch->pages;
    uint64_t first = start / SPACE_PAGE_SIZE, last = (end - 1) / SPACE_PAGE_SIZE, key;
    VEC(struct tracked_page *) found = {0};
    size_t pos = 0;
    void *value;

    if (start >= end || pages->len == 0)
        return;
    if (last - first < pages->len) {
        for (uint64_t page = first; page <= last; page++) {
            struct tracked_page *p = hash_map_get(pages, page);
            if (p)
                visit(s, p);
        }
        return;
    }
    while (hash_map_next(pages, &pos, &key, &value)) { /* visiting may change the map */
        if (key >= first && key <= last)
            vec_push(&found, value);
    }
    for (size_t i = 0; i < found.len; i++)
        visit(s, found.data[i]);
    vec_free(&found);
}

void watch_forget(struct space *s, uint64_t start, uint64_t end)
{
    watch_hold(s);
    each_page(s, start, end, forget_page);
    watch_release(s);
}

/* ---- stores ---------------------------------------------------------------------------------- */

static void give_visited(struct space *s, struct tracked_page *p)
{
    p->given = true;
    if (p->state == PAGE_WATCHED)
        lift_page(s, p);
}

void watch_give(struct space *s, uint64_t start, uint64_t end)
{
    if (__atomic_load_n(&s->watch->pages.len, __ATOMIC_RELAXED) == 0)
        return;
    watch_hold(s);
    each_page(s, start, end, give_visited);
    watch_release(s);
}

bool space_watch_fault(struct space *s, int sig, const siginfo_t *info, const ucontext_t *context)
{
    struct trap what;

    if (!space_read_fault(s, sig, info, context, &what) || what.kind != TRAP_STORE ||
        what.reason != FAULT_ACCERR)
        return false;
    watch_hold(s);
    struct tracked_page *p = find_page(s, what.addr.v);
    /* Writable and not watched: another thread was faster. */
    bool again = p && p->writable && (p->state == PAGE_COPIED || lift_page(s, p));
    watch_release(s);
    return again;
}

/* ---- the guest says that code may have changed ----------------------------------------------- */

bool space_code_sync(struct space *s, const struct space_dropper *d)
{
    watch_hold(s);
    __atomic_store_n(&s->code_written, 0, __ATOMIC_RELAXED);
    bool done = compare_pages(s, d, is_dirty);
    watch_release(s);
    return done;
}

/* What was made from private pages of files in [start, end): there may be no copies. */
static bool drop_of_files(struct space *s, const struct space_dropper *d, uint64_t start,
                          uint64_t end)
{
    const struct mapping *a;
    bool done = true;

    pthread_mutex_lock(&s->maps->table);
    for (uint64_t at = start; done && (a = mappings_find(s->maps, at)) && a->start < end;
         at = a->end) {
        if (is_private_file(a) && a->prot & PROT_EXEC)
            done = d->drop(d->arg, GVA(MAX(a->start, start)), GVA(MIN(a->end, end)));
    }
    pthread_mutex_unlock(&s->maps->table);
    return done;
}

/* Pages of files are tracked otherwise from now on: as foreign. */
static void forget_page_of_file(struct space *s, struct tracked_page *p)
{
    if (p->of_file)
        forget_page(s, p);
}

static bool begin_to_copy_files(struct space *s, const struct space_dropper *d)
{
    if (!drop_of_files(s, d, 0, SPACE_TOP))
        return false;
    each_page(s, 0, SPACE_TOP, forget_page_of_file);
    s->watch->fenced = true;
    return true;
}

bool space_code_fence(struct space *s, const struct space_dropper *d)
{
    watch_hold(s);
    bool done = (s->watch->fenced || begin_to_copy_files(s, d)) && compare_pages(s, d, is_any);
    watch_release(s);
    return done;
}

bool space_code_flush(struct space *s, gva start, gva end, const struct space_dropper *d)
{
    watch_hold(s);
    bool done = drop_of_files(s, d, start.v, end.v) && compare_pages(s, d, is_not_of_file);
    watch_release(s);
    return done;
}

/* ---- start and end --------------------------------------------------------------------------- */

void watch_init(struct space *s)
{
    s->watch = base_zalloc(sizeof(*s->watch));
}

void watch_free(struct space *s)
{
    watch_forget(s, 0, SPACE_TOP);
    hash_map_free(&s->watch->pages);
    free(s->watch);
}
