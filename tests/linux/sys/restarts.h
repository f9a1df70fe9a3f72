/* The calls of restarts.c: for each, how the stage is set, the call itself, and what ends its wait.
 */
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

/* ---- the calls ------------------------------------------------------------------------------- */

static char buffer[128];

/* A result whose size means nothing. */
static long any(long result)
{
    return result > 0 ? 1 : result;
}

/* The mask that is, with one more signal open. */
static sigset_t mask_without(int sig)
{
    sigset_t set;

    sigprocmask(SIG_BLOCK, NULL, &set);
    sigdelset(&set, sig);
    return set;
}

static long do_read(struct trial *t)
{
    return any(read(t->fd, buffer, sizeof(buffer)));
}

static long do_readv(struct trial *t)
{
    struct iovec vec[2] = {{buffer, 3}, {buffer + 3, 5}};

    return readv(t->fd, vec, 2);
}

static long do_write(struct trial *t)
{
    return write(t->other, buffer, sizeof(buffer));
}

static long do_writev(struct trial *t)
{
    struct iovec vec[2] = {{buffer, 3}, {buffer + 3, 5}};

    return writev(t->other, vec, 2);
}

static long do_open(struct trial *t)
{
    return any(open(t->name, O_RDONLY));
}

static long do_splice(struct trial *t)
{
    int p[2];

    pipe(p);
    return splice(t->fd, NULL, p[1], NULL, 8, 0);
}

static long do_tee(struct trial *t)
{
    int p[2];

    pipe(p);
    return tee(t->fd, p[1], 8, 0);
}

static long do_wait4(struct trial *t)
{
    int status = -1;

    return wait4(-1, &status, 0, NULL) > 0 ? status : -1;
}

static long do_waitid(struct trial *t)
{
    siginfo_t info = {0};

    return waitid(P_ALL, 0, &info, WEXITED) == 0 ? info.si_code : -1;
}

static long do_accept(struct trial *t)
{
    return any(accept(t->fd, NULL, NULL));
}

static long do_connect(struct trial *t)
{
    return connect(t->other, (struct sockaddr *)&server, server_len);
}

static long do_recv(struct trial *t)
{
    return recv(t->fd, buffer, sizeof(buffer), 0);
}

static long do_recvmsg(struct trial *t)
{
    struct iovec vec = {buffer, sizeof(buffer)};
    struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1};

    return recvmsg(t->fd, &msg, 0);
}

static long do_recvmmsg(struct trial *t)
{
    struct iovec vec = {buffer, sizeof(buffer)};
    struct mmsghdr msg = {.msg_hdr = {.msg_iov = &vec, .msg_iovlen = 1}};

    return recvmmsg(t->fd, &msg, 1, 0, NULL);
}

static long do_send(struct trial *t)
{
    return send(t->other, buffer, sizeof(buffer), 0);
}

static long do_sendmsg(struct trial *t)
{
    struct iovec vec = {buffer, sizeof(buffer)};
    struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1};

    return sendmsg(t->other, &msg, 0);
}

static long do_flock(struct trial *t)
{
    return flock(t->other, LOCK_EX);
}

static long do_setlkw(struct trial *t)
{
    struct flock lock = {.l_type = F_WRLCK};

    return fcntl(t->other, F_SETLKW, &lock);
}

static long do_ofd_setlkw(struct trial *t)
{
    struct flock lock = {.l_type = F_WRLCK};

    return fcntl(t->other, F_OFD_SETLKW, &lock);
}

