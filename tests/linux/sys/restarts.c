/* What becomes of a system call that waits when a signal comes: made again, EINTR, or not touched.
 *
 * One table says it for every call that waits: signal(7), "Interruption of system calls and library
 * functions by signal handlers" and "... by stop signals". Each row is tried with each way in which
 * a signal can come. The subject is a process of its own that makes the call; its keeper waits
 * until it sleeps there, sends the signal, waits until it sleeps again or has returned, and then
 * does what the call waits for. Nothing depends on how fast anybody is.
 *
 * Not here: io_getevents, which guests do not have; getrandom, which waits only while the host
 * starts; close, sync and the like, which a signal does not end. */
#define _GNU_SOURCE
#include "restarts.h"
#include "restarts_calls.h"

/* ---- the table ------------------------------------------------------------------------------- */

/* What signal(7) says. */
enum answer {
    AGAIN,  /* made again if the handler has SA_RESTART; not touched by a stop */
    ALWAYS, /* made again after any handler */
    EINTR_, /* never made again after a handler; not touched by a stop */
    STOPS,  /* the same, and a stop with SIGCONT gives EINTR too */
};

static const struct row {
    const char *name;
    enum answer answer;
    void (*set)(struct trial *);
    long (*call)(struct trial *);
    void (*finish)(struct trial *);
    void (*begin)(struct trial *); /* in the subject, before the call */
} rows[] = {
    {"read_pipe", AGAIN, make_pipe, do_read, finish_write},
    {"readv_pipe", AGAIN, make_pipe, do_readv, finish_write},
    {"read_tty", AGAIN, make_pty, do_read, finish_line},
    {"read_eventfd", AGAIN, make_eventfd, do_read, finish_write},
    {"read_timerfd", AGAIN, make_timerfd, do_read, finish_timer},
    {"read_signalfd", AGAIN, make_signalfd, do_read, finish_rt},
    {"read_inotify", AGAIN, make_inotify, do_read, finish_create},
    {"write_pipe", AGAIN, make_full_pipe, do_write, finish_drain},
    {"writev_pipe", AGAIN, make_full_pipe, do_writev, finish_drain},
    {"open_fifo", AGAIN, make_fifo, do_open, finish_fifo},
    {"splice", AGAIN, make_pipe, do_splice, finish_write},
    {"tee", AGAIN, make_pipe, do_tee, finish_write},
    {"wait4", AGAIN, make_pipe, do_wait4, finish_close, start_child},
    {"waitid", AGAIN, make_pipe, do_waitid, finish_close, start_child},
    {"accept", AGAIN, make_server, do_accept, finish_connect},
    {"connect", AGAIN, make_full_server, do_connect, finish_accept},
    {"recv", AGAIN, make_sockets, do_recv, finish_write},
    {"recvmsg", AGAIN, make_sockets, do_recvmsg, finish_write},
    {"recvmmsg", AGAIN, make_sockets, do_recvmmsg, finish_write},
    {"recv_timeo", STOPS, make_timed_sockets, do_recv, finish_write},
    {"send", AGAIN, make_full_sockets, do_send, finish_drain},
    {"sendmsg", AGAIN, make_full_sockets, do_sendmsg, finish_drain},
    {"send_timeo", STOPS, make_full_timed_sockets, do_send, finish_drain},
    {"flock", AGAIN, make_flock, do_flock, finish_flock},
    {"fcntl_setlkw", AGAIN, make_fcntl_lock, do_setlkw, finish_unlock},
    {"fcntl_ofd_setlkw", AGAIN, make_ofd_lock, do_ofd_setlkw, finish_ofd_unlock},
    {"futex_wait", AGAIN, make_nothing, do_futex, finish_wake},
    {"futex_wait_timeout", EINTR_, make_nothing, do_futex_timed, finish_wake},
    {"futex_wait_bitset", EINTR_, make_nothing, do_futex_absolute, finish_wake},
    {"futex_lock_pi", ALWAYS, make_pi, do_lock_pi, finish_write},
    {"mq_receive", AGAIN, make_mq, do_mq_receive, finish_mq_send},
    {"mq_timedreceive", AGAIN, make_mq, do_mq_timedreceive, finish_mq_send},
    {"mq_send", AGAIN, make_full_mq, do_mq_send, finish_mq_receive},
    {"poll", EINTR_, make_pipe, do_poll, finish_write},
    {"ppoll", EINTR_, make_pipe, do_ppoll, finish_write},
    {"select", EINTR_, make_pipe, do_select, finish_write},
    {"pselect", EINTR_, make_pipe, do_pselect, finish_write},
    {"epoll_wait", STOPS, make_epoll, do_epoll_wait, finish_write},
    {"epoll_pwait2", STOPS, make_epoll, do_epoll_pwait2, finish_write},
    {"semop", STOPS, make_sem, do_semop, finish_sem},
    {"semtimedop", STOPS, make_sem, do_semtimedop, finish_sem},
    {"msgrcv", EINTR_, make_msg, do_msgrcv, finish_msgsnd},
    {"msgsnd", EINTR_, make_full_msg, do_msgsnd, finish_msgrcv},
    {"pause", EINTR_, make_nothing, do_pause, finish_usr1},
    {"sigsuspend", EINTR_, make_nothing, do_sigsuspend, finish_usr1},
    {"sigwaitinfo", STOPS, make_nothing, do_sigwaitinfo, finish_rt},
    {"sigtimedwait", STOPS, make_nothing, do_sigtimedwait, finish_rt},
    {"nanosleep", EINTR_, make_nothing, do_nanosleep, NULL},
    {"clock_nanosleep_until", EINTR_, make_nothing, do_clock_nanosleep_until, NULL},
    {"nanosleep_2s", EINTR_, make_nothing, end_nanosleep, NULL},
    {"poll_2s", EINTR_, make_nothing, end_poll, NULL},
    {"ppoll_2s", EINTR_, make_nothing, end_ppoll, NULL},
    {"select_2s", EINTR_, make_nothing, end_select, NULL},
    {"futex_2s", EINTR_, make_nothing, end_futex, NULL},
    {"futex_bitset_2s", EINTR_, make_nothing, end_futex_absolute, NULL},
    {"epoll_wait_2s", STOPS, make_epoll, end_epoll_wait, NULL},
    {"sigtimedwait_2s", STOPS, make_nothing, end_sigtimedwait, NULL},
    {"recv_timeo_2s", STOPS, make_sockets, end_recv, NULL},
};

