/* Judges the whole table (docs/isa-language.md, section 4), finds what expansions expand to, and
 * gives every operand its slot in the instruction record.
 *
 * Overlap is decided exactly: whether some word satisfies the masks and all `where` conditions of
 * two stanzas. Bits of the word are joined into classes (equal to each other, to 0 or to 1); an
 * inequality is tried by each bit it can differ in. */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

/* ---- values of fields ------------------------------------------------------------------------ */

enum { BIT_ZERO = 32, BIT_ONE = 33, N_BITS = 34, VALUE_BITS = 64 };

/* Which bit of the word is each bit of a field's value, sign extension and bias included. */
static void value_bits(const struct field *f, int bits[VALUE_BITS])
{
    for (int i = 0; i < VALUE_BITS; i++)
        bits[i] = i < 31 && f->op.bias >> i & 1 ? BIT_ONE : BIT_ZERO;
    list_each (seg, &f->segments)
        for (int i = 0; i < seg->len; i++)
            bits[seg->from + i] = seg->at + i;
    for (int i = f->width; f->op.kind == OPERAND_SIGNED && i < VALUE_BITS; i++)
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
    bool covers = (word & s->mask) == s->match;
    list_each (c, &s->where) {
        int64_t a = field_value(&s->fields.data[c->field], word);
        int64_t b = c->other < 0 ? c->value : field_value(&s->fields.data[c->other], word);
        covers &= (a == b) == c->equal;
    }
    return covers;
}

bool stanza_excepts(const struct stanza *s, const struct stanza *other)
{
    list_each (name, &s->except)
        if (same(*name, other->name))
            return true;
    return false;
}

/* ---- overlap --------------------------------------------------------------------------------- */

/* leader[b]: a bit that b is equal to; a class with BIT_ZERO or BIT_ONE is led by that. */
struct bit_classes {
    int leader[N_BITS];
};

struct inequality {
    const struct stanza *s;
    const struct cond *cond;
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
    c->leader[a > b ? b : a] = a > b ? a : b;
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
    bool possible = true;
    for (int i = 0; i < 32; i++)
        if (s->mask >> i & 1)
            possible &= make_equal(c, i, s->match >> i & 1 ? BIT_ONE : BIT_ZERO);
    list_each (cond, &s->where) {
        int a[VALUE_BITS], b[VALUE_BITS];
        cond_bits(s, cond, a, b);
        for (int i = 0; possible && cond->equal && i < VALUE_BITS; i++)
            possible = make_equal(c, a[i], b[i]);
    }
    return possible;
}

/* Can the n inequalities hold too? Each must differ in some bit, one way or the other. */
static bool satisfiable(struct bit_classes c, const struct inequality *rest, size_t n)
{
    if (n == 0)
        return true;
    int a[VALUE_BITS], b[VALUE_BITS];
    cond_bits(rest->s, rest->cond, a, b);
    for (int i = 0; i < 2 * VALUE_BITS; i++) {
        struct bit_classes trial = c;
        if (make_equal(&trial, a[i / 2], BIT_ZERO + i % 2) &&
            make_equal(&trial, b[i / 2], BIT_ONE - i % 2) && satisfiable(trial, rest + 1, n - 1))
            return true;
    }
    return false;
}

static struct bit_classes unrelated_bits(void)
{
    struct bit_classes c;
    for (int i = 0; i < N_BITS; i++)
        c.leader[i] = i;
    return c;
}

static bool stanzas_overlap(const struct stanza *a, const struct stanza *b)
{
    struct bit_classes c = unrelated_bits();
    LIST(struct inequality) rest = {0};
    if (!require_fixed(&c, a) || !require_fixed(&c, b))
        return false;
    for (const struct stanza *s = a; s; s = s == a ? b : NULL)
        list_each (cond, &s->where)
            if (!cond->equal)
                *list_add(&rest) = (struct inequality){s, cond};
    return satisfiable(c, rest.data, rest.len);
}

static void check_overlaps(const struct isa *isa)
{
    list_each (a, &isa->stanzas) {
        list_each (name, &a->except)
            if (!list_find(&isa->stanzas, *name))
                fail(a->at, "'%s' excepts the unknown stanza '%s'", a->name, *name);
        for (const struct stanza *b = isa->stanzas.data; b < a; b++)
            if (!stanza_excepts(a, b) && !stanza_excepts(b, a) && stanzas_overlap(a, b))
                fail(a->at, "the encoding of '%s' overlaps that of '%s' (%s:%d)", a->name, b->name,
                     b->at.file, b->at.line);
    }
}

/* ---- effects before traps -------------------------------------------------------------------- */

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
    list_each (st, &s->body) {
        const stmt_list one = {.data = st, .len = 1};
        body_walk(&one, visit_effect, &changed);
        changed |= st->kind == ST_REG || st->kind == ST_CSR_WRITE;
    }
}

static void visit_exit(void *arg, struct expr *e)
{
    *(bool *)arg |= e->kind == EX_UOP && e->uop->class == CL_EXIT;
}

bool stanza_ends_block(const struct stanza *s)
{
    bool ends = false;
    list_each (st, &s->body)
        ends |= st->kind == ST_PC;
    body_walk(&s->body, visit_exit, &ends);
    return ends;
}

/* ---- slots of the instruction record --------------------------------------------------------- */

static bool is_immediate(const struct field *f)
{
    return f->op.kind == OPERAND_SIGNED || f->op.kind == OPERAND_UNSIGNED;
}

