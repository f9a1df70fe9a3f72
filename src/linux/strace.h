/* linux/strace.h: what strace.c and strace_names.c share. */
#ifndef ISOMORPH_LINUX_STRACE_H
#define ISOMORPH_LINUX_STRACE_H

#include "linux/sys.h"

/* One value by its name, or as a number. */
void strace_print_enum(struct strbuf *out, enum name_set set, uint64_t value);
/* Flags by their names and what is left as a number; "0" for none. */
void strace_print_flags(struct strbuf *out, enum name_set set, uint64_t value);

/* Parts of a line (strace.c). */
void strace_print_address(struct strbuf *out, uint64_t value);
void strace_print_buffer(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t len);
void strace_print_string(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_sigset(struct strbuf *out, uint64_t set);

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
void strace_print_stat(struct linux_task *task, struct strbuf *out, uint64_t addr);
void strace_print_uname(struct linux_task *task, struct strbuf *out, uint64_t addr);

#endif
