/* Reads regs.def, csr.def and the declarations of *.isa: docs/isa-language.md, sections 2 to 4. */
#include "isagen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *c_name(const char *name)
{
    char *text = text_printf("%s", name);
    for (char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '_';
    return text;
}

const struct reg_class *reg_class_find(const struct isa *isa, const char *name)
{
    for (size_t i = 0; i < isa->classes.len; i++)
        if (strcmp(isa->classes.data[i].name, name) == 0)
            return &isa->classes.data[i];
    return NULL;
}

const struct csr *csr_find(const struct isa *isa, const char *name, int64_t number)
{
    for (size_t i = 0; i < isa->csrs.len; i++)
        if (name ? strcmp(isa->csrs.data[i].name, name) == 0 : isa->csrs.data[i].number == number)
            return &isa->csrs.data[i];
    return NULL;
}

bool operand_is_register(const struct operand *op)
{
    return op->kind == OPERAND_X || op->kind == OPERAND_F;
}

/* ---- regs.def -----------------------------------------------------------------------------------
 */

static void read_class(struct isa *isa, struct line *l)
{
    static const char *const kinds[] = {"gpr", "fpr", "pc", "csr", "vec"};
    const char *name = line_name(l);
    if (reg_class_find(isa, name))
        fail(l->at, "class '%s' is there already", name);
    struct reg_class *c = list_add(&isa->classes);
    *c =
        (struct reg_class){.name = name, .kind = line_name(l), .at = l->at, .count = 1, .zero = -1};
    size_t k = 0;
    while (k < sizeof kinds / sizeof kinds[0] && strcmp(kinds[k], c->kind) != 0)
        k++;
    if (k == sizeof kinds / sizeof kinds[0])
        fail(l->at, "unknown kind '%s'", c->kind);
    c->bits = (int)line_int(l);
    while (!line_end(l)) {
        const char *option = line_name(l);
        line_expect(l, "=");
        if (strcmp(option, "count") == 0) {
            c->count = (int)line_int(l);
            c->numbered = true;
        } else if (strcmp(option, "zero") == 0) {
            c->zero = (int)line_int(l);
        } else {
            fail(l->at, "unknown field '%s'", option);
        }
    }
    if (c->count < 1 || c->count > 256 || c->zero >= c->count)
        fail(l->at, "count or zero out of range");
    if ((c->bits != 32 && c->bits != 64) || (c->numbered && c->bits != 64))
        fail(l->at, "a register has 64 bits, one without a number 32 or 64");
    c->alias = make((size_t)c->count * sizeof *c->alias);
}

static void read_reg(struct isa *isa, struct line *l)
{
    const char *name = line_name(l);
    for (size_t i = 0; i < isa->classes.len; i++) {
        struct reg_class *c = &isa->classes.data[i];
        for (int n = 0; c->numbered && n < c->count; n++)
            if (strcmp(name, text_printf("%s%d", c->name, n)) == 0) {
                c->alias[n] = line_name(l);
                return;
            }
    }
    fail(l->at, "no class has a register '%s'", name);
}

static void expect_line_end(struct line *l)
{
    if (!line_end(l))
        fail(l->at, "unknown field '%s'", l->p);
}

void regs_read_row(void *arg, struct line *l)
{
    const char *keyword = line_name(l);
    if (strcmp(keyword, "class") == 0)
        read_class(arg, l);
    else if (strcmp(keyword, "reg") == 0)
        read_reg(arg, l);
    else
        fail(l->at, "unknown row '%s'", keyword);
    expect_line_end(l);
}

/* ---- csr.def ------------------------------------------------------------------------------------
 */

static void read_csr(struct isa *isa, struct line *l)
{
    int64_t number = line_int(l);
    const char *name = line_name(l), *access = line_name(l);
    if (csr_find(isa, NULL, number) || csr_find(isa, name, 0))
        fail(l->at, "CSR 0x%03x or '%s' is there already", (unsigned)number, name);
    if (number < 0 || number > 0xfff || (strcmp(access, "ro") != 0 && strcmp(access, "rw") != 0))
        fail(l->at, "a CSR has a number below 0x1000, a name, and ro or rw");
    struct csr *c = list_add(&isa->csrs);
    *c = (struct csr){
        .number = (unsigned)number, .name = name, .at = l->at, .read_only = access[1] == 'o'};
}

void csr_read_row(void *arg, struct line *l)
{
    struct isa *isa = arg;
    const char *keyword = line_name(l);
    struct csr *c = isa->csrs.len ? &isa->csrs.data[isa->csrs.len - 1] : NULL;
    if (!l->indented && strcmp(keyword, "csr") == 0) {
        read_csr(isa, l);
    } else if (l->indented && c && strcmp(keyword, "read") == 0) {
        c->read = expr_read(isa, NULL, &c->write, l, TY_I64);
    } else if (l->indented && c && strcmp(keyword, "write") == 0) {
        if (c->write.len == 0) {
            struct stmt *v = list_add(&c->write);
            *v = (struct stmt){.kind = ST_NOP, .name = "v", .at = l->at};
        }
        stmt_read(isa, NULL, &c->write, l);
    } else {
        fail(l->at, "unknown row '%s'", keyword);
    }
    expect_line_end(l);
}

/* ---- declarations of *.isa ----------------------------------------------------------------------
 */

static void read_operands(struct isa *isa, struct line *l)
{
    static const char *const kinds[OPERAND_KINDS] = {"x",  "f",   "signed", "unsigned",
                                                     "rm", "csr", "fence",  "order"};
    static const int widths[OPERAND_KINDS] = {0, 0, 0, 0, 3, 12, 4, 2};
    LIST(const char *) names = {0};
    enum operand_kind kind = OPERAND_KINDS;
    while (kind == OPERAND_KINDS) {
        const char *name = line_name(l);
        /* The last word before the width is the kind; a kind can be an operand's name too (`rm rm
         * 3`). */
        bool last = line_end(l) || isdigit((unsigned char)*l->p);
        for (enum operand_kind k = 0; last && k < OPERAND_KINDS; k++)
            if (strcmp(name, kinds[k]) == 0)
                kind = k;
        if (last && kind == OPERAND_KINDS)
            fail(l->at, "unknown operand kind '%s'", name);
        if (!last)
            *list_add(&names) = name;
    }
    int64_t width = 0, bias = 0;
    if (kind != OPERAND_SIGNED && kind != OPERAND_UNSIGNED) {
        width = line_int(l);
        if (line_accept(l, "+"))
            bias = line_int(l);
        if (width < 1 || width > 16 || (widths[kind] && width != widths[kind]))
            fail(l->at, "wrong width for an operand of kind %s", kinds[kind]);
        if (bias & ((1 << width) - 1) || bias < 0 || (bias && widths[kind]))
            fail(l->at, "a bias is for registers and a multiple of 2 to the width");
    }
    for (size_t i = 0; i < names.len; i++) {
        for (size_t k = 0; k < isa->operands.len; k++)
            if (strcmp(isa->operands.data[k]->name, names.data[i]) == 0)
                fail(l->at, "operand '%s' is there already", names.data[i]);
        struct operand *op = make(sizeof *op);
        *op = (struct operand){names.data[i], l->at, kind, (int)width, (int)bias};
        *list_add(&isa->operands) = op;
    }
}

static void read_format(struct isa *isa, struct line *l)
{
    const char *name = line_name(l);
    for (size_t i = 0; i < isa->formats.len; i++)
        if (strcmp(isa->formats.data[i].name, name) == 0)
            fail(l->at, "format '%s' is there already", name);
    struct format *f = list_add(&isa->formats);
    *f = (struct format){.name = name, .at = l->at};
    while (!line_end(l))
        *list_add(&f->pieces) = line_word(l);
}

static void read_extension(struct isa *isa, struct line *l)
{
    struct extension *e = list_add(&isa->extensions);
    *e = (struct extension){.at = l->at, .name = line_name(l)};
    e->text = line_string(l);
}

void isa_read_row(void *arg, struct line *l)
{
    struct isa *isa = arg;
    if (l->indented) {
        if (isa->stanzas.len == 0)
            fail(l->at, "a clause outside a stanza");
        stanza_read_clause(isa, isa->stanzas.data[isa->stanzas.len - 1], l);
    } else {
        const char *keyword = line_name(l);
        if (strcmp(keyword, "operand") == 0)
            read_operands(isa, l);
        else if (strcmp(keyword, "format") == 0)
            read_format(isa, l);
        else if (strcmp(keyword, "extension") == 0)
            read_extension(isa, l);
        else
            stanza_read_head(isa, keyword, l);
    }
    expect_line_end(l);
}
