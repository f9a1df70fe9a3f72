/* Processes of several threads: fork, exec and ends. */
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "show.h"

static atomic_int stop, ready;
static const char *self;

/* Others are in the middle of everything. */
static void *busy(void *arg)
{
    unsigned n = (unsigned)(long)arg;

    ready++;
    while (!stop) {
        void *p[16];
        for (int i = 0; i < 16; i++)
            p[i] = malloc((n = n * 1103515245 + 12345) % 3000);
        void *m = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *(volatile char *)m = 1;
        munmap(m, 65536);
        for (int i = 0; i < 16; i++)
            free(p[i]);
        getppid();
    }
    return NULL;
}

static void *nothing(void *arg)
{
    return arg;
}

/* Threads that come and go. */
static void *busy_making(void *arg)
{
    pthread_t thread;

    ready++;
    while (!stop) {
        if (pthread_create(&thread, NULL, nothing, NULL) == 0)
            pthread_join(thread, NULL);
    }
    return NULL;
}

static void *blocked(void *arg)
{
    int pipe_[2];
    char c;

    pipe(pipe_);
    ready++;
    read(pipe_[0], &c, 1);
    return NULL;
}

static void *spinning(void *arg)
{
    volatile long n = 0;

    ready++;
    for (;;)
        n++;
}

static void await_ready(int n)
{
    while (ready < n)
        usleep(500);
}

static int wait_for(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* In the child: memory works, threads can be made, there is one of them. */
static void child(void)
{
    pthread_t threads[4];
    long sum = 0;
    void *result;

    for (int i = 0; i < 100; i++)
        free(malloc((size_t)i * 100));
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, nothing, (void *)i);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    _exit((int)sum + (gettid() == getpid()));
}

static void *forker(void *arg)
{
    long right = 0;

    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child();
        int status = wait_for(pid);
        right += WIFEXITED(status) && WEXITSTATUS(status) == 7;
    }
    return (void *)right;
}

static void forks(void)
{
    pthread_t workers[4], forkers[2];
    long right = 0;
    void *result;

    for (long i = 0; i < 3; i++)
        pthread_create(&workers[i], NULL, busy, (void *)i);
    pthread_create(&workers[3], NULL, busy_making, NULL);
    await_ready(4);
    for (int i = 0; i < 2; i++)
        pthread_create(&forkers[i], NULL, forker, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_join(forkers[i], &result);
        right += (long)result;
    }
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(workers[i], NULL);
    stop = ready = 0;
    show("children of threads: %ld", right);
}

/* ---- exec and spawn -------------------------------------------------------------------------- */

static void *spawner(void *arg)
{
    char *argv[] = {(char *)self, "exit", "5", NULL}, *envp[] = {NULL};
    char *missing[] = {"/nowhere", NULL};
    long right = 0;
    pid_t pid;

    for (int i = 0; i < 5; i++) {
        if (posix_spawn(&pid, self, NULL, NULL, argv, envp) != 0)
            continue;
        int status = wait_for(pid);
        right += WIFEXITED(status) && WEXITSTATUS(status) == 5;
        right += posix_spawn(&pid, "/nowhere", NULL, NULL, missing, envp) == ENOENT;
    }
    return (void *)right;
}

static void spawns(void)
{
    pthread_t workers[2], spawners[3];
    long right = 0;
    void *result;

    for (long i = 0; i < 2; i++)
        pthread_create(&workers[i], NULL, busy, (void *)i);
    await_ready(2);
    for (int i = 0; i < 3; i++)
        pthread_create(&spawners[i], NULL, spawner, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_join(spawners[i], &result);
        right += (long)result;
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(workers[i], NULL);
    stop = ready = 0;
    show("spawned by threads: %ld", right);
}

static void *executor(void *arg)
{
    char *argv[] = {(char *)self, "pid", arg, NULL}, *envp[] = {NULL};

    execve("/nowhere", argv, envp);
    execve(self, argv, envp);
    _exit(98);
}

/* The new program has the process's id, whoever executed it. */
static void exec_from_thread(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pthread_t threads[4];
        char text[16];
        snprintf(text, sizeof(text), "%d", getpid());
        ready = 0;
        pthread_create(&threads[0], NULL, blocked, NULL);
        pthread_create(&threads[1], NULL, spinning, NULL);
        pthread_create(&threads[2], NULL, busy, NULL);
        await_ready(3);
        pthread_create(&threads[3], NULL, executor, text);
        for (;;)
            pause();
    }
    show_status("exec from a thread", wait_for(pid));
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void *ends_process(void *arg)
{
    usleep(20000);
    _exit(21);
}

static void *ends_later(void *arg)
{
    usleep(50000);
    show("the first thread is gone, the process is not");
    return NULL;
}

static void *ends_by_signal(void *arg)
{
    usleep(20000);
    *(volatile int *)opaque(8) = 1;
    return NULL;
}

static void *ends_by_kill(void *arg)
{
    usleep(20000);
    raise(SIGTERM);
    for (;;)
        pause();
}

static void end(const char *what, void *(*function)(void *), bool first_ends)
{
    pid_t pid = fork();

    if (pid == 0) {
        pthread_t threads[3];
        ready = 0;
        pthread_create(&threads[2], NULL, function, NULL);
        if (!first_ends) {
            pthread_create(&threads[0], NULL, blocked, NULL);
            pthread_create(&threads[1], NULL, spinning, NULL);
            await_ready(2);
            for (;;)
                pause();
        }
        syscall(SYS_exit, 33);
    }
    show_status(what, wait_for(pid));
}

static void *forks_and_ends(void *arg)
{
    usleep(20000);
    pid_t pid = fork();
    if (pid == 0)
        child();
    int status = wait_for(pid);
    _exit(WIFEXITED(status) ? 40 + WEXITSTATUS(status) : 1);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 2 && strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (argc > 2 && strcmp(argv[1], "pid") == 0)
        return getpid() == atoi(argv[2]) && gettid() == getpid() ? 17 : 18;
    forks();
    spawns();
    exec_from_thread();
    end("exit_group with threads that are blocked", ends_process, false);
    end("a fault in a thread", ends_by_signal, false);
    end("a signal to a thread", ends_by_kill, false);
    end("the first thread ends first", ends_later, true);
    end("exit_group when the first thread has ended", ends_process, true);
    end("a fork when the first thread has ended", forks_and_ends, true);
    return 0;
}
