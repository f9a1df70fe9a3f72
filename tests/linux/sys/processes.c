/* Processes: fork, vfork, wait, exec and what survives it, scripts, groups, pipes between them,
 * posix_spawn. */
#define _GNU_SOURCE
#include "show.h"

#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

extern char **environ;
static const char *self;

static int run_child(int (*body)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(body());
    waitpid(pid, &status, 0);
    return status;
}

static int exit_42(void)
{
    return 42;
}

static void test_wait(void)
{
    siginfo_t info;
    struct rusage usage;
    int status;

    show_status("exit 42", run_child(exit_42));
    show_call(wait(&status));
    show_call(waitpid(99999999, &status, 0));
    int go[2]; /* the child ends when the parent has seen it go on */
    char byte = 0;
    if (pipe(go))
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(read(go[0], &byte, 1) == 1 ? 3 : 4);
    }
    show_true(waitpid(pid, &status, WUNTRACED) == pid);
    show_status("stopped", status);
    show_call(waitpid(pid, &status, WNOHANG));
    kill(pid, SIGCONT);
    show_true(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    show_call(write(go[1], &byte, 1));
    close(go[0]);
    close(go[1]);
    memset(&info, 0, sizeof(info));
    show_call(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    show("waitid: signal %d code %d status %d pid %d", info.si_signo, info.si_code, info.si_status,
         info.si_pid == pid);
    show_true(wait4(pid, &status, 0, &usage) == pid && usage.ru_maxrss > 0);
    show_status("wait4", status);
    show_call(waitid(P_ALL, 0, &info, WEXITED));
    show_call(waitid(P_ALL, 0, &info, 0));
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0)
        _exit(0);
    show_call(wait(NULL)); /* nobody becomes a zombie */
    signal(SIGCHLD, SIG_DFL);
}

static void test_memory(void)
{
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static int own = 1;
    volatile int on_stack = 1;

    if (fork() == 0) {
        *shared = 5;
        own = 6;
        on_stack = 7;
        _exit(0);
    }
    wait(NULL);
    show("after fork: shared %d own %d stack %d", *shared, own, on_stack);
    pid_t pid = vfork();
    if (pid == 0) {
        own = 8;
        _exit(9);
    }
    int status;
    waitpid(pid, &status, 0);
    show_status("vfork", status);
    show("after vfork: own %d", own);
    pid_t child_tid = 0, parent_tid = 0;
#ifdef __riscv
    pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL,
                         &parent_tid, NULL, &child_tid);
#else
    pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL,
                         &parent_tid, &child_tid, NULL);
#endif
    if (pid == 0)
        _exit(child_tid == getpid() ? 1 : 2);
    show_true(parent_tid == pid && child_tid == 0);
    waitpid(pid, &status, 0);
    show_status("clone", status);
}

/* A child that shares memory with its suspended parent changes its own signals, not the parent's.
 */
static void nothing(int sig)
{
}

static int vfork_body(void *arg)
{
    signal(SIGUSR1, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    *(int *)arg = 11;
    _exit(4);
}

static void test_shared_vfork(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    int value = 0, status;
    struct sigaction sa;
    sigset_t mask;

    signal(SIGUSR1, nothing);
    pid_t pid = clone(vfork_body, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &value);
    show("value %d", value);
    waitpid(pid, &status, 0);
    show_status("clone vm", status);
    sigaction(SIGUSR1, NULL, &sa);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    show_true(sa.sa_handler == nothing && !sigismember(&mask, SIGUSR2));
}

static void test_spawn(void)
{
    pid_t pid;
    int status;
    char *args[] = {(char *)self, "spawned", NULL}, *none[] = {"none", NULL};

    show("posix_spawn: %d", posix_spawn(&pid, self, NULL, NULL, args, environ));
    waitpid(pid, &status, 0);
    show_status("spawned", status);
    show("posix_spawn none: %s",
         strerrorname_np(posix_spawn(&pid, "./none", NULL, NULL, none, environ)));
    show("system: %d", WEXITSTATUS(system("exit 5")));
    FILE *p = popen("echo from a pipe", "r");
    char line[64] = {0};
    show_true(fgets(line, sizeof(line), p) != NULL);
    show("popen: %s", strtok(line, "\n"));
    show("pclose: %d", pclose(p));
}

static int exec_self(char *const args[], char *const env[])
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execve(self, args, env);
        _exit(97);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);

    if (write(fd, text, strlen(text)) < 0)
        _exit(96);
    fchmod(fd, mode);
    close(fd);
}

