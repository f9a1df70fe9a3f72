/* linux/core.h: the core file of a guest that a signal ends. */
#ifndef ISOMORPH_LINUX_CORE_H
#define ISOMORPH_LINUX_CORE_H

#include "linux/task.h"

/* Leaves a core file as the guest's limits and the kernel's settings ask for one (core(5)), or
 * nothing. On the thread that the signal is delivered to, from a hook, with exact state; the
 * process ends afterwards: the other threads do not go on. Was there a file? */
bool core_write(struct linux_task *task, const siginfo_t *info);

/* After core_write, for a process that is now to die by the kernel's hand: sees to it that its
 * status says so (WCOREDUMP), and that what the kernel writes for that goes nowhere. False if that
 * is not possible: then the kernel has to be kept from writing one. The working directory is lost.
 */
bool core_have_flag(const struct linux_task *task);

/* core_file.c: writes the file to fd, at most limit bytes of it. Nobody runs. */
void core_write_file(struct linux_task *task, const siginfo_t *info, int fd, uint64_t limit);

#endif
