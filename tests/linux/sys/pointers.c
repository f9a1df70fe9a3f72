/* Every kind of argument that points somewhere, with addresses where nothing is: low, far outside,
 * at the very end. No call may get through to memory that is not the program's, and all say EFAULT
 * where the kernel does. */
#define _GNU_SOURCE
#include "show.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { P = 0x5eed }; /* stands for the address in an argument */

struct call {
    const char *name;
    long number;
    long args[6];
};

#define CALL(name, ...)                                                                            \
    {                                                                                              \
#name, SYS_##name,                                                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static int fd, pipe_fd[2], sock[2], ep;
static struct iovec vec;
static struct msghdr msg;

static const struct call calls[] = {
    CALL(openat, AT_FDCWD, P, O_RDONLY),
    CALL(newfstatat, AT_FDCWD, P, 0, 0),
    CALL(statx, AT_FDCWD, P, 0, 0, 0),
    CALL(readlinkat, AT_FDCWD, P, 0, 10),
    CALL(faccessat, AT_FDCWD, P, 0),
    CALL(mkdirat, AT_FDCWD, P, 0700),
    CALL(unlinkat, AT_FDCWD, P, 0),
    CALL(symlinkat, P, AT_FDCWD, P),
    CALL(linkat, AT_FDCWD, P, AT_FDCWD, P, 0),
    CALL(renameat2, AT_FDCWD, P, AT_FDCWD, P, 0),
    CALL(fchmodat, AT_FDCWD, P, 0600),
    CALL(utimensat, AT_FDCWD, P, 0, 0),
    CALL(chdir, P),
    CALL(statfs, P, 0),
    CALL(truncate, P, 0),
    CALL(getxattr, P, 0, 0, 0),
    CALL(execve, P, 0, 0),
    CALL(execveat, AT_FDCWD, P, 0, 0, 0),
    CALL(memfd_create, P, 0),
    CALL(getcwd, P, 4096),
    CALL(pipe2, P, 0),
    CALL(uname, P),
    CALL(sysinfo, P),
    CALL(times, P),
    CALL(getrusage, 0, P),
    CALL(getrlimit, RLIMIT_NOFILE, P),
    CALL(setrlimit, RLIMIT_NOFILE, P),
    CALL(prlimit64, 0, RLIMIT_NOFILE, 0, P),
    CALL(prctl, PR_GET_NAME, P),
    CALL(prctl, PR_SET_NAME, P),
    CALL(prctl, PR_GET_PDEATHSIG, P),
    CALL(getrandom, P, 16, 0),
    CALL(clock_getres, CLOCK_MONOTONIC, P),
    CALL(nanosleep, P, 0),
    CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, P, 0),
    CALL(getitimer, 0, P),
    CALL(setitimer, 0, P, 0),
    CALL(timer_create, CLOCK_MONOTONIC, 0, P),
    CALL(sched_getaffinity, 0, 128, P),
    CALL(sched_getparam, 0, P),
    CALL(getresuid, P, P, P),
    CALL(wait4, -1, P, 0, P),
    CALL(rt_sigaction, SIGUSR1, P, 0, 8),
    CALL(rt_sigaction, SIGUSR1, 0, P, 8),
    CALL(rt_sigprocmask, SIG_BLOCK, P, 0, 8),
    CALL(rt_sigprocmask, SIG_BLOCK, 0, P, 8),
    CALL(rt_sigpending, P, 8),
    CALL(rt_sigsuspend, P, 8),
    CALL(rt_sigtimedwait, P, 0, 0, 8),
    CALL(rt_sigqueueinfo, 1, SIGUSR1, P),
    CALL(sigaltstack, P, 0),
    CALL(sigaltstack, 0, P),
    CALL(signalfd4, -1, P, 8, 0),
    CALL(ppoll, P, 1, 0, 0, 0),
    CALL(ppoll, 0, 0, P, 0, 0),
    CALL(ppoll, 0, 0, 0, P, 8),
    CALL(pselect6, 1, P, 0, 0, 0, 0),
    CALL(pselect6, 0, 0, 0, 0, P, 0),
    CALL(pselect6, 0, 0, 0, 0, 0, P),
    CALL(futex, P, 0 /* WAIT */, 0, 0, 0, 0),
    CALL(futex, P, 1 | 128 /* WAKE, private */, 1, 0, 0, 0),
    CALL(getgroups, 64, P),
    CALL(setgroups, 1, P),
    CALL(sethostname, P, 5),
    CALL(mincore, P & ~0xfffL, 4096, P),
    CALL(madvise, P, 4096, MADV_WILLNEED),
    CALL(msync, P, 4096, MS_ASYNC),
    CALL(openat2, AT_FDCWD, P, P, 24),
    CALL(mq_open, P, O_RDWR, 0, 0),
    CALL(add_key, P, P, 0, 0, 0),
    CALL(capget, P, P),
};

