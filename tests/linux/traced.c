/* Makes system calls for test_strace_lines.py to compare what strace prints of them: directly,
 * since the two machines' libcs choose different ones. The argument says which, or how it ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void files(void)
{
    struct stat st;
    char text[64];
    struct iovec v[2] = {{"one", 3}, {"two\n", 4}}, w[2] = {{text, 2}, {text + 2, 40}};

    syscall(SYS_openat, AT_FDCWD, "new", O_CREAT | O_RDWR | O_TRUNC, 0640);
    syscall(SYS_writev, 3, v, 2);
    syscall(SYS_lseek, 3, 0, SEEK_SET);
    syscall(SYS_readv, 3, w, 2);
    syscall(SYS_fstat, 3, &st);
    syscall(SYS_newfstatat, AT_FDCWD, "/dev/null", &st, 0);
    syscall(SYS_newfstatat, AT_FDCWD, ".", &st, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_newfstatat, AT_FDCWD, "none", &st, 0);
    syscall(SYS_fcntl, 3, F_GETFD);
    syscall(SYS_pread64, 3, text, 3, 1);
    syscall(SYS_ftruncate, 3, 100);
    syscall(SYS_mkdirat, AT_FDCWD, "folder", 0700);
    syscall(SYS_unlinkat, AT_FDCWD, "folder", AT_REMOVEDIR);
    syscall(SYS_symlinkat, "to", AT_FDCWD, "link");
    syscall(SYS_readlinkat, AT_FDCWD, "link", text, 64);
    syscall(SYS_faccessat, AT_FDCWD, "link", R_OK | X_OK);
    syscall(SYS_getcwd, text, 2);
    syscall(SYS_dup3, 3, 9, O_CLOEXEC);
    syscall(SYS_pipe2, text, 0);
    syscall(SYS_pipe2, text, O_NONBLOCK | O_CLOEXEC);
    syscall(SYS_close, 99);
    syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void sockets(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/none/at all"};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    int fds[2];

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_addr.s6_addr[15] = 1;
    syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    syscall(SYS_connect, 77, &un, sizeof(un));
    syscall(SYS_connect, 77, &in, sizeof(in));
    syscall(SYS_sendto, 77, "text", 4, MSG_DONTWAIT, &in6, sizeof(in6));
    syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
}

static void others(void)
{
    struct timespec t = {0, 1000};
    struct pollfd p[2] = {{1, POLLOUT, 0}, {77, POLLIN | POLLPRI, 0}};
    struct rlimit limit;
    struct utsname name;
    int status;

    syscall(SYS_nanosleep, &t, NULL);
    syscall(SYS_uname, &name);
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit);
    syscall(SYS_kill, 0, 0);
    syscall(SYS_wait4, -1, &status, WNOHANG, NULL);
    syscall(SYS_ppoll, (void *)8, 2, NULL, NULL, 8);
    (void)p;
    if (fork() == 0)
        _exit(5);
    syscall(SYS_wait4, -1, &status, 0, NULL);
    static char huge[200000];
    char *args[] = {"zero", "one\n", NULL}, *env[] = {"A=1", "B=2", NULL};
    char *too_much[] = {huge, NULL};
    syscall(SYS_execve, "/none", args, env);
    memset(huge, 'x', sizeof(huge) - 1);
    syscall(SYS_execve, "/none", too_much, env);
    syscall(SYS_execveat, AT_FDCWD, "/none", args, env + 1, 0);
}

/* ---- what says what its arguments are -------------------------------------------------------- */

static void locks_and_flags(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 10};

    syscall(SYS_fcntl, 3, F_GETFL);
    syscall(SYS_fcntl, 3, F_SETFL, O_APPEND | O_NONBLOCK);
    syscall(SYS_fcntl, 3, F_GETFL);
    syscall(SYS_fcntl, 3, F_SETFD, FD_CLOEXEC);
    syscall(SYS_fcntl, 3, F_GETFD);
    syscall(SYS_fcntl, 3, F_SETFD, 0);
    syscall(SYS_fcntl, 3, F_DUPFD, 20);
    syscall(SYS_fcntl, 3, F_DUPFD_CLOEXEC, 20);
    syscall(SYS_fcntl, 3, F_SETLK, &lock);
    syscall(SYS_fcntl, 3, F_GETLK, &lock);
    lock.l_pid = 0;
    syscall(SYS_fcntl, 3, F_OFD_SETLK, &lock);
    syscall(SYS_fcntl, 3, F_GETOWN);
    syscall(SYS_fcntl, 3, F_SETOWN, 0);
    syscall(SYS_fcntl, 99, F_GETFL);
    syscall(SYS_fcntl, 3, F_GETPIPE_SZ);
    syscall(SYS_fcntl, 3, F_GET_SEALS);
    syscall(SYS_fcntl, 3, F_SETSIG, SIGUSR1);
    syscall(SYS_fcntl, 3, F_GETLEASE);
}

