/* Writes rv64_semantics.gen.h and rv64_csrs.gen.h: what each instruction does, as calls of macros.
 * Whoever includes them gives the macros a meaning: src/guest/rv64/interp.c one that computes,
 * lift.c one that makes µops.
 *
 *   OP(id) ... END_OP()               one op; `i` is the instruction record, `pc` its address
 *   GET_X(v, slot) PUT_X(slot, v)     registers, GET_F and PUT_F too; v is declared
 *   READ_CSR(slot) WRITE_CSR(slot, v)
 *   CHECK_RM(slot)                    before an instruction that rounds
 *   VALUE(TYPE) v                     a declaration
 *   CONST(TYPE, c)                    c: C expression of a constant
 *   UOP(name, function, TYPE, args)   a µop that has an evaluation; UOP_FP: one that reads or
 * writes flags or mode; UOP_RM(..., rm, args)             one that rounds LOAD(v, s32, S32, addr)
 * STORE(u32, U32, addr, value) ATOMIC(v, name, U32, addr, operand, order) FENCE(c) SYSCALL() ...
 * all other µops, by their names BRANCH(condition, c, c) EXIT_TAKEN(c) EXIT_FALL(c) EXIT_TO(v) the
 * end; TAKEN to a constant, FALL to the next instruction */
#include "isagen.h"

#include <stdarg.h>

struct emitter {
    FILE *out;
    const struct stanza *s; /* NULL in a CSR row */
    int n_values;
};

static void emit(struct emitter *em, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("    ", em->out);
    vfprintf(em->out, fmt, ap);
    fputc('\n', em->out);
    va_end(ap);
}

static const struct field *field_of(const struct emitter *em, int index)
{
    return &em->s->fields.data[index];
}

/* C expression of a constant expression. */
static const char *const_c(struct emitter *em, const struct expr *e)
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
        return text_printf("(%s)i->%s", type_c(e->type), field_of(em, e->index)->slot);
    default:
        break;
    }
    const char *text = text_printf("uop_%s(", uop_function(e->uop, e->types));
    for (int i = 0; i < e->n_args; i++)
        text = text_printf("%s%s%s", text, i ? ", " : "", const_c(em, e->args[i]));
    return text_printf("%s)", text);
}

/* An immediate argument: a number known when the code runs (interpreter) or is lifted. */
static const char *immediate_c(struct emitter *em, const struct expr *e, enum word word)
{
    if (word == WORD_IMM)
        return const_c(em, e);
    return e->kind == EX_INT ? text_printf("%d", (int)e->value)
                             : text_printf("i->%s", field_of(em, e->index)->slot);
}

static const char *emit_expr(struct emitter *em, const struct expr *e);

/* Writes a µop's statement; gives the variable that holds its result. */
static const char *emit_uop(struct emitter *em, const struct expr *e)
{
    const struct uop *u = e->uop;
    const char *args = "", *rm = "", *result = text_printf("v%d", em->n_values);
    for (int i = 0; i < e->n_args; i++) {
        const char *arg = u->words[i] == WORD_VALUE ? emit_expr(em, e->args[i])
                                                    : immediate_c(em, e->args[i], u->words[i]);
        if (u->words[i] == WORD_RM)
            rm = text_printf(", %s", arg);
        else
            args = text_printf("%s%s%s", args, *args ? ", " : "", arg);
    }
    result = text_printf("v%d", em->n_values++);
    const char *MEM = e->mem ? upper_name(e->mem) : "";
    const char *declare = e->type ? text_printf("%s%s", result, *args ? ", " : "") : "";
    if (u->eval)
        emit(em, "%sUOP%s(%s, %s, %s%s%s%s);",
             e->type ? text_printf("VALUE(%s) %s = ", type_enum(e->type), result) : "",
             *rm                                            ? "_RM"
             : u->class == CL_FLAGS || u->class == CL_STATE ? "_FP"
                                                            : "",
             u->name, uop_function(u, e->types), type_enum(e->type), rm, *args ? ", " : "", args);
    else if (u->class == CL_LOAD)
        emit(em, "LOAD(%s, %s, %s, %s);", result, e->mem, MEM, args);
    else if (u->class == CL_STORE)
        emit(em, "STORE(%s, %s, %s);", e->mem, MEM, args);
    else if (u->class == CL_ATOMIC && u->n_args == 1)
        emit(em, "LOAD_RESERVED(%s, %s, %s);", result, MEM, args);
    else if (u->class == CL_ATOMIC)
        emit(em, "ATOMIC(%s, %s, %s, %s);", result, u->name, MEM, args);
    else
        emit(em, "%s(%s%s);", upper_name(u->name), declare, args);
    return result;
}