static long do_futex(struct trial *t)
{
    return syscall(SYS_futex, &t->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long do_futex_timed(struct trial *t)
{
    return syscall(SYS_futex, &t->word, FUTEX_WAIT, 0, &long_time, NULL, 0);
}

static long do_futex_absolute(struct trial *t)
{
    struct timespec end = deadline(CLOCK_MONOTONIC, LONG_S * 1000);

    return syscall(SYS_futex, &t->word, FUTEX_WAIT_BITSET, 0, &end, NULL, ~0u);
}

static long do_lock_pi(struct trial *t)
{
    return syscall(SYS_futex, &t->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static long do_poll(struct trial *t)
{
    struct pollfd pf = {t->fd, POLLIN, 0};

    return poll(&pf, 1, LONG_S * 1000);
}

static long do_ppoll(struct trial *t)
{
    struct pollfd pf = {t->fd, POLLIN, 0};
    struct timespec left = long_time;
    long result = syscall(SYS_ppoll, &pf, 1, &left, NULL, 8);

    note_left(&left);
    return result;
}

static long do_select(struct trial *t)
{
    struct timeval left = {LONG_S, 0};
    fd_set fds;

    FD_ZERO(&fds);
    FD_SET(t->fd, &fds);
    long result = select(t->fd + 1, &fds, NULL, NULL, &left);
    here->left_ms = left.tv_sec * 1000 + left.tv_usec / 1000;
    return result;
}

static long do_pselect(struct trial *t)
{
    sigset_t mask = mask_without(SIGUSR1);
    fd_set fds;

    FD_ZERO(&fds);
    FD_SET(t->fd, &fds);
    return pselect(t->fd + 1, &fds, NULL, NULL, NULL, &mask);
}

static long do_epoll_wait(struct trial *t)
{
    struct epoll_event event;

    return epoll_wait(t->id, &event, 1, LONG_S * 1000);
}

static long do_epoll_pwait2(struct trial *t)
{
    struct epoll_event event;

    return syscall(441 /* epoll_pwait2 */, t->id, &event, 1, &long_time, NULL, 8);
}

static long do_semop(struct trial *t)
{
    struct sembuf down = {0, -1, 0};

    return semop(t->id, &down, 1);
}

static long do_semtimedop(struct trial *t)
{
    struct sembuf down = {0, -1, 0};

    return semtimedop(t->id, &down, 1, &long_time);
}

static long do_msgrcv(struct trial *t)
{
    struct message m;

    return msgrcv(t->id, &m, sizeof(m.text), 0, 0);
}

static long do_msgsnd(struct trial *t)
{
    struct message m = {.type = 1};

    return msgsnd(t->id, &m, sizeof(m.text), 0);
}

static long do_mq_receive(struct trial *t)
{
    return mq_receive(t->fd, buffer, 8, NULL);
}

static long do_mq_timedreceive(struct trial *t)
{
    struct timespec end = deadline(CLOCK_REALTIME, LONG_S * 1000);

    return mq_timedreceive(t->fd, buffer, 8, NULL, &end);
}

static long do_mq_send(struct trial *t)
{
    return mq_send(t->fd, "m", 1, 0);
}

static long do_pause(struct trial *t)
{
    return pause();
}

static long do_sigsuspend(struct trial *t)
{
    sigset_t mask = mask_without(SIGUSR1);

    return sigsuspend(&mask);
}

static sigset_t rt_set(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static long do_sigwaitinfo(struct trial *t)
{
    sigset_t set = rt_set();

    return any(sigwaitinfo(&set, NULL));
}

static long do_sigtimedwait(struct trial *t)
{
    sigset_t set = rt_set();

    return any(sigtimedwait(&set, NULL, &long_time));
}

static long do_nanosleep(struct trial *t)
{
    struct timespec left = {0, 0};
    long result = nanosleep(&long_time, &left);

    note_left(&left);
    return result;
}

static long do_clock_nanosleep_until(struct trial *t)
{
    struct timespec end = deadline(CLOCK_MONOTONIC, LONG_S * 1000), left = {0, 0};
    int error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, &left);

    note_left(&left);
    errno = error;
    return error ? -1 : 0;
}

/* ---- calls whose timeout ends here: two seconds
 * ---------------------------------------------------
 */

static const struct timespec short_time = {SHORT_MS / 1000, 0};

static long end_nanosleep(struct trial *t)
{
    return nanosleep(&short_time, NULL);
}

static long end_poll(struct trial *t)
{
    return poll(NULL, 0, SHORT_MS);
}

static long end_ppoll(struct trial *t)
{
    struct timespec left = short_time;

    return syscall(SYS_ppoll, NULL, 0, &left, NULL, 8);
}

static long end_select(struct trial *t)
{
    struct timeval left = {SHORT_MS / 1000, 0};

    return select(0, NULL, NULL, NULL, &left);
}

static long end_futex(struct trial *t)
{
    return syscall(SYS_futex, &t->word, FUTEX_WAIT, 0, &short_time, NULL, 0);
}

static long end_futex_absolute(struct trial *t)
{
    struct timespec end = deadline(CLOCK_MONOTONIC, SHORT_MS);

    return syscall(SYS_futex, &t->word, FUTEX_WAIT_BITSET, 0, &end, NULL, ~0u);
}

static long end_epoll_wait(struct trial *t)
{
    struct epoll_event event;

    return epoll_wait(t->id, &event, 1, SHORT_MS);
}

static long end_sigtimedwait(struct trial *t)
{
    sigset_t set = rt_set();

    return sigtimedwait(&set, NULL, &short_time);
}

static long end_recv(struct trial *t)
{
    struct timeval timeout = {SHORT_MS / 1000, 0};

    setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return recv(t->fd, buffer, sizeof(buffer), 0);
}

#endif
