/* Reads stanzas: an instruction's encoding and its clauses (docs/isa-language.md, section 4). */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

int field_find(const struct stanza *s, const char *name)
{
    for (size_t i = 0; i < s->fields.len; i++)
        if (strcmp(s->fields.data[i].op->name, name) == 0)
            return (int)i;
    return -1;
}

int field_of_kind(const struct stanza *s, enum operand_kind kind)
{
    for (size_t i = 0; i < s->fields.len; i++)
        if (s->fields.data[i].op->kind == kind)
            return (int)i;
    return -1;
}

const struct stanza *stanza_find(const struct isa *isa, const char *name)
{
    for (size_t i = 0; i < isa->stanzas.len; i++)
        if (strcmp(isa->stanzas.data[i]->name, name) == 0)
            return isa->stanzas.data[i];
    return NULL;
}

/* ---- encoding -----------------------------------------------------------------------------------
 */

/* The line's pieces, those of a format with its slots filled; the extension's name is the last
 * word. */
static void collect_pieces(const struct isa *isa, struct stanza *s, struct line *l,
                           struct format *pieces)
{
    LIST(const char *) words = {0};
    while (!line_end(l))
        *list_add(&words) = line_word(l);
    if (words.len < 2)
        fail(l->at, "encoding and extension expected after '%s'", s->name);
    s->extension = words.data[--words.len];
    const struct format *format = NULL;
    for (size_t i = 0; i < isa->formats.len; i++)
        if (strcmp(isa->formats.data[i].name, words.data[0]) == 0)
            format = &isa->formats.data[i];
    size_t used = format ? 1 : 0;
    for (size_t i = 0; format && i < format->pieces.len; i++) {
        const char *piece = format->pieces.data[i];
        if (strcmp(piece, "-") == 0) {
            if (used == words.len)
                fail(l->at, "format %s wants more pieces", format->name);
            piece = words.data[used++];
        }
        *list_add(&pieces->pieces) = piece;
    }
    if (format && used != words.len)
        fail(l->at, "format %s wants fewer pieces than given: '%s'", format->name,
             words.data[used]);
    for (; used < words.len; used++)
        *list_add(&pieces->pieces) = words.data[used];
}

static struct field *add_field(const struct isa *isa, struct stanza *s, const char *name,
                               bool again)
{
    int index = field_find(s, name);
    if (index >= 0) {
        if (!again)
            fail(s->at, "operand '%s' is encoded twice", name);
        return &s->fields.data[index];
    }
    for (size_t i = 0; i < isa->operands.len; i++)
        if (strcmp(isa->operands.data[i]->name, name) == 0) {
            struct field *f = list_add(&s->fields);
            *f = (struct field){.op = isa->operands.data[i], .width = isa->operands.data[i]->width};
            return f;
        }
    fail(s->at, "unknown field '%s' in the encoding", name);
}

/* `[12|10:5]` of an immediate: appends its segments (their place in the word is set later). Returns
 * the bits. */
static int read_bit_list(struct stanza *s, struct field *f, struct line *l)
{
    int total = 0;
    do {
        int high = (int)line_int(l), low = high;
        if (line_accept(l, ":"))
            low = (int)line_int(l);
        if (high < low || low < 0 || high > 31)
            fail(s->at, "bits %d:%d of '%s' are no range", high, low, f->op->name);
        for (size_t i = 0; i < f->segments.len; i++) {
            const struct segment *seg = &f->segments.data[i];
            if (low < seg->from + seg->len && seg->from <= high)
                fail(s->at, "bits of '%s' are given twice", f->op->name);
        }
        *list_add(&f->segments) = (struct segment){.from = low, .at = -1, .len = high - low + 1};
        if (f->width <= high)
            f->width = high + 1;
        total += high - low + 1;
    } while (line_accept(l, "|"));
    line_expect(l, "]");
    return total;
}

/* Reads one piece; *used bits of the word are taken from the top, `total` is unknown yet, so places
 * count from the top. */
static void read_piece(const struct isa *isa, struct stanza *s, const char *piece, int *used)
{
    if (strspn(piece, "01.") == strlen(piece)) {
        for (const char *p = piece; *p; p++) {
            s->mask = s->mask << 1 | (*p != '.');
            s->match = s->match << 1 | (*p == '1');
        }
        *used += (int)strlen(piece);
        return;
    }
    struct line l = {.at = s->at, .p = piece};
    const char *name = line_name(&l);
    bool listed = line_accept(&l, "[");
    struct field *f = add_field(isa, s, name, listed);
    int bits = f->op->width;
    if (listed) {
        if (bits)
            fail(s->at, "operand '%s' has its width from its declaration", name);
        bits = read_bit_list(s, f, &l);
    } else if (bits) {
        *list_add(&f->segments) = (struct segment){.from = 0, .at = -1, .len = bits};
    } else {
        fail(s->at, "immediate '%s' without its bits", name);
    }
    if (!line_end(&l))
        fail(s->at, "unknown field '%s' in the encoding", piece);
    for (size_t i = 0; i < f->segments.len; i++)
        if (f->segments.data[i].at < 0) {
            *used += f->segments.data[i].len;
            f->segments.data[i].at = *used; /* from the top, end; turned round below */
        }
    s->mask = bits < 32 ? s->mask << bits : 0;
    s->match = bits < 32 ? s->match << bits : 0;
}

