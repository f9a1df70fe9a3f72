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

/* Takes "x12" or "f3". Returns false, and takes nothing, if name is none. */
static bool parse_register(const struct isa *isa, const char *name, enum item_kind *kind,
                           int *number)
{
    char class[2] = {name[0], 0};
    const struct reg_class *c = reg_class_find(isa, class);
    char *end;
    if (!c || !c->numbered || !isdigit((unsigned char)name[1]))
        return false;
    *kind = name[0] == 'x' ? ITEM_X : ITEM_F;
    *number = (int)strtol(name + 1, &end, 10);
    return !*end && *number < c->count;
}

/* NV|DZ or RNE: names of `list` in order, or-ed as bits or counted. */
static bool read_names(struct line *l, const char *const list[], int n, bool as_bits,
                       int64_t *value)
{
    struct line trial = *l;
    *value = 0;
    do {
        const char *name = line_try_name(&trial);
        int i = 0;
        while (name && i < n && strcasecmp(name, list[i]) != 0)
            i++;
        if (!name || i == n)
            return false;
        *value = as_bits ? *value | 1 << i : i;
    } while (as_bits && line_accept(&trial, "|"));
    *l = trial;
    return true;
}

static bool read_symbol(struct draft *d, const char *name, int64_t *value)
{
    static const char *const flags[] = {"NX", "UF", "OF", "DZ", "NV"};
    static const char *const modes[] = {"RNE", "RTZ", "RDN", "RUP", "RMM", "", "", "DYN"};
    if (strcmp(name, "fflags") == 0)
        return read_names(&d->l, flags, 5, true, value);
    if (strcmp(name, "frm") == 0 || strcmp(name, "rm") == 0)
        return read_names(&d->l, modes, 8, false, value);
    struct line trial = d->l;
    const char *csr = strcmp(name, "csr") == 0 ? line_try_name(&trial) : NULL;
    if (!csr || !csr_find(d->isa, csr, 0))
        return false;
    *value = csr_find(d->isa, csr, 0)->number;
    d->l = trial;
    return true;
}

/* 1.5, -inf, snan, 0x1p-3; with a trailing f NaN-boxed single precision. */
static const char *read_float(struct draft *d)
{
    const char *text = line_word(&d->l);
    size_t len = strlen(text);
    bool single = len > 1 && text[len - 1] == 'f' && strcmp(text + (text[0] == '-'), "inf") != 0;
    const char *stem = text_printf("%.*s", (int)(len - single), text);
    bool negative = stem[0] == '-', quiet = strcmp(stem + negative, "nan") == 0;
    uint64_t bits;
    if (quiet || strcmp(stem + negative, "snan") == 0) {
        bits = single ? (quiet ? 0x7fc00000u : 0x7f800001u)
                      : (quiet ? UINT64_C(0x7ff8) << 48 : (UINT64_C(0x7ff0) << 48) + 1);
        bits |= (uint64_t)negative << (single ? 31 : 63);
    } else {
        char *end;
        double wide = strtod(stem, &end);
        float narrow = strtof(stem, NULL);
        bits = 0;
        memcpy(&bits, single ? (void *)&narrow : (void *)&wide, single ? 4 : 8);
        if (end == stem || *end)
            fail(d->l.at, "'%s' is no value", text);
    }
    return text_printf("UINT64_C(0x%llx)",
                       (unsigned long long)(single ? bits | UINT64_C(0xffffffff) << 32 : bits));
}

/* A value of state as a C expression. */
static const char *read_value(struct draft *d, const char *name)
{
    int64_t v;
    if (read_symbol(d, name, &v))
        return text_printf("%lld", (long long)v);
    if (line_accept(&d->l, "@"))
        return text_printf("STANZA_SCRATCH + %lld", (long long)line_int(&d->l));
    bool relative = strcmp(name, "pc") == 0 && (*d->l.p == '+' || *d->l.p == '-');
    if (relative || strncmp(d->l.p, "pc+", 3) == 0 || strncmp(d->l.p, "pc-", 3) == 0) {
        line_accept(&d->l, "pc");
        line_accept(&d->l, "+");
        return text_printf("STANZA_CODE + UINT64_C(0x%llx)", (unsigned long long)line_int(&d->l));
    }
    if (line_try_int(&d->l, &v))
        return text_printf("UINT64_C(0x%llx)", (unsigned long long)v);
    return read_float(d);
}

static void name_register(struct draft *d, enum item_kind kind, int number)
{
    d->used[kind == ITEM_F] |= UINT64_C(1) << number;
}

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
        int index = field_find(d->s, name), number;
        enum item_kind kind;
        if (parse_register(d->isa, name, &kind, &number))
            name_register(d, kind, number);
        if (index >= 0 && !operand_is_register(d->s->fields.data[index].op)) {
            if (!read_symbol(d, name, &d->value[index]))
                d->value[index] = line_int(&d->l);
            d->given[index] = true;
            continue;
        }
        const char *value = line_word(&d->l);
        if (index >= 0 && parse_register(d->isa, value, &kind, &number)) {
            if ((kind == ITEM_X) != (d->s->fields.data[index].op->kind == OPERAND_X))
                fail(d->l.at, "operand '%s' cannot name '%s'", name, value);
            d->value[index] = number;
            d->given[index] = true;
            name_register(d, kind, number);
        }
    }
}

