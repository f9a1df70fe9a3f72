/* linux/process.c: processes. A guest process is a host process, so that waiting, groups, sessions
 * and limits are the kernel's.
 *
 * fork is the host's fork: the child's copy of the runtime goes on in the same thread record. vfork
 * and what asks for CLONE_VM | CLONE_VFORK (posix_spawn) is the host's vfork: the child runs in a
 * nested run loop on the suspended parent's stack and shares its memory, so that the parent sees
 * what the child wrote (the errno of a failed exec); when it is gone the parent takes its registers
 * and signal state back. Nothing may come between: all signals are blocked until then.
 *
 * A fork of a process with threads has one thread. All others are stopped while the host forks, at
 * places where they hold no lock of the runtime or its libc (vm_fork_begin). threads.c makes
 * threads.
 *
 * Does not handle: CLONE_VM without CLONE_THREAD or CLONE_VFORK, a process that runs on in shared
 * memory, is EINVAL; of clone3 the choice of ids
 * and a control group, and a pidfd together with the parent's tid word. A vfork child killed from
 * outside while the runtime changes its own tables would leave them to the parent half changed. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/sched.h> /* struct clone_args and the flags; <sched.h> has not all of them */
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
    if (linux_at_exit && !__atomic_exchange_n(&task->process->reported, true, __ATOMIC_RELAXED))
        linux_at_exit(task->t);
}

int64_t process_exit_group(struct linux_task *task, const uint64_t args[6])
{
    process_report(task);
    debug_report_exit(task, (int)args[0] & 0xff, 0);
    raw_syscall4(__NR_exit_group, args[0], 0, 0, 0);
    CHECK(false, "exit_group returned");
}

/* The end of one thread; the last one's is the process's. A signal that has come to this thread is
 * delivered first. The first thread ends by the kernel's call, for libc would end the process; the
 * others' host threads end as libc has it. */
int64_t process_exit(struct linux_task *task, const uint64_t args[6])
{
    if (task->in_vfork)
        return process_exit_group(task, args);
    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    bool last = threads_leave(task);
    if (last) {
        process_report(task);
        debug_report_exit(task, (int)args[0] & 0xff, 0);
    }
    if (last || task->tid == getpid()) {
        vm_enter_kernel(task->t);
        raw_syscall4(__NR_exit, args[0], 0, 0, 0);
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

/* In the child: the call returns 0, on the stack and with the thread pointer that were asked for.
 */
static void child_start(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread *t = task->t;

    abi_syscall_return(t, 0);
    if (c->stack)
        abi_state(t)->x[ABI_SP] = c->stack;
    if (c->flags & CLONE_SETTLS)
        abi_state(t)->x[ABI_TP] = c->tls;
    if (c->flags & CLONE_CLEAR_SIGHAND)
        child_clear_handlers(task);
    task->sync_pending = 0;
    task->robust_list = task->robust_size = 0;
    task->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->ctid : 0;
    t->reserve_addr = ~(uint64_t)0;
    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_SIGNAL);
    memset(t->counters, 0, sizeof(t->counters));
}

/* The host's arguments: the rest is done in the child. Pointers that the flags do not ask for may
 * be anything. */
static void clone_host_args(struct linux_task *task, const struct clone_args_guest *c,
                            uint64_t args[6])
{
    bool ptid = c->flags & (CLONE_PARENT_SETTID | CLONE_PIDFD);
    bool ctid = c->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);

    args[0] = c->flags & ~(uint64_t)(CLONE_SETTLS | CLONE_CLEAR_SIGHAND);
    args[1] = 0;
    args[2] = ptid ? sys_span(task, c->ptid, sizeof(int)) : 0;
    args[3] = ctid ? sys_span(task, c->ctid, sizeof(int)) : 0;
    args[4] = args[5] = 0;
}

