/* Writes what src/guest/rv64/interp.c is completed by: rv64_csrs.gen.h, functions that read and
 * write CSRs, and rv64_handlers.gen.h, a labelled handler per op, to stand inside the interpreter's
 * function. */
#include "isagen.h"

#include <string.h>

static const char *interp_leaf(struct emitter *em, const struct expr *e)
{
    if (e->kind == EX_CSR_READ)
        return text_printf("csr_read(t, (unsigned)i->%s, INSNS_DONE)",
                           em->s->fields.data[e->index].slot);
    return const_c(em->s, e);
}

/* The values among args, each after a comma. */
static const char *join(const struct expr *e, const char *const args[], const char *separator)
{
    const char *text = "";
    for (int i = 0; i < e->n_args; i++)
        text = text_printf("%s%s%s", text, i ? ", " : separator, args[i]);
    return text;
}

static void interp_uop(struct emitter *em, const struct expr *e, const char *const args[],
                       const char *result)
{
    const struct uop *u = e->uop;
    const char *name = u->name;
    if (u->eval) {
        bool fp = u->class == CL_FLAGS || u->class == CL_STATE;
        const char *declare = e->type ? text_printf("%s %s = ", type_c(e->type), result) : "";
        emit_line(em, "%s%s(%s%s);", declare, uop_function(u, e->types), fp ? "&t->fp" : "",
                  join(e, args, fp ? ", " : ""));
    } else if (u->class == CL_LOAD) {
        emit_line(em, "uint64_t %s;", result);
        emit_line(em, "if (UNLIKELY(!rv64_load_%s(base, %s, &%s)))", e->mem, args[0], result);
        emit_line(em, "    FAULT(load, %s);", args[0]);
    } else if (u->class == CL_STORE) {
        emit_line(em, "if (UNLIKELY(!rv64_store_%s(base, %s, %s)))", e->mem, args[0], args[1]);
        emit_line(em, "    FAULT(store, %s);", args[0]);
    } else if (u->class == CL_ATOMIC) {
        emit_line(em, "uint64_t %s;", result);
        emit_line(em, "if (!rv64_atomic(t, UOP_%s, IR_%s, %s, %s, %s, &%s))", name,
                  upper_name(e->mem), args[0], u->n_args > 1 ? args[1] : "0", args[u->n_args],
                  result);
        emit_line(em, "    goto trap;");
    } else if (strcmp(name, "counter") == 0) {
        emit_line(em, "uint64_t %s = rv64_counter(t, (unsigned)%s, %s);", result, args[0],
                  em->s ? "INSNS_DONE" : "done");
    } else if (strcmp(name, "flushi") == 0) {
        emit_line(em, "FLUSH(%s);", args[0]);
    } else if (u->class == CL_EXIT) {
        emit_line(em, "goto trap_%s;", name);
    } else {
        emit_line(em, "%s_%s(%s);", em->isa->guest, name, join(e, args, ""));
    }
}

static void interp_read_reg(struct emitter *em, const struct field *f, const char *variable)
{
    emit_line(em, "uint64_t %s = s->%c[i->%s];", variable, f->op->kind == OPERAND_X ? 'x' : 'f',
              f->slot);
}

static void interp_write_reg(struct emitter *em, const struct field *f, const char *value)
{
    emit_line(em, "s->%c[i->%s] = %s;", f->op->kind == OPERAND_X ? 'x' : 'f', f->write_slot, value);
}

static void interp_write_csr(struct emitter *em, const struct field *f, const char *value)
{
    emit_line(em, "csr_write(t, (unsigned)i->%s, %s);", f->slot, value);
}

static void interp_check_rm(struct emitter *em, const struct field *f)
{
    emit_line(em, "if (UNLIKELY(i->%s == 7 && t->fp.rm > 4))", f->slot);
    emit_line(em, "    goto trap_illegal;");
}

