/* linux/debug.c: what the guest's kernel does for a debugger: signals are asked about before they
 * are delivered, the end is told, a system call can be left.
 *
 * Signals that the guest leaves to the default come to us too while there is a debugger, but for
 * those that do nothing; the ignored ones do not come.
 *
 * A child that the guest forks has copies of everything, the connection too. It waits until the
 * parent's debugger says whether it goes on without one, or with its copy of this one while the
 * parent does without. Not handled, they go on without: children with a part of their parent's
 * memory or descriptors, of clone with CLONE_VFORK, and in name spaces of their own. */
#include "linux/debug.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/paths.h"
#include "linux/proc.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/threads.h"
#include "linux/sys.h"

enum { OWN_SIGNAL = SIGTRAP }; /* never blocked on the host */

static int own_mark; /* its address tells our own signal from others */

/* ---- signals --------------------------------------------------------------------------------- */

bool debug_wants_default(const struct linux_process *process, int sig)
{
    uint64_t silent = signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) |
                      signal_bit(SIGWINCH) | SIGNAL_UNBLOCKABLE;

    return process->debugger && !(signal_bit(sig) & silent);
}

bool debug_is_own_signal(const siginfo_t *info)
{
    return info->si_signo == OWN_SIGNAL && info->si_code == SI_QUEUE &&
           info->si_value.sival_ptr == &own_mark && info->si_pid == getpid();
}

bool debug_allows_signal(struct linux_task *task, siginfo_t *info)
{
    struct thread *t = task->t;
    uint64_t bit = signal_bit(info->si_signo);

    if (!vm_debugged(t))
        return true;
    if (t->debug->unasked & bit) {
        t->debug->unasked &= ~bit;
        return true;
    }
    if (task->process->debugger->vm.passed & bit)
        return true;
    const struct vm_stop stop = {.kind = VM_STOP_SIGNAL, .info = *info};
    int sig = vm_debug_report(t, &stop);
    if (sig != 0 && sig != info->si_signo)
        *info = (siginfo_t){.si_signo = sig, .si_code = SI_USER};
    return sig != 0;
}

