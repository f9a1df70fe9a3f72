/* Judges the whole table (docs/isa-language.md, section 4), finds what expansions expand to, and
 * gives every operand its slot in the instruction record.
 *
 * Overlap is decided exactly: whether some word satisfies the masks and all `where` conditions of
 * two stanzas. Bits of the word are joined into classes (equal to each other, to 0 or to 1); an
 * inequality is tried by each bit it can differ in. */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

/* ---- values of fields ---------------------------------------------------------------------------
 */

enum { BIT_ZERO = 32, BIT_ONE = 33, N_BITS = 34, VALUE_BITS = 64 };

/* Which bit of the word is each bit of a field's value, sign extension and bias included. */
static void value_bits(const struct field *f, int bits[VALUE_BITS])
{
    for (int i = 0; i < VALUE_BITS; i++)
        bits[i] = i < 31 && f->op->bias >> i & 1 ? BIT_ONE : BIT_ZERO;
    for (size_t k = 0; k < f->segments.len; k++)
        for (int i = 0; i < f->segments.data[k].len; i++)
            bits[f->segments.data[k].from + i] = f->segments.data[k].at + i;
    for (int i = f->width; f->op->kind == OPERAND_SIGNED && i < VALUE_BITS; i++)
        bits[i] = bits[f->width - 1];
}

int64_t field_value(const struct field *f, uint32_t word)
{
    int bits[VALUE_BITS];
    uint64_t value = 0;
    value_bits(f, bits);
    for (int i = 0; i < VALUE_BITS; i++)
        value |= (uint64_t)(bits[i] == BIT_ONE || (bits[i] < 32 && word >> bits[i] & 1)) << i;
    return (int64_t)value;
}

bool stanza_covers(const struct stanza *s, uint32_t word)
{
    if ((word & s->mask) != s->match)
        return false;
    for (size_t i = 0; i < s->where.len; i++) {
        const struct cond *c = &s->where.data[i];
        int64_t a = field_value(&s->fields.data[c->field], word);
        int64_t b = c->other < 0 ? c->value : field_value(&s->fields.data[c->other], word);
        if ((a == b) != c->equal)
            return false;
    }
    return true;
}

bool stanza_excepts(const struct stanza *s, const struct stanza *other)
{
    for (size_t i = 0; i < s->except.len; i++)
        if (strcmp(s->except.data[i], other->name) == 0)
            return true;
    return false;
}

/* ---- overlap ------------------------------------------------------------------------------------
 */

/* leader[b]: a bit that b is equal to; a class with BIT_ZERO or BIT_ONE is led by that. */
struct bit_classes {
    int leader[N_BITS];
};

static int find_leader(const struct bit_classes *c, int bit)
{
    while (c->leader[bit] != bit)
        bit = c->leader[bit];
    return bit;
}

/* False if that would make 0 equal to 1. */
static bool make_equal(struct bit_classes *c, int a, int b)
{
    a = find_leader(c, a);
    b = find_leader(c, b);
    if (a > b)
        c->leader[b] = a;
    else
        c->leader[a] = b;
    return find_leader(c, BIT_ZERO) == BIT_ZERO;
}

/* The bits of both sides of a condition. */
static void cond_bits(const struct stanza *s, const struct cond *c, int a[VALUE_BITS],
                      int b[VALUE_BITS])
{
    value_bits(&s->fields.data[c->field], a);
    if (c->other >= 0)
        value_bits(&s->fields.data[c->other], b);
    for (int i = 0; c->other < 0 && i < VALUE_BITS; i++)
        b[i] = c->value >> i & 1 ? BIT_ONE : BIT_ZERO;
}

static bool require_fixed(struct bit_classes *c, const struct stanza *s)
{
    for (int i = 0; i < 32; i++)
        if (s->mask >> i & 1 && !make_equal(c, i, s->match >> i & 1 ? BIT_ONE : BIT_ZERO))
            return false;
    for (size_t k = 0; k < s->where.len; k++) {
        int a[VALUE_BITS], b[VALUE_BITS];
        cond_bits(s, &s->where.data[k], a, b);
        for (int i = 0; s->where.data[k].equal && i < VALUE_BITS; i++)
            if (!make_equal(c, a[i], b[i]))
                return false;
    }
    return true;
}

/* Bits a and b differ: both known, or one becomes known. Two unknown bits are tried both ways by
 * the caller. */
