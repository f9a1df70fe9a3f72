/* The reverse translation table: what was put in comes out, exactly there, in about two bytes a
 * point that has no recipes; whatever a table's bytes are, nothing is read past them. */
#include "../random.h"
#include "code/code.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct point {
    uint32_t host, guest;
};

static struct rng rng;

static void write_points(struct reverse_writer *w, const struct point *points, size_t n)
{
    reverse_begin(w);
    for (size_t i = 0; i < n; i++)
        reverse_add(w, points[i].host, points[i].guest);
}

/* Every point is found, no offset between two points is, and the walk gives them in order. */
static void check_points(const struct point *points, size_t n, uint32_t end)
{
    static struct reverse_writer w;
    struct reverse_cursor c = {0};
    size_t next = 0;

    write_points(&w, points, n);
    for (uint32_t host = 0; host <= end; host++) {
        bool point = next < n && points[next].host == host;
        struct reverse_cursor at = {0};
        assert_int_equal(reverse_find(w.bytes.data, (uint32_t)w.bytes.len, host, &at), point);
        if (point)
            assert_int_equal(at.guest, points[next++].guest);
        else /* the point before */
            assert_int_equal(at.host, next ? points[next - 1].host : 0);
    }
    assert_int_equal(next, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
        assert_int_equal(c.host, points[i].host);
        assert_int_equal(c.guest, points[i].guest);
    }
    assert_false(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
}

static void an_empty_table_has_no_point(void **state)
{
    struct reverse_cursor c = {0};

    assert_false(reverse_find(NULL, 0, 0, &c));
    assert_false(reverse_next(NULL, 0, &c));
}

static void points_are_found_where_they_are_and_nowhere_else(void **state)
{
    static const struct point points[] = {{0, 0},     {3, 4},        {9, 4},    {10, 2},
                                          {137, 8},   {138, 72},     {300, 76}, {301, 300},
                                          {20000, 0}, {20001, 40000}};

    check_points(points, ARRAY_LEN(points), 20010);
    check_points(points + 1, 1, 20);
}

static void the_widest_numbers_come_back(void **state)
{
    static const struct point points[] = {{0, UINT32_MAX}, {1, 0}, {UINT32_MAX, 0x80000000u}};
    struct reverse_writer w = {0};

    write_points(&w, points, ARRAY_LEN(points));
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        struct reverse_cursor c = {0};
        assert_true(reverse_find(w.bytes.data, (uint32_t)w.bytes.len, points[i].host, &c));
        assert_int_equal(c.guest, points[i].guest);
    }
    reverse_free(&w);
}

static void random_tables_come_back(void **state)
{
    struct point points[64];

    rng.state = 1;
    for (int round = 0; round < 2000; round++) {
        uint32_t n = rng_below(&rng, ARRAY_LEN(points) + 1), host = rng_below(&rng, 5), guest = 0;
        for (uint32_t i = 0; i < n; i++) {
            points[i] = (struct point){host, guest};
            host += 1 + rng_below(&rng, round % 2 ? 12 : 300);
            guest += rng_below(&rng, 8) ? 2 * rng_below(&rng, 3)
                                        : (uint32_t) - (int32_t)(2 * rng_below(&rng, 200));
        }
        check_points(points, n, host);
    }
}

/* Code as a translator makes it: loads and stores 3 to 40 bytes apart, for guest instructions of 2
 * and 4 bytes. */
static void an_ordinary_point_takes_two_bytes(void **state)
{
    struct reverse_writer w = {0};
    uint32_t host = 0, guest = 0;

    reverse_begin(&w);
    for (unsigned i = 0; i < 64; i++) {
        reverse_add(&w, host, guest);
        host += 3 + i % 38;
        guest += i % 3 ? 4 : 2;
    }
    assert_int_equal(w.bytes.len, 128);
    reverse_free(&w);
}

/* Cut after each byte, in memory that ends there (for the address sanitizer): only whole points are
 * seen. */
static void a_table_cut_short_ends_there(void **state)
{
    static const struct point points[] = {{200, 400}, {201, 0}, {70000, 4}};
    struct reverse_writer w = {0};

    write_points(&w, points, ARRAY_LEN(points));
    for (uint32_t n = 0; n <= w.bytes.len; n++) {
        uint8_t *cut = base_alloc(n ? n : 1);
        struct reverse_cursor c = {0};
        size_t seen = 0;
        memcpy(cut, w.bytes.data, n);
        while (reverse_next(cut, n, &c)) {
            assert_int_equal(c.host, points[seen].host);
            assert_int_equal(c.guest, points[seen++].guest);
        }
        assert_true(seen <= ARRAY_LEN(points) && (seen == ARRAY_LEN(points)) == (n == w.bytes.len));
        free(cut);
    }
    reverse_free(&w);
}

