/* What the writers of C share: fields and conditions as C expressions, and the walk over statements
 * that serves both the interpreter and the lifting. */
#include "isagen.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *upper_name(const char *name)
{
    char *text = text_printf("%s", name);
    for (char *p = text; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text;
}

const char *field_c(const struct field *f)
{
    const char *text = "";
    for (size_t i = 0; i < f->segments.len; i++) {
        const struct segment *seg = &f->segments.data[i];
        const char *bits = seg->at ? text_printf("word >> %d", seg->at) : "word";
        if (seg->at + seg->len < 32)
            bits = text_printf("(%s & 0x%x)", bits, (1u << seg->len) - 1);
        else
            bits = text_printf("(%s)", bits);
        if (seg->from)
            bits = text_printf("%s << %d", bits, seg->from);
        text = *text ? text_printf("%s | %s", text, bits) : bits;
    }
    if (f->op->kind == OPERAND_SIGNED && f->width < 32)
        return text_printf("((int32_t)((%s) << %d) >> %d)", text, 32 - f->width, 32 - f->width);
    if (f->op->kind == OPERAND_SIGNED)
        return text_printf("(int32_t)(%s)", text);
    if (f->op->bias)
        text = text_printf("%s | %d", text, f->op->bias);
    return text_printf("(%s)", text);
}

const char *conds_c(const struct stanza *s, const cond_list *conds)
{
    const char *text = "";
    for (size_t i = 0; i < conds->len; i++) {
        const struct cond *c = &conds->data[i];
        const struct field *f = &s->fields.data[c->field];
        const char *sign = f->op->kind == OPERAND_SIGNED ? "" : "(int64_t)";
        const char *other = c->other < 0
                                ? text_printf("%lld", (long long)c->value)
                                : text_printf("(int64_t)%s", field_c(&s->fields.data[c->other]));
        text = text_printf("%s%s%s%s %s %s", text, i ? " && " : "", sign, field_c(f),
                           c->equal ? "==" : "!=", other);
    }
    return text;
}

const char *const_c(const struct stanza *s, const struct expr *e)
{
    switch (e->kind) {
    case EX_INT:
        return e->type == TY_I32 ? text_printf("UINT32_C(0x%x)", (uint32_t)e->value)
                                 : text_printf("UINT64_C(0x%llx)", (unsigned long long)e->value);
    case EX_PC:
        return "pc";
    case EX_NEXT:
        return "(pc + i->len)";
    case EX_FIELD:
        return text_printf("(%s)i->%s", e->type == TY_I32 ? "uint32_t" : "uint64_t",
                           s->fields.data[e->index].slot);
    default:
        break;
    }
    const char *text = text_printf("%s(", uop_function(e->uop, e->types));
    for (int i = 0; i < e->n_args; i++)
        text = text_printf("%s%s%s", text, i ? ", " : "", const_c(s, e->args[i]));
    return text_printf("%s)", text);
}

void emit_line(struct emitter *em, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs(em->indent, em->out);
    vfprintf(em->out, fmt, ap);
    fputc('\n', em->out);
    va_end(ap);
}

/* An immediate argument: a number known when the code runs (interpreter) or is lifted. */
static const char *immediate_c(struct emitter *em, const struct expr *e, enum word word)
{
    if (word == WORD_IMM)
        return const_c(em->s, e);
    return e->kind == EX_INT ? text_printf("%d", (int)e->value)
                             : text_printf("i->%s", em->s->fields.data[e->index].slot);
}

const char *emit_expr(struct emitter *em, const struct expr *e)
{
    if (e->kind == EX_LOCAL)
        return text_printf("l_%s", c_name(e->name));
    if (e->kind == EX_FIELD && operand_is_register(em->s->fields.data[e->index].op))
        return text_printf("r_%s", c_name(em->s->fields.data[e->index].op->name));
    if (e->kind != EX_UOP)
        return em->engine->leaf(em, e);
    const char *args[MAX_WORDS] = {NULL};
    for (int i = 0; i < e->n_args; i++)
        args[i] = e->uop->words[i] == WORD_VALUE ? emit_expr(em, e->args[i])
                                                 : immediate_c(em, e->args[i], e->uop->words[i]);
    const char *result = text_printf("v%d", em->n_values++);
    em->engine->uop(em, e, args, result);
    return result;
}

static void emit_statement(struct emitter *em, const struct stmt *st)
{
    const char *value = st->e ? emit_expr(em, st->e) : NULL;
    if (st->kind == ST_LOCAL)
        emit_line(em, "%s l_%s = %s;", em->engine->type(st->e->type), c_name(st->name), value);
    else if (st->kind == ST_REG)
        em->engine->write_reg(em, &em->s->fields.data[st->index], value);
    else if (st->kind == ST_CSR_WRITE)
        em->engine->write_csr(em, &em->s->fields.data[st->index], value);
}

void emit_body(struct emitter *em, const stmt_list *body)
{
    const struct expr *pc = NULL;
    for (size_t i = 0; em->s && i < em->s->fields.len; i++) {
        const struct field *f = &em->s->fields.data[i];
        if (operand_is_register(f->op) && f->read)
            em->engine->read_reg(em, f, text_printf("r_%s", c_name(f->op->name)));
        else if (f->op->kind == OPERAND_RM)
            em->engine->check_rm(em, f);
    }
    for (size_t i = 0; i < body->len; i++)
        if (body->data[i].kind == ST_PC)
            pc = body->data[i].e;
        else
            emit_statement(em, &body->data[i]);
    if (pc)
        em->engine->exit_to(em, pc);
}
