/* Reads regs.def, csr.def and the declarations of *.isa: docs/isa-language.md, sections 2 to 4. */
#include "isagen.h"

#include <ctype.h>
#include <stdlib.h>

const char *c_name(const char *name)
{
    char *text = text_printf("%s", name);
    for (char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '_';
    return text;
}

/* ---- regs.def -------------------------------------------------------------------------------- */

static void read_class(struct isa *isa, struct line *l)
{
    static const char *const kinds[] = {"gpr", "fpr", "pc", "csr", "vec"};
    const char *name = line_name(l);
    if (list_find(&isa->classes, name))
        fail(l->at, "class '%s' is there already", name);
    struct reg_class *c = list_add(&isa->classes);
    *c = (struct reg_class){.name = name, .kind = line_name(l), .count = 1, .zero = -1};
    if (name_index(c->kind, kinds, 5) == 5)
        fail(l->at, "unknown kind '%s'", c->kind);
    c->bits = (int)line_int(l);
    while (!line_end(l)) {
        const char *option = line_name(l);
        line_expect(l, "=");
        if (same(option, "count")) {
            c->count = (int)line_int(l);
            c->numbered = true;
        } else if (same(option, "zero")) {
            c->zero = (int)line_int(l);
        } else {
            fail(l->at, "unknown field '%s'", option);
        }
    }
    if (c->count < 1 || c->count > 256 || c->zero >= c->count)
        fail(l->at, "count or zero out of range");
    if ((c->bits != 32 && c->bits != 64) || (c->numbered && c->bits != 64))
        fail(l->at, "a register has 64 bits, one without a number 32 or 64");
    c->alias = calloc((size_t)c->count, sizeof *c->alias);
}

static void read_reg(struct isa *isa, struct line *l)
{
    const char *name = line_name(l);
    list_each (c, &isa->classes)
        for (int n = 0; c->numbered && n < c->count; n++)
            if (same(name, text_printf("%s%d", c->name, n))) {
                c->alias[n] = line_name(l);
                return;
            }
    fail(l->at, "no class has a register '%s'", name);
}

void regs_read_row(struct isa *isa, struct line *l)
{
    const char *keyword = line_name(l);
    if (same(keyword, "class"))
        read_class(isa, l);
    else if (same(keyword, "reg"))
        read_reg(isa, l);
    else
        fail(l->at, "unknown row '%s'", keyword);
}

/* ---- csr.def --------------------------------------------------------------------------------- */

static void read_csr(struct isa *isa, struct line *l)
{
    struct csr new = {.at = l->at, .number = line_int(l), .name = line_name(l)};
    const char *access = line_name(l);
    list_each (c, &isa->csrs)
        if (c->number == new.number || same(c->name, new.name))
            fail(l->at, "CSR 0x%03x or '%s' is there already", (unsigned)new.number, new.name);
    new.read_only = same(access, "ro");
    if (new.number < 0 || new.number > 0xfff || (!new.read_only && !same(access, "rw")))
        fail(l->at, "a CSR has a number below 0x1000, a name, and ro or rw");
    *list_add(&isa->csrs) = new;
}

void csr_read_row(struct isa *isa, struct line *l)
{
    const char *keyword = line_name(l);
    struct csr *c = isa->csrs.len ? &isa->csrs.data[isa->csrs.len - 1] : NULL;
    if (!l->indented && same(keyword, "csr")) {
        read_csr(isa, l);
    } else if (l->indented && c && same(keyword, "read")) {
        c->read = expr_read(isa, NULL, &c->write, l, TY_I64);
    } else if (l->indented && c && same(keyword, "write")) {
        if (c->write.len == 0)
            *list_add(&c->write) = (struct stmt){.kind = ST_NOP, .name = "v"};
        stmt_read(isa, NULL, &c->write, l);
    } else {
        fail(l->at, "unknown row '%s'", keyword);
    }
}

/* ---- declarations of *.isa ------------------------------------------------------------------- */

const char *const operand_kinds[OPERAND_KINDS] = {"x",  "f",   "signed", "unsigned",
                                                  "rm", "csr", "fence",  "order"};

static void read_operands(struct isa *isa, struct line *l)
{
    static const int widths[OPERAND_KINDS] = {0, 0, 0, 0, 3, 12, 4, 2};
    LIST(const char *) names = {0};
    do /* the last name before the width is the kind */
        *list_add(&names) = line_name(l);
    while (!line_end(l) && !isdigit((unsigned char)*l->p));
    const char *kind_name = names.data[--names.len];
    enum operand_kind kind = (enum operand_kind)name_index(kind_name, operand_kinds, OPERAND_KINDS);
    if (kind == OPERAND_KINDS)
        fail(l->at, "unknown operand kind '%s'", kind_name);
    int64_t width = 0, bias = 0;
    if (kind != OPERAND_SIGNED && kind != OPERAND_UNSIGNED) {
        width = line_int(l);
        if (line_accept(l, "+"))
            bias = line_int(l);
        if (width < 1 || width > 16 || (widths[kind] && width != widths[kind]))
            fail(l->at, "wrong width for an operand of kind %s", kind_name);
        if (bias & ((1 << width) - 1) || bias < 0 || (bias && widths[kind]))
            fail(l->at, "a bias is for registers and a multiple of 2 to the width");
    }
    list_each (name, &names) {
        if (list_find(&isa->operands, *name))
            fail(l->at, "operand '%s' is there already", *name);
        *list_add(&isa->operands) = (struct operand){*name, l->at, kind, (int)width, (int)bias};
    }
}

static void read_format(struct isa *isa, struct line *l)
{
    struct format f = {.name = line_name(l)};
    if (list_find(&isa->formats, f.name))
        fail(l->at, "format '%s' is there already", f.name);
    while (!line_end(l))
        *list_add(&f.pieces) = line_word(l);
    *list_add(&isa->formats) = f;
}

void isa_read_row(struct isa *isa, struct line *l)
{
    if (l->indented) {
        if (isa->stanzas.len == 0)
            fail(l->at, "a clause outside a stanza");
        stanza_read_clause(isa, &isa->stanzas.data[isa->stanzas.len - 1], l);
        return;
    }
    const char *keyword = line_name(l);
    if (same(keyword, "operand")) {
        read_operands(isa, l);
    } else if (same(keyword, "format")) {
        read_format(isa, l);
    } else if (same(keyword, "extension")) {
        const char *name = line_name(l);
        *list_add(&isa->extensions) = (struct extension){name, line_string(l)};
    } else {
        stanza_read_head(isa, keyword, l);
    }
}