static void terminals(void)
{
    struct winsize size = {24, 80, 0, 0};
    unsigned char modes[64] = {0};
    int n = 0;

    int fd = syscall(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY);
    syscall(SYS_ioctl, fd, TCGETS, modes);
    syscall(SYS_ioctl, fd, TCSETS, modes);
    syscall(SYS_ioctl, fd, TCSETSW, modes);
    syscall(SYS_ioctl, fd, TIOCSWINSZ, &size);
    syscall(SYS_ioctl, fd, TIOCGWINSZ, &size);
    syscall(SYS_ioctl, fd, TIOCSPTLCK, &n);
    syscall(SYS_ioctl, fd, FIONREAD, &n);
    syscall(SYS_ioctl, fd, FIOCLEX);
    syscall(SYS_ioctl, fd, TIOCGPGRP, &n);
    syscall(SYS_ioctl, fd, TCFLSH, 2 /* TCIOFLUSH */);
    syscall(SYS_ioctl, fd, TCSBRK, 1);
    n = 1;
    syscall(SYS_ioctl, fd, FIONBIO, &n);
    syscall(SYS_ioctl, 0, TCGETS, modes);
    syscall(SYS_ioctl, 0, TCSETS, modes);
}

/* Every operation alone, private, and with the other clock where it means something. */
static void futexes(void)
{
    static uint32_t word, other;
    struct timespec soon = {0, 1000}, past = {1, 5};

    for (int flags = 0; flags <= FUTEX_PRIVATE_FLAG; flags += FUTEX_PRIVATE_FLAG) {
        syscall(SYS_futex, &word, FUTEX_WAIT | flags, 0, &soon, NULL, 0);
        syscall(SYS_futex, &word, FUTEX_WAIT | flags, 1, NULL, NULL, 0);
        syscall(SYS_futex, &word, FUTEX_WAKE | flags, INT32_MAX, NULL, NULL, 0);
        syscall(SYS_futex, &word, FUTEX_REQUEUE | flags, 1, 2, &other, 0);
        syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE | flags, 1, 2, &other, 7);
        for (int op = FUTEX_OP_SET; op <= FUTEX_OP_XOR; op++)
            syscall(SYS_futex, &word, FUTEX_WAKE_OP | flags, 1, 1, &other, FUTEX_OP(op, 1, op, 3));
        syscall(SYS_futex, &word, FUTEX_WAKE_OP | flags, 1, 1, &other,
                FUTEX_OP(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 2, FUTEX_OP_CMP_GE, 0));
        syscall(SYS_futex, &word, FUTEX_LOCK_PI | flags, 0, &past, NULL, 0);
        syscall(SYS_futex, &word, FUTEX_UNLOCK_PI | flags, 0, NULL, NULL, 0);
        syscall(SYS_futex, &word, FUTEX_TRYLOCK_PI | flags, 0, NULL, NULL, 0);
        word = 0;
        syscall(SYS_futex, &word, 13 /* FUTEX_LOCK_PI2 */ | flags, 0, &past, NULL, 0);
        word = 0;
        syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | flags, 1, &past, NULL,
                FUTEX_BITSET_MATCH_ANY);
        syscall(SYS_futex, &word, FUTEX_WAKE_BITSET | flags, 1, NULL, NULL, 7);
        syscall(SYS_futex, &word, FUTEX_WAIT_REQUEUE_PI | flags, 1, &past, &other, 0);
        syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PI | flags, 1, 2, &other, 7);
        flags |= FUTEX_CLOCK_REALTIME;
        syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | flags, 1, &past, NULL, 3);
        syscall(SYS_futex, &word, FUTEX_WAIT_REQUEUE_PI | flags, 1, &past, &other, 0);
        flags &= ~FUTEX_CLOCK_REALTIME;
    }
    syscall(SYS_futex, &word, 99, 1, NULL, NULL, 0);
}