void debug_inject(struct linux_debugger *d, struct thread *t, int sig)
{
    t->debug->unasked |= signal_bit(sig);
    raw_syscall4(__NR_tgkill, (uint64_t)getpid(), (uint64_t)task_of(t)->tid, (uint64_t)sig, 0);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static bool wants_call(const struct linux_task *task, uint64_t number)
{
    if (!vm_debugged(task->t))
        return false;
    const struct debug_calls *calls = &task->process->debugger->calls;
    return calls->all || (number < DEBUG_CALLS && calls->bits[number / 64] >> number % 64 & 1);
}

bool debug_call_begins(struct linux_task *task)
{
    const struct vm_stop stop = {.kind = VM_STOP_CALL, .call = abi_syscall_number(task->t)};
    gva pc = thread_pc(task->t);

    if (wants_call(task, stop.call))
        vm_debug_report(task->t, &stop);
    return thread_pc(task->t).v == pc.v;
}

void debug_call_ended(struct linux_task *task, uint64_t number)
{
    const struct vm_stop stop = {.kind = VM_STOP_RETURN, .call = number};

    if (wants_call(task, number))
        vm_debug_report(task->t, &stop);
}

/* The kernel says EINTR where the call could be made again, and that is what is wanted. */
void debug_end_call(struct linux_debugger *d, struct thread *t)
{
    size_t size = t->desc->state_size;
    unsigned char *kept = base_alloc(size);
    siginfo_t info = {.si_signo = OWN_SIGNAL, .si_code = SI_QUEUE};

    info.si_pid = getpid();
    info.si_value.sival_ptr = &own_mark;
    memcpy(kept, t->guest, size);
    raw_syscall4(__NR_rt_tgsigqueueinfo, (uint64_t)getpid(), (uint64_t)task_of(t)->tid, OWN_SIGNAL,
                 (uint64_t)&info);
    vm_debug_await_call(t->vm, t);
    if ((int64_t)abi_state(t)->x[ABI_A0] == -EINTR)
        memcpy(t->guest, kept, size);
    free(kept);
}

/* ---- the end --------------------------------------------------------------------------------- */

void debug_report_exit(struct linux_task *task, int status, int signal)
{
    const struct vm_stop stop = {.kind = VM_STOP_EXIT, .status = status, .signal = signal};

    if (vm_debugged(task->t))
        vm_debug_report(task->t, &stop);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void close_descriptors(struct linux_debugger *d)
{
    close(d->fd);
    close(d->vm.event_fd);
    d->fd = d->vm.event_fd = -1;
}

static void drop_links(struct linux_debugger *d)
{
    for (size_t i = 0; i < d->children.len; i++)
        close(d->children.data[i].link);
    d->children.len = 0;
}

static void forked(void *arg)
{
    struct linux_process *process = arg;
    struct linux_debugger *d = process->debugger;

    process->debugger = NULL;
    if (d->keeps_fds)
        return;
    close_descriptors(d);
    drop_links(d);
}

void debug_attach(struct thread *t, struct linux_debugger *d)
{
    struct linux_task *task = task_of(t);
    struct linux_process *process = task->process;

    d->process = process;
    d->machine = process->vm;
    d->space = process->space;
    d->guest = t->desc;
    d->vm.forked = forked;
    d->vm.arg = process;
    process->debugger = d;
    vm_debug_attach(process->vm, &d->vm);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (debug_wants_default(process, sig))
            signal_install(sig, &task->sighand->actions[sig]);
    }
}

void debug_detach(struct linux_debugger *d)
{
    d->process->debugger = NULL;
    vm_debug_detach(d->machine);
    close_descriptors(d);
    drop_links(d);
}

/* ---- forks ----------------------------------------------------------------------------------- */

enum { WORD_ALONE = 'a', WORD_FOLLOW = 'f' };

int debug_move_up(int fd)
{
    int moved = log_copy_fd_up(fd);

    if (moved < 0)
        return fd;
    close(fd);
    return moved;
}

bool debug_owns_fd(const struct linux_debugger *d, int fd)
{
    bool owns = fd == d->fd || fd == d->vm.event_fd;

    for (size_t i = 0; i < d->children.len && !owns; i++)
        owns = fd == d->children.data[i].link;
    return owns;
}

/* In the parent a child with CLONE_VFORK would keep the thread from telling of it. */
void debug_fork_begins(struct linux_task *task, uint64_t flags, struct debug_fork *f)
{
    uint64_t apart = CLONE_VFORK | CLONE_UNTRACED | CLONE_FILES | CLONE_NEWPID | CLONE_NEWUSER;
    struct linux_debugger *d = task->process->debugger;

    f->d = d;
    f->told = vm_debugged(task->t) && d->forks && !(flags & apart) &&
              (flags & CSIGNAL) == SIGCHLD &&
              socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->links) == 0;
    for (unsigned i = 0; i < ARRAY_LEN(f->links) && f->told; i++)
        f->links[i] = debug_move_up(f->links[i]);
    if (d)
        d->keeps_fds = f->told || flags & CLONE_FILES;
}

void debug_fork_ends(const struct debug_fork *f, int64_t result)
{
    if (!f->told || result == 0)
        return;
    const struct debug_child child = {(pid_t)result, f->links[0]};
    close(f->links[1]);
    if (result > 0)
        vec_push(&f->d->children, child);
    else
        close(f->links[0]);
}

void debug_report_fork(struct linux_task *task, const struct debug_fork *f, int64_t result)
{
    const struct vm_stop stop = {.kind = VM_STOP_FORK, .child = (pid_t)result};

    if (f->told && result > 0 && vm_debugged(task->t))
        vm_debug_report(task->t, &stop);
}

void debug_await_word(struct linux_task *task, const struct debug_fork *f)
{
    struct linux_debugger *d = f->d;
    char word = WORD_ALONE;

    if (!f->told)
        return;
    close(f->links[0]);
    drop_links(d);
    while (recv(f->links[1], &word, 1, 0) < 0 && errno == EINTR) {
    }
    close(f->links[1]);
    if (word == WORD_FOLLOW)
        d->followed(d, task->t);
    else
        close_descriptors(d);
}

