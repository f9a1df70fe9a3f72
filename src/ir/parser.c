/* The parser: text to µops, for tests and fuzzing. One µop a line, as ir_print writes it:
 *
 *   [vN =] NAME[.SUFFIX] [OPERAND, ...]        # comment
 *
 * N is the µop's number, counted from 0 over all µops of the block, whether they have a result or
 * not; `vN =` stands where uops.def gives a result, and only there. The suffix is an access (s8 u8
 * s16 u16 s32 u32 s64 u64) for what touches memory, and otherwise a type, wherever the row of
 * uops.def has type variables: what `suffix=` names or else the first one. Operands, in this order:
 *
 *   register   get, put: a name or an alias from the register table, or %N for its row N
 *   value      vN
 *   constant   decimal, -decimal or 0xhex, of at most 64 bits
 *   mode       rne rtz rdn rup rmm dyn
 *   order      rlx rl aq aqrl
 *
 * The parser knows nothing of what makes sense: operands may be missing values, types may clash.
 * That is ir_verify's. */
#include "ir/ir_text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct parser {
    struct ir_block *block;
    const char *p; /* the next character of the line, which ends at \n or \0 */
    char *message;
    size_t size;
};

/* A word of the line; not NUL-terminated. */
struct word {
    const char *text;
    size_t len;
};

static bool parse_fail(struct parser *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool parse_fail(struct parser *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->message, s->size, fmt, ap);
    va_end(ap);
    return false;
}

static void skip_blanks(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
        s->p++;
}

static bool at_end(struct parser *s)
{
    skip_blanks(s);
    return *s->p == '\0' || *s->p == '\n' || *s->p == '#';
}

