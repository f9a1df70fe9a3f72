/* Memory as threads see it: atomics, orders, and code and pages that change under others. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "show.h"

enum { THREADS = 4, STEPS = 20000 };

static long run(int n, void *(*function)(void *))
{
    pthread_t threads[16];
    long sum = 0;
    void *result;

    for (long i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, function, (void *)i);
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    return sum;
}

/* ---- atomics --------------------------------------------------------------------------------- */

static struct {
    _Atomic int32_t add32, max32, min32, swap32;
    _Atomic int64_t add64, xor64, or64, and64, exchanged, reserved;
    _Atomic int32_t reserved32;
    _Atomic uint8_t add8;
    _Atomic uint16_t add16;
} a = {.and64 = -1};

/* On the guest amomax and amomin; elsewhere a loop. */
static void maximum(_Atomic int32_t *where, int32_t value)
{
#ifdef __riscv
    __asm__ volatile("amomax.w.aqrl zero, %1, %0" : "+A"(*where) : "r"(value) : "memory");
#else
    int32_t old = *where;
    while (old < value && !atomic_compare_exchange_weak(where, &old, value))
        ;
#endif
}

static void minimum(_Atomic int32_t *where, int32_t value)
{
#ifdef __riscv
    int32_t old;
    __asm__ volatile("amomin.w.aqrl %0, %2, %1" : "=&r"(old), "+A"(*where) : "r"(value) : "memory");
#else
    int32_t old = *where;
    while (old > value && !atomic_compare_exchange_weak(where, &old, value))
        ;
#endif
}

/* On the guest loops of LR and SC without a branch in between, one with a load that may be seen. */
static void increase(_Atomic int64_t *where, _Atomic int32_t *where32)
{
#ifdef __riscv
    long step[1] = {1}, old, failed;
    __asm__ volatile("1: lr.d %0, %2\n ld %1, %3\n add %0, %0, %1\n sc.d %1, %0, %2\n bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed), "+A"(*where)
                     : "m"(step[0])
                     : "memory");
    __asm__ volatile("1: lr.w.aq %0, %2\n addi %0, %0, 1\n sc.w.rl %1, %0, %2\n bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed), "+A"(*where32)
                     :
                     : "memory");
#else
    ++*where;
    ++*where32;
#endif
}

static void *atomics(void *arg)
{
    long id = (long)arg, swapped = 0;

    for (int i = 0; i < STEPS; i++) {
        int64_t seen = a.exchanged;
        a.add32++;
        a.add64 += 3;
        a.add8 += 1;
        a.add16 += 1;
        increase(&a.reserved, &a.reserved32);
        a.xor64 ^= (int64_t)1 << (i % 63);
        a.or64 |= (int64_t)1 << (id * 8 + i % 8);
        a.and64 &= ~((int64_t)1 << (id * 8 + i % 8));
        maximum(&a.max32, (int32_t)(i * THREADS + id));
        minimum(&a.min32, (int32_t) - (i * THREADS + id));
        while (!atomic_compare_exchange_weak(&a.exchanged, &seen, seen + 5))
            ;
        swapped += atomic_exchange(&a.swap32, 1) == 0;
        if (i % 3 == 0)
            swapped -= atomic_exchange(&a.swap32, 0) == 1;
    }
    return (void *)swapped;
}

