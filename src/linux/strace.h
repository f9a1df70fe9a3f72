/* linux/strace.h: what strace.c, strace_calls.c, strace_options.c, strace_structs.c and
 * strace_names.c share. */
#ifndef ISOMORPH_LINUX_STRACE_H
#define ISOMORPH_LINUX_STRACE_H

#include "linux/sys.h"

/* A line under way. */
struct strace_line {
    const struct sys_row *row;
    uint64_t number;
    uint64_t args[6];
    pid_t tid; /* who made the call: not a child that comes back from it too */
    struct strbuf text;
    uint32_t room;    /* the length that the call is given by reference, before it */
    unsigned printed; /* arguments that are in text */
    bool written;     /* an execve's: has been said to succeed */
};

/* One value by its name, or as a number. */
void strace_print_enum(struct strbuf *out, enum name_set set, uint64_t value);
/* Flags by their names and what is left as a number; "0" for none. */
void strace_print_flags(struct strbuf *out, enum name_set set, uint64_t value);

/* One flag word's name; false if it has none. */
bool strace_print_name(struct strbuf *out, enum name_set set, uint64_t value);

/* Parts of a line (strace.c). */
void strace_print_address(struct strbuf *out, uint64_t value);
/* Reads size bytes of the guest's to *to. False if they cannot be read: the address was printed. */
bool strace_read_or_print(struct linux_task *task, struct strbuf *out, uint64_t addr, void *to,
                          size_t size);
void strace_print_buffer(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t len);
void strace_print_string(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_sigset(struct strbuf *out, uint64_t set);
void strace_print_struct(struct linux_task *task, struct strbuf *out, enum sys_struct kind,
                         uint64_t addr);

/* Arguments and results that are what other arguments say (strace_calls.c). */
bool strace_fcntl_has_argument(int command);
bool strace_fcntl_writes(int command);
void strace_print_fcntl(struct linux_task *task, struct strbuf *out, int command, uint64_t value);
void strace_print_fcntl_result(struct strbuf *out, int command, int64_t result);
bool strace_ioctl_has_argument(uint32_t request);
bool strace_ioctl_writes(uint32_t request);
void strace_print_request(struct strbuf *out, uint32_t request);
void strace_print_ioctl(struct linux_task *task, struct strbuf *out, uint32_t request,
                        uint64_t value);
bool strace_futex_has_argument(int op, unsigned i);
void strace_print_futex(struct linux_task *task, struct strbuf *out, int op, unsigned i,
                        uint64_t value);
void strace_print_fd_set(struct linux_task *task, struct strbuf *out, uint64_t addr,
                         uint64_t count);
void strace_print_sigset_pair(struct linux_task *task, struct strbuf *out, uint64_t addr);
/* What a call that waited found: behind the result. */
void strace_print_selected(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                           int64_t result);
void strace_print_polled(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                         int64_t result);

/* Options of sockets and of processes (strace_options.c). args: the call's, level and option among
 * them; written: by the call. */
void strace_print_option_level(struct strbuf *out, int level);
void strace_print_option(struct strbuf *out, int level, int option);
void strace_print_option_value(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                               uint64_t addr, uint32_t len, bool written);
/* A length that the guest gives by reference; 0 if it cannot be read. */
uint32_t strace_read_length(struct linux_task *task, uint64_t addr);
/* The same after the call; room: what it was before. */
void strace_print_length(struct linux_task *task, struct strbuf *out, uint64_t addr, uint32_t room);
bool strace_prctl_has_argument(int operation, unsigned i);
bool strace_prctl_writes(int operation, unsigned i);
void strace_print_prctl(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                        unsigned i);
void strace_print_prctl_result(struct strbuf *out, int operation, int64_t result);

/* What a guest address points to (strace_structs.c). */
void strace_print_strings(struct linux_task *task, struct strbuf *out, uint64_t addr, bool count);
void strace_print_sockaddr(struct linux_task *task, struct strbuf *out, uint64_t addr,
                           uint64_t len);
void strace_print_sigaction(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_wait_status(struct strbuf *out, int status);
void strace_print_iovec(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t count,
                        uint64_t limit);
void strace_print_pollfds(struct linux_task *task, struct strbuf *out, uint64_t addr,
                          uint64_t count);
void strace_print_siginfo(struct strbuf *out, const siginfo_t *info);
void strace_print_sigevent(struct strbuf *out, const struct sigevent *event);
void strace_print_events(struct linux_task *task, struct strbuf *out, uint64_t addr, int64_t count);
void strace_print_epoll_event(struct linux_task *task, struct strbuf *out, uint64_t addr);
bool strace_clone_has_argument(uint64_t flags, unsigned i);
void strace_print_clone(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                        unsigned i, int64_t result);
/* done: the call has filled it in, else only what it says before. */
void strace_print_clone3(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t size,
                         bool done);
void strace_print_statx(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_stat(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_uname(struct linux_task *task, struct strbuf *out, uint64_t addr);

#endif
