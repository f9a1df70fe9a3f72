/* The cache of decoded blocks against a model: an array of what must be found. A million random
 * steps, with the cache's own invariants verified in between, over few pages so that blocks meet,
 * and with capacities that fill up. */
#include "../random.h"
#include "cache/cache.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum {
    GUEST_BASE = 0x10000,
    GUEST_PAGES = 24,
    SLOTS = GUEST_PAGES * 4096 / 64, /* block starts, 64 bytes apart */
    CONTEXTS = 2,
    STEPS = 1000000,
    VERIFY_EVERY = 2003,
};

struct model_block {
    bool present;
    uint32_t guest_bytes, n_bytes;
    unsigned char fill;
    const struct decoded_block *kept;
};

struct model {
    struct model_block blocks[CONTEXTS][SLOTS];
    size_t n;
};

static gva slot_pc(unsigned slot)
{
    return GVA(GUEST_BASE + slot * 64);
}

/* ---- steps, on the cache and on the model ---------------------------------------------------- */

static void step_insert(struct block_cache *c, struct model *model, struct rng *r)
{
    union {
        struct decoded_block block;
        unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
    } fresh;
    unsigned slot = rng_below(r, SLOTS);
    uint32_t context = rng_below(r, CONTEXTS);
    struct model_block *m = &model->blocks[context][slot];

    if (m->present)
        return;
    *m = (struct model_block){
        .present = true,
        .guest_bytes = 2 + 2 * rng_below(r, 128),
        .n_bytes = rng_below(r, BLOCK_MAX_BYTES + 1),
        .fill = (unsigned char)rng_below(r, 256),
    };
    fresh.block = (struct decoded_block){.pc = slot_pc(slot),
                                         .context = context,
                                         .guest_bytes = m->guest_bytes,
                                         .n_bytes = m->n_bytes};
    memset(fresh.block.code, m->fill, m->n_bytes);
    if (!block_cache_fits(c, &fresh.block)) {
        struct model_block newest = *m;
        assert_int_equal(block_cache_flush(c), model->n);
        memset(model, 0, sizeof(*model));
        *m = newest;
    }
    m->kept = block_cache_insert(c, &fresh.block);
    assert_ptr_not_equal(m->kept, &fresh.block);
    model->n++;
}

static void step_find(struct block_cache *c, struct model *model, struct rng *r)
{
    unsigned slot = rng_below(r, SLOTS);
    uint32_t context = rng_below(r, CONTEXTS);
    const struct model_block *m = &model->blocks[context][slot];
    const struct decoded_block *found = block_cache_find(c, slot_pc(slot), context);

    if (!m->present) {
        assert_null(found);
        return;
    }
    assert_ptr_equal(found, m->kept);
    assert_int_equal((uintptr_t)found->code % 4, 0);
    assert_int_equal(found->pc.v, slot_pc(slot).v);
    assert_int_equal(found->context, context);
    assert_int_equal(found->guest_bytes, m->guest_bytes);
    assert_int_equal(found->n_bytes, m->n_bytes);
    for (uint32_t i = 0; i < m->n_bytes; i += 97)
        assert_int_equal(found->code[i], m->fill);
}

static size_t n_told;

/* The model has forgotten it already. */
static void on_dropped(void *arg, const struct decoded_block *block)
{
    const struct model *model = arg;

    for (unsigned slot = 0; slot < SLOTS; slot++)
        assert_false(slot_pc(slot).v == block->pc.v && model->blocks[block->context][slot].present);
    n_told++;
}