bool debug_has_child(const struct linux_debugger *d, pid_t pid)
{
    for (size_t i = 0; i < d->children.len; i++) {
        if (d->children.data[i].pid == pid)
            return true;
    }
    return false;
}

void debug_release_child(struct linux_debugger *d, pid_t pid, bool follow)
{
    char word = follow ? WORD_FOLLOW : WORD_ALONE;

    for (size_t i = 0; i < d->children.len; i++) {
        if (d->children.data[i].pid != pid)
            continue;
        send(d->children.data[i].link, &word, 1, MSG_NOSIGNAL); /* it may have been killed */
        close(d->children.data[i].link);
        d->children.data[i] = d->children.data[--d->children.len];
        return;
    }
}

/* ---- the debugger's thread ------------------------------------------------------------------- */

enum { HANDLER_STACK_SIZE = 64 << 10, STACK_SIZE = 1 << 20 };

struct start {
    struct linux_debugger *d;
    void (*run)(void *arg);
    void *arg;
};

/* Faults of guest memory find a task by which they are dealt with. */
static struct linux_task *make_own_task(const struct linux_debugger *d,
                                        const struct linux_task *first)
{
    struct linux_task *task = base_zalloc(sizeof(*task));
    struct thread *t =
        base_zalloc_aligned(sizeof(*t) + d->guest->state_size, _Alignof(struct thread));

    t->desc = d->guest;
    t->space = d->space;
    t->options = d->process->options;
    t->vm = d->machine;
    t->task = task;
    task->t = t;
    task->process = d->process;
    task->sighand = sighand_share(first->sighand);
    task->fs = fs_share(first->fs);
    return task;
}

/* It ends by the kernel's call: libc's way takes locks that a fork of the guest's could find held.
 */
static void *thread_main(void *arg)
{
    static unsigned char handler_stack[HANDLER_STACK_SIZE];
    struct start start = *(struct start *)arg;

    free(arg);
    signal_thread_start(start.d->task, handler_stack, sizeof(handler_stack));
    vm_debug_stop(start.d->machine);
    start.run(start.arg);
    raw_syscall4(__NR_exit, 0, 0, 0, 0);
    return NULL;
}

int debug_start_thread(struct linux_debugger *d, void (*run)(void *arg), void *arg)
{
    struct linux_task *first = d->process->tasks.data[0];
    struct start *start = base_alloc(sizeof(*start));
    pthread_attr_t attr;
    pthread_t thread;

    *start = (struct start){d, run, arg};
    d->task = make_own_task(d, first);
    signal_block_even_sync(); /* the new thread begins so */
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attr, thread_main, start);
    pthread_attr_destroy(&attr);
    signal_take_from_libc(first);
    signal_apply_mask(first);
    return -error;
}

/* ---- what it asks for ------------------------------------------------------------------------ */

struct thread *debug_thread_at(const struct linux_debugger *d, size_t i)
{
    return i < d->process->tasks.len ? d->process->tasks.data[i]->t : NULL;
}

int debug_thread_id(const struct thread *t)
{
    return ((const struct linux_task *)t->task)->tid;
}

void debug_registers_written(struct thread *t)
{
    abi_set_fcsr(t, abi_state(t)->fcsr);
}

const char *debug_program(const struct linux_debugger *d)
{
    return path_guest_name(d->process->prefix, d->process->exe);
}

const void *debug_auxv(const struct linux_debugger *d, size_t *size)
{
    *size = d->process->auxv_size;
    return d->process->auxv;
}

void debug_print_maps(const struct linux_debugger *d, struct strbuf *out)
{
    proc_print_maps(d->process, out);
}

int debug_find_file(struct linux_debugger *d, char path[PATH_MAX], bool follow)
{
    return path_resolve(d->task, path, follow ? PATH_FOLLOW : PATH_NOFOLLOW);
}
