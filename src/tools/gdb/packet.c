/* tools/gdb/packet.c: see packet.h. */
#include "tools/gdb/packet.h"

#include <signal.h>
#include <string.h>

/* ---- framing --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum gdb_input frame_outside(struct gdb_framer *f, uint8_t byte)
{
    switch (byte) {
    case '$':
        f->state = GDB_INSIDE;
        f->len = f->sum = 0;
        f->bad = false;
        return GDB_MORE;
    case '+':
        return GDB_ACK;
    case '-':
        return GDB_NAK;
    case 3:
        return GDB_INTERRUPT;
    default: /* noise on the line */
        return GDB_MORE;
    }
}

static void add_byte(struct gdb_framer *f, uint8_t byte)
{
    if (f->len < GDB_PACKET_SIZE)
        f->data[f->len++] = (char)byte;
    else
        f->bad = true;
}

static enum gdb_input frame_inside(struct gdb_framer *f, uint8_t byte)
{
    if (byte == '$') /* the one before was cut off */
        return frame_outside(f, byte);
    if (byte == '#') {
        f->bad |= f->state == GDB_ESCAPED;
        f->state = GDB_SUM1;
        return GDB_MORE;
    }
    f->sum = (uint8_t)(f->sum + byte);
    if (f->state == GDB_ESCAPED) {
        add_byte(f, byte ^ 0x20);
        f->state = GDB_INSIDE;
    } else if (byte == '}') {
        f->state = GDB_ESCAPED;
    } else {
        add_byte(f, byte);
    }
    return GDB_MORE;
}

enum gdb_input gdb_frame_byte(struct gdb_framer *f, uint8_t byte)
{
    int digit;

    switch (f->state) {
    case GDB_OUTSIDE:
        return frame_outside(f, byte);
    case GDB_INSIDE:
    case GDB_ESCAPED:
        return frame_inside(f, byte);
    case GDB_SUM1:
    case GDB_SUM2:
        break;
    }
    digit = hex_digit((char)byte);
    f->bad |= digit < 0;
    f->given = (uint8_t)(f->given << 4 | (digit & 15));
    if (f->state == GDB_SUM1) {
        f->state = GDB_SUM2;
        return GDB_MORE;
    }
    f->state = GDB_OUTSIDE;
    f->data[f->len] = '\0';
    return f->bad || f->given != f->sum ? GDB_BAD : GDB_PACKET;
}

void gdb_put_packet(struct strbuf *out, const char *payload, size_t len)
{
    uint8_t sum = 0;
    size_t start = out->len + 1;

    strbuf_append(out, "$", 1);
    for (size_t i = 0; i < len; i++) {
        char c = payload[i], escaped[2] = {'}', (char)(c ^ 0x20)};
        if (c == '$' || c == '#' || c == '}' || c == '*')
            strbuf_append(out, escaped, 2);
        else
            strbuf_append(out, &c, 1);
    }
    for (size_t i = start; i < out->len; i++)
        sum = (uint8_t)(sum + (uint8_t)out->data[i]);
    strbuf_printf(out, "#%02x", sum);
}

/* ---- numbers --------------------------------------------------------------------------------- */

bool gdb_read_hex(const char **at, uint64_t *value)
{
    unsigned n = 0;
    uint64_t v = 0;

    for (; hex_digit(**at) >= 0; (*at)++, n++)
        v = v << 4 | (uint64_t)hex_digit(**at);
    *value = v;
    return n >= 1 && n <= 16;
}

bool gdb_read_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

bool gdb_read_bytes(const char **at, void *to, size_t n)
{
    for (size_t i = 0; i < n; i++, *at += 2) {
        int high = hex_digit((*at)[0]), low = high < 0 ? -1 : hex_digit((*at)[1]);
        if (low < 0)
            return false;
        ((uint8_t *)to)[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void gdb_put_bytes(struct strbuf *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        const char text[2] = {digits[byte >> 4], digits[byte & 15]};
        strbuf_append(out, text, 2);
    }
}

static bool read_id(const char **at, int64_t *id)
{
    uint64_t value;

    if ((*at)[0] == '-' && (*at)[1] == '1') {
        *at += 2;
        *id = -1;
        return true;
    }
    if (!gdb_read_hex(at, &value) || value > INT32_MAX)
        return false;
    *id = (int64_t)value;
    return true;
}

bool gdb_read_thread(const char **at, struct gdb_thread_id *id)
{
    id->pid = 0;
    if (!gdb_read_char(at, 'p'))
        return read_id(at, &id->tid);
    id->tid = -1; /* "p1": all threads of it */
    return read_id(at, &id->pid) && (!gdb_read_char(at, '.') || read_id(at, &id->tid));
}

/* ---- vCont ----------------------------------------------------------------------------------- */

static bool read_action(const char **at, struct gdb_action *a)
{
    uint64_t signal;

    *a = (struct gdb_action){.kind = **at, .thread = {0, -1}};
    if (!*(*at)++)
        return false;
    switch (a->kind) {
    case 'c':
    case 's':
        break;
    case 'C':
    case 'S':
        if (!gdb_read_hex(at, &signal) || signal > 255)
            return false;
        a->kind = (char)(a->kind | 32);
        a->signal = (int)signal;
        break;
    case 'r':
        if (!gdb_read_hex(at, &a->start) || !gdb_read_char(at, ',') || !gdb_read_hex(at, &a->end))
            return false;
        break;
    default:
        return false;
    }
    return !gdb_read_char(at, ':') || gdb_read_thread(at, &a->thread);
}

int gdb_read_actions(const char *at, struct gdb_action actions[GDB_MAX_ACTIONS])
{
    int n = 0;

    while (*at) {
        if (n == GDB_MAX_ACTIONS || !gdb_read_char(&at, ';') || !read_action(&at, &actions[n++]))
            return -1;
    }
    return n > 0 ? n : -1;
}

/* ---- signals --------------------------------------------------------------------------------- */

enum { GDB_FIRST_REAL_TIME = 45, HOST_FIRST = 33, HOST_LAST = 63, GDB_UNKNOWN = 143 };

int gdb_signal_to_host(unsigned gdb)
{
    if (gdb >= GDB_FIRST_REAL_TIME && gdb - GDB_FIRST_REAL_TIME <= HOST_LAST - HOST_FIRST)
        return (int)(gdb - GDB_FIRST_REAL_TIME + HOST_FIRST);
    switch (gdb) {
#define SIGNAL(number, host)                                                                       \
    case number:                                                                                   \
        return host;
#include "tools/gdb/signals.def"
    default:
        return 0;
    }
}

unsigned gdb_signal_from_host(int sig)
{
    if (sig >= HOST_FIRST && sig <= HOST_LAST)
        return (unsigned)(sig - HOST_FIRST + GDB_FIRST_REAL_TIME);
    switch (sig) {
    case 0:
        return 0;
#define SIGNAL(number, host)                                                                       \
    case host:                                                                                     \
        return number;
#include "tools/gdb/signals.def"
    default:
        return GDB_UNKNOWN;
    }
}
