/* The code cache against a model: an array of what must be there and where each exit must lead.
 *
 * Random insertions, links, unlinks, invalidations and flushes; a million steps, or as many as the
 * argument says. What the cache drops it tells the model, which knows when it may. Jumps are read
 * from the bytes, and the cache's own invariants are verified in between. */
#include "../random.h"
#include "code_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum {
    GUEST_BASE = 0x10000,
    GUEST_PAGES = 12,
    SLOTS = GUEST_PAGES * 4096 / 64, /* fragments' guest pcs, 64 bytes apart */
    CONTEXTS = 2,
    NAMES = SLOTS * CONTEXTS,
    MAX_EXITS = 4,
    MAX_REVERSE = 40,
    VERIFY_EVERY = 997,
};

static uint64_t n_steps = 1000000;

struct model_exit {
    uint32_t jump, stub;
    unsigned name; /* where it leads */
    bool linked;
};

struct model_fragment {
    const struct fragment *f; /* NULL: not there */
    uint32_t n_code, guest_bytes, n_exits, n_reverse;
    uint8_t fill;
    bool has_relocs;
    struct model_exit exits[MAX_EXITS];
};

struct model {
    struct model_fragment names[NAMES];
    size_t n, used, links;
    size_t taken; /* arena bytes since the cache was last empty */
    uint64_t dropped;
    size_t capacity, share;
    struct code_cache *cache;
};

static gva name_pc(unsigned name)
{
    return GVA(GUEST_BASE + name % SLOTS * 64);
}

static uint32_t name_context(unsigned name)
{
    return name / SLOTS;
}

static unsigned name_of(const struct fragment *f)
{
    return (unsigned)((f->pc.v - GUEST_BASE) / 64 + f->context * SLOTS);
}

static size_t taken_by(const struct model_fragment *m)
{
    return ALIGN_UP(m->n_code, FRAGMENT_ALIGN);
}

/* ---- the model's own steps ------------------------------------------------------------------- */

/* The cache's word that a fragment goes: links to and from it go too. */
static void model_drop(void *arg, const struct fragment *f)
{
    struct model *model = arg;
    unsigned name = name_of(f);
    struct model_fragment *m = &model->names[name];

    assert_ptr_equal(m->f, f);
    for (unsigned i = 0; i < m->n_exits; i++) {
        model->links -= m->exits[i].linked;
        m->exits[i].linked = false;
    }
    for (unsigned other = 0; other < NAMES; other++) {
        for (unsigned i = 0; i < MAX_EXITS; i++) {
            struct model_exit *exit = &model->names[other].exits[i];
            if (exit->linked && exit->name == name) {
                exit->linked = false;
                model->links--;
            }
        }
    }
    model->used -= taken_by(m);
    model->n--;
    model->dropped++;
    m->f = NULL;
    if (model->n == 0)
        model->taken = 0;
}

static void check_bytes(const struct model *model, const struct model_fragment *m)
{
    const uint8_t *bytes = code_cache_bytes(model->cache, m->f);
    uint32_t at = m->n_exits * 16 + (m->has_relocs ? 16 : 0);
    uint64_t address;
    int32_t distance;

    for (; at < m->n_code; at += 13)
        assert_int_equal(bytes[at], m->fill);
    for (uint32_t i = 0; i < m->n_reverse; i++)
        assert_int_equal(m->f->reverse[i], (uint8_t)(m->fill + i));
    if (!m->has_relocs)
        return;
    memcpy(&address, bytes + m->n_exits * 16, sizeof(address));
    memcpy(&distance, bytes + m->n_exits * 16 + 8, sizeof(distance));
    assert_int_equal(address, code_cache_target(model->cache, CODE_HELPER_UOP).v);
    assert_int_equal(m->f->code.v + m->n_exits * 16 + 12 + (uint64_t)(int64_t)distance,
                     code_cache_target(model->cache, CODE_EXIT_POLL).v);
}

static void check_name(const struct model *model, unsigned name)
{
    const struct model_fragment *m = &model->names[name];
    struct fragment *f = code_cache_find(model->cache, name_pc(name), name_context(name));
    unsigned exit;

    assert_ptr_equal(f, m->f);
    if (!f)
        return;
    assert_int_equal(f->n_code, m->n_code);
    assert_int_equal(f->guest_bytes, m->guest_bytes);
    assert_ptr_equal(code_cache_find_host(model->cache, f->code), f);
    assert_ptr_equal(code_cache_find_host(model->cache, HPC(f->code.v + f->n_code - 1)), f);
    assert_ptr_not_equal(code_cache_find_host(model->cache, HPC(f->code.v + f->n_code)), f);
    for (unsigned i = 0; i < m->n_exits; i++) {
        const struct model_exit *e = &m->exits[i];
        const struct fragment *to = e->linked ? model->names[e->name].f : NULL;
        uint64_t stub = f->code.v + e->stub;
        assert_ptr_equal(fragment_exit_goal(f, i), to);
        assert_int_equal(exit_goal(model->cache, f, i), to ? to->code.v : stub);
        assert_ptr_equal(code_cache_find_exit(model->cache, HPC(stub), &exit), f);
        assert_int_equal(exit, i);
    }
    check_bytes(model, m);
}

