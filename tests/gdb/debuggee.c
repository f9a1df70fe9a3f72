/* What the tests of the debugger look at: debuggee MODE. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct point {
    int x, y;
    double weight;
};

int counter;
volatile int running = 1;
struct point origin = {1, 2, 0.5};
const int constant = 17;
char text[32] = "nothing";

__attribute__((noinline)) int square(int n)
{
    int result = n * n;
    return result;
}

__attribute__((noinline)) double scale(struct point *p, double by)
{
    p->weight *= by;
    return p->weight;
}

__attribute__((noinline)) int sum_squares(int n)
{
    int sum = 0;
    for (int i = 1; i <= n; i++) {
        sum += square(i);
        counter++;
    }
    return sum;
}

static int calls(void)
{
    int sum = sum_squares(10);
    double weight = scale(&origin, 4.0);
    strcpy(text, "written");
    printf("sum %d weight %g constant %d\n", sum, weight, constant);
    return sum == 385 ? 7 : 1;
}

static void handler(int sig)
{
    counter += sig;
}

static int signals(void)
{
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf("counter %d\n", counter);
    raise(SIGUSR2);
    printf("alive\n");
    return 0;
}

static void *work(void *arg)
{
    while (running)
        __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
    return arg;
}

static int threads(void)
{
    pthread_t ids[3];
    for (long i = 0; i < 3; i++)
        pthread_create(&ids[i], NULL, work, (void *)i);
    usleep(20000);
    square(3);
    running = 0;
    for (int i = 0; i < 3; i++)
        pthread_join(ids[i], NULL);
    printf("joined\n");
    return 0;
}

static void *crowd_work(void *arg)
{
    int sum = 0;
    for (int i = 0; i < 5; i++)
        sum += square(i);
    return (void *)(long)sum;
}

/* Several threads at one breakpoint. */
static int crowd(void)
{
    pthread_t ids[4];
    void *sum;
    for (int i = 0; i < 4; i++)
        pthread_create(&ids[i], NULL, crowd_work, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(ids[i], &sum);
        if ((long)sum != 30)
            return 1;
    }
    printf("crowd done\n");
    return 0;
}

static int spin(void)
{
    while (running)
        counter++;
    printf("spun\n");
    return 3;
}

/* A read that only the debugger's user can end. */
static int blocked(void)
{
    char c;
    ssize_t n = read(0, &c, 1);
    printf("read %zd errno %d\n", n, n < 0 ? errno : 0);
    return (int)n;
}

static int forks(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(square(3));
    waitpid(child, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    pid_t other = vfork();
    if (other == 0) {
        counter = square(4);
        _exit(counter);
    }
    waitpid(other, &status, 0);
    printf("vfork child %d\n", WEXITSTATUS(status));
    return 0;
}

/* A child that shares the descriptors, the debugger's too. */
static int shares_files(void)
{
    int status;
    pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(square(3));
    waitpid(child, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    return 0;
}

/* A child with threads of its own, or that executes a program. */
static int children(char **argv)
{
    int status;
    pid_t child = fork();
    if (child == 0 && strcmp(argv[1], "fork_threads") == 0)
        _exit(threads());
    if (child == 0)
        execl(argv[0], argv[0], "calls", NULL);
    waitpid(child, &status, 0);
    printf("its child %d\n", WEXITSTATUS(status));
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "calls";

    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(mode, "signals") == 0)
        return signals();
    if (strcmp(mode, "threads") == 0)
        return threads();
    if (strcmp(mode, "crowd") == 0)
        return crowd();
    if (strcmp(mode, "spin") == 0)
        return spin();
    if (strcmp(mode, "blocked") == 0)
        return blocked();
    if (strcmp(mode, "forks") == 0)
        return forks();
    if (strcmp(mode, "shares_files") == 0)
        return shares_files();
    if (strncmp(mode, "fork_", 5) == 0)
        return children(argv);
    if (strcmp(mode, "exec") == 0)
        return execl(argv[0], argv[0], "calls", NULL);
    if (strcmp(mode, "null") == 0)
        return *(volatile int *)16;
    if (strcmp(mode, "trap") == 0)
        __asm__ volatile("ebreak");
    return calls();
}
