/* The moment before a system call: a signal that comes there is neither lost nor handled twice, and
 * what it would have ended does not go on waiting.
 *
 * Another process queues numbered signals, each when the one before has been taken, after a pause
 * of random length, so that they come everywhere around the call. Each row waits in a way that
 * POSIX makes free of races. When nobody has taken a signal for some seconds, it is lost. */
#define _GNU_SOURCE
#include "show.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>

enum { ROUNDS = 1500, PATIENCE_MS = 8000, PAUSE = 3000 };

/* What sender and receiver share. */
static struct shared {
    volatile int taken, lost;
} * shared;

static volatile sig_atomic_t handled, wrong;
static int self_pipe[2], ep, sfd;
static sigset_t before; /* the mask while it is waited */
static sigset_t waited_for;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    int saved = errno;

    wrong += info->si_value.sival_int != handled;
    handled++;
    write(self_pipe[1], "s", 1);
    errno = saved;
}

/* ---- ways to wait: each takes one signal, or none if it woke for nothing -----------------------
 */

static void drain(void)
{
    char c;

    read(self_pipe[0], &c, 1);
}

static void wait_read(void)
{
    drain();
}

static void wait_poll(void)
{
    struct pollfd pf = {self_pipe[0], POLLIN, 0};

    if (poll(&pf, 1, -1) == 1)
        drain();
}

static void wait_epoll(void)
{
    struct epoll_event event;

    if (epoll_wait(ep, &event, 1, -1) == 1)
        drain();
}

static void wait_ppoll(void)
{
    struct timespec never = {1000, 0};

    ppoll(NULL, 0, &never, &before);
}

static void wait_pselect(void)
{
    pselect(0, NULL, NULL, NULL, NULL, &before);
}

static void wait_epoll_pwait(void)
{
    struct epoll_event event;
    static int empty = -1;

    if (empty < 0)
        empty = epoll_create1(0);
    epoll_pwait(empty, &event, 1, -1, &before);
}

static void wait_suspend(void)
{
    sigsuspend(&before);
}

static void note_taken(int value)
{
    wrong += value != handled;
    handled++;
}

static void wait_sigwaitinfo(void)
{
    siginfo_t info;

    if (sigwaitinfo(&waited_for, &info) > 0)
        note_taken(info.si_value.sival_int);
}

static void wait_sigtimedwait(void)
{
    struct timespec soon = {0, 20000};
    siginfo_t info;

    if (sigtimedwait(&waited_for, &info, &soon) > 0)
        note_taken(info.si_value.sival_int);
}

static void wait_signalfd(void)
{
    struct signalfd_siginfo info;

    if (read(sfd, &info, sizeof(info)) == sizeof(info))
        note_taken(info.ssi_int);
}

static void wait_signalfd_poll(void)
{
    struct pollfd pf = {sfd, POLLIN, 0};

    if (poll(&pf, 1, -1) == 1)
        wait_signalfd();
}

static const struct row {
    const char *name;
    void (*wait)(void);
    int blocked; /* while it is not waited */
    int flags;
} rows[] = {
    {"read of a pipe that the handler fills, SA_RESTART", wait_read, 0, SA_RESTART},
    {"read of a pipe that the handler fills", wait_read, 0, 0},
    {"poll of it", wait_poll, 0, 0},
    {"epoll_wait of it", wait_epoll, 0, SA_RESTART},
    {"ppoll with a mask", wait_ppoll, 1, 0},
    {"pselect with a mask", wait_pselect, 1, SA_RESTART},
    {"epoll_pwait with a mask", wait_epoll_pwait, 1, 0},
    {"sigsuspend", wait_suspend, 1, 0},
    {"sigwaitinfo", wait_sigwaitinfo, 1, 0},
    {"sigtimedwait, 20 us", wait_sigtimedwait, 1, 0},
    {"signalfd", wait_signalfd, 1, 0},
    {"poll of a signalfd", wait_signalfd_poll, 1, 0},
};

/* ---- sender and receiver -----------------------------------------------------------------------
 */

static bool was_taken(int n)
{
    struct timespec nap = {0, 20000};

    for (int i = 0; shared->taken < n; i++) {
        if (i > PATIENCE_MS * 10)
            return false;
        if (i > 100)
            nanosleep(&nap, NULL);
        else
            sched_yield();
    }
    return true;
}

static void send_all(pid_t to, int sig)
{
    uint32_t random = 12345;

    for (int i = 0; i < ROUNDS; i++) {
        union sigval value = {.sival_int = i};

        random = random * 1664525 + 1013904223;
        for (volatile uint32_t n = (random >> 8) % PAUSE; n > 0; n--)
            ;
        while (sigqueue(to, sig, value))
            ;
        if (!was_taken(i + 1)) {
            shared->lost = 1;
            kill(to, SIGKILL);
            return;
        }
    }
}

static void receive_all(const struct row *row, int sig)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | row->flags};
    struct epoll_event event = {.events = EPOLLIN};

    sigaction(sig, &sa, NULL);
    pipe(self_pipe);
    ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, self_pipe[0], &event);
    sfd = signalfd(-1, &waited_for, 0);
    if (!row->blocked)
        sigprocmask(SIG_UNBLOCK, &waited_for, NULL);
    while (shared->taken < ROUNDS) {
        row->wait();
        shared->taken = handled;
    }
    for (int i = 0; i < 20; i++) /* one too many? */
        usleep(100);
    show("%s, signal %d: handled %d, out of order %d", row->name, sig, handled, wrong);
    _exit(0);
}

static void try(const struct row *row, int sig)
{
    int status;

    sigemptyset(&waited_for);
    sigaddset(&waited_for, sig);
    sigprocmask(SIG_BLOCK, &waited_for, &before);
    memset(shared, 0, sizeof(*shared));
    pid_t child = fork();
    if (child == 0)
        receive_all(row, sig);
    send_all(child, sig);
    waitpid(child, &status, 0);
    show("lost %d", shared->lost);
    show_status(row->name, status);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        try(&rows[i], SIGRTMIN + 2);
        try(&rows[i], SIGUSR1);
        try(&rows[i], SIGSEGV); /* a processor's, but sent */
    }
    return 0;
}
