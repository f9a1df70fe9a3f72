/* tools/gdb: a server of GDB's remote protocol for the guest (-g). docs/debugging.md. */
#ifndef ISOMORPH_GDB_H
#define ISOMORPH_GDB_H

#include "base/base.h"

struct thread;

/* What is wrong with the value of -g, or NULL. */
const char *gdb_check_address(const char *address);
/* Waits for a debugger as options->gdb says, or goes on with one as options->gdb_session says, and
 * then until it lets the guest begin. For linux_before_start. */
void gdb_start(struct thread *t);

#endif
