/* code/reverse.c: the codec of the reverse translation table.
 *
 * A table is the points of a fragment by rising host offset, in numbers of seven bits a byte, the
 * lowest first, the top bit set where another byte follows (LEB128):
 *
 *     point    host offset - that of the point before
 *              guest offset - that of the point before, folded
 *              [0  count << 2 | late << 1 | again  change...  [number  instruction...]]
 *     change   guest register
 *              where << 4 | has_plus << 3 | kind
 *              [plus, folded]
 * *     instruction   guest offset of the last point where it is to be done - that of this point
 *              bytes of what it does, and these
 *
 * folded: made positive; 0, -1, 1, -2, 2 are 0, 1, 2, 3, 4. The distance of two points is never 0,
 * so a 0 in its place says that the point just read changes recipes, is marked `again` or has
 * instructions to be done that the one before had not.
 *
 * Host instructions are a few bytes apart and so are guest ones, so a point takes two bytes, a
 * register that moves four more or so. Guest offsets may fall: code may be reordered. The table has
 * no header; its length stands in the fragment.
 *
 * A table is only read from its start. What reads it is a fault or a debugger, once, and a fragment
 * has few points. Whatever the bytes are, nothing is read beyond them, and no register, slot or
 * row is given out that does not exist. */
#include "code/code.h"

#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

static void put_number(struct reverse_writer *w, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        vec_push(&w->bytes, (uint8_t)(value | 0x80));
    vec_push(&w->bytes, (uint8_t)value);
}