/* ---- recipes --------------------------------------------------------------------------------- */

static bool is_at_home(struct recipe r)
{
    return r.kind == RECIPE_HOME || r.kind == RECIPE_NAN32 || r.kind == RECIPE_NAN64 ||
           r.kind == RECIPE_BOX;
}

static struct recipe random_recipe(void)
{
    struct recipe r = {.kind = (uint8_t)rng_below(&rng, RECIPE_KINDS)};

    if (r.kind == RECIPE_HOST)
        r.where = (uint8_t)rng_below(&rng, HOST_REGS);
    if (r.kind == RECIPE_SLOT)
        r.where = (uint8_t)rng_below(&rng, SPILL_SLOTS);
    if (!is_at_home(r) && rng_below(&rng, 2))
        r.plus =
            (int64_t)((uint64_t)rng_below(&rng, UINT32_MAX) << 32 | rng_below(&rng, UINT32_MAX)) >>
            rng_below(&rng, 64);
    return r;
}

static void assert_recipes(const struct recipe have[REVERSE_REGS],
                           const struct recipe want[REVERSE_REGS])
{
    for (unsigned i = 0; i < REVERSE_REGS; i++) {
        assert_int_equal(have[i].kind, want[i].kind);
        assert_int_equal(have[i].where, want[i].where);
        assert_true(have[i].plus == want[i].plus);
    }
}

/* What a model says of each point of a random fragment, and the table. */
struct model {
    unsigned n;
    struct point points[16];
    bool again[16];
    struct recipe recipes[16][REVERSE_REGS];
};

static void make_random_table(struct model *m, struct reverse_writer *w)
{
    static struct recipe now[REVERSE_REGS];
    uint32_t host = rng_below(&rng, 3), guest = 0;

    memset(now, 0, sizeof(now));
    reverse_begin(w);
    m->n = rng_below(&rng, ARRAY_LEN(m->points) + 1);
    for (unsigned k = 0; k < m->n; k++) {
        for (unsigned c = rng_below(&rng, 3) ? 0 : rng_below(&rng, 12); c > 0; c--) {
            unsigned reg = rng_below(&rng, rng_below(&rng, 4) ? 6 : REVERSE_REGS);
            now[reg] = random_recipe();
            reverse_set(w, reg, now[reg]);
        }
        m->points[k] = (struct point){host, guest};
        m->again[k] = rng_below(&rng, 5) == 0;
        memcpy(m->recipes[k], now, sizeof(now));
        (m->again[k] ? reverse_add_again : reverse_add)(w, host, guest);
        host += 1 + rng_below(&rng, 40);
        guest += 2 * rng_below(&rng, 100) - 60;
    }
}

