/* Threads: made and joined, sharing and waiting, their own data, their ends. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "show.h"

enum { MANY = 64, ROUNDS = 157, WORKERS = 8, STEPS = 5000 };

/* ---- making and joining ---------------------------------------------------------------------- */

static __thread long own = 7;
static atomic_long runs;

static void *count_run(void *arg)
{
    own += (long)arg;
    atomic_fetch_add(&runs, 1);
    return (void *)own;
}

static void make_and_join(void)
{
    pthread_t threads[MANY];
    long sum = 0;
    void *result;

    for (int round = 0; round < ROUNDS; round++) {
        for (long i = 0; i < MANY; i++)
            pthread_create(&threads[i], NULL, count_run, (void *)i);
        for (int i = 0; i < MANY; i++) {
            pthread_join(threads[i], &result);
            sum += (long)result;
        }
    }
    show("threads that ran: %ld", runs);
    show("sum of what they returned from their own variables: %ld", sum);
    show("the first thread's variable: %ld", own);
}

/* ---- locks and conditions -------------------------------------------------------------------- */

static struct {
    pthread_mutex_t mutex, recursive;
    pthread_cond_t filled, emptied;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    pthread_barrier_t barrier;
    sem_t sem;
    long plain, spun, written, items[4];
    unsigned head, tail;
    atomic_long torn, eaten;
} shared = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .emptied = PTHREAD_COND_INITIALIZER,
    .rwlock = PTHREAD_RWLOCK_INITIALIZER,
};

static void *lock_worker(void *arg)
{
    for (int i = 0; i < STEPS; i++) {
        pthread_mutex_lock(&shared.mutex);
        shared.plain++;
        pthread_mutex_unlock(&shared.mutex);
        pthread_spin_lock(&shared.spin);
        shared.spun++;
        pthread_spin_unlock(&shared.spin);
        sem_wait(&shared.sem);
        sem_post(&shared.sem);
        if (i % 16 == 0) {
            pthread_rwlock_wrlock(&shared.rwlock);
            shared.written++;
            pthread_rwlock_unlock(&shared.rwlock);
        }
        pthread_rwlock_rdlock(&shared.rwlock);
        long before = *(volatile long *)&shared.written;
        if (*(volatile long *)&shared.written != before)
            shared.torn++;
        pthread_rwlock_unlock(&shared.rwlock);
    }
    return NULL;
}

