/* linux/strace_calls.c: what strace shows of calls whose arguments say what the others are: fcntl,
 * ioctl, futex; and of those that wait for descriptors what they found. In the words of strace(1);
 * the forms are those of the manual pages of section 2.
 *
 * Does not handle: the structs of device requests that are not in the table below, which are shown
 * as addresses. */
#include "linux/strace.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <asm/termbits.h>

/* ---- fcntl ----------------------------------------------------------------------------------- */

enum { OFD_GETLK = 36, OFD_SETLK = 37, OFD_SETLKW = 38 }; /* F_OFD_... of <fcntl.h> */

bool strace_fcntl_has_argument(int command)
{
    switch (command) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS:
        return false;
    default:
        return true;
    }
}

bool strace_fcntl_writes(int command)
{
    return command == F_GETLK || command == OFD_GETLK;
}

static void print_lock(struct linux_task *task, struct strbuf *out, uint64_t addr, bool with_pid)
{
    struct flock lock; /* equal on both machines */

    if (!strace_read_or_print(task, out, addr, &lock, sizeof(lock)))
        return;
    strbuf_printf(out, "{l_type=");
    strace_print_enum(out, NAMES_lock, (uint16_t)lock.l_type);
    strbuf_printf(out, ", l_whence=");
    strace_print_enum(out, NAMES_whence, (uint16_t)lock.l_whence);
    strbuf_printf(out, ", l_start=%lld, l_len=%lld", (long long)lock.l_start,
                  (long long)lock.l_len);
    strbuf_printf(out, with_pid ? ", l_pid=%d}" : "}", lock.l_pid);
}

void strace_print_fcntl(struct linux_task *task, struct strbuf *out, int command, uint64_t value)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_SETOWN:
    case F_SETPIPE_SZ:
        strbuf_printf(out, "%d", (int)value);
        break;
    case F_SETFD:
        strace_print_flags(out, NAMES_fd_flags, value);
        break;
    case F_SETFL:
        strace_print_flags(out, NAMES_open, value);
        break;
    case F_SETSIG:
        strbuf_printf(out, "%s", strace_signal_name((int)value));
        break;
    case F_SETLEASE:
        strace_print_enum(out, NAMES_lock, value);
        break;
    case F_ADD_SEALS:
        strace_print_flags(out, NAMES_seal, value);
        break;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case OFD_GETLK:
    case OFD_SETLK:
    case OFD_SETLKW:
        print_lock(task, out, value, strace_fcntl_writes(command));
        break;
    default:
        strbuf_printf(out, value ? "%#llx" : "%llx", (unsigned long long)value);
    }
}

void strace_print_fcntl_result(struct strbuf *out, int command, int64_t result)
{
    bool coded = command == F_GETFD || command == F_GETFL || command == F_GET_SEALS ||
                 command == F_GETLEASE || command == F_GETSIG;

    strbuf_printf(out, coded && result ? "%#llx" : "%lld", (long long)result);
    if (command == F_GETFL || (command == F_GETFD && result)) {
        strbuf_printf(out, " (flags ");
        strace_print_flags(out, command == F_GETFL ? NAMES_open : NAMES_fd_flags, (uint64_t)result);
    } else if (command == F_GET_SEALS && result) {
        strbuf_printf(out, " (seals ");
        strace_print_flags(out, NAMES_seal, (uint64_t)result);
    } else if (command == F_GETLEASE) {
        strbuf_printf(out, " (");
        strace_print_enum(out, NAMES_lock, (uint64_t)result);
    } else if (command == F_GETSIG && result) {
        strbuf_printf(out, " (%s", strace_signal_name((int)result));
    } else {
        return;
    }
    strbuf_printf(out, ")");
}

/* ---- ioctl ----------------------------------------------------------------------------------- */

enum request_form {
    FORM_NOTHING,
    FORM_VALUE,
    FORM_FLUSH,
    FORM_FLOW,
    FORM_INT,
    FORM_TERMIOS,
    FORM_WINSIZE
};

static const struct request {
    uint32_t number;
    uint8_t form; /* enum request_form */
    bool writes;
} requests[] = {
    {TCGETS, FORM_TERMIOS, true},     {TCSETS, FORM_TERMIOS, false},
    {TCSETSW, FORM_TERMIOS, false},   {TCSETSF, FORM_TERMIOS, false},
    {TCGETS2, FORM_TERMIOS, true},    {TCSETS2, FORM_TERMIOS, false},
    {TCSETSW2, FORM_TERMIOS, false},  {TCSETSF2, FORM_TERMIOS, false},
    {TIOCGWINSZ, FORM_WINSIZE, true}, {TIOCSWINSZ, FORM_WINSIZE, false},
    {TIOCGPGRP, FORM_INT, true},      {TIOCSPGRP, FORM_INT, false},
    {TIOCGSID, FORM_INT, true},       {TIOCOUTQ, FORM_INT, true},
    {TIOCGPTN, FORM_INT, true},       {TIOCSPTLCK, FORM_INT, false},
    {FIONREAD, FORM_INT, true},       {FIONBIO, FORM_INT, false},
    {FIOASYNC, FORM_INT, false},      {FIOCLEX, FORM_NOTHING, false},
    {FIONCLEX, FORM_NOTHING, false},  {TIOCEXCL, FORM_NOTHING, false},
    {TIOCNXCL, FORM_NOTHING, false},  {TIOCNOTTY, FORM_NOTHING, false},
    {TIOCSCTTY, FORM_VALUE, false},   {TCSBRK, FORM_VALUE, false},
    {TCFLSH, FORM_FLUSH, false},      {TCXONC, FORM_FLOW, false},
};