/* ---- how signals come -------------------------------------------------------------------------
 */

enum way {
    RESTART,       /* a handler with SA_RESTART */
    PLAIN,         /* a handler without */
    NESTED,        /* one with SA_RESTART, in which another one without runs */
    FIRST_RESTART, /* two are pending at once, the first with SA_RESTART, the second without */
    FIRST_PLAIN,   /* the other way round */
    STOP,          /* SIGSTOP, SIGCONT */
    CONTINUE,      /* SIGSTOP, and SIGCONT has a handler with SA_RESTART */
    IGNORED,       /* SIGUSR2 is ignored */
    IGNORED_SEGV,  /* one that processors raise, ignored */
    BLOCKED_SEGV,  /* and blocked */
    WAYS
};

static const char *const way_names[WAYS] = {"SA_RESTART",
                                            "no SA_RESTART",
                                            "nested",
                                            "SA_RESTART and then not",
                                            "not and then SA_RESTART",
                                            "SIGSTOP",
                                            "SIGCONT handled",
                                            "ignored",
                                            "SIGSEGV ignored",
                                            "SIGSEGV blocked"};

static void on_signal(int sig)
{
    here->handled++;
}

static void on_outer(int sig)
{
    here->handled++;
    raise(SIGUSR2);
}

static void handle(int sig, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

    sigaction(sig, &sa, NULL);
}

static void prepare(enum way way)
{
    sigset_t segv;

    handle(SIGUSR1, way == NESTED ? on_outer : on_signal,
           way == PLAIN || way == FIRST_PLAIN ? 0 : SA_RESTART);
    handle(SIGUSR2, way == IGNORED ? SIG_IGN : on_signal, way == FIRST_PLAIN ? SA_RESTART : 0);
    if (way == CONTINUE)
        handle(SIGCONT, on_signal, SA_RESTART);
    if (way == IGNORED_SEGV)
        signal(SIGSEGV, SIG_IGN);
    sigemptyset(&segv);
    sigaddset(&segv, SIGSEGV);
    if (way == BLOCKED_SEGV)
        sigprocmask(SIG_BLOCK, &segv, NULL);
}

static char state_of(pid_t pid)
{
    char path[64], text[512] = "";

    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    read(fd, text, sizeof(text) - 1);
    close(fd);
    const char *end = strrchr(text, ')');
    return end ? end[2] : '?';
}

