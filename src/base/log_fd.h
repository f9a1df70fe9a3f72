/* The runtime's own descriptors, shared by report.c and log.c alone. */
#ifndef ISOMORPH_BASE_LOG_FD_H
#define ISOMORPH_BASE_LOG_FD_H

#include <stddef.h>

extern int base_report_fd; /* where messages go: descriptor 2 until log_open, then a copy of it; -1
                              if there is none */

/* Writes all of it, or what the descriptor takes; errors are ignored: there is nobody left to tell.
 */
void base_write_all(int fd, const char *text, size_t len);

#endif
