/* linux/process.c: processes. A guest process is a host process, so that waiting, groups, sessions
 * and limits are the kernel's.
 *
 * fork is the host's fork: the child's copy of the runtime goes on in the same thread record. A
 * fork of a process with threads has one thread. All others are stopped while the host forks, at
 * places where they hold no lock of the runtime or its libc (vm_fork_begin).
 *
 * threads.c makes threads, sharing.c processes that share their maker's memory.
 *
 * Does not handle: of clone3 the choice of ids and a control group for threads and for processes in
 * their maker's memory (EINVAL). */
#include "linux/sys.h"

#include <errno.h>
#include <linux/sched.h> /* struct clone_args and the flags; <sched.h> has not all of them */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/debug.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/threads.h"

void (*linux_at_exit)(struct thread *t);

/* ---- the end --------------------------------------------------------------------------------- */

void process_report(struct linux_task *task)
{
    if (linux_at_exit && !task->process->borrows &&
        !__atomic_exchange_n(&task->process->reported, true, __ATOMIC_RELAXED))
        linux_at_exit(task->t);
}

/* All threads end with the process. */
static void show_exit_of_all(struct linux_process *process, int status)
{
    pthread_mutex_lock(&process->lock);
    for (size_t i = process->tasks.len; i-- > 0;)
        strace_exited(process->tasks.data[i]->tid, status);
    pthread_mutex_unlock(&process->lock);
}

int64_t process_exit_group(struct linux_task *task, const uint64_t args[6])
{
    show_exit_of_all(task->process, (int)args[0]);
    process_report(task);
    debug_report_exit(task, (int)args[0] & 0xff, 0);
    ending_begin(task);
    vm_enter_kernel(task->t);
    raw_syscall4(__NR_exit_group, args[0], 0, 0, 0);
    CHECK(false, "exit_group returned");
}

/* The end of one thread; the last one's is the process's. A signal that has come to this thread is
 * delivered first. The first thread ends by the kernel's call, for libc would end the process, but
 * one whose stack is lent has to stay (sharing.c); the others' host threads end as libc has it. */
int64_t process_exit(struct linux_task *task, const uint64_t args[6])
{
    bool stays = task->process->borrows;

    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    strace_exited(task->tid, (int)args[0]);
    bool last = threads_leave(task);
    if (last) {
        process_report(task);
        debug_report_exit(task, (int)args[0] & 0xff, 0);
    }
    bool first = task->tid == getpid();
    if (last || (first && !stays)) {
        vm_enter_kernel(task->t);
        if (!last)
            threads_left(task->process);
        raw_syscall4(last ? __NR_exit_group : __NR_exit, args[0], 0, 0, 0);
    }
    task->ended = true;
    return SYS_STATE_SET;
}

/* ---- fork and vfork -------------------------------------------------------------------------- */

/* In the child: handlers go, what is ignored stays ignored (CLONE_CLEAR_SIGHAND). */
static void child_clear_handlers(struct linux_task *task)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        struct guest_sigaction *action = &task->sighand->actions[sig];
        if (action->handler == GUEST_SIG_DFL || action->handler == GUEST_SIG_IGN)
            continue;
        *action = (struct guest_sigaction){.handler = GUEST_SIG_DFL};
        signal_install(sig, action);
    }
}

void process_child_start(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread *t = task->t;

    threads_set_start(t, c);
    if (c->flags & CLONE_CLEAR_SIGHAND)
        child_clear_handlers(task);
    task->robust_list = task->robust_size = 0;
    task->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->ctid : 0;
    t->reserve_addr = ~(uint64_t)0;
    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_SIGNAL);
    memset(t->counters, 0, sizeof(t->counters));
}

/* The rest is done in the child, and at the end of the guest's thread (futex.c). Pointers that the
 * flags do not ask for may be anything. */
void process_host_args(struct linux_task *task, const struct clone_args_guest *c, uint64_t args[6])
{
    args[0] = c->flags & ~(uint64_t)(CLONE_SETTLS | CLONE_CLEAR_SIGHAND | CLONE_CHILD_CLEARTID);
    args[1] = 0;
    args[2] = c->flags & CLONE_PARENT_SETTID ? sys_span(task, c->ptid, sizeof(int)) : 0;
    args[3] = c->flags & CLONE_CHILD_SETTID ? sys_span(task, c->ctid, sizeof(int)) : 0;
    args[4] = args[5] = 0;
    if (c->flags & CLONE_PIDFD) { /* in the same place: clone_start() does the other */
        args[0] &= ~(uint64_t)CLONE_PARENT_SETTID;
        args[2] = sys_span(task, c->pidfd, sizeof(int));
    }
}