static void *barrier_worker(void *arg)
{
    long serial = 0;

    for (int i = 0; i < 300; i++)
        serial += pthread_barrier_wait(&shared.barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    return (void *)serial;
}

static void *producer(void *arg)
{
    for (long i = 1; i <= STEPS; i++) {
        pthread_mutex_lock(&shared.mutex);
        while (shared.head - shared.tail == 4)
            pthread_cond_wait(&shared.emptied, &shared.mutex);
        shared.items[shared.head++ % 4] = i;
        pthread_cond_signal(&shared.filled);
        pthread_mutex_unlock(&shared.mutex);
    }
    return NULL;
}

static void *consumer(void *arg)
{
    for (long i = 1; i <= STEPS; i++) {
        pthread_mutex_lock(&shared.mutex);
        while (shared.head == shared.tail)
            pthread_cond_wait(&shared.filled, &shared.mutex);
        shared.eaten += shared.items[shared.tail++ % 4];
        pthread_cond_signal(&shared.emptied);
        pthread_mutex_unlock(&shared.mutex);
    }
    return NULL;
}

/* Runs n threads of each of two functions; returns the sum of what they return. */
static long run(int n, void *(*first)(void *), void *(*second)(void *))
{
    pthread_t threads[2 * MANY];
    long sum = 0;
    void *result;
    int made = 0;

    for (int i = 0; i < n; i++) {
        pthread_create(&threads[made++], NULL, first, NULL);
        if (second)
            pthread_create(&threads[made++], NULL, second, NULL);
    }
    for (int i = 0; i < made; i++) {
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    return sum;
}

static void locks(void)
{
    pthread_spin_init(&shared.spin, 0);
    sem_init(&shared.sem, 0, 3);
    pthread_barrier_init(&shared.barrier, NULL, WORKERS);
    run(WORKERS, lock_worker, NULL);
    show("under a mutex: %ld", shared.plain);
    show("under a spin lock: %ld", shared.spun);
    show("under a read-write lock: %ld, torn %ld", shared.written, shared.torn);
    show("barriers: %ld", run(WORKERS, barrier_worker, NULL));
    run(3, producer, consumer);
    show("through a queue: %ld", shared.eaten);
}

/* A timeout of a condition passes. */
static void timeouts(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 20000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&shared.mutex);
    show("condition: %s",
         strerrorname_np(pthread_cond_timedwait(&shared.filled, &shared.mutex, &at)));
    show("locked: %s", strerrorname_np(pthread_mutex_trylock(&shared.mutex)));
    pthread_mutex_unlock(&shared.mutex);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static pthread_key_t key;
static atomic_long destroyed, cleaned, detached_runs;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_long once_runs;

static void destroy(void *value)
{
    destroyed += (long)value;
}

static void clean(void *arg)
{
    cleaned++;
}

static void run_once(void)
{
    once_runs++;
}

static void *exiter(void *arg)
{
    pthread_once(&once, run_once);
    pthread_setspecific(key, (void *)3);
    pthread_exit((void *)11);
}

static void *detached(void *arg)
{
    pthread_detach(pthread_self());
    detached_runs++;
    return NULL;
}

static void *sleeper(void *arg)
{
    pthread_cleanup_push(clean, NULL);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *spinner(void *arg)
{
    volatile long n = 0;

    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        n++;
    return NULL;
}

static void *waiter(void *arg)
{
    pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &shared.mutex);
    pthread_mutex_lock(&shared.mutex);
    for (;;)
        pthread_cond_wait(&shared.filled, &shared.mutex);
    pthread_cleanup_pop(1);
    return NULL;
}

static void cancel(const char *what, void *(*function)(void *))
{
    pthread_t thread;
    void *result;

    pthread_create(&thread, NULL, function, NULL);
    usleep(20000);
    show("cancel %s: %d", what, pthread_cancel(thread));
    pthread_join(thread, &result);
    show("cancelled %s: %d", what, result == PTHREAD_CANCELED);
}

static void ends(void)
{
    pthread_key_create(&key, destroy);
    show("results of pthread_exit: %ld", run(WORKERS, exiter, NULL));
    show("destructors: %ld", destroyed);
    show("once: %ld", once_runs);
    for (int i = 0; i < MANY; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, detached, NULL);
    }
    while (detached_runs < MANY)
        sched_yield();
    show("detached: %ld", detached_runs);
    cancel("a sleeper", sleeper);
    cancel("a spinner", spinner);
    cancel("a waiter", waiter);
    show("cleaned up: %ld", cleaned);
    show("the mutex is free: %d", pthread_mutex_trylock(&shared.mutex));
    pthread_mutex_unlock(&shared.mutex);
}

/* ---- a robust mutex -------------------------------------------------------------------------- */

static pthread_mutex_t robust;

static void *dies_with_it(void *arg)
{
    pthread_mutex_lock(&robust);
    return NULL;
}

static void *waits_for_it(void *arg)
{
    return (void *)(long)pthread_mutex_lock(&robust);
}

static void *dies_late(void *arg)
{
    pthread_mutex_lock(&robust);
    usleep(50000);
    return NULL;
}

static void robust_mutex(void)
{
    pthread_mutexattr_t attr;
    pthread_t owner, other;
    void *result;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attr);
    pthread_create(&owner, NULL, dies_with_it, NULL);
    pthread_join(owner, NULL);
    show("its owner is dead: %s", strerrorname_np(pthread_mutex_lock(&robust)));
    show("consistent: %d", pthread_mutex_consistent(&robust));
    show("unlock: %d", pthread_mutex_unlock(&robust));
    pthread_create(&owner, NULL, dies_late, NULL);
    usleep(20000);
    pthread_create(&other, NULL, waits_for_it, NULL);
    pthread_join(owner, NULL);
    pthread_join(other, &result);
    show("who waited hears of it: %s", strerrorname_np((int)(long)result));
}

/* ---- identity -------------------------------------------------------------------------------- */

static void *identity(void *arg)
{
    char name[16] = "";
    char comm[64] = "", path[64];
    cpu_set_t cpus;

    show("another id than the process: %d", gettid() != getpid());
    prctl(PR_SET_NAME, "worker");
    prctl(PR_GET_NAME, name);
    show("name: %s", name);
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
    int fd = open(path, O_RDONLY);
    read(fd, comm, sizeof(comm) - 1);
    close(fd);
    show("comm: %s", strtok(comm, "\n"));
    show("affinity: %d", sched_getaffinity(0, sizeof(cpus), &cpus));
    show("signal 0 to itself: %ld", syscall(SYS_tgkill, getpid(), gettid(), 0));
    show_call(syscall(SYS_tgkill, 1, gettid(), 0));
    return NULL;
}

static void refused(void)
{
    show_call(syscall(SYS_clone, 0x10000 /* THREAD */, 0, 0, 0, 0));
    show_call(syscall(SYS_clone, 0x10000 | 0x800 /* SIGHAND */, 0, 0, 0, 0));
    show_call(syscall(SYS_clone, 0x800 | SIGCHLD, 0, 0, 0, 0));
    show_call(syscall(SYS_membarrier, 1 << 4 /* register private expedited */, 0, 0));
    show_call(syscall(SYS_membarrier, 1 << 3 /* private expedited */, 0, 0));
    show_call(syscall(SYS_get_robust_list, 99999999, NULL, NULL));
}

int main(void)
{
    char name[16];

    make_and_join();
    locks();
    timeouts();
    ends();
    robust_mutex();
    run(1, identity, NULL);
    prctl(PR_GET_NAME, name);
    show("the first thread's name is its own: %d", strcmp(name, "worker") != 0);
    refused();
    return 0;
}