/* Gives the register operands that the test left open distinct registers, all within reach of 3-bit
 * fields. */
static void choose_registers(struct draft *d)
{
    for (size_t i = 0; i < d->s->fields.len; i++) {
        const struct operand *op = d->s->fields.data[i].op;
        if (!operand_is_register(op) || d->given[i])
            continue;
        int number = 8;
        while (d->used[op->kind == OPERAND_F] >> number & 1)
            number++;
        d->value[i] = number;
        name_register(d, op->kind == OPERAND_F ? ITEM_F : ITEM_X, number);
    }
}

static uint32_t encode(const struct draft *d)
{
    uint32_t word = d->s->match;
    for (size_t i = 0; i < d->s->fields.len; i++) {
        const struct field *f = &d->s->fields.data[i];
        for (size_t k = 0; k < f->segments.len; k++) {
            const struct segment *seg = &f->segments.data[k];
            uint64_t bits = (uint64_t)(d->value[i] - f->op->bias) >> seg->from;
            word |= (uint32_t)(bits & ((UINT64_C(1) << seg->len) - 1)) << seg->at;
        }
        if (field_value(f, word) != d->value[i])
            fail(d->l.at, "operand '%s' cannot hold that value", f->op->name);
    }
    return word;
}

/* Reads one NAME=VALUE of state. Returns false for a field that is no state. */
static bool read_item(struct draft *d, struct item *item)
{
    static const char *const traps[] = {"illegal",    "breakpoint", "syscall",
                                        "misaligned", "load",       "store"};
    if (line_accept(&d->l, "[")) {
        item->kind = ITEM_MEM;
        item->index = (int)line_int(&d->l);
        line_expect(&d->l, "].");
        item->bits = (int)line_int(&d->l);
        line_expect(&d->l, "=");
        item->value = read_value(d, "");
        if (item->index < 0 || item->index + item->bits / 8 > 256 ||
            (item->bits & (item->bits - 1)))
            fail(d->l.at, "not in the scratch memory");
        return true;
    }
    const char *name = line_name(&d->l);
    line_expect(&d->l, "=");
    int index = field_find(d->s, name), number;
    enum item_kind kind;
    if (index >= 0 && operand_is_register(d->s->fields.data[index].op)) {
        bool x = d->s->fields.data[index].op->kind == OPERAND_X;
        struct line trial = d->l;
        line_end(&trial);
        *item = (struct item){.kind = x ? ITEM_X : ITEM_F, .index = (int)d->value[index]};
        if (isalpha((unsigned char)*trial.p) &&
            parse_register(d->isa, line_word(&trial), &kind, &number)) {
            d->l = trial;
            return false; /* only names the register */
        }
    } else if (index >= 0) {
        line_word(&d->l);
        return false;
    } else if (parse_register(d->isa, name, &kind, &number)) {
        *item = (struct item){.kind = kind, .index = number};
    } else if (strcmp(name, "pc") == 0 || strcmp(name, "reserve") == 0) {
        item->kind = name[0] == 'p' ? ITEM_PC : ITEM_RESERVE;
    } else if (strcmp(name, "trap") == 0) {
        item->kind = ITEM_TRAP;
        int64_t which;
        if (!read_names(&d->l, traps, 6, false, &which))
            fail(d->l.at, "unknown trap '%s'", d->l.p);
        char *value = text_printf("TRAP_%s", traps[which]);
        for (char *p = value; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        item->value = value;
        return true;
    } else {
        const struct csr *csr = csr_find(d->isa, name, 0);
        if (!csr || csr->read_only)
            fail(d->l.at, "unknown field '%s'", name);
        *item = (struct item){.kind = ITEM_CSR, .index = (int)csr->number};
    }
    item->value = read_value(d, name);
    return true;
}

static void read_test(const struct isa *isa, struct stanza *s, struct place at, const char *text)
{
    struct draft d = {.isa = isa, .s = s, .l = {.at = at, .p = text}};
    struct test *t = list_add(&s->tests);
    struct item item;
    if (!strstr(text, "->"))
        fail(at, "a test needs '->'");
    read_fields(&d);
    choose_registers(&d);
    t->at = at;
    t->word = encode(&d);
    bool covered = stanza_covers(s, t->word);
    for (size_t i = 0; i < isa->stanzas.len; i++)
        covered &= !(stanza_excepts(s, isa->stanzas.data[i]) &&
                     stanza_covers(isa->stanzas.data[i], t->word));
    if (!covered)
        fail(at, "the test's operands are not an encoding of '%s'", s->name);
    for (d.l.p = text; !line_accept(&d.l, "->");)
        if (memset(&item, 0, sizeof item), read_item(&d, &item))
            *list_add(&t->before) = item;
    while (!line_end(&d.l))
        if (memset(&item, 0, sizeof item), read_item(&d, &item))
            *list_add(&t->after) = item;
}

void tests_read(const struct isa *isa, struct stanza *s)
{
    for (size_t i = 0; i < s->test_lines.len; i++)
        read_test(isa, s, s->test_lines.data[i].at, s->test_lines.data[i].text);
}
