/* Functions of known cost, for a profile. `hot N`: three functions whose loops turn 6, 3 and 1
 * times as often, called from functions of their own; N gives the length. With a second word:
 *   signals   a profiling timer of the program's own, counted
 *   threads   the work in two threads
 *   children  another in a child, and this program once more
 *   waits     waits that a stray signal would cut short
 *   faults    system calls that are given addresses where nothing is
 *   sends     signals to itself, counted */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__ /* which makes no clones, and does not know the word */
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

enum { ROUNDS = 4000 };

static unsigned scale;
static volatile sig_atomic_t ticks, traps;

NOINLINE uint64_t hot_work(uint64_t x);
NOINLINE uint64_t warm_work(uint64_t x);
NOINLINE uint64_t cool_work(uint64_t x);
NOINLINE uint64_t all_work(uint64_t x);

#define LOOP(x, turns)                                                                             \
    for (unsigned i = 0; i < (turns); i++) {                                                       \
        x ^= x << 13;                                                                              \
        x ^= x >> 7;                                                                               \
        x ^= x << 17;                                                                              \
        __asm__ volatile("" : "+r"(x));                                                            \
    }

uint64_t hot_work(uint64_t x)
{
    LOOP(x, 6 * scale);
    return x;
}

uint64_t warm_work(uint64_t x)
{
    LOOP(x, 3 * scale);
    return x;
}

uint64_t cool_work(uint64_t x)
{
    LOOP(x, scale);
    return x;
}

uint64_t all_work(uint64_t x)
{
    for (unsigned i = 0; i < ROUNDS; i++) /* short ones, out of step with the kernel's ticks */
        x = hot_work(x) + warm_work(x) + cool_work(x);
    return x;
}

static void on_signal(int sig)
{
    if (sig == SIGPROF)
        ticks++;
    else
        traps++;
}

static void *thread_work(void *arg)
{
    return (void *)(uintptr_t)all_work((uintptr_t)arg);
}

static uint64_t in_threads(void)
{
    pthread_t a, b;
    void *x, *y;

    pthread_create(&a, NULL, thread_work, (void *)1);
    pthread_create(&b, NULL, thread_work, (void *)2);
    pthread_join(a, &x);
    pthread_join(b, &y);
    return (uintptr_t)x ^ (uintptr_t)y;
}

/* The program's own timer works, so do its SIGTRAP and its mask, and nothing else comes. */
static uint64_t with_signals(void)
{
    struct itimerval every = {{0, 10000}, {0, 10000}};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t set, now;

    sigaction(SIGPROF, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    setitimer(ITIMER_PROF, &every, NULL);
    uint64_t x = all_work(1);
    memset(&every, 0, sizeof(every));
    setitimer(ITIMER_PROF, &every, NULL);
    printf("ticks %s, traps %d\n", ticks > 0 ? "came" : "did not come", (int)traps);
    raise(SIGTRAP);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    raise(SIGTRAP);
    x ^= all_work(x);
    sigpending(&now);
    printf("traps %d, pending %d %d\n", (int)traps, sigismember(&now, SIGTRAP),
           sigismember(&now, SIGPROF));
    return x;
}

static void in_children(char **argv)
{
    int status;

    fflush(stdout);
    if (fork() == 0) {
        printf("child %016llx\n", (unsigned long long)all_work(3));
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    if (fork() == 0) {
        execl(argv[0], argv[0], argv[1], (char *)NULL);
        _exit(1);
    }
    wait(&status);
    printf("status %d\n", WEXITSTATUS(status));
}

/* Work and waits in turn: none of the waits may be cut short. */
static uint64_t with_waits(void)
{
    struct timespec nap = {0, 3000000};
    struct sigaction action = {.sa_handler = on_signal};
    struct epoll_event event;
    int set = epoll_create1(0), cut = 0;
    uint64_t x = 1;

    sigaction(SIGTRAP, &action, NULL); /* without SA_RESTART */
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < ROUNDS / 40; k++)
            x = hot_work(x);
        cut += nanosleep(&nap, NULL) != 0;
        cut += poll(NULL, 0, 2) != 0;
        cut += epoll_wait(set, &event, 1, 2) != 0;
    }
    printf("cut short %d\n", cut);
    return x;
}

/* The stack holds what a profile takes for return addresses, of functions that are not there. */
static uint64_t with_faults(void)
{
    enum { CALLS = 100000 };
    volatile uint64_t nowhere[16];
    uint64_t refused = 0;

    for (unsigned i = 0; i < 16; i++)
        nowhere[i] = 10000;
    for (unsigned i = 0; i < CALLS; i++)
        refused += syscall(SYS_rt_sigaction, SIGUSR1, nowhere[i % 16], NULL, 8) != 0;
    return refused;
}

/* Another process sends SIGTRAP, each time when this one sleeps: one that is in a call must come
 * out of it, so it is the alarm's turn only if that does not happen. */
static uint64_t with_traps_from_outside(void)
{
    enum { TRAPS = 5 };
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t trap, old;
    int cut = 0;
    pid_t parent = getpid();

    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    sigaction(SIGTRAP, &action, NULL);
    for (int i = 0; i < TRAPS; i++) {
        sigprocmask(SIG_BLOCK, &trap, &old);
        if (fork() == 0) {
            usleep(1000 * (unsigned)i);
            kill(parent, SIGTRAP);
            _exit(0);
        }
        alarm(60);
        cut += sigsuspend(&old) != 0;
        sigprocmask(SIG_SETMASK, &old, NULL);
        while (wait(NULL) < 0 && errno == EINTR)
            ;
    }
    printf("traps %d, cut short %d\n", (int)traps, cut);
    return (uint64_t)traps;
}

/* All signals are waited for, and none is sent. */
static uint64_t with_signal_waits(void)
{
    enum { WAITS = 200000 };
    const struct timespec now = {0, 0};
    sigset_t all;
    uint64_t came = 0;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (unsigned i = 0; i < WAITS; i++)
        came += sigtimedwait(&all, NULL, &now) >= 0;
    return came;
}

static uint64_t with_sends(void)
{
    enum { SENDS = 100000 };
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGTRAP, &action, NULL);
    for (unsigned i = 0; i < SENDS; i++)
        raise(SIGTRAP);
    return (uint64_t)traps;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "";
    uint64_t x;

    scale = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    if (strcmp(what, "threads") == 0)
        x = in_threads();
    else if (strcmp(what, "signals") == 0)
        x = with_signals();
    else if (strcmp(what, "waits") == 0)
        x = with_waits();
    else if (strcmp(what, "faults") == 0)
        x = with_faults();
    else if (strcmp(what, "sends") == 0)
        x = with_sends();
    else if (strcmp(what, "outside") == 0)
        x = with_traps_from_outside();
    else if (strcmp(what, "signal_waits") == 0)
        x = with_signal_waits();
    else
        x = all_work(1);
    if (strcmp(what, "children") == 0)
        in_children(argv);
    printf("%016llx\n", (unsigned long long)x);
    return 0;
}
