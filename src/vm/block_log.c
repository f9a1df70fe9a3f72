/* vm/block_log.c: engine block's listings. */
#include "vm/block_engine.h"

static void print_recipe(struct recipe r, struct strbuf *out)
{
    char name[8];

    switch ((enum recipe_kind)r.kind) {
    case RECIPE_HOME:
        strbuf_printf(out, "at home");
        return;
    case RECIPE_HOST:
        translate_register_name(r.where, name, sizeof(name));
        strbuf_printf(out, "%s", name);
        break;
    case RECIPE_SLOT:
        strbuf_printf(out, "spill %u", r.where);
        break;
    case RECIPE_CONST:
        strbuf_printf(out, "%#llx", (unsigned long long)r.plus);
        return;
    case RECIPE_NAN32:
    case RECIPE_NAN64:
        strbuf_printf(out, "at home, any NaN");
        return;
    case RECIPE_BOX:
        strbuf_printf(out, "at home, boxed");
        return;
    case RECIPE_KINDS:
        return;
    }
    if (r.plus)
        strbuf_printf(out, " + %lld", (long long)r.plus);
}

/* An entry of the reverse table: the guest pc, all registers that are not at home, and those that
 * late instructions put, in their order. */
static void print_point(const struct block_engine *e, const struct fragment *f,
                        const struct reverse_cursor *point, struct strbuf *out)
{
    const struct guest *guest = e->config.guest;

    strbuf_printf(out, "; may trap: guest pc %#lx%s", (unsigned long)(f->pc.v + point->guest),
                  point->again ? ", from there again" : "");
    for (unsigned i = 0; i < guest->n_regs && i < REVERSE_REGS; i++) {
        if (point->recipes[i].kind == RECIPE_HOME)
            continue;
        strbuf_printf(out,
                      ", %s: ", guest->regs[i].alias ? guest->regs[i].alias : guest->regs[i].name);
        print_recipe(point->recipes[i], out);
    }
    for (unsigned k = 0; k < point->n_late; k++) {
        unsigned row = ir_packed_row(f->reverse + point->late[k].at, point->late[k].n_bytes);
        strbuf_printf(out, "%s%s", k ? " " : ", late: ",
                      guest->regs[row].alias ? guest->regs[row].alias : guest->regs[row].name);
    }
    strbuf_printf(out, "\n");
}

void block_print_host(const struct block_engine *e, const struct fragment *f, struct strbuf *out)
{
    const uint8_t *bytes = code_cache_bytes(e->code, f);
    struct reverse_cursor point = {0};
    bool more = reverse_next(f->reverse, f->n_reverse, &point);

    if (!host_has_disassembler)
        strbuf_printf(out, "; bytes only: this build of isomorph has no disassembler (Zydis)\n");
    for (uint32_t at = 0; at < f->n_code;) {
        if (more && point.host == at) {
            print_point(e, f, &point, out);
            more = reverse_next(f->reverse, f->n_reverse, &point);
        }
        for (unsigned i = 0; i < f->n_exits; i++) {
            const struct fragment_exit *exit = fragment_exit_of(f, i);
            if (exit->stub == at)
                strbuf_printf(out, "; stub of exit %u to %#lx\n", i, (unsigned long)exit->pc.v);
        }
        at += (uint32_t)host_disassemble_one(out, bytes + at, f->n_code - at, HPC(f->code.v + at),
                                             translate_name, (void *)&e->names);
    }
}

void block_log_fragment(const struct vm *vm, const struct fragment *f)
{
    const struct block_engine *e = vm->block;
    struct strbuf text = {0};

    if (!log_on(LOG_OPT) && !log_on(LOG_REGS) && !log_on(LOG_HOST))
        return;
    strbuf_printf(&text, "fragment %#lx: %u instructions, %u bytes, at %#lx: %u bytes, %u exits\n",
                  (unsigned long)f->pc.v, f->n_insns, f->guest_bytes, (unsigned long)f->code.v,
                  f->n_code, f->n_exits);
    if (log_on(LOG_OPT))
        translate_print_opt(e->translator, &text);
    if (log_on(LOG_REGS))
        translate_print_regs(e->translator, &text);
    if (log_on(LOG_HOST))
        block_print_host(e, f, &text);
    log_write(text.data, text.len);
    strbuf_free(&text);
}

void block_log_link(const struct fragment *from, unsigned exit, const struct fragment *to)
{
    if (log_on(LOG_LINK))
        log_print("link %#lx exit %u to %#lx\n", (unsigned long)from->pc.v, exit,
                  (unsigned long)to->pc.v);
}

void block_log_drop(const struct fragment *f)
{
    if (log_on(LOG_LINK))
        log_print("drop %#lx\n", (unsigned long)f->pc.v);
}
