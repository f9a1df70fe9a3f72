/* Reads and types expressions and statements (docs/isa-language.md, section 4). */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

/* What a name can mean at this place. */
struct scope {
    const struct isa *isa;
    struct stanza *s; /* NULL in a CSR row */
    const stmt_list *locals;
    int *depth; /* of calls in calls */
};

enum { MAX_DEPTH = 32 };

/* ---- reading --------------------------------------------------------------------------------- */

static struct expr *read_one(const struct scope *scope, struct line *l);

/* Splits "load.s32" at the dot; a name without one has no suffix. */
static const struct uop *find_uop(const struct scope *scope, struct expr *e, const char *name,
                                  const char **suffix)
{
    const char *dot = strrchr(name, '.');
    *suffix = dot ? dot + 1 : NULL;
    const char *stem = dot ? text_printf("%.*s", (int)(dot - name), name) : name;
    const struct uop *u = list_find(&scope->isa->uops, stem);
    if (!u)
        fail(e->at, "unknown µop '%s'", stem);
    return u;
}

static void check_mem(const struct expr *e, const char *mem)
{
    static const char *const allowed[CL_COUNT] = {
        [CL_LOAD] = " s8 u8 s16 u16 s32 u32 u64 ",
        [CL_STORE] = " u8 u16 u32 u64 ",
        [CL_ATOMIC] = " u32 u64 ",
    };
    const char *list = allowed[e->uop->class];
    if (!list || !strstr(list, text_printf(" %s ", mem)))
        fail(e->at, "'%s' cannot be the access of µop '%s'", mem, e->uop->name);
}

static struct expr *new_expr(struct place at)
{
    struct expr *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    e->at = at;
    return e;
}

/* What belongs to the engines: the state of guest registers, the frame of a block. Counters are
 * read as CSRs. */
static void check_usable(const struct scope *scope, const struct expr *e)
{
    static const char *const engine_only[] = {"get",    "put",  "const",  "insn", "call",
                                              "return", "jump", "branch", "jumpr"};
    enum { N = sizeof(engine_only) / sizeof(engine_only[0]) };
    if (name_index(e->uop->name, engine_only, N) < N || (scope->s && same(e->uop->name, "counter")))
        fail(e->at, "µop '%s' cannot be used in a stanza", e->uop->name);
}

static void read_call(const struct scope *scope, struct expr *e, const char *name, struct line *l)
{
    const char *suffix;
    e->kind = EX_UOP;
    e->uop = find_uop(scope, e, name, &suffix);
    check_usable(scope, e);
    if ((e->uop->suffix != SUFFIX_NONE) != (suffix != NULL))
        fail(e->at, suffix ? "µop '%s' takes no suffix" : "µop '%s' needs a suffix", e->uop->name);
    if (e->uop->suffix == SUFFIX_MEM) {
        check_mem(e, suffix);
        e->mem = suffix;
    } else if (e->uop->suffix == SUFFIX_TYPE) {
        enum type t = type_find(suffix);
        if (t == TY_COUNT)
            fail(e->at, "unknown type '%s'", suffix);
        e->types[e->uop->suffix_var] = t;
    }
    while (!line_accept(l, ")")) {
        if (e->n_args > 0)
            line_expect(l, ",");
        if (e->n_args == e->uop->n_words)
            fail(e->at, "µop '%s' takes %d arguments", e->uop->name, e->uop->n_words);
        e->args[e->n_args++] = read_one(scope, l);
    }
    if (e->n_args != e->uop->n_words)
        fail(e->at, "µop '%s' takes %d arguments, not %d", e->uop->name, e->uop->n_words,
             e->n_args);
}

static int read_csr_operand(const struct scope *scope, struct line *l)
{
    int index = line_field(scope->s, l);
    if (scope->s->fields.data[index].op.kind != OPERAND_CSR)
        fail(l->at, "'%s' is not of kind csr", scope->s->fields.data[index].op.name);
    return index;
}

static const struct stmt *find_local(const stmt_list *locals, const char *name)
{
    list_each (st, locals)
        if (st->name && same(st->name, name))
            return st;
    return NULL;
}