static void check_all(const struct model *model)
{
    struct code_cache_stats stats;
    const char *wrong = code_cache_verify(model->cache);

    if (wrong)
        fail_msg("%s", wrong);
    for (unsigned name = 0; name < NAMES; name++)
        check_name(model, name);
    code_cache_get_stats(model->cache, &stats);
    assert_int_equal(stats.fragments, model->n);
    assert_int_equal(stats.used, model->used);
    assert_int_equal(stats.links, model->links);
    assert_int_equal(stats.evicted, model->dropped);
    assert_int_equal(stats.inserted - stats.evicted, stats.fragments);
    assert_int_equal(stats.linked - stats.unlinked, stats.links);
}

/* ---- steps, on the cache and on the model ---------------------------------------------------- */

/* Code: a slot of 16 bytes for each exit (its jump somewhere in it, its stub the last byte), one
 * for the relocations, filling. */
static void make_fragment(struct model_fragment *m, unsigned own_name, struct rng *r, size_t share)
{
    uint32_t head;
    size_t most = rng_below(r, 20) == 0 ? share : 600;

    *m = (struct model_fragment){
        .guest_bytes = 2 + 2 * rng_below(r, 128),
        .n_exits = rng_below(r, MAX_EXITS + 1),
        .n_reverse = rng_below(r, MAX_REVERSE + 1),
        .fill = (uint8_t)rng_below(r, 256),
        .has_relocs = rng_below(r, 3) == 0,
    };
    head = m->n_exits * 16 + 16;
    m->n_code = head + 1 + rng_below(r, most - head);
    for (unsigned i = 0; i < m->n_exits; i++) {
        m->exits[i].jump = 16 * i + rng_below(r, 5);
        m->exits[i].stub = 16 * i + 15;
        m->exits[i].name = rng_below(r, 8) ? rng_below(r, NAMES) : own_name;
    }
}

static struct fragment *insert_fragment(struct model *model, unsigned name,
                                        const struct model_fragment *m)
{
    static uint8_t code[CODE_CACHE_MIN_SIZE];
    uint8_t reverse[MAX_REVERSE];
    struct fragment_exit exits[MAX_EXITS];
    const struct host_reloc relocs[2] = {
        {m->n_exits * 16, HOST_RELOC_ABS64, 0, CODE_HELPER_UOP},
        {m->n_exits * 16 + 8, HOST_RELOC_REL32, 0, CODE_EXIT_POLL},
    };

    memset(code, m->fill, m->n_code);
    for (unsigned i = 0; i < m->n_reverse; i++)
        reverse[i] = (uint8_t)(m->fill + i);
    for (unsigned i = 0; i < m->n_exits; i++)
        exits[i] =
            (struct fragment_exit){m->exits[i].jump, m->exits[i].stub, name_pc(m->exits[i].name),
                                   name_context(m->exits[i].name)};
    const struct fragment_image image = {.pc = name_pc(name),
                                         .context = name_context(name),
                                         .guest_bytes = m->guest_bytes,
                                         .n_insns = 1,
                                         .code = code,
                                         .n_code = m->n_code,
                                         .exits = exits,
                                         .n_exits = m->n_exits,
                                         .relocs = relocs,
                                         .n_relocs = m->has_relocs ? 2 : 0,
                                         .reverse = reverse,
                                         .n_reverse = m->n_reverse};
    return code_cache_insert(model->cache, &image);
}

static void step_insert(struct model *model, struct rng *r)
{
    unsigned name = rng_below(r, NAMES);
    struct model_fragment m;
    size_t n = model->n;
    uint64_t dropped = model->dropped;

    if (model->names[name].f)
        return;
    make_fragment(&m, name, r, model->share);
    bool fits = model->taken + taken_by(&m) <= model->capacity;
    m.f = insert_fragment(model, name, &m);
    assert_non_null(m.f);
    assert_int_equal(m.f->code.v % FRAGMENT_ALIGN, 0);
    /* The policy flush: everything goes if there is no room, else nothing. */
    assert_int_equal(model->dropped - dropped, fits ? 0 : n);
    model->names[name] = m;
    model->n++;
    model->used += taken_by(&m);
    model->taken += taken_by(&m);
}

