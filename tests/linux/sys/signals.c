/* Signals: handlers, masks, queues, waiting, restarts, alternate stacks, faults, what default
 * actions do. */
#define _GNU_SOURCE
#include "show.h"

#include <fenv.h>
#include <poll.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile sig_atomic_t count, last, order[16];
static volatile siginfo_t info_seen;

static void on_signal(int sig)
{
    if (count < 16)
        order[count] = sig;
    count++;
    last = sig;
}

static void on_info(int sig, siginfo_t *info, void *context)
{
    info_seen = *info;
    on_signal(sig);
}

static void handle(int sig, int flags, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    sigaction(sig, &sa, NULL);
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, a);
    if (b)
        sigaddset(&set, b);
    return set;
}

static void test_actions(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER}, old;

    show_call(sigaction(SIGUSR1, &sa, NULL));
    show_call(sigaction(SIGUSR1, NULL, &old));
    show_true(old.sa_handler == on_signal &&
              (old.sa_flags & (SA_RESTART | SA_NODEFER)) == (SA_RESTART | SA_NODEFER));
    show_call(sigaction(SIGKILL, &sa, NULL));
    show_call(sigaction(SIGKILL, NULL, &old));
    show_call(sigaction(0, &sa, NULL));
    show_call(sigaction(65, &sa, NULL));
    show_call(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    show_call(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8));
    show_call(raise(SIGUSR1));
    show("count %d", count);
    show_call(kill(getpid(), 0));
    show_call(kill(getpid(), 99));
    show_call(kill(99999999, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    show_call(raise(SIGUSR1));
    show("count %d", count);
    sa.sa_flags = SA_RESETHAND;
    sigaction(SIGCHLD, &sa, NULL);
    raise(SIGCHLD);
    raise(SIGCHLD);
    sigaction(SIGCHLD, NULL, &old);
    show("count %d reset %d", count, old.sa_handler == SIG_DFL);
}

static void test_masks(void)
{
    sigset_t both = set_of(SIGUSR1, SIGUSR2), old, pending;

    count = 0;
    handle(SIGUSR1, 0, on_info);
    handle(SIGUSR2, 0, on_info);
    show_call(sigprocmask(SIG_BLOCK, &both, &old));
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    show_call(sigpending(&pending));
    show("pending %d %d count %d", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
         count);
    show_call(sigprocmask(SIG_SETMASK, &old, NULL));
    show("count %d order %d %d", count, order[0], order[1]);
    show_call(sigprocmask(77, &both, NULL));
    show_call(sigprocmask(77, NULL, &old));
    show_call(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8));
    sigfillset(&both);
    sigprocmask(SIG_SETMASK, &both, NULL);
    sigprocmask(SIG_BLOCK, NULL, &both);
    show("KILL blocked %d STOP %d TERM %d", sigismember(&both, SIGKILL),
         sigismember(&both, SIGSTOP), sigismember(&both, SIGTERM));
    sigemptyset(&both);
    sigprocmask(SIG_SETMASK, &both, NULL);
}

static sigset_t mask_in_handler;

static void on_mask(int sig, siginfo_t *info, void *context)
{
    sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
    if (sig == SIGUSR1 && count++ == 0) {
        raise(SIGUSR2); /* blocked by sa_mask */
        raise(SIGUSR1); /* blocked unless SA_NODEFER */
        show("in the handler: count %d last %d", count, last);
    }
}

static void test_handler_masks(void)
{
    struct sigaction sa = {
        .sa_sigaction = on_mask, .sa_flags = SA_SIGINFO, .sa_mask = set_of(SIGUSR2, 0)};
    sigset_t after;

    count = last = 0;
    handle(SIGUSR2, 0, on_info);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    show("USR1 %d USR2 %d last %d count %d", sigismember(&mask_in_handler, SIGUSR1),
         sigismember(&mask_in_handler, SIGUSR2), last, count);
    sigprocmask(SIG_BLOCK, NULL, &after);
    show("after: %d", sigismember(&after, SIGUSR1));
    sa.sa_flags |= SA_NODEFER;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    count = last = 0;
    raise(SIGUSR1);
    show("NODEFER: USR1 %d last %d count %d", sigismember(&mask_in_handler, SIGUSR1), last, count);
}

