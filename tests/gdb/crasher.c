/* Ends by a signal, with memory and registers that are known: crasher WAY. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

char *heap;
char buffer[1 << 20] = "written";
int global = 41;
const char *where = "nowhere";

static void *waiter(void *arg)
{
    for (;;)
        pause();
}

static pthread_barrier_t barrier;

static void *spinner(void *arg)
{
    register unsigned long mark __asm__("s11") = 0x5151;
    pthread_barrier_wait(&barrier);
    for (;;)
        __asm__ volatile("" : "+r"(mark));
}

/* Loads every register but x0, sp, gp, tp with 0x1000 + its number, fN with N + 0.5, and stores to
 * address 8. */
__attribute__((naked, noinline)) static void store_with_all_registers(void)
{
    __asm__ volatile(
        ".macro number n\n li x\\n, 0x1000 + \\n\n .endm\n"
        ".macro fraction n\n li x5, 2 * \\n + 1\n fcvt.d.l f\\n, x5\n fmul.d f\\n, f\\n, f31\n "
        ".endm\n"
        "li x5, 1\n fcvt.d.l f30, x5\n li x5, 2\n fcvt.d.l f31, x5\n fdiv.d f31, f30, f31\n"
        ".irp n, "
        "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n "
        "fraction \\n\n .endr\n"
        "li x5, 63\n fcvt.d.l f29, x5\n fmul.d f31, f29, f31\n li x6, 59\n fcvt.d.l f29, x6\n li "
        "x6, 2\n fcvt.d.l f0, x6\n"
        " fdiv.d f29, f29, f0\n li x6, 1\n fcvt.d.l f1, x6\n fdiv.d f0, f1, f0\n li x6, 3\n "
        "fcvt.d.l f1, x6\n fmul.d f1, f1, f0\n"
        "csrwi fcsr, 0x15\n"
        ".irp n, 1,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n "
        "number \\n\n .endr\n"
        "sd x31, 8(x0)\n");
}

/* A child that leaves a core: what its parent sees. */
static void watch_child(void)
{
    siginfo_t info;
    int status;
    pid_t child = fork();

    if (child == 0)
        abort();
    waitid(P_PID, child, &info, WEXITED | WNOWAIT);
    waitpid(child, &status, 0);
    printf("WCOREDUMP %d, dumped %d\n", WIFSIGNALED(status) && WCOREDUMP(status),
           info.si_code == CLD_DUMPED);
    exit(0);
}

__attribute__((noinline)) int divide(int n, volatile int *p)
{
    if (n == 0)
        return *p;
    return divide(n - 1, p) + n;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    pthread_t id;

    heap = malloc(100);
    strcpy(heap, "on the heap");
    global++;
    mmap(NULL, 1L << 32, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (strcmp(way, "registers") == 0)
        store_with_all_registers();
    if (strcmp(way, "abort") == 0)
        abort();
    if (strcmp(way, "illegal") == 0)
        __asm__ volatile(".half 0");
    if (strcmp(way, "quit") == 0)
        kill(getpid(), SIGQUIT);
    if (strcmp(way, "term") == 0)
        kill(getpid(), SIGTERM);
    if (strcmp(way, "child") == 0)
        watch_child();
    if (strcmp(way, "threads") == 0) {
        pthread_barrier_init(&barrier, NULL, 2);
        pthread_create(&id, NULL, waiter, NULL);
        pthread_create(&id, NULL, spinner, NULL);
        pthread_barrier_wait(&barrier);
        usleep(50000);
    }
    return divide(2, (int *)16);
}