/* A fragment that is there, if the first few names tried have one. */
static struct model_fragment *random_fragment(struct model *model, struct rng *r)
{
    for (int tries = 0; tries < 16; tries++) {
        struct model_fragment *m = &model->names[rng_below(r, NAMES)];
        if (m->f && m->n_exits > 0)
            return m;
    }
    return NULL;
}

/* Links an exit to what it leads to, if that is there; or takes a link back. */
static void step_link(struct model *model, struct rng *r)
{
    struct model_fragment *m = random_fragment(model, r);

    if (!m)
        return;
    unsigned i = rng_below(r, m->n_exits);
    struct model_exit *exit = &m->exits[i];
    if (exit->linked) {
        code_cache_unlink(model->cache, (struct fragment *)m->f, i);
        exit->linked = false;
        model->links--;
        return;
    }
    const struct model_fragment *to = &model->names[exit->name];
    if (!to->f)
        return;
    code_cache_link(model->cache, (struct fragment *)m->f, i, (struct fragment *)to->f);
    exit->linked = true;
    model->links++;
}

static void step_invalidate(struct model *model, struct rng *r)
{
    uint64_t start = GUEST_BASE - 4096 + rng_below(r, (GUEST_PAGES + 2) * 4096);
    /* Mostly a few bytes, sometimes far more than there is. */
    uint64_t end = start + (rng_below(r, 50) == 0 ? (uint64_t)1 << 36 : rng_below(r, 600));
    size_t expected = 0, n = model->n;

    for (unsigned name = 0; name < NAMES; name++) {
        const struct model_fragment *m = &model->names[name];
        uint64_t pc = name_pc(name).v;
        expected += m->f && start < end && pc < end && start < pc + m->guest_bytes;
    }
    assert_int_equal(code_cache_invalidate(model->cache, GVA(start), GVA(end)), expected);
    assert_int_equal(model->n, n - expected);
    assert_false(start < end && code_cache_find(model->cache, GVA(start), 0));
}

/* The fragment at a random place of the arena, by looking at all of them. */
static void step_find_host(struct model *model, struct rng *r)
{
    uint64_t base = code_cache_target(model->cache, 0).v;
    hpc at = HPC(base + rng_below(r, model->capacity + 4096));
    const struct fragment *found = NULL;

    for (unsigned name = 0; name < NAMES; name++) {
        const struct fragment *f = model->names[name].f;
        if (f && at.v - f->code.v < f->n_code)
            found = f;
    }
    assert_ptr_equal(code_cache_find_host(model->cache, at), found);
}

static void run_steps(size_t size, bool split, uint64_t steps, uint64_t seed)
{
    static struct model model;
    struct rng r = {seed};
    struct code_cache_stats stats;

    memset(&model, 0, sizeof(model));
    /* Optimised builds have too many steps for the cache's own check after each change. */
    model.cache = make_cache(size, split, BASE_CAREFUL, model_drop, &model);
    code_cache_get_stats(model.cache, &stats);
    model.capacity = stats.capacity;
    model.share = size / CODE_CACHE_SHARE;
    print_message("# size %zu, seed %#lx, %lu steps\n", size, (unsigned long)seed,
                  (unsigned long)steps);
    for (uint64_t step = 0; step < steps; step++) {
        unsigned kind = rng_below(&r, 1000);
        if (kind < 350)
            step_insert(&model, &r);
        else if (kind < 900)
            step_link(&model, &r);
        else if (kind < 930)
            step_invalidate(&model, &r);
        else if (kind < 999)
            step_find_host(&model, &r);
        else
            code_cache_flush(model.cache);
        if (step % VERIFY_EVERY == 0)
            check_all(&model);
    }
    check_all(&model);
    code_cache_get_stats(model.cache, &stats);
    assert_true(stats.flushes > 0 && stats.retranslated > 0 && stats.unlinked > 0);
    code_cache_flush(model.cache);
    assert_int_equal(model.n, 0);
    check_all(&model);
    code_cache_destroy(model.cache);
}

/* Most of the steps here: it fills up every few hundred. */
static void a_tiny_cache_agrees_with_the_model(void **state)
{
    run_steps(CODE_CACHE_MIN_SIZE, false, n_steps / 2, 0x123456789abcdef);
}

static void a_middling_cache_agrees_with_the_model(void **state)
{
    run_steps(256 << 10, false, n_steps / 4, 0xfedcba987654321);
}

static void a_split_cache_agrees_with_the_model(void **state)
{
    run_steps(100 << 10, true, n_steps / 4, 0x5eed5eed5eed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tiny_cache_agrees_with_the_model),
        cmocka_unit_test(a_middling_cache_agrees_with_the_model),
        cmocka_unit_test(a_split_cache_agrees_with_the_model),
    };

    if (argc > 1)
        n_steps = strtoull(argv[1], NULL, 0);
    return cmocka_run_group_tests_name("cache/code_model", tests, NULL, NULL);
}
