/* code/reverse.c: the codec of the reverse translation table.
 *
 * A table is the points of a fragment by rising host offset, each as two numbers of seven bits a
 * byte, the lowest first, the top bit set where another byte follows (LEB128):
 *
 *     host offset - that of the point before
 *     guest offset - that of the point before, folded to be positive: 0, -1, 1, -2, 2 are 0, 1, 2,
 * 3, 4
 *
 * Host instructions are a few bytes apart and so are guest ones, so a point takes two bytes. Guest
 * offsets may fall: code may be reordered. The table has no header; its length stands in the
 * fragment.
 *
 * A table is only read from its start. What reads it is a fault or a signal, once, and a fragment
 * has few points. */
#include "code/code.h"

/* ---- numbers --------------------------------------------------------------------------------- */

static void put_number(struct reverse_writer *w, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        vec_push(&w->bytes, (uint8_t)(value | 0x80));
    vec_push(&w->bytes, (uint8_t)value);
}

/* False at the end of the table, or where it ends within a number. */
static bool get_number(const uint8_t *table, uint32_t n, uint32_t *pos, uint32_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *pos < n && shift < 32; shift += 7) {
        uint8_t byte = table[(*pos)++];
        *value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Two's complement differences, folded so that small ones of either sign are small numbers. */
static uint32_t fold_sign(uint32_t difference)
{
    return difference << 1 ^ (difference >> 31 ? ~0u : 0);
}

static uint32_t unfold_sign(uint32_t folded)
{
    return folded >> 1 ^ (folded & 1 ? ~0u : 0);
}

/* ---- tables ---------------------------------------------------------------------------------- */

void reverse_begin(struct reverse_writer *w)
{
    w->bytes.len = 0;
    w->host = w->guest = 0;
}

void reverse_add(struct reverse_writer *w, uint32_t host, uint32_t guest)
{
    CHECK(host > w->host || w->bytes.len == 0, "a point at host offset %u after one at %u", host,
          w->host);
    put_number(w, host - w->host);
    put_number(w, fold_sign(guest - w->guest));
    w->host = host;
    w->guest = guest;
}

bool reverse_next(const uint8_t *table, uint32_t n, struct reverse_cursor *c)
{
    uint32_t host, guest;

    if (!get_number(table, n, &c->pos, &host) || !get_number(table, n, &c->pos, &guest))
        return false;
    c->host += host;
    c->guest += unfold_sign(guest);
    return true;
}

bool reverse_find(const uint8_t *table, uint32_t n, uint32_t host, uint32_t *guest)
{
    struct reverse_cursor c = {0};

    while (reverse_next(table, n, &c) && c.host <= host) {
        if (c.host == host) {
            *guest = c.guest;
            return true;
        }
    }
    return false;
}
