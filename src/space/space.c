/* A space's life, its look-ups, and where things are placed.
 *
 * The layout follows riscv64 Linux with three-level tables (Sv39) and no randomisation:
 *
 *   0x40_0000_0000  SPACE_TOP; the page below it is never mapped
 *   0x3f_ffff_f000  SPACE_MAP_END: top of the stack
 *   0x3f_f7ef_f000  mmap_top: 128 MiB for the stack and 1 MiB of guard below; mmap goes downward
 *   0x2a_aaaa_a000  position-independent programs: two thirds (linux/)
 *   0x00_0001_0000  SPACE_MIN_ADDR: nothing below, vm.mmap_min_addr of the distributions' kernels
 *
 * A process has one space; mappings.h says how its threads share it. */
#include "space/mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STACK_GAP ((uint64_t)129 << 20)
#define HOST_TOP  (((uint64_t)1 << 47) - SPACE_PAGE_SIZE)

/* ---- which host addresses ------------------------------------------------------------------- */

/* Are the host's addresses [start, end) free? Asks for them and gives them back at once. A limit of
 * the address space (ENOMEM) is looked at after the addresses, so it means that they are free. */
static bool host_range_free(uint64_t start, uint64_t end)
{
    void *got = mmap((void *)start, end - start, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED)
        return errno == ENOMEM;
    munmap(got, end - start);
    return got == (void *)start;
}

static bool base_is_free(uint64_t base)
{
    return host_range_free(base + SPACE_MIN_ADDR, base + SPACE_TOP);
}

/* The lowest free hole of the space's size, on a grid of 1 TiB from 32 TiB: above what sanitizers
 * use, far below where the kernel puts the runtime. 0 if there is none. Nothing is reserved: the
 * kernel chooses the runtime's addresses from the top and does not come down here. */
static uint64_t choose_base(void)
{
    for (uint64_t base = (uint64_t)32 << 40; base < HOST_TOP - SPACE_TOP; base += (uint64_t)1 << 40)
        if (base_is_free(base))
            return base;
    return 0;
}

static const char *choose_kind(struct space *s, enum space_kind kind, uint64_t base)
{
    bool can_be_identity = kind != SPACE_OFFSET && base == 0;
    if (can_be_identity && (kind == SPACE_IDENTITY || base_is_free(0))) {
        s->kind = SPACE_IDENTITY;
        return host_range_free(SPACE_MIN_ADDR, SPACE_MIN_ADDR + SPACE_PAGE_SIZE) ||
                       kind == SPACE_AUTO
                   ? NULL
                   : "the host does not allow pages at 0x10000 (vm.mmap_min_addr); try "
                     "--memory=offset";
    }
    if (kind == SPACE_IDENTITY)
        return "an identity mapping has base 0";
    s->kind = SPACE_OFFSET;
    s->base = base ? base : choose_base();
    if (base % SPACE_PAGE_SIZE)
        return "the base is not a multiple of 4096";
    if (base > HOST_TOP - SPACE_TOP)
        return "the base leaves no room for 256 GiB below the end of the host's addresses";
    if (s->base == 0)
        return "the host has no free range of 256 GiB";
    return base && !base_is_free(base) ? "the host uses addresses in the 256 GiB from the base"
                                       : NULL;
}

struct space *space_create(enum space_kind kind, uint64_t base, const char **why)
{
    struct space *s = base_zalloc(sizeof(*s));
    const char *reason = choose_kind(s, kind, base);
    if (reason) {
        free(s);
        if (why)
            *why = reason;
        errno = EINVAL;
        return NULL;
    }
    s->maps = base_zalloc(sizeof(*s->maps));
    mappings_init(s->maps);
    watch_init(s);
    s->mmap_top = SPACE_MAP_END - STACK_GAP;
    s->brk_max = SPACE_MAP_END;
    return s;
}

void space_destroy(struct space *s)
{
    space_sync_growth(s);
    watch_free(s);
    const struct mapping *m;
    for (uint64_t at = 0; (m = mappings_find(s->maps, at)) != NULL; at = m->end)
        munmap((void *)(s->base + m->start), m->end - m->start);
    mappings_free(s->maps);
    free(s->maps);
    free(s);
}

void space_lock(struct space *s)
{
    struct mappings *maps = s->maps;
    pthread_t self = pthread_self();

    /* Nobody else writes this value. */
    if (__atomic_load_n(&maps->changer, __ATOMIC_RELAXED) != self) {
        pthread_mutex_lock(&maps->change);
        __atomic_store_n(&maps->changer, self, __ATOMIC_RELAXED);
    }
    maps->depth++;
}

void space_unlock(struct space *s)
{
    struct mappings *maps = s->maps;

    if (--maps->depth > 0)
        return;
    __atomic_store_n(&maps->changer, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&maps->change);
}

/* ---- look-ups ------------------------------------------------------------------------------- */

const struct mapping *space_find(const struct space *s, gva addr)
{
    return mappings_find(s->maps, addr.v);
}

enum fault_reason space_check(const struct space *s, gva addr, int prot)
{
    pthread_mutex_lock(&s->maps->table);
    const struct mapping *m = space_find(s, addr);
    bool mapped = m && m->start <= addr.v;
    int allowed = mapped ? m->prot : 0;
    pthread_mutex_unlock(&s->maps->table);
    if (!mapped)
        return FAULT_MAPERR;
    /* What can be written can be read: the RISC-V manual, volume II, reserves the encoding without,
     * and the kernel's protection_map gives both. */
    if (allowed & PROT_WRITE)
        allowed |= PROT_READ;
    return prot & ~allowed ? FAULT_ACCERR : FAULT_NONE;
}

uint64_t space_find_free(const struct space *s, uint64_t len, uint64_t align, uint64_t below)
{
    return mappings_find_room(s->maps, len, align, below ? MIN(below, SPACE_MAP_END) : s->mmap_top);
}
