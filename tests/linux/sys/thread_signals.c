/* Signals and threads: whose they are, who takes them, where handlers run. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <ucontext.h>

#include "show.h"

static atomic_int got[65], go, stop;
static _Atomic(pid_t) got_by;
static __thread volatile int own_got;

static void note(int sig)
{
    int saved = errno;
    got[sig]++;
    own_got++;
    got_by = gettid();
    errno = saved;
}

static void handle(int sig, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(sig, &action, NULL);
}

static void mask(int how, int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(how, &set, NULL);
}

static void await(atomic_int *what, int least)
{
    while (*what < least)
        usleep(1000);
}

/* ---- signals sent to one thread -------------------------------------------------------------- */

static void *count_own(void *arg)
{
    go++;
    while (own_got < 100)
        ;
    return (void *)(long)own_got;
}

static void sent_to_threads(void)
{
    pthread_t threads[4];
    long sum = 0;
    void *result;

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count_own, NULL);
    await(&go, 4);
    /* One at a time to each: ordinary signals do not queue. */
    for (int n = 1; n <= 100; n++) {
        for (int i = 0; i < 4; i++)
            pthread_kill(threads[i], SIGUSR1);
        await(&got[SIGUSR1], 4 * n);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    show("handlers on the threads they were sent to: %ld", sum);
    show("none on the first: %d", own_got);
}

/* ---- signals sent to the process ------------------------------------------------------------- */

static _Atomic(pid_t) open_tid;

static void *open_one(void *arg)
{
    mask(SIG_UNBLOCK, SIGUSR2);
    open_tid = gettid();
    while (!stop)
        usleep(500);
    return NULL;
}

static void sent_to_process(void)
{
    pthread_t thread;
    int right = 0;

    mask(SIG_BLOCK, SIGUSR2);
    pthread_create(&thread, NULL, open_one, NULL);
    while (!open_tid)
        usleep(1000);
    for (int i = 1; i <= 50; i++) {
        kill(getpid(), SIGUSR2);
        await(&got[SIGUSR2], i);
        right += got_by == open_tid;
    }
    stop = 1;
    pthread_join(thread, NULL);
    stop = 0;
    show("taken by the only thread that has it open: %d", right);
    kill(getpid(), SIGUSR2);
    sigset_t set;
    sigpending(&set);
    show("pending for all: %d", sigismember(&set, SIGUSR2));
    mask(SIG_UNBLOCK, SIGUSR2);
    show("taken by the first: %d", got[SIGUSR2]);
}

/* ---- waiting for signals --------------------------------------------------------------------- */

static void *wait_for_it(void *arg)
{
    sigset_t set;
    int sig = 0, sum = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN);
    for (int i = 0; i < 20; i++) {
        sigwait(&set, &sig);
        sum += sig;
    }
    return (void *)(long)sum;
}

static void *suspended(void *arg)
{
    sigset_t set;

    pthread_sigmask(0, NULL, &set);
    sigdelset(&set, SIGHUP);
    go++;
    int result = sigsuspend(&set);
    return (void *)(long)(result == -1 && errno == EINTR && own_got == 1);
}

static void *polling(void *arg)
{
    sigset_t set;

    pthread_sigmask(0, NULL, &set);
    sigdelset(&set, SIGHUP);
    go++;
    int result = ppoll(NULL, 0, NULL, &set);
    return (void *)(long)(result == -1 && errno == EINTR && own_got == 1);
}

static void *reading(void *arg)
{
    struct signalfd_siginfo info;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    int fd = signalfd(-1, &set, 0);
    go++;
    read(fd, &info, sizeof(info));
    close(fd);
    return (void *)(long)info.ssi_signo;
}

static long hup(void *(*function)(void *))
{
    pthread_t thread;
    void *result;

    go = 0;
    mask(SIG_BLOCK, SIGHUP);
    pthread_create(&thread, NULL, function, NULL);
    await(&go, 1);
    usleep(20000);
    pthread_kill(thread, SIGHUP);
    pthread_join(thread, &result);
    mask(SIG_UNBLOCK, SIGHUP);
    return (long)result;
}

