/* tools/gdb/packet: framing, numbers, lists, against the examples and rules of GDB's manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "tools/gdb/packet.h"

static struct gdb_framer framer;

/* Feeds all bytes; returns what the last one made. */
static enum gdb_input feed(const char *bytes, size_t len)
{
    enum gdb_input what = GDB_MORE;

    for (size_t i = 0; i < len; i++)
        what = gdb_frame_byte(&framer, (uint8_t)bytes[i]);
    return what;
}

#define FEED(text) feed(text, sizeof(text) - 1)

static void a_packet_ends_with_its_checksum(void **state)
{
    assert_int_equal(FEED("$OK#9a"), GDB_PACKET);
    assert_int_equal(framer.len, 2);
    assert_string_equal(framer.data, "OK");
    assert_int_equal(FEED("$#00"), GDB_PACKET);
    assert_int_equal(framer.len, 0);
    assert_int_equal(FEED("$OK#9A"), GDB_PACKET);
}

static void a_wrong_checksum_is_refused(void **state)
{
    assert_int_equal(FEED("$OK#9b"), GDB_BAD);
    assert_int_equal(FEED("$OK#zz"), GDB_BAD);
    assert_int_equal(FEED("$OK#9a"), GDB_PACKET);
}

static void acknowledgements_and_interrupts_stand_between_packets(void **state)
{
    assert_int_equal(FEED("+"), GDB_ACK);
    assert_int_equal(FEED("-"), GDB_NAK);
    assert_int_equal(FEED("\003"), GDB_INTERRUPT);
    assert_int_equal(FEED("x"), GDB_MORE);
    assert_int_equal(FEED("$+-\003#5b"), GDB_PACKET);
    assert_int_equal(framer.len, 3);
}

static void escaped_bytes_are_taken_apart(void **state)
{
    assert_int_equal(FEED("$}\003}\x04}]#db"), GDB_PACKET);
    assert_int_equal(framer.len, 3);
    assert_memory_equal(framer.data, "#$}", 3);
    assert_int_equal(FEED("$a}#de"), GDB_BAD);
}

static void a_packet_that_is_cut_off_is_forgotten(void **state)
{
    assert_int_equal(FEED("$abc$OK#9a"), GDB_PACKET);
    assert_string_equal(framer.data, "OK");
}

static void a_packet_that_is_too_long_is_refused(void **state)
{
    for (int extra = 0; extra < 2; extra++) {
        FEED("$");
        for (int i = 0; i < GDB_PACKET_SIZE + extra; i++)
            FEED("\x01");
        assert_int_equal(FEED("#"), GDB_MORE);
        uint8_t sum = (uint8_t)(GDB_PACKET_SIZE + extra);
        char text[3];
        snprintf(text, sizeof(text), "%02x", sum);
        assert_int_equal(feed(text, 2), extra ? GDB_BAD : GDB_PACKET);
    }
}

static void what_is_put_is_read_back(void **state)
{
    char payload[512];
    struct strbuf out = {0};

    for (unsigned i = 0; i < sizeof(payload); i++)
        payload[i] = (char)i;
    gdb_put_packet(&out, payload, sizeof(payload));
    assert_int_equal(feed(out.data, out.len), GDB_PACKET);
    assert_int_equal(framer.len, sizeof(payload));
    assert_memory_equal(framer.data, payload, sizeof(payload));
    strbuf_free(&out);
}

static bool read_hex(const char *text, uint64_t *value)
{
    return gdb_read_hex(&text, value);
}

static void numbers_have_1_to_16_digits(void **state)
{
    uint64_t value;

    assert_true(read_hex("0", &value) && value == 0);
    assert_true(read_hex("ffffFFFFffffFFFF", &value) && value == UINT64_MAX);
    assert_true(read_hex("12,", &value) && value == 0x12);
    assert_false(read_hex("", &value));
    assert_false(read_hex(",", &value));
    assert_false(read_hex("-1", &value));
    assert_false(read_hex("00000000000000001", &value));
}

static bool read_thread(const char *text, int64_t pid, int64_t tid)
{
    struct gdb_thread_id id;

    return gdb_read_thread(&text, &id) && *text == '\0' && id.pid == pid && id.tid == tid;
}

static void thread_ids(void **state)
{
    assert_true(read_thread("2a", 0, 42));
    assert_true(read_thread("-1", 0, -1));
    assert_true(read_thread("0", 0, 0));
    assert_true(read_thread("p1.2", 1, 2));
    assert_true(read_thread("p1.-1", 1, -1));
    assert_true(read_thread("p1", 1, -1));
    assert_false(read_thread("", 0, 0));
    assert_false(read_thread("p", 0, 0));
    assert_false(read_thread("p1.", 1, 0));
    assert_false(read_thread("80000000", 0, 0x80000000));
}

static void actions(void **state)
{
    struct gdb_action a[GDB_MAX_ACTIONS];

    assert_int_equal(gdb_read_actions(";s:p1.2;C0b;r10,20:3", a), 3);
    assert_true(a[0].kind == 's' && a[0].thread.pid == 1 && a[0].thread.tid == 2 &&
                a[0].signal == 0);
    assert_true(a[1].kind == 'c' && a[1].thread.tid == -1 && a[1].signal == 11);
    assert_true(a[2].kind == 'r' && a[2].start == 0x10 && a[2].end == 0x20 && a[2].thread.tid == 3);
    const char *const wrong[] = {"",      ";",   "c",    ";x",  ";c;", ";C",
                                 ";C100", ";r1", ";r1,", ";c:", ";cc", ";c:p1.2x"};
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(gdb_read_actions(wrong[i], a), -1);
}

static void signals_have_gdbs_numbers(void **state)
{
    assert_int_equal(gdb_signal_from_host(SIGINT), 2);
    assert_int_equal(gdb_signal_from_host(SIGUSR1), 30);
    assert_int_equal(gdb_signal_from_host(SIGCHLD), 20);
    assert_int_equal(gdb_signal_from_host(33), 45);
    assert_int_equal(gdb_signal_from_host(63), 75);
    assert_int_equal(gdb_signal_from_host(SIGSTKFLT), 143);
    for (int sig = 1; sig <= 64; sig++) {
        if (sig != SIGSTKFLT)
            assert_int_equal(gdb_signal_to_host(gdb_signal_from_host(sig)), sig);
    }
    assert_int_equal(gdb_signal_to_host(0), 0);
    assert_int_equal(gdb_signal_to_host(143), 0);
    assert_int_equal(gdb_signal_to_host(255), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_ends_with_its_checksum),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(acknowledgements_and_interrupts_stand_between_packets),
        cmocka_unit_test(escaped_bytes_are_taken_apart),
        cmocka_unit_test(a_packet_that_is_cut_off_is_forgotten),
        cmocka_unit_test(a_packet_that_is_too_long_is_refused),
        cmocka_unit_test(what_is_put_is_read_back),
        cmocka_unit_test(numbers_have_1_to_16_digits),
        cmocka_unit_test(thread_ids),
        cmocka_unit_test(actions),
        cmocka_unit_test(signals_have_gdbs_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
