/* tools/gdb/resume.c: letting the guest go on, and why it has stopped.
 *
 * A thread reports its stop and waits (vm/debug.h). When the server has all threads stopped it
 * tells GDB of one stop. The others' keep, but for those at breakpoints, which happen again if the
 * breakpoint is still there when their threads go on. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- stop replies ---------------------------------------------------------------------------- */

static void put_exit(struct gdb_server *g, const struct vm_stop *stop)
{
    if (stop->signal)
        strbuf_printf(&g->stop, "X%02x", gdb_signal_from_host(stop->signal));
    else
        strbuf_printf(&g->stop, "W%02x", (unsigned)stop->status & 0xff);
    if (g->multiprocess)
        strbuf_printf(&g->stop, ";process:%x", (unsigned)getpid());
}

static bool is_hardware(const struct gdb_server *g, uint64_t pc)
{
    bool hardware = false;

    for (size_t i = 0; i < g->breaks.len; i++) {
        if (g->breaks.data[i].pc == pc && !g->breaks.data[i].hardware)
            return false;
        hardware |= g->breaks.data[i].pc == pc;
    }
    return hardware;
}

static void put_reason(struct gdb_server *g, const struct thread *t, const struct vm_stop *stop)
{
    static const char *const watches[] = {
        [VM_WATCH_WRITE] = "watch", [VM_WATCH_READ] = "rwatch", [VM_WATCH_ACCESS] = "awatch"};

    if (stop->kind == VM_STOP_WATCH) {
        strbuf_printf(&g->stop, "%s:%llx;", watches[stop->watch], (unsigned long long)stop->addr.v);
    } else if (stop->kind == VM_STOP_BREAK) {
        bool hardware = is_hardware(g, thread_pc(t).v);
        if (hardware ? g->hw_reason : g->sw_reason)
            strbuf_printf(&g->stop, hardware ? "hwbreak:;" : "swbreak:;");
    } else if (stop->kind == VM_STOP_CALL || stop->kind == VM_STOP_RETURN) {
        strbuf_printf(&g->stop, "syscall_%s:%llx;", stop->kind == VM_STOP_CALL ? "entry" : "return",
                      (unsigned long long)stop->call);
    } else if (stop->kind == VM_STOP_FORK) {
        strbuf_printf(&g->stop, "fork:p%x.%x;", (unsigned)stop->child, (unsigned)stop->child);
    }
}

/* Makes the stop reply. t is from now on the thread that GDB speaks of. */
static void make_stop(struct gdb_server *g, struct thread *t, const struct vm_stop *stop, int sig)
{
    g->stop.len = 0;
    if (stop->kind == VM_STOP_EXIT) {
        put_exit(g, stop);
        return;
    }
    g->thread = debug_thread_id(t);
    g->resume_thread = 0;
    strbuf_printf(&g->stop, "T%02xthread:", gdb_signal_from_host(sig));
    gdb_put_thread(g, &g->stop, t);
    strbuf_printf(&g->stop, ";");
    gdb_put_expedited(g, &g->stop, t);
    put_reason(g, t, stop);
}

void gdb_report_start(struct gdb_server *g, struct thread *t)
{
    const struct vm_stop none = {0};

    make_stop(g, t, &none, SIGTRAP);
    const char *program = debug_program(&g->debugger);
    if (!g->is_exec || !g->exec_events)
        return;
    strbuf_printf(&g->stop, "exec:");
    gdb_put_bytes(&g->stop, program, strlen(program));
    strbuf_printf(&g->stop, ";");
}

