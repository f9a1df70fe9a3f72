/* tools/gdb/monitor.c: `monitor` commands: what isomorph makes of the guest's code. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <string.h>

enum { COMMAND_SIZE = 256, CONSOLE_PART = 1000 };

static void print_fragments(struct gdb_server *g, const char *args, struct strbuf *out)
{
    vm_debug_print_fragments(g->debugger.machine, out);
}

/* For fragment and reverse: the pc that is given, or the current thread's. */
static void print_at(struct gdb_server *g, const char *args, struct strbuf *out,
                     bool (*print)(struct vm *vm, gva pc, struct strbuf *out))
{
    const struct thread *t = gdb_find_thread(g, g->thread);
    uint64_t pc = t ? thread_pc(t).v : 0;
    char *end = NULL;

    if (*args) {
        errno = 0;
        pc = strtoull(args, &end, 0);
    }
    if (end && (*end || errno))
        strbuf_printf(out, "not an address: %s\n", args);
    else if (!print(g->debugger.machine, GVA(pc), out))
        strbuf_printf(out, "there is no fragment at %#llx\n", (unsigned long long)pc);
}

static void print_fragment(struct gdb_server *g, const char *args, struct strbuf *out)
{
    print_at(g, args, out, vm_debug_print_fragment);
}

static void print_reverse(struct gdb_server *g, const char *args, struct strbuf *out)
{
    print_at(g, args, out, vm_debug_print_reverse);
}

static void print_maps(struct gdb_server *g, const char *args, struct strbuf *out)
{
    debug_print_maps(&g->debugger, out);
}

static void print_stats(struct gdb_server *g, const char *args, struct strbuf *out)
{
    static const char *const names[] = {
#define COUNTER(id, name, help) name,
#include "base/counters.def"
#undef COUNTER
    };
    uint64_t sum[COUNTER_COUNT];

    vm_sum_counters(g->debugger.machine, sum);
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        if (sum[i])
            strbuf_printf(out, "%-28s %llu\n", names[i], (unsigned long long)sum[i]);
    }
}

static void print_help(struct gdb_server *g, const char *args, struct strbuf *out);

static const struct {
    const char *name, *help;
    void (*print)(struct gdb_server *g, const char *args, struct strbuf *out);
} commands[] = {
    {"help", "this list", print_help},
    {"fragments", "the translated fragments", print_fragments},
    {"fragment", "[PC]: guest code, micro-operations and host code of the fragment at PC",
     print_fragment},
    {"reverse", "[PC]: its reverse translation table", print_reverse},
    {"maps", "the guest's mappings, as /proc/PID/maps", print_maps},
    {"stats", "counters so far", print_stats},
};

static void print_help(struct gdb_server *g, const char *args, struct strbuf *out)
{
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        strbuf_printf(out, "%-10s %s\n", commands[i].name, commands[i].help);
}

static void run(struct gdb_server *g, const char *command, struct strbuf *out)
{
    size_t len = strcspn(command, " ");

    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (strlen(commands[i].name) == len && strncmp(command, commands[i].name, len) == 0) {
            commands[i].print(g, command + len + strspn(command + len, " "), out);
            return;
        }
    }
    strbuf_printf(out, "unknown command; monitor help lists them\n");
}

/* Output goes out as packets "O", then OK. */
void gdb_monitor(struct gdb_server *g, const char *args, size_t len)
{
    char command[COMMAND_SIZE];
    struct strbuf out = {0}, part = {0};
    size_t n = len > 0 ? (len - 1) / 2 : 0;

    if (!gdb_read_char(&args, ',') || n >= sizeof(command) || !gdb_read_bytes(&args, command, n) ||
        *args) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    command[n] = '\0';
    run(g, command, &out);
    for (size_t at = 0; at < out.len; at += CONSOLE_PART) {
        part.len = 0;
        strbuf_append(&part, "O", 1);
        gdb_put_bytes(&part, out.data + at, MIN(out.len - at, (size_t)CONSOLE_PART));
        gdb_answer(g, part.data, part.len);
    }
    gdb_answer_ok(g);
    strbuf_free(&out);
    strbuf_free(&part);
}
