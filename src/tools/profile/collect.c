/* tools/profile/collect.c: fragments and samples, while the guest runs.
 *
 * A sample is taken in a signal handler, at any place. It looks nothing up: it notes host and guest
 * addresses and the profile's clock, which goes on whenever a fragment comes or goes. Fragments are
 * written down as they are made and kept; which one lived at an address at that time is found out
 * at the end (collect_find). No fragment that a thread is in is ever dropped, so a sample's clock
 * lies within its life.
 *
 * Not handled: more samples than there is room for, which are counted as lost. */
#include "tools/profile/collect.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ir/ir.h"

enum { ROOM_WORDS = 4 << 20 }; /* touched as they are used: an hour of one busy thread */

struct profile profile = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- fragments ------------------------------------------------------------------------------- */

static uint64_t tick(void)
{
    return __atomic_add_fetch(&profile.clock, 1, __ATOMIC_SEQ_CST);
}

static void note_register(struct profile_fragment *k, unsigned reg, bool write)
{
    size_t i = 0;

    while (i < k->uses.len && k->uses.data[i].reg != reg)
        i++;
    if (i == k->uses.len)
        vec_push(&k->uses, ((struct register_use){.reg = (uint16_t)reg}));
    k->uses.data[i].reads += !write;
    k->uses.data[i].writes += write;
}

static void note_registers(struct profile_fragment *k, const struct ir_block *lifted)
{
    for (size_t i = 0; i < lifted->uops.len; i++) {
        const struct ir_uop *u = &lifted->uops.data[i];
        if (u->op == UOP_get || u->op == UOP_put)
            note_register(k, u->reg, u->op == UOP_put);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void on_made(struct thread *t, const struct fragment *f, const uint8_t *bytes,
                    const struct translate_lines *lines, const struct ir_block *lifted)
{
    if (!profile.on)
        return;
    struct profile_fragment *k = base_zalloc(sizeof(*k));
    k->pc = f->pc;
    k->code = f->code;
    k->n_code = f->n_code;
    k->n_insns = f->n_insns;
    k->guest_bytes = f->guest_bytes;
    k->died = ~(uint64_t)0;
    k->made_ns = now_ns();
    k->made_by = (int)syscall(SYS_gettid);
    k->bytes = base_alloc(f->n_code);
    memcpy(k->bytes, bytes, f->n_code);
    for (size_t i = 0; i < lines->v.len; i++)
        vec_push(&k->lines, lines->v.data[i]);
    if (profile.options->registers)
        note_registers(k, lifted);
    pthread_mutex_lock(&profile.lock);
    k->born = tick();
    vec_push(&profile.fragments, k);
    hash_map_put(&profile.live, f->code.v, k);
    pthread_mutex_unlock(&profile.lock);
}

static void on_dropped(const struct fragment *f)
{
    if (!profile.on)
        return;
    pthread_mutex_lock(&profile.lock);
    struct profile_fragment *k = hash_map_remove(&profile.live, f->code.v);
    if (k)
        k->died = tick();
    pthread_mutex_unlock(&profile.lock);
}

static void on_executed(const struct fragment *f, uint64_t n)
{
    if (!profile.on)
        return;
    pthread_mutex_lock(&profile.lock);
    struct profile_fragment *k = hash_map_get(&profile.live, f->code.v);
    if (k) {
        k->executed++;
        k->executed_insns += n;
    }
    pthread_mutex_unlock(&profile.lock);
}

static bool lived(const struct profile_fragment *k, uint64_t host, uint64_t clock)
{
    return k->born <= clock && clock < k->died && host - k->code.v < k->n_code;
}

/* An address is used again when the cache wraps. Samples come in few places: what was found for an
 * address is tried first. */
struct profile_fragment *collect_find(uint64_t host, uint64_t clock)
{
    static struct hash_map found;
    struct profile_fragment *last = hash_map_get(&found, host);

    if (last && lived(last, host, clock))
        return last;
    for (size_t i = profile.fragments.len; i-- > 0;) {
        struct profile_fragment *k = profile.fragments.data[i];
        if (!lived(k, host, clock))
            continue;
        hash_map_put(&found, host, k);
        return k;
    }
    return NULL;
}

/* ---- samples --------------------------------------------------------------------------------- */

int collect_init(void)
{
    void *room = mmap(NULL, (size_t)ROOM_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (room == MAP_FAILED)
        return -errno;
    profile.words = room;
    return 0;
}

static void on_sample(struct thread *t, const struct vm_sample *s)
{
    uint64_t frames[STACK_DEPTH];
    bool chained = false;

    if (!profile.on)
        return;
    unsigned n = s->exact ? stacks_walk(t, frames, &chained) : 0;
    size_t words = sizeof(struct raw_sample) / sizeof(uint64_t) + n;
    size_t at = __atomic_fetch_add(&profile.n_words, words, __ATOMIC_RELAXED);
    if (at + words > ROOM_WORDS) {
        __atomic_add_fetch(&profile.lost, s->weight, __ATOMIC_RELAXED);
        return;
    }
    struct raw_sample *out = (struct raw_sample *)(profile.words + at);
    __atomic_store_n(&out->words, (uint32_t)words, __ATOMIC_RELEASE);
    out->doing = (uint8_t)s->doing;
    out->n_frames = (uint8_t)n;
    out->chained = chained;
    out->weight = s->weight;
    out->host = s->host.v;
    out->pc = s->pc.v;
    out->clock = __atomic_load_n(&profile.clock, __ATOMIC_SEQ_CST);
    memcpy(out->frames, frames, n * sizeof(frames[0]));
    __atomic_store_n(&out->done, true, __ATOMIC_RELEASE);
}

const struct raw_sample *collect_next(size_t *pos)
{
    while (*pos < MIN(profile.n_words, (size_t)ROOM_WORDS)) {
        const struct raw_sample *s = (const struct raw_sample *)(profile.words + *pos);
        uint32_t words = __atomic_load_n(&s->words, __ATOMIC_ACQUIRE);
        if (words == 0)
            break; /* the last one, which found no room, or one that is just being begun */
        *pos += words;
        if (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE))
            return s;
    }
    return NULL;
}

static void on_forked(void)
{
    profile.on = false;
}

const struct vm_observer profile_observer = {
    .made = on_made, .dropped = on_dropped, .sample = on_sample, .forked = on_forked};
const struct vm_observer profile_observer_counting = {
    .made = on_made, .dropped = on_dropped, .executed = on_executed, .forked = on_forked};
const struct vm_observer profile_observer_code = {
    .made = on_made, .dropped = on_dropped, .forked = on_forked};
