/* Reads stanzas: an instruction's encoding and its clauses (docs/isa-language.md, section 4). */
#include "isagen.h"

#include <string.h>

struct field *field_find(const struct stanza *s, const char *name)
{
    list_each (f, &s->fields)
        if (same(f->op.name, name))
            return f;
    return NULL;
}

struct field *field_of_kind(const struct stanza *s, enum operand_kind kind)
{
    list_each (f, &s->fields)
        if (f->op.kind == kind)
            return f;
    return NULL;
}

int line_field(struct stanza *s, struct line *l)
{
    const char *name = line_name(l);
    struct field *f = s ? field_find(s, name) : NULL;
    if (!f)
        fail(l->at, "operand '%s' is used but not encoded", name);
    f->used = true;
    return (int)(f - s->fields.data);
}

bool is_register(const struct field *f)
{
    return f->op.kind == OPERAND_X || f->op.kind == OPERAND_F;
}

char reg_letter(const struct field *f)
{
    return f->op.kind == OPERAND_X ? 'x' : 'f';
}

/* ---- encoding -------------------------------------------------------------------------------- */

typedef LIST(const char *) word_list;

/* The line's pieces, those of a format with its slots filled; the extension's name is the last
 * word. */
static word_list collect_pieces(const struct isa *isa, struct stanza *s, struct line *l)
{
    word_list words = {0}, pieces = {0};
    while (!line_end(l))
        *list_add(&words) = line_word(l);
    if (words.len < 2)
        fail(l->at, "encoding and extension expected after '%s'", s->name);
    s->extension = words.data[--words.len];
    if (!list_find(&isa->extensions, s->extension))
        fail(s->at, "unknown extension '%s'", s->extension);
    const struct format *format = list_find(&isa->formats, words.data[0]);
    if (!format)
        return words;
    size_t used = 1;
    list_each (piece, &format->pieces) {
        bool slot = same(*piece, "-");
        if (slot && used == words.len)
            fail(l->at, "format %s wants more pieces", format->name);
        *list_add(&pieces) = slot ? words.data[used++] : *piece;
    }
    if (used != words.len)
        fail(l->at, "format %s wants fewer pieces than given: '%s'", format->name,
             words.data[used]);
    return pieces;
}

static struct field *add_field(const struct isa *isa, struct stanza *s, const char *name,
                               bool again)
{
    struct field *f = field_find(s, name);
    if (f && !again)
        fail(s->at, "operand '%s' is encoded twice", name);
    const struct operand *op = list_find(&isa->operands, name);
    if (!op)
        fail(s->at, "unknown field '%s' in the encoding", name);
    if (!f) {
        f = list_add(&s->fields);
        *f = (struct field){.op = *op, .width = op->width};
    }
    return f;
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
            fail(s->at, "bits %d:%d of '%s' are no range", high, low, f->op.name);
        list_each (seg, &f->segments) {
            if (low < seg->from + seg->len && seg->from <= high)
                fail(s->at, "bits of '%s' are given twice", f->op.name);
        }
        *list_add(&f->segments) = (struct segment){.from = low, .at = -1, .len = high - low + 1};
        if (f->width <= high)
            f->width = high + 1;
        total += high - low + 1;
    } while (line_accept(l, "|"));
    line_expect(l, "]");
    return total;
}

/* Reads one piece. *used bits of the word are taken from the top; how many there will be is not
 * known yet, so that places count from the top until stanza_read_head turns them round. */