static void read_plain_name(const struct scope *scope, struct expr *e, const char *name)
{
    const struct stmt *local = find_local(scope->locals, name);
    struct field *f = scope->s ? field_find(scope->s, name) : NULL;
    if (local) {
        e->kind = EX_LOCAL;
        e->name = name;
        e->type = local->e ? local->e->type : TY_I64;
    } else if (f) {
        e->kind = EX_FIELD;
        e->index = (int)(f - scope->s->fields.data);
        f->used = f->read = true;
        e->type = f->op.kind == OPERAND_X ? TY_I64 : f->op.kind == OPERAND_F ? TY_F64 : TY_VOID;
    } else if (scope->s && (same(name, "pc") || same(name, "next"))) {
        e->kind = name[0] == 'p' ? EX_PC : EX_NEXT;
        e->type = TY_I64;
    } else {
        fail(e->at, "operand '%s' is used but not encoded", name);
    }
}

static struct expr *read_one(const struct scope *scope, struct line *l)
{
    struct expr *e = new_expr(l->at);
    if (line_try_int(l, &e->value))
        return e;
    const char *name = line_name(l);
    if (++*scope->depth > MAX_DEPTH)
        fail(l->at, "more than %d calls inside each other", MAX_DEPTH);
    if (!line_accept(l, "(")) {
        read_plain_name(scope, e, name);
    } else if (same(name, "csr_read")) {
        e->kind = EX_CSR_READ;
        e->type = TY_I64;
        e->index = read_csr_operand(scope, l);
        line_expect(l, ")");
    } else {
        read_call(scope, e, name, l);
    }
    --*scope->depth;
    return e;
}

/* ---- types ----------------------------------------------------------------------------------- */

static enum type natural_type(const struct expr *e);

/* What a type variable stands for by suffix or operands, or TY_VOID if its place decides. */
static enum type variable_type(const struct expr *e, enum type var)
{
    enum type t = e->types[var - TY_VAR0];
    for (int i = 0, k = 0; i < e->n_args && !t; i++)
        if (e->uop->words[i] == WORD_VALUE && e->uop->arg[k++] == var)
            t = natural_type(e->args[i]);
    return t;
}

static enum type natural_type(const struct expr *e)
{
    if (e->kind != EX_UOP)
        return e->type;
    return e->uop->result < TY_VAR0 ? e->uop->result : variable_type(e, e->uop->result);
}

static void set_type(const struct scope *scope, struct expr *e, enum type want);

static void set_variables(struct expr *e, enum type want)
{
    const struct uop *u = e->uop;
    for (int v = 0; v < u->n_vars; v++) {
        e->types[v] = variable_type(e, TY_VAR0 + v);
        if (!e->types[v] && u->result == TY_VAR0 + (enum type)v)
            e->types[v] = want;
        if (!e->types[v])
            e->types[v] = TY_I64;
        if (!(u->var_types[v] >> e->types[v] & 1))
            fail(e->at, "wrong argument type: µop '%s' is not there for %s", u->name,
                 type_names[e->types[v]]);
    }
}

/* An immediate argument: rm and order are an operand of that kind or an integer, imm a constant. */
static void set_immediate(const struct scope *scope, struct expr *e, enum word word)
{
    enum operand_kind kind = word == WORD_RM ? OPERAND_RM : OPERAND_ORDER;
    if (word == WORD_IMM) {
        set_type(scope, e, TY_I64);
        if (!expr_is_const(scope->s, e))
            fail(e->at, "an immediate argument must be a constant");
        return;
    }
    bool fits = word != WORD_REG &&
                (e->kind == EX_INT ||
                 (e->kind == EX_FIELD && scope->s->fields.data[e->index].op.kind == kind));
    if (!fits)
        fail(e->at, "argument of kind '%s' expected", word_names[word]);
    e->type = TY_I64;
}

static void set_type(const struct scope *scope, struct expr *e, enum type want)
{
    if (e->kind == EX_UOP) {
        set_variables(e, want);
        for (int i = 0, k = 0; i < e->n_args; i++) {
            enum type t = e->uop->words[i] == WORD_VALUE ? e->uop->arg[k++] : TY_VOID;
            if (t == TY_VOID)
                set_immediate(scope, e->args[i], e->uop->words[i]);
            else
                set_type(scope, e->args[i], t >= TY_VAR0 ? e->types[t - TY_VAR0] : t);
        }
        enum type result = e->uop->result;
        e->type = result >= TY_VAR0 ? e->types[result - TY_VAR0] : result;
    } else if (e->type == TY_VOID) {
        e->type = want == TY_I32 ? TY_I32 : want == TY_I64 || !want ? TY_I64 : TY_VOID;
        enum operand_kind kind =
            e->kind == EX_FIELD ? scope->s->fields.data[e->index].op.kind : OPERAND_SIGNED;
        if (kind == OPERAND_CSR || kind == OPERAND_RM || kind == OPERAND_ORDER)
            fail(e->at, "operand '%s' is not a value", scope->s->fields.data[e->index].op.name);
    }
    if (want != TY_VOID && e->type != want)
        fail(e->at, "wrong argument type: %s where %s is wanted",
             e->type == TY_VOID ? "an integer or nothing" : type_names[e->type], type_names[want]);
}