static bool satisfiable(struct bit_classes c, const struct stanza *const pair[2], int stanza,
                        size_t cond)
{
    while (stanza < 2 &&
           (cond == pair[stanza]->where.len || pair[stanza]->where.data[cond].equal)) {
        if (cond == pair[stanza]->where.len) {
            stanza++;
            cond = 0;
        } else {
            cond++;
        }
    }
    if (stanza == 2)
        return true;
    int a[VALUE_BITS], b[VALUE_BITS];
    cond_bits(pair[stanza], &pair[stanza]->where.data[cond], a, b);
    for (int i = 0; i < VALUE_BITS; i++)
        for (int way = 0; way < 2; way++) {
            struct bit_classes trial = c;
            if (make_equal(&trial, a[i], way ? BIT_ONE : BIT_ZERO) &&
                make_equal(&trial, b[i], way ? BIT_ZERO : BIT_ONE) &&
                satisfiable(trial, pair, stanza, cond + 1))
                return true;
        }
    return false;
}

static bool stanzas_overlap(const struct stanza *a, const struct stanza *b)
{
    const struct stanza *const pair[2] = {a, b};
    struct bit_classes c;
    for (int i = 0; i < N_BITS; i++)
        c.leader[i] = i;
    return require_fixed(&c, a) && require_fixed(&c, b) && satisfiable(c, pair, 0, 0);
}

static void check_overlaps(const struct isa *isa)
{
    for (size_t i = 0; i < isa->stanzas.len; i++) {
        const struct stanza *a = isa->stanzas.data[i];
        for (size_t k = 0; k < a->except.len; k++)
            if (!stanza_find(isa, a->except.data[k]))
                fail(a->at, "'%s' excepts the unknown stanza '%s'", a->name, a->except.data[k]);
        for (size_t k = 0; k < i; k++) {
            const struct stanza *b = isa->stanzas.data[k];
            if (!stanza_excepts(a, b) && !stanza_excepts(b, a) && stanzas_overlap(a, b))
                fail(a->at, "the encoding of '%s' overlaps that of '%s' (%s:%d)", a->name, b->name,
                     b->at.file, b->at.line);
        }
    }
}

/* ---- effects before traps -----------------------------------------------------------------------
 */

static void visit_effect(void *arg, struct expr *e)
{
    bool *changed = arg;
    if (e->kind != EX_UOP)
        return;
    enum uop_class class = e->uop->class;
    bool traps = class == CL_LOAD || class == CL_STORE || class == CL_ATOMIC || class == CL_CHECK;
    bool leaves = class == CL_EXIT && e->n_args == 0;
    if ((traps || leaves) && *changed)
        fail(e->at, "µop '%s' may trap after the guest's state has been changed", e->uop->name);
    if (class == CL_STORE || class == CL_ATOMIC || class == CL_FLAGS ||
        (class == CL_STATE && e->uop->result == TY_VOID && e->uop->n_args > 0))
        *changed = true;
}

static void check_effects(const struct stanza *s)
{
    bool changed = false;
    for (size_t i = 0; i < s->body.len; i++) {
        const struct stmt *st = &s->body.data[i];
        if (st->e)
            expr_walk(st->e, visit_effect, &changed);
        if (st->kind == ST_REG || st->kind == ST_CSR_WRITE)
            changed = true;
    }
}

static void visit_exit(void *arg, struct expr *e)
{
    if (e->kind == EX_UOP && e->uop->class == CL_EXIT)
        *(bool *)arg = true;
}

bool stanza_ends_block(const struct stanza *s)
{
    bool ends = false;
    for (size_t i = 0; i < s->body.len; i++) {
        ends |= s->body.data[i].kind == ST_PC;
        if (s->body.data[i].e)
            expr_walk(s->body.data[i].e, visit_exit, &ends);
    }
    return ends;
}

/* ---- slots of the instruction record ------------------------------------------------------------
 */

static const char *const reg_slots[] = {"rs1", "rs2", "rs3"};

/* A free one of rs1..rs3: the one with the digit in the operand's name if it can be. */
static const char *take_slot(const struct stanza *s, const struct field *f, bool taken[3])
{
    const char *digit = strpbrk(f->op->name, "123");
    int k = digit ? *digit - '1' : 0;
    for (int tries = 0; tries < 3 && taken[k]; tries++)
        k = (k + 1) % 3;
    if (taken[k])
        fail(s->at, "'%s' has more operands than the instruction record", s->name);
    taken[k] = true;
    return reg_slots[k];
}

