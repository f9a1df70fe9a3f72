/* Reads the lines `test`: chooses registers, encodes the word, turns values into C expressions. */
#include "isagen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A test on its way: what its operands hold. */
struct draft {
    const struct isa *isa;
    const struct stanza *s;
    struct line l;
    int64_t value[16]; /* of the fields: register numbers, immediates */
    bool given[16];
    uint64_t used[2]; /* registers of class x, f that are named */
};

/* Understands "x12" and "f3". */
static bool parse_register(const struct isa *isa, const char *name, struct item *item)
{
    const struct reg_class *c = list_find(&isa->classes, text_printf("%c", name[0]));
    char *end;
    if (!c || !c->numbered || !isdigit((unsigned char)name[1]))
        return false;
    *item = (struct item){.kind = name[0] == 'x' ? ITEM_X : ITEM_F,
                          .index = (int)strtol(name + 1, &end, 10)};
    return !*end && item->index < c->count;
}

static void note_register(struct draft *d, enum item_kind kind, int number)
{
    d->used[kind == ITEM_F] |= UINT64_C(1) << number;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The number that a name, or names of flags, stand for as a value of `what`; else takes nothing. */
static bool read_symbol(struct draft *d, const char *what, int64_t *value)
{
    static const char *const flags[] = {"NX", "UF", "OF", "DZ", "NV"};
    static const char *const modes[] = {"RNE", "RTZ", "RDN", "RUP", "RMM", "", "", "DYN"};
    struct line trial = d->l;
    bool is_flags = same(what, "fflags"), is_mode = same(what, "frm") || same(what, "rm");
    *value = 0;
    do {
        const char *name = line_try_name(&trial);
        const struct csr *csr = name && same(what, "csr") ? list_find(&d->isa->csrs, name) : NULL;
        int flag = name && is_flags ? name_index(name, flags, 5) : 5;
        int mode = name && is_mode ? name_index(name, modes, 8) : 8;
        if (flag == 5 && mode == 8 && !csr)
            return false;
        *value |= csr ? csr->number : flag < 5 ? 1 << flag : mode;
    } while (line_accept(&trial, "|"));
    d->l = trial;
    return true;
}

/* 1.5, -inf, snan, 0x1p-3; with a trailing f NaN-boxed single precision. */
static const char *read_float(struct draft *d)
{
    const char *text = line_word(&d->l), *name = text + (*text == '-');
    size_t len = strlen(text);
    bool single = len > 1 && text[len - 1] == 'f' && !same(name, "inf");
    const char *stem = text_printf("%.*s", (int)(len - single), text);
    char *end;
    double wide = strtod(stem, &end);
    float narrow = strtof(stem, NULL);
    uint64_t bits = 0;
    memcpy(&bits, single ? (void *)&narrow : (void *)&wide, single ? 4 : 8);
    if (strncmp(name, "snan", 4) == 0)
        bits = (single ? 0x7f800001 : (UINT64_C(0x7ff) << 52) + 1) | (uint64_t)(*text == '-')
                                                                         << (single ? 31 : 63);
    else if (end == stem || *end)
        fail(d->l.at, "'%s' is no value", text);
    if (single)
        bits |= UINT64_C(0xffffffff) << 32;
    return text_printf("UINT64_C(0x%llx)", (unsigned long long)bits);
}

/* A value of the state called `what`, as a C expression. */
static const char *read_value(struct draft *d, const char *what)
{
    int64_t v;
    if (read_symbol(d, what, &v))
        return text_printf("%lld", (long long)v);
    if (line_accept(&d->l, "@"))
        return text_printf("STANZA_SCRATCH + %lld", (long long)line_int(&d->l));
    bool relative = same(what, "pc") && (*d->l.p == '+' || *d->l.p == '-');
    if (relative || strncmp(d->l.p, "pc+", 3) == 0 || strncmp(d->l.p, "pc-", 3) == 0) {
        line_accept(&d->l, "pc");
        line_accept(&d->l, "+");
        return text_printf("STANZA_CODE + UINT64_C(0x%llx)", (unsigned long long)line_int(&d->l));
    }
    if (line_try_int(&d->l, &v))
        return text_printf("UINT64_C(0x%llx)", (unsigned long long)v);
    return read_float(d);
}

/* ---- the word -------------------------------------------------------------------------------- */

/* First pass over the part before `->`: what the fields hold. */
static void read_fields(struct draft *d)
{
    while (!line_accept(&d->l, "->")) {
        if (line_accept(&d->l, "[")) {
            line_word(&d->l);
            continue;
        }
        const char *name = line_name(&d->l);
        line_expect(&d->l, "=");
        const struct field *f = field_find(d->s, name);
        size_t index = f ? (size_t)(f - d->s->fields.data) : 0;
        struct item reg;
        if (parse_register(d->isa, name, &reg))
            note_register(d, reg.kind, reg.index);
        if (f && !is_register(f)) {
            if (!read_symbol(d, name, &d->value[index]))
                d->value[index] = line_int(&d->l);
            d->given[index] = true;
            continue;
        }
        const char *value = line_word(&d->l);
        if (f && parse_register(d->isa, value, &reg)) {
            if ((reg.kind == ITEM_X) != (f->op.kind == OPERAND_X))
                fail(d->l.at, "operand '%s' cannot name '%s'", name, value);
            d->value[index] = reg.index;
            d->given[index] = true;
            note_register(d, reg.kind, reg.index);
        }
    }
}

/* Gives the register operands that the test left open distinct registers, all within reach of 3-bit
 * fields, and puts the word together. */
static uint32_t encode(struct draft *d)
{
    uint32_t word = d->s->match;
    for (size_t i = 0; i < d->s->fields.len; i++) {
        const struct field *f = &d->s->fields.data[i];
        enum item_kind kind = f->op.kind == OPERAND_F ? ITEM_F : ITEM_X;
        if (is_register(f) && !d->given[i]) {
            for (d->value[i] = 8; d->used[kind == ITEM_F] >> d->value[i] & 1;)
                d->value[i]++;
            note_register(d, kind, (int)d->value[i]);
        }
        list_each (seg, &f->segments) {
            uint64_t bits = (uint64_t)(d->value[i] - f->op.bias) >> seg->from;
            word |= (uint32_t)(bits & ((UINT64_C(1) << seg->len) - 1)) << seg->at;
        }
        if (field_value(f, word) != d->value[i])
            fail(d->l.at, "operand '%s' cannot hold that value", f->op.name);
    }
    return word;
}

/* ---- the state ------------------------------------------------------------------------------- */

/* `[OFFSET].SIZE=VALUE`, behind the bracket. */
static void read_memory_item(struct draft *d, struct item *item)
{
    *item = (struct item){.kind = ITEM_MEM, .index = (int)line_int(&d->l)};
    line_expect(&d->l, "].");
    item->bits = (int)line_int(&d->l);
    line_expect(&d->l, "=");
    item->value = read_value(d, "");
    if ((item->bits != 8 && item->bits != 16 && item->bits != 32 && item->bits != 64) ||
        item->index < 0 || item->index + item->bits / 8 > 256)
        fail(d->l.at, "not in the scratch memory");
}

/* Reads one NAME=VALUE. Returns false for a field, and for a register that is only named: they are
 * no state. */
static bool read_item(struct draft *d, struct item *item)
{
    static const char *const traps[] = {"illegal",    "breakpoint", "syscall",
                                        "misaligned", "load",       "store"};
    if (line_accept(&d->l, "[")) {
        read_memory_item(d, item);
        return true;
    }
    const char *name = line_name(&d->l);
    line_expect(&d->l, "=");
    const struct field *f = field_find(d->s, name);
    const struct csr *csr = list_find(&d->isa->csrs, name);
    struct line value = d->l;
    struct item other;
    if (f && (!is_register(f) || parse_register(d->isa, line_word(&value), &other))) {
        line_word(&d->l);
        return false;
    }
    if (f) {
        *item = (struct item){.kind = f->op.kind == OPERAND_X ? ITEM_X : ITEM_F,
                              .index = (int)d->value[f - d->s->fields.data]};
    } else if (same(name, "trap")) {
        const char *trap = line_name(&d->l);
        if (name_index(trap, traps, 6) == 6)
            fail(d->l.at, "unknown trap '%s'", trap);
        *item = (struct item){.kind = ITEM_TRAP, .value = text_printf("TRAP_%s", upper_name(trap))};
        return true;
    } else if (same(name, "pc") || same(name, "reserve")) {
        *item = (struct item){.kind = name[0] == 'p' ? ITEM_PC : ITEM_RESERVE};
    } else if (csr && !csr->read_only) {
        *item = (struct item){.kind = ITEM_CSR, .index = (int)csr->number};
    } else if (!parse_register(d->isa, name, item)) {
        fail(d->l.at, "unknown field '%s'", name);
    }
    item->value = read_value(d, name);
    return true;
}

static void read_test(const struct isa *isa, struct stanza *s, struct line l)
{
    struct draft d = {.isa = isa, .s = s, .l = l};
    struct test t = {.line = l.at.line};
    struct item item;
    if (!strstr(l.p, "->"))
        fail(l.at, "a test needs '->'");
    read_fields(&d);
    t.word = encode(&d);
    bool covered = stanza_covers(s, t.word);
    list_each (other, &isa->stanzas)
        if (stanza_excepts(s, other) && stanza_covers(other, t.word))
            covered = false;
    if (!covered)
        fail(l.at, "the test's operands are not an encoding of '%s'", s->name);
    for (d.l = l; !line_accept(&d.l, "->");)
        if (read_item(&d, &item))
            *list_add(&t.before) = item;
    while (!line_end(&d.l))
        if (read_item(&d, &item))
            *list_add(&t.after) = item;
    *list_add(&s->tests) = t;
}

void tests_read(const struct isa *isa, struct stanza *s)
{
    list_each (l, &s->test_lines)
        read_test(isa, s, *l);
}