/* ---- what others call ------------------------------------------------------------------------ */

struct expr *expr_read(const struct isa *isa, struct stanza *s, const stmt_list *locals,
                       struct line *l, enum type want)
{
    int depth = 0;
    struct scope scope = {isa, s, locals, &depth};
    struct expr *e = read_one(&scope, l);
    set_type(&scope, e, want);
    if (e->type == TY_VOID)
        fail(e->at, "a µop without result is not a value");
    return e;
}

bool expr_is_const(const struct stanza *s, const struct expr *e)
{
    for (int i = 0; i < e->n_args; i++)
        if (!expr_is_const(s, e->args[i]))
            return false;
    if (e->kind == EX_FIELD)
        return !is_register(&s->fields.data[e->index]);
    if (e->kind == EX_UOP)
        return e->uop->class == CL_PURE && e->uop->eval;
    return e->kind != EX_LOCAL && e->kind != EX_CSR_READ;
}

static void expr_walk(struct expr *e, void (*visit)(void *arg, struct expr *e), void *arg)
{
    for (int i = 0; i < e->n_args; i++)
        expr_walk(e->args[i], visit, arg);
    visit(arg, e);
}

void body_walk(const stmt_list *body, void (*visit)(void *arg, struct expr *e), void *arg)
{
    list_each (st, body)
        if (st->e)
            expr_walk(st->e, visit, arg);
}

/* `NAME = EXPR`: the next pc, a register operand or a local. */
static void read_assignment(const struct isa *isa, struct stanza *s, stmt_list *body,
                            struct stmt *st, const char *name, struct line *l)
{
    struct field *f = s ? field_find(s, name) : NULL;
    enum type want = TY_VOID;
    if (s && same(name, "pc")) {
        st->kind = ST_PC;
        want = TY_I64;
    } else if (f) {
        if (!is_register(f))
            fail(l->at, "'%s' is not a register operand", name);
        if (f->written)
            fail(l->at, "'%s' is written twice", name);
        st->kind = ST_REG;
        st->index = (int)(f - s->fields.data);
        f->used = f->written = true;
        want = f->op.kind == OPERAND_X ? TY_I64 : TY_F64;
    } else {
        if (find_local(body, name) || same(name, "next"))
            fail(l->at, "'%s' has a value already", name);
        if (list_find(&isa->operands, name))
            fail(l->at, "operand '%s' is used but not encoded", name);
        st->kind = ST_LOCAL;
        st->name = name;
    }
    st->e = expr_read(isa, s, body, l, want);
}

void stmt_read(const struct isa *isa, struct stanza *s, stmt_list *body, struct line *l)
{
    line_end(l);
    struct stmt st = {.at = l->at, .kind = ST_NOP, .text = text_printf("%s", l->p)};
    int depth = 0;
    struct scope scope = {isa, s, body, &depth};
    const char *name = line_name(l);
    if (line_accept(l, "=")) {
        read_assignment(isa, s, body, &st, name, l);
    } else if (!same(name, "nop")) {
        line_expect(l, "(");
        if (same(name, "csr_write")) {
            st.kind = ST_CSR_WRITE;
            st.index = read_csr_operand(&scope, l);
            line_expect(l, ",");
            st.e = expr_read(isa, s, body, l, TY_I64);
            line_expect(l, ")");
        } else {
            st.kind = ST_UOP;
            st.e = new_expr(l->at);
            read_call(&scope, st.e, name, l);
            set_type(&scope, st.e, TY_VOID);
            if (st.e->type != TY_VOID)
                fail(l->at, "the result of µop '%s' is not used", name);
        }
    }
    *list_add(body) = st;
}
