/* Writes rv64_disasm.gen.c: assembly as `objdump -M no-aliases` prints it (templates:
 * docs/isa-language.md). */
#include "isagen.h"

#include <ctype.h>
#include <string.h>

static const char prologue[] =
    "static const char *const rounding_names[8] = {\"rne\", \"rtz\", \"rdn\", \"rup\", \"rmm\", "
    "\"unknown\", \"unknown\", \"dyn\"};\n"
    "static const char *const order_suffixes[4] = {\"\", \".rl\", \".aq\", \".aqrl\"};\n\n"
    "/* \",rtz\", or nothing for the mode that goes without saying. */\n"
    "static void print_rounding(struct strbuf *out, unsigned rm, unsigned silent)\n"
    "{\n"
    "    if (rm != silent)\n"
    "        strbuf_printf(out, \",%s\", rounding_names[rm]);\n"
    "}\n\n"
    "static void print_set(struct strbuf *out, unsigned set)\n"
    "{\n"
    "    for (int i = 0; i < 4; i++)\n"
    "        if (set >> (3 - i) & 1)\n"
    "            strbuf_printf(out, \"%c\", \"iorw\"[i]);\n"
    "    if (!set)\n"
    "        strbuf_printf(out, \"unknown\");\n"
    "}\n\n";

static void out_csr_printer(FILE *out, const struct isa *isa)
{
    fputs("static void print_csr(struct strbuf *out, unsigned number)\n{\n    switch (number) {\n",
          out);
    for (size_t i = 0; i < isa->csrs.len; i++)
        fprintf(out, "    case 0x%03x:\n        strbuf_printf(out, \"%s\");\n        break;\n",
                isa->csrs.data[i].number, isa->csrs.data[i].name);
    fputs("    default:\n        strbuf_printf(out, \"0x%x\", number);\n    }\n}\n\n", out);
}

/* Text gathered for one printf. */
struct printer {
    FILE *out;
    const struct isa *isa;
    const struct stanza *s;
    const char *format, *args;
};

static void add(struct printer *p, const char *format, const char *arg)
{
    p->format = text_printf("%s%s", p->format, format);
    if (arg)
        p->args = text_printf("%s, %s", p->args, arg);
}

static void flush(struct printer *p)
{
    if (*p->format)
        fprintf(p->out, "        strbuf_printf(out, \"%s\"%s);\n", p->format, p->args);
    p->format = p->args = "";
}

static void drop_comma(struct printer *p)
{
    size_t len = strlen(p->format);
    if (len == 0 || p->format[len - 1] != ',')
        fail(p->s->at, "a rounding mode in asm comes after a comma");
    p->format = text_printf("%.*s", (int)len - 1, p->format);
    flush(p);
}

static void print_field(struct printer *p, const struct field *f, const char *how)
{
    const char *value = field_c(f), *G = upper_name(p->isa->guest);
    if (strcmp(how, "hex") == 0) {
        add(p, "0x%x", text_printf("(unsigned)%s", value));
        return;
    }
    if (strcmp(how, "hi") == 0) {
        add(p, "0x%x", text_printf("(unsigned)%s >> 12", value));
        return;
    }
    switch (f->op->kind) {
    case OPERAND_X:
    case OPERAND_F:
        add(p, "%s",
            text_printf("%s_regs[%s_REG_%c0 + %s].alias", p->isa->guest, G,
                        f->op->kind == OPERAND_X ? 'x' : 'f', value));
        break;
    case OPERAND_SIGNED:
    case OPERAND_UNSIGNED:
        add(p, "%d", text_printf("(int)%s", value));
        break;
    case OPERAND_RM:
        drop_comma(p);
        fprintf(p->out, "        print_rounding(out, %s, %d);\n", value,
                strcmp(how, "exact") == 0 ? 0 : 7);
        break;
    default:
        flush(p);
        fprintf(p->out, "        print_%s(out, %s);\n", f->op->kind == OPERAND_CSR ? "csr" : "set",
                value);
    }
}

static void print_name(struct printer *p, struct line *l, const char *name)
{
    int index = field_find(p->s, name);
    if (strcmp(name, "pc") == 0 && line_accept(l, "+")) {
        index = field_find(p->s, line_name(l));
        if (index < 0)
            fail(p->s->at, "the operand after 'pc+' in asm is not encoded");
        add(p, "0x%llx",
            text_printf("(unsigned long long)(pc + (uint64_t)%s)",
                        field_c(&p->s->fields.data[index])));
    } else if (index >= 0) {
        print_field(p, &p->s->fields.data[index], "");
    } else if ((strcmp(name, "hex") == 0 || strcmp(name, "hi") == 0 ||
                strcmp(name, "exact") == 0) &&
               line_accept(l, "(")) {
        const char *operand = line_name(l);
        index = field_find(p->s, operand);
        if (index < 0)
            fail(p->s->at, "operand '%s' is used but not encoded", operand);
        print_field(p, &p->s->fields.data[index], name);
        line_expect(l, ")");
    } else {
        add(p, name, NULL);
    }
}

static void out_stanza(FILE *out, const struct isa *isa, const struct stanza *s)
{
    struct printer p = {out, isa, s, s->mnemonic, ""};
    fprintf(out, "    case %s_STANZA_%s:\n", upper_name(isa->guest), s->id);
    for (size_t i = 0; i < s->reserved.len; i++)
        fprintf(out, "        if (%s)\n            break;\n", conds_c(s, &s->reserved.data[i]));
    int order = field_of_kind(s, OPERAND_ORDER);
    if (order >= 0)
        add(&p, "%s", text_printf("order_suffixes[%s]", field_c(&s->fields.data[order])));
    struct line l = {.at = s->at, .p = s->assembly};
    if (!line_end(&l))
        add(&p, "\\t", NULL);
    while (!line_end(&l)) {
        const char *name = line_try_name(&l);
        if (name)
            print_name(&p, &l, name);
        else
            add(&p, text_printf(*l.p == '%' ? "%%%%" : "%c", *l.p), NULL), l.p++;
    }
    flush(&p);
    fputs("        return;\n", out);
}

void out_disasm_c(FILE *out, const struct isa *isa)
{
    const char *g = isa->guest;
    fprintf(out, "/* Generated by isagen from isa/%s. */\n#include \"guest/%s/%s.h\"\n\n%s", g, g,
            g, prologue);
    out_csr_printer(out, isa);
    fprintf(out,
            "void %s_disasm(uint32_t word, uint64_t pc, struct strbuf *out)\n{\n    switch "
            "(%s_identify(word)) {\n",
            g, g);
    for (size_t i = 0; i < isa->stanzas.len; i++)
        out_stanza(out, isa, isa->stanzas.data[i]);
    fprintf(out,
            "    default:\n        break;\n    }\n"
            "    if (%s_insn_len((uint16_t)word) == 2)\n"
            "        strbuf_printf(out, \".2byte\\t0x%%x\", word & 0xffff);\n"
            "    else\n        strbuf_printf(out, \".4byte\\t0x%%x\", word);\n}\n",
            g);
}