static const struct request *find_request(uint32_t number)
{
    for (unsigned i = 0; i < ARRAY_LEN(requests); i++) {
        if (requests[i].number == number)
            return &requests[i];
    }
    return NULL;
}

bool strace_ioctl_has_argument(uint32_t request)
{
    const struct request *r = find_request(request);

    return !r || r->form != FORM_NOTHING;
}

bool strace_ioctl_writes(uint32_t request)
{
    const struct request *r = find_request(request);

    return r && r->writes;
}

/* By name, or by its parts (<asm-generic/ioctl.h>). */
void strace_print_request(struct strbuf *out, uint32_t request)
{
    static const char *const directions[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                             "_IOC_READ|_IOC_WRITE"};

    if (!strace_print_name(out, NAMES_ioctl, request))
        strbuf_printf(out, "_IOC(%s, %#x, %#x, %#x)", directions[_IOC_DIR(request)],
                      _IOC_TYPE(request), _IOC_NR(request), _IOC_SIZE(request));
}

static void print_termios(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    uint32_t modes[4]; /* struct termios begins with them, and struct termios2 too */
    static const struct {
        const char *name;
        enum name_set set;
    } fields[] = {{"c_iflag", NAMES_c_iflag},
                  {"c_oflag", NAMES_c_oflag},
                  {"c_cflag", NAMES_c_cflag},
                  {"c_lflag", NAMES_c_lflag}};

    if (!strace_read_or_print(task, out, addr, modes, sizeof(modes)))
        return;
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        strbuf_printf(out, "%s%s=", i ? ", " : "{", fields[i].name);
        strace_print_flags(out, fields[i].set, modes[i]);
    }
    strbuf_printf(out, ", ...}");
}

void strace_print_ioctl(struct linux_task *task, struct strbuf *out, uint32_t request,
                        uint64_t value)
{
    const struct request *r = find_request(request);
    struct winsize size;
    int32_t number;

    switch (r ? (enum request_form)r->form : FORM_NOTHING) {
    case FORM_VALUE:
        strbuf_printf(out, "%d", (int)value);
        break;
    case FORM_FLUSH:
        strace_print_enum(out, NAMES_tcflush, value);
        break;
    case FORM_FLOW:
        strace_print_enum(out, NAMES_tcflow, value);
        break;
    case FORM_INT:
        if (strace_read_or_print(task, out, value, &number, sizeof(number)))
            strbuf_printf(out, "[%d]", number);
        break;
    case FORM_TERMIOS:
        print_termios(task, out, value);
        break;
    case FORM_WINSIZE:
        if (strace_read_or_print(task, out, value, &size, sizeof(size)))
            strbuf_printf(out, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", size.ws_row,
                          size.ws_col, size.ws_xpixel, size.ws_ypixel);
        break;
    case FORM_NOTHING:
        strbuf_printf(out, value ? "%#llx" : "%llx", (unsigned long long)value);
    }
}

/* ---- futex ----------------------------------------------------------------------------------- */

/* What arguments 2 to 5 are (futex(2)): u a number, t a timeout, a an address, b a set of bits, o
 * an operation on a word, - not used. */
static const char *futex_form(int op)
{
    enum { LOCK_PI2 = 13 }; /* which old headers lack */

    switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return "ut--";
    case FUTEX_WAKE:
    case FUTEX_FD:
        return "u---";
    case FUTEX_REQUEUE:
        return "uua-";
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        return "uuau";
    case FUTEX_WAKE_OP:
        return "uuao";
    case FUTEX_LOCK_PI:
    case LOCK_PI2:
        return "-t--";
    case FUTEX_UNLOCK_PI:
    case FUTEX_TRYLOCK_PI:
        return "----";
    case FUTEX_WAIT_BITSET:
        return "ut-b";
    case FUTEX_WAKE_BITSET:
        return "u--b";
    case FUTEX_WAIT_REQUEUE_PI:
        return "uta-";
    default:
        return "uaau";
    }
}

bool strace_futex_has_argument(int op, unsigned i)
{
    return i == 1 || futex_form(op)[i - 2] != '-';
}

