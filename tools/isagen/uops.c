/* Reads uops.def: docs/isa-language.md, section 1. */
#include "isagen.h"

#include <ctype.h>

const char *const type_names[TY_COUNT] = {
    "void", "b", "i32", "i64", "f32", "f64", "v8", "v16", "v32", "v64", "vf32", "vf64", "m",
};
const char *const class_names[CL_COUNT] = {
    "pure", "flags", "state", "load", "store", "atomic", "fence", "check", "exit",
};
const char *const word_names[WORD_COUNT] = {"value", "rm", "imm", "reg", "order"};

static const int type_widths[TY_COUNT] = {0, 1, 32, 64, 32, 64, 8, 16, 32, 64, 32, 64, 1};

int type_bits(enum type t)
{
    return type_widths[t];
}

const char *type_c(enum type t)
{
    switch (type_bits(t)) {
    case 0:
        return "void";
    case 1:
        return "bool";
    default:
        return text_printf("uint%d_t", type_bits(t));
    }
}

const char *type_enum(enum type t)
{
    return text_printf("IR_%s", upper_name(type_names[t]));
}

enum type type_find(const char *name)
{
    enum type t = (enum type)name_index(name, type_names, TY_COUNT);
    return t == TY_VOID ? TY_COUNT : t;
}

bool uop_has_word(const struct uop *u, enum word w)
{
    for (int i = 0; i < u->n_words; i++)
        if (u->words[i] == w)
            return true;
    return false;
}

const char *uop_function(const struct uop *u, const enum type types[MAX_VARS])
{
    const char *name = u->name;
    for (int i = 0; i < u->n_vars; i++)
        name = text_printf("%s_%s", name, type_names[types[i]]);
    return name;
}

/* A type or, for a capital letter, the row's type variable of that name (made at its first
 * mention). */
static enum type read_type(struct uop *u, struct line *l, const char *name)
{
    if (isupper((unsigned char)name[0]) && !name[1]) {
        for (int i = 0; i < u->n_vars; i++)
            if (u->var[i] == name[0])
                return TY_VAR0 + i;
        if (u->n_vars == MAX_VARS)
            fail(l->at, "more than %d type variables", MAX_VARS);
        u->var[u->n_vars] = name[0];
        return TY_VAR0 + u->n_vars++;
    }
    enum type t = type_find(name);
    if (t == TY_COUNT)
        fail(l->at, "unknown type '%s'", name);
    return t;
}

static void read_arguments(struct uop *u, struct line *l)
{
    line_expect(l, "(");
    if (line_accept(l, ")"))
        return;
    do {
        const char *name = line_name(l);
        enum word w = (enum word)name_index(name, word_names, WORD_COUNT) % WORD_COUNT;
        if (u->n_words == MAX_WORDS || (w == WORD_VALUE && u->n_args == MAX_ARGS))
            fail(l->at, "too many arguments");
        u->words[u->n_words++] = w;
        if (w == WORD_VALUE)
            u->arg[u->n_args++] = read_type(u, l, name);
    } while (line_accept(l, ","));
    line_expect(l, ")");
}

/* `X=type,type` or `suffix=X` or `suffix=mem`. */
static void read_option(struct uop *u, struct line *l)
{
    const char *name = line_name(l);
    line_expect(l, "=");
    if (same(name, "suffix")) {
        const char *what = line_name(l);
        u->suffix = same(what, "mem") ? SUFFIX_MEM : SUFFIX_TYPE;
        if (u->suffix == SUFFIX_TYPE)
            u->suffix_var = (int)read_type(u, l, what) - TY_VAR0;
        if (u->suffix_var < 0)
            fail(l->at, "a suffix is 'mem' or a type variable");
        return;
    }
    for (int i = 0; i < u->n_vars; i++)
        if (u->var[i] == name[0] && !name[1]) {
            do {
                const char *alternative = line_name(l);
                enum type t = type_find(alternative);
                if (t == TY_COUNT)
                    fail(l->at, "unknown type '%s'", alternative);
                u->var_types[i] |= 1u << t;
            } while (line_accept(l, ","));
            return;
        }
    fail(l->at, "unknown field '%s'", name);
}

/* A variable must follow from the result's type or the first operand's, which is what a µop
 * records. */
static void check_row(const struct uop *u)
{
    for (int i = 0; i < u->n_vars; i++) {
        enum type var = TY_VAR0 + i;
        if (!u->var_types[i])
            fail(u->at, "type variable %c without alternatives", u->var[i]);
        if (u->result != var && !(u->n_args > 0 && u->arg[0] == var))
            fail(u->at, "type variable %c is neither the result's nor the first operand's",
                 u->var[i]);
    }
}

void uop_read_row(struct isa *isa, struct line *l)
{
    const char *keyword = line_name(l);
    if (l->indented || !same(keyword, "uop"))
        fail(l->at, "unknown row '%s'", keyword);
    struct uop u = {.name = line_name(l), .at = l->at};
    if (list_find(&isa->uops, u.name))
        fail(l->at, "µop '%s' is there already", u.name);
    read_arguments(&u, l);
    if (line_accept(l, "->"))
        u.result = read_type(&u, l, line_name(l));
    const char *class = line_name(l);
    u.class = (enum uop_class)name_index(class, class_names, CL_COUNT);
    if (u.class == CL_COUNT)
        fail(l->at, "unknown class '%s'", class);
    while (!line_end(l) && *l->p != ':')
        read_option(&u, l);
    if (line_accept(l, ":")) {
        if (line_end(l))
            fail(l->at, "evaluation expected after ':'");
        u.eval = line_rest(l);
    }
    check_row(&u);
    *list_add(&isa->uops) = u;
}
