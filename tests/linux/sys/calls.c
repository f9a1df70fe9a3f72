/* Calls that do not return, returns that were not called, and what else a prediction of returns
 * could get wrong: recursion deeper than any stack of return addresses, longjmp, contexts, other
 * link registers, code that changes below its caller, processes and signals in the midst of calls.
 * What has no counterpart on the native machine is a plain calculation there. */
#define _GNU_SOURCE
#include "show.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline))

/* ---- by hand --------------------------------------------------------------------------------- */

#ifdef __riscv
#define FUNCTION(name, ...)                                                                        \
    __asm__(".pushsection .text\n.option push\n.option norvc\n.option norelax\n" #name             \
            ":\n" __VA_ARGS__ ".option pop\n.popsection\n");                                       \
    long name(long n)

/* Each calls, and never comes back. */
FUNCTION(calls_only, "   mv   t3, ra\n   li a1, 0\n"
                     "1: jal  ra, 2f\n"
                     "2: addi a1, a1, 3\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                     "   mv   a0, a1\n   jr t3\n");
/* Each returns to where nobody called. */
FUNCTION(returns_only, "   mv   t3, ra\n   li a1, 0\n"
                       "1: la   ra, 2f\n   ret\n   addi a1, a1, 100\n"
                       "2: addi a1, a1, 3\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                       "   mv   a0, a1\n   jr t3\n");
/* The callee returns four bytes further. */
FUNCTION(returns_further, "   mv   t3, ra\n   li a1, 0\n"
                          "1: jal  ra, 3f\n   addi a1, a1, 100\n"
                          "   addi a1, a1, 3\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                          "   mv   a0, a1\n   jr t3\n"
                          "3: addi ra, ra, 4\n   ret\n");
/* jalr clears the lowest bit. */
FUNCTION(returns_odd, "   mv   t3, ra\n   li a1, 0\n"
                      "1: jal  ra, 3f\n"
                      "   addi a1, a1, 3\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                      "   mv   a0, a1\n   jr t3\n"
                      "3: ori  ra, ra, 1\n   ret\n");
/* t0 links too; the inner function returns by the register that the outer one was not called by. */
FUNCTION(links_by_t0, "   mv   t3, ra\n   li a1, 0\n"
                      "1: jal  t0, 3f\n"
                      "   addi a1, a1, 1\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                      "   mv   a0, a1\n   jr t3\n"
                      "3: jal  ra, 4f\n   addi a1, a1, 1\n   jr t0\n"
                      "4: addi a1, a1, 1\n   jr ra\n");
/* Two loops that resume each other: each jump returns and calls at once. */
FUNCTION(resumes, "   mv   t3, ra\n   li a1, 0\n   la t0, 3f\n"
                  "1: jalr ra, 0(t0)\n"
                  "   addi a1, a1, 1\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                  "   mv   a0, a1\n   jr t3\n"
                  "3: addi a1, a1, 2\n   jalr t0, 0(ra)\n   j 3b\n");
/* The return address of the outer call is used twice. */
FUNCTION(returns_twice, "   mv   t3, ra\n   li a1, 0\n"
                        "1: li   a2, 1\n   jal ra, 3f\n"
                        "   addi a1, a1, 1\n   addi a2, a2, -1\n   bltz a2, 2f\n   ret\n"
                        "2: addi a1, a1, 1\n   addi a0, a0, -1\n   bnez a0, 1b\n"
                        "   mv   a0, a1\n   jr t3\n"
                        "3: ret\n");
#else
#define FUNCTION(name, each)                                                                       \
    static long name(long n)                                                                       \
    {                                                                                              \
        return n * each;                                                                           \
    }
FUNCTION(calls_only, 3)
FUNCTION(returns_only, 3)
FUNCTION(returns_further, 3)
FUNCTION(returns_odd, 3)
FUNCTION(links_by_t0, 3)
FUNCTION(resumes, 3)
FUNCTION(returns_twice, 3)
#endif

static void unpaired(void)
{
    show("calls without a return: %ld", calls_only(400000));
    show("returns without a call: %ld", returns_only(100000));
    show("returns to elsewhere: %ld", returns_further(100000));
    show("returns to an odd address: %ld", returns_odd(100000));
    show("another link register: %ld", links_by_t0(100000));
    show("coroutines by hand: %ld", resumes(100000));
    show("two returns for a call: %ld", returns_twice(100000));
}

/* ---- depth ----------------------------------------------------------------------------------- */

static ucontext_t main_context, deep_context;
static long sum;

NOINLINE static long depth(long n)
{
    return n == 0 ? 0 : 1 + (depth(n - 1) ^ 1);
}

static void go_deep(void)
{
    for (int i = 0; i < 3; i++)
        sum += depth(500000) + depth(10);
}

static void deep_recursion(void)
{
    size_t size = (size_t)128 << 20;

    getcontext(&deep_context);
    deep_context.uc_stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    deep_context.uc_stack.ss_size = size;
    deep_context.uc_link = &main_context;
    makecontext(&deep_context, go_deep, 0);
    swapcontext(&main_context, &deep_context);
    show("deep recursion: %ld", sum);
}

/* ---- longjmp and contexts -------------------------------------------------------------------- */

static jmp_buf away;

NOINLINE static long fall(long n)
{
    if (n == 0)
        longjmp(away, 1);
    return fall(n - 1) + n;
}

NOINLINE static long jump_out(long n)
{
    return setjmp(away) ? n + 1 : fall(1000);
}

static void long_jumps(void)
{
    volatile long n = 0;

    for (int i = 0; i < 2000; i++)
        n = jump_out(n);
    show("longjmp over a thousand calls: %ld", n);
}

enum { ROUTINES = 3 };
static ucontext_t contexts[ROUTINES];
static long yielded;

NOINLINE static void yield_from(int id, int level)
{
    if (level > 0)
        yield_from(id, level - 1);
    else
        swapcontext(&contexts[id], &main_context);
    yielded += id + level;
}

static void routine(int id)
{
    for (int level = 0;; level = (level + 7 + id) % 40)
        yield_from(id, level);
}

static void coroutines(void)
{
    static char stacks[ROUTINES][64 << 10];

    for (int id = 0; id < ROUTINES; id++) {
        getcontext(&contexts[id]);
        contexts[id].uc_stack.ss_sp = stacks[id];
        contexts[id].uc_stack.ss_size = sizeof(stacks[id]);
        makecontext(&contexts[id], (void (*)(void))routine, 1, id);
    }
    for (int i = 0; i < 3000; i++)
        swapcontext(&main_context, &contexts[i * i % ROUTINES]);
    show("contexts: %ld", yielded);
}

/* ---- code that changes below its caller ------------------------------------------------------ */

typedef int (*outer_function)(void (*inner)(void));

#ifdef __riscv
enum { VALUE_AT = 12 };
static void make_outer(char *at)
{
    static const uint32_t words[] = {0xff010113, 0x00113423, 0x000500e7, 0x00000513, /* li a0, 0 */
                                     0x00813083, 0x01010113, 0x00008067};
    memcpy(at, words, sizeof(words));
}
static void set_value(char *at, int value)
{
    *(volatile uint32_t *)(at + VALUE_AT) = (uint32_t)value << 20 | 0x513;
    __asm__ volatile("fence.i" ::: "memory");
}
#else
static void make_outer(char *at)
{
    /* sub rsp, 8; call rdi; mov eax, 0; add rsp, 8; ret */
    memcpy(at, "\x48\x83\xec\x08\xff\xd7\xb8\0\0\0\0\x48\x83\xc4\x08\xc3", 16);
}
static void set_value(char *at, int value)
{
    memcpy(at + 7, &value, 4);
}
#endif

static char *code_page;
static int next_value;

NOINLINE static void change_caller(void)
{
    set_value(code_page, next_value);
}

NOINLINE static void map_caller_anew(void)
{
    char copy[32];

    memcpy(copy, code_page, sizeof(copy));
    mmap(code_page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy(code_page, copy, sizeof(copy));
    set_value(code_page, next_value);
}

NOINLINE static int at_depth(int n, outer_function outer, void (*inner)(void))
{
    return n == 0 ? outer(inner) : at_depth(n - 1, outer, inner) + 1;
}

static void changing_code(void)
{
    long total = 0;

    code_page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    make_outer(code_page);
    for (next_value = 1; next_value < 60; next_value++) {
        total = total * 3 + at_depth(next_value, (outer_function)code_page, change_caller);
        total = total * 3 + at_depth(next_value, (outer_function)code_page, map_caller_anew);
    }
    show("the caller changes before the return: %ld", total);
}

/* ---- more code than a small cache holds ------------------------------------------------------ */

typedef unsigned long step_function(unsigned long depth, unsigned long x);

/* Each calls the next one, and waits for it longer than a small cache keeps it. */
#define STEP(id)                                                                                   \
    NOINLINE static unsigned long step_##id(unsigned long depth, unsigned long x)                  \
    {                                                                                              \
        unsigned long y = depth == 0 ? x : steps[depth - 1](depth - 1, x ^ depth * 0x100##id);     \
        return y * 5 + 0x100##id + (x >> 3) - (y >> 7);                                            \
    }
#define NAME(id) step_##id,
// clang-format off
#define SIXTEEN(to, id)                                                                            \
    to(id##0) to(id##1) to(id##2) to(id##3) to(id##4) to(id##5) to(id##6) to(id##7)                \
    to(id##8) to(id##9) to(id##a) to(id##b) to(id##c) to(id##d) to(id##e) to(id##f)
#define ALL(to)                                                                                    \
    SIXTEEN(to, 0) SIXTEEN(to, 1) SIXTEEN(to, 2) SIXTEEN(to, 3) SIXTEEN(to, 4) SIXTEEN(to, 5)      \
    SIXTEEN(to, 6) SIXTEEN(to, 7) SIXTEEN(to, 8) SIXTEEN(to, 9) SIXTEEN(to, a) SIXTEEN(to, b)      \
    SIXTEEN(to, c) SIXTEEN(to, d) SIXTEEN(to, e) SIXTEEN(to, f)
// clang-format on

static step_function *const steps[256];
ALL(STEP)
static step_function *const steps[256] = {ALL(NAME)};

static void evicted_callers(void)
{
    unsigned long x = 1;

    for (int round = 0; round < 40; round++)
        x = steps[255](255, x);
    show("callers that a small cache has dropped: %lu", x);
}

/* ---- processes and signals ------------------------------------------------------------------- */

static pid_t child;

NOINLINE static long fork_at(long n, pid_t (*fork_)(void))
{
    if (n == 0) {
        child = fork_();
        return 0;
    }
    return fork_at(n - 1, fork_) + n % 7;
}

static void processes(void)
{
    int status = 0;
    long n = fork_at(20000, fork);

    if (child == 0)
        _exit((int)((n + depth(3000)) % 100));
    waitpid(child, &status, 0);
    show_status("fork in a recursion: child", status);
    show("fork in a recursion: %ld", n);
}

/* A vfork child may call, and may not return from the function that made it. */
NOINLINE static long vfork_at(long n)
{
    int status = 0;

    if (n > 0)
        return vfork_at(n - 1) + n % 7;
    pid_t pid = vfork();
    if (pid == 0)
        _exit((int)(depth(500) % 100));
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status) * 1000;
}

NOINLINE static long fib(long n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static sigjmp_buf out;
static volatile sig_atomic_t n_signals, jumps_left;

static void on_alarm(int sig)
{
    n_signals++;
    depth(50);
    if (jumps_left > 0) {
        jumps_left--;
        siglongjmp(out, 1);
    }
}

static void signals(void)
{
    const struct itimerval every = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};

    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &every, NULL);
    long n = fib(25);
    while (n_signals < 5)
        n = fib(20);
    n = fib(24);
    /* A signal may come at any instruction, the first ones of siglongjmp included. */
    if (sigsetjmp(out, 1) == 0)
        jumps_left = 20;
    while (jumps_left > 0)
        fib(20);
    setitimer(ITIMER_REAL, &never, NULL);
    show("signals in a recursion: %ld", n);
}

int main(void)
{
    unpaired();
    deep_recursion();
    long_jumps();
    coroutines();
    changing_code();
    evicted_callers();
    processes();
    show("vfork in a recursion: %ld", vfork_at(20000));
    signals();
    long_jumps();
    return 0;
}
