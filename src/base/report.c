/* base/report.c: how the runtime speaks to its user. Warnings, failures of the environment and
 * failed assertions.
 *
 * A message is one write to the stderr that the runtime was started with (log.c keeps a copy of it
 * that the guest cannot close). Ends the process with _exit: atexit handlers and stdio belong to
 * nobody once a guest runs in the process, and signals belong to the guest, so there is no abort().
 */
#include "base/base.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log_fd.h"

enum { LINE_MAX_BYTES = 2048 };

static void (*bug_reporter)(FILE *out);

void base_set_bug_reporter(void (*report)(FILE *out))
{
    bug_reporter = report;
}

/* Writes "isomorph: <text>\n"; a text that does not fit is cut. */
static void report_line(const char *fmt, va_list ap)
{
    static const char prefix[] = "isomorph: ";
    char line[LINE_MAX_BYTES];
    size_t len = sizeof(prefix) - 1;

    memcpy(line, prefix, len);
    int n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
    if (n > 0)
        len = MIN(len + (size_t)n, sizeof(line) - 2);
    line[len++] = '\n';
    base_write_all(base_report_fd, line, len);
}

void base_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_line(fmt, ap);
    va_end(ap);
}

void base_fail(int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_line(fmt, ap);
    va_end(ap);
    _exit(status);
}

void base_report(const char *text, size_t len)
{
    base_write_all(base_report_fd, text, len);
}

/* Lets the installed reporter add what it knows, in one write. One that fails itself must not be
 * called again. */
void base_report_bug_details(void)
{
    static char text[1 << 16];
    static bool reporting;
    if (__atomic_exchange_n(&reporting, true, __ATOMIC_RELAXED))
        return;
    FILE *out = bug_reporter ? fmemopen(text, sizeof(text), "w") : NULL;

    if (!out)
        return;
    bug_reporter(out);
    long len = ftell(out);
    if (len > 0 && fflush(out) == 0)
        base_write_all(base_report_fd, text, MIN((size_t)len, sizeof(text) - 1));
}

void base_check_failed(const char *file, int line, const char *cond, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    base_warn("bug in isomorph: %s\n  failed: %s\n  at:     %s:%d", text, cond, file, line);
    base_report_bug_details();
    _exit(EXIT_BUG);
}