static void read_piece(const struct isa *isa, struct stanza *s, const char *piece, int *used)
{
    int bits = (int)strlen(piece);
    if (strspn(piece, "01.") == strlen(piece)) {
        for (const char *p = piece; *p; p++) {
            s->mask = s->mask << 1 | (*p != '.');
            s->match = s->match << 1 | (*p == '1');
        }
        *used += bits;
        return;
    }
    struct line l = {.at = s->at, .p = piece};
    const char *name = line_name(&l);
    bool listed = line_accept(&l, "[");
    struct field *f = add_field(isa, s, name, listed);
    bits = f->op.width;
    if (listed && bits)
        fail(s->at, "operand '%s' has its width from its declaration", name);
    if (!listed && !bits)
        fail(s->at, "immediate '%s' without its bits", name);
    if (listed)
        bits = read_bit_list(s, f, &l);
    else
        *list_add(&f->segments) = (struct segment){.from = 0, .at = -1, .len = bits};
    line_expect_end(&l);
    list_each (seg, &f->segments)
        if (seg->at < 0)
            seg->at = *used += seg->len;
    s->mask = bits < 32 ? s->mask << bits : 0;
    s->match = bits < 32 ? s->match << bits : 0;
}

void stanza_read_head(struct isa *isa, const char *name, struct line *l)
{
    struct stanza s = {.name = name, .at = l->at, .id = c_name(name), .encoding = ""};
    s.mnemonic = text_printf("%.*s", (int)strcspn(name, "'"), name);
    if (list_find(&isa->stanzas, name))
        fail(l->at, "stanza '%s' is there already", name);
    word_list pieces = collect_pieces(isa, &s, l);
    list_each (piece, &pieces) {
        read_piece(isa, &s, *piece, &s.bits);
        s.encoding = text_printf("%s%s%s", s.encoding, *s.encoding ? " " : "", *piece);
        if (s.bits > 32)
            break;
    }
    if (s.bits != 16 && s.bits != 32)
        fail(s.at, "the encoding of '%s' has %s%d bits, not 16 or 32", name,
             s.bits > 32 ? "at least " : "", s.bits);
    list_each (f, &s.fields)
        list_each (seg, &f->segments)
            seg->at = s.bits - seg->at;
    *list_add(&isa->stanzas) = s;
}

/* ---- clauses --------------------------------------------------------------------------------- */

static void read_conds(struct stanza *s, cond_list *conds, struct line *l)
{
    do {
        struct cond *c = list_add(conds);
        *c = (struct cond){.at = l->at, .field = line_field(s, l), .other = -1};
        c->equal = line_accept(l, "==");
        if (!c->equal)
            line_expect(l, "!=");
        if (!line_try_int(l, &c->value))
            c->other = line_field(s, l);
    } while (line_accept(l, ","));
}

static void read_expands(struct stanza *s, struct line *l)
{
    s->expands = line_name(l);
    s->expands_at = l->at;
    while (!line_end(l)) {
        struct binding *b = list_add(&s->bindings);
        *b = (struct binding){.name = line_name(l), .field = -1};
        line_expect(l, "=");
        if (!line_try_int(l, &b->value))
            b->field = line_field(s, l);
    }
}

void stanza_read_clause(struct isa *isa, struct stanza *s, struct line *l)
{
    const char *clause = line_name(l);
    if (same(clause, "asm") && !s->assembly) {
        s->assembly = line_string(l);
        s->assembly_at = l->at;
    } else if (same(clause, "where")) {
        read_conds(s, &s->where, l);
    } else if (same(clause, "except")) {
        do
            *list_add(&s->except) = line_name(l);
        while (line_accept(l, ","));
    } else if (same(clause, "reserved")) {
        read_conds(s, list_add(&s->reserved), l);
    } else if (same(clause, "hint")) {
        read_conds(s, list_add(&s->hint), l);
    } else if (same(clause, "do")) {
        stmt_read(isa, s, &s->body, l);
    } else if (same(clause, "expands") && !s->expands) {
        read_expands(s, l);
    } else if (same(clause, "test")) {
        /* Read when all is known: tests name registers and CSRs. */
        *list_add(&s->test_lines) = (struct line){.at = l->at, .p = line_rest(l)};
    } else if (same(clause, "doc")) {
        const char *text = line_string(l);
        s->doc = s->doc ? text_printf("%s %s", s->doc, text) : text;
    } else {
        fail(l->at, "unknown or repeated clause '%s'", clause);
    }
}