/* Where the next block stands is known for a constant target: src/guest/rv64/interp.c. */
static void go_to(struct emitter *em, const struct expr *pc)
{
    const char *how = pc->kind == EX_NEXT                 ? "FALL"
                      : expr_is_const(em->isa, em->s, pc) ? "TAKEN"
                                                          : "TO";
    emit_line(em, "EXIT_%s(%s);", how, emit_expr(em, pc));
}

/* A choice becomes a branch of the host's, so that each way has its own jump to the next handler.
 */
static void interp_exit(struct emitter *em, const struct expr *pc)
{
    bool choice = pc->kind == EX_UOP && strcmp(pc->uop->name, "select") == 0;
    if (choice) {
        emit_line(em, "if (%s) {", emit_expr(em, pc->args[0]));
        go_to(em, pc->args[1]);
        emit_line(em, "}");
    }
    go_to(em, choice ? pc->args[2] : pc);
}

static const struct engine interp_engine = {
    type_c,           interp_leaf,      interp_uop,      interp_read_reg,
    interp_write_reg, interp_write_csr, interp_check_rm, interp_exit,
};

static void out_csrs(FILE *out, const struct isa *isa)
{
    struct emitter em = {&interp_engine, out, isa, NULL, "        ", 0};
    fputs("static uint64_t csr_read(struct thread *t, unsigned number, uint64_t done)\n{\n    "
          "switch (number) {\n",
          out);
    for (size_t i = 0; i < isa->csrs.len; i++) {
        fprintf(out, "    case 0x%03x: { /* %s */\n", isa->csrs.data[i].number,
                isa->csrs.data[i].name);
        emit_line(&em, "return %s;", emit_expr(&em, isa->csrs.data[i].read));
        fputs("    }\n", out);
    }
    fputs("    default:\n        CHECK(false, \"CSR 0x%x passed the decoder\", number);\n        "
          "return 0;\n    }\n}\n\n"
          "static void csr_write(struct thread *t, unsigned number, uint64_t l_v)\n{\n    switch "
          "(number) {\n",
          out);
    for (size_t i = 0; i < isa->csrs.len; i++) {
        if (isa->csrs.data[i].read_only)
            continue;
        fprintf(out, "    case 0x%03x: { /* %s */\n", isa->csrs.data[i].number,
                isa->csrs.data[i].name);
        emit_body(&em, &isa->csrs.data[i].write);
        fputs("        break;\n    }\n", out);
    }
    fputs("    default:\n        CHECK(false, \"CSR 0x%x passed the decoder\", number);\n    "
          "}\n}\n\n",
          out);
}

static void visit_pc_use(void *arg, struct expr *e)
{
    if (e->kind == EX_PC || e->kind == EX_NEXT)
        *(bool *)arg = true;
}

static void out_handler(FILE *out, const struct isa *isa, const struct stanza *s)
{
    struct emitter em = {&interp_engine, out, isa, s, "        ", 0};
    bool uses_pc = false;
    for (size_t i = 0; i < s->body.len; i++)
        if (s->body.data[i].e)
            expr_walk(s->body.data[i].e, visit_pc_use, &uses_pc);
    fprintf(out, "op_%s: {\n", s->id);
    if (uses_pc)
        emit_line(&em, "uint64_t pc = INSN_PC;");
    emit_body(&em, &s->body);
    if (!stanza_ends_block(s))
        emit_line(&em, "NEXT();");
    fputs("}\n", out);
}

void out_csrs_h(FILE *out, const struct isa *isa)
{
    fprintf(out, "/* Generated by isagen from isa/%s/csr.def. Included by interp.c alone. */\n\n",
            isa->guest);
    out_csrs(out, isa);
}

void out_handlers_h(FILE *out, const struct isa *isa)
{
    fprintf(out,
            "/* Generated by isagen from isa/%s. Included by interp.c, inside its function. */\n\n",
            isa->guest);
    for (size_t i = 0; i < isa->stanzas.len; i++)
        if (isa->stanzas.data[i]->body.len > 0)
            out_handler(out, isa, isa->stanzas.data[i]);
}