/* Writes what e needs and gives the C expression of its value. */
static const char *emit_expr(struct emitter *em, const struct expr *e)
{
    switch (e->kind) {
    case EX_UOP:
        return emit_uop(em, e);
    case EX_LOCAL:
        return text_printf("l_%s", c_name(e->name));
    case EX_CSR_READ:
        return text_printf("READ_CSR(%s)", field_of(em, e->index)->slot);
    case EX_FIELD:
        if (is_register(field_of(em, e->index)))
            return text_printf("r_%s", c_name(field_of(em, e->index)->op.name));
        /* fall through */
    default:
        return text_printf("CONST(%s, %s)", type_enum(e->type), const_c(em, e));
    }
}

static void emit_exit(struct emitter *em, const struct expr *pc)
{
    bool choice = pc->kind == EX_UOP && same(pc->uop->name, "select");
    if (choice && expr_is_const(em->s, pc->args[1]) && pc->args[2]->kind == EX_NEXT)
        emit(em, "BRANCH(%s, %s, %s);", emit_expr(em, pc->args[0]), const_c(em, pc->args[1]),
             const_c(em, pc->args[2]));
    else if (expr_is_const(em->s, pc))
        emit(em, "EXIT_%s(%s);", pc->kind == EX_NEXT ? "FALL" : "TAKEN", const_c(em, pc));
    else
        emit(em, "EXIT_TO(%s);", emit_expr(em, pc));
}

/* All statements; registers are read first and the exit comes last, whatever the order of the
 * lines. */
static void emit_body(struct emitter *em, const stmt_list *body)
{
    const struct expr *pc = NULL;
    for (const struct field *f = em->s ? em->s->fields.data : NULL;
         em->s && f < em->s->fields.data + em->s->fields.len; f++)
        if (is_register(f) && f->read)
            emit(em, "GET_%c(r_%s, %s);", reg_letter(f) - 'a' + 'A', c_name(f->op.name), f->slot);
        else if (f->op.kind == OPERAND_RM)
            emit(em, "CHECK_RM(%s);", f->slot);
    list_each (st, body) {
        if (st->kind == ST_PC)
            pc = st->e;
        const char *value = st->e && !(st->kind == ST_PC) ? emit_expr(em, st->e) : "";
        if (st->kind == ST_LOCAL)
            emit(em, "VALUE(%s) l_%s = %s;", type_enum(st->e->type), c_name(st->name), value);
        else if (st->kind == ST_REG)
            emit(em, "PUT_%c(%s, %s);", reg_letter(field_of(em, st->index)) - 'a' + 'A',
                 field_of(em, st->index)->write_slot, value);
        else if (st->kind == ST_CSR_WRITE)
            emit(em, "WRITE_CSR(%s, %s);", field_of(em, st->index)->slot, value);
    }
    if (pc)
        emit_exit(em, pc);
}

void out_csrs_h(FILE *out, const struct isa *isa)
{
    struct emitter em = {out, NULL, 0};
    fprintf(
        out,
        "/* Generated by isagen from isa/rv64/csr.def. Macros: tools/isagen/out_semantics.c, and\n"
        " * CSR_READER, CSR_WRITER, the heads of the functions. */\n\n"
        "CSR_READER\n{\n    switch (number) {\n");
    list_each (c, &isa->csrs) {
        fprintf(out, "    case 0x%03x: { /* %s */\n", (unsigned)c->number, c->name);
        emit(&em, "return %s;", emit_expr(&em, c->read));
        fputs("    }\n", out);
    }
    fputs("    default:\n        CHECK(false, \"CSR 0x%x passed the decoder\", number);\n"
          "        return 0;\n    }\n}\n\nCSR_WRITER\n{\n    switch (number) {\n",
          out);
    list_each (c, &isa->csrs) {
        if (c->read_only)
            continue;
        fprintf(out, "    case 0x%03x: { /* %s */\n", (unsigned)c->number, c->name);
        emit_body(&em, &c->write);
        fputs("        break;\n    }\n", out);
    }
    fputs(
        "    default:\n        CHECK(false, \"CSR 0x%x passed the decoder\", number);\n    }\n}\n",
        out);
}

void out_semantics_h(FILE *out, const struct isa *isa)
{
    fprintf(out,
            "/* Generated by isagen from isa/rv64. Macros: tools/isagen/out_semantics.c. */\n");
    list_each (s, &isa->stanzas) {
        struct emitter em = {out, s, 0};
        if (s->body.len == 0)
            continue;
        fprintf(out, "\nOP(%s)\n", s->id);
        emit_body(&em, &s->body);
        fputs("END_OP()\n", out);
    }
}
