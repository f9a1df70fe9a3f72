/* tools/gdb/query.c: what GDB asks about the server and the process: qSupported, and the objects of
 * qXfer. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* ---- features -------------------------------------------------------------------------------- */

static bool offers(const char *features, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = features; (at = strstr(at, name)) != NULL; at += len) {
        if ((at[-1] == ':' || at[-1] == ';') && (at[len] == ';' || at[len] == '\0'))
            return true;
    }
    return false;
}

void gdb_supported(struct gdb_server *g, const char *args, size_t len)
{
    char text[512];

    g->multiprocess = *args && offers(args, "multiprocess+");
    g->sw_reason = *args && offers(args, "swbreak+");
    g->hw_reason = *args && offers(args, "hwbreak+");
    g->exec_events = *args && offers(args, "exec-events+");
    g->debugger.forks = g->multiprocess && offers(args, "fork-events+");
    snprintf(text, sizeof(text),
             "PacketSize=%x;QStartNoAckMode+;QPassSignals+;QCatchSyscalls+;vContSupported+;swbreak+"
             ";hwbreak+;"
             "multiprocess+;exec-events+;fork-events+;qXfer:features:read+;qXfer:auxv:read+;"
             "qXfer:exec-file:read+;qXfer:memory-map:read+;qXfer:siginfo:read+;"
             "qXfer:threads:read+",
             (unsigned)GDB_PACKET_SIZE);
    gdb_answer_text(g, text);
}

void gdb_start_no_ack(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_ok(g);
    g->no_ack = true;
}

/* The process is the debugger's to kill, not one that was there before. */
void gdb_attached(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_text(g, "0");
}

/* ---- objects --------------------------------------------------------------------------------- */

static void make_auxv(struct gdb_server *g, struct strbuf *out)
{
    size_t size;
    const void *auxv = debug_auxv(&g->debugger, &size);

    strbuf_append(out, auxv, size);
}

static void make_exec_file(struct gdb_server *g, struct strbuf *out)
{
    strbuf_printf(out, "%s", debug_program(&g->debugger));
}

/* GDB asks for it once and takes what is not in it for inaccessible, so it has to cover what will
 * be mapped later: the whole space. `monitor maps` and `info proc mappings` show what is there. */
static void make_memory_map(struct gdb_server *g, struct strbuf *out)
{
    strbuf_printf(out,
                  "<?xml version=\"1.0\"?>\n<memory-map>\n"
                  "<memory type=\"ram\" start=\"0x0\" length=\"%#llx\"/>\n</memory-map>\n",
                  (unsigned long long)SPACE_TOP);
}

static void make_siginfo(struct gdb_server *g, struct strbuf *out)
{
    const struct thread *t = gdb_find_thread(g, g->thread);
    siginfo_t info = {.si_signo = SIGTRAP, .si_code = TRAP_BRKPT};

    if (!t)
        return;
    if (t->debug->stop.kind == VM_STOP_SIGNAL)
        info = t->debug->stop.info;
    else
        info.si_addr = (void *)thread_pc(t).v;
    strbuf_append(out, (const char *)&info, sizeof(info));
}

static const struct {
    const char *name;
    void (*make)(struct gdb_server *g, struct strbuf *out);
} objects[] = {
    {"features:read:target.xml:", gdb_make_description},
    {"auxv:read::", make_auxv},
    {"exec-file:read:", make_exec_file}, /* and a process id, or nothing */
    {"memory-map:read::", make_memory_map},
    {"siginfo:read::", make_siginfo},
    {"threads:read::", gdb_make_threads},
};

/* "m" and a part, or "l" and the last. */
static void answer_part(struct gdb_server *g, const struct strbuf *object, uint64_t offset,
                        uint64_t n)
{
    struct strbuf part = {0};
    uint64_t start = MIN(offset, (uint64_t)object->len);

    /* Half of what a packet takes, since any byte may have to be escaped. */
    n = MIN(MIN(n, (uint64_t)object->len - start), (uint64_t)GDB_PACKET_SIZE / 2 - 8);
    strbuf_printf(&part, start + n < object->len ? "m" : "l");
    if (n > 0)
        strbuf_append(&part, object->data + start, n);
    gdb_answer(g, part.data, part.len);
    strbuf_free(&part);
}

void gdb_transfer(struct gdb_server *g, const char *args, size_t len)
{
    struct strbuf object = {0};
    uint64_t offset, n, pid;

    for (unsigned i = 0; gdb_read_char(&args, ':') && i < ARRAY_LEN(objects); i++, args--) {
        size_t name = strlen(objects[i].name);
        if (strncmp(args, objects[i].name, name) != 0)
            continue;
        args += name;
        if (objects[i].make == make_exec_file && *args != ':')
            gdb_read_hex(&args, &pid);
        if (objects[i].make == make_exec_file && !gdb_read_char(&args, ':'))
            break;
        if (!gdb_read_hex(&args, &offset) || !gdb_read_char(&args, ',') ||
            !gdb_read_hex(&args, &n) || *args)
            break;
        objects[i].make(g, &object);
        answer_part(g, &object, offset, n);
        strbuf_free(&object);
        return;
    }
    if (*args == ':' || strstr(args, ":read") || strstr(args, ":write"))
        gdb_answer_unknown(g);
    else
        gdb_answer_error(g, EINVAL);
}
