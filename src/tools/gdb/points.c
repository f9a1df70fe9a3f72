/* tools/gdb/points.c: memory, and the points in it at which the guest is to stop.
 *
 * Memory is read and written past the protection of its pages (space_peek), so that constants can
 * be changed. Breakpoints of both kinds are the vm's, which do not change memory; they differ in
 * the reason that is reported only. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

/* "addr,length" and then `end` (0: nothing). */
static bool read_span(const char **at, uint64_t *addr, uint64_t *n, char end)
{
    return gdb_read_hex(at, addr) && gdb_read_char(at, ',') && gdb_read_hex(at, n) &&
           (end ? gdb_read_char(at, end) : **at == '\0');
}

void gdb_read_memory(struct gdb_server *g, const char *args, size_t len)
{
    char bytes[GDB_PACKET_SIZE / 2];
    struct strbuf text = {0};
    uint64_t addr, n;

    if (!read_span(&args, &addr, &n, 0)) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    size_t have = space_peek(g->debugger.space, GVA(addr), bytes, MIN(n, sizeof(bytes)));
    if (have == 0 && n > 0) {
        gdb_answer_error(g, EFAULT);
        return;
    }
    gdb_put_bytes(&text, bytes, have);
    gdb_answer(g, text.data ? text.data : "", text.len);
    strbuf_free(&text);
}

static void write_memory(struct gdb_server *g, uint64_t addr, const void *bytes, size_t n)
{
    size_t done = space_poke(g->debugger.space, GVA(addr), bytes, n);

    if (done > 0)
        vm_invalidate(g->debugger.machine, GVA(addr), GVA(addr + done));
    if (done == n)
        gdb_answer_ok(g);
    else
        gdb_answer_error(g, EFAULT);
}

void gdb_write_memory(struct gdb_server *g, const char *args, size_t len)
{
    char bytes[GDB_PACKET_SIZE / 2];
    uint64_t addr, n;

    if (!read_span(&args, &addr, &n, ':') || n > sizeof(bytes) ||
        !gdb_read_bytes(&args, bytes, n) || *args)
        gdb_answer_error(g, EINVAL);
    else
        write_memory(g, addr, bytes, n);
}

void gdb_write_binary(struct gdb_server *g, const char *args, size_t len)
{
    const char *end = args + len;
    uint64_t addr, n;

    if (!read_span(&args, &addr, &n, ':') || n != (uint64_t)(end - args))
        gdb_answer_error(g, EINVAL);
    else
        write_memory(g, addr, args, n);
}

/* ---- points ---------------------------------------------------------------------------------- */

enum { Z_SOFTWARE, Z_HARDWARE, Z_WRITE, Z_READ, Z_ACCESS };

/* Type, address and kind (of a watchpoint its length); conditions behind them are not asked for. */
struct point {
    uint64_t type, addr, kind;
};

static bool read_point(const char *args, struct point *p)
{
    bool ok = gdb_read_hex(&args, &p->type) && gdb_read_char(&args, ',') &&
              gdb_read_hex(&args, &p->addr) && gdb_read_char(&args, ',') &&
              gdb_read_hex(&args, &p->kind);

    return ok && (*args == '\0' || *args == ';');
}

static struct vm_watch watch_of(const struct point *p)
{
    static const enum vm_watch_kind kinds[] = {
        [Z_WRITE] = VM_WATCH_WRITE, [Z_READ] = VM_WATCH_READ, [Z_ACCESS] = VM_WATCH_ACCESS};

    return (struct vm_watch){kinds[p->type], p->addr, p->kind};
}

/* Asked for once more, a point that is there stays. */
static bool have_break(const struct gdb_server *g, const struct point *p)
{
    for (size_t i = 0; i < g->breaks.len; i++) {
        if (g->breaks.data[i].pc == p->addr &&
            g->breaks.data[i].hardware == (p->type == Z_HARDWARE))
            return true;
    }
    return false;
}

static int add_break(struct gdb_server *g, const struct point *p)
{
    const struct gdb_break point = {p->type == Z_HARDWARE, p->addr};
    unsigned char byte;

    if (have_break(g, p))
        return 0;
    if (g->breaks.len == GDB_MAX_POINTS)
        return ENOSPC;
    if (space_peek(g->debugger.space, GVA(p->addr), &byte, 1) != 1)
        return EFAULT;
    vec_push(&g->breaks, point);
    vm_debug_add_break(g->debugger.machine, GVA(p->addr));
    return 0;
}

static int add_watch(struct gdb_server *g, const struct point *p)
{
    const struct vm_watch watch = watch_of(p);

    if (p->kind == 0 || p->addr >= SPACE_TOP || p->kind > SPACE_TOP - p->addr)
        return EINVAL;
    if (g->debugger.vm.watches.len == GDB_MAX_POINTS)
        return ENOSPC;
    vec_push(&g->debugger.vm.watches, watch);
    return 0;
}

static int remove_break(struct gdb_server *g, const struct point *p)
{
    for (size_t i = 0; i < g->breaks.len; i++) {
        const struct gdb_break *b = &g->breaks.data[i];
        if (b->pc != p->addr || b->hardware != (p->type == Z_HARDWARE))
            continue;
        g->breaks.data[i] = g->breaks.data[--g->breaks.len];
        vm_debug_remove_break(g->debugger.machine, GVA(p->addr));
        return 0;
    }
    return 0; /* none is left there, as was asked for */
}

static int remove_watch(struct gdb_server *g, const struct point *p)
{
    const struct vm_watch watch = watch_of(p);
    struct vm_debug *debug = &g->debugger.vm;

    for (size_t i = 0; i < debug->watches.len; i++) {
        const struct vm_watch *w = &debug->watches.data[i];
        if (w->kind != watch.kind || w->start != watch.start || w->len != watch.len)
            continue;
        debug->watches.data[i] = debug->watches.data[--debug->watches.len];
        return 0;
    }
    return 0;
}

static void change_point(struct gdb_server *g, const char *args,
                         int (*change_break)(struct gdb_server *, const struct point *),
                         int (*change_watch)(struct gdb_server *, const struct point *))
{
    struct point p;

    if (!read_point(args, &p)) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    if (p.type > Z_ACCESS) {
        gdb_answer_unknown(g);
        return;
    }
    int error = p.type <= Z_HARDWARE ? change_break(g, &p) : change_watch(g, &p);
    if (error)
        gdb_answer_error(g, error);
    else
        gdb_answer_ok(g);
}

void gdb_add_point(struct gdb_server *g, const char *args, size_t len)
{
    change_point(g, args, add_break, add_watch);
}

void gdb_remove_point(struct gdb_server *g, const char *args, size_t len)
{
    change_point(g, args, remove_break, remove_watch);
}

void gdb_remove_points(struct gdb_server *g)
{
    g->breaks.len = 0;
    g->debugger.vm.breaks.len = 0;
    g->debugger.vm.watches.len = 0;
}
