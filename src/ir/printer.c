/* The printer. The syntax is described in parser.c. Prints ill-formed blocks too (for a bug
 * report), as far as their µops exist; only well-formed ones are sure to be read back. */
#include "ir/ir_text.h"

#include <inttypes.h>

const char *const ir_mem_names[8] = {"s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"};
const char *const ir_rm_names[8] = {"rne", "rtz", "rdn", "rup", "rmm", NULL, NULL, "dyn"};
const char *const ir_order_names[4] = {"rlx", "rl", "aq", "aqrl"};

static void print_register(const struct ir_block *b, unsigned reg, struct strbuf *out)
{
    if (reg < b->n_regs && b->regs)
        strbuf_printf(out, "%s", b->regs[reg].name);
    else
        strbuf_printf(out, "%%%u", reg);
}

static void print_uop(const struct ir_block *b, const struct ir_uop *u, struct strbuf *out)
{
    const struct uop_info *row = &uop_infos[u->op];
    unsigned var = ir_suffix_var(row);
    const char *comma = " ";
    strbuf_printf(out, "%s", row->name);
    if (row->suffix == UOP_SUFFIX_MEM)
        strbuf_printf(out, ".%s", ir_mem_names[u->mem & 7]);
    else if (var)
        strbuf_printf(out, ".%s", ir_type_names[ir_row_type(u, var)]);
    if (row->imms & UOP_HAS_reg) {
        strbuf_printf(out, "%s", comma);
        print_register(b, u->reg, out);
        comma = ", ";
    }
    for (unsigned i = 0; i < row->n_args; i++, comma = ", ")
        strbuf_printf(out, "%sv%u", comma, u->arg[i]);
    if (row->imms & UOP_HAS_imm)
        strbuf_printf(out, "%s0x%" PRIx64, comma, u->imm);
    if (row->imms & UOP_HAS_rm) {
        const char *name = ir_rm_names[u->rm & 7];
        strbuf_printf(out, "%s%s", comma, name ? name : "?");
    }
    if (row->imms & UOP_HAS_order)
        strbuf_printf(out, "%s%s", comma, ir_order_names[u->order & 3]);
    strbuf_printf(out, "\n");
}

void ir_print(const struct ir_block *b, struct strbuf *out)
{
    for (size_t i = 0; i < b->uops.len; i++) {
        const struct ir_uop *u = &b->uops.data[i];
        if (u->op >= UOP_COUNT || u->type >= IR_TYPE_COUNT || u->arg_type >= IR_TYPE_COUNT) {
            strbuf_printf(out, "? %u\n", u->op);
            continue;
        }
        if (uop_infos[u->op].result != IR_VOID)
            strbuf_printf(out, "v%zu = ", i);
        print_uop(b, u, out);
    }
}