static void print_futex_op(struct strbuf *out, int op)
{
    int flags = op & ~FUTEX_CMD_MASK;

    if (!strace_print_name(out, NAMES_futex, (uint32_t)(op & FUTEX_CMD_MASK)) ||
        flags & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
        strbuf_printf(out, "%#x /* FUTEX_??? */", op);
        return;
    }
    strbuf_printf(out, flags & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "");
    strbuf_printf(out, flags & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

/* FUTEX_OP of <linux/futex.h>. */
static void print_wake_op(struct strbuf *out, uint32_t value)
{
    strbuf_printf(out, value >> 28 & FUTEX_OP_OPARG_SHIFT ? "FUTEX_OP_OPARG_SHIFT<<28|" : "");
    strace_print_enum(out, NAMES_futex_op, value >> 28 & ~(uint32_t)FUTEX_OP_OPARG_SHIFT);
    strbuf_printf(out, "<<28|%#x<<12|", value >> 12 & 0xfff);
    strace_print_enum(out, NAMES_futex_cmp, value >> 24 & 0xf);
    strbuf_printf(out, "<<24|%#x", value & 0xfff);
}

void strace_print_futex(struct linux_task *task, struct strbuf *out, int op, unsigned i,
                        uint64_t value)
{
    if (i == 1) {
        print_futex_op(out, op);
        return;
    }
    switch (futex_form(op)[i - 2]) {
    case 'u':
        strbuf_printf(out, "%u", (uint32_t)value);
        break;
    case 't':
        strace_print_struct(task, out, STRUCT_timespec, value);
        break;
    case 'b':
        if ((uint32_t)value == FUTEX_BITSET_MATCH_ANY)
            strbuf_printf(out, "FUTEX_BITSET_MATCH_ANY");
        else
            strbuf_printf(out, "%#x", (uint32_t)value);
        break;
    case 'o':
        print_wake_op(out, (uint32_t)value);
        break;
    default:
        strace_print_address(out, value);
    }
}

/* ---- waiting for descriptors ----------------------------------------------------------------- */

enum { SHOWN_FDS = 1024, WORD_BITS = 64 };

/* Appends the members below count, between brackets; NULL's and bad addresses' are for the caller.
 * Returns false if there are none, or nothing to read. */
static bool add_members(struct linux_task *task, struct strbuf *out, uint64_t addr, int count)
{
    uint64_t word = 0;
    bool any = false;

    strbuf_printf(out, "[");
    for (int fd = 0; fd < MIN(count, (int)SHOWN_FDS); fd++) {
        if (fd % WORD_BITS == 0 &&
            space_read(task->process->space, GVA(addr + (uint64_t)fd / 8), &word, sizeof(word)))
            break;
        if (word >> fd % WORD_BITS & 1) {
            strbuf_printf(out, any ? " %d" : "%d", fd);
            any = true;
        }
    }
    strbuf_printf(out, "]");
    return any;
}

void strace_print_fd_set(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t count)
{
    uint64_t word;

    if ((int)count <= 0)
        strace_print_address(out, addr);
    else if (strace_read_or_print(task, out, addr, &word, sizeof(word)))
        add_members(task, out, addr, (int)count);
}

void strace_print_sigset_pair(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    uint64_t pair[2];

    if (!strace_read_or_print(task, out, addr, pair, sizeof(pair)))
        return;
    strbuf_printf(out, "{sigmask=");
    strace_print_struct(task, out, STRUCT_sigset, pair[0]);
    strbuf_printf(out, ", sigsetsize=%llu}", (unsigned long long)pair[1]);
}

/* Ends the remark behind a result: what is left of the time, if some was given. */
static void print_left(struct linux_task *task, struct strbuf *out, const char *between,
                       uint64_t timeout)
{
    if (timeout) {
        strbuf_printf(out, "%sleft ", between);
        strace_print_struct(task, out, STRUCT_timespec, timeout);
    }
    strbuf_printf(out, ")");
}

void strace_print_selected(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                           int64_t result)
{
    static const char *const names[] = {"in ", "out ", "except "};
    const char *between = "";

    if (result == 0)
        strbuf_printf(out, " (Timeout)");
    if (result <= 0)
        return;
    strbuf_printf(out, " (");
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        struct strbuf set = {0};
        if (args[1 + i] && add_members(task, &set, args[1 + i], (int)args[0])) {
            strbuf_printf(out, "%s%s%s", between, names[i], set.data);
            between = ", ";
        }
        strbuf_free(&set);
    }
    print_left(task, out, between, args[4]);
}

void strace_print_polled(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                         int64_t result)
{
    const char *between = "";
    struct pollfd p;

    if (result == 0)
        strbuf_printf(out, " (Timeout)");
    if (result <= 0)
        return;
    strbuf_printf(out, " ([");
    for (uint64_t i = 0; i < MIN((uint32_t)args[1], (uint32_t)SHOWN_FDS); i++) {
        if (space_read(task->process->space, GVA(args[0] + i * sizeof(p)), &p, sizeof(p)))
            break;
        if (p.revents == 0)
            continue;
        strbuf_printf(out, "%s{fd=%d, revents=", between, p.fd);
        strace_print_flags(out, NAMES_poll, (uint16_t)p.revents);
        strbuf_printf(out, "}");
        between = ", ";
    }
    strbuf_printf(out, "]");
    print_left(task, out, ", ", args[2]);
}