static bool accept(struct parser *s, char c)
{
    skip_blanks(s);
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

/* Letters, digits, _ and what registers' names and numbers have besides. */
static struct word next_word(struct parser *s)
{
    skip_blanks(s);
    struct word w = {s->p, 0};
    while (isalnum((unsigned char)*s->p) || (*s->p && strchr("_-%", *s->p)))
        s->p++;
    w.len = (size_t)(s->p - w.text);
    return w;
}

static bool word_is(struct word w, const char *text)
{
    return text && strlen(text) == w.len && memcmp(text, w.text, w.len) == 0;
}

/* For messages: long words are cut. */
static int word_width(struct word w)
{
    return (int)MIN(w.len, 40u);
}

static bool find_name(struct word w, const char *const *names, unsigned n, unsigned *index)
{
    for (*index = 0; *index < n; ++*index)
        if (word_is(w, names[*index]))
            return true;
    return false;
}

/* Decimal or 0x, all of the word, at most `limit`. */
static bool word_number(struct word w, uint64_t limit, uint64_t *value)
{
    unsigned base = 10;
    uint64_t v = 0;
    if (w.len > 2 && w.text[0] == '0' && w.text[1] == 'x') {
        base = 16;
        w = (struct word){w.text + 2, w.len - 2};
    }
    if (w.len == 0)
        return false;
    for (size_t i = 0; i < w.len; i++) {
        const char *digits = "0123456789abcdef";
        const char *d = strchr(digits, tolower((unsigned char)w.text[i]));
        if (!d || d - digits >= (int)base || v > (limit - (uint64_t)(d - digits)) / base)
            return false;
        v = v * base + (uint64_t)(d - digits);
    }
    *value = v;
    return true;
}

/* ---- operands -------------------------------------------------------------------------------- */

static bool parse_value(struct parser *s, ir_val *v)
{
    struct word w = next_word(s);
    uint64_t n;
    if (w.len < 2 || w.text[0] != 'v' ||
        !word_number((struct word){w.text + 1, w.len - 1}, IR_NONE - 1, &n))
        return parse_fail(s, "a value is expected, not '%.*s'", word_width(w), w.text);
    *v = (ir_val)n;
    return true;
}

static bool parse_register(struct parser *s, uint16_t *reg)
{
    struct word w = next_word(s);
    uint64_t n;
    for (unsigned i = 0; s->block->regs && i < s->block->n_regs; i++)
        if (word_is(w, s->block->regs[i].name) || word_is(w, s->block->regs[i].alias)) {
            *reg = (uint16_t)i;
            return true;
        }
    if (w.len < 2 || w.text[0] != '%' ||
        !word_number((struct word){w.text + 1, w.len - 1}, UINT16_MAX, &n))
        return parse_fail(s, "no register '%.*s'", word_width(w), w.text);
    *reg = (uint16_t)n;
    return true;
}

static bool parse_constant(struct parser *s, uint64_t *value)
{
    struct word w = next_word(s), digits = w;
    bool minus = w.len > 0 && w.text[0] == '-';
    if (minus)
        digits = (struct word){w.text + 1, w.len - 1};
    if (!word_number(digits, minus ? (uint64_t)INT64_MIN : UINT64_MAX, value))
        return parse_fail(s, "a constant of at most 64 bits is expected, not '%.*s'", word_width(w),
                          w.text);
    if (minus)
        *value = -*value;
    return true;
}

static bool parse_named(struct parser *s, const char *what, const char *const *names, unsigned n,
                        uint8_t *out)
{
    struct word w = next_word(s);
    unsigned index;
    if (!find_name(w, names, n, &index))
        return parse_fail(s, "no %s '%.*s'", what, word_width(w), w.text);
    *out = (uint8_t)index;
    return true;
}

/* A comma before every operand but the first. */
static bool parse_separator(struct parser *s, bool *first)
{
    if (!*first && !accept(s, ','))
        return parse_fail(s, "',' and another operand expected");
    *first = false;
    return true;
}

static bool parse_operands(struct parser *s, struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    bool first = true;
    if (row->imms & UOP_HAS_reg && !(parse_separator(s, &first) && parse_register(s, &u->reg)))
        return false;
    for (unsigned i = 0; i < row->n_args; i++)
        if (!parse_separator(s, &first) || !parse_value(s, &u->arg[i]))
            return false;
    if (row->imms & UOP_HAS_imm && !(parse_separator(s, &first) && parse_constant(s, &u->imm)))
        return false;
    if (row->imms & UOP_HAS_rm &&
        !(parse_separator(s, &first) && parse_named(s, "rounding mode", ir_rm_names, 8, &u->rm)))
        return false;
    if (row->imms & UOP_HAS_order &&
        !(parse_separator(s, &first) && parse_named(s, "order", ir_order_names, 4, &u->order)))
        return false;
    return at_end(s) || parse_fail(s, "nothing more is expected after the operands");
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* What the suffix does not say follows from the row and the first operand. */
static void infer_types(const struct ir_block *b, struct ir_uop *u, unsigned var,
                        enum ir_type suffix)
{
    const struct uop_info *row = &uop_infos[u->op];
    ir_val a = u->arg[0];
    if (row->n_args > 0) {
        if (row->arg[0] < UOP_VAR0)
            u->arg_type = row->arg[0];
        else if (row->arg[0] == var)
            u->arg_type = suffix;
        else if (a < b->uops.len)
            u->arg_type = b->uops.data[a].type;
    }
    u->type = row->result < UOP_VAR0 ? row->result : row->result == var ? suffix : u->arg_type;
}

/* NAME[.SUFFIX]; the suffix's type goes to *type. */
static bool parse_name(struct parser *s, struct ir_uop *u, enum ir_type *type)
{
    struct word w = next_word(s);
    unsigned op = 0;
    while (op < UOP_COUNT && !word_is(w, uop_infos[op].name))
        op++;
    if (op == UOP_COUNT)
        return parse_fail(s, "no µop '%.*s'", word_width(w), w.text);
    const struct uop_info *row = &uop_infos[op];
    u->op = (uint8_t)op;
    bool wanted = row->suffix == UOP_SUFFIX_MEM || ir_suffix_var(row);
    bool given = *s->p == '.'; /* right behind the name */
    if (given != wanted)
        return parse_fail(s, wanted ? "%s needs a suffix" : "%s has no suffix", row->name);
    if (!given)
        return true;
    s->p++;
    w = next_word(s);
    unsigned index;
    if (row->suffix == UOP_SUFFIX_MEM) {
        if (!find_name(w, ir_mem_names, 8, &index))
            return parse_fail(s, "no access '%.*s'", word_width(w), w.text);
        u->mem = (uint8_t)index;
        return true;
    }
    if (!find_name(w, ir_type_names, IR_TYPE_COUNT, &index) || index == IR_VOID)
        return parse_fail(s, "no type '%.*s'", word_width(w), w.text);
    *type = index;
    return true;
}

static bool parse_line(struct parser *s)
{
    struct ir_block *b = s->block;
    struct ir_uop u = {.arg = {IR_NONE, IR_NONE, IR_NONE}};
    enum ir_type suffix = IR_VOID;
    const char *start = s->p;
    struct word w = next_word(s);
    ir_val number = IR_NONE;
    s->p = start;
    bool assigns = w.len > 1 && w.text[0] == 'v' && isdigit((unsigned char)w.text[1]);
    if (assigns) {
        if (!parse_value(s, &number))
            return false;
        if (number != b->uops.len)
            return parse_fail(s, "the next value is v%zu, not v%u", b->uops.len, number);
        if (!accept(s, '='))
            return parse_fail(s, "'=' expected");
    }
    if (!parse_name(s, &u, &suffix))
        return false;
    const struct uop_info *row = &uop_infos[u.op];
    if (assigns != (row->result != IR_VOID))
        return assigns ? parse_fail(s, "%s has no result", row->name)
                       : parse_fail(s, "'v%zu =' expected before %s", b->uops.len, row->name);
    if (!parse_operands(s, &u))
        return false;
    if (b->uops.len == IR_UOPS_MAX)
        return parse_fail(s, "more than %u µops", IR_UOPS_MAX);
    infer_types(b, &u, ir_suffix_var(row), suffix);
    ir_append(b, &u);
    return true;
}

int ir_parse(struct ir_block *b, const char *text, unsigned *line, char *message, size_t size)
{
    struct parser s = {.block = b, .p = text, .message = message, .size = size};
    *line = 1;
    for (;;) {
        if (!at_end(&s) && !parse_line(&s))
            return -EINVAL;
        while (*s.p && *s.p != '\n')
            s.p++;
        if (!*s.p)
            return 0;
        s.p++;
        ++*line;
    }
}
