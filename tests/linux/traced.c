/* Makes system calls for test_strace_lines.py to compare what strace prints of them: directly,
 * since the two machines' libcs choose different ones. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
    char *args[] = {"zero", "one\n", NULL}, *env[] = {"A=1", "B=2", NULL};
    syscall(SYS_execve, "/none", args, env);
    syscall(SYS_execveat, AT_FDCWD, "/none", args, env + 1, 0);
}

int main(void)
{
    files();
    sockets();
    others();
    return 0;
}