static void check_atomics(void)
{
    long balance = run(THREADS, atomics);

    show("add: %d %lld %u %u", a.add32, (long long)a.add64, a.add8, a.add16);
    show("xor: %lld", (long long)a.xor64);
    show("or, and: %llx %llx", (long long)a.or64, (long long)a.and64);
    show("max, min: %d %d", a.max32, a.min32);
    show("compare and exchange: %lld", (long long)a.exchanged);
    show("load-reserved and store-conditional: %lld %d", (long long)a.reserved, a.reserved32);
    show("swap: %d", balance == a.swap32);
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* Both threads go through the same places in the same order, as fast as they can, and meet after
 * each round. So it happens now and then that they are at one place at the same time. */
enum { PLACES = 1000, ROUNDS = 60 };

static struct {
    _Alignas(64) atomic_long x;
    _Alignas(64) atomic_long y;
} places[PLACES];
static long seen_x[PLACES], seen_y[PLACES];
static atomic_long arrivals;

/* What the guest's compilers begin a strong compare and exchange with. */
static long load_reserved(atomic_long *from)
{
    long value;
#ifdef __riscv
    __asm__ volatile("lr.d.aqrl %0, %1" : "=r"(value) : "A"(*from) : "memory");
#else
    atomic_thread_fence(memory_order_seq_cst);
    value = *from;
#endif
    return value;
}

/* A failing one is a load, in order too. */
static long load_exchanging(atomic_long *from)
{
    long value = -1;
    atomic_compare_exchange_strong(from, &value, 0);
    return value;
}

#define RELAXED memory_order_relaxed

/* Each outcome is forbidden. */
#define LITMUS(name, first, second, outcome)                                                       \
    static void name##_0(int i)                                                                    \
    {                                                                                              \
        atomic_long *x = &places[i].x, *y = &places[i].y;                                          \
        first;                                                                                     \
    }                                                                                              \
    static void name##_1(int i)                                                                    \
    {                                                                                              \
        atomic_long *x = &places[i].x, *y = &places[i].y;                                          \
        second;                                                                                    \
    }                                                                                              \
    static bool name##_outcome(int i)                                                              \
    {                                                                                              \
        return outcome;                                                                            \
    }

LITMUS(buffering, (*x = 1, seen_y[i] = *y), (*y = 1, seen_x[i] = *x), !seen_x[i] && !seen_y[i])
LITMUS(fences,
       (atomic_store_explicit(x, 1, RELAXED), atomic_thread_fence(memory_order_seq_cst),
        seen_y[i] = atomic_load_explicit(y, RELAXED)),
       (atomic_store_explicit(y, 1, RELAXED), atomic_thread_fence(memory_order_seq_cst),
        seen_x[i] = atomic_load_explicit(x, RELAXED)),
       !seen_x[i] && !seen_y[i])
LITMUS(passing,
       (atomic_store_explicit(x, 1, RELAXED), atomic_store_explicit(y, 1, memory_order_release)),
       (seen_y[i] = atomic_load_explicit(y, memory_order_acquire),
        seen_x[i] = atomic_load_explicit(x, RELAXED)),
       seen_y[i] && !seen_x[i])
LITMUS(reserved, (atomic_store_explicit(x, 1, RELAXED), seen_y[i] = load_reserved(y)),
       (atomic_store_explicit(y, 1, RELAXED), seen_x[i] = load_reserved(x)),
       !seen_x[i] && !seen_y[i])
LITMUS(exchanging, (*x = 1, seen_y[i] = load_exchanging(y)),
       (*y = 1, seen_x[i] = load_exchanging(x)), !seen_x[i] && !seen_y[i])

static void (*steps[2])(int i);
static bool (*is_forbidden)(int i);

/* A barrier that lets both go at the same time, if they have a processor each. */
static void meet(long time)
{
    atomic_fetch_add(&arrivals, 1);
    for (int spins = 0; arrivals < 2 * time; spins++) {
        if (spins > 10000)
            sched_yield();
    }
}

static void *litmus_thread(void *arg)
{
    void (*step)(int i) = steps[(long)arg];
    long forbidden = 0;

    for (int round = 0; round < ROUNDS; round++) {
        meet(2 * round + 1);
        for (int i = 0; i < PLACES; i++)
            step(i);
        meet(2 * round + 2);
        for (int i = 0; i < PLACES && arg; i++) {
            forbidden += is_forbidden(i);
            places[i].x = places[i].y = 0;
        }
    }
    return (void *)forbidden;
}

#define RUN_LITMUS(name)                                                                           \
    do {                                                                                           \
        steps[0] = name##_0;                                                                       \
        steps[1] = name##_1;                                                                       \
        is_forbidden = name##_outcome;                                                             \
        arrivals = 0;                                                                              \
        show(#name ", forbidden outcomes: %ld", run(2, litmus_thread));                            \
    } while (0)

static void check_litmus(void)
{
    RUN_LITMUS(buffering);
    RUN_LITMUS(fences);
    RUN_LITMUS(passing);
    RUN_LITMUS(reserved);
    RUN_LITMUS(exchanging);
}

/* ---- code that changes ----------------------------------------------------------------------- */

/* Code that returns a number below 2048. */
static size_t make_code(unsigned char *to, unsigned value)
{
#ifdef __riscv
    uint32_t words[] = {0x00000513 | value << 20, 0x00008067}; /* li a0, value; ret */
    memcpy(to, words, sizeof(words));
    __builtin___clear_cache((char *)to, (char *)to + sizeof(words));
    return sizeof(words);
#else
    unsigned char bytes[] = {0xb8, (unsigned char)value, (unsigned char)(value >> 8), 0, 0, 0xc3};
    memcpy(to, bytes, sizeof(bytes));
    return sizeof(bytes);
#endif
}

typedef int function(void);

enum { SLOTS = 32 };
static unsigned char *code;
static _Atomic(function *) slots[SLOTS];
static atomic_int expected[SLOTS], done;

/* Slots are published once their code is there, and never changed while they are. */
static void *caller(void *arg)
{
    long calls = 0, wrong = 0;

    while (!done) {
        int i = (int)(calls++ % SLOTS);
        function *f = atomic_load_explicit(&slots[i], memory_order_acquire);
        if (f)
            wrong += f() != expected[i];
        if (calls % 64 == 0)
            sched_yield();
    }
    return (void *)wrong;
}

static void check_new_code(void)
{
    pthread_t callers[3];
    long wrong = 0;
    void *result;

    code = mmap(NULL, SLOTS * 64, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&callers[i], NULL, caller, NULL);
    for (int i = 0; i < SLOTS; i++) {
        unsigned char *at = code + 64 * i;
        make_code(at, (unsigned)i * 3 + 1);
        expected[i] = i * 3 + 1;
        atomic_store_explicit(&slots[i], (function *)at, memory_order_release);
        usleep(1000);
    }
    done = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(callers[i], &result);
        wrong += (long)result;
    }
    show("code made by another thread, wrong calls: %ld", wrong);
}

/* Threads run code that one of them makes anew, again and again, with all at a barrier. */
static pthread_barrier_t barrier;

static void *regenerate(void *arg)
{
    long wrong = 0;

    for (unsigned i = 1; i < 200; i++) {
        if (!arg)
            make_code(code, i);
        pthread_barrier_wait(&barrier);
#ifdef __riscv
        __asm__ volatile("fence.i" ::: "memory");
#endif
        for (int k = 0; k < 20; k++)
            wrong += ((function *)code)() != (int)i;
        pthread_barrier_wait(&barrier);
    }
    return (void *)wrong;
}

/* Pages with code come, go and change their rights while others run other code. */
static void *remap(void *arg)
{
    long wrong = 0;

    for (unsigned i = 0; i < 300; i++) {
        unsigned char *at =
            mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        make_code(at, i);
        mprotect(at, 8192, PROT_READ | PROT_EXEC);
        wrong += ((function *)at)() != (int)i;
        mprotect(at, 8192, PROT_READ | PROT_WRITE);
        make_code(at, i + 1);
        mprotect(at, 8192, PROT_READ | PROT_EXEC);
        wrong += ((function *)at)() != (int)i + 1;
        munmap(at, 8192);
    }
    return (void *)wrong;
}

static __thread sigjmp_buf back;

static void fault(int sig)
{
    siglongjmp(back, 1);
}

static unsigned char *volatile flickering;
static atomic_int flicker_done;

/* The page is there or it is not; what is read is what was written. */
static void *look(void *arg)
{
    volatile long wrong = 0, reads = 0;

    while (!flicker_done) {
        if (sigsetjmp(back, 1) == 0) {
            int value = *(volatile int *)flickering;
            wrong += value != 0 && value != 77;
        }
        if (++reads % 16 == 0)
            sched_yield();
    }
    return (void *)wrong;
}

static void check_flicker(void)
{
    pthread_t lookers[3];
    long wrong = 0;
    void *result;

    signal(SIGSEGV, fault);
    flickering = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&lookers[i], NULL, look, NULL);
    for (int i = 0; i < 300; i++) {
        mmap(flickering, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0);
        *(int *)flickering = 77;
        mprotect(flickering, 4096, PROT_NONE);
        sched_yield();
        mprotect(flickering, 4096, PROT_READ);
        mmap(flickering, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    flicker_done = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(lookers[i], &result);
        wrong += (long)result;
    }
    show("reads of a page that comes and goes, wrong: %ld", wrong);
}

int main(void)
{
    check_atomics();
    check_litmus();
    check_new_code();
    pthread_barrier_init(&barrier, NULL, THREADS);
    show("code made anew, wrong calls: %ld", run(THREADS, regenerate));
    show("pages of code that come and go, wrong calls: %ld", run(THREADS, remap));
    check_flicker();
    return 0;
}
