/* clone3: what it accepts and refuses, and what glibc builds on it (posix_spawn, system, popen). */
#define _GNU_SOURCE
#include "show.h"

#include <linux/sched.h>
#include <spawn.h>

extern char **environ;

static void on_signal(int sig)
{
}

/* The child's status says what became of the handlers. */
_Noreturn static void child(void)
{
    struct sigaction handled, ignored;

    sigaction(SIGUSR1, NULL, &handled);
    sigaction(SIGUSR2, NULL, &ignored);
    _exit((handled.sa_handler == SIG_DFL ? 1 : 2) | (ignored.sa_handler == SIG_IGN ? 4 : 8));
}

static void try(const char *what, struct clone_args args, size_t size)
{
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, size);

    if (pid == 0)
        child();
    if (pid < 0) {
        show("%s: %s", what, strerrorname_np(errno));
        return;
    }
    show("%s, waited for: %d", what, waitpid(pid, &status, __WALL) == pid);
    show_status(what, status);
}

#define TRY(...) try(#__VA_ARGS__, (struct clone_args){__VA_ARGS__}, sizeof(struct clone_args))

static void test_arguments(void)
{
    static char stack[64];
    int pidfd = -1, parent_tid = -1, child_tid = -1;

    TRY(.exit_signal = SIGCHLD);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_CLEAR_SIGHAND);
    TRY(.exit_signal = SIGUSR2);
    TRY(.exit_signal = 0);
    TRY(.exit_signal = 65);
    TRY(.exit_signal = 500);
    TRY(.exit_signal = SIGCHLD, .flags = SIGCHLD);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_DETACHED);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_PARENT);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND);
    TRY(.exit_signal = SIGCHLD, .flags = 1ull << 40);
    TRY(.exit_signal = SIGCHLD, .stack = (uintptr_t)stack);
    TRY(.exit_signal = SIGCHLD, .stack_size = sizeof(stack));
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd);
    show_true(pidfd > 2);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_PARENT_SETTID, .parent_tid = (uintptr_t)&parent_tid);
    show_true(parent_tid > 0);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_CHILD_SETTID, .child_tid = (uintptr_t)&child_tid);
    show_true(child_tid == -1);
}

/* Ids of the caller's choice, in namespaces of its own where that takes no rights. */
static void test_ids(void)
{
    pid_t one[33] = {1}, many[] = {42};
    int status;

    TRY(.exit_signal = SIGCHLD, .set_tid = (uintptr_t)one, .set_tid_size = 1);
    TRY(.exit_signal = SIGCHLD, .set_tid = (uintptr_t)one);
    TRY(.exit_signal = SIGCHLD, .set_tid_size = 1);
    TRY(.exit_signal = SIGCHLD, .set_tid = (uintptr_t)one, .set_tid_size = 2);
    TRY(.exit_signal = SIGCHLD, .set_tid = (uintptr_t)one, .set_tid_size = 33);
    TRY(.exit_signal = SIGCHLD, .set_tid = (uintptr_t)one, .set_tid_size = 1ull << 40);
    TRY(.exit_signal = SIGCHLD, .set_tid = 8, .set_tid_size = 1);
    struct clone_args apart = {.exit_signal = SIGCHLD,
                               .flags = CLONE_NEWUSER | CLONE_NEWPID,
                               .set_tid = (uintptr_t)one,
                               .set_tid_size = 1};
    pid_t pid = (pid_t)syscall(SYS_clone3, &apart, sizeof(apart));
    if (pid == 0) {
        show("first of its namespace: %d", getpid());
        apart = (struct clone_args){
            .exit_signal = SIGCHLD, .set_tid = (uintptr_t)many, .set_tid_size = 1};
        pid = (pid_t)syscall(SYS_clone3, &apart, sizeof(apart));
        if (pid == 0) {
            show("its child: %d", getpid());
            _exit(6);
        }
        waitpid(pid, &status, 0);
        show("who was in it: %d", pid);
        show_status("its child", status);
        _exit(7);
    }
    if (pid < 0)
        show("in namespaces: %s", strerrorname_np(errno));
    else if (waitpid(pid, &status, 0) == pid)
        show_status("in namespaces", status);
}

/* A control group's folder, or what is none. */
static void test_control_group(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY);

    TRY(.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = (unsigned)fd);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = 99);
    TRY(.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = 1ull << 31);
    TRY(.exit_signal = SIGCHLD, .cgroup = 99);
    close(fd);
    fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
    if (fd >= 0)
        TRY(.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = (unsigned)fd);
    struct clone_args old = {.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP};
    show_call(syscall(SYS_clone3, &old, 80));
}

/* The struct grows with Linux: its size says which one the caller has. */
static void test_sizes(void)
{
    union {
        struct clone_args args;
        char room[8192];
    } u = {.args.exit_signal = SIGCHLD};
    static const size_t sizes[] = {0, 63, 64, 80, 88, 200, 4096, 4097};
    char what[32];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int status;
        pid_t pid = (pid_t)syscall(SYS_clone3, &u, sizes[i]);
        if (pid == 0)
            child();
        snprintf(what, sizeof(what), "size %zu", sizes[i]);
        if (pid < 0)
            show("%s: %s", what, strerrorname_np(errno));
        else if (waitpid(pid, &status, 0) == pid)
            show_status(what, status);
    }
    u.room[150] = 1;
    show_call(syscall(SYS_clone3, &u, 200));
    show_call(syscall(SYS_clone3, opaque(8), 64));
    show_call(syscall(SYS_clone3, NULL, 64));
}

static void test_libc(void)
{
    char *words[] = {"sh", "-c", "exit 9", NULL}, line[16] = "";
    int status;
    pid_t pid;

    errno = 0;
    show("posix_spawn: %d", posix_spawn(&pid, "/bin/sh", NULL, NULL, words, environ));
    waitpid(pid, &status, 0);
    show_status("spawned", status);
    show("posix_spawn of nothing: %d", posix_spawn(&pid, "/nosuch", NULL, NULL, words, environ));
    errno = 0;
    show_status("system", system("exit 4"));
    show("errno after system: %d", errno);
    FILE *f = popen("echo line", "r");
    show("popen: %s", fgets(line, sizeof(line), f));
    show_status("pclose", pclose(f));
}

int main(void)
{
    struct sigaction action;

    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, SIG_IGN);
    test_arguments();
    test_ids();
    test_control_group();
    test_sizes();
    test_libc();
    sigaction(SIGUSR1, NULL, &action);
    show_true(action.sa_handler == on_signal);
    return 0;
}