static void waiting(void)
{
    pthread_t thread;
    void *result;

    mask(SIG_BLOCK, SIGTERM);
    mask(SIG_BLOCK, SIGRTMIN);
    pthread_create(&thread, NULL, wait_for_it, NULL);
    for (int i = 0; i < 19; i++) {
        union sigval value = {.sival_int = i};
        sigqueue(getpid(), SIGRTMIN, value);
    }
    kill(getpid(), SIGTERM);
    pthread_join(thread, &result);
    show("waited for: %ld", (long)result - 19 * SIGRTMIN);
    show("suspended: %ld", hup(suspended));
    show("polling: %ld", hup(polling));
    show("read from a descriptor: %ld", hup(reading));
}

/* ---- faults ---------------------------------------------------------------------------------- */

static __thread sigjmp_buf back;
static __thread volatile char *fault_at;
static __thread char *stack_low;

static void fault(int sig, siginfo_t *info, void *context)
{
    char here;

    siglongjmp(back, 1 + (info->si_addr == (void *)fault_at) +
                         2 * (&here >= stack_low && &here < stack_low + 65536));
}

static void *faulting(void *arg)
{
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    volatile int right = 0, i;

    stack_low = stack.ss_sp;
    sigaltstack(&stack, NULL);
    fault_at = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (i = 0; i < 500; i++) {
        int how = sigsetjmp(back, 1);
        if (how == 0)
            *fault_at = 1;
        right += how == 4;
    }
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    return (void *)(long)right;
}

static void faults(void)
{
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    pthread_t threads[4];
    long sum = 0;
    void *result;

    sigaction(SIGSEGV, &action, NULL);
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, faulting, (void *)i);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    show("faults with the right address on the right stack: %ld", sum);
    handle(SIGSEGV, SIG_DFL, 0);
}

/* ---- masks and dispositions ------------------------------------------------------------------ */

static void *inherits(void *arg)
{
    sigset_t set, pending;
    stack_t stack;

    pthread_sigmask(0, NULL, &set);
    sigpending(&pending);
    sigaltstack(NULL, &stack);
    handle(SIGALRM, note, 0); /* for all */
    mask(SIG_BLOCK, SIGCHLD); /* for itself */
    return (void *)(long)(sigismember(&set, SIGURG) + 2 * sigismember(&pending, SIGURG) +
                          4 * (stack.ss_flags == SS_DISABLE));
}

static void inheritance(void)
{
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction action;
    pthread_t thread;
    sigset_t set;
    void *result;

    sigaltstack(&stack, NULL);
    mask(SIG_BLOCK, SIGURG);
    pthread_kill(pthread_self(), SIGURG);
    pthread_create(&thread, NULL, inherits, NULL);
    pthread_join(thread, &result);
    show("the mask is inherited, what is pending and the stack are not: %ld", (long)result);
    sigaction(SIGALRM, NULL, &action);
    show("dispositions are shared: %d", action.sa_handler == note);
    pthread_sigmask(0, NULL, &set);
    show("masks are not: %d", sigismember(&set, SIGCHLD));
    mask(SIG_UNBLOCK, SIGURG);
}

/* ---- a storm --------------------------------------------------------------------------------- */

static void *working(void *arg)
{
    unsigned long n = 0;
    volatile double x = 1;

    while (!stop) {
        for (int i = 0; i < 1000; i++)
            n = n * 6364136223846793005ul + 1;
        x = x * 1.0000001;
        free(malloc(n % 1000));
    }
    return NULL;
}

static void storm(void)
{
    pthread_t threads[4];

    got[SIGUSR1] = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, working, NULL);
    for (int i = 0; i < 4000; i++)
        pthread_kill(threads[i % 4], SIGUSR1);
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    show("a storm was survived: %d", got[SIGUSR1] > 0 && got[SIGUSR1] <= 4000);
}

int main(void)
{
    handle(SIGUSR1, note, SA_RESTART);
    handle(SIGUSR2, note, 0);
    handle(SIGHUP, note, 0);
    sent_to_threads();
    sent_to_process();
    waiting();
    faults();
    inheritance();
    storm();
    return 0;
}