void gdb_why(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer(g, g->stop.data, g->stop.len);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static bool is_new(const struct thread *t, enum vm_stop_kind kind)
{
    const struct vm_debug_thread *d = t->debug;

    return d && !d->reported &&
           (kind == VM_STOP_NONE ? d->stop.kind != VM_STOP_NONE : d->stop.kind == kind);
}

/* A thread that has something to report, an end first, or NULL. Threads at their end may be on the
 * vm's list only. */
static struct thread *find_report(struct gdb_server *g)
{
    const struct vm *vm = g->debugger.machine;
    struct thread *t, *found = NULL;

    for (size_t i = 0; (t = vm_debug_thread_at(vm, i)) != NULL; i++) {
        if (is_new(t, VM_STOP_EXIT))
            return t;
        if (!found && is_new(t, VM_STOP_NONE))
            found = t;
    }
    return found;
}

/* The other threads at breakpoints find out anew. */
static void forget_breaks(struct gdb_server *g, const struct thread *reported)
{
    struct thread *t;

    for (size_t i = 0; (t = vm_debug_thread_at(g->debugger.machine, i)) != NULL; i++) {
        if (t != reported && is_new(t, VM_STOP_BREAK))
            t->debug->stop.kind = VM_STOP_NONE;
    }
}

/* With all stopped. False if there is nothing to report. */
static bool report(struct gdb_server *g)
{
    const struct vm_stop none = {0};
    struct thread *t = find_report(g);

    if (t) {
        struct vm_stop *stop = &t->debug->stop;
        t->debug->reported = true;
        forget_breaks(g, t);
        make_stop(g, t, stop, stop->kind == VM_STOP_SIGNAL ? stop->info.si_signo : SIGTRAP);
        g->gone |= stop->kind == VM_STOP_EXIT;
    } else if (g->interrupt && (t = gdb_find_thread(g, g->thread)) != NULL) {
        make_stop(g, t, &none, SIGINT);
        g->interrupt = false;
    } else if (g->interrupt && (t = gdb_find_thread(g, 0)) != NULL) {
        make_stop(g, t, &none, SIGINT);
        g->interrupt = false;
    } else {
        return false;
    }
    g->running = false;
    bool gone = g->gone;
    g->gone = false;
    gdb_answer(g, g->stop.data, g->stop.len);
    g->gone |= gone;
    if (gone)
        gdb_hand_over(g);
    return true;
}

void gdb_stop(struct gdb_server *g)
{
    vm_debug_stop(g->debugger.machine);
    if (!report(g))
        vm_debug_go(g->debugger.machine);
}

/* ---- going on -------------------------------------------------------------------------------- */

static bool names_thread(const struct gdb_thread_id *id, const struct thread *t)
{
    return (id->pid <= 0 || id->pid == getpid()) && (id->tid <= 0 || id->tid == debug_thread_id(t));
}

/* The signal that GDB gives to a thread: the answer to one that it was asked about, or a new one.
 */
static void give_signal(struct gdb_server *g, struct thread *t, int sig)
{
    struct vm_debug_thread *d = t->debug;

    if (d->stop.kind == VM_STOP_SIGNAL)
        d->answer = sig;
    else if (sig)
        debug_inject(&g->debugger, t, sig);
}

static void act(struct gdb_server *g, struct thread *t, const struct gdb_action *a)
{
    struct vm_debug_thread *d = t->debug;

    d->held = a == NULL;
    d->stepping = a && a->kind != 'c';
    d->step_start = a ? a->start : 0;
    d->step_end = a ? a->end : 0;
    if (!a || (d->stop.kind != VM_STOP_NONE && !d->reported))
        return;
    give_signal(g, t, gdb_signal_to_host((unsigned)a->signal));
    d->stop.kind = VM_STOP_NONE;
}

static void resume(struct gdb_server *g, const struct gdb_action *actions, int n)
{
    struct thread *t;

    for (size_t i = 0; (t = debug_thread_at(&g->debugger, i)) != NULL; i++) {
        const struct gdb_action *mine = NULL;
        for (int a = 0; a < n && !mine; a++) {
            if (names_thread(&actions[a].thread, t))
                mine = &actions[a];
        }
        if (t->debug)
            act(g, t, mine);
    }
    g->running = true;
    if (!find_report(g) || !report(g))
        vm_debug_go(g->debugger.machine);
}

/* c, s, C and S, with an address to go on at if one is given: for the thread of Hc alone, or for
 * the current one while the others go on. */
static void resume_old(struct gdb_server *g, char kind, const char *args, bool with_signal)
{
    struct thread *t = gdb_find_thread(g, g->resume_thread > 0 ? g->resume_thread : g->thread);
    uint64_t signal = 0, addr = 0;
    bool ok = t && (!with_signal || (gdb_read_hex(&args, &signal) && signal <= 255));

    if (ok && with_signal && *args)
        ok = gdb_read_char(&args, ';') && *args;
    bool moves = ok && *args;
    if (moves)
        ok = gdb_read_hex(&args, &addr) && *args == '\0';
    if (!ok) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    if (moves) {
        gdb_leave_call(g, t);
        thread_set_pc(t, GVA(addr));
    }
    const struct gdb_action actions[2] = {
        {.kind = kind, .signal = (int)signal, .thread = {0, debug_thread_id(t)}},
        {.kind = 'c', .thread = {0, -1}},
    };
    resume(g, actions, g->resume_thread > 0 ? 1 : 2);
}

void gdb_continue(struct gdb_server *g, const char *args, size_t len)
{
    resume_old(g, 'c', args, false);
}

void gdb_continue_signal(struct gdb_server *g, const char *args, size_t len)
{
    resume_old(g, 'c', args, true);
}

void gdb_step(struct gdb_server *g, const char *args, size_t len)
{
    resume_old(g, 's', args, false);
}

void gdb_step_signal(struct gdb_server *g, const char *args, size_t len)
{
    resume_old(g, 's', args, true);
}

void gdb_vcont_query(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_text(g, "vCont;c;C;s;S;r");
}

/* Of two processes the one that has the connection can go on. */
static bool names_child(const struct gdb_server *g, const struct gdb_action *actions, int n)
{
    for (int i = 0; i < n; i++) {
        if (debug_has_child(&g->debugger, (pid_t)actions[i].thread.pid))
            return true;
    }
    return false;
}

void gdb_vcont(struct gdb_server *g, const char *args, size_t len)
{
    struct gdb_action actions[GDB_MAX_ACTIONS];
    int n = gdb_read_actions(args, actions);

    if (n < 0)
        gdb_answer_error(g, EINVAL);
    else if (names_child(g, actions, n))
        gdb_answer_error(g, ESRCH);
    else
        resume(g, actions, n);
}

/* A list of GDB's numbers in hexadecimal: the guest gets these without a stop. */
void gdb_pass_signals(struct gdb_server *g, const char *args, size_t len)
{
    uint64_t passed = 0, signal;
    bool ok = gdb_read_char(&args, ':');

    while (ok && *args) {
        ok = gdb_read_hex(&args, &signal) && signal < 256;
        int sig = ok ? gdb_signal_to_host((unsigned)signal) : 0;
        if (sig)
            passed |= UINT64_C(1) << (sig - 1);
        ok = ok && (*args == '\0' || gdb_read_char(&args, ';'));
    }
    if (!ok) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    g->debugger.vm.passed = passed;
    gdb_answer_ok(g);
}

/* "0": none; "1": all; "1;n;n...": these. */
void gdb_catch_calls(struct gdb_server *g, const char *args, size_t len)
{
    struct debug_calls calls = {0};
    uint64_t on = 0, number;
    bool ok = gdb_read_char(&args, ':') && gdb_read_hex(&args, &on) && on <= 1;

    calls.all = on && *args == '\0';
    while (ok && *args) {
        ok = on && gdb_read_char(&args, ';') && gdb_read_hex(&args, &number);
        if (ok && number < DEBUG_CALLS)
            calls.bits[number / 64] |= UINT64_C(1) << number % 64;
    }
    if (!ok) {
        gdb_answer_error(g, EINVAL);
        return;
    }
    g->debugger.calls = calls;
    gdb_answer_ok(g);
}