static int try_exec(const char *path)
{
    char *args[] = {"zero", "one", NULL};

    execve(path, args, environ);
    show("exec %s: %s", path, strerrorname_np(errno));
    return 0;
}

static void test_exec_errors(void)
{
    char *args[] = {"x", NULL};

    write_file("plain", "no program\n", 0755);
    write_file("locked", "#!/bin/sh\n", 0644);
    write_file("lost", "#!/none/interpreter\n", 0755);
    write_file("empty", "", 0755);
    write_file("bare", "#!\n", 0755);
    write_file("again", "#!./again\n", 0755);
    try_exec("none");
    try_exec(".");
    try_exec("plain");
    try_exec("lost");
    try_exec("empty");
    try_exec("bare");
    try_exec("again");
    try_exec("plain/x");
    try_exec("");
    show_call(execve(opaque(8), args, environ));
    show_call(execve(self, opaque(8), environ));
    char *bad[] = {"x", opaque(8), NULL};
    show_call(execve(self, bad, environ));
    if (geteuid() != 0)
        try_exec("locked");
    show_call(syscall(SYS_execveat, AT_FDCWD, "", args, environ, 0));
    show_call(syscall(SYS_execveat, 99, "", args, environ, AT_EMPTY_PATH));
}

/* What survives: descriptors but for close-on-exec ones, ignored signals, the mask, pending
 * signals, the umask. */
static void exec_with_more(char *env[])
{
    char *inherit[] = {"inherit", "inherit", NULL};
    sigset_t set;

    int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    show("descriptors %d %d", kept, closed);
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGBUS);
    sigprocmask(SIG_BLOCK, &set, NULL);
    umask(027);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGTERM);
        execve(self, inherit, env);
        _exit(97);
    }
    int status;
    waitpid(pid, &status, 0);
    show_status("inherit", status);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR2, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

static void test_exec(void)
{
    char *args[] = {"another name", "print", "a b", "", "-x", NULL},
         *env[] = {"ONE=1", "EMPTY=", "ONE=again", NULL};
    /* For the loader of what is executed, and a static program has none. */
    char *loader_env[] = {"ONE=1",
                          "LD_TRACE_LOADED_OBJECTS=1",
                          "LD_SHOW_AUXV=1",
                          "LD_LIBRARY_PATH=/none",
                          "LD_PRELOAD=none.so",
                          "LD_=",
                          "LDX=2",
                          NULL};
    char *nothing_env[] = {NULL};

    show_status("exec print", exec_self(args, env));
    show_status("exec print", exec_self(args, nothing_env));
    show_status("exec print", exec_self(args, loader_env));
    exec_with_more(env);
    /* By descriptor. */
    int status, fd = open(self, O_RDONLY | O_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        fexecve(fd, args, env);
        _exit(97);
    }
    waitpid(pid, &status, 0);
    show_status("fexecve", status);
    /* A script, whose interpreter is this program. */
    char text[4200];
    snprintf(text, sizeof(text), "#! %s  print  me \nrest\n", self);
    write_file("script", text, 0755);
    pid = fork();
    if (pid == 0)
        _exit(try_exec("./script"));
    waitpid(pid, &status, 0);
    show_status("script", status);
    write_file("outer", "#!./script\n", 0755);
    pid = fork();
    if (pid == 0)
        _exit(try_exec("./outer"));
    waitpid(pid, &status, 0);
    show_status("script of a script", status);
    /* A program of the host. */
    show_status("sh", system("exit 6"));
}

