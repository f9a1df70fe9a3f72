/* Each kind of trap, at each place in a block (gen_traps.py), with every register live: what the
 * handler's siginfo and ucontext say, and whether the context that it changes is the one that goes
 * on. Prints a line a case, the same on every right machine: addresses are fixed.
 *
 * Registers are printed where they differ from what the case was entered with. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define AREA 0x20000000ul
enum { PAGE = 4096, TURNS = 50 };

extern const struct trap_case {
    const char *name;
    char *function, *trap;
    uint64_t bad, good, fcsr;
} cases[];
extern const uint64_t n_cases;
extern uint64_t dump[65];

void enter_case(void *function, const uint64_t x[32], const uint64_t f[32], uint64_t fcsr);
void resume(void);
void on_trap(int sig, siginfo_t *info, void *context);
void take_trap(int sig, siginfo_t *info, void *context);

static struct {
    int taken, sig, code;
    uint64_t addr, pc, x[32], f[32], fcsr;
    uint64_t mask;
} seen;
static uint64_t x[32], f[32], changed_x[32], changed_f[32];
static const uint64_t changed_fcsr = 3 << 5 | 0x0a;

/* Saves the context, and sets all of it anew. */
void take_trap(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct __riscv_mc_d_ext_state *fp = &uc->uc_mcontext.__fpregs.__d;

    seen.taken++;
    seen.sig = sig == info->si_signo ? sig : -1;
    seen.code = info->si_code;
    seen.addr = (uintptr_t)info->si_addr;
    seen.pc = uc->uc_mcontext.__gregs[REG_PC];
    memcpy(&seen.x[1], &uc->uc_mcontext.__gregs[1], 31 * 8);
    memcpy(seen.f, fp->__f, sizeof(seen.f));
    seen.fcsr = fp->__fcsr;
    memcpy(&seen.mask, &uc->uc_sigmask, 8);
    uc->uc_mcontext.__gregs[REG_PC] = (uintptr_t)resume;
    changed_x[31] = (uintptr_t)dump;
    memcpy(&uc->uc_mcontext.__gregs[1], &changed_x[1], 31 * 8);
    memcpy(fp->__f, changed_f, sizeof(changed_f));
    fp->__fcsr = changed_fcsr;
}

static void map(unsigned page, unsigned n, int prot, int fd)
{
    if (mmap((void *)(AREA + page * PAGE), n * PAGE, prot,
             MAP_PRIVATE | MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0) == MAP_FAILED)
        exit(2);
}

/* As gen_traps.py counts them: rw hole rw read hole... */
static void make_area(void)
{
    char name[] = "traps.XXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    if (fd < 0 || write(fd, "\x82\x80", 2) != 2) /* ret */
        exit(2);
    map(0, 1, PROT_READ | PROT_WRITE, -1);
    map(2, 1, PROT_READ | PROT_WRITE, -1);
    map(3, 1, PROT_READ, -1);
    map(4, 1, PROT_READ | PROT_WRITE, -1); /* before NONE */
    map(5, 1, PROT_NONE, -1);
    map(6, 2, PROT_READ | PROT_WRITE, fd);
    map(9, 1, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    memcpy((char *)AREA + 10 * PAGE - 2, "\x13\x00", 2); /* the first half of a nop */
    map(11, 1, PROT_READ | PROT_WRITE, -1);
    memcpy((char *)AREA + 11 * PAGE, "\x82\x80", 2);
    map(12, 2, PROT_READ | PROT_EXEC, fd);
    for (unsigned i = 0; i < PAGE / 8; i++)
        ((uint64_t *)AREA)[i] = 0x4041424344454647u + i;
    __builtin___clear_cache((char *)AREA, (char *)AREA + 14 * PAGE);
}

static double number(unsigned i)
{
    return 1.1 + i * 0.37;
}

static void set_patterns(const struct trap_case *c)
{
    for (unsigned i = 1; i < 32; i++) {
        x[i] = 0x0101010101010101u * i ^ 0xf0;
        changed_x[i] = 0xc0c0c0c000000000u + i * 3;
    }
    for (unsigned i = 0; i < 32; i++) {
        double d = number(i);
        float s = (float)d;
        memcpy(&f[i], &d, 8);
        if (i >= 8 && i <= 10) { /* boxed */
            f[i] = ~0ul << 32;
            memcpy(&f[i], &s, 4);
        }
        changed_f[i] = 0x4009000000000000u + i;
    }
    f[28] = 0;
    f[29] = 0x7ff0000000000000; /* infinity */
    f[30] = 0xfff8000000000123; /* quiet NaNs, one boxed */
    f[31] = 0xffffffffffc00123;
    x[5] = TURNS;
    x[6] = c->good ? c->good : AREA + 128;
    x[10] = c->bad;
    x[31] = (uintptr_t)c->function;
}

static void print_seen(const struct trap_case *c)
{
    printf("%s: signal %d code %d addr %#lx pc %#lx%s", c->name, seen.sig, seen.code, seen.addr,
           seen.pc, seen.pc == (uintptr_t)c->trap ? "" : " elsewhere");
    for (unsigned i = 1; i < 32; i++)
        if (seen.x[i] != x[i])
            printf(" x%u=%lx", i, seen.x[i]);
    for (unsigned i = 0; i < 32; i++)
        if (seen.f[i] != f[i])
            printf(" f%u=%lx", i, seen.f[i]);
    printf(" fcsr=%lx mask=%lx", seen.fcsr, seen.mask);
}

static void print_changed(void)
{
    int wrong = dump[64] != changed_fcsr;

    for (unsigned i = 1; i < 32; i++)
        wrong += dump[i] != changed_x[i];
    for (unsigned i = 0; i < 32; i++)
        wrong += dump[32 + i] != changed_f[i];
    printf(" changed: %s", wrong ? "not all" : "all");
}

static void run(const struct trap_case *c)
{
    memset(&seen, 0, sizeof(seen));
    memset(dump, 0, sizeof(dump));
    set_patterns(c);
    *(uint64_t *)(AREA + 128) = 1;
    enter_case(c->function, x, f, c->fcsr);
    if (!seen.taken) {
        printf("%s: no trap\n", c->name);
        return;
    }
    print_seen(c);
    print_changed();
    printf(" stored %lx\n", *(uint64_t *)(AREA + 128));
}

int main(void)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};

    make_area();
    sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &sa, NULL);
    for (uint64_t i = 0; i < n_cases; i++)
        run(&cases[i]);
    printf("%lu cases\n", n_cases);
    return 0;
}
