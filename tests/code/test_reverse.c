/* The reverse translation table: what was put in comes out, exactly there, in about two bytes a
 * point; a table that is cut short ends the walk and nothing is read past it. */
#include "code/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct point {
    uint32_t host, guest;
};

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static void write_points(struct reverse_writer *w, const struct point *points, size_t n)
{
    reverse_begin(w);
    for (size_t i = 0; i < n; i++)
        reverse_add(w, points[i].host, points[i].guest);
}

/* Every point is found, no offset between two points is, and the walk gives them in order. */
static void check_points(const struct point *points, size_t n, uint32_t end)
{
    struct reverse_writer w = {0};
    struct reverse_cursor c = {0};
    uint32_t guest;
    size_t next = 0;

    write_points(&w, points, n);
    for (uint32_t host = 0; host <= end; host++) {
        bool point = next < n && points[next].host == host;
        assert_int_equal(reverse_find(w.bytes.data, (uint32_t)w.bytes.len, host, &guest), point);
        if (point)
            assert_int_equal(guest, points[next++].guest);
    }
    assert_int_equal(next, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
        assert_int_equal(c.host, points[i].host);
        assert_int_equal(c.guest, points[i].guest);
    }
    assert_false(reverse_next(w.bytes.data, (uint32_t)w.bytes.len, &c));
    vec_free(&w.bytes);
}

static void an_empty_table_has_no_point(void **state)
{
    uint32_t guest = 7;
    struct reverse_cursor c = {0};

    assert_false(reverse_find(NULL, 0, 0, &guest));
    assert_false(reverse_next(NULL, 0, &c));
    assert_int_equal(guest, 7);
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
    uint32_t guest;

    write_points(&w, points, ARRAY_LEN(points));
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        assert_true(reverse_find(w.bytes.data, (uint32_t)w.bytes.len, points[i].host, &guest));
        assert_int_equal(guest, points[i].guest);
    }
    vec_free(&w.bytes);
}

static void random_tables_come_back(void **state)
{
    struct point points[64];

    random_state = 1;
    for (int round = 0; round < 2000; round++) {
        uint32_t n = random_below(ARRAY_LEN(points) + 1), host = random_below(5), guest = 0;
        for (uint32_t i = 0; i < n; i++) {
            points[i] = (struct point){host, guest};
            host += 1 + random_below(round % 2 ? 12 : 300);
            guest += random_below(8) ? 2 * random_below(3)
                                     : (uint32_t) - (int32_t)(2 * random_below(200));
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
    vec_free(&w.bytes);
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
    vec_free(&w.bytes);
}

static void any_bytes_can_be_read(void **state)
{
    random_state = 3;
    for (int round = 0; round < 100000; round++) {
        uint8_t table[16];
        uint32_t n = random_below(sizeof(table) + 1), guest;
        struct reverse_cursor c = {0};
        for (uint32_t i = 0; i < n; i++)
            table[i] = (uint8_t)random_below(256);
        unsigned points = 0;
        while (reverse_next(table, n, &c))
            points++;
        assert_true(points <= n / 2 && c.pos <= n);
        reverse_find(table, n, random_below(100), &guest);
    }
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
        cmocka_unit_test(any_bytes_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
