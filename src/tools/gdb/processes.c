/* tools/gdb/processes.c: which process the connection is about.
 *
 * It is one process at a time. A child that the guest forks waits until GDB has said which of the
 * two it goes on with (D: not with that one); the child's copy of the server takes the connection
 * over when it is to be the child, or when the parent ends with a child still waiting. */
#include "tools/gdb/server.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ";pid", in hexadecimal; nothing: this process. */
static pid_t read_pid(const char *args)
{
    uint64_t pid;

    return gdb_read_char(&args, ';') && gdb_read_hex(&args, &pid) ? (pid_t)pid : getpid();
}

static void forget_child(struct gdb_server *g, pid_t pid)
{
    if (g->child == pid)
        g->child = 0;
}

void gdb_hand_over(struct gdb_server *g)
{
    struct linux_debugger *d = &g->debugger;

    if (d->children.len > 0)
        debug_release_child(d, d->children.data[d->children.len - 1].pid, true);
}

void gdb_detach(struct gdb_server *g, const char *args, size_t len)
{
    pid_t pid = read_pid(args);

    gdb_answer_ok(g); /* before somebody else can answer what comes next */
    if (debug_has_child(&g->debugger, pid)) {
        debug_release_child(&g->debugger, pid, false);
        forget_child(g, pid);
        return;
    }
    gdb_hand_over(g);
    g->gone = true;
}

/* By the signal that nobody can hold, as any debugger kills. */
void gdb_kill(struct gdb_server *g, const char *args, size_t len)
{
    pid_t pid = read_pid(args);

    if (!debug_has_child(&g->debugger, pid))
        pid = getpid();
    kill(pid, SIGKILL);
    debug_release_child(&g->debugger, pid, false);
    forget_child(g, pid);
}

void gdb_kill_and_answer(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_ok(g);
    gdb_kill(g, args, len);
}

/* What GDB knows of is as in the parent; points it has taken away there. The descriptor by which
 * guest threads wake the server is the parent's until now. */
void gdb_take_over(struct linux_debugger *d, struct thread *t)
{
    struct gdb_server *g = (struct gdb_server *)d;

    memset(&g->in, 0, sizeof(g->in));
    g->sent.len = 0;
    g->running = g->interrupt = g->gone = g->is_exec = false;
    g->thread = g->resume_thread = g->child = 0;
    gdb_remove_points(g);
    gdb_close_files(g);
    close(d->vm.event_fd);
    d->vm.event_fd = debug_move_up(eventfd(0, EFD_CLOEXEC));
    debug_attach(t, d);
    gdb_report_start(g, t);
    if (debug_start_thread(d, gdb_serve, g))
        base_fail(EXIT_BUG, "no thread for the debugger's server");
}
