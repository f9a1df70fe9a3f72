/* linux/strace.h: what strace.c and strace_names.c share. */
#ifndef ISOMORPH_LINUX_STRACE_H
#define ISOMORPH_LINUX_STRACE_H

#include "linux/sys.h"

/* One value by its name, or as a number. */
void strace_print_enum(struct strbuf *out, enum name_set set, uint64_t value);
/* Flags by their names and what is left as a number; "0" for none. */
void strace_print_flags(struct strbuf *out, enum name_set set, uint64_t value);

#endif
