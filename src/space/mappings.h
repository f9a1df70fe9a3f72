/* The table of guest mappings: sorted, without overlaps. Private to space/. Knows nothing of the
 * host: the callers make the host agree with it. */
#ifndef ISOMORPH_SPACE_MAPPINGS_H
#define ISOMORPH_SPACE_MAPPINGS_H

#include <pthread.h>

#include "space/space.h"

/* Two locks. `change` is held by whoever changes the space, from the first look to the last, host's
 * side included (space_lock). `table` is held for single steps: by such a thread while it writes to
 * the table, and by others while they look something up (space_check). Nothing else is taken under
 * it. So holders of `change` may read the table without `table`.
 *
 * `change` may be taken again by who has it. That is told by pthread_self(), and not by libc, whose
 * recursive mutexes know a thread by its id: the kernel clears that one when a host thread is
 * killed whose stack and libc record somebody else goes on with (linux/sharing.c). */
struct mappings {
    pthread_mutex_t change, table;
    pthread_t changer; /* has `change`, depth times; 0: nobody */
    unsigned depth;
    VEC(struct mappings_chunk *) chunks; /* mappings.c */
    bool host_grows;      /* a mapping that the host extends downward was ever made */
    uint64_t next_shared; /* number for the next shared anonymous mapping, see map.c */
};

void mappings_init(struct mappings *m);
void mappings_free(struct mappings *m);
/* The first mapping whose end is above addr, or NULL. Valid until the next change. */
const struct mapping *mappings_find(const struct mappings *m, uint64_t addr);
/* True if some page of [start, end) is mapped, or if all are. */
bool mappings_overlap(const struct mappings *m, uint64_t start, uint64_t end);
bool mappings_cover(const struct mappings *m, uint64_t start, uint64_t end);
/* Finds the first hole of [*start, end): [*start, *hole_end). False if there is none. */
bool mappings_next_hole(const struct mappings *m, uint64_t *start, uint64_t end,
                        uint64_t *hole_end);
/* The highest place for len bytes that ends at or below high; below a stack it keeps a distance. 0
 * if there is none. */
uint64_t mappings_find_room(const struct mappings *m, uint64_t len, uint64_t align, uint64_t high);
/* Adds an item (its name is copied) to a place that is free, and joins it with its neighbours. */
void mappings_insert(struct mappings *m, const struct mapping *item);
/* Removes what lies in [start, end), cutting mappings that reach over the edges. */
void mappings_remove(struct mappings *m, uint64_t start, uint64_t end);
/* Sets the protection of what lies in [start, end), cutting and joining as needed. */
void mappings_set_prot(struct mappings *m, uint64_t start, uint64_t end, int prot);
/* The mapping at addr starts at `start` from now on, in the hole below it. */
void mappings_extend_down(struct mappings *m, uint64_t addr, uint64_t start);

/* ---- map.c, for remap.c --------------------------------------------------------------------- */

/* The protection that the host gets: the guest's code is data to the host, never executable. */
int space_host_prot(int prot);
/* Before a change: tells on_change about the executable parts of [start, end), whose pages cease to
 * be watched. Returns whether there are any, for space_notify_changed, which does the same with
 * on_changed when the change is done. */
bool space_notify_change(struct space *s, uint64_t start, uint64_t end);
void space_notify_changed(struct space *s, uint64_t start, uint64_t end, bool had_code);
/* Takes the holes of [start, end) from the host with inaccessible pages, so that MAP_FIXED over the
 * whole replaces guest pages only. Returns 0, or -ENOMEM (nothing taken) if the host uses a page of
 * them. release gives them back. */
int space_claim_holes(struct space *s, uint64_t start, uint64_t end);
void space_release_holes(struct space *s, uint64_t start, uint64_t end);
/* Brings the table up to date with mappings that the host has extended downward. */
void space_sync_growth(struct space *s);
/* A free place for len bytes as mmap without an address chooses it; try is how often the host has
 * refused so far, *below the state between tries (0 at first). Returns 0 if there is none. */
uint64_t space_choose(const struct space *s, uint64_t len, unsigned try, uint64_t *below);

/* ---- watch.c -------------------------------------------------------------------------------- */

void watch_init(struct space *s);
void watch_free(struct space *s);
/* The pages of [start, end) cease to be tracked: what was made from their code is about to be
 * dropped. On the host they get the protection that the table says. */
void watch_forget(struct space *s, uint64_t start, uint64_t end);
/* The watched pages of [start, end) are copied instead, because the kernel may write them, from now
 * on at any time. */
void watch_give(struct space *s, uint64_t start, uint64_t end);

/* Bounds of what a guest can map, see space.c. */
#define SPACE_MIN_ADDR ((uint64_t)65536)
#define SPACE_MAP_END  (SPACE_TOP - SPACE_PAGE_SIZE)

#endif
