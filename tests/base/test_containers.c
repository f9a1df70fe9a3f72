/* base's containers: arena, growing arrays, strings, and the hash map against an array that is
 * searched. */
#include "../random.h"
#include "base/base.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void arena_keeps_objects_apart_and_aligned(void **state)
{
    struct arena a = {0};
    unsigned char *objects[2000];
    size_t sizes[2000];

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 2000; i++) {
            size_t align = (size_t)1 << (i % 8);
            sizes[i] = i * 7 % 500;
            objects[i] = arena_alloc(&a, sizes[i], align);
            assert_int_equal((uintptr_t)objects[i] % align, 0);
            memset(objects[i], (int)(i & 255), sizes[i]);
        }
        for (unsigned i = 0; i < 2000; i++) {
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(objects[i][at], i & 255);
        }
        arena_reset(&a);
    }
    arena_free(&a);
    assert_null(a.chunks);
}

static void arena_serves_objects_larger_than_a_chunk(void **state)
{
    struct arena a = {0};
    unsigned char *small = arena_alloc(&a, 1, 1);
    unsigned char *large = arena_alloc(&a, 1 << 20, 4096);

    assert_int_equal((uintptr_t)large % 4096, 0);
    *small = 1;
    memset(large, 2, 1 << 20);
    assert_int_equal(*small, 1);
    arena_free(&a);
}

static void vec_grows_and_keeps_its_items(void **state)
{
    VEC(uint32_t) v = {0};

    for (uint32_t i = 0; i < 10000; i++)
        vec_push(&v, i * i);
    assert_int_equal(v.len, 10000);
    assert_true(v.cap >= v.len);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(v.data[i], i * i);
    vec_free(&v);
    assert_null(v.data);
    assert_int_equal(v.cap, 0);
}

static void strbuf_appends_texts_of_any_length(void **state)
{
    struct strbuf b = {0};
    char line[300];

    memset(line, 'x', sizeof(line));
    line[299] = '\0';
    for (int i = 0; i < 50; i++)
        strbuf_printf(&b, "%d %s\n", i, line);
    assert_int_equal(b.len, 10 * (1 + 301) + 40 * (2 + 301));
    assert_int_equal(strlen(b.data), b.len);
    strbuf_printf(&b, "%s", "");
    assert_int_equal(strlen(b.data), b.len);
    strbuf_free(&b);

    char *text = base_printf("%s-%d", "a", 7);
    assert_string_equal(text, "a-7");
    free(text);
}

/* ---- hash map -------------------------------------------------------------------------------- */

enum { KEYS = 512, STEPS = 200000 };

/* Keys that differ in high or low bits only, as addresses do. */
static uint64_t key_at(unsigned i)
{
    return i % 2 ? (uint64_t)i << 40 : (uint64_t)i * 4096;
}

static void check_against_model(const struct hash_map *m, void *const *model)
{
    size_t pos = 0, seen = 0, expected = 0;
    uint64_t key;
    void *value;

    for (unsigned i = 0; i < KEYS; i++) {
        assert_ptr_equal(hash_map_get(m, key_at(i)), model[i]);
        expected += model[i] != NULL;
    }
    while (hash_map_next(m, &pos, &key, &value)) {
        assert_ptr_equal(hash_map_get(m, key), value);
        seen++;
    }
    assert_int_equal(seen, expected);
    assert_int_equal(m->len, expected);
}

static void hash_map_agrees_with_an_array(void **state)
{
    static char values[16];
    struct hash_map m = {0};
    void *model[KEYS] = {0};
    struct rng r = {88172645463325252u};

    assert_null(hash_map_get(&m, 1));
    assert_null(hash_map_remove(&m, 1));
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = rng_below(&r, KEYS);
        if (rng_below(&r, 2)) {
            model[i] = &values[rng_below(&r, 16)];
            hash_map_put(&m, key_at(i), model[i]);
        } else {
            assert_ptr_equal(hash_map_remove(&m, key_at(i)), model[i]);
            model[i] = NULL;
        }
        if (step % 1000 == 0)
            check_against_model(&m, model);
    }
    check_against_model(&m, model);
    /* Marks of removed keys do not make the table grow without end. */
    assert_true(m.cap <= 4 * KEYS);

    hash_map_clear(&m);
    memset(model, 0, sizeof(model));
    check_against_model(&m, model);
    hash_map_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_keeps_objects_apart_and_aligned),
        cmocka_unit_test(arena_serves_objects_larger_than_a_chunk),
        cmocka_unit_test(vec_grows_and_keeps_its_items),
        cmocka_unit_test(strbuf_appends_texts_of_any_length),
        cmocka_unit_test(hash_map_agrees_with_an_array),
    };

    return cmocka_run_group_tests_name("base/containers", tests, NULL, NULL);
}
