/* Tries to touch the addresses that it reads, a hexadecimal number each, in every way that guest
 * code can, and says how often it was told SIGSEGV with that address. */
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum { WAYS = 12 };

static sigjmp_buf back;
static volatile uintptr_t told;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    told = (uintptr_t)info->si_addr;
    siglongjmp(back, sig);
}

static long touch(uintptr_t at, int way, long index)
{
    volatile char *p = (volatile char *)at;

    switch (way) {
    case 0:
        return p[0];
    case 1:
        return *(volatile int *)p;
    case 2:
        return *(volatile long *)p;
    case 3:
        return (long)*(volatile double *)p;
    case 4:
        return (long)*(volatile float *)p;
    case 5:
        return p[index]; /* a register and a register: at + 0 */
    case 6:
        return ((volatile long *)p)[index];
    case 7:
        return ((volatile long *)(p - 2000))[250]; /* with a displacement */
    case 8:
        return atomic_load((_Atomic long *)p);
    case 9:
        return atomic_fetch_add((_Atomic long *)p, 0);
    case 10: {
        long old = 0;
        return atomic_compare_exchange_strong((_Atomic long *)p, &old, 0);
    }
    default:
        *(volatile long *)p = 0;
        return 0;
    }
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    static volatile long zero;
    unsigned long at;

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    printf("ready\n");
    fflush(stdout);
    while (scanf("%lx", &at) == 1) {
        int good = 0;
        for (volatile int way = 0; way < WAYS; way++) {
            told = 0;
            if (sigsetjmp(back, 1) == 0)
                touch(at, way, zero);
            good += told == at;
        }
        printf("%d of %d\n", good, WAYS);
        fflush(stdout);
    }
    return 0;
}
