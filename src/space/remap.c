/* mremap and brk for the guest: rules and errors as in mremap(2), brk(2) and the kernel's
 * mm/mremap.c up to Linux 6.16 (later ones also move several mappings at once).
 *
 * As in map.c the host never gets to choose a place: one is found in the table, its holes are
 * claimed without replacing anything, and mremap moves there with MREMAP_FIXED. */
#include "space/mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define REMAP_FLAGS (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

/* One mremap in work; lengths in whole pages. */
struct move {
    uint64_t old, old_len, new_len;
    int flags;
    struct mapping source; /* copy of the mapping that covers old; its name is the table's */
};

/* ---- moving --------------------------------------------------------------------------------- */

/* The mapping as it looks at its new place. */
static struct mapping moved_item(const struct move *mv, uint64_t to)
{
    struct mapping item = mv->source;
    if (item.ino != 0)
        item.file_offset += mv->old - item.start;
    item.start = to;
    item.end = to + mv->new_len;
    return item;
}

/* Moves to a place whose holes are claimed and whose mappings may be replaced. */
static int64_t move_to(struct space *s, struct move *mv, uint64_t to)
{
    uint64_t end = to + mv->new_len;
    struct mapping item = moved_item(mv, to);
    char *name = item.name ? base_strdup(item.name) : NULL;
    item.name = name;

    bool had_code = space_notify_change(s, to, end);
    bool moves_code = space_notify_change(s, mv->old, mv->old + mv->old_len);
    void *got = mremap((void *)(s->base + mv->old), mv->old_len, mv->new_len,
                       mv->flags | MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(s->base + to));
    if (got == MAP_FAILED) {
        int err = -errno;
        /* Linux has emptied the new place by then, or not: make it so, table and host. */
        munmap((void *)(s->base + to), mv->new_len);
        mappings_remove(s->maps, to, end);
        free(name);
        return err;
    }
    mappings_remove(s->maps, to, end);
    if (!(mv->flags & MREMAP_DONTUNMAP) && mv->old_len > 0)
        mappings_remove(s->maps, mv->old, mv->old + mv->old_len);
    mappings_insert(s->maps, &item);
    free(name);
    space_notify_changed(s, to, end, had_code);
    space_notify_changed(s, mv->old, mv->old + mv->old_len, moves_code);
    return (int64_t)to;
}

static int64_t move_anywhere(struct space *s, struct move *mv)
{
    uint64_t below = 0, to;
    for (unsigned try = 0; (to = space_choose(s, mv->new_len, try, &below)) != 0; try++)
        if (space_claim_holes(s, to, to + mv->new_len) == 0)
            return move_to(s, mv, to);
    return -ENOMEM;
}

static int64_t move_fixed(struct space *s, struct move *mv, uint64_t to)
{
    if (space_claim_holes(s, to, to + mv->new_len))
        return -ENOMEM;
    return move_to(s, mv, to);
}

/* ---- growing in place ----------------------------------------------------------------------- */

/* Extends the mapping's last page upward; the host does it only if it has nothing there. */
static int grow_in_place(struct space *s, const struct move *mv)
{
    uint64_t old_end = mv->old + mv->old_len, new_end = mv->old + mv->new_len;
    if (new_end > SPACE_MAP_END || mappings_overlap(s->maps, old_end, new_end))
        return -ENOMEM;
    uint64_t last = old_end - SPACE_PAGE_SIZE;
    if (mremap((void *)(s->base + last), SPACE_PAGE_SIZE, new_end - last, 0) == MAP_FAILED)
        return -errno;
    struct mapping item = mv->source;
    if (item.ino != 0)
        item.file_offset += old_end - item.start;
    item.start = old_end;
    item.end = new_end;
    mappings_insert(s->maps, &item);
    return 0;
}

/* ---- mremap --------------------------------------------------------------------------------- */