static void random_recipes_come_back(void **state)
{
    static struct reverse_writer w;
    static struct model m;

    rng.state = 5;
    for (int round = 0; round < 3000; round++) {
        make_random_table(&m, &w);
        struct reverse_cursor c = {0};
        for (unsigned k = 0; k < m.n; k++) {
            struct reverse_cursor found = {0};
            assert_true(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
            assert_true(
                reverse_find(w.bytes.data, (uint32_t)w.bytes.len, m.points[k].host, &found));
            assert_int_equal(c.guest, m.points[k].guest);
            assert_int_equal(found.guest, m.points[k].guest);
            assert_int_equal(c.again, m.again[k]);
            assert_int_equal(found.again, m.again[k]);
            assert_recipes(c.recipes, m.recipes[k]);
            assert_recipes(found.recipes, m.recipes[k]);
        }
        assert_false(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
    }
    reverse_free(&w);
}

static void a_register_that_moves_takes_five_bytes_once(void **state)
{
    struct reverse_writer w = {0};

    reverse_begin(&w);
    reverse_set(&w, 10, (struct recipe){RECIPE_HOST, 3, 0});
    reverse_add(&w, 0, 0);
    assert_int_equal(w.bytes.len, 2 + 2 + 2);
    reverse_set(&w, 10, (struct recipe){RECIPE_HOST, 3, 8});
    reverse_add(&w, 4, 4);
    assert_int_equal(w.bytes.len, 6 + 2 + 2 + 3);
    reverse_add(&w, 8, 8); /* nothing new */
    reverse_set(&w, 10, (struct recipe){RECIPE_HOME});
    reverse_set(&w, 10, (struct recipe){RECIPE_HOST, 3, 8}); /* and back */
    reverse_add(&w, 12, 12);
    assert_int_equal(w.bytes.len, 13 + 2 + 2);
    reverse_begin(&w); /* the next table knows nothing of it */
    reverse_add(&w, 0, 0);
    assert_int_equal(w.bytes.len, 2);
    reverse_free(&w);
}

/* ---- late instructions */

static void walk_corrupt(const uint8_t *bytes, uint32_t n);

struct late_model {
    uint32_t from, until; /* guest offsets */
    uint8_t bytes[REVERSE_LATE_BYTES];
    uint32_t n_bytes;
};

static void check_late(const struct late_model *late, unsigned n, const struct reverse_writer *w,
                       const struct reverse_cursor *c)
{
    unsigned k = 0;

    for (unsigned i = 0; i < n; i++) {
        if (late[i].from > c->guest || late[i].until < c->guest)
            continue;
        assert_true(k < c->n_late);
        assert_int_equal(c->late[k].n_bytes, late[i].n_bytes);
        assert_memory_equal(w->bytes.data + c->late[k].at, late[i].bytes, late[i].n_bytes);
        k++;
    }
    assert_int_equal(k, c->n_late);
}

/* They are there from the point that begins them to the last one of theirs, in their order. */
static void late_instructions_come_back(void **state)
{
    static struct reverse_writer w;
    struct late_model late[REVERSE_LATE];

    rng.state = 11;
    for (int round = 0; round < 1000; round++) {
        struct reverse_cursor c = {0}, found = {0};
        unsigned n = 0, points = 1 + rng_below(&rng, 30);
        reverse_begin(&w);
        for (uint32_t p = 0; p < points; p++) {
            for (; n < REVERSE_LATE && rng_below(&rng, 3) == 0; n++) {
                late[n] = (struct late_model){10 * p, 10 * p + rng_below(&rng, 100), {0}};
                late[n].n_bytes = 1 + rng_below(&rng, REVERSE_LATE_BYTES);
                for (unsigned i = 0; i < late[n].n_bytes; i++)
                    late[n].bytes[i] = (uint8_t)rng_next(&rng);
                reverse_late(&w, late[n].until, late[n].bytes, late[n].n_bytes);
            }
            if (rng_below(&rng, 4) == 0)
                reverse_set(&w, rng_below(&rng, REVERSE_REGS), (struct recipe){RECIPE_HOST, 3, 0});
            (rng_below(&rng, 4) ? reverse_add : reverse_add_again)(&w, 5 * p + 1, 10 * p);
        }
        for (uint32_t p = 0; p < points; p++) {
            assert_true(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
            assert_int_equal(c.guest, 10 * p);
            check_late(late, n, &w, &c);
        }
        assert_false(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
        uint32_t p = rng_below(&rng, points);
        assert_true(reverse_find(w.bytes.data, (uint32_t)w.bytes.len, 5 * p + 1, &found));
        check_late(late, n, &w, &found);
        for (unsigned k = rng_below(&rng, 4); k > 0; k--)
            w.bytes.data[rng_below(&rng, (uint32_t)w.bytes.len)] ^=
                (uint8_t)(1 << rng_below(&rng, 8));
        walk_corrupt(w.bytes.data, rng_below(&rng, (uint32_t)w.bytes.len + 1));
    }
    reverse_free(&w);
}

static void recipes_give_values(void **state)
{
    struct host_regs regs = {.r = {[3] = 30, [17] = 170}};
    uint64_t spill[SPILL_SLOTS] = {[15] = 1500};

    assert_int_equal(recipe_value((struct recipe){RECIPE_HOST, 3, 0}, 5, &regs, spill), 30);
    assert_int_equal(recipe_value((struct recipe){RECIPE_HOST, 17, -171}, 5, &regs, spill),
                     UINT64_MAX);
    assert_int_equal(recipe_value((struct recipe){RECIPE_SLOT, 15, 5}, 5, &regs, spill), 1505);
    assert_int_equal(recipe_value((struct recipe){RECIPE_CONST, 0, -1}, 5, &regs, spill),
                     UINT64_MAX);
    assert_int_equal(recipe_value((struct recipe){RECIPE_HOME}, 5, &regs, spill), 5);
}

/* RISC-V's canonical NaNs are the host's quiet ones without a sign. */
static void all_nans_become_the_canonical_one(void **state)
{
    static const struct {
        double value;
        uint64_t more; /* bits that are set besides */
    } doubles[] = {{1.5, 0}, {-0.0, 0}, {INFINITY, 0}, {-INFINITY, 0}, {NAN, 0}, {INFINITY, 1}};
    static const float singles[] = {-2.5f, 0.0f, INFINITY, -INFINITY, NAN, -NAN};
    const uint64_t boxed = (uint64_t)UINT32_MAX << 32;

    for (unsigned i = 0; i < ARRAY_LEN(doubles); i++) {
        union {
            double f;
            uint64_t u;
        } is = {doubles[i].value}, canonical = {NAN};
        is.u |= doubles[i].more;
        assert_int_equal(recipe_value((struct recipe){RECIPE_NAN64}, is.u, NULL, NULL),
                         isnan(is.f) ? canonical.u : is.u);
    }
    for (unsigned i = 0; i < ARRAY_LEN(singles); i++) {
        union {
            float f;
            uint32_t u;
        } is = {singles[i]}, canonical = {NAN};
        for (unsigned k = 0; k < 2; k++) { /* at home boxed or not */
            uint64_t upper = k ? boxed : 0;
            assert_int_equal(recipe_value((struct recipe){RECIPE_NAN32}, upper | is.u, NULL, NULL),
                             boxed | (isnan(is.f) ? canonical.u : is.u));
            assert_int_equal(recipe_value((struct recipe){RECIPE_BOX}, upper | is.u, NULL, NULL),
                             boxed | is.u);
        }
    }
    /* a single that was taken for a double: what comes of it is one of 64 bits */
    assert_int_equal(recipe_value((struct recipe){RECIPE_NAN64}, boxed | 1, NULL, NULL),
                     0x7ff8000000000000);
}

/* Reads a table that lies in memory of just its size (for the address sanitizer). */
static void walk_corrupt(const uint8_t *bytes, uint32_t n)
{
    struct reverse_cursor c = {0}, found = {0};
    uint8_t *table = base_alloc(n ? n : 1);
    unsigned points = 0;

    memcpy(table, bytes, n);
    while (reverse_next(table, n, &c)) {
        points++;
        for (unsigned i = 0; i < REVERSE_REGS; i++) {
            const struct recipe *r = &c.recipes[i];
            assert_true(r->kind == RECIPE_HOST   ? r->where < HOST_REGS
                        : r->kind == RECIPE_SLOT ? r->where < SPILL_SLOTS
                                                 : r->where == 0);
            assert_true(r->kind < RECIPE_KINDS && (!is_at_home(*r) || r->plus == 0));
        }
    }
    assert_true(points <= n / 2 && c.pos <= n && c.n_late <= REVERSE_LATE);
    for (unsigned i = 0; i < c.n_late; i++)
        assert_true(c.late[i].at <= n && c.late[i].n_bytes <= n - c.late[i].at);
    reverse_find(table, n, rng_below(&rng, 100), &found);
    free(table);
}

static void any_bytes_can_be_read(void **state)
{
    rng.state = 3;
    for (int round = 0; round < 30000; round++) {
        uint8_t table[24];
        uint32_t n = rng_below(&rng, sizeof(table) + 1);
        for (uint32_t i = 0; i < n; i++)
            table[i] = (uint8_t)(rng_below(&rng, 3) ? rng_below(&rng, 256) : rng_below(&rng, 8));
        walk_corrupt(table, n);
    }
}

static void a_table_with_wrong_or_missing_bytes_can_be_read(void **state)
{
    static struct reverse_writer w;
    static struct model m;

    rng.state = 7;
    for (int round = 0; round < 3000; round++) {
        make_random_table(&m, &w);
        if (w.bytes.len == 0)
            continue;
        for (unsigned k = rng_below(&rng, 4); k > 0; k--)
            w.bytes.data[rng_below(&rng, (uint32_t)w.bytes.len)] ^=
                (uint8_t)(1 << rng_below(&rng, 8));
        walk_corrupt(w.bytes.data, rng_below(&rng, (uint32_t)w.bytes.len + 1));
    }
    reverse_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_no_point),
        cmocka_unit_test(points_are_found_where_they_are_and_nowhere_else),
        cmocka_unit_test(the_widest_numbers_come_back),
        cmocka_unit_test(random_tables_come_back),
        cmocka_unit_test(an_ordinary_point_takes_two_bytes),
        cmocka_unit_test(a_table_cut_short_ends_there),
        cmocka_unit_test(random_recipes_come_back),
        cmocka_unit_test(a_register_that_moves_takes_five_bytes_once),
        cmocka_unit_test(late_instructions_come_back),
        cmocka_unit_test(recipes_give_values),
        cmocka_unit_test(all_nans_become_the_canonical_one),
        cmocka_unit_test(any_bytes_can_be_read),
        cmocka_unit_test(a_table_with_wrong_or_missing_bytes_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
