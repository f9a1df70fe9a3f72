/* linux/sampler.c: the clock of a profile, which the guest must not notice.
 *
 * Each guest thread of the first process has a timer of its own on its processor time (timer_create
 * with SIGEV_THREAD_ID), so that a thread that waits is not disturbed and the samples are of those
 * that work. The timer sends SIGSTKFLT, which no kernel and hardly a program ever sends: as a
 * signal of SIGNAL_SYNC it is always open on the host and always has our handler, whatever the
 * guest blocks, waits for or handles; this file takes those that bear the timer's number before
 * anybody else looks. So no signal is taken from the guest, and none of its masks or dispositions
 * is touched. Timers are not inherited by fork and end with an execve: children have none.
 *
 * While a thread is in one of the guest's system calls its signal is held (signal_held), so that it
 * ends none: the time counts at the call's end. Not in calls that send signals: of a kind the
 * kernel keeps one, and a SIGSTKFLT of the guest's would be lost.
 *
 * The kernel looks at these clocks at its own ticks: there are 100 to 1000 samples a second,
 * whatever the period; what has been missed comes as an overrun and counts.
 *
 * Not hidden: the timer's entry in /proc/self/timers, and its place in RLIMIT_SIGPENDING; a sample
 * that is pending just when the guest asks what is pending; that SIGSTKFLT from somebody else does
 * not end a call, and is lost where a sample is pending. */
#include "linux/signals.h"

#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#include "linux/raw_syscall.h"
#include "linux/sys.h"

uint64_t linux_sample_period;

/* As rt_sigaction's and timer_create's kernel side has it; libc names only a union's member. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

void sampler_start(struct linux_task *task)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL_SAMPLE};
    const uint64_t ns_per_s = 1000000000;
    struct itimerspec period = {.it_interval = {(time_t)(linux_sample_period / ns_per_s),
                                                (long)(linux_sample_period % ns_per_s)}};
    int32_t timer;

    if (linux_sample_period == 0 ||
        raw_syscall4(__NR_getpid, 0, 0, 0, 0) != task->process->first_pid)
        return;
    period.it_value = period.it_interval;
    event.sigev_notify_thread_id = (int)raw_syscall4(__NR_gettid, 0, 0, 0, 0);
    if (raw_syscall4(__NR_timer_create, CLOCK_THREAD_CPUTIME_ID, (uint64_t)&event, (uint64_t)&timer,
                     0) < 0)
        return;
    task->sampler = timer;
    raw_syscall4(__NR_timer_settime, (uint64_t)timer, 0, (uint64_t)&period, 0);
}

void sampler_end(struct linux_task *task)
{
    if (task->sampler >= 0)
        raw_syscall4(__NR_timer_delete, (uint64_t)task->sampler, 0, 0, 0);
    task->sampler = -1;
}

bool sampler_sent(const struct linux_task *task, int sig, const siginfo_t *info)
{
    return sig == SIGNAL_SAMPLE && info->si_code == SI_TIMER && task->sampler >= 0 &&
           info->si_timerid == task->sampler;
}

bool sampler_take(struct linux_task *task, int sig, const siginfo_t *info, ucontext_t *uc)
{
    if (!sampler_sent(task, sig, info))
        return false;
    vm_take_sample(task->t, uc, 1 + (uint32_t)MAX(info->si_overrun, 0));
    return true;
}
