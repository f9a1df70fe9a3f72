/* tests/linux/sys: programs that make system calls and print what they see, a line per fact. They
 * are built for this machine and for the guest; the outputs must be equal (compare). So nothing is
 * printed that differs from run to run. */
#ifndef TESTS_LINUX_SYS_SHOW_H
#define TESTS_LINUX_SYS_SHOW_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A pointer, or a number, that the compiler must not judge. */
static inline void *opaque(intptr_t value)
{
    __asm__("" : "+r"(value));
    return (void *)value;
}

/* One line, at once: children and parents do not mix theirs. */
#define show(...)                                                                                  \
    do {                                                                                           \
        char line_[512];                                                                           \
        int len_ = snprintf(line_, sizeof(line_) - 1, __VA_ARGS__);                                \
        line_[len_] = '\n';                                                                        \
        if (write(1, line_, (size_t)len_ + 1) < 0)                                                 \
            _exit(99);                                                                             \
    } while (0)

/* A call's result, and errno's name if it failed. */
#define show_call(call)                                                                            \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long result_ = (long)(call);                                                               \
        show("%s: %ld %s", #call, result_, result_ == -1 ? strerrorname_np(errno) : "");           \
    } while (0)

/* The same for a result whose value means nothing: an address, a descriptor, a process. */
#define show_ok(call)                                                                              \
    do {                                                                                           \
        errno = 0;                                                                                 \
        bool bad_ = (long)(call) == -1;                                                            \
        show("%s: %s", #call, bad_ ? strerrorname_np(errno) : "ok");                               \
    } while (0)

/* A condition that must be true on both machines; its text tells which. */
#define show_true(condition) show("%s: %s", #condition, (condition) ? "yes" : "no")

static inline void show_status(const char *what, int status)
{
    if (WIFEXITED(status))
        show("%s: exit %d", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        show("%s: killed by %d", what, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        show("%s: stopped by %d", what, WSTOPSIG(status));
    else
        show("%s: status %#x", what, (unsigned)status);
}

/* Runs test in a child, whose status is shown. */
static inline void in_child(const char *what, void (*test)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        test();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show_status(what, status);
}

#endif
