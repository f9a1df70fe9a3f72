/* linux/process.c: processes. A guest process is a host process, so that waiting, groups, sessions
 * and limits are the kernel's.
 *
 * fork is the host's fork: the child's copy of the runtime goes on in the same thread record. vfork
 * and what asks for CLONE_VM | CLONE_VFORK (posix_spawn) is the host's vfork: the child runs in a
 * nested run loop on the suspended parent's stack and shares its memory, so that the parent sees
 * what the child wrote (the errno of a failed exec); when it is gone the parent takes its registers
 * and signal state back. Nothing may come between: all signals are blocked until then.
 *
 * Does not handle: threads (CLONE_THREAD, CLONE_VM alone) are refused; of clone3 the choice of ids
 * and a control group, and a pidfd together with the parent's tid word. A vfork child killed from
 * outside while the runtime changes its own tables would leave them to the parent half changed. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h> /* struct clone_args and the flags; <sched.h> has not all of them */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"

void (*linux_at_exit)(struct thread *t);

/* ---- the end --------------------------------------------------------------------------------- */

int64_t process_exit_group(struct linux_task *task, const uint64_t args[6])
{
    if (linux_at_exit)
        linux_at_exit(task->t);
    raw_syscall4(__NR_exit_group, args[0], 0, 0, 0);
    CHECK(false, "exit_group returned");
}

/* The only thread's end is the process's. */
int64_t process_exit(struct linux_task *task, const uint64_t args[6])
{
    return process_exit_group(task, args);
}

/* ---- fork and vfork -------------------------------------------------------------------------- */

/* clone(2)'s arguments in riscv64's order: flags, stack, parent's tid, tls, child's tid. The lowest
 * byte of flags is the signal at the child's end. */
struct clone_args_guest {
    uint64_t flags, stack, ptid, tls, ctid; /* ptid, ctid: host addresses */
};

/* In the child: handlers go, what is ignored stays ignored (CLONE_CLEAR_SIGHAND). */
static void child_clear_handlers(struct linux_task *task)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        struct guest_sigaction *action = &task->process->actions[sig];
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
    t->reserve_addr = ~(uint64_t)0;
    t->poll = 0;
    memset(t->counters, 0, sizeof(t->counters));
}

/* What the host is asked for: the rest is done in the child. */
static uint64_t clone_host_flags(const struct clone_args_guest *c)
{
    return c->flags & ~(uint64_t)(CLONE_SETTLS | CLONE_CLEAR_SIGHAND);
}

static int64_t clone_fork(struct linux_task *task, const struct clone_args_guest *c)
{
    struct vm *vm = task->process->vm;
    int error = vm_fork_begin(vm);

    if (error)
        return error == -EMFILE || error == -ENFILE ? -EAGAIN : error;
    int64_t result = sys_host(task, __NR_clone, clone_host_flags(c), 0, c->ptid, c->ctid, 0);
    vm_fork_end(vm, result == 0);
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

    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    /* What the child changes in memory and the kernel would have kept apart. Its look-up tables of
     * blocks are as good as the old ones, but the old ones may name blocks that are gone: saved is
     * only what stands around them. */
    struct linux_task saved_task = *task;
    struct linux_process *saved_process = base_alloc(sizeof(*saved_process));
    struct thread *saved = base_alloc(size);
    *saved_process = *task->process;
    memcpy(saved, t, size);

    int64_t result =
        linux_raw_vfork(clone_host_flags(c), 0, c->ptid, c->ctid, vfork_child_run, &child);

    if (__asan_handle_vfork)
        __asan_handle_vfork(__builtin_frame_address(0));
    memcpy(saved->blocks, t->blocks, sizeof(t->blocks));
    memcpy(saved->jumps, t->jumps, sizeof(t->jumps));
    memcpy(t, saved, size);
    *task = saved_task;
    memcpy(task->process->actions, saved_process->actions, sizeof(saved_process->actions));
    free(saved);
    free(saved_process);
    signal_apply_mask(task);
    return result;
}

/* Starts a child. The tid words are guest addresses yet. */
static int64_t clone_start(struct linux_task *task, struct clone_args_guest *c)
{
    static bool told;

    if (c->flags & (CLONE_THREAD | CLONE_SIGHAND) ||
        (c->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) {
        if (log_on(LOG_UNIMP) && !told)
            log_print("isomorph: threads are not implemented: clone fails with ENOSYS\n");
        told = true;
        return -ENOSYS;
    }
    /* Pointers that the flags do not ask for may be anything. */
    c->ptid =
        c->flags & (CLONE_PARENT_SETTID | CLONE_PIDFD) ? sys_span(task, c->ptid, sizeof(int)) : 0;
    c->ctid = c->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)
                  ? sys_span(task, c->ctid, sizeof(int))
                  : 0;
    return c->flags & CLONE_VM ? clone_vfork(task, c) : clone_fork(task, c);
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

/* ---- thread identity and futexes ------------------------------------------------------------- */

/* The kernel clears the guest's word at the end, which is what was asked for; the runtime's own
 * main thread is never joined. */
int64_t process_set_tid_address(struct linux_task *task, const uint64_t args[6])
{
    return sys_host(task, __NR_set_tid_address, sys_span(task, args[0], sizeof(int)));
}

/* The list's links are guest addresses: the kernel can follow them where guest and host addresses
 * are the same. */
int64_t process_set_robust_list(struct linux_task *task, const uint64_t args[6])
{
    enum { HEAD_SIZE = 24 };

    if (args[1] != HEAD_SIZE)
        return -EINVAL;
    task->robust_list = args[0];
    task->robust_size = args[1];
    if (task->process->space->base != 0 || args[0] >= SPACE_TOP)
        return 0;
    return sys_host(task, __NR_set_robust_list, args[0], args[1]);
}

int64_t process_get_robust_list(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;

    if (args[0] != 0 && (int)args[0] != getpid())
        return -ESRCH;
    if (space_write(space, GVA(args[1]), &task->robust_list, sizeof(task->robust_list)) ||
        space_write(space, GVA(args[2]), &task->robust_size, sizeof(task->robust_size)))
        return -EFAULT;
    return 0;
}

/* futex(word, operation, value, timeout or value 2, word 2, value 3) */
int64_t process_futex(struct linux_task *task, const uint64_t args[6])
{
    uint64_t word = sys_span(task, args[0], sizeof(uint32_t)), word2 = args[4], fourth = args[3];
    bool timeout = false, second = false;

    switch ((int)args[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case 13 /* FUTEX_LOCK_PI2 */:
        timeout = true;
        break;
    case FUTEX_WAIT_REQUEUE_PI:
        timeout = second = true;
        break;
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_WAKE_OP:
        second = true;
        break;
    default:
        break;
    }
    if (second)
        word2 = sys_span(task, args[4], sizeof(uint32_t));
    if (timeout)
        fourth = sys_span(task, args[3], sizeof(struct timespec));
    return sys_host(task, __NR_futex, word, args[1], args[2], fourth, word2, args[5]);
}
