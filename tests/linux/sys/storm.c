/* Many signals at once: none is lost, none is delivered while it is blocked, and no system call is
 * done twice or not at all because one came in between. */
#define _GNU_SOURCE
#include "show.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

enum { QUEUED = 3000, BYTES = 20000, FORKS = 30, FAULTS = 1000, MANY = 300 };

static volatile sig_atomic_t ticks, queued, wrong_order, while_blocked, expected;
static volatile bool blocked;

static void on_tick(int sig, siginfo_t *info, void *context)
{
    ticks++;
    if (blocked || sigismember(&((ucontext_t *)context)->uc_sigmask, sig))
        while_blocked++;
}

static void on_queued(int sig, siginfo_t *info, void *context)
{
    if (info->si_value.sival_int != expected)
        wrong_order++;
    expected = info->si_value.sival_int + 1;
    queued++;
    if (blocked)
        while_blocked++;
}

static void start_ticks(int flags)
{
    struct sigaction sa = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | flags};
    struct itimerval it = {{0, 300}, {0, 300}};

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
}

static void stop_ticks(void)
{
    struct itimerval it = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &it, NULL);
}

/* A child queues numbered real-time signals while we block and unblock them. */
static void test_queue(void)
{
    struct sigaction sa = {.sa_sigaction = on_queued, .sa_flags = SA_SIGINFO | SA_RESTART};
    pid_t parent = getpid(), child;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigaddset(&set, SIGALRM);
    sigaction(SIGRTMIN + 3, &sa, NULL);
    start_ticks(SA_RESTART);
    child = fork();
    if (child == 0) {
        for (int i = 0; i < QUEUED; i++) {
            union sigval value = {.sival_int = i};
            while (sigqueue(parent, SIGRTMIN + 3, value) < 0)
                usleep(100);
        }
        _exit(0);
    }
    unsigned long rounds = 0;
    while (queued < QUEUED && rounds < 100000000) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        blocked = true;
        for (volatile int i = 0; i < 50; i++)
            ;
        getppid();
        blocked = false;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        rounds++;
    }
    stop_ticks();
    int status = -1;
    show_true(waitpid(child, &status, 0) == child && status == 0);
    show("queued %d wrong order %d while blocked %d", queued, wrong_order, while_blocked);
}

/* Bytes go through a pipe one by one; each write and read happens once. */
static void test_pipe(int flags)
{
    int p[2], status;
    unsigned char c;

    if (pipe(p))
        _exit(98);
    ticks = 0;
    start_ticks(flags);
    pid_t child = fork();
    if (child == 0) {
        close(p[0]);
        for (int i = 0; i < BYTES; i++) {
            c = (unsigned char)(i * 7);
            while (write(p[1], &c, 1) != 1)
                ;
        }
        _exit(0);
    }
    close(p[1]);
    int got = 0, bad = 0, interrupted = 0;
    for (;;) {
        ssize_t n = read(p[0], &c, 1);
        if (n == 0)
            break;
        if (n < 0) {
            interrupted += errno == EINTR;
            continue;
        }
        bad += c != (unsigned char)(got * 7);
        got++;
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    stop_ticks();
    show("bytes %d bad %d", got, bad);
    if (flags & SA_RESTART)
        show("interrupted %d", interrupted);
    show_true(ticks > 3);
    close(p[0]);
}

/* Processes come and go under fire. */
static void test_forks(void)
{
    int sum = 0, status;

    start_ticks(SA_RESTART);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = i & 1 ? fork() : vfork();
        if (child == 0)
            _exit(i);
        if (child < 0)
            show("fork: %s", strerrorname_np(errno));
        else if (waitpid(child, &status, 0) == child && WIFEXITED(status))
            sum += WEXITSTATUS(status);
    }
    stop_ticks();
    show("sum of exits %d", sum);
}

/* sigsuspend never misses the signal that it waits for. */
static void test_suspend(void)
{
    sigset_t set, old;
    int missed = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    start_ticks(0);
    for (int i = 0; i < 500; i++) {
        sig_atomic_t before = ticks;
        sigsuspend(&old);
        missed += ticks == before;
    }
    struct timespec second = {5, 0};
    for (int i = 0; i < 500; i++) {
        sig_atomic_t before = ticks;
        int n = ppoll(NULL, 0, &second, &old);
        missed += n != -1 || ticks == before;
    }
    stop_ticks();
    show("missed %d", missed);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Faults whose handler blocks what comes at any time: also what came just before the fault. */
static char *page;

static void on_fault(int sig)
{
    mprotect(page, 1, PROT_READ);
}

static void test_faults(void)
{
    struct sigaction sa = {.sa_handler = on_fault};
    int sum = 0;

    page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaddset(&sa.sa_mask, SIGALRM);
    sigaction(SIGSEGV, &sa, NULL);
    ticks = while_blocked = 0;
    start_ticks(SA_RESTART);
    for (int i = 0; i < FAULTS || ticks < MANY; i++) {
        sum += *(volatile char *)page;
        mprotect(page, 1, PROT_NONE);
    }
    stop_ticks();
    show("sum %d ticks in handlers of faults %d", sum, while_blocked);
}

/* Handlers on top of handlers: both signals' stacks of frames unwind in order. */
static volatile sig_atomic_t depth, deepest;

static void on_nested(int sig)
{
    if (++depth > deepest)
        deepest = depth;
    if (depth < 20)
        raise(sig);
    depth--;
}

static void test_nesting(void)
{
    struct sigaction sa = {.sa_handler = on_nested, .sa_flags = SA_NODEFER};

    sigaction(SIGUSR2, &sa, NULL);
    start_ticks(SA_RESTART);
    for (int i = 0; i < 100; i++)
        raise(SIGUSR2);
    stop_ticks();
    show("depth %d deepest %d", depth, deepest);
}

int main(void)
{
    test_queue();
    test_pipe(SA_RESTART);
    test_pipe(0);
    test_forks();
    test_suspend();
    test_faults();
    test_nesting();
    return 0;
}
