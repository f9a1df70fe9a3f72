/* tools/gdb/threads.c: which threads there are. The list is the process's, for it leaves out a
 * first thread that has ended and is a zombie. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct thread *gdb_find_thread(struct gdb_server *g, int64_t tid)
{
    struct thread *t;

    for (size_t i = 0; (t = debug_thread_at(&g->debugger, i)) != NULL; i++) {
        if (t->debug && (tid <= 0 || debug_thread_id(t) == tid))
            return t;
    }
    return NULL;
}

void gdb_put_thread(const struct gdb_server *g, struct strbuf *out, const struct thread *t)
{
    if (g->multiprocess)
        strbuf_printf(out, "p%x.", (unsigned)getpid());
    strbuf_printf(out, "%x", (unsigned)debug_thread_id(t));
}

/* Reads a thread id of this process; 0: any. */
static bool read_own(const char **at, int64_t *tid)
{
    struct gdb_thread_id id;

    if (!gdb_read_thread(at, &id) || (id.pid > 0 && id.pid != getpid()))
        return false;
    *tid = id.tid;
    return true;
}

/* Is this a thread of a child that waits? *pid becomes the child, or 0. */
static bool is_child(const struct gdb_server *g, const char *at, pid_t *pid)
{
    struct gdb_thread_id id;

    *pid = 0;
    if (gdb_read_thread(&at, &id) && id.pid > 0 && debug_has_child(&g->debugger, (pid_t)id.pid))
        *pid = (pid_t)id.pid;
    return *pid != 0;
}

/* Hg and Hc: for what follows. */
void gdb_set_thread(struct gdb_server *g, const char *args, size_t len)
{
    char what = *args;
    int64_t tid;

    args += what != '\0';
    if (what == 'g' && is_child(g, args, &g->child)) {
        gdb_answer_ok(g);
        return;
    }
    if ((what != 'g' && what != 'c') || !read_own(&args, &tid) || !gdb_find_thread(g, tid)) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    if (what == 'c')
        g->resume_thread = tid;
    else if (tid > 0) /* 0: any, as before */
        g->thread = tid;
    gdb_answer_ok(g);
}

void gdb_is_alive(struct gdb_server *g, const char *args, size_t len)
{
    int64_t tid;
    pid_t child;

    if (is_child(g, args, &child) || (read_own(&args, &tid) && tid > 0 && gdb_find_thread(g, tid)))
        gdb_answer_ok(g);
    else
        gdb_answer_error(g, ESRCH);
}

static void read_name(pid_t tid, char name[32])
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, name, 31) : 0;
    name[n > 0 ? n - 1 : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

void gdb_thread_extra(struct gdb_server *g, const char *args, size_t len)
{
    struct strbuf text = {0};
    char name[32];
    int64_t tid;

    if (!gdb_read_char(&args, ',') || !read_own(&args, &tid) || tid <= 0 ||
        !gdb_find_thread(g, tid)) {
        gdb_answer_error(g, ESRCH);
        return;
    }
    read_name((pid_t)tid, name);
    gdb_put_bytes(&text, name, strlen(name));
    gdb_answer(g, text.data ? text.data : "", text.len);
    strbuf_free(&text);
}

static void put_child(struct strbuf *out, const struct debug_child *child)
{
    strbuf_printf(out, "p%x.%x", (unsigned)child->pid, (unsigned)child->pid);
}

/* As many as a packet takes: there is no second list. */
void gdb_first_threads(struct gdb_server *g, const char *args, size_t len)
{
    const struct linux_debugger *d = &g->debugger;
    struct strbuf text = {0};
    const struct thread *t;

    for (size_t i = 0; (t = debug_thread_at(&g->debugger, i)) && text.len < GDB_PACKET_SIZE - 64;
         i++) {
        strbuf_printf(&text, i == 0 ? "m" : ",");
        gdb_put_thread(g, &text, t);
    }
    for (size_t i = 0; i < d->children.len && text.len < GDB_PACKET_SIZE - 64; i++) {
        strbuf_printf(&text, text.len ? "," : "m");
        put_child(&text, &d->children.data[i]);
    }
    gdb_answer(g, text.len ? text.data : "l", text.len ? text.len : 1);
    strbuf_free(&text);
}

void gdb_next_threads(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_text(g, "l");
}

void gdb_current_thread(struct gdb_server *g, const char *args, size_t len)
{
    struct strbuf text = {0};
    const struct thread *t = gdb_find_thread(g, g->thread);

    strbuf_printf(&text, "QC");
    if (t)
        gdb_put_thread(g, &text, t);
    gdb_answer(g, text.data, text.len);
    strbuf_free(&text);
}

/* Names may hold anything. */
static void put_escaped(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || strchr("<>&\"'", *text))
            strbuf_printf(out, "&#%u;", *text < ' ' ? '?' : (unsigned char)*text);
        else
            strbuf_append(out, text, 1);
    }
}

void gdb_make_threads(struct gdb_server *g, struct strbuf *out)
{
    const struct thread *t;
    char name[32];

    strbuf_printf(out, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (size_t i = 0; (t = debug_thread_at(&g->debugger, i)) != NULL; i++) {
        strbuf_printf(out, "<thread id=\"");
        gdb_put_thread(g, out, t);
        strbuf_printf(out, "\" name=\"");
        read_name(debug_thread_id(t), name);
        put_escaped(out, name);
        strbuf_printf(out, "\"/>\n");
    }
    for (size_t i = 0; i < g->debugger.children.len; i++) {
        strbuf_printf(out, "<thread id=\"");
        put_child(out, &g->debugger.children.data[i]);
        strbuf_printf(out, "\"/>\n");
    }
    strbuf_printf(out, "</threads>\n");
}
