/* linux/strace_options.c: what strace shows of options: sockets' (setsockopt, getsockopt) and a
 * process's (prctl). In the words of strace(1); which option has which value is from socket(7),
 * ip(7), ipv6(7), tcp(7), udp(7), netlink(7) and prctl(2).
 *
 * Does not handle: structs that are not in the tables below. A socket option's are shown as bytes,
 * as strace(1) shows its timeouts too; those with addresses inside them as an address. */
#include "linux/strace.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* One value by its name, or as a number and what it should have been. */
static void print_known(struct strbuf *out, enum name_set set, uint64_t value, const char *unknown)
{
    if (!strace_print_name(out, set, value))
        strbuf_printf(out, "%#x /* %s */", (uint32_t)value, unknown);
}

/* ---- sockets --------------------------------------------------------------------------------- */

void strace_print_option_level(struct strbuf *out, int level)
{
    print_known(out, NAMES_sol, (uint32_t)level, "SOL_??");
}

void strace_print_option(struct strbuf *out, int level, int option)
{
    static const struct {
        int level;
        enum name_set names;
        const char *unknown;
    } levels[] = {
        {SOL_SOCKET, NAMES_so, "SO_???"},       {SOL_IP, NAMES_so_ip, "IP_???"},
        {SOL_IPV6, NAMES_so_ipv6, "IPV6_???"},  {SOL_TCP, NAMES_so_tcp, "TCP_???"},
        {IPPROTO_UDP, NAMES_so_udp, "UDP_???"}, {SOL_NETLINK, NAMES_so_netlink, "NETLINK_???"}};

    for (unsigned i = 0; i < ARRAY_LEN(levels); i++) {
        if (levels[i].level == level) {
            print_known(out, levels[i].names, (uint32_t)option, levels[i].unknown);
            return;
        }
    }
    strbuf_printf(out, "%d", option);
}

enum { OPTION_WORDS = 3 };

/* Options whose value is a struct of ints; with no names one that is not shown. */
static const struct option_struct {
    int level, option;
    bool set; /* setsockopt takes it too */
    const char *words[OPTION_WORDS];
} option_structs[] = {
    {SOL_SOCKET, SO_LINGER, true, {"l_onoff", "l_linger"}},
    {SOL_SOCKET, SO_PEERCRED, false, {"pid", "uid", "gid"}},
    {SOL_SOCKET, SO_ATTACH_FILTER, true, {NULL}},
    {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, true, {NULL}},
};

static const struct option_struct *find_option_struct(int level, int option)
{
    for (unsigned i = 0; i < ARRAY_LEN(option_structs); i++) {
        if (option_structs[i].level == level && option_structs[i].option == option)
            return &option_structs[i];
    }
    return NULL;
}