/* clone3 can say what clone cannot. */
static bool needs_clone3(const struct clone_args_guest *c)
{
    return c->n_ids != 0 || c->flags & CLONE_INTO_CGROUP;
}

/* The host's clone or clone3, of a child that goes on where its maker is. */
static int64_t host_fork(struct linux_task *task, const struct clone_args_guest *c)
{
    uint64_t args[6];

    process_host_args(task, c, args);
    if (!needs_clone3(c))
        return linux_raw_syscall(&task->sig_pending, __NR_clone, args);
    struct clone_args a = {
        .flags = args[0] & ~(uint64_t)CSIGNAL,
        .exit_signal = args[0] & CSIGNAL,
        .pidfd = c->flags & CLONE_PIDFD ? args[2] : 0,
        .parent_tid = c->flags & CLONE_PIDFD ? 0 : args[2],
        .child_tid = args[3],
        .set_tid = sys_span(task, c->ids, MIN(c->n_ids, (uint64_t)INT32_MAX) * sizeof(int32_t)),
        .set_tid_size = c->n_ids,
        .cgroup = c->cgroup,
    };
    const uint64_t whole[6] = {(uint64_t)&a, sizeof(a)};
    return linux_raw_syscall(&task->sig_pending, __NR_clone3, whole);
}

static int64_t clone_fork(struct linux_task *task, const struct clone_args_guest *c)
{
    struct debug_fork debugged;
    int error = threads_fork_begin(task);

    if (error)
        return error == -EMFILE || error == -ENFILE ? -EAGAIN : error;
    debug_fork_begins(task, c->flags, &debugged);
    signal_hold(task, SIGNAL_SYNC); /* the child begins with what comes to it, and only that */
    int64_t result = host_fork(task, c);
    signal_release(SIGNAL_SYNC);
    debug_fork_ends(&debugged, result);
    threads_fork_end(task, result == 0);
    if (result != 0) {
        debug_report_fork(task, &debugged, result);
        return result;
    }
    process_child_start(task, c);
    debug_await_word(task, &debugged);
    return SYS_STATE_SET;
}

/* What the host's kernel is not asked of a thread, since its libc makes it. */
static int check_thread(uint64_t flags)
{
    if (!(flags & CLONE_SIGHAND) || flags & (CLONE_NEWUSER | CLONE_NEWPID) ||
        (flags & CLONE_FS && flags & CLONE_NEWNS) ||
        (flags & CLONE_SYSVSEM && flags & CLONE_NEWIPC))
        return -EINVAL;
    return 0;
}

/* Starts a thread or a child, as the flags say; their rules are kernel/fork.c's, copy_process(). */
static int64_t clone_start(struct linux_task *task, const struct clone_args_guest *c)
{
    int64_t result;

    if (c->flags & CLONE_SIGHAND && !(c->flags & CLONE_VM))
        return -EINVAL;
    if (c->flags & CLONE_VM && needs_clone3(c))
        return -EINVAL;
    if (c->flags & CLONE_THREAD) {
        result = check_thread(c->flags);
        return result ? result : threads_clone(task, c);
    }
    if (!(c->flags & CLONE_VM))
        result = clone_fork(task, c);
    else
        result = c->flags & CLONE_VFORK ? sharing_vfork(task, c) : sharing_clone(task, c);
    if (result > 0 && c->flags & CLONE_PIDFD && c->flags & CLONE_PARENT_SETTID)
        space_write(task->process->space, GVA(c->ptid), &(int32_t){(int32_t)result},
                    sizeof(int32_t));
    return result;
}

int64_t process_clone(struct linux_task *task, const uint64_t args[6])
{
    struct clone_args_guest c = {(uint32_t)args[0], args[1], args[2], args[2], args[3], args[4]};

    if (c.flags & CLONE_PIDFD && c.flags & (CLONE_PARENT_SETTID | CLONE_DETACHED))
        return -EINVAL;
    return clone_start(task, &c);
}

