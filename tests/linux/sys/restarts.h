/* The stage of restarts.c, and for each call how it is set and what ends the wait. The calls are in
 * restarts_calls.h. */
#ifndef TESTS_LINUX_SYS_RESTARTS_H
#define TESTS_LINUX_SYS_RESTARTS_H

#include "show.h"

#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

enum {
    LONG_S = 20,      /* a timeout that does not end here */
    SHORT_MS = 2000,  /* and one that does: the rows with a name in _2s */
    SIGNAL_MS = 1000, /* when the signal comes then */
    LATE_MS = 2900,   /* the timeout began anew after it */
};

/* ---- the stage ------------------------------------------------------------------------------- */

/* One trial, in memory that subject, keeper and main share. */
struct trial {
    volatile int about_to, done, handled;
    volatile long result;
    volatile int error;
    volatile long left_ms; /* of the timeout, where the call says so */
    volatile long took_ms;
    uint32_t word; /* a futex */
    int fd, other, id;
    char name[64];
    char verdict[160];
};

static struct trial *here; /* the subject's */

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(void)
{
    usleep(2000);
}

static const struct timespec long_time = {LONG_S, 0};

static struct timespec deadline(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void note_left(const struct timespec *left)
{
    here->left_ms = left->tv_sec * 1000 + left->tv_nsec / 1000000;
}

/* ---- what is waited for: set the stage, call, finish ----------------------------------------- */

static void make_pipe(struct trial *t)
{
    int p[2];

    pipe(p);
    t->fd = p[0];
    t->other = p[1];
}

static void fill(int fd)
{
    static char bytes[65536];
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    for (size_t size = sizeof(bytes); size > 0; size /= 2) {
        while (write(fd, bytes, size) > 0)
            ;
    }
    fcntl(fd, F_SETFL, flags);
}

static void make_full_pipe(struct trial *t)
{
    make_pipe(t);
    fill(t->other);
}

static void make_sockets(struct trial *t)
{
    int p[2];

    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    t->fd = p[0];
    t->other = p[1];
}

static void make_timed_sockets(struct trial *t)
{
    struct timeval timeout = {LONG_S, 0};

    make_sockets(t);
    setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(t->other, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static void make_full_sockets(struct trial *t)
{
    make_sockets(t);
    fill(t->other);
}

static void make_full_timed_sockets(struct trial *t)
{
    make_timed_sockets(t);
    fill(t->other);
}

static socklen_t socket_name(const struct trial *t, struct sockaddr_un *un)
{
    un->sun_family = AF_UNIX;
    un->sun_path[0] = 0; /* an abstract name */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                       (size_t)sprintf(un->sun_path + 1, "restarts-%d-%s", getpid(), t->name));
}

static struct sockaddr_un server;
static socklen_t server_len;

static void make_server(struct trial *t)
{
    server_len = socket_name(t, &server);
    t->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(t->fd, (struct sockaddr *)&server, server_len);
    listen(t->fd, 0);
    t->other = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void make_full_server(struct trial *t)
{
    make_server(t);
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&server, server_len);
}

static void make_pty(struct trial *t)
{
    openpty(&t->other, &t->fd, NULL, NULL, NULL);
}

static void make_eventfd(struct trial *t)
{
    t->fd = t->other = eventfd(0, 0);
}

static void make_timerfd(struct trial *t)
{
    t->fd = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void make_signalfd(struct trial *t)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &set, NULL);
    t->fd = signalfd(-1, &set, 0);
}

static void make_inotify(struct trial *t)
{
    mkdir(t->name, 0700);
    t->fd = inotify_init();
    inotify_add_watch(t->fd, t->name, IN_CREATE);
}

static void make_fifo(struct trial *t)
{
    mkfifo(t->name, 0600);
}

static void make_file(struct trial *t)
{
    t->fd = open(t->name, O_RDWR | O_CREAT, 0600);
    t->other = open(t->name, O_RDWR);
}

static void make_flock(struct trial *t)
{
    make_file(t);
    flock(t->fd, LOCK_EX);
}

static void lock_file(struct trial *t, int how)
{
    struct flock lock = {.l_type = F_WRLCK};

    make_file(t);
    fcntl(t->fd, how, &lock);
}

static void make_fcntl_lock(struct trial *t)
{
    lock_file(t, F_SETLK);
}

static void make_ofd_lock(struct trial *t)
{
    lock_file(t, F_OFD_SETLK);
}

static void make_sem(struct trial *t)
{
    t->id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
}

static void make_msg(struct trial *t)
{
    t->id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
}

struct message {
    long type;
    char text[4096];
};

static void make_full_msg(struct trial *t)
{
    struct message m = {.type = 1};

    make_msg(t);
    while (msgsnd(t->id, &m, sizeof(m.text), IPC_NOWAIT) == 0)
        ;
}

static void make_mq_with(struct trial *t, int messages)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
    char name[80];

    sprintf(name, "/restarts-%d-%s", getpid(), t->name);
    t->fd = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    mq_unlink(name);
    if (messages)
        mq_send(t->fd, "m", 1, 0);
}