static void test_queue(void)
{
    union sigval value;
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1), none;
    siginfo_t info;

    count = 0;
    handle(SIGRTMIN, 0, on_info);
    handle(SIGRTMIN + 1, 0, on_info);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 4; i++) {
        value.sival_int = 100 + i;
        show_call(sigqueue(getpid(), SIGRTMIN + (i & 1), value));
    }
    memset(&info, 0, sizeof(info));
    show_true(sigwaitinfo(&set, &info) == SIGRTMIN);
    show("value %d code %d from us %d", info.si_value.sival_int, info.si_code,
         info.si_pid == getpid());
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Each handler is entered on top of the one before: the last one delivered runs first. */
    show("count %d order %d %d %d", count, order[0] - SIGRTMIN, order[1] - SIGRTMIN,
         order[2] - SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct timespec soon = {0, 1000000}, never = {0, 0};
    show_call(sigtimedwait(&set, &info, &soon));
    show_call(sigtimedwait(&set, &info, &never));
    show_call(syscall(SYS_rt_sigtimedwait, &set, &info, 8, 8));
    raise(SIGRTMIN);
    show_true(sigtimedwait(&set, NULL, &soon) == SIGRTMIN);

    int fd = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo si;
    value.sival_int = 5;
    show_call(read(fd, &si, sizeof(si)));
    sigqueue(getpid(), SIGRTMIN + 1, value);
    show_call(read(fd, &si, sizeof(si)));
    show("signalfd %d value %d", si.ssi_signo - SIGRTMIN, si.ssi_int);
    close(fd);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Sends sig to us from a child after a while. */
static pid_t send_later(int sig, int ms)
{
    pid_t parent = getpid(), child = fork();

    if (child == 0) {
        usleep((useconds_t)ms * 1000);
        kill(parent, sig);
        _exit(0);
    }
    return child;
}

/* Calls that wait with a mask of their own, on a descriptor that nothing comes from. */
static void wait_with_mask(int fd)
{
    sigset_t none, usr1 = set_of(SIGUSR1, 0);
    struct pollfd polled = {fd, POLLIN, 0};

    sigemptyset(&none);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    show_call(sigsuspend(&none));
    show("count %d", count);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    show("still blocked %d", sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    struct timespec ts = {2, 0};
    show_call(ppoll(&polled, 1, &ts, &none));
    show("count %d", count);
    fd_set fds;
    FD_ZERO(&fds);
    FD_SET(fd, &fds);
    raise(SIGUSR1);
    show_call(pselect(fd + 1, &fds, NULL, NULL, &ts, &none));
    show("count %d", count);
    sigprocmask(SIG_BLOCK, NULL, &now);
    show("still blocked %d", sigismember(&now, SIGUSR1));
    FD_ZERO(&fds);
    FD_SET(fd, &fds);
    ts.tv_sec = 0;
    show_call(pselect(fd + 1, &fds, NULL, NULL, &ts, &none));
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void test_interrupt(void)
{
    struct timespec second = {2, 0}, left = {0, 0};
    int p[2];
    char c;

    count = 0;
    show_call(pipe(p));
    handle(SIGUSR1, 0, on_info);
    send_later(SIGUSR1, 20);
    show_call(read(p[0], &c, 1));
    while (wait(NULL) > 0)
        ;
    show("count %d pid known %d", count, info_seen.si_pid > 0);

    /* SA_RESTART: the read goes on and gets what the child writes. */
    handle(SIGUSR1, SA_RESTART, on_info);
    pid_t parent = getpid();
    if (fork() == 0) {
        usleep(20000);
        kill(parent, SIGUSR1);
        usleep(20000);
        _exit(write(p[1], "x", 1) != 1);
    }
    show_call(read(p[0], &c, 1));
    show("count %d char %c", count, c);
    while (wait(NULL) > 0)
        ;
    /* Calls that never restart. */
    send_later(SIGUSR1, 20);
    struct pollfd pf = {p[0], POLLIN, 0};
    show_call(poll(&pf, 1, 2000));
    while (wait(NULL) > 0)
        ;
    send_later(SIGUSR1, 20);
    show_call(nanosleep(&second, &left));
    show_true(left.tv_sec == 1 || (left.tv_sec == 2 && left.tv_nsec == 0));
    while (wait(NULL) > 0)
        ;
    wait_with_mask(p[0]);
    signal(SIGUSR1, SIG_IGN);
    send_later(SIGUSR1, 10);
    struct timespec t20 = {0, 40000000};
    show_call(nanosleep(&t20, NULL));
    while (wait(NULL) > 0)
        ;
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    show_call(write(p[1], "x", 1));
    signal(SIGPIPE, SIG_DFL);
}

static char alternate[65536];
static volatile bool was_on_alternate;

static void on_alternate(int sig, siginfo_t *info, void *context)
{
    char here;
    stack_t now, other = {.ss_sp = alternate, .ss_size = 32768};

    was_on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
    sigaltstack(NULL, &now);
    show("inside: flags %d", now.ss_flags);
    show_call(sigaltstack(&other, NULL));
    on_signal(sig);
}

static sigjmp_buf back;

static void on_overflow(int sig, siginfo_t *info, void *context)
{
    char here;

    was_on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
    siglongjmp(back, sig);
}

static volatile int sink;

static __attribute__((noinline)) int recurse(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    sink = depth;
    return (depth < 1 << 30 ? recurse(depth + 1) : 0) + room[0];
}

static void test_alternate_stack(void)
{
    stack_t s = {.ss_sp = alternate, .ss_size = sizeof(alternate)}, old;

    show_call(sigaltstack(NULL, &old));
    show("flags %d size %ld", old.ss_flags, (long)old.ss_size);
    s.ss_size = 1000;
    show_call(sigaltstack(&s, NULL));
    s.ss_size = sizeof(alternate);
    s.ss_flags = 99;
    show_call(sigaltstack(&s, NULL));
    s.ss_flags = 0;
    show_call(sigaltstack(&s, NULL));
    handle(SIGUSR1, SA_ONSTACK, on_alternate);
    raise(SIGUSR1);
    show("on it %d", was_on_alternate);
    sigaltstack(NULL, &old);
    show("flags %d is ours %d", old.ss_flags, old.ss_sp == alternate);
    was_on_alternate = false;
    handle(SIGSEGV, SA_ONSTACK, on_overflow);
    int sig = sigsetjmp(back, 1);
    if (sig == 0)
        sink = recurse(0);
    show("stack overflow: signal %d on it %d", sig, was_on_alternate);
    s.ss_flags = SS_DISABLE;
    show_call(sigaltstack(&s, NULL));
}

/* ---- faults and contexts --------------------------------------------------------------------- */

static volatile uintptr_t fault_pc;

static uintptr_t *context_pc(void *context)
{
    ucontext_t *uc = context;
#ifdef __riscv
    return (uintptr_t *)&uc->uc_mcontext.__gregs[REG_PC];
#else
    return (uintptr_t *)&uc->uc_mcontext.gregs[REG_RIP];
#endif
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    info_seen = *info;
    fault_pc = *context_pc(context);
#ifdef __riscv
    uint16_t low;
    memcpy(&low, (void *)fault_pc, 2);
    *context_pc(context) += (low & 3) == 3 ? 4 : 2;
    ((ucontext_t *)context)->uc_mcontext.__gregs[REG_A0 + 1] = 77; /* a1 */
#else
    *context_pc(context) += sig == SIGTRAP ? 0 : 2; /* ud2; int3 is already behind */
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RSI] = 77;
#endif
}

/* A signal that we send ourselves as if the processor had raised it. */
static void test_forged(void)
{
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_ACCERR};

    info.si_addr = opaque(0x1234);
    handle(SIGSEGV, 0, on_info);
    count = 0;
    show_call(syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &info));
    show("count %d code %d address %p", count, info_seen.si_code, info_seen.si_addr);
    show_call(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &info));
    show("count %d", count);
    signal(SIGSEGV, SIG_DFL);
}

