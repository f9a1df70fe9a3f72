/* Threads that make code for themselves and for each other. One rewrites a function over and over
 * and tells the others how often; these execute a fence and must find a function that is no older.
 * Each also rewrites a function of its own, and the first one maps and unmaps code meanwhile.
 * Another one must find no older function when it comes back from vfork, during which it was
 * changed. */
#define _GNU_SOURCE
#include "show.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
    PAGE = 4096,
    TURNS = 2000,
    THREADS = 3,
    TURNS_OF_A_VFORK = 8,
    RWX = PROT_READ | PROT_WRITE | PROT_EXEC
};

typedef int (*function)(void);

static char *shared, *own[THREADS];
static atomic_int turn, done, old, wrong, vforks;

/* The whole function by one store: others may be executing it. value is below 2048. */
static void put(void *at, int value)
{
#ifdef __riscv
    uint32_t words[2] = {(uint32_t)value << 20 | 10 << 7 | 0x13, 0x00008067}; /* li a0; ret */
#else
    uint32_t words[2] = {0xb8 | (uint32_t)value << 8, 0x9090c300}; /* mov eax, value; ret */
#endif
    uint64_t both;

    memcpy(&both, words, sizeof(both));
    __atomic_store_n((uint64_t *)at, both, __ATOMIC_RELEASE);
}

static void fence(void)
{
#ifdef __riscv
    __asm__ volatile("fence.i" ::: "memory");
#else
    unsigned a = 0, b, c = 0, d;                                   /* cpuid serialises */
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d)::"memory");
#endif
}

static int call(void *at)
{
    return ((function)at)();
}

static void *read_and_write(void *arg)
{
    char *mine = own[(intptr_t)arg];

    while (!done) {
        int least = turn;
        fence();
        int value = call(shared);
        old += value < least;
        put(mine, value);
        __builtin___clear_cache(mine, mine + 8);
        wrong += call(mine) != value;
    }
    return NULL;
}

static void *read_after_vfork(void *arg)
{
    while (!done) {
        pid_t pid = vfork();
        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
        int least = turn;
        fence();
        old += call(shared) < least;
        vforks++;
    }
    return arg;
}

static void write_shared(void)
{
    for (int i = 1; i <= TURNS; i++) {
        put(shared, i);
        __builtin___clear_cache(shared, shared + 8);
        turn = i;
        wrong += call(shared) != i;
        char *fresh = mmap(NULL, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        put(fresh, i);
        fence();
        wrong += call(fresh) != i;
        munmap(fresh, PAGE);
        if (i % 20 == 0) {
            mprotect(shared, PAGE, PROT_READ | PROT_EXEC);
            mprotect(shared, PAGE, RWX);
        }
        while (vforks < i / TURNS_OF_A_VFORK)
            sched_yield();
    }
    done = 1;
}

int main(void)
{
    pthread_t threads[THREADS], forks;

    shared = mmap(NULL, (THREADS + 1) * PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    put(shared, 0);
    fence();
    for (intptr_t i = 0; i < THREADS; i++) {
        own[i] = shared + (i + 1) * PAGE;
        pthread_create(&threads[i], NULL, read_and_write, (void *)i);
    }
    pthread_create(&forks, NULL, read_after_vfork, NULL);
    write_shared();
    pthread_join(forks, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    show("older than what was told: %d", old);
    show("wrong: %d", wrong);
    return 0;
}
