/* mmap, munmap and mprotect for the guest: rules and errors as Linux has them (mmap(2), munmap(2),
 * mprotect(2), and where they are silent the order of checks in the kernel's mm/mmap.c).
 *
 * The rule that keeps the runtime safe: a place that the guest does not hold yet is taken from the
 * host with MAP_FIXED_NOREPLACE, so that nothing of the runtime is ever mapped over; MAP_FIXED and
 * munmap reach the host for pages that the table says are the guest's.
 *
 * Not handled: huge pages (MAP_HUGETLB without a file answers as a machine that has reserved none).
 * A device whose mmap fails after Linux before 6.12 has removed what was there leaves the table
 * with a mapping that the host no longer has; the guest then faults there.
 */
#include "space/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* x86 only, or placed by us: the host must not see them. */
#define MAP_ABOVE4G_X86 0x80
#define PLACE_FLAGS     (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_ABOVE4G_X86)
#define TYPE_MASK       0x0f /* MAP_TYPE of the kernel */

/* What of the flags is an attribute of the mapping; the others speak of the call. */
#define KEPT_FLAGS (TYPE_MASK | MAP_ANONYMOUS | MAP_GROWSDOWN | SPACE_MAP_GROWN)

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#ifndef PROT_SEM
#define PROT_SEM 0x8
#endif

/* One mmap in work. */
struct request {
    struct mapping item; /* what the table will hold; start and end once a place is found */
    uint64_t len;        /* in whole pages */
    int host_flags;      /* without the place */
    int fd;
    bool had_code; /* what was there could be executed */
};

int space_host_prot(int prot)
{
    int host = prot & (PROT_READ | PROT_WRITE);
    return prot & PROT_EXEC ? host | PROT_READ : host;
}

bool space_notify_change(struct space *s, uint64_t start, uint64_t end)
{
    const struct mapping *a;
    bool had_code = false;
    watch_forget(s, start, end);
    if (!s->on_change)
        return false;
    for (uint64_t at = start; (a = mappings_find(s->maps, at)) && a->start < end; at = a->end) {
        if (!(a->prot & PROT_EXEC))
            continue;
        had_code = true;
        s->on_change(s->on_change_arg, GVA(MAX(a->start, start)), GVA(MIN(a->end, end)));
    }
    return had_code;
}

void space_notify_changed(struct space *s, uint64_t start, uint64_t end, bool had_code)
{
    if (!had_code)
        return;
    watch_forget(s, start, end);
    if (s->on_changed)
        s->on_changed(s->on_change_arg, GVA(start), GVA(end));
}

void space_sync_growth(struct space *s)
{
    struct mappings *m = s->maps;
    const struct mapping *a;
    unsigned char resident;
    uint64_t floor = SPACE_MIN_ADDR;
    for (uint64_t at = 0; m->host_grows && (a = mappings_find(m, at)); floor = at = a->end) {
        if (!(a->flags & MAP_GROWSDOWN) || a->flags & SPACE_MAP_GROWN)
            continue;
        /* mincore knows mapped from unmapped: ENOMEM. */
        uint64_t start = a->start;
        while (start > floor && mincore((void *)(s->base + start - SPACE_PAGE_SIZE),
                                        SPACE_PAGE_SIZE, &resident) == 0)
            start -= SPACE_PAGE_SIZE;
        if (start == a->start)
            continue;
        mappings_extend_down(m, a->start, start);
    }
}

/* ---- the host's side ------------------------------------------------------------------------ */

static int host_map(struct space *s, uint64_t addr, uint64_t len, int prot, int flags, int fd,
                    uint64_t offset)
{
    void *want = (void *)(s->base + addr);
    void *got = mmap(want, len, prot, flags, fd, (off_t)offset);
    if (got == MAP_FAILED)
        return -errno;
    if (got != want) { /* a kernel before 4.17 takes MAP_FIXED_NOREPLACE for a hint */
        munmap(got, len);
        return -EEXIST;
    }
    return 0;
}

static int host_map_request(struct space *s, const struct request *r, uint64_t addr, int fixed)
{
    return host_map(s, addr, r->len, space_host_prot(r->item.prot), r->host_flags | fixed, r->fd,
                    r->fd < 0 ? 0 : r->item.file_offset);
}

int space_claim_holes(struct space *s, uint64_t start, uint64_t end)
{
    uint64_t at = start, hole_end;
    while (mappings_next_hole(s->maps, &at, end, &hole_end)) {
        if (host_map(s, at, hole_end - at, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0)) {
            space_release_holes(s, start, at);
            return -ENOMEM;
        }
        at = hole_end;
    }
    return 0;
}

void space_release_holes(struct space *s, uint64_t start, uint64_t end)
{
    uint64_t hole_end;
    while (mappings_next_hole(s->maps, &start, end, &hole_end)) {
        munmap((void *)(s->base + start), hole_end - start);
        start = hole_end;
    }
}

