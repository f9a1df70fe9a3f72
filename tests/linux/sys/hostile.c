/* Hostile values for what the kernel keeps of signals: frames that rt_sigreturn is given, stacks,
 * masks, actions. Each ends in an error or a signal of the guest. A frame is the machine's own, so
 * what is printed is what both machines have. */
#define _GNU_SOURCE
#include "show.h"

#include <sys/mman.h>
#include <ucontext.h>

static uint64_t seed = 12345;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Of the kinds that get checks wrong. */
static uint64_t hostile(void)
{
    static const uint64_t values[] = {
        0, 1, 7, 8, -1ul, -8ul, 1ul << 38, (1ul << 38) - 8, 1ul << 47, 1ul << 63, 0x7ffe12345678};

    return random64() & 1 ? values[random64() % (sizeof(values) / sizeof(values[0]))] : random64();
}

static int status_of(void (*act)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        act();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status;
}

/* Did the child end by itself or by a signal that a bad frame leads to? Not 124, the runtime's own.
 */
static bool is_guests_end(int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    return (WIFEXITED(status) && WEXITSTATUS(status) != 124) || sig == SIGSEGV || sig == SIGBUS ||
           sig == SIGILL || sig == SIGTRAP || sig == SIGALRM || sig == SIGFPE || sig == SIGSYS;
}

static void return_to(uint64_t sp)
{
#ifdef __riscv
    register uint64_t a7 __asm__("a7") = SYS_rt_sigreturn;

    __asm__ volatile("mv sp, %0\n ecall\n unimp" ::"r"(sp), "r"(a7) : "memory");
#else
    __asm__ volatile("mov %0, %%rsp\n syscall\n ud2" ::"r"(sp), "a"(SYS_rt_sigreturn) : "memory");
#endif
}

static char *page;
static uint64_t frame_at;

static void return_there(void)
{
    return_to(frame_at);
}

static void test_stack_pointers(void)
{
    static const uint64_t wild[] = {0, 8, -16ul, 1ul << 47, 1ul << 62, 0x123456789abcdef0};

    for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
        frame_at = wild[i];
        show("sigreturn with sp %lx: killed by SIGSEGV %d", (long)wild[i],
             WTERMSIG(status_of(return_there)) == SIGSEGV);
    }
    frame_at = (uintptr_t)page + 4096 - 64; /* its end is not mapped */
    show("sigreturn with half a frame: killed by SIGSEGV %d",
         WTERMSIG(status_of(return_there)) == SIGSEGV);
}

/* A frame that a real handler was given, with words changed. */
static void on_usr1(int sig, siginfo_t *info, void *context)
{
    uint64_t *words = context;
    unsigned n = 1 + random64() % 6;

    for (unsigned i = 0; i < n; i++)
        words[random64() % (sizeof(ucontext_t) / 8)] = hostile();
}

static void take_spoilt_frame(void)
{
    alarm(2); /* it may go on anywhere, for ever */
    struct sigaction sa = {.sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO};

    for (int sig = 1; sig < 32; sig++)
        signal(sig, SIG_DFL);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
}

static void test_spoilt_frames(void)
{
    int fine = 0;
    enum { ROUNDS = 300 };

    for (int i = 0; i < ROUNDS; i++) {
        random64();
        int status = status_of(take_spoilt_frame);
        if (is_guests_end(status))
            fine++;
        else
            fprintf(stderr, "round %d: status %#x\n", i, status);
    }
    show("spoilt frames: all %d end as a guest's %d", ROUNDS, fine == ROUNDS);
}

static void take_random_frame(void)
{
    alarm(2);
    for (unsigned i = 0; i < 4096 / 8; i++)
        ((uint64_t *)page)[i] = random64() % 3 ? hostile() : 0;
    return_to((uintptr_t)page + (random64() % 4 ? 0 : random64() % 2048));
}

static void test_random_frames(void)
{
    int fine = 0;

    for (int i = 0; i < 200; i++) {
        random64();
        fine += is_guests_end(status_of(take_random_frame));
    }
    show("random frames: all end as a guest's %d", fine == 200);
}

/* Calls with values from anywhere; what they answer depends on the machine, but they do answer. */
static void make_random_calls(void)
{
    static const long calls[] = {SYS_rt_sigaction,    SYS_rt_sigprocmask,  SYS_sigaltstack,
                                 SYS_rt_sigpending,   SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
                                 SYS_rt_sigtimedwait, SYS_signalfd4};

    alarm(20);
    for (int i = 0; i < 3000; i++) {
        uint64_t args[6];
        for (int k = 0; k < 6; k++)
            args[k] = random64() % 3 == 0 ? (uintptr_t)page + random64() % 4096
                      : random64() % 2    ? random64() % 70
                                          : hostile();
        long call = calls[random64() % (sizeof(calls) / sizeof(calls[0]))];
        if (call == SYS_rt_sigqueueinfo || call == SYS_rt_tgsigqueueinfo)
            args[0] = -2ul; /* nobody */
        if (call == SYS_rt_sigtimedwait && args[2] == 0)
            continue;                      /* for ever */
        if (call == SYS_rt_sigtimedwait) { /* not for long */
            memset(page, 0, 16);
            args[2] = (uintptr_t)page;
        }
        if (call == SYS_signalfd4)
            args[0] = -1ul;
        syscall(call, args[0], args[1], args[2], args[3], args[4], args[5]);
        for (unsigned k = 0; k < 64; k++)
            page[random64() % 4096] = (char)random64();
    }
}

static void test_random_calls(void)
{
    int fine = 0;

    for (int i = 0; i < 10; i++) {
        random64();
        fine += is_guests_end(status_of(make_random_calls));
    }
    show("random calls: all end as a guest's %d", fine == 10);
}

int main(void)
{
    page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    struct {
        uint64_t soft, hard;
    } none = {0, 0};
    syscall(SYS_prlimit64, 0, 4 /* RLIMIT_CORE */, &none, NULL);
    test_stack_pointers();
    test_spoilt_frames();
    test_random_frames();
    test_random_calls();
    return 0;
}
