/* linux/signal_host.c: signals as they arrive from the host's kernel.
 *
 * The host's kernel does all queueing. What the guest blocks is blocked on the host, what it
 * ignores is ignored there and what it leaves to the default happens there; only a signal that the
 * guest handles gets our handler, one that leaves a core file, and any under a debugger. It takes
 * the signal into the task's slot, blocks all others until the run loop has delivered it, and asks
 * the thread to leave guest code. So there is never more than one signal in our hands, and order,
 * real-time queues, sigtimedwait, signalfd, and what fork and exec do to pending signals are the
 * kernel's.
 *
 * The signals that a processor raises (SIGNAL_SYNC) are the exception: the runtime's own accesses
 * to guest memory raise them, so they are always open and always come here. The kernel's own
 * (si_code > 0) are a guest access, of translated code (vm/) or with a landing pad (space/), or the
 * runtime's defect, which is reported. Those that somebody sent are kept in the task while the
 * guest blocks them, one of each. In a system call nothing faults: there the host blocks what the
 * guest does, and has what was kept, so that it neither ends a wait nor is missed by one.
 *
 * Everything here is by raw system calls: signals 32 and 33 belong to the guest too. */
#include "linux/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "linux/core.h"
#include "linux/debug.h"
#include "linux/raw_syscall.h"
#include "linux/sys.h"
#include "linux/threads.h"

#define HOST_SA_RESTORER 0x04000000

struct host_sigaction {
    void *handler;
    uint64_t flags;
    void (*restorer)(void);
    uint64_t mask;
};

enum { HANDLER_STACK_SIZE = 64 << 10 };

/* The task of this host thread: the handler's way to it. */
static __thread struct linux_task *host_task;

/* ---- arrival --------------------------------------------------------------------------------- */

/* A thread between the look for signals and the call leaves the stub without having made it. */
static void abort_raw_syscall(ucontext_t *uc)
{
    greg_t *rip = &uc->uc_mcontext.gregs[REG_RIP];

    if (*rip >= (greg_t)linux_raw_start && *rip <= (greg_t)linux_raw_insn)
        *rip = (greg_t)linux_raw_abort;
}

static void tell_thread(struct linux_task *task, ucontext_t *uc)
{
    __atomic_store_n(&task->sig_pending, 1, __ATOMIC_RELEASE);
    vm_request_poll(task->t);
    abort_raw_syscall(uc);
}

/* One of SIGNAL_SYNC that somebody sent. */
static void take_sync(struct linux_task *task, int sig, const siginfo_t *info, ucontext_t *uc)
{
    bool blocked = task->mask & signal_bit(sig);

    if (!blocked && task->sighand->actions[sig].handler == GUEST_SIG_IGN)
        return;
    if (!(task->sync_pending & signal_bit(sig)))
        task->sync_info[sig] = *info;
    __atomic_or_fetch(&task->sync_pending, signal_bit(sig), __ATOMIC_RELAXED);
    if (!blocked)
        tell_thread(task, uc);
}

/* A program may send itself a signal with a code as if the processor had raised it (crash handlers
 * pass theirs on so). It arrives when that call returns, where nothing faults. */
static bool was_sent_by_call(const ucontext_t *uc)
{
    enum { SYSCALL_BYTES = 2 };

    return uc->uc_mcontext.gregs[REG_RIP] == (greg_t)linux_raw_insn + SYSCALL_BYTES;
}

static void host_handler(int sig, siginfo_t *info, void *context)
{
    struct linux_task *task = host_task;
    ucontext_t *uc = context;

    if (signal_bit(sig) & SIGNAL_SYNC) {
        if (UNLIKELY(debug_is_own_signal(info))) {
            abort_raw_syscall(uc);
            return;
        }
        if (sampler_take(task, sig, info, uc))
            return;
        if (info->si_code <= 0 || sig == SIGNAL_SAMPLE || was_sent_by_call(uc)) {
            take_sync(task, sig, info, uc);
            return;
        }
        if ((sig == SIGSEGV || sig == SIGBUS) &&
            (vm_handle_fault(task->t, sig, info, uc) ||
             space_handle_fault(task->process->space, sig, info, uc, &task->t->fault)))
            return;
        signal_report_own_fault(sig, info, uc);
    }
    task->slot = *info;
    __atomic_store_n(&task->slot_full, 1, __ATOMIC_RELEASE);
    /* What the interrupted code goes on with; the kernel's set has 64 bits. */
    uint64_t all = ~SIGNAL_SYNC;
    memcpy(&uc->uc_sigmask, &all, sizeof(all));
    tell_thread(task, uc);
}

/* The sanitizers' runtimes, when there are any, must not take what belongs to the guest before
 * signal_init has seen it. */
#define LEAVE_SIGNALS "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0"
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return LEAVE_SIGNALS;
}

const char *__ubsan_default_options(void)
{
    return LEAVE_SIGNALS;
}

/* ---- dispositions ---------------------------------------------------------------------------- */

/* What the default does not end the process for: signal(7). SIGSTOP has no handler. */
#define STOPS (signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define IGNORED                                                                                    \
    (signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) | signal_bit(SIGWINCH))