/* What the call has written: as many of the words as there are bytes for. What it takes: all. */
static void print_option_struct(struct linux_task *task, struct strbuf *out,
                                const struct option_struct *s, uint64_t addr, uint32_t len,
                                bool written)
{
    int32_t words[OPTION_WORDS];
    unsigned wanted = 0, count;

    while (wanted < OPTION_WORDS && s->words[wanted])
        wanted++;
    count = MIN(wanted, len / (unsigned)sizeof(words[0]));
    if (addr == 0 || count == 0 || (count < wanted && !written) ||
        space_read(task->process->space, GVA(addr), words, count * sizeof(words[0]))) {
        strace_print_address(out, addr);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        strbuf_printf(out, "%s%s=%d", i ? ", " : "{", s->words[i], words[i]);
    strbuf_printf(out, "}");
}

void strace_print_option_value(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                               uint64_t addr, uint32_t len, bool written)
{
    const struct option_struct *s = find_option_struct((int)args[1], (int)args[2]);

    if (s && (s->set || written))
        print_option_struct(task, out, s, addr, len, written);
    else if (len == sizeof(int32_t))
        strace_print_struct(task, out, STRUCT_int, addr);
    else if (len == 0 || len > INT32_MAX)
        strace_print_address(out, addr);
    else
        strace_print_buffer(task, out, addr, len);
}

uint32_t strace_read_length(struct linux_task *task, uint64_t addr)
{
    uint32_t len;

    return addr && space_read(task->process->space, GVA(addr), &len, sizeof(len)) == 0 ? len : 0;
}

void strace_print_length(struct linux_task *task, struct strbuf *out, uint64_t addr, uint32_t room)
{
    uint32_t len = strace_read_length(task, addr);

    if (len == room)
        strace_print_struct(task, out, STRUCT_int, addr);
    else
        strbuf_printf(out, "[%d => %d]", (int)room, (int)len);
}

/* ---- prctl ----------------------------------------------------------------------------------- */

enum { SHOWN_NAME = 15 }; /* TASK_COMM_LEN - 1 */

/* The arguments after the first: u a number, x one in hexadecimal, s a thread's name and n the one
 * that the call writes, t text, g a signal and G one that the call writes, i an int that it writes,
 * p a pointer, P a process, c a capability, a what to do with an ambient one, k which: there only
 * for some of a, d who may dump, b securebits, m a mode of seccomp, v what to set of memory. */
static const struct operation {
    int number;
    const char *form;
} operations[] = {
    {PR_SET_PDEATHSIG, "g"},
    {PR_GET_PDEATHSIG, "G"},
    {PR_GET_DUMPABLE, ""},
    {PR_SET_DUMPABLE, "d"},
    {PR_GET_KEEPCAPS, ""},
    {PR_SET_KEEPCAPS, "u"},
    {PR_SET_NAME, "s"},
    {PR_GET_NAME, "n"},
    {PR_GET_SECCOMP, ""},
    {PR_SET_SECCOMP, "mp"},
    {PR_CAPBSET_READ, "c"},
    {PR_CAPBSET_DROP, "c"},
    {PR_GET_SECUREBITS, ""},
    {PR_SET_SECUREBITS, "b"},
    {PR_SET_TIMERSLACK, "u"},
    {PR_GET_TIMERSLACK, ""},
    {PR_TASK_PERF_EVENTS_DISABLE, ""},
    {PR_TASK_PERF_EVENTS_ENABLE, ""},
    {PR_SET_CHILD_SUBREAPER, "u"},
    {PR_GET_CHILD_SUBREAPER, "i"},
    {PR_SET_NO_NEW_PRIVS, "uxxx"},
    {PR_SET_THP_DISABLE, "uxxx"},
    {PR_GET_TID_ADDRESS, "p"},
    {PR_CAP_AMBIENT, "akxx"},
    {PR_SET_PTRACER, "P"},
    {0x53564d41 /* PR_SET_VMA */, "vxut"},
};

static const char *prctl_form(int operation)
{
    for (unsigned i = 0; i < ARRAY_LEN(operations); i++) {
        if (operations[i].number == operation)
            return operations[i].form;
    }
    return "xxxx";
}

/* What argument i is; 0 if the operation has none there. */
static char prctl_kind(int operation, unsigned i)
{
    const char *form = prctl_form(operation);

    return i <= strlen(form) ? form[i - 1] : 0;
}

bool strace_prctl_has_argument(int operation, unsigned i)
{
    return i == 0 || prctl_kind(operation, i) != 0;
}

bool strace_prctl_writes(int operation, unsigned i)
{
    char kind = i > 0 ? prctl_kind(operation, i) : 0;

    return kind == 'n' || kind == 'G' || kind == 'i';
}

/* A thread's name, of which the kernel takes no more than fits; what stands behind it, be it the
 * final NUL, is not looked at. */
static void print_thread_name(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    char name[SHOWN_NAME];

    if (addr == 0 ||
        space_read_string(task->process->space, GVA(addr), name, sizeof(name)) != -ENAMETOOLONG) {
        strace_print_string(task, out, addr);
        return;
    }
    strace_print_buffer(task, out, addr, SHOWN_NAME);
    strbuf_printf(out, "...");
}

static void print_signal_at(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    int32_t sig;

    if (strace_read_or_print(task, out, addr, &sig, sizeof(sig)))
        strbuf_printf(out, "[%s]", strace_signal_name(sig));
}

/* Values by their names. Returns false for all other kinds. */
static bool print_prctl_name(struct strbuf *out, const uint64_t args[6], char kind, uint64_t value)
{
    switch (kind) {
    case 'k':
        if (args[1] < PR_CAP_AMBIENT_IS_SET || args[1] > PR_CAP_AMBIENT_LOWER)
            return false;
        /* fall through */
    case 'c':
        print_known(out, NAMES_cap, value, "CAP_???");
        return true;
    case 'a':
        print_known(out, NAMES_ambient, value, "PR_CAP_AMBIENT_???");
        return true;
    case 'd':
        print_known(out, NAMES_dump, value, "SUID_DUMP_???");
        return true;
    case 'm':
        print_known(out, NAMES_seccomp, value, "SECCOMP_MODE_???");
        return true;
    case 'v':
        print_known(out, NAMES_vma, value, "PR_SET_VMA_???");
        return true;
    case 'b':
        strace_print_flags(out, NAMES_secbit, value);
        return true;
    default:
        return false;
    }
}

void strace_print_prctl(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                        unsigned i)
{
    char kind = i > 0 ? prctl_kind((int)args[0], i) : 0;
    uint64_t value = args[i];

    if (i == 0) {
        print_known(out, NAMES_prctl, value, "PR_???");
        return;
    }
    if (print_prctl_name(out, args, kind, value))
        return;
    switch (kind) {
    case 'u':
        strbuf_printf(out, "%llu", (unsigned long long)value);
        break;
    case 's':
        print_thread_name(task, out, value);
        break;
    case 'n':
    case 't':
        strace_print_string(task, out, value);
        break;
    case 'g':
        strbuf_printf(out, "%s", strace_signal_name((int)value));
        break;
    case 'G':
        print_signal_at(task, out, value);
        break;
    case 'i':
        strace_print_struct(task, out, STRUCT_int, value);
        break;
    case 'p':
        strace_print_address(out, value);
        break;
    case 'P':
        if (value == PR_SET_PTRACER_ANY)
            strbuf_printf(out, "PR_SET_PTRACER_ANY");
        else
            strbuf_printf(out, "%d", (int)value);
        break;
    default:
        strbuf_printf(out, "%#llx", (unsigned long long)value);
    }
}

void strace_print_prctl_result(struct strbuf *out, int operation, int64_t result)
{
    bool bits = operation == PR_GET_SECUREBITS && result;

    strbuf_printf(out, bits ? "%#llx" : "%lld", (long long)result);
    if (!bits && operation != PR_GET_DUMPABLE)
        return;
    strbuf_printf(out, " (");
    if (bits)
        strace_print_flags(out, NAMES_secbit, (uint64_t)result);
    else
        strace_print_enum(out, NAMES_dump, (uint64_t)result);
    strbuf_printf(out, ")");
}