/* A free one of rs1..rs3: the one with the digit in the operand's name if it can be. */
static const char *take_slot(const struct stanza *s, const struct field *f, bool taken[3])
{
    static const char *const slots[] = {"rs1", "rs2", "rs3"};
    const char *digit = strpbrk(f->op.name, "123");
    int k = digit ? *digit - '1' : 0;
    for (int tries = 0; tries < 3 && taken[k]; tries++)
        k = (k + 1) % 3;
    if (taken[k])
        fail(s->at, "'%s' has more operands than the instruction record", s->name);
    taken[k] = true;
    return slots[k];
}

static void assign_slots(struct stanza *s)
{
    bool taken[3] = {false}, imm_taken = field_of_kind(s, OPERAND_CSR), rd_taken = false;
    list_each (f, &s->fields) {
        enum operand_kind kind = f->op.kind;
        if (f->written && rd_taken)
            fail(s->at, "'%s' writes more than one register", s->name);
        rd_taken |= f->written;
        f->write_slot = f->written ? "rd" : NULL;
        if (kind == OPERAND_CSR) {
            f->slot = "imm";
        } else if (kind == OPERAND_RM || kind == OPERAND_ORDER) {
            f->slot = "rm";
        } else if (f->read && is_immediate(f) && !imm_taken) {
            f->slot = "imm";
            imm_taken = true;
        } else if (f->read) {
            if (is_immediate(f) && (kind == OPERAND_SIGNED || f->width > 8))
                fail(f->op.at, "'%s' does not fit into the instruction record", f->op.name);
            f->slot = take_slot(s, f, taken);
        }
    }
}

/* ---- single stanzas -------------------------------------------------------------------------- */

static void check_expansion(const struct isa *isa, struct stanza *s)
{
    const struct stanza *to = list_find(&isa->stanzas, s->expands);
    if (!to || to->body.len == 0)
        fail(s->expands_at, "'%s' is no instruction with 'do'", s->expands);
    s->expansion = to;
    list_each (f, &to->fields)
        if (!list_find(&s->bindings, f->op.name))
            fail(s->expands_at, "the expansion misses operand '%s' of '%s'", f->op.name, to->name);
    list_each (b, &s->bindings) {
        const struct field *want = field_find(to, b->name);
        if (!want || list_find(&s->bindings, b->name) != b)
            fail(s->expands_at, "'%s' has no operand '%s', or it is given twice", to->name,
                 b->name);
        const struct field *got = b->field < 0 ? want : &s->fields.data[b->field];
        if (got->op.kind != want->op.kind && !(is_immediate(got) && is_immediate(want)))
            fail(s->expands_at, "operand '%s' of '%s' is of another kind", b->name, to->name);
    }
}

/* The lowest bits of an instruction tell its length (unprivileged manual, "Expanded
 * Instruction-Length Encoding"). */
static void check_length(const struct stanza *s)
{
    uint32_t ones = s->mask & s->match, zeros = s->mask & ~s->match;
    bool is_16 = zeros & 3, is_32 = (ones & 3) == 3 && zeros & 0x1c;
    if (s->bits == 16 ? !is_16 : !is_32)
        fail(s->at, "the lowest bits of '%s' are not those of an instruction of %d bits", s->name,
             s->bits);
}

/* An operand must be able to have the value that a condition compares it with. */
static void check_conds(const struct stanza *s, const cond_list *conds)
{
    list_each (cond, conds) {
        struct bit_classes c = unrelated_bits();
        int a[VALUE_BITS], b[VALUE_BITS];
        cond_bits(s, cond, a, b);
        for (int i = 0; cond->other < 0 && i < VALUE_BITS; i++)
            if (!make_equal(&c, a[i], b[i]))
                fail(cond->at, "'%s' can never be %lld", s->fields.data[cond->field].op.name,
                     (long long)cond->value);
    }
}

static bool is_register_name(const struct isa *isa, const char *name)
{
    list_each (c, &isa->classes)
        for (int i = 0; i < c->count; i++)
            if (c->alias && c->alias[i] && same(c->alias[i], name))
                return true;
    return false;
}

/* The template's names count as uses. */
static void mark_template(const struct isa *isa, struct stanza *s)
{
    static const char *const words[] = {"pc", "hex", "hi", "exact"};
    for (struct line l = {.at = s->assembly_at, .p = s->assembly}; !line_end(&l);) {
        const char *name = line_try_name(&l);
        struct field *f = name ? field_find(s, name) : NULL;
        if (f)
            f->used = true;
        else if (!name)
            l.p++;
        else if (name_index(name, words, 4) == 4 && !is_register_name(isa, name))
            fail(l.at, "'%s' in asm is no operand and no register", name);
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
    check_length(s);
    mark_template(isa, s);
    check_conds(s, &s->where);
    list_each (conds, &s->reserved)
        check_conds(s, conds);
    list_each (conds, &s->hint)
        check_conds(s, conds);
    list_each (f, &s->fields) {
        if (!f->used && f->op.kind != OPERAND_ORDER)
            fail(s->at, "operand '%s' is encoded but never used", f->op.name);
        const char *class = f->op.kind == OPERAND_X ? "x" : "f";
        const struct reg_class *c = list_find(&isa->classes, class);
        if (is_register(f) && (!c || c->count < f->op.bias + (1 << f->op.width)))
            fail(f->op.at, "class %s has not that many registers", class);
    }
    check_effects(s);
    assign_slots(s);
    s->expansion = s;
}

void isa_check(struct isa *isa)
{
    list_each (c, &isa->csrs)
        if (!c->read || (c->write.len == 0) != c->read_only)
            fail(c->at, "CSR '%s' needs read, and write unless it is ro", c->name);
    list_each (s, &isa->stanzas)
        check_stanza(isa, s);
    list_each (s, &isa->stanzas)
        if (s->expands)
            check_expansion(isa, s);
    check_overlaps(isa);
    list_each (s, &isa->stanzas)
        tests_read(isa, s);
}