/* The host's action for a guest's. */
static struct host_sigaction host_action(int sig, const struct guest_sigaction *action)
{
    enum { PASSED = SA_NOCLDSTOP | SA_NOCLDWAIT };
    struct host_sigaction host = {
        .handler = (void *)action->handler,
        .flags = (action->flags & PASSED) | HOST_SA_RESTORER,
        .restorer = linux_raw_sigreturn,
        .mask = ~SIGNAL_SYNC,
    };
    bool handled = action->handler != GUEST_SIG_DFL && action->handler != GUEST_SIG_IGN;

    bool ours = action->handler == GUEST_SIG_DFL &&
                (signal_bit(sig) & SIGNAL_CORE || debug_wants_default(host_task->process, sig) ||
                 (host_task->sighand->ends_in_order && !(signal_bit(sig) & (STOPS | IGNORED))));

    if (!handled && !ours && !(signal_bit(sig) & SIGNAL_SYNC))
        return host;
    /* With SA_RESTART as the guest has it, the kernel says by the interrupted program counter
     * whether a call is made again. What the guest does not handle must not interrupt it. */
    host.handler = host_handler;
    host.flags |= SA_SIGINFO | SA_ONSTACK | (handled ? action->flags & SA_RESTART : SA_RESTART);
    return host;
}

/* action may be NULL, and old. */
static int64_t raw_sigaction(int sig, const struct host_sigaction *action,
                             struct host_sigaction *old)
{
    return raw_syscall4(__NR_rt_sigaction, (uint64_t)sig, (uint64_t)action, (uint64_t)old,
                        sizeof(action->mask));
}

int64_t signal_install(int sig, const struct guest_sigaction *action)
{
    struct host_sigaction host = host_action(sig, action);

    return raw_sigaction(sig, &host, NULL);
}

void signal_end_in_order(struct linux_task *task)
{
    struct linux_sighand *sighand = task->sighand;

    pthread_mutex_lock(&sighand->lock);
    if (!sighand->ends_in_order) {
        sighand->ends_in_order = true;
        for (int sig = 1; sig <= GUEST_NSIG; sig++)
            signal_install(sig, &sighand->actions[sig]);
    }
    pthread_mutex_unlock(&sighand->lock);
}

static void set_default(int sig)
{
    struct host_sigaction action = {.flags = HOST_SA_RESTORER, .restorer = linux_raw_sigreturn};

    raw_sigaction(sig, &action, NULL);
}

/* ---- masks ----------------------------------------------------------------------------------- */

static void set_host_mask(uint64_t mask)
{
    raw_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (uint64_t)&mask, 0, sizeof(mask));
}

bool signal_apply_mask(struct linux_task *task)
{
    uint64_t mask = signal_host_mask(task->mask);
    const uint64_t args[6] = {SIG_SETMASK, (uint64_t)&mask, 0, sizeof(mask)};

    /* Through the stub: a signal that arrives just now must not find its successor let in. Whatever
     * made it answer SYS_RESTART without filling the slot was one of SIGNAL_SYNC. */
    while (!__atomic_load_n(&task->slot_full, __ATOMIC_ACQUIRE)) {
        if (linux_raw_syscall(&task->slot_full, __NR_rt_sigprocmask, args) != SYS_RESTART)
            return true;
    }
    return false;
}

void signal_block_all(void)
{
    set_host_mask(~SIGNAL_SYNC);
}

int64_t signal_send_back(const siginfo_t *info)
{
    return raw_syscall4(__NR_rt_tgsigqueueinfo, (uint64_t)getpid(), (uint64_t)gettid(),
                        (uint64_t)info->si_signo, (uint64_t)info);
}

/* ---- SIGNAL_SYNC in a system call ------------------------------------------------------------ */

uint64_t signal_held(const struct linux_task *task, uint64_t guest_mask)
{
    const struct guest_sigaction *actions = task->sighand->actions;
    uint64_t held = guest_mask & SIGNAL_SYNC;

    for (uint64_t left = SIGNAL_SYNC; left; left &= left - 1) {
        int sig = __builtin_ctzll(left) + 1;
        if (__atomic_load_n(&actions[sig].handler, __ATOMIC_RELAXED) == GUEST_SIG_IGN)
            held |= signal_bit(sig);
    }
    if (task->sampler >= 0)
        held |= signal_bit(SIGNAL_SAMPLE);
    /* The debugger ends calls by it. */
    return task->process->debugger ? held & ~signal_bit(SIGTRAP) : held;
}

/* What is kept of them goes back to the kernel: for the call it is pending there. */
void signal_hold(struct linux_task *task, uint64_t held)
{
    raw_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (uint64_t)&held, 0, sizeof(held));
    for (uint64_t kept = task->sync_pending & held; kept; kept &= kept - 1) {
        int sig = __builtin_ctzll(kept) + 1;
        __atomic_and_fetch(&task->sync_pending, ~signal_bit(sig), __ATOMIC_SEQ_CST);
        signal_send_back(&task->sync_info[sig]);
    }
}