static int64_t clone_fork(struct linux_task *task, const struct clone_args_guest *c)
{
    uint64_t args[6];
    int error = threads_fork_begin(task);

    if (error)
        return error == -EMFILE || error == -ENFILE ? -EAGAIN : error;
    clone_host_args(task, c, args);
    args[0] &= ~(uint64_t)CLONE_CHILD_CLEARTID; /* at the end of the guest's thread: futex.c */
    int64_t result = linux_raw_syscall(&task->sig_pending, __NR_clone, args);
    threads_fork_end(task, result == 0);
    if (result != 0)
        return result;
    child_start(task, c);
    return SYS_STATE_SET;
}

struct vfork_child {
    struct linux_task *task;
    const struct clone_args_guest *args;
};

static void vfork_child_run(void *arg)
{
    struct vfork_child *child = arg;

    child->task->in_vfork = true;
    if (child->task->t->debug)
        child->task->t->debug->away = true;
    child_start(child->task, child->args);
    signal_apply_mask(child->task);
    vm_run(child->task->t);
    CHECK(false, "a vfork child came back");
}

/* The child ended without leaving its functions: an address sanitizer must be told that what lies
 * below this frame is free. */
void __asan_handle_vfork(void *stack) __attribute__((weak));

static int64_t clone_vfork(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread *t = task->t;
    size_t size = sizeof(*t) + t->desc->state_size;
    struct vfork_child child = {task, c};
    uint64_t args[6];

    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    /* What the child changes in memory and the kernel would have kept apart. Its look-up tables of
     * blocks are as good as the old ones, but the old ones may name blocks that are gone: saved is
     * only what stands around them. */
    struct linux_task saved_task = *task;
    struct linux_sighand *childs = sighand_copy(task->sighand);
    struct thread *saved = base_zalloc_aligned(size, 64);
    memcpy(saved, t, size);
    if (!(c->flags & CLONE_SIGHAND))
        task->sighand = childs;
    clone_host_args(task, c, args);

    int64_t result = linux_raw_vfork(args[0], 0, args[2], args[3], vfork_child_run, &child);

    if (__asan_handle_vfork)
        __asan_handle_vfork(__builtin_frame_address(0));
    /* The record was in the child's use: wherever that died, it is in the kernel now. What other
     * threads write stays. */
    vm_enter_kernel(t);
    vm_leave_kernel(t);
    memcpy(saved->blocks, t->blocks, sizeof(t->blocks));
    memcpy(saved->jumps, t->jumps, sizeof(t->jumps));
    saved->place = t->place;
    saved->poll = t->poll;
    memcpy(t, saved, size);
    return_stack_forget(&t->returns); /* the child has used it */
    if (t->debug)
        t->debug->away = false;
    *task = saved_task;
    free(saved);
    sighand_drop(childs);
    signal_apply_mask(task);
    return result;
}

/* Starts a thread or a child, as the flags say; their rules are kernel/fork.c's, copy_process(). */
static int64_t clone_start(struct linux_task *task, const struct clone_args_guest *c)
{
    if (c->flags & CLONE_SIGHAND && !(c->flags & CLONE_VM))
        return -EINVAL;
    if (c->flags & CLONE_THREAD)
        return threads_clone(task, c);
    if (!(c->flags & CLONE_VM))
        return clone_fork(task, c);
    return c->flags & CLONE_VFORK ? clone_vfork(task, c) : -EINVAL;
}

int64_t process_clone(struct linux_task *task, const uint64_t args[6])
{
    struct clone_args_guest c = {(uint32_t)args[0], args[1], args[2], args[3], args[4]};

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
    if (a.flags & (CSIGNAL | CLONE_DETACHED) || a.flags >= CLONE_INTO_CGROUP ||
        a.exit_signal > GUEST_NSIG || (a.flags & no_handlers) == no_handlers ||
        (a.flags & (CLONE_THREAD | CLONE_PARENT) && a.exit_signal != 0) ||
        (a.stack == 0) != (a.stack_size == 0) || a.set_tid_size != 0 ||
        (a.flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID))
        return -EINVAL;
    struct clone_args_guest c = {
        .flags = a.flags | a.exit_signal,
        .stack = a.stack + a.stack_size,
        .ptid = a.flags & CLONE_PIDFD ? a.pidfd : a.parent_tid,
        .tls = a.tls,
        .ctid = a.child_tid,
    };
    return clone_start(task, &c);
}