static void step_invalidate(struct block_cache *c, struct model *model, struct rng *r)
{
    uint64_t start = GUEST_BASE - 4096 + rng_below(r, (GUEST_PAGES + 2) * 4096);
    /* Mostly a few bytes or pages, sometimes far more than there is. */
    uint64_t len = rng_below(r, 50) == 0 ? (uint64_t)1 << 36 : rng_below(r, 3 * 4096);
    size_t dropped = 0;

    for (unsigned i = 0; i < CONTEXTS * SLOTS; i++) {
        struct model_block *m = &model->blocks[i / SLOTS][i % SLOTS];
        uint64_t pc = slot_pc(i % SLOTS).v;
        if (m->present && pc < start + len && start < pc + m->guest_bytes) {
            m->present = false;
            dropped++;
        }
    }
    model->n -= dropped;
    n_told = 0;
    assert_int_equal(block_cache_has(c, GVA(start), GVA(start + len)), dropped > 0);
    assert_int_equal(block_cache_invalidate(c, GVA(start), GVA(start + len)), dropped);
    assert_int_equal(n_told, dropped);
}

static void run_steps(size_t capacity, uint64_t seed)
{
    static struct model model;
    struct block_cache *c = block_cache_create(capacity, on_dropped, &model);
    struct rng r = {seed};

    memset(&model, 0, sizeof(model));
    print_message("# capacity %zu, seed %#lx\n", capacity, (unsigned long)seed);
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t kind = rng_below(&r, 2000);
        if (kind == 0) {
            assert_int_equal(block_cache_flush(c), model.n);
            memset(&model, 0, sizeof(model));
        } else if (kind < 20) {
            step_invalidate(c, &model, &r);
        } else if (kind < 700) {
            step_insert(c, &model, &r);
        } else {
            step_find(c, &model, &r);
        }
        assert_int_equal(block_cache_count(c), model.n);
        if (step % VERIFY_EVERY == 0) {
            const char *wrong = block_cache_verify(c);
            if (wrong)
                fail_msg("step %u: %s", step, wrong);
        }
    }
    assert_null(block_cache_verify(c));
    block_cache_destroy(c);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void a_large_cache_agrees_with_the_model(void **state)
{
    run_steps(16 << 20, 0x123456789abcdefu);
}

static void a_tiny_cache_agrees_with_the_model(void **state)
{
    run_steps(BLOCK_CACHE_MIN_CAPACITY, 0xfedcba987654321u);
}

static struct decoded_block *small_block(uint64_t pc, uint32_t guest_bytes)
{
    static struct decoded_block block;

    block = (struct decoded_block){.pc = GVA(pc), .n_insns = 1, .guest_bytes = guest_bytes};
    return &block;
}

static void a_block_over_a_page_border_stands_on_both_pages(void **state)
{
    struct block_cache *c = block_cache_create(1 << 20, NULL, NULL);

    for (unsigned page = 1; page <= 2; page++) {
        block_cache_insert(c, small_block(0x1ffe, 4));
        assert_int_equal(block_cache_invalidate(c, GVA(page * 0x1000), GVA((page + 1) * 0x1000)),
                         1);
        assert_null(block_cache_find(c, GVA(0x1ffe), 0));
        assert_null(block_cache_verify(c));
    }
    block_cache_destroy(c);
}

static void invalidation_stops_at_the_byte(void **state)
{
    struct block_cache *c = block_cache_create(1 << 20, NULL, NULL);

    block_cache_insert(c, small_block(0x1100, 8));
    assert_int_equal(block_cache_invalidate(c, GVA(0x1000), GVA(0x1100)), 0);
    assert_int_equal(block_cache_invalidate(c, GVA(0x1108), GVA(0x2000)), 0);
    assert_int_equal(block_cache_invalidate(c, GVA(0x1104), GVA(0x1104)), 0);
    assert_int_equal(block_cache_invalidate(c, GVA(0x1107), GVA(0x1108)), 1);
    block_cache_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_cache_agrees_with_the_model),
        cmocka_unit_test(a_tiny_cache_agrees_with_the_model),
        cmocka_unit_test(a_block_over_a_page_border_stands_on_both_pages),
        cmocka_unit_test(invalidation_stops_at_the_byte),
    };

    return cmocka_run_group_tests_name("cache/blocks", tests, NULL, NULL);
}
