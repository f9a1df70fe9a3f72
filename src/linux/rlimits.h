/* linux/rlimits.h: resource limits that are the guest's alone. */
#ifndef ISOMORPH_LINUX_RLIMITS_H
#define ISOMORPH_LINUX_RLIMITS_H

#include "linux/task.h"

/* Takes over what the process was started with: from the option of an execve of ours, or from the
 * host. Once, when the program is loaded. Ends the run if the option cannot be read. */
void limits_init(struct linux_process *process, const char *option);

/* The option's text for the new process of an execve, in arena. */
const char *limits_option(struct linux_process *process, struct arena *arena);
/* Before this runtime is executed again (after limits_option), and after that failed. Returns 0, or
 * -EMFILE: the guest keeps so many descriptors open that `needs` of the new process's own have no
 * room. What it returns in *files is limits_start_failed's. */
int limits_start_prepare(unsigned needs, uint64_t *files);
void limits_start_failed(uint64_t files);
/* Before a program of the host is executed, and after that failed: the limits are real for it. */
void limits_exec_prepare(struct linux_process *process);
void limits_exec_failed(struct linux_process *process);

/* Is there room for len more bytes with these attributes at start? at_start: they replace what is
 * there (MAP_FIXED). Returns 0 or -ENOMEM. */
int limits_check(struct linux_process *process, uint64_t start, uint64_t len, int prot, int flags,
                 bool at_start);
/* May the heap end at brk, or [start, start+len) become writable? Return 0 or -ENOMEM. */
int limits_check_brk(struct linux_process *process, uint64_t brk);
int limits_check_writable(struct linux_process *process, uint64_t start, uint64_t len);

/* /proc/self/limits, from the host's. */
void limits_print(struct linux_process *process, const char *host, struct strbuf *out);

#endif