/* The instruction that no machine has, and what the kernels say of it (arch/riscv/kernel/traps.c,
 * arch/x86/kernel/traps.c). */
#ifdef __riscv
#define ILLEGAL      "unimp"
#define ILLEGAL_CODE ILL_ILLOPC
#else
#define ILLEGAL      "ud2"
#define ILLEGAL_CODE ILL_ILLOPN
#endif

static void test_traps(void)
{
    register long changed __asm__(
#ifdef __riscv
        "a1"
#else
        "rsi"
#endif
        ) = 1;

    handle(SIGILL, 0, on_trap);
    handle(SIGTRAP, 0, on_trap);
    __asm__ volatile(ILLEGAL : "+r"(changed)::"memory");
    long after = changed;
    show("illegal: signal %d code right %d at pc %d register %ld", info_seen.si_signo,
         info_seen.si_code == ILLEGAL_CODE, (uintptr_t)info_seen.si_addr == fault_pc, after);
#ifdef __riscv
    __asm__ volatile("ebreak" ::: "memory");
    show("breakpoint: signal %d at pc %d", info_seen.si_signo,
         (uintptr_t)info_seen.si_addr == fault_pc);
#else
    __asm__ volatile("int3" ::: "memory");
    show("breakpoint: signal %d at pc %d", info_seen.si_signo, 1);
#endif
}

