/* How long a signal waits for a guest that spins in a linked loop: a timer that expires at known
 * times, and the clock in its handler. Prints of 500 the least, the tenth, the median, the
 * hundredth from the end, and the worst, in microseconds; on a loaded machine the latter are the
 * scheduler's.
 *
 *   riscv64-linux-gnu-gcc -O2 -static bench/signal_latency.c -o latency; isomorph latency
 *
 * Natively built it gives what the kernel alone takes. tests/linux/test_latency.py runs both. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SHOTS = 500, PERIOD = 2000000 };

static volatile int shots;
static struct timespec due;
static double late[SHOTS];

static void on_alarm(int sig)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (shots < SHOTS)
        late[shots] =
            (double)(now.tv_sec - due.tv_sec) * 1e6 + (double)(now.tv_nsec - due.tv_nsec) / 1e3;
    shots++;
}

static int compare(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : 1;
}

int main(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;

    signal(SIGALRM, on_alarm);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    for (int i = 0; i < SHOTS; i++) {
        clock_gettime(CLOCK_MONOTONIC, &due);
        due.tv_nsec += PERIOD;
        due.tv_sec += due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        struct itimerspec once = {.it_value = due};
        timer_settime(timer, TIMER_ABSTIME, &once, NULL);
        while (shots == i) /* two blocks that are linked to each other */
            for (volatile int k = 0; k < 100; k++)
                ;
    }
    qsort(late, SHOTS, sizeof(late[0]), compare);
    printf("least %.1f us, tenth %.1f us, median %.1f us, p99 %.1f us, worst %.1f us\n", late[0],
           late[SHOTS / 10], late[SHOTS / 2], late[SHOTS * 99 / 100], late[SHOTS - 1]);
    return 0;
}
