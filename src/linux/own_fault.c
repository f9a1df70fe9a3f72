/* linux/own_fault.c: the report of a fault in the runtime's own code.
 *
 * Called on the signal stack, with anything broken and any lock held: so first what needs neither
 * memory nor locks, and the listing of the block at hand only where the thread was in guest code,
 * in which no lock is held. A fault in here ends the process at once. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/sys.h"

extern const char __executable_start[], etext[]; /* the linker's */

static _Noreturn void end(void)
{
    for (;;)
        raw_syscall4(__NR_exit_group, EXIT_BUG, 0, 0, 0);
}

static void describe_syscall(struct thread *t, char *out, size_t size)
{
    uint64_t number = abi_syscall_number(t);
    const struct sys_row *row = sys_row(number);

    snprintf(out, size, "in system call %s (%llu)", row ? row->name : "of no known number",
             (unsigned long long)number);
}

static void describe_doing(struct thread *t, char *out, size_t size)
{
    static const char *const doings[] = {
        [DOING_START] = "before the first guest instruction",
        [DOING_GUEST] = "executing guest code",
        [DOING_TRANSLATED] = "executing guest code",
        [DOING_INTERPRET] = "executing guest code",
        [DOING_TRANSLATE] = "translating guest code",
        [DOING_TRAP] = "raising a guest trap",
        [DOING_POLL] = "delivering a signal",
        [DOING_FENCE] = "looking for changed guest code",
    };

    if (t->doing == DOING_SYSCALL)
        describe_syscall(t, out, size);
    else
        snprintf(out, size, "%s", doings[t->doing]);
}

/* As addr2line takes it, where it can. */
static void describe_host_pc(uint64_t pc, char *out, size_t size)
{
    uint64_t start = (uintptr_t)__executable_start;

    if (pc >= start && pc < (uintptr_t)etext)
        snprintf(out, size, "isomorph+%#llx", (unsigned long long)(pc - start));
    else
        snprintf(out, size, "%#llx", (unsigned long long)pc);
}

void signal_report_own_fault(int sig, const siginfo_t *info, const ucontext_t *uc)
{
    static bool reporting;
    uint64_t pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    struct thread *t = vm_current();
    char where[64], doing[128] = "no guest code was running", guest[128] = "";

    if (__atomic_exchange_n(&reporting, true, __ATOMIC_RELAXED))
        end();
    describe_host_pc(pc, where, sizeof(where));
    if (t) {
        describe_doing(t, doing, sizeof(doing));
        vm_describe_host_pc(t, (hpc){pc}, guest, sizeof(guest));
    }
    base_warn(
        "bug in isomorph: it received %s\n"
        "  at:     %s, accessing %p\n"
        "  while:  %s\n"
        "  guest:  pc %#llx, thread %d%s\n"
        "This is a defect of isomorph, not of the program that it runs. Please report it with "
        "these lines,\nthe command, and what isomorph --version prints.",
        strsignal(sig), where, info->si_addr, doing, t ? (unsigned long long)thread_pc(t).v : 0ULL,
        (int)gettid(), guest);
    if (t && t->doing >= DOING_GUEST && t->doing <= DOING_INTERPRET) /* it holds no lock */
        base_report_bug_details();
    end();
}