static void assign_slots(struct stanza *s)
{
    bool taken[3] = {false}, imm_taken = field_of_kind(s, OPERAND_CSR) >= 0, rd_taken = false;
    for (size_t i = 0; i < s->fields.len; i++) {
        struct field *f = &s->fields.data[i];
        enum operand_kind kind = f->op->kind;
        bool immediate = kind == OPERAND_SIGNED || kind == OPERAND_UNSIGNED;
        if (f->written) {
            if (rd_taken)
                fail(s->at, "'%s' writes more than one register", s->name);
            rd_taken = true;
            f->write_slot = "rd";
        }
        if (kind == OPERAND_CSR) {
            f->slot = "imm";
        } else if (kind == OPERAND_RM || kind == OPERAND_ORDER) {
            f->slot = "rm";
        } else if (!f->read) {
            continue;
        } else if (immediate && !imm_taken) {
            f->slot = "imm";
            imm_taken = true;
        } else {
            if (immediate && (kind == OPERAND_SIGNED || f->width > 8))
                fail(f->op->at, "'%s' does not fit into the instruction record", f->op->name);
            f->slot = take_slot(s, f, taken);
        }
    }
}

/* ---- single stanzas -----------------------------------------------------------------------------
 */

static const struct binding *find_binding(const struct stanza *s, const char *name)
{
    for (size_t i = 0; i < s->bindings.len; i++)
        if (strcmp(s->bindings.data[i].name, name) == 0)
            return &s->bindings.data[i];
    return NULL;
}

static void check_expansion(const struct isa *isa, struct stanza *s)
{
    const struct stanza *to = stanza_find(isa, s->expands);
    if (!to || to->body.len == 0)
        fail(s->expands_at, "'%s' is no instruction with 'do'", s->expands);
    s->expansion = to;
    for (size_t i = 0; i < to->fields.len; i++)
        if (!find_binding(s, to->fields.data[i].op->name))
            fail(s->expands_at, "the expansion misses operand '%s' of '%s'",
                 to->fields.data[i].op->name, to->name);
    for (size_t i = 0; i < s->bindings.len; i++) {
        const struct binding *b = &s->bindings.data[i];
        int target = field_find(to, b->name);
        if (target < 0 || find_binding(s, b->name) != b)
            fail(b->at, "'%s' has no operand '%s', or it is given twice", to->name, b->name);
        enum operand_kind want = to->fields.data[target].op->kind;
        enum operand_kind got = b->field < 0 ? want : s->fields.data[b->field].op->kind;
        bool both_immediates = (want == OPERAND_SIGNED || want == OPERAND_UNSIGNED) &&
                               (got == OPERAND_SIGNED || got == OPERAND_UNSIGNED);
        if (got != want && !both_immediates)
            fail(b->at, "operand '%s' of '%s' is of another kind", b->name, to->name);
    }
}

/* The template's names count as uses. */
static void mark_template(struct stanza *s)
{
    for (struct line l = {.at = s->at, .p = s->assembly}; !line_end(&l);) {
        const char *name = line_try_name(&l);
        int index = name ? field_find(s, name) : -1;
        if (index >= 0)
            s->fields.data[index].used = true;
        else if (!name)
            l.p++;
    }
}

static void check_stanza(const struct isa *isa, struct stanza *s)
{
    if (!s->assembly)
        fail(s->at, "'%s' has no asm", s->name);
    if (s->test_lines.len == 0)
        fail(s->at, "'%s' has no test", s->name);
    if ((s->body.len == 0) == !s->expands)
        fail(s->at, s->expands ? "'%s' has both do and expands" : "'%s' has no do", s->name);
    mark_template(s);
    for (size_t i = 0; i < s->fields.len; i++) {
        const struct field *f = &s->fields.data[i];
        const char *class = f->op->kind == OPERAND_X ? "x" : "f";
        if (!f->used && f->op->kind != OPERAND_ORDER)
            fail(s->at, "operand '%s' is encoded but never used", f->op->name);
        const struct reg_class *c = reg_class_find(isa, class);
        if (operand_is_register(f->op) && (!c || c->count < f->op->bias + (1 << f->op->width)))
            fail(f->op->at, "class %s has not that many registers", class);
    }
    check_effects(s);
    assign_slots(s);
}

void isa_check(struct isa *isa)
{
    for (size_t i = 0; i < isa->csrs.len; i++) {
        const struct csr *c = &isa->csrs.data[i];
        if (!c->read || (c->write.len == 0) != c->read_only)
            fail(c->at, "CSR '%s' needs read, and write unless it is ro", c->name);
    }
    for (size_t i = 0; i < isa->stanzas.len; i++)
        check_stanza(isa, isa->stanzas.data[i]);
    for (size_t i = 0; i < isa->stanzas.len; i++)
        if (isa->stanzas.data[i]->expands)
            check_expansion(isa, isa->stanzas.data[i]);
    check_overlaps(isa);
    for (size_t i = 0; i < isa->stanzas.len; i++)
        tests_read(isa, isa->stanzas.data[i]);
}
