/* base/log.c: the log of -d, and the descriptors that the runtime keeps beside the guest's.
 *
 * The guest shares the process's descriptor table, so the runtime's are moved up, out of the way of
 * the low numbers that programs count on, and are closed on exec. The items are set once before the
 * guest starts, so reading the mask needs no lock. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log_fd.h"

enum { FD_TOP = 4096 }; /* higher would only grow the kernel's table, which every fork copies */

uint32_t base_log_mask;
int base_report_fd = STDERR_FILENO;
static int log_fd = STDERR_FILENO;
static bool stderr_held;

static const char *const log_names[LOG_COUNT] = {
#define LOG(id, name, help) [LOG_##id] = name,
#include "log.def"
#undef LOG
};

/* ---- items ----------------------------------------------------------------------------------- */

/* Index of the item called name[0..len), or -1. */
static int log_find_item(const char *name, size_t len)
{
    for (int i = 0; i < LOG_COUNT; i++) {
        if (strlen(log_names[i]) == len && memcmp(log_names[i], name, len) == 0)
            return i;
    }
    return -1;
}

int log_parse_items(const char *list, uint32_t *mask, const char **bad)
{
    uint32_t found = 0;

    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        int item = log_find_item(at, len);
        if (item < 0) {
            *bad = at;
            return -EINVAL;
        }
        found |= 1u << item;
        at += len;
        if (*at == '\0')
            break;
    }
    *mask = found;
    return 0;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* A copy of fd at the soft limit or above, or -1: what is open stays open when the limit is lowered
 * again. */
static int copy_above_limit(int fd, struct rlimit limit)
{
    struct rlimit raised = {MIN(limit.rlim_cur + LOG_FD_END - FD_TOP, limit.rlim_max),
                            limit.rlim_max};

    if (limit.rlim_cur > FD_TOP || raised.rlim_cur == limit.rlim_cur ||
        setrlimit(RLIMIT_NOFILE, &raised) < 0)
        return -1;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &limit);
    return moved;
}

int base_make_fd(int (*make)(const void *arg), const void *arg)
{
    enum { MORE = 8 };
    struct rlimit limit;
    int fd = make(arg);

    if (fd >= 0 || errno != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fd < 0 ? -errno : fd;
    struct rlimit raised = {MIN(limit.rlim_cur + MORE, limit.rlim_max), limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &raised);
    fd = make(arg);
    int err = errno;
    setrlimit(RLIMIT_NOFILE, &limit);
    return fd < 0 ? -err : fd;
}

int log_copy_fd_up(int fd)
{
    struct rlimit limit = {FD_TOP, FD_TOP};
    int top = FD_TOP, moved = -1;

    errno = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        moved = copy_above_limit(fd, limit);
    if (limit.rlim_cur < FD_TOP)
        top = (int)limit.rlim_cur;
    /* As near to the top as there is room: what lies below it is the guest's. */
    for (int below = 2; moved < 0 && below < top - STDERR_FILENO; below *= 2)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, top - below);
    if (moved < 0 && errno != EBADF)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return moved < 0 ? -errno : moved;
}

int log_open(const char *path)
{
    int copy = log_copy_fd_up(STDERR_FILENO);

    /* Started with stderr closed: messages and the default log have nowhere to go, which is what
     * was asked for. */
    base_report_fd = copy < 0 ? -1 : copy;
    log_fd = base_report_fd;
    if (!path)
        return 0;

    bool append = path[0] == '+';
    int fd = open(path + append, O_WRONLY | O_CREAT | (append ? 0 : O_TRUNC) | O_APPEND | O_CLOEXEC,
                  0666);
    if (fd < 0)
        return -errno;
    int moved = log_copy_fd_up(fd);
    close(fd);
    if (moved < 0)
        return moved;
    log_fd = moved;
    return 0;
}

void log_hold_stderr(void)
{
    stderr_held = true;
}

/* Changes nothing in memory, for a vfork child's is its parent's. */
void log_follow_stderr(void)
{
    struct rlimit limit, raised;

    if (stderr_held || base_report_fd <= STDERR_FILENO ||
        dup3(STDERR_FILENO, base_report_fd, O_CLOEXEC) >= 0 || fcntl(STDERR_FILENO, F_GETFD) < 0)
        return;
    /* The copy lies above what may be opened by now. */
    getrlimit(RLIMIT_NOFILE, &limit);
    raised = (struct rlimit){MIN((rlim_t)base_report_fd + 1, limit.rlim_max), limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &raised);
    dup3(STDERR_FILENO, base_report_fd, O_CLOEXEC);
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool log_owns_fd(int fd)
{
    return fd > STDERR_FILENO && (fd == base_report_fd || fd == log_fd);
}

/* ---- writing --------------------------------------------------------------------------------- */

void base_write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

void log_write(const char *text, size_t len)
{
    int saved = errno;

    base_write_all(log_fd, text, len);
    errno = saved;
}

void log_print(const char *fmt, ...)
{
    char small[512];
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        log_write(small, (size_t)n);
    } else if (n >= 0) {
        struct strbuf text = {0};
        strbuf_vprintf(&text, fmt, again);
        log_write(text.data, text.len);
        strbuf_free(&text);
    }
    va_end(again);
    va_end(ap);
}