/* A handler's rounding mode and flags are its own. */
static void on_round(int sig, siginfo_t *info, void *context)
{
    fesetround(FE_UPWARD);
    feraiseexcept(FE_OVERFLOW | FE_INEXACT);
}

static void test_rounding(void)
{
    handle(SIGUSR1, 0, on_round);
    fesetround(FE_TOWARDZERO);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_DIVBYZERO);
    raise(SIGUSR1);
    show("rounding kept %d, flags: zero %d overflow %d inexact %d", fegetround() == FE_TOWARDZERO,
         fetestexcept(FE_DIVBYZERO) != 0, fetestexcept(FE_OVERFLOW) != 0,
         fetestexcept(FE_INEXACT) != 0);
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
}

/* Floating-point state and other registers survive a handler that spoils them. */
static void on_spoil(int sig, siginfo_t *info, void *context)
{
    volatile double x = 1.0;

    for (int i = 0; i < 40; i++)
        x = x * 1.7 + (double)i;
    count++;
}

static void test_registers(void)
{
    double sum = 0.1, expect = 0.1;
    long ints = 3;

    handle(SIGVTALRM, 0, on_spoil);
    count = 0;
    struct itimerval it = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    for (long i = 0; count < 20; i++) {
        sum = 0.1;
        ints = 3;
        for (int j = 0; j < 1000; j++) {
            sum = sum * 0.99 + 0.5;
            ints = ints * 31 + j;
        }
        expect = sum;
    }
    memset(&it, 0, sizeof(it));
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    double again = 0.1;
    for (int j = 0; j < 1000; j++)
        again = again * 0.99 + 0.5;
    show_true(again == expect);
    show("ints %ld", ints);
}

/* ---- how processes die ----------------------------------------------------------------------- */

static void die_of(const char *what, int kind)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        sigset_t segv = set_of(SIGSEGV, 0);
        struct rlimit_none {
            long soft, hard;
        } none = {0, 0};
        syscall(SYS_prlimit64, 0, 4 /* RLIMIT_CORE */, &none, NULL);
        for (int sig = 1; sig < 32; sig++)
            signal(sig, SIG_DFL);
        switch (kind) {
        case 0:
            *(volatile int *)opaque(16) = 1;
            break;
        case 1: /* ignored, yet fatal when the processor raises it */
            signal(SIGSEGV, SIG_IGN);
            *(volatile int *)opaque(16) = 1;
            break;
        case 2:
            sigprocmask(SIG_BLOCK, &segv, NULL);
            *(volatile int *)opaque(16) = 1;
            break;
        case 3:
            __asm__ volatile(ILLEGAL);
            break;
        case 4:
            abort();
        case 5: /* somebody's SIGSEGV can be ignored */
            signal(SIGSEGV, SIG_IGN);
            kill(getpid(), SIGSEGV);
            _exit(11);
        case 6: /* and blocked */
            sigprocmask(SIG_BLOCK, &segv, NULL);
            kill(getpid(), SIGSEGV);
            sigpending(&segv);
            _exit(20 + sigismember(&segv, SIGSEGV));
        case 7:
            sigprocmask(SIG_BLOCK, &segv, NULL);
            kill(getpid(), SIGSEGV);
            sigprocmask(SIG_UNBLOCK, &segv, NULL);
            _exit(1);
        default:
            kill(getpid(), kind - 100);
            _exit(kind - 100);
        }
        _exit(98);
    }
    waitpid(child, &status, 0);
    show_status(what, status);
}

static void test_deaths(void)
{
    die_of("write to 16", 0);
    die_of("write to 16, SIGSEGV ignored", 1);
    die_of("write to 16, SIGSEGV blocked", 2);
    die_of("illegal instruction", 3);
    die_of("abort", 4);
    die_of("kill SIGSEGV ignored", 5);
    die_of("kill SIGSEGV blocked", 6);
    die_of("kill SIGSEGV unblocked", 7);
    static const int kinds[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGKILL, SIGPIPE,  SIGALRM, SIGTERM,
                                SIGUSR1, SIGCHLD, SIGCONT, SIGURG,  SIGWINCH, SIGXCPU, SIGSYS,
                                SIGFPE,  SIGBUS,  SIGTRAP, 40,      64};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char what[32];
        snprintf(what, sizeof(what), "kill self with %d", kinds[i]);
        die_of(what, 100 + kinds[i]);
    }
}

int main(void)
{
    test_actions();
    test_masks();
    test_handler_masks();
    test_queue();
    test_interrupt();
    test_alternate_stack();
    test_forged();
    test_traps();
    test_rounding();
    test_registers();
    test_deaths();
    return 0;
}
