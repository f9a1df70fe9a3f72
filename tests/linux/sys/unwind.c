/* Unwinding from a signal handler to main: through the vdso's frame on the guest, through libc's
 * trampoline natively. The second signal interrupts at the first instruction that touches memory,
 * with no call in between. */
#define _GNU_SOURCE
#include "show.h"

#include <execinfo.h>
#include <setjmp.h>
#include <sys/mman.h>

static volatile int depth;
static sigjmp_buf out;

static void on_signal(int sig);
static void fault(volatile int *p);
static void inner(int sig);
static void outer(int sig);
static void on_stack_of_its_own(void);
int main(void);

static const struct {
    const char *name;
    void *start;
} known[] = {
    {"on_signal", on_signal}, {"fault", fault}, {"inner", inner},
    {"outer", outer},         {"main", main},   {"on_stack_of_its_own", on_stack_of_its_own},
};

/* The function of this file that an address lies in, NULL for others. */
static const char *name_of(void *addr)
{
    int best = -1;

    for (int i = 0; i < 6; i++)
        if (known[i].start <= addr && (best < 0 || known[i].start > known[best].start))
            best = i;
    return best >= 0 && (char *)addr - (char *)known[best].start < 400 ? known[best].name : NULL;
}

__attribute__((noinline)) static void on_signal(int sig)
{
    void *frames[40];
    int n = backtrace(frames, 40);

    for (int i = 0; i < n; i++) {
        const char *name = name_of(frames[i]);
        if (name)
            show("frame: %s", name);
        if (name && strcmp(name, "main") == 0)
            break; /* beyond it are the library's own */
    }
    show("handler of %d", sig);
    if (sig == SIGSEGV)
        siglongjmp(out, 1);
}

__attribute__((noinline)) static void fault(volatile int *p)
{
    *p = 1;
    depth++;
}

__attribute__((noinline)) static void inner(int sig)
{
    if (sig == SIGSEGV)
        fault(opaque(64));
    else
        raise(sig);
    depth++;
}

__attribute__((noinline)) static void outer(int sig)
{
    inner(sig);
    depth++;
}

__attribute__((noinline)) static void on_stack_of_its_own(void)
{
    stack_t stack = {.ss_size = 1 << 16};

    stack.ss_sp =
        mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
    outer(SIGUSR2);
    depth++;
}

int main(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sa.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR2, &sa, NULL);
    outer(SIGUSR1);
    if (sigsetjmp(out, 1) == 0)
        outer(SIGSEGV);
    on_stack_of_its_own();
    show("done");
    return 0;
}