static void test_groups(void)
{
    int status, ready[2];

    if (pipe(ready))
        _exit(95);
    pid_t pid = fork();
    if (pid == 0) {
        show_true(setsid() == getpid());
        show_true(getpgid(0) == getpid() && getsid(0) == getpid());
        show_call(setsid());
        pid_t inner = fork();
        if (inner == 0) {
            close(ready[0]);
            pause();
            _exit(1);
        }
        setpgid(inner, inner);
        show_true(getpgid(inner) == inner);
        kill(-inner, SIGTERM);
        waitpid(-inner, &status, 0);
        show_status("group", status);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show_status("session", status);
    show_call(getpgid(99999999));
    show_call(prctl(PR_SET_CHILD_SUBREAPER, 1));
    int sub = -1;
    show_call(prctl(PR_GET_CHILD_SUBREAPER, &sub));
    show("subreaper %d", sub);
}

/* ---- what this program does when it is executed by itself ------------------------------------ */

static int print_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        show("argv[%d]: %s", i,
             i == 0 && strcmp(argv[0], self) == 0 ? "self"
             : strcmp(argv[i], self)              ? argv[i]
                                                  : "self");
    for (int i = 0; environ[i] && i < 10; i++)
        show("env: %s", environ[i]);
    return argc;
}

static int print_inherited(void)
{
    struct sigaction sa;
    sigset_t mask, pending;

    show("fd 3 %d fd 4 %d", fcntl(3, F_GETFD), fcntl(4, F_GETFD));
    for (int sig = 1; sig < 65; sig++) {
        if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
            show("signal %d ignored %d", sig, sa.sa_handler == SIG_IGN);
    }
    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    for (int sig = 1; sig < 65; sig++) {
        if (sigismember(&mask, sig) == 1)
            show("signal %d blocked, pending %d", sig, sigismember(&pending, sig));
    }
    show("umask %o", umask(0));
    return 12;
}

/* ---- daemons ----------------------------------------------------------------------------------
 */

/* Gives up its stderr in one of the ways of daemons, says so on descriptor 3, and waits for its
 * end. */
static int be_daemon(const char *way)
{
    char c;

    if (strcmp(way, "dup2") == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    } else {
        close(STDERR_FILENO);
        open("/dev/null", O_WRONLY);
        setsid();
    }
    if (write(3, "x", 1) != 1)
        return 13;
    return read(4, &c, 1) == 0 ? 11 : 12;
}

/* Whoever reads a daemon's stderr sees its end when the daemon has given it up, not when it dies.
 */
static void try_daemon(const char *way, int soft_limit)
{
    int err[2], ready[2], end[2], status;
    char c, *args[] = {"daemon", "daemon", (char *)way, NULL};

    pipe2(err, O_CLOEXEC), pipe2(ready, O_CLOEXEC), pipe2(end, O_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        int to_parent = dup(ready[1]), from_parent = dup(end[0]);
        dup2(err[1], STDERR_FILENO), dup2(to_parent, 3), dup2(from_parent, 4);
        close_range(5, ~0u, 0);
        limit.rlim_cur = soft_limit;
        setrlimit(RLIMIT_NOFILE, &limit);
        execv(self, args);
        _exit(97);
    }
    close(err[1]), close(ready[1]), close(end[0]);
    struct pollfd poll_err = {err[0], POLLIN};
    show("daemon by %s: ready %zd", way, read(ready[0], &c, 1));
    show("its stderr: %d, read %zd", poll(&poll_err, 1, 20000), read(err[0], &c, 1));
    close(end[1]);
    waitpid(pid, &status, 0);
    show_status("daemon", status);
    close(err[0]), close(ready[0]);
}

static void test_daemons(void)
{
    try_daemon("dup2", 1024);
    try_daemon("dup2", 16);
    try_daemon("close and setsid", 1024);
}

int main(int argc, char **argv)
{
    static char path[4096];

    self = path;
    if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
        return 94;
    if (argc > 1 && strcmp(argv[1], "spawned") == 0)
        return 7;
    if (argc > 1 && strcmp(argv[1], "inherit") == 0)
        return print_inherited();
    if (argc > 1 && strcmp(argv[1], "daemon") == 0)
        return be_daemon(argv[2]);
    if (argc > 1)
        return print_arguments(argc, argv);
    test_wait();
    test_memory();
    test_shared_vfork();
    test_spawn();
    test_exec_errors();
    test_exec();
    test_groups();
    test_daemons();
    return 0;
}