static void make_mq(struct trial *t)
{
    make_mq_with(t, 0);
}

static void make_full_mq(struct trial *t)
{
    make_mq_with(t, 1);
}

static void make_epoll(struct trial *t)
{
    struct epoll_event event = {.events = EPOLLIN};

    make_pipe(t);
    t->id = epoll_create1(0);
    epoll_ctl(t->id, EPOLL_CTL_ADD, t->fd, &event);
}

/* A lock with priority inheritance that another process holds, which lets go at its end. */
static void make_pi(struct trial *t)
{
    int p[2];

    pipe(p);
    t->other = p[1];
    if (fork() == 0) {
        char c;
        close(p[1]);
        syscall(SYS_futex, &t->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
        t->id = 1;
        read(p[0], &c, 1);
        syscall(SYS_futex, &t->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
        _exit(0);
    }
    while (*(volatile int *)&t->id == 0)
        nap();
}

static void make_nothing(struct trial *t)
{
}

/* The subject's own child ends when the keeper closes the pipe. */
static void start_child(struct trial *t)
{
    char c;

    if (fork() == 0) {
        close(t->other);
        _exit((int)read(t->fd, &c, 1));
    }
    close(t->other);
}

static void finish_write(struct trial *t)
{
    write(t->other, "12345678\n", 8);
}

static void finish_line(struct trial *t)
{
    write(t->other, "x\n", 2);
}

static void finish_drain(struct trial *t)
{
    static char bytes[65536];

    fcntl(t->fd, F_SETFL, O_NONBLOCK);
    while (read(t->fd, bytes, sizeof(bytes)) > 0)
        ;
}

static void finish_close(struct trial *t)
{
    close(t->other);
}

static void finish_connect(struct trial *t)
{
    connect(t->other, (struct sockaddr *)&server, server_len);
}

static void finish_accept(struct trial *t)
{
    accept(t->fd, NULL, NULL);
}

static void finish_timer(struct trial *t)
{
    struct itimerspec soon = {.it_value = {0, 1000}};

    timerfd_settime(t->fd, 0, &soon, NULL);
}

static void finish_create(struct trial *t)
{
    char name[80];

    sprintf(name, "%s/x", t->name);
    close(open(name, O_CREAT | O_RDWR, 0600));
}

static void finish_fifo(struct trial *t)
{
    t->fd = open(t->name, O_RDWR);
}

static void finish_flock(struct trial *t)
{
    flock(t->fd, LOCK_UN);
}

static void finish_unlock(struct trial *t)
{
    struct flock lock = {.l_type = F_UNLCK};

    fcntl(t->fd, F_SETLK, &lock);
}

static void finish_ofd_unlock(struct trial *t)
{
    struct flock lock = {.l_type = F_UNLCK};

    fcntl(t->fd, F_OFD_SETLK, &lock);
}

static void finish_wake(struct trial *t)
{
    t->word = 1;
    syscall(SYS_futex, &t->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void finish_sem(struct trial *t)
{
    struct sembuf up = {0, 1, 0};

    semop(t->id, &up, 1);
}

static void finish_msgsnd(struct trial *t)
{
    struct message m = {.type = 1};

    msgsnd(t->id, &m, 4, 0);
}

static void finish_msgrcv(struct trial *t)
{
    struct message m;

    while (msgrcv(t->id, &m, sizeof(m.text), 0, IPC_NOWAIT) > 0)
        ;
}

static void finish_mq_send(struct trial *t)
{
    mq_send(t->fd, "m", 1, 0);
}

static void finish_mq_receive(struct trial *t)
{
    char text[8];

    mq_receive(t->fd, text, sizeof(text), NULL);
}

/* Only a handler ends it. */
static void finish_usr1(struct trial *t)
{
    kill(t->id, SIGUSR1);
}

static void finish_rt(struct trial *t)
{
    kill(t->id, SIGRTMIN + 5);
}

static void finish_nothing(struct trial *t)
{
}

#endif
