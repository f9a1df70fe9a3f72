/* Signals in the middle of a loop (walk.S): prints each state that a handler of SIGPROF saw, as the
 * pc, and a digest of all registers, fcsr and the loop's memory, in the order in which they came.
 *
 *   walk         the loop is run once: signals come by --force-signals
 *   walk timer   it is run again and again for a second, with a timer; each state is kept once
 *
 * Every run starts in the same state, so a state is on the path of the loop or it is wrong. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

extern char walk_start[], walk_end[], leave_walk[];
void enter_walk(const uint64_t x[32], const uint64_t f[32], uint64_t fcsr);
void keep_pointers(void);
void on_signal(int sig, siginfo_t *info, void *context);
void take_signal(int sig, siginfo_t *info, void *context);

enum { TURNS = 12, MOST = 1 << 16 };
#define MEMORY ((uint64_t *)0x20000000)

static struct state {
    uint64_t pc, digest;
} states[MOST];
static int once; /* each state is kept once */
static volatile unsigned n_states, n_signals;

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

static void record(const ucontext_t *uc)
{
    const struct __riscv_mc_d_ext_state *fp = &uc->uc_mcontext.__fpregs.__d;
    struct state s = {uc->uc_mcontext.__gregs[REG_PC], 0};

    if (s.pc < (uintptr_t)walk_start || s.pc >= (uintptr_t)walk_end)
        return;
    for (unsigned i = 1; i < 32; i++)
        s.digest = mix(s.digest, uc->uc_mcontext.__gregs[i]);
    for (unsigned i = 0; i < 32; i++)
        s.digest = mix(s.digest, fp->__f[i]);
    s.digest = mix(s.digest, fp->__fcsr);
    for (unsigned i = 0; i < 8; i++)
        s.digest = mix(s.digest, MEMORY[i]);
    n_signals++;
    for (unsigned i = 0; once && i < n_states; i++)
        if (states[i].pc == s.pc && states[i].digest == s.digest)
            return;
    if (n_states < MOST)
        states[n_states++] = s;
}

void take_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    if (sig == SIGTRAP) {
        uc->uc_mcontext.__gregs[REG_PC] = (uintptr_t)leave_walk;
    } else {
        record(uc);
    }
}

static void run(void)
{
    uint64_t x[32], f[32];

    for (unsigned i = 0; i < 32; i++) {
        double d = 1.3 + i * 0.11;
        x[i] = 0x0101010101010101u * i;
        memcpy(&f[i], &d, 8);
    }
    x[5] = TURNS;
    x[6] = (uintptr_t)MEMORY;
    f[8] = f[9] = 0xffffffff3fa00000u;
    memset(MEMORY, 7, 64);
    enter_walk(x, f, 0);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_with_timer(void)
{
    struct itimerspec it = {{0, 100000}, {0, 100000}}, off = {0};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
    timer_t timer;
    double end = now() + 1;

    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &it, NULL);
    while (now() < end)
        run();
    timer_settime(timer, 0, &off, NULL);
}

int main(int argc, char **argv)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction sa = {.sa_sigaction = on_signal,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

    if (mmap(MEMORY, 4096, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
        return 2;
    keep_pointers();
    sigaltstack(&alternate, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    sigaction(SIGPROF, &sa, NULL);
    once = argc > 1 && strcmp(argv[1], "timer") == 0;
    if (once)
        run_with_timer();
    else
        run();
    signal(SIGPROF, SIG_IGN);
    for (unsigned i = 0; i < n_states; i++)
        printf("%lx %lx\n", states[i].pc, states[i].digest);
    fprintf(stderr, "%u signals, %u states\n", n_signals, n_states);
    return 0;
}