/* Reads clone3's struct, whose size says which version of it the caller knows: what is missing is
 * 0, what is beyond ours must be (copy_struct_from_user()). Returns 0 or -errno. */
static int clone3_read(struct linux_task *task, uint64_t addr, uint64_t size, struct clone_args *a)
{
    struct space *space = task->process->space;
    unsigned char beyond;

    memset(a, 0, sizeof(*a));
    if (size > SPACE_PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    for (uint64_t at = sizeof(*a); at < size; at++) {
        if (space_read(space, GVA(addr + at), &beyond, 1))
            return -EFAULT;
        if (beyond != 0)
            return -E2BIG;
    }
    return space_read(space, GVA(addr), a, MIN(size, sizeof(*a))) ? -EFAULT : 0;
}

/* clone3(struct clone_args, its size); the rules are kernel/fork.c's, clone3_args_valid(). */
int64_t process_clone3(struct linux_task *task, const uint64_t args[6])
{
    struct clone_args a;
    int error = clone3_read(task, args[0], args[1], &a);

    if (error)
        return error;
    uint64_t no_handlers = CLONE_SIGHAND | CLONE_CLEAR_SIGHAND;
    uint64_t pidfds = CLONE_PIDFD | CLONE_PARENT_SETTID;
    if (a.flags & (CSIGNAL | CLONE_DETACHED) || a.flags >= 2 * CLONE_INTO_CGROUP ||
        a.exit_signal > GUEST_NSIG || (a.flags & no_handlers) == no_handlers ||
        (a.flags & (CLONE_THREAD | CLONE_PARENT) && a.exit_signal != 0) ||
        (a.stack == 0) != (a.stack_size == 0) || (a.set_tid == 0) != (a.set_tid_size == 0) ||
        (a.flags & CLONE_INTO_CGROUP && args[1] < CLONE_ARGS_SIZE_VER2) ||
        ((a.flags & pidfds) == pidfds && a.pidfd == a.parent_tid))
        return -EINVAL;
    struct clone_args_guest c = {
        .flags = a.flags | a.exit_signal,
        .stack = a.stack + a.stack_size,
        .pidfd = a.pidfd,
        .ptid = a.parent_tid,
        .tls = a.tls,
        .ctid = a.child_tid,
        .ids = a.set_tid,
        .n_ids = a.set_tid_size,
        .cgroup = a.cgroup,
    };
    return clone_start(task, &c);
}

/* ---- objects of one's own -------------------------------------------------------------------- */

/* The kernel counts host threads, and one whose guest has ended may not be gone yet. */
static int64_t unshare_alone(struct linux_task *task, uint64_t flags)
{
    enum { TRIES = 100 };
    int64_t result;

    for (unsigned i = 0; i < TRIES; i++) {
        threads_join_ended(task->process->memory);
        result = sys_host(task, __NR_unshare, flags);
        if (result != -EINVAL || !(flags & (CLONE_NEWUSER | CLONE_THREAD)) ||
            task->process->tasks.len > 1)
            break;
        sched_yield();
    }
    return result;
}

/* unshare(flags); descriptors, namespaces and the kernel's part of the file-system view are the
 * host thread's. */
int64_t process_unshare(struct linux_task *task, const uint64_t args[6])
{
    int64_t result = unshare_alone(task, args[0]);

    if (result == 0 && args[0] & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER)) {
        struct linux_fs *own = fs_copy(task->fs);
        fs_drop(task->fs);
        task->fs = own;
    }
    return result;
}

/* setns(fd, kind): another mount namespace brings its own root. */
int64_t process_setns(struct linux_task *task, const uint64_t args[6])
{
    enum { GET_KIND = 0xb703 }; /* NS_GET_NSTYPE */
    int64_t kind = raw_syscall4(__NR_ioctl, args[0], GET_KIND, 0, 0);

    threads_join_ended(task->process->memory);
    int64_t result = sys_host(task, __NR_setns, args[0], args[1]);
    if (result == 0 && (kind > 0 ? (uint64_t)kind : args[1]) & CLONE_NEWNS)
        task->fs->other_root = true;
    return result;
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* A daemon may have closed descriptors and opened others in their place before. */
int64_t process_setsid(struct linux_task *task, const uint64_t args[6])
{
    int64_t session = sys_host(task, __NR_setsid);

    (void)args;
    if (session >= 0)
        log_follow_stderr();
    return session;
}