/* ---- what waits, and for how long ------------------------------------------------------------ */

static void epolls(int ends[2])
{
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = 0x100000005}}, got[3];
    struct timespec none = {0, 0};
    uint64_t mask = 1 << (SIGINT - 1);

    int set = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
    syscall(SYS_epoll_ctl, set, EPOLL_CTL_ADD, ends[0], &event);
    event.events = EPOLLIN | EPOLLONESHOT | EPOLLRDHUP;
    syscall(SYS_epoll_ctl, set, EPOLL_CTL_MOD, ends[0], &event);
    syscall(SYS_epoll_ctl, set, EPOLL_CTL_DEL, 99, NULL);
    syscall(SYS_epoll_pwait, set, got, 3, 0, NULL, 8);
    syscall(SYS_write, ends[1], "x", 1);
    syscall(SYS_epoll_pwait, set, got, 3, 0, &mask, 8);
    syscall(SYS_epoll_pwait2, set, got, 3, &none, NULL, 8);
    syscall(SYS_epoll_pwait, 99, got, 3, -1, NULL, 8);
}

static void selects(int ends[2])
{
    uint64_t in[2] = {1u << ends[0]}, out[2] = {1u << ends[1]}, mask = 1 << (SIGINT - 1);
    struct {
        void *mask;
        size_t size;
    } pair = {&mask, 8};
    struct timespec none = {0, 0}, some = {7, 0};
    struct pollfd fds[] = {{ends[1], POLLOUT}, {0, 0}, {99, POLLIN}};

    syscall(SYS_pselect6, ends[1] + 1, in, out, NULL, &some, NULL);
    out[0] = 0;
    syscall(SYS_pselect6, ends[1] + 1, in, out, in, NULL, &pair);
    syscall(SYS_pselect6, 0, NULL, NULL, NULL, &none, NULL);
    in[0] = 0;
    syscall(SYS_pselect6, 0, in, NULL, NULL, &none, NULL);
    in[0] = (uint64_t)1 << 63;
    syscall(SYS_pselect6, 64, in, NULL, NULL, &none, NULL);
    some = (struct timespec){7, 0};
    syscall(SYS_ppoll, fds, 3, &some, NULL, 8);
    syscall(SYS_ppoll, fds, 1, NULL, NULL, 8);
    syscall(SYS_ppoll, fds + 1, 1, &none, &mask, 8);
}

static void clocks(void)
{
    struct timespec past = {1, 0}, soon = {0, 1000}, rest;
    struct itimerspec never = {{0, 0}, {1u << 31, 0}};
    struct sigevent event = {.sigev_notify = SIGEV_NONE, .sigev_value.sival_int = 5};
    int id;

    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL);
    syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &soon, &rest);
    syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK);
    syscall(SYS_timerfd_settime, 99, 1, &never, NULL);
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
    syscall(SYS_timer_settime, id, TIMER_ABSTIME, &never, NULL);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    syscall(SYS_timer_create, CLOCK_REALTIME, &event, &id);
}

static void dependent(void)
{
    struct statx st;
    int ends[2];

    syscall(SYS_openat, AT_FDCWD, "new", O_CREAT | O_RDWR | O_TRUNC, 0640);
    syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, STATX_BASIC_STATS, &st);
    syscall(SYS_statx, 3, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MODE | STATX_SIZE, &st);
    syscall(SYS_statx, AT_FDCWD, "none", AT_SYMLINK_NOFOLLOW, STATX_ALL, &st);
    locks_and_flags();
    terminals();
    futexes();
    syscall(SYS_pipe2, ends, 0);
    epolls(ends);
    selects(ends);
    clocks();
}

/* ---- options --------------------------------------------------------------------------------- */

static void set_option(int fd, int level, int option, const void *value, unsigned len)
{
    syscall(SYS_setsockopt, fd, level, option, value, len);
}

static void get_option(int fd, int level, int option, unsigned len)
{
    unsigned char value[256] = {0};

    syscall(SYS_getsockopt, fd, level, option, value, &len);
}

