/* The calls of restarts.c, each on the stage that restarts.h has set for it. */
#ifndef TESTS_LINUX_SYS_RESTARTS_CALLS_H
#define TESTS_LINUX_SYS_RESTARTS_CALLS_H

#include "restarts.h"

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

/* ---- calls whose timeout ends here: two seconds ---------------------------------------------- */

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