/* Those that need a descriptor of ours. */
static void with_descriptors(void *p)
{
    struct iovec bad = {p, 16};

    show_call(read(fd, p, 16));
    show_call(write(pipe_fd[1], p, 16));
    show_call(pread(fd, p, 16, 0));
    show_call(pwrite(fd, p, 16, 0));
    show_call(syscall(SYS_readv, fd, &bad, 1));
    show_call(syscall(SYS_writev, pipe_fd[1], &bad, 1));
    show_call(syscall(SYS_readv, fd, p, 1));
    show_call(syscall(SYS_preadv, fd, p, 1, 0, 0));
    show_call(syscall(SYS_fstat, fd, p));
    show_call(syscall(SYS_fstatfs, fd, p));
    show_call(syscall(SYS_getdents64, fd, p, 100));
    show_call(syscall(SYS_fcntl, fd, F_SETLK, p));
    show_call(syscall(SYS_fcntl, fd, F_GETOWN_EX, p));
    show_call(syscall(SYS_ioctl, pipe_fd[0], 0x541b /* FIONREAD */, p));
    show_call(syscall(SYS_ioctl, pipe_fd[0], 0x5421 /* FIONBIO */, p));
    show_call(syscall(SYS_sendfile, pipe_fd[1], fd, p, 10));
    show_call(syscall(SYS_splice, fd, p, pipe_fd[1], 0, 10, 0));
    show_call(syscall(SYS_sendto, sock[0], p, 16, 0, 0, 0));
    show_call(syscall(SYS_sendto, sock[0], "x", 1, 0, p, 16));
    show_call(syscall(SYS_recvfrom, sock[1], p, 16, MSG_DONTWAIT, 0, 0));
    show_call(syscall(SYS_sendmsg, sock[0], p, 0));
    msg.msg_iov = p;
    msg.msg_iovlen = 1;
    show_call(syscall(SYS_sendmsg, sock[0], &msg, 0));
    vec = bad;
    msg.msg_iov = &vec;
    show_call(syscall(SYS_sendmsg, sock[0], &msg, 0));
    msg.msg_iovlen = 0;
    msg.msg_control = p;
    msg.msg_controllen = 64;
    show_call(syscall(SYS_sendmsg, sock[0], &msg, 0));
    memset(&msg, 0, sizeof(msg));
    show_call(syscall(SYS_recvmsg, sock[1], p, MSG_DONTWAIT));
    show_call(syscall(SYS_recvmmsg, sock[1], p, 1, MSG_DONTWAIT, 0));
    show_call(syscall(SYS_sendmmsg, sock[0], p, 1, 0));
    show_call(syscall(SYS_bind, sock[0], p, 16));
    show_call(syscall(SYS_connect, sock[0], p, 16));
    show_call(syscall(SYS_getsockname, sock[0], p, p));
    show_call(syscall(SYS_setsockopt, sock[0], SOL_SOCKET, SO_KEEPALIVE, p, 4));
    show_call(syscall(SYS_getsockopt, sock[0], SOL_SOCKET, SO_KEEPALIVE, p, p));
    show_call(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pipe_fd[0], p));
    show_call(syscall(SYS_execve, "/bin/true", p, 0));
    show_call(syscall(SYS_execve, "/bin/true", 0, p));
}

static void with_table(long address)
{
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        long args[6];
        for (int k = 0; k < 6; k++) {
            long a = calls[i].args[k];
            args[k] = a == P ? address : a == (P & ~0xfffL) ? address & ~0xfffL : a;
        }
        errno = 0;
        long result =
            syscall(calls[i].number, args[0], args[1], args[2], args[3], args[4], args[5]);
        show("%s: %ld %s", calls[i].name, result, result == -1 ? strerrorname_np(errno) : "");
    }
}

int main(void)
{
    /* Low, just outside of what a program can have, far outside. What x86-64 makes of an address
     * between its halves depends on the kernel's version: the upper half stands for what a riscv64
     * program cannot have. */
#ifdef __riscv
    static const long places[] = {8, 1L << 38, (1L << 45) + 7, -8, -4096, 1L << 62};
#else
    static const long places[] = {8, INT64_MIN, INT64_MIN + 7, -8, -4096, INT64_MIN + (1L << 62)};
#endif

    fd = open("file", O_RDWR | O_CREAT, 0600);
    ep = epoll_create1(0);
    if (fd < 0 || ep < 0 || write(fd, "some text in a file, to be read", 31) != 31 ||
        pipe(pipe_fd) || socketpair(AF_UNIX, SOCK_DGRAM, 0, sock))
        return 98;
    fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        show("place %u", i);
        with_table(places[i]);
        with_descriptors(opaque(places[i]));
    }
    return 0;
}