/* Until the subject is in the state for some time, or has returned from its call. */
static void await(const struct trial *t, pid_t pid, char state)
{
    int good = 0;

    for (int i = 0; i < 10000 && good < 8 && !t->done; i++) {
        nap();
        good = t->about_to && state_of(pid) == state ? good + 1 : 0;
    }
}

static void send_signals(const struct trial *t, pid_t pid, enum way way)
{
    static const int signals[WAYS] = {SIGUSR1, SIGUSR1, SIGUSR1, 0,       0,
                                      0,       0,       SIGUSR2, SIGSEGV, SIGSEGV};

    if (signals[way]) {
        kill(pid, signals[way]);
        return;
    }
    kill(pid, SIGSTOP);
    await(t, pid, 'T');
    if (way == FIRST_RESTART || way == FIRST_PLAIN) {
        kill(pid, SIGUSR2);
        kill(pid, SIGUSR1);
    }
    kill(pid, SIGCONT);
}

static void subject(const struct row *row, enum way way, struct trial *t)
{
    here = t;
    prepare(way);
    if (row->begin)
        row->begin(t);
    long start = now_ms();
    errno = 0;
    t->about_to = 1;
    t->result = row->call(t);
    t->error = errno;
    t->took_ms = now_ms() - start;
    t->done = 1;
    _exit(0);
}

static const char *time_class(long took)
{
    return took < SHORT_MS - 10 ? "before its time" : took < LATE_MS ? "in time" : "late";
}

static void judge(const struct row *row, enum way way, struct trial *t, bool early)
{
    static const int handlers[WAYS] = {1, 1, 2, 2, 2, 0, 1, 0, 0, 0};
    bool timed = strstr(row->name, "_2s") != NULL, eintr = t->result == -1 && t->error == EINTR;
    bool plain = way == PLAIN || way == FIRST_PLAIN, want = row->answer != ALWAYS;

    if (handlers[way] == 0)
        want = row->answer == STOPS && way == STOP;
    else if (row->answer == AGAIN)
        want = plain;
    int n = sprintf(t->verdict, "%s, %s: %s %d %s, handlers %d, as signal(7) says %s", row->name,
                    way_names[way], early || timed ? "" : "after the end",
                    t->result < 0 ? -1 : (int)t->result,
                    t->result == -1 ? strerrorname_np(t->error) : "", t->handled,
                    (eintr && early) == want ? "yes" : "no");

    if (eintr && t->left_ms)
        n += sprintf(t->verdict + n, ", left: %s",
                     t->left_ms < LONG_S * 1000 && t->left_ms > LONG_S * 500 ? "what should"
                                                                             : "wrong");
    if (timed && !eintr)
        sprintf(t->verdict + n, ", %s", time_class(t->took_ms));
}

/* Keeps one subject. */
static void keep(const struct row *row, enum way way, struct trial *t)
{
    bool timed = strstr(row->name, "_2s") != NULL;

    snprintf(t->name, sizeof(t->name), "%s-%d", row->name, way);
    row->set(t);
    pid_t pid = fork();
    if (pid == 0)
        subject(row, way, t);
    if (row->finish == finish_usr1 || row->finish == finish_rt)
        t->id = pid;
    await(t, pid, 'S');
    if (timed)
        usleep(SIGNAL_MS * 1000);
    send_signals(t, pid, way);
    await(t, pid, 'S');
    bool early = t->done;
    if (!early && row->finish)
        row->finish(t);
    for (int i = 0; i < 5000 && !t->done && (row->finish || timed); i++)
        nap();
    if (!t->done)
        kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (!t->done)
        sprintf(t->verdict, "%s, %s: goes on waiting", row->name, way_names[way]);
    else
        judge(row, way, t, early);
    if (row->set == make_sem)
        semctl(t->id, 0, IPC_RMID);
    if (row->set == make_msg || row->set == make_full_msg)
        msgctl(t->id, IPC_RMID, NULL);
    _exit(0);
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), TOGETHER = 40 };
    struct trial *trials = mmap(NULL, sizeof(*trials) * ROWS * WAYS, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int running = 0;

    for (int i = 0; i < ROWS * WAYS; i++) {
        if (running++ >= TOGETHER)
            wait(NULL);
        if (fork() == 0)
            keep(&rows[i / WAYS], (enum way)(i % WAYS), &trials[i]);
    }
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < ROWS * WAYS; i++)
        show("%s", trials[i].verdict);
    return 0;
}