/* False at the end of the table, or where it ends within a number. */
static bool get_number(const uint8_t *table, uint32_t n, uint32_t *pos, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *pos < n && shift < 64; shift += 7) {
        uint8_t byte = table[(*pos)++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Two's complement numbers, folded so that small ones of either sign are small. */
static uint64_t fold_sign(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? ~(uint64_t)0 : 0);
}

static int64_t unfold_sign(uint64_t folded)
{
    return (int64_t)(folded >> 1 ^ (folded & 1 ? ~(uint64_t)0 : 0));
}

/* ---- recipes --------------------------------------------------------------------------------- */

static bool is_same(struct recipe a, struct recipe b)
{
    return a.kind == b.kind && a.where == b.where && a.plus == b.plus;
}

/* Those that are at home add nothing; CONST is nowhere. */
static bool is_sound(struct recipe r)
{
    switch ((enum recipe_kind)r.kind) {
    case RECIPE_HOME:
    case RECIPE_NAN32:
    case RECIPE_NAN64:
    case RECIPE_BOX:
        return r.where == 0 && r.plus == 0;
    case RECIPE_HOST:
        return r.where < HOST_REGS;
    case RECIPE_SLOT:
        return r.where < SPILL_SLOTS;
    case RECIPE_CONST:
        return r.where == 0;
    case RECIPE_KINDS:
        break;
    }
    return false;
}

static void put_recipe(struct reverse_writer *w, unsigned reg, struct recipe r)
{
    put_number(w, reg);
    put_number(w, (uint64_t)r.where << 4 | (uint64_t)(r.plus != 0) << 3 | r.kind);
    if (r.plus != 0)
        put_number(w, fold_sign(r.plus));
}

static bool get_recipe(const uint8_t *table, uint32_t n, struct reverse_cursor *c)
{
    uint64_t reg, head, plus = 0;

    if (!get_number(table, n, &c->pos, &reg) || !get_number(table, n, &c->pos, &head) ||
        (head & 8 && !get_number(table, n, &c->pos, &plus)))
        return false;
    struct recipe r = {(uint8_t)(head & 7), (uint8_t)(head >> 4), unfold_sign(plus)};
    if (reg >= REVERSE_REGS || head >> 4 >= HOST_REGS || !is_sound(r))
        return false;
    c->recipes[reg] = r;
    return true;
}

/* The upper half of a single in a register of 64 bits. */
#define BOX UINT64_C(0xffffffff00000000)

/* Is it a NaN, all bits but the sign above those of infinity? */
static bool is_nan(uint64_t value, uint64_t infinity)
{
    return (value & (infinity | (infinity - 1))) > infinity;
}

uint64_t recipe_value(struct recipe recipe, uint64_t home, const struct host_regs *regs,
                      const uint64_t spill[SPILL_SLOTS])
{
    switch ((enum recipe_kind)recipe.kind) {
    case RECIPE_HOST:
        return regs->r[recipe.where] + (uint64_t)recipe.plus;
    case RECIPE_SLOT:
        return spill[recipe.where] + (uint64_t)recipe.plus;
    case RECIPE_CONST:
        return (uint64_t)recipe.plus;
    case RECIPE_NAN32:
        return BOX | (is_nan((uint32_t)home, 0x7f800000) ? 0x7fc00000 : home);
    case RECIPE_NAN64:
        return is_nan(home, UINT64_C(0x7ff0000000000000)) ? UINT64_C(0x7ff8000000000000) : home;
    case RECIPE_BOX:
        return BOX | home;
    default:
        return home;
    }
}

void recipes_read(const struct recipe recipes[REVERSE_REGS], const struct guest *desc,
                  const struct host_regs *regs, const uint64_t spill[SPILL_SLOTS],
                  unsigned char *guest)
{
    for (unsigned i = 0; i < desc->n_regs && i < REVERSE_REGS; i++) {
        const struct guest_reg *reg = &desc->regs[i];
        size_t size = MIN(reg->bits / 8u, sizeof(uint64_t));
        uint64_t value = 0;
        if (recipes[i].kind == RECIPE_HOME || reg->zero)
            continue;
        memcpy(&value, guest + reg->offset, size);
        value = recipe_value(recipes[i], value, regs, spill);
        memcpy(guest + reg->offset, &value, size);
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

void reverse_begin(struct reverse_writer *w)
{
    w->bytes.len = w->late.len = 0;
    w->n_late = 0;
    w->host = w->guest = 0;
    if (w->any) {
        memset(w->now, 0, sizeof(w->now));
        memset(w->told, 0, sizeof(w->told));
        memset(w->changed, 0, sizeof(w->changed));
        w->any = false;
    }
}

void reverse_free(struct reverse_writer *w)
{
    vec_free(&w->bytes);
    vec_free(&w->late);
}

void reverse_set(struct reverse_writer *w, unsigned reg, struct recipe recipe)
{
    CHECK(reg < REVERSE_REGS && is_sound(recipe), "register %u: no recipe of kind %u in %u", reg,
          recipe.kind, recipe.where);
    w->now[reg] = recipe;
    w->any = true;
    if (is_same(recipe, w->told[reg]))
        w->changed[reg / 64] &= ~((uint64_t)1 << reg % 64);
    else
        w->changed[reg / 64] |= (uint64_t)1 << reg % 64;
}

/* Until the point is known, `until` stands for itself. */
void reverse_late(struct reverse_writer *w, uint32_t until, const uint8_t *bytes, uint32_t n)
{
    CHECK(n > 0 && n <= REVERSE_LATE_BYTES, "a late instruction of %u bytes", n);
    size_t at = w->late.len;
    vec_reserve(&w->late, at + sizeof(until) + 1 + n);
    w->late.len = at + sizeof(until) + 1 + n;
    memcpy(w->late.data + at, &until, sizeof(until));
    w->late.data[at + sizeof(until)] = (uint8_t)n;
    memcpy(w->late.data + at + sizeof(until) + 1, bytes, n);
    w->n_late++;
}

static void put_late(struct reverse_writer *w)
{
    uint32_t until;

    put_number(w, w->n_late);
    for (size_t at = 0; at < w->late.len;) {
        memcpy(&until, w->late.data + at, sizeof(until));
        at += sizeof(until);
        CHECK(until >= w->guest, "a late instruction that is late at no point");
        put_number(w, until - w->guest);
        for (unsigned left = w->late.data[at] + 1u; left > 0; left--)
            vec_push(&w->bytes, w->late.data[at++]);
    }
    w->late.len = 0;
    w->n_late = 0;
}

static void put_changes(struct reverse_writer *w, bool again)
{
    unsigned count = 0;

    for (unsigned k = 0; k < ARRAY_LEN(w->changed); k++)
        count += (unsigned)__builtin_popcountll(w->changed[k]);
    if (count == 0 && !again && w->n_late == 0)
        return;
    put_number(w, 0);
    put_number(w, count << 2 | (unsigned)(w->n_late > 0) << 1 | again);
    for (unsigned k = 0; k < ARRAY_LEN(w->changed); k++) {
        for (; w->changed[k]; w->changed[k] &= w->changed[k] - 1) {
            unsigned reg = 64 * k + (unsigned)__builtin_ctzll(w->changed[k]);
            put_recipe(w, reg, w->now[reg]);
            w->told[reg] = w->now[reg];
        }
    }
    if (w->n_late > 0)
        put_late(w);
}

static void add_point(struct reverse_writer *w, uint32_t host, uint32_t guest, bool again)
{
    CHECK(host > w->host || w->bytes.len == 0, "a point at host offset %u after one at %u", host,
          w->host);
    put_number(w, host - w->host);
    put_number(w, fold_sign((int32_t)(guest - w->guest)));
    w->host = host;
    w->guest = guest;
    if (UNLIKELY(again || w->any || w->n_late > 0))
        put_changes(w, again);
}

void reverse_add(struct reverse_writer *w, uint32_t host, uint32_t guest)
{
    add_point(w, host, guest, false);
}

void reverse_add_again(struct reverse_writer *w, uint32_t host, uint32_t guest)
{
    add_point(w, host, guest, true);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool get_late(const uint8_t *table, uint32_t n, struct reverse_cursor *c)
{
    uint64_t count, distance;

    if (!get_number(table, n, &c->pos, &count) || count > (uint64_t)(REVERSE_LATE - c->n_late))
        return false;
    for (; count > 0; count--) {
        if (!get_number(table, n, &c->pos, &distance) || c->pos >= n)
            return false;
        uint32_t bytes = table[c->pos++];
        if (bytes > n - c->pos)
            return false;
        c->late[c->n_late++] = (struct late_insn){c->guest + (uint32_t)distance, c->pos, bytes};
        c->pos += bytes;
    }
    return true;
}

/* Those that are done by now go. */
static void drop_late(struct reverse_cursor *c)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->n_late; i++)
        if (c->late[i].until >= c->guest)
            c->late[kept++] = c->late[i];
    c->n_late = (uint8_t)kept;
}

static bool get_changes(const uint8_t *table, uint32_t n, struct reverse_cursor *c)
{
    uint64_t head;

    c->pos++; /* the 0 */
    if (!get_number(table, n, &c->pos, &head) || head >> 2 > REVERSE_REGS)
        return false;
    c->again = head & 1;
    c->n_changes = (uint8_t)(head >> 2);
    for (unsigned i = 0; i < c->n_changes; i++)
        if (!get_recipe(table, n, c))
            return false;
    return !(head & 2) || get_late(table, n, c);
}

bool reverse_next(const uint8_t *table, uint32_t n, struct reverse_cursor *c)
{
    uint64_t host, guest;

    if (!get_number(table, n, &c->pos, &host) || !get_number(table, n, &c->pos, &guest))
        return false;
    c->host += (uint32_t)host;
    c->guest += (uint32_t)unfold_sign(guest);
    c->again = false;
    c->n_changes = 0;
    drop_late(c);
    return c->pos >= n || table[c->pos] != 0 || get_changes(table, n, c);
}

/* The recipes go with the walk; where it overshoots nobody asks for them. */
bool reverse_find(const uint8_t *table, uint32_t n, uint32_t host, struct reverse_cursor *c)
{
    uint32_t before = c->host, guest = c->guest;

    while (reverse_next(table, n, c) && c->host <= host) {
        if (c->host == host)
            return true;
        before = c->host;
        guest = c->guest;
    }
    c->host = before;
    c->guest = guest;
    return false;
}