static int check_flags(const struct move *mv, uint64_t new_addr)
{
    bool to_place = mv->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
    if (mv->flags & ~REMAP_FLAGS || (to_place && !(mv->flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (mv->flags & MREMAP_DONTUNMAP && mv->old_len != mv->new_len)
        return -EINVAL;
    if (mv->old % SPACE_PAGE_SIZE || mv->new_len == 0)
        return -EINVAL;
    if (!(mv->flags & MREMAP_FIXED))
        return 0;
    if (new_addr % SPACE_PAGE_SIZE || mv->new_len > SPACE_MAP_END ||
        new_addr > SPACE_MAP_END - mv->new_len)
        return -EINVAL;
    if (new_addr < mv->old + mv->old_len && mv->old < new_addr + mv->new_len)
        return -EINVAL;
    return new_addr < SPACE_MIN_ADDR ? -EPERM : 0;
}

/* Finds the mapping and what of it may be resized. */
static int find_source(struct space *s, struct move *mv)
{
    const struct mapping *m = space_find(s, GVA(mv->old));
    if (!m || m->start > mv->old)
        return -EFAULT;
    mv->source = *m;
    if (mv->old_len == 0 && m->flags & MAP_PRIVATE)
        return -EINVAL; /* a second view of the same pages: of shared ones only */
    if (mv->old_len > m->end - mv->old)
        return -EFAULT;
    return 0;
}

/* The part beyond the new length goes, whatever mappings it holds. */
static int cut_tail(struct space *s, struct move *mv)
{
    if (mv->old_len <= mv->new_len)
        return 0;
    int err = space_unmap(s, GVA(mv->old + mv->new_len), mv->old_len - mv->new_len);
    mv->old_len = mv->new_len;
    return err;
}

static int64_t remap_resize(struct space *s, struct move *mv)
{
    int err = find_source(s, mv);
    if (err)
        return err;
    if (mv->new_len > SPACE_MAP_END)
        return -ENOMEM;
    if (mv->old_len > 0 && mv->source.end == mv->old + mv->old_len && !grow_in_place(s, mv))
        return (int64_t)mv->old;
    return mv->flags & MREMAP_MAYMOVE ? move_anywhere(s, mv) : -ENOMEM;
}

static int64_t remap_locked(struct space *s, gva old, uint64_t old_len, uint64_t new_len, int flags,
                            gva new_addr)
{
    struct move mv = {.old = old.v,
                      .old_len = ALIGN_UP(old_len, SPACE_PAGE_SIZE),
                      .new_len = ALIGN_UP(new_len, SPACE_PAGE_SIZE),
                      .flags = flags};
    int err = check_flags(&mv, new_addr.v);
    if (err)
        return err;
    space_sync_growth(s);
    const struct mapping *m = space_find(s, old);
    if (!m || m->start > old.v)
        return -EFAULT;
    if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
        if (mv.old_len > mv.new_len)
            return (err = cut_tail(s, &mv)) ? err : (int64_t)old.v;
        return mv.old_len == mv.new_len ? (int64_t)old.v : remap_resize(s, &mv);
    }
    err = cut_tail(s, &mv);
    if (err == 0)
        err = find_source(s, &mv);
    if (err)
        return err;
    return flags & MREMAP_FIXED ? move_fixed(s, &mv, new_addr.v) : move_anywhere(s, &mv);
}

int64_t space_remap(struct space *s, gva old, uint64_t old_len, uint64_t new_len, int flags,
                    gva new_addr)
{
    space_lock(s);
    int64_t result = remap_locked(s, old, old_len, new_len, flags, new_addr);
    space_unlock(s);
    return result;
}

/* ---- brk ------------------------------------------------------------------------------------ */

void space_set_brk(struct space *s, gva start)
{
    s->brk_start = s->brk = ALIGN_UP(start.v, SPACE_PAGE_SIZE);
}

static uint64_t brk_locked(struct space *s, uint64_t wanted)
{
    if (wanted < s->brk_start || wanted > s->brk_max)
        return s->brk;
    uint64_t old_end = ALIGN_UP(s->brk, SPACE_PAGE_SIZE);
    uint64_t new_end = ALIGN_UP(wanted, SPACE_PAGE_SIZE);
    if (new_end < old_end) {
        if (space_unmap(s, GVA(new_end), old_end - new_end))
            return s->brk;
    } else if (new_end > old_end) {
        /* One page stays free between the heap and what follows, as in the kernel. */
        if (mappings_overlap(s->maps, old_end, new_end + SPACE_PAGE_SIZE) ||
            space_map(s, GVA(old_end), new_end - old_end, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0, "[heap]") < 0)
            return s->brk;
    }
    s->brk = wanted;
    return wanted;
}

uint64_t space_brk(struct space *s, uint64_t wanted)
{
    space_lock(s);
    uint64_t result = brk_locked(s, wanted);
    space_unlock(s);
    return result;
}