/* By number, and some that nobody knows. */
static void every_option(int one)
{
    static const struct {
        int level, last;
    } levels[] = {{SOL_IP, 26}, {SOL_TCP, 37}, {IPPROTO_UDP, 1}, {SOL_NETLINK, 1}, {12345, 1}};

    for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        for (int option = 1; option <= levels[i].last; option++)
            set_option(99, levels[i].level, option, &one, sizeof(one));
    }
    for (int option = 1; option <= 75; option++) {
        if (option != SO_LINGER && option != 74 /* SO_TXREHASH, whose ints have names */)
            set_option(99, SOL_SOCKET, option, &one, sizeof(one));
    }
    set_option(99, SOL_SOCKET, 9999, &one, sizeof(one));
    set_option(99, SOL_TCP, 9999, &one, sizeof(one));
    set_option(99, SOL_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    set_option(99, SOL_IPV6, IPV6_UNICAST_HOPS, &one, sizeof(one));
    set_option(99, SOL_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
    set_option(99, SOL_IPV6, IPV6_TCLASS, &one, sizeof(one));
}

static void socket_options(int fd)
{
    struct linger linger = {1, 5};
    int one = 1;
    unsigned len = 8;

    every_option(one);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    set_option(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    set_option(fd, SOL_SOCKET, SO_LINGER, &linger, 4);
    set_option(fd, SOL_SOCKET, SO_LINGER, NULL, 8);
    set_option(fd, SOL_SOCKET, SO_LINGER, (void *)8, 8);
    set_option(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){3, 500}, sizeof(struct timeval));
    set_option(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 5);
    set_option(fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
    set_option(fd, SOL_TCP, TCP_NODELAY, &one, 1);
    set_option(fd, SOL_TCP, TCP_CONGESTION, "reno", 5);
    get_option(fd, SOL_SOCKET, SO_REUSEADDR, 4);
    get_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    get_option(fd, SOL_SOCKET, SO_TYPE, 8);
    get_option(fd, SOL_SOCKET, SO_LINGER, 8);
    get_option(fd, SOL_SOCKET, SO_LINGER, 4);
    get_option(fd, SOL_SOCKET, SO_SNDTIMEO, 16);
    get_option(fd, SOL_TCP, TCP_NODELAY, 4);
    get_option(fd, SOL_TCP, TCP_CONGESTION, 16);
    get_option(fd, SOL_IP, IP_TTL, 4);
    get_option(99, SOL_SOCKET, SO_ERROR, 4);
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, NULL, &len);
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, NULL);
    get_option(fd, SOL_SOCKET, SO_PEERCRED, 12);
}

static void process_options(void)
{
    char name[16];
    int n;

    syscall(SYS_prctl, PR_SET_NAME, "abc", 1, 2, 3);
    syscall(SYS_prctl, PR_GET_NAME, name);
    syscall(SYS_prctl, PR_SET_NAME, "exactly fifteen");
    syscall(SYS_prctl, PR_SET_NAME, "more than fifteen");
    syscall(SYS_prctl, PR_GET_NAME, name);
    syscall(SYS_prctl, PR_SET_NAME, 8L);
    syscall(SYS_prctl, PR_GET_NAME, 8L);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
    syscall(SYS_prctl, PR_GET_PDEATHSIG, &n);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, 0);
    syscall(SYS_prctl, PR_GET_PDEATHSIG, &n);
    syscall(SYS_prctl, PR_GET_PDEATHSIG, 8L);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, 99);
    for (long who = 0; who <= 3; who++) {
        syscall(SYS_prctl, PR_SET_DUMPABLE, who);
        syscall(SYS_prctl, PR_GET_DUMPABLE);
    }
    syscall(SYS_prctl, PR_SET_DUMPABLE, 1);
    for (long cap = 0; cap <= 40; cap++)
        syscall(SYS_prctl, PR_CAPBSET_READ, cap);
    syscall(SYS_prctl, PR_CAPBSET_READ, 99);
    syscall(SYS_prctl, PR_CAPBSET_DROP, 99);
    syscall(SYS_prctl, PR_SET_KEEPCAPS, 1);
    syscall(SYS_prctl, PR_GET_KEEPCAPS);
    syscall(SYS_prctl, PR_GET_SECUREBITS);
    syscall(SYS_prctl, PR_SET_SECUREBITS, 0xfff);
    syscall(SYS_prctl, PR_SET_TIMERSLACK, 60000);
    syscall(SYS_prctl, PR_GET_TIMERSLACK);
    syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
    syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, &n);
    syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    for (long what = 0; what <= PR_CAP_AMBIENT_CLEAR_ALL; what++)
        syscall(SYS_prctl, PR_CAP_AMBIENT, what, 5 * (what < PR_CAP_AMBIENT_CLEAR_ALL), 0, 0);
    syscall(SYS_prctl, PR_SET_PTRACER, -1L);
    syscall(SYS_prctl, PR_GET_SECCOMP);
    syscall(SYS_prctl, 12345, 1, 2, 3, 0);
}

