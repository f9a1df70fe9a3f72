/* tools/gdb/registers.c: registers, from the rows of the guest (struct guest_reg,
 * isa/.../regs.def), and their description for GDB.
 *
 * GDB's numbers are those of its features org.gnu.gdb.riscv.*: general registers from 0, the pc
 * behind them, floating point behind that, and control registers by their CSR number behind those.
 * A number is written out in the description, so that it need not be guessed. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <string.h>

enum {
    NUMBER_SP = 2,
    NUMBER_FP = 8,
    NUMBER_PC = 32,
    NUMBER_FPR = 33,
    NUMBER_CSR = 65,
    CSR_FCSR = 3
};

/* ---- numbers --------------------------------------------------------------------------------- */

/* The i-th row's number of GDB's; rows of a class follow each other. */
static unsigned number_of(const struct guest *guest, unsigned i)
{
    unsigned first = i;

    while (first > 0 && guest->regs[first - 1].kind == guest->regs[i].kind)
        first--;
    switch (guest->regs[i].kind) {
    case REG_GPR:
        return i - first;
    case REG_PC:
        return NUMBER_PC;
    case REG_FPR:
        return NUMBER_FPR + i - first;
    default: /* fcsr is the only one so far */
        return NUMBER_CSR + CSR_FCSR + i - first;
    }
}

/* The row with this number; NULL if there is none. */
static const struct guest_reg *find_number(const struct guest *guest, uint64_t number)
{
    for (unsigned i = 0; i < guest->n_regs; i++) {
        if (number_of(guest, i) == number)
            return &guest->regs[i];
    }
    return NULL;
}

/* Calls visit for each row by rising number: the order of g and G. */
static void visit_rows(const struct guest *guest,
                       void (*visit)(const struct guest_reg *reg, unsigned number, void *arg),
                       void *arg)
{
    unsigned last = NUMBER_CSR + CSR_FCSR;

    for (unsigned number = 0; number <= last; number++) {
        const struct guest_reg *reg = find_number(guest, number);
        if (reg)
            visit(reg, number, arg);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void put_value(struct strbuf *out, const struct thread *t, const struct guest_reg *reg)
{
    gdb_put_bytes(out, t->guest + reg->offset, reg->bits / 8);
}

void gdb_leave_call(struct gdb_server *g, struct thread *t)
{
    if (vm_debug_in_call(t))
        debug_end_call(&g->debugger, t);
}

static void set_value(struct thread *t, const struct guest_reg *reg, const void *value)
{
    if (reg->zero)
        return;
    memcpy(t->guest + reg->offset, value, reg->bits / 8);
    if (reg->kind == REG_PC)
        thread_set_pc(t, GVA(thread_pc(t).v & ~(uint64_t)(t->desc->insn_align - 1)));
    debug_registers_written(t);
}

struct reader {
    struct thread *t;
    const char *at;
    bool ok, store;
};

static void read_row(const struct guest_reg *reg, unsigned number, void *arg)
{
    struct reader *r = arg;
    unsigned char value[64];

    r->ok = r->ok && gdb_read_bytes(&r->at, value, reg->bits / 8);
    if (r->ok && r->store)
        set_value(r->t, reg, value);
}

struct writer {
    const struct thread *t;
    struct strbuf text;
};

static void write_row(const struct guest_reg *reg, unsigned number, void *arg)
{
    struct writer *w = arg;

    put_value(&w->text, w->t, reg);
}

void gdb_read_registers(struct gdb_server *g, const char *args, size_t len)
{
    struct writer w = {.t = gdb_find_thread(g, g->thread)};

    if (!w.t) {
        gdb_answer_error(g, ESRCH);
        return;
    }
    visit_rows(w.t->desc, write_row, &w);
    gdb_answer(g, w.text.data, w.text.len);
    strbuf_free(&w.text);
}

/* Nothing is changed by a packet that is malformed or does not have all of them. */
void gdb_write_registers(struct gdb_server *g, const char *args, size_t len)
{
    struct reader r = {gdb_find_thread(g, g->thread), args, true, false};

    if (r.t)
        visit_rows(r.t->desc, read_row, &r);
    if (!r.t || !r.ok || *r.at) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    gdb_leave_call(g, r.t);
    r.at = args;
    r.store = true;
    visit_rows(r.t->desc, read_row, &r);
    gdb_answer_ok(g);
}

void gdb_read_register(struct gdb_server *g, const char *args, size_t len)
{
    struct thread *t = gdb_find_thread(g, g->thread);
    const struct guest_reg *reg = NULL;
    struct strbuf text = {0};
    uint64_t number;

    if (t && gdb_read_hex(&args, &number) && *args == '\0')
        reg = find_number(t->desc, number);
    if (!reg) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    put_value(&text, t, reg);
    gdb_answer(g, text.data, text.len);
    strbuf_free(&text);
}

void gdb_write_register(struct gdb_server *g, const char *args, size_t len)
{
    struct thread *t = gdb_find_thread(g, g->thread);
    const struct guest_reg *reg = NULL;
    unsigned char value[64];
    uint64_t number;

    if (t && gdb_read_hex(&args, &number) && gdb_read_char(&args, '='))
        reg = find_number(t->desc, number);
    if (!reg || !gdb_read_bytes(&args, value, reg->bits / 8) || *args) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    gdb_leave_call(g, t);
    set_value(t, reg, value);
    gdb_answer_ok(g);
}

void gdb_put_expedited(struct gdb_server *g, struct strbuf *out, const struct thread *t)
{
    static const unsigned numbers[] = {NUMBER_SP, NUMBER_FP, NUMBER_PC};

    for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
        strbuf_printf(out, "%02x:", numbers[i]);
        put_value(out, t, find_number(t->desc, numbers[i]));
        strbuf_printf(out, ";");
    }
}

/* ---- the description ------------------------------------------------------------------------- */

struct feature {
    struct strbuf *out;
    const char *name;
    enum reg_kind first, second; /* classes that are in it */
};

static const char *type_of(const struct guest_reg *reg)
{
    switch (reg->kind) {
    case REG_PC:
        return "code_ptr";
    case REG_FPR:
        return "ieee_double";
    default:
        return reg->bits == 64 ? "int64" : "int32";
    }
}

static void describe_row(const struct guest_reg *reg, unsigned number, void *arg)
{
    const struct feature *f = arg;

    if (reg->kind == f->first || reg->kind == f->second)
        strbuf_printf(f->out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n",
                      reg->alias ? reg->alias : reg->name, reg->bits, type_of(reg), number);
}

void gdb_make_description(struct gdb_server *g, struct strbuf *out)
{
    const struct guest *guest = g->debugger.guest;
    const struct feature features[] = {
        {out, "org.gnu.gdb.riscv.cpu", REG_GPR, REG_PC},
        {out, "org.gnu.gdb.riscv.fpu", REG_FPR, REG_CSR},
    };

    strbuf_printf(out, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                       "<target version=\"1.0\">\n<architecture>riscv:rv64</architecture>\n"
                       "<osabi>GNU/Linux</osabi>\n");
    for (unsigned i = 0; i < ARRAY_LEN(features); i++) {
        strbuf_printf(out, "<feature name=\"%s\">\n", features[i].name);
        visit_rows(guest, describe_row, (void *)&features[i]);
        strbuf_printf(out, "</feature>\n");
    }
    strbuf_printf(out, "</target>\n");
}
