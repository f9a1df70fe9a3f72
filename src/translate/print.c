/* Listings of the block translated last, and names in host code. */
#include "translate/translator.h"

#include <string.h>

/* ---- nodes ----------------------------------------------------------------------------------- */

static const char *register_name(const struct work *w, unsigned row)
{
    const struct guest_reg *r = &w->guest->regs[row];
    return r->alias ? r->alias : r->name;
}

static void print_operands(const struct work *w, const struct node *n, struct strbuf *out)
{
    const char *comma = " ";
    for (unsigned k = 0; k < 3; k++) {
        if (n->arg[k] == IR_NONE)
            continue;
        if (node_is_const(w, n->arg[k]))
            strbuf_printf(out, "%s%#llx", comma, (unsigned long long)w->nodes.data[n->arg[k]].imm);
        else
            strbuf_printf(out, "%sv%u", comma, w->nodes.data[n->arg[k]].number);
        comma = ", ";
    }
    if (n->has_imm || uop_infos[n->op].imms & UOP_HAS_imm)
        strbuf_printf(out, "%s%#llx", comma, (unsigned long long)n->imm);
}

static void print_boxed_rows(const struct work *w, struct strbuf *out)
{
    for (size_t k = 0; k < w->boxed_rows.len; k++)
        strbuf_printf(out, "%s%s", k ? ", " : " ", register_name(w, w->boxed_rows.data[k]));
}

static void print_notes(const struct work *w, const struct node *n, struct strbuf *out)
{
    if (n->state == NODE_FUSED)
        strbuf_printf(out, "  (fused)");
    if (n->slow)
        strbuf_printf(out, "  (slow)");
    if (n->check_rne)
        strbuf_printf(out, "  (checks the mode)");
    if (n->hint && n->op != UOP_get)
        strbuf_printf(out, "  -> %s", register_name(w, n->hint - 1u));
}

void translate_print_opt(const struct translator *tr, struct strbuf *out)
{
    const struct work *w = &tr->work;
    for (size_t i = 0; i < w->nodes.len; i++) {
        const struct node *n = &w->nodes.data[i];
        if (n->state == NODE_DEAD || n->op == UOP_const)
            continue;
        if (uop_infos[n->op].result != IR_VOID && n->op != UOP_unbox)
            strbuf_printf(out, "v%u = ", n->number);
        strbuf_printf(out, "%s", uop_infos[n->op].name);
        if (n->type != IR_VOID)
            strbuf_printf(out, ".%s", ir_type_names[n->type]);
        if (n->op == UOP_get || n->op == UOP_put)
            strbuf_printf(out, " %s", register_name(w, n->reg));
        if (n->op == UOP_unbox && n->arg[0] == IR_NONE)
            print_boxed_rows(w, out);
        print_operands(w, n, out);
        print_notes(w, n, out);
        strbuf_printf(out, "\n");
    }
}

void translate_print_regs(const struct translator *tr, struct strbuf *out)
{
    const struct emitter *e = &tr->emitter;
    char name[8];
    for (unsigned k = 0; k < e->n_pins; k++) {
        translate_register_name(e->pins[k].reg, name, sizeof(name));
        strbuf_printf(out, "%s%s=%s", k ? " " : "", register_name(&tr->work, e->pins[k].row), name);
    }
    strbuf_printf(out, "; %zu values spilled at most\n", e->most_spilled);
}

/* ---- names in host code ---------------------------------------------------------------------- */

const char *translate_name(void *arg, uint64_t address)
{
    static const char *const names[CODE_TARGETS] = {
        [CODE_ENTER] = "enter",
        [CODE_EXIT_LINK] = "exit_link",
        [CODE_EXIT_LOOKUP] = "exit_lookup",
        [CODE_EXIT_POLL] = "exit_poll",
        [CODE_EXIT_TRAP] = "exit_trap",
        [CODE_EXIT_FLUSH] = "exit_flush",
        [CODE_EXIT_INTERP] = "exit_interp",
        [CODE_EXIT_FAULT] = "exit_fault",
        [CODE_CALL_SLOW] = "call_slow",
        [CODE_RETURN_EMPTY] = "return_empty",
        [CODE_HELPER_UOP] = "helper_uop",
        [CODE_HELPER_FP_ENTER] = "helper_fp_enter",
        [CODE_HELPER_FP_LEAVE] = "helper_fp_leave",
    };
    const struct translate_names *n = arg;
    for (unsigned id = 0; id < CODE_TARGETS; id++)
        if (n->targets[id] == address && address != 0)
            return names[id];
    return NULL;
}

const struct translate_lines *translate_lines(const struct translator *tr)
{
    return &tr->emitter.lines;
}