/* ---- mmap ----------------------------------------------------------------------------------- */

uint64_t space_choose(const struct space *s, uint64_t len, unsigned try, uint64_t *below)
{
    uint64_t step = (uint64_t)SPACE_PAGE_SIZE << MIN(try, 30u);
    uint64_t addr = space_find_free(s, len, SPACE_PAGE_SIZE, *below);
    if (addr == 0 && try == 0)
        addr = space_find_free(s, len, SPACE_PAGE_SIZE, SPACE_MAP_END);
    /* If the host refuses this one, go lower by steps that double: few tries cross any obstacle. */
    *below = addr + len > step ? addr + len - step : SPACE_PAGE_SIZE;
    return addr;
}

static int place_anywhere(struct space *s, struct request *r, uint64_t hint)
{
    if (hint != 0 && hint <= SPACE_MAP_END - r->len &&
        !mappings_overlap(s->maps, hint, hint + r->len)) {
        int err = host_map_request(s, r, hint, MAP_FIXED_NOREPLACE);
        r->item.start = hint;
        if (err != -EEXIST)
            return err;
    }
    uint64_t below = 0;
    for (unsigned try = 0; (r->item.start = space_choose(s, r->len, try, &below)) != 0; try++) {
        int err = host_map_request(s, r, r->item.start, MAP_FIXED_NOREPLACE);
        if (err != -EEXIST)
            return err;
    }
    return -ENOMEM;
}

static int place_fixed(struct space *s, struct request *r, uint64_t addr, bool replace)
{
    uint64_t end = addr + r->len;
    r->item.start = addr;
    if (!mappings_overlap(s->maps, addr, end)) {
        int err = host_map_request(s, r, addr, MAP_FIXED_NOREPLACE);
        return err == -EEXIST && replace ? -ENOMEM : err;
    }
    if (!replace)
        return -EEXIST;
    int err = space_claim_holes(s, addr, end);
    if (err)
        return err;
    r->had_code = space_notify_change(s, addr, end);
    err = host_map_request(s, r, addr, MAP_FIXED);
    if (err) {
        space_release_holes(s, addr, end);
        return err;
    }
    mappings_remove(s->maps, addr, end);
    return 0;
}

/* The checks that come before the host's own (type, rights of the file, limits). */
static int check_request(uint64_t hint, uint64_t len, int flags, int fd, uint64_t offset)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (offset % SPACE_PAGE_SIZE)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && fcntl(fd, F_GETFD) < 0)
        return -EBADF;
    if ((flags & (MAP_ANONYMOUS | MAP_HUGETLB)) == (MAP_ANONYMOUS | MAP_HUGETLB))
        return -ENOMEM;
    if (len == 0)
        return -EINVAL;
    uint64_t size = ALIGN_UP(len, SPACE_PAGE_SIZE);
    if (size == 0)
        return -ENOMEM;
    if (offset + size < offset)
        return -EOVERFLOW;
    if (size > SPACE_MAP_END || (fixed && hint > SPACE_MAP_END - size))
        return -ENOMEM;
    if (fixed && hint % SPACE_PAGE_SIZE)
        return -EINVAL;
    return fixed && hint < SPACE_MIN_ADDR ? -EPERM : 0;
}

/* What the table says of the thing behind the mapping. A shared anonymous mapping is a file of its
 * own to Linux; a number of our own keeps two of them from being joined. */
static int describe_backing(struct space *s, struct mapping *item, int fd, const char *name)
{
    struct stat st;
    item->name = name;
    if (fd >= 0) {
        if (fstat(fd, &st) < 0)
            return -errno;
        item->dev = st.st_dev;
        item->ino = st.st_ino;
    } else if ((item->flags & TYPE_MASK) == MAP_SHARED) {
        item->name = name ? name : "/dev/zero (deleted)";
        item->dev = 1;
        item->ino = ++s->maps->next_shared;
    }
    return 0;
}

static int64_t map_locked(struct space *s, gva hint, uint64_t len, int prot, int flags, int fd,
                          uint64_t offset, const char *name)
{
    int err = check_request(hint.v, len, flags, fd, offset);
    if (err)
        return err;
    space_sync_growth(s);
    struct request r = {
        .item = {.prot = prot & PROT_ALL,
                 .flags = flags & KEPT_FLAGS,
                 .file_offset = flags & MAP_ANONYMOUS ? 0 : offset},
        .len = ALIGN_UP(len, SPACE_PAGE_SIZE),
        .host_flags = flags & ~(PLACE_FLAGS | SPACE_MAP_GROWN),
        .fd = flags & MAP_ANONYMOUS ? -1 : fd,
    };
    if (flags & SPACE_MAP_GROWN)
        r.host_flags &= ~MAP_GROWSDOWN;
    err = describe_backing(s, &r.item, r.fd, name);
    if (err)
        return err;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        err = place_fixed(s, &r, hint.v, !(flags & MAP_FIXED_NOREPLACE));
    } else {
        uint64_t at = ALIGN_DOWN(hint.v, SPACE_PAGE_SIZE);
        err = place_anywhere(s, &r, at ? MAX(at, SPACE_MIN_ADDR) : 0);
    }
    if (log_on(LOG_MAP))
        log_print("map %#lx %#lx prot %d flags %#x %s: %d\n", r.item.start, r.len, prot, flags,
                  name ? name : "", err);
    if (err)
        return err;
    r.item.end = r.item.start + r.len;
    if (r.item.flags & MAP_GROWSDOWN && !(r.item.flags & SPACE_MAP_GROWN))
        s->maps->host_grows = true;
    mappings_insert(s->maps, &r.item);
    space_notify_changed(s, r.item.start, r.item.end, r.had_code);
    return (int64_t)r.item.start;
}