/* ---- processes and signals ------------------------------------------------------------------- */

static void handler(int sig, siginfo_t *info, void *context)
{
}

static void children(uint64_t *blocked)
{
    siginfo_t info;
    int id, child, pidfd, status;
    struct clone_args args = {
        .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_PIDFD,
        .exit_signal = SIGCHLD,
        .parent_tid = (uintptr_t)&id,
        .child_tid = (uintptr_t)&child,
        .pidfd = (uintptr_t)&pidfd,
    };

    if (syscall(SYS_clone3, &args, sizeof(args)) == 0)
        _exit(5);
    syscall(SYS_rt_sigtimedwait, blocked, &info, NULL, 8);
    syscall(SYS_wait4, -1, &status, 0, NULL);
    args = (struct clone_args){.exit_signal = SIGCHLD};
    if (syscall(SYS_clone3, &args, CLONE_ARGS_SIZE_VER0) == 0)
        kill(getpid(), SIGUSR1);
    syscall(SYS_rt_sigtimedwait, blocked, &info, NULL, 8);
    syscall(SYS_wait4, -1, &status, 0, NULL);
    args.flags = CLONE_SIGHAND;
    args.stack = 4096;
    syscall(SYS_clone3, &args, sizeof(args));
    syscall(SYS_clone3, NULL, sizeof(args));
    syscall(SYS_clone3, &args, 3);
}

static void signals(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    union sigval value = {.sival_int = 7};
    uint64_t blocked = 1 << (SIGCHLD - 1) | 1 << (SIGALRM - 1);
    siginfo_t info;
    struct itimerspec soon = {{0, 0}, {0, 1000}};
    struct sigevent event = {.sigev_signo = SIGALRM, .sigev_value.sival_int = 9};
    int id;

    syscall(SYS_openat, AT_FDCWD, "new", O_CREAT | O_RDWR | O_TRUNC, 0640);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, NULL, 8);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    syscall(SYS_kill, getpid(), SIGUSR2);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    sigqueue(getpid(), SIGUSR2, value);
    sigqueue(getpid(), SIGRTMIN, value);
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
    syscall(SYS_timer_settime, id, 0, &soon, NULL);
    syscall(SYS_rt_sigtimedwait, &blocked, &info, NULL, 8);
    children(&blocked);
}

static void fault(void)
{
    *(volatile int *)16 = 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "calls";
    struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    if (strcmp(what, "calls") == 0) {
        files();
        sockets();
        others();
        return 0;
    }
    if (strcmp(what, "dependent") == 0)
        dependent();
    if (strcmp(what, "options") == 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        syscall(SYS_openat, AT_FDCWD, "new", O_CREAT | O_RDWR | O_TRUNC, 0640);
        socket_options(fd);
        process_options();
    }
    if (strcmp(what, "signals") == 0)
        signals();
    if (strcmp(what, "exec") == 0)
        execve(argv[0], (char *[]){argv[0], "exit", NULL}, (char *[]){"A=1", "B=2", NULL});
    syscall(SYS_openat, AT_FDCWD, "new", O_RDONLY);
    if (strcmp(what, "fault") == 0)
        fault();
    if (strcmp(what, "kill") == 0)
        syscall(SYS_kill, getpid(), SIGUSR1);
    if (strcmp(what, "abort") == 0)
        syscall(SYS_tgkill, getpid(), getpid(), SIGABRT);
    syscall(SYS_exit_group, 300);
}