/* By the stub, where a signal that comes was sent (was_sent_by_call). */
void signal_release(uint64_t held)
{
    const uint64_t args[6] = {SIG_UNBLOCK, (uint64_t)&held, 0, sizeof(held)};
    static const uint32_t never;

    while (linux_raw_syscall(&never, __NR_rt_sigprocmask, args) == SYS_RESTART)
        ;
}

/* ---- start, exec, end ------------------------------------------------------------------------ */

void signal_block_even_sync(void)
{
    set_host_mask(~(uint64_t)0);
}

void signal_thread_start(struct linux_task *task, void *stack, size_t size)
{
    stack_t handler_stack = {.ss_sp = stack, .ss_size = size};

    if (stack)
        raw_syscall4(__NR_sigaltstack, (uint64_t)&handler_stack, 0, 0, 0);
    host_task = task;
    signal_block_all();
}

void signal_thread_is(struct linux_task *task)
{
    host_task = task;
}

void signal_thread_end(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    signal_block_even_sync();
    raw_syscall4(__NR_sigaltstack, (uint64_t)&none, 0, 0, 0);
    host_task = NULL;
}

void signal_take_from_libc(struct linux_task *task)
{
    struct linux_sighand *sighand = task->sighand;

    pthread_mutex_lock(&sighand->lock);
    for (int sig = __SIGRTMIN; sig < SIGRTMIN; sig++)
        signal_install(sig, &sighand->actions[sig]);
    pthread_mutex_unlock(&sighand->lock);
}

void signal_init(struct linux_task *task)
{
    void *stack = mmap(NULL, HANDLER_STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    stack_t handler_stack = {.ss_sp = stack, .ss_size = HANDLER_STACK_SIZE};
    struct host_sigaction old;

    if (stack == MAP_FAILED)
        base_fail(EXIT_USAGE, "no memory for the signal stack: %s", strerror(errno));
    raw_syscall4(__NR_sigaltstack, (uint64_t)&handler_stack, 0, 0, 0);
    host_task = task;
    raw_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, 0, (uint64_t)&task->mask, sizeof(task->mask));
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        struct guest_sigaction *action = &task->sighand->actions[sig];
        if (raw_sigaction(sig, NULL, &old) < 0)
            continue;
        *action = (struct guest_sigaction){
            .handler = old.handler == (void *)SIG_IGN ? GUEST_SIG_IGN : GUEST_SIG_DFL};
        if (signal_bit(sig) & (SIGNAL_SYNC | SIGNAL_CORE))
            signal_install(sig, action);
    }
    if (log_on(LOG_SYSCALL) || log_on(LOG_SIGNAL))
        signal_end_in_order(task); /* shown as they kill */
    signal_apply_mask(task);
}

void signal_exec_prepare(struct linux_task *task)
{
    struct host_sigaction ignore = {
        .handler = (void *)SIG_IGN, .flags = HOST_SA_RESTORER, .restorer = linux_raw_sigreturn};

    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (signal_bit(sig) & SIGNAL_SYNC && task->sighand->actions[sig].handler == GUEST_SIG_IGN)
            raw_sigaction(sig, &ignore, NULL);
    }
    uint64_t blocked = task->mask & SIGNAL_SYNC;
    if (blocked)
        raw_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (uint64_t)&blocked, 0, sizeof(blocked));
}

void signal_exec_failed(struct linux_task *task)
{
    uint64_t sync = SIGNAL_SYNC;

    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (signal_bit(sig) & SIGNAL_SYNC)
            signal_install(sig, &task->sighand->actions[sig]);
    }
    raw_syscall4(__NR_rt_sigprocmask, SIG_UNBLOCK, (uint64_t)&sync, 0, sizeof(sync));
}

/* What the host would write for itself is no use to anybody. */
static void forbid_host_core(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) < 0)
        return;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

_Noreturn void signal_die(struct linux_task *task, const siginfo_t *info)
{
    int sig = info->si_signo;

    process_report(task);
    debug_report_exit(task, 0, sig);
    ending_begin(task);
    /* Others stop with the vm's lock held: comes last. */
    bool has_core = signal_bit(sig) & SIGNAL_CORE && core_write(task, info);
    strace_killed(sig, has_core);
    if (!has_core || !core_have_flag(task))
        forbid_host_core();
    if (linux_memory_shared(task->process))
        vm_enter_kernel(task->t);
    set_default(sig);
    set_host_mask(~signal_bit(sig));
    raw_syscall4(__NR_tgkill, (uint64_t)getpid(), (uint64_t)gettid(), (uint64_t)sig, 0);
    _exit(128 + sig); /* it does not kill */
}

void signal_default(struct linux_task *task, const siginfo_t *info)
{
    int sig = info->si_signo;

    if (signal_bit(sig) & IGNORED)
        return;
    if (!(signal_bit(sig) & STOPS))
        signal_die(task, info);
    set_default(sig);
    signal_apply_mask(task);
    raw_syscall4(__NR_tgkill, (uint64_t)getpid(), (uint64_t)gettid(), (uint64_t)sig, 0);
}
