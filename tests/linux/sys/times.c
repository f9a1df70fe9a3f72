/* Clocks, timers, sleeping, resource limits and usage, names and identities. */
#define _GNU_SOURCE
#include "show.h"

#include <poll.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>

static volatile sig_atomic_t ticks;

static void on_alarm(int sig)
{
    ticks++;
}

static void test_clocks(void)
{
    struct timespec a, b, r;
    struct timeval tv;
    struct tms tms;

    show_call(clock_gettime(CLOCK_REALTIME, &a));
    show_call(gettimeofday(&tv, NULL));
    show_true(tv.tv_sec - a.tv_sec <= 1 && time(NULL) - a.tv_sec <= 1);
    clock_gettime(CLOCK_MONOTONIC, &a);
    show_call(usleep(20000));
    clock_gettime(CLOCK_MONOTONIC, &b);
    long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    show_true(ms >= 20 && ms < 5000);
    show_call(clock_getres(CLOCK_MONOTONIC, &r));
    show("resolution %ld", r.tv_nsec);
    show_call(clock_gettime(77, &a));
    show_call(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
    show_call(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
    show_call(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a));
    struct timespec bad = {0, 2000000000};
    show_call(nanosleep(&bad, NULL));
    show("clock_nanosleep: %d", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL));
    show_true(times(&tms) != (clock_t)-1);
}

static void test_timers(void)
{
    struct itimerval it = {{0, 10000}, {0, 10000}}, old;
    struct sigaction sa = {.sa_handler = on_alarm};

    sigaction(SIGALRM, &sa, NULL);
    show_call(setitimer(ITIMER_REAL, &it, NULL));
    while (ticks < 3)
        pause();
    memset(&it, 0, sizeof(it));
    show_call(setitimer(ITIMER_REAL, &it, &old));
    show("interval %ld", (long)old.it_interval.tv_usec);
    ticks = 0;
    /* No system call in the loop: the signal has to find its way into running code. */
    it.it_value.tv_usec = 30000;
    setitimer(ITIMER_REAL, &it, NULL);
    volatile unsigned long spins = 0;
    while (!ticks)
        spins++;
    show_true(spins > 0);
    show_call(alarm(100));
    show_call(alarm(0));

    timer_t id;
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value = {.sival_int = 4711}};
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    show_call(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec its = {{0, 0}, {0, 5000000}};
    show_call(timer_settime(id, 0, &its, NULL));
    show_true(sigwaitinfo(&set, &info) == SIGRTMIN);
    show("timer: code %d value %d overrun %d", info.si_code, info.si_value.sival_int,
         info.si_overrun);
    show_call(timer_gettime(id, &its));
    show("left %ld", its.it_value.tv_nsec);
    show_call(timer_getoverrun(id));
    show_call(timer_delete(id));
    show_call(timer_delete(id));

    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    uint64_t count;
    struct itimerspec tf = {{0, 0}, {0, 1000000}};
    show_call(read(fd, &count, 8));
    show_call(timerfd_settime(fd, 0, &tf, NULL));
    struct pollfd p = {fd, POLLIN, 0};
    show_call(poll(&p, 1, 1000));
    show_call(read(fd, &count, 8));
    show("expired %lu", (unsigned long)count);
}

static void test_limits(void)
{
    struct rlimit limit, old;
    struct rusage usage;

    show_call(getrlimit(RLIMIT_NOFILE, &old));
    limit = (struct rlimit){64, old.rlim_max};
    show_call(setrlimit(RLIMIT_NOFILE, &limit));
    show_call(prlimit(0, RLIMIT_NOFILE, NULL, &limit));
    show("soft %ld", (long)limit.rlim_cur);
    show_call(dup2(1, 64));
    show_call(dup2(1, 63));
    close(63);
    setrlimit(RLIMIT_NOFILE, &old);
    show_call(getrlimit(99, &limit));
    show_call(getrlimit(RLIMIT_STACK, &limit));
    show("stack %ld", (long)limit.rlim_cur);
    limit.rlim_cur = 0;
    show_call(setrlimit(RLIMIT_CORE, &limit));
    getrlimit(RLIMIT_CORE, &limit);
    show("core %ld", (long)limit.rlim_cur);
    limit.rlim_cur = 4096;
    limit.rlim_max = RLIM_INFINITY;
    signal(SIGXFSZ, SIG_IGN);
    show_call(setrlimit(RLIMIT_FSIZE, &limit));
    int fd = open("big", O_CREAT | O_WRONLY, 0600);
    show_call(pwrite(fd, "x", 1, 5000));
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    show_call(getrusage(RUSAGE_SELF, &usage));
    show_true(usage.ru_maxrss > 0);
    show_call(getrusage(77, &usage));
    show_call(getpriority(PRIO_PROCESS, 0));
    show_call(nice(0));
}

static void test_names(void)
{
    struct utsname u;
    struct sysinfo si;
    char name[17] = {0};
    unsigned char bytes[16] = {0}, zero[16] = {0};
    cpu_set_t cpus;
    unsigned cpu, node;

    show_call(uname(&u));
    show("%s %s", u.sysname, u.release);
    show_call(uname(opaque(8)));
    show_call(sysinfo(&si));
    show_true(si.totalram > 0 && si.mem_unit > 0);
    show_call(prctl(PR_SET_NAME, "a name longer than fits"));
    show_call(prctl(PR_GET_NAME, name));
    show("name %s", name);
    show_call(prctl(PR_GET_DUMPABLE));
    show_call(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    show_call(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show_call(prctl(99999, 0, 0, 0, 0));
    show_call(getrandom(bytes, 16, 0));
    show_true(memcmp(bytes, zero, 16) != 0);
    show_call(sched_getaffinity(0, sizeof(cpus), &cpus));
    show("cpus %d", CPU_COUNT(&cpus));
    show_true(getcpu(&cpu, &node) == 0 && CPU_ISSET(cpu, &cpus));
    show_call(sched_yield());
    show_call(sched_getscheduler(0));
    show_call(sched_get_priority_max(SCHED_FIFO));
    show_true(getpid() == gettid() && getppid() > 0);
    show("ids %d %d %d %d", getuid(), geteuid(), getgid(), getegid());
    uid_t r, e, s;
    show_call(getresuid(&r, &e, &s));
    show("res %d %d %d", r, e, s);
    gid_t groups[64];
    show_true(getgroups(64, groups) >= 0);
    show_true(getgroups(0, NULL) >= 0);
    show_call(getgroups((int)(intptr_t)opaque(-1), groups));
    show_call(personality(0xffffffff));
    show_call(syscall(9999));
    show_call(syscall(-1));
}

int main(void)
{
    test_clocks();
    test_timers();
    test_limits();
    test_names();
    return 0;
}