int64_t space_map(struct space *s, gva hint, uint64_t len, int prot, int flags, int fd,
                  uint64_t offset, const char *name)
{
    space_lock(s);
    int64_t result = map_locked(s, hint, len, prot, flags, fd, offset, name);
    space_unlock(s);
    return result;
}

/* ---- munmap, mprotect ----------------------------------------------------------------------- */

static int unmap_locked(struct space *s, gva start, uint64_t len)
{
    uint64_t size = ALIGN_UP(len, SPACE_PAGE_SIZE);
    if (start.v % SPACE_PAGE_SIZE || start.v > SPACE_TOP || len > SPACE_TOP - start.v || size == 0)
        return -EINVAL;
    if (log_on(LOG_MAP))
        log_print("unmap %#lx %#lx\n", start.v, size);
    space_sync_growth(s);
    uint64_t end = start.v + size;
    bool had_code = space_notify_change(s, start.v, end);
    int err = 0;
    while (err == 0) {
        const struct mapping *m = mappings_find(s->maps, start.v);
        if (!m || m->start >= end)
            break;
        uint64_t from = MAX(m->start, start.v);
        uint64_t to = MIN(m->end, end);
        if (munmap((void *)(s->base + from), to - from) < 0)
            err = -errno;
        else
            mappings_remove(s->maps, from, to);
    }
    space_notify_changed(s, start.v, end, had_code);
    return err;
}

int space_unmap(struct space *s, gva start, uint64_t len)
{
    space_lock(s);
    int err = unmap_locked(s, start, len);
    space_unlock(s);
    return err;
}

/* mprotect's PROT_GROWSDOWN: from the start of the mapping, which must be one that grows. */
static int grow_range_down(const struct space *s, uint64_t *start)
{
    const struct mapping *m = space_find(s, GVA(*start));
    if (!m || m->start > *start)
        return -ENOMEM;
    if (!(m->flags & MAP_GROWSDOWN))
        return -EINVAL;
    *start = m->start;
    return 0;
}

/* Of pages that have the same rights before. What was made from their code stays if they can be
 * executed and written, or not, as before. What is the same to the host is not asked for: it would
 * end a watch. */
static int protect_piece(struct space *s, uint64_t from, uint64_t to, int before, int prot)
{
    bool changes = !(prot & PROT_EXEC) || (before ^ prot) & PROT_WRITE;
    bool had_code = changes && space_notify_change(s, from, to);
    if (space_host_prot(prot) != space_host_prot(before) &&
        mprotect((void *)(s->base + from), to - from, space_host_prot(prot)) < 0)
        return -errno;
    mappings_set_prot(s->maps, from, to, prot);
    space_notify_changed(s, from, to, had_code);
    return 0;
}

/* Like Linux it stops at the first hole or refusal, and what came before it has changed. */
static int protect_locked(struct space *s, gva start, uint64_t len, int prot)
{
    int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~grows;
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start.v % SPACE_PAGE_SIZE)
        return -EINVAL;
    if (len == 0)
        return 0;
    uint64_t at = start.v, end = at + ALIGN_UP(len, SPACE_PAGE_SIZE);
    if (end <= at || len > ALIGN_UP(len, SPACE_PAGE_SIZE))
        return -ENOMEM;
    if (prot & ~(PROT_ALL | PROT_SEM) || grows == PROT_GROWSUP)
        return -EINVAL;
    prot &= PROT_ALL;
    if (log_on(LOG_MAP))
        log_print("protect %#lx %#lx prot %d\n", at, end - at, prot);
    space_sync_growth(s);
    int err = grows ? grow_range_down(s, &at) : 0;
    while (err == 0 && at < end) {
        const struct mapping *m = space_find(s, GVA(at));
        if (!m || m->start > at)
            return -ENOMEM;
        uint64_t to = MIN(m->end, end);
        err = protect_piece(s, at, to, m->prot, prot);
        at = to;
    }
    return err;
}

int space_protect(struct space *s, gva start, uint64_t len, int prot)
{
    space_lock(s);
    int err = protect_locked(s, start, len, prot);
    space_unlock(s);
    return err;
}