void stanza_read_head(struct isa *isa, const char *name, struct line *l)
{
    struct stanza *s = make(sizeof *s);
    s->name = name;
    s->at = l->at;
    s->id = c_name(name);
    s->mnemonic = text_printf("%.*s", (int)strcspn(name, "'"), name);
    if (stanza_find(isa, name))
        fail(l->at, "stanza '%s' is there already", name);
    struct format all = {0};
    collect_pieces(isa, s, l, &all);
    int used = 0;
    s->encoding = "";
    for (size_t i = 0; i < all.pieces.len && used <= 32; i++) {
        read_piece(isa, s, all.pieces.data[i], &used);
        s->encoding = text_printf("%s%s%s", s->encoding, i ? " " : "", all.pieces.data[i]);
    }
    if (used != 16 && used != 32)
        fail(s->at, "the encoding of '%s' has %s%d bits, not 16 or 32", name,
             used > 32 ? "at least " : "", used);
    s->bits = used;
    for (size_t i = 0; i < s->fields.len; i++)
        for (size_t k = 0; k < s->fields.data[i].segments.len; k++)
            s->fields.data[i].segments.data[k].at = used - s->fields.data[i].segments.data[k].at;
    size_t e = 0;
    while (e < isa->extensions.len && strcmp(isa->extensions.data[e].name, s->extension) != 0)
        e++;
    if (e == isa->extensions.len)
        fail(s->at, "unknown extension '%s'", s->extension);
    *list_add(&isa->stanzas) = s;
}

/* ---- clauses ------------------------------------------------------------------------------------
 */

static int read_operand_name(struct stanza *s, struct line *l)
{
    const char *name = line_name(l);
    int index = field_find(s, name);
    if (index < 0)
        fail(l->at, "operand '%s' is used but not encoded", name);
    s->fields.data[index].used = true;
    return index;
}

static void read_conds(struct stanza *s, cond_list *conds, struct line *l)
{
    do {
        struct cond *c = list_add(conds);
        *c = (struct cond){.at = l->at, .field = read_operand_name(s, l), .other = -1};
        c->equal = line_accept(l, "==");
        if (!c->equal)
            line_expect(l, "!=");
        if (!line_try_int(l, &c->value))
            c->other = read_operand_name(s, l);
    } while (line_accept(l, ","));
}

static void read_expands(struct stanza *s, struct line *l)
{
    s->expands = line_name(l);
    s->expands_at = l->at;
    while (!line_end(l)) {
        struct binding *b = list_add(&s->bindings);
        *b = (struct binding){.at = l->at, .name = line_name(l), .field = -1};
        line_expect(l, "=");
        if (!line_try_int(l, &b->value))
            b->field = read_operand_name(s, l);
    }
}

void stanza_read_clause(struct isa *isa, struct stanza *s, struct line *l)
{
    const char *clause = line_name(l);
    if (strcmp(clause, "asm") == 0 && !s->assembly) {
        s->assembly = line_string(l);
    } else if (strcmp(clause, "where") == 0) {
        read_conds(s, &s->where, l);
    } else if (strcmp(clause, "except") == 0) {
        do
            *list_add(&s->except) = line_name(l);
        while (line_accept(l, ","));
    } else if (strcmp(clause, "reserved") == 0) {
        read_conds(s, list_add(&s->reserved), l);
    } else if (strcmp(clause, "hint") == 0) {
        read_conds(s, list_add(&s->hint), l);
    } else if (strcmp(clause, "do") == 0) {
        stmt_read(isa, s, &s->body, l);
    } else if (strcmp(clause, "expands") == 0 && !s->expands) {
        read_expands(s, l);
    } else if (strcmp(clause, "test") == 0) {
        /* Read when all is known: tests name registers and CSRs. */
        line_end(l);
        *list_add(&s->test_lines) = (typeof(*s->test_lines.data)){l->at, text_printf("%s", l->p)};
        l->p += strlen(l->p);
    } else if (strcmp(clause, "doc") == 0) {
        const char *text = line_string(l);
        s->doc = s->doc ? text_printf("%s %s", s->doc, text) : text;
    } else {
        fail(l->at, "unknown or repeated clause '%s'", clause);
    }
}
