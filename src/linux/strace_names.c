/* linux/strace_names.c: values by name, from names.def. */
#include "linux/strace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <asm/termbits.h>
#include <time.h>
#include <unistd.h>

struct name {
    uint64_t value, mask; /* mask 0: the value's own bits */
    const char *text;
};

#define NAMES(set)  static const struct name names_##set[] = {
#define N(v)        {(uint32_t)(v), 0, #v},
#define NM(v, mask) {(uint32_t)(v), mask, #v},
#define NV(v, text) {(uint32_t)(v), 0, text},
#define NAMES_END                                                                                  \
    {                                                                                              \
        0, 0, NULL                                                                                 \
    }                                                                                              \
    }                                                                                              \
    ;
#include "linux/names.def"
#undef NAMES
#undef N
#undef NM
#undef NV
#undef NAMES_END

static const struct name *const name_sets[NAMES_COUNT] = {
#define NAMES(set) [NAMES_##set] = names_##set,
#define N(v)
#define NM(v, mask)
#define NV(v, text)
#define NAMES_END
#include "linux/names.def"
#undef NAMES
#undef N
#undef NM
#undef NV
#undef NAMES_END
};

bool strace_print_name(struct strbuf *out, enum name_set set, uint64_t value)
{
    const struct name *n = name_sets[set];

    while (n->text && n->value != (uint32_t)value)
        n++;
    if (n->text)
        strbuf_printf(out, "%s", n->text);
    return n->text != NULL;
}

void strace_print_enum(struct strbuf *out, enum name_set set, uint64_t value)
{
    if (strace_print_name(out, set, value))
        return;
    if ((uint32_t)value < 4096)
        strbuf_printf(out, "%u", (uint32_t)value);
    else
        strbuf_printf(out, "%#x", (uint32_t)value);
}

void strace_print_flags(struct strbuf *out, enum name_set set, uint64_t value)
{
    uint64_t left = (uint32_t)value;
    const char *between = "";

    for (const struct name *n = name_sets[set]; n->text; n++) {
        uint64_t mask = n->mask ? n->mask : n->value;
        if ((value & mask) != n->value || (left & n->value) != n->value)
            continue;
        strbuf_printf(out, "%s%s", between, n->text);
        between = "|";
        left &= ~n->value;
    }
    if (left || !*between)
        strbuf_printf(out, left ? "%s%#llx" : "%s0", between, (unsigned long long)left);
}

const char *strace_signal_name(int sig)
{
    static __thread char text[16];
    const char *name = sigabbrev_np(sig);

    if (name)
        snprintf(text, sizeof(text), "SIG%s", name);
    else if (sig >= 32 && sig <= 64)
        snprintf(text, sizeof(text), "SIGRT_%d", sig - 32);
    else
        snprintf(text, sizeof(text), "%d", sig);
    return text;
}
