/* clone's four counted objects: memory, file-system view, descriptors, dispositions, each shared or
 * copied, with vfork and without; processes that run side by side in one memory; what is refused.
 */
#define _GNU_SOURCE
#include "show.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { STACK = 256 << 10 };

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int futex(volatile int *word, int operation, int value)
{
    return (int)syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Between processes that share memory, by turns: errno and the like are shared too. */
static void await(volatile int *word, int value)
{
    int now;

    while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != value)
        futex(word, FUTEX_WAIT, now);
}

static void give(volatile int *word, int value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    futex(word, FUTEX_WAKE, 100);
}

static char *new_stack(void)
{
    char *low = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return low + STACK;
}

static void free_stack(char *top)
{
    munmap(top - STACK, STACK);
}

/* A child with a stack of its own, waited for; prints its status. */
static void run(const char *what, int (*child)(void *), unsigned long flags)
{
    char *stack = new_stack();
    int status = 0;
    pid_t pid = clone(child, stack, (int)flags, NULL);

    if (pid < 0)
        show("%s: %s", what, strerrorname_np(errno));
    else if (waitpid(pid, &status, __WALL) != pid)
        show("%s: wait: %s", what, strerrorname_np(errno));
    else
        show_status(what, status);
    free_stack(stack);
}

/* ---- every combination ----------------------------------------------------------------------- */

static volatile int variable;
static int spare_fd;

static void on_signal(int sig)
{
}

static int change_all(void *arg)
{
    struct rlimit limit = {100 << 20, 1000 << 20};

    variable = 1;
    umask(0111);
    chdir("/");
    close(spare_fd);
    signal(SIGUSR1, on_signal);
    setrlimit(RLIMIT_DATA, &limit);
    setrlimit(RLIMIT_CORE, &limit);
    return 7;
}

static void look_at_all(const char *what)
{
    struct sigaction action;
    struct rlimit data, core;
    char folder[256] = "";

    sigaction(SIGUSR1, NULL, &action);
    getrlimit(RLIMIT_DATA, &data);
    getrlimit(RLIMIT_CORE, &core);
    getcwd(folder, sizeof(folder));
    mode_t mask = umask(022);
    show("%s: memory %d, folder %d, mask %o, file %d, handler %d, limits %d %d", what, variable,
         strcmp(folder, "/") == 0, mask, fcntl(spare_fd, F_GETFD) < 0,
         action.sa_handler == on_signal, data.rlim_cur == 100 << 20, core.rlim_cur == 100 << 20);
}

static void test_combinations(void)
{
    static const struct {
        unsigned long flag;
        const char *name;
    } flags[] = {{CLONE_VM, " VM"},
                 {CLONE_FS, " FS"},
                 {CLONE_FILES, " FILES"},
                 {CLONE_SIGHAND, " SIGHAND"},
                 {CLONE_VFORK, " VFORK"}};
    int home = open(".", O_PATH | O_DIRECTORY);

    for (unsigned set = 0; set < 32; set++) {
        unsigned long sum = SIGCHLD;
        char what[64] = "clone";
        for (unsigned i = 0; i < 5; i++) {
            sum |= set >> i & 1 ? flags[i].flag : 0;
            strcat(what, set >> i & 1 ? flags[i].name : "");
        }
        variable = 0;
        umask(022);
        spare_fd = open("/dev/null", O_RDONLY);
        signal(SIGUSR1, SIG_DFL);
        run(what, change_all, sum);
        look_at_all(what);
        close(spare_fd);
        fchdir(home);
    }
    close(home);
}

/* ---- side by side ---------------------------------------------------------------------------- */

static volatile int turn, sum_of_both;
static pid_t seen_parent, seen_self;

static int count_along(void *arg)
{
    seen_parent = getppid();
    seen_self = getpid();
    for (int i = 0; i < 1000; i++) {
        await(&turn, 2 * i + 1);
        sum_of_both++;
        give(&turn, 2 * i + 2);
    }
    return 3;
}

/* They run at once: each waits for the other a thousand times. */
static void test_turns(void)
{
    char *stack = new_stack();
    int status;

    turn = sum_of_both = 0;
    pid_t pid = clone(count_along, stack, CLONE_VM | SIGCHLD, NULL);
    for (int i = 0; i < 1000; i++) {
        sum_of_both++;
        give(&turn, 2 * i + 1);
        await(&turn, 2 * i + 2);
    }
    show("sum of both: %d", sum_of_both);
    show_true(waitpid(pid, &status, 0) == pid);
    show_status("side by side", status);
    show_true(seen_self == pid && seen_parent == getpid());
    free_stack(stack);
}

static volatile long counters[8];
static volatile int stop_counting;

static int count_alone(void *arg)
{
    volatile long *mine = arg;

    while (!stop_counting)
        ++*mine;
    return *mine > 0 ? 20 : 21;
}

/* Several of them compute, maps and unmaps go on beside it. */
static void test_crowd(void)
{
    pid_t pids[8];
    char *stacks[8];
    int status, good = 0;

    stop_counting = 0;
    for (int i = 0; i < 8; i++) {
        stacks[i] = new_stack();
        pids[i] =
            clone(count_alone, stacks[i], CLONE_VM | CLONE_FILES | SIGCHLD, (void *)&counters[i]);
    }
    for (int i = 0; i < 8; i++)
        while (counters[i] < 1000)
            free_stack(new_stack());
    stop_counting = 1;
    for (int i = 0; i < 8; i++) {
        good += waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) &&
                WEXITSTATUS(status) == 20;
        free_stack(stacks[i]);
    }
    show("of eight that compute: %d", good);
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static int compute_for_ever(void *arg)
{
    give(&turn, 1);
    for (;;)
        ++*(volatile long *)&counters[0];
}

static int sleep_for_ever(void *arg)
{
    give(&turn, 1);
    for (;;)
        poll(NULL, 0, -1);
}

static int fault(void *arg)
{
    *(volatile int *)opaque(8) = 1;
    return 0;
}

static int leave_group(void *arg)
{
    syscall(SYS_exit_group, 44);
    return 0;
}

static int die_by(void *arg)
{
    raise(SIGUSR2);
    return 0;
}

static int execute(void *arg)
{
    char *words[] = {"prog", "status", NULL};

    execv("./prog", words);
    return 99;
}

static int execute_nothing(void *arg)
{
    char *words[] = {"nothing", NULL};

    execv("./nothing", words);
    variable = errno;
    return 98;
}

/* Until it is in its system call: whom SIGKILL finds elsewhere may leave anything behind in the
 * memory, a machine that runs it too. */
static void await_sleep(pid_t pid)
{
    char path[64], text[256], state;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    do {
        int fd = open(path, O_RDONLY);
        ssize_t n = read(fd, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = 0;
        close(fd);
        const char *end = strrchr(text, ')');
        state = end ? end[2] : 'S';
    } while (state != 'S');
}

static void kill_one(const char *what, int (*child)(void *), unsigned long flags, int sig)
{
    char *stack = new_stack();
    int status;

    turn = 0;
    pid_t pid = clone(child, stack, (int)(CLONE_VM | SIGCHLD | flags), NULL);
    await(&turn, 1);
    if (sig == SIGKILL)
        await_sleep(pid);
    kill(pid, sig);
    waitpid(pid, &status, 0);
    show_status(what, status);
    free_stack(stack);
}

static void test_ends(void)
{
    run("fault", fault, CLONE_VM | SIGCHLD);
    run("fault under vfork", fault, CLONE_VM | CLONE_VFORK | SIGCHLD);
    run("exit_group", leave_group, CLONE_VM | SIGCHLD);
    run("exit_group under vfork", leave_group, CLONE_VM | CLONE_VFORK | SIGCHLD);
    run("raise", die_by, CLONE_VM | SIGCHLD);
    run("raise under vfork", die_by, CLONE_VM | CLONE_VFORK | SIGCHLD);
    kill_one("SIGTERM while it computes", compute_for_ever, 0, SIGTERM);
    kill_one("SIGTERM while it waits", sleep_for_ever, CLONE_FILES | CLONE_FS, SIGTERM);
    kill_one("SIGKILL while it waits", sleep_for_ever, 0, SIGKILL);
    kill_one("a real-time signal", compute_for_ever, CLONE_SIGHAND, SIGRTMAX);
    run("execve", execute, CLONE_VM | SIGCHLD);
    run("execve with descriptors", execute, CLONE_VM | CLONE_FILES | SIGCHLD);
    run("execve under vfork", execute, CLONE_VM | CLONE_VFORK | SIGCHLD);
    run("execve of nothing", execute_nothing, CLONE_VM | SIGCHLD);
    show("its error: %s", strerrorname_np(variable));
}

static volatile int signals_seen;

static void on_child(int sig)
{
    signals_seen |= 1 << sig;
}

static int nothing(void *arg)
{
    return 1;
}

/* The signal at the end, and who may wait for it. */
static void test_exit_signals(void)
{
    static const int exit_signals[] = {0, SIGCHLD, SIGUSR1, SIGWINCH};
    char what[64];
    int status;

    signal(SIGCHLD, on_child);
    signal(SIGUSR1, on_child);
    signal(SIGWINCH, on_child);
    for (int i = 0; i < 4; i++) {
        char *stack = new_stack();
        signals_seen = 0;
        pid_t pid = clone(nothing, stack, CLONE_VM | exit_signals[i], NULL);
        errno = 0;
        pid_t plain = waitpid(pid, &status, 0);
        snprintf(what, sizeof(what), "exit signal %d: wait", exit_signals[i]);
        show("%s: %d %s", what, plain == pid, plain < 0 ? strerrorname_np(errno) : "");
        if (plain < 0)
            show("%s for all: %d", what, waitpid(pid, &status, __WALL) == pid);
        show_status(what, status);
        show("%s, signals: %#x", what, signals_seen);
        free_stack(stack);
    }
    signal(SIGCHLD, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGWINCH, SIG_DFL);
}

/* ---- ids ------------------------------------------------------------------------------------- */

static volatile int parent_tid, child_tid, own_tid;

static int note_tid(void *arg)
{
    own_tid = child_tid;
    return own_tid == getpid() ? 11 : 12;
}

static int fault_later(void *arg)
{
    await(&turn, 1);
    *(volatile int *)opaque(8) = 1;
    return 0;
}

static int execute_later(void *arg)
{
    await(&turn, 1);
    return execute(arg);
}

/* The word is cleared and waited for by its futex, however the child leaves the memory. */
static void cleared(const char *what, int (*child)(void *), unsigned long flags)
{
    char *stack = new_stack();
    int status;

    turn = 0;
    parent_tid = child_tid = 0;
    pid_t pid = clone(child, stack,
                      (int)(flags | CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                            CLONE_PARENT_SETTID | SIGCHLD),
                      NULL, (void *)&parent_tid, NULL, (void *)&child_tid);
    show("%s: parent's word: %d", what, parent_tid == pid);
    give(&turn, 1);
    await(&child_tid, 0);
    show("%s: cleared", what);
    waitpid(pid, &status, 0);
    show_status(what, status);
    free_stack(stack);
}

static void test_ids(void)
{
    char *stack = new_stack();
    int status, pidfd = -1;

    cleared("ids", note_tid, 0);
    cleared("ids under vfork", note_tid, CLONE_VFORK);
    cleared("ids of one that dies", fault_later, 0);
    cleared("ids of one that executes", execute_later, 0);
    pid_t pid = clone(nothing, stack, CLONE_VM | CLONE_PIDFD | SIGCHLD, NULL, &pidfd);
    struct pollfd ready = {.fd = pidfd, .events = POLLIN};
    show("pidfd: %d", poll(&ready, 1, 10000));
    show_true(waitpid(pid, &status, 0) == pid);
    free_stack(stack);
}

/* clone3 has room for both. */
static void test_pidfd_and_tid(void)
{
    int pidfd = -1, tid = -1, status;
    struct clone_args args = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
                              .pidfd = (uintptr_t)&pidfd,
                              .parent_tid = (uintptr_t)&tid,
                              .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        _exit(0);
    show_true(tid == pid && pidfd > 2);
    waitpid(pid, &status, 0);
    args.parent_tid = args.pidfd;
    show_call(syscall(SYS_clone3, &args, sizeof(args)));
}

/* ---- families -------------------------------------------------------------------------------- */

static int fork_inside(void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        variable = 100; /* of its own */
        _exit(4);
    }
    waitpid(pid, &status, 0);
    variable += WEXITSTATUS(status);
    return variable;
}

static int nest(void *arg)
{
    char *stack = new_stack();
    int status, depth = (int)(intptr_t)arg;

    variable++;
    if (depth > 0) {
        pid_t pid = clone(nest, stack, CLONE_VM | SIGCHLD, opaque(depth - 1));
        waitpid(pid, &status, 0);
        variable += WEXITSTATUS(status);
    }
    free_stack(stack);
    return variable;
}

static int nest_three(void *arg)
{
    return nest(opaque(3));
}

static void *add_ten(void *arg)
{
    __atomic_add_fetch(&variable, 10, __ATOMIC_SEQ_CST);
    return NULL;
}

/* In a copy of the process, since its libc takes the threads for its own. */
static int threads_inside(void *arg)
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, add_ten, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return variable;
}

static int leave_threads(void *arg)
{
    pthread_t thread;

    pthread_create(&thread, NULL, (void *(*)(void *))sleep_for_ever, NULL);
    await(&turn, 1);
    syscall(SYS_exit_group, 17);
    return 0;
}

static void test_families(void)
{
    variable = 1;
    run("fork inside", fork_inside, CLONE_VM | SIGCHLD);
    show("variable: %d", variable);
    run("fork inside a vfork", fork_inside, CLONE_VM | CLONE_VFORK | SIGCHLD);
    show("variable: %d", variable);
    variable = 0;
    run("nested", nest_three, CLONE_VM | SIGCHLD);
    run("nested under vfork", nest_three, CLONE_VM | CLONE_VFORK | SIGCHLD);
    variable = 2;
    run("threads inside", threads_inside, CLONE_VM | SIGCHLD);
    run("threads inside a vfork", threads_inside, CLONE_VM | CLONE_VFORK | SIGCHLD);
    turn = 0;
    run("threads left behind", leave_threads, CLONE_VM | SIGCHLD);
    turn = 0;
    run("threads left behind under vfork", leave_threads, CLONE_VM | CLONE_VFORK | SIGCHLD);
    run("and then", fork_inside, SIGCHLD);
}

static int pipe_fds[2];

static int outlive(void *arg)
{
    char *stack = new_stack();

    await(&turn, 1);
    while (getppid() == (pid_t)(intptr_t)arg)
        sched_yield();
    stack[-1] = 1;
    free_stack(stack);
    write(pipe_fds[1], "still here", 10);
    return 0;
}

/* The memory stays when its first process ends. */
static void test_orphan(void)
{
    char text[16] = "";
    int status;

    turn = 0;
    pipe(pipe_fds);
    pid_t pid = fork();
    if (pid == 0) {
        clone(outlive, new_stack(), CLONE_VM | SIGCHLD, opaque(getpid()));
        give(&turn, 1);
        _exit(5);
    }
    close(pipe_fds[1]);
    waitpid(pid, &status, 0);
    show_status("its maker", status);
    show("read: %zd %s", read(pipe_fds[0], text, sizeof(text) - 1), text);
    close(pipe_fds[0]);
}

static int outlive_at_work(void *arg)
{
    for (int more = 20; more > 0; more -= getppid() != (pid_t)(intptr_t)arg) {
        free_stack(new_stack());
        give(&turn, 1);
    }
    write(pipe_fds[1], "", 1);
    return 0;
}

/* The maker ends while its child is in the middle of a call. */
static void test_orphans_at_work(void)
{
    enum { TIMES = 40 };
    char unused[TIMES];
    int good = 0;

    for (int i = 0; i < TIMES; i++) {
        turn = 0;
        pipe(pipe_fds);
        pid_t pid = fork();
        if (pid == 0) {
            clone(outlive_at_work, new_stack(), CLONE_VM | SIGCHLD, opaque(getpid()));
            await(&turn, 1);
            _exit(5);
        }
        close(pipe_fds[1]);
        waitpid(pid, NULL, 0);
        good += read(pipe_fds[0], unused, 1) == 1;
        close(pipe_fds[0]);
    }
    show("went on: %d", good);
}

/* ---- threads left at work -------------------------------------------------------------------- */

enum { WORKERS = 2 };

static volatile int n_working;

static int work_for_ever(void *arg)
{
    for (bool first = true;; first = false) {
        free_stack(new_stack());
        if (first)
            __atomic_add_fetch(&n_working, 1, __ATOMIC_SEQ_CST);
    }
}

/* Makes threads and calls arg, by which the process ends when they are in the middle of calls. */
static int leave_at_work(void *arg)
{
    for (int i = 0; i < WORKERS; i++)
        clone(work_for_ever, new_stack(), THREAD, NULL);
    while (n_working < WORKERS)
        sched_yield();
    return ((int (*)(void *))arg)(NULL);
}

/* Another process in the memory goes on with the same work. */
static void left_at_work(const char *what, int (*end)(void *), unsigned long flags)
{
    enum { TIMES = 6 };
    int status, first = -1, good = 0;

    for (int i = 0; i < TIMES; i++) {
        char *stack = new_stack();
        n_working = 0;
        pid_t pid = clone(leave_at_work, stack, (int)(flags | CLONE_VM | SIGCHLD), end);
        while (waitpid(pid, &status, WNOHANG) == 0)
            free_stack(new_stack());
        first = i == 0 ? status : first;
        good += status == first;
        free_stack(stack);
    }
    show_status(what, first);
    show("%s: the same in %d", what, good);
}

static void test_left_at_work(void)
{
    left_at_work("left by exit_group", leave_group, 0);
    left_at_work("left by exit_group under vfork", leave_group, CLONE_VFORK);
    left_at_work("left by execve", execute, 0);
    left_at_work("left by execve under vfork", execute, CLONE_VFORK);
    left_at_work("left by a signal", die_by, 0);
    left_at_work("left by a signal under vfork", die_by, CLONE_VFORK);
    left_at_work("left by a fault", fault, 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

static int set_variable(void *arg)
{
    struct timespec pause = {0, 20000000};

    syscall(SYS_nanosleep, &pause, NULL);
    variable = 5;
    return 0;
}

static void test_threads(void)
{
    char *stack = new_stack();

    variable = 0;
    show_true(clone(set_variable, stack, THREAD | CLONE_VFORK, NULL) > 0);
    show("after a thread with CLONE_VFORK: %d", variable);
    free_stack(stack);
}

static void *end_at_once(void *arg)
{
    return NULL;
}

/* The host thread of one that has been joined may not have ended yet. */
static void test_behind_a_thread(void)
{
    enum { TIMES = 100 };
    pthread_t thread;
    int good = 0;

    for (int i = 0; i < TIMES; i++) {
        char *stack = new_stack();
        int status;
        pthread_create(&thread, NULL, end_at_once, NULL);
        pthread_join(thread, NULL);
        pid_t pid = clone(nothing, stack, CLONE_VM | SIGCHLD, NULL);
        good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 1;
        free_stack(stack);
    }
    show("made behind a thread: %d", good);
}

static void *unshare_all(void *arg)
{
    show_call(unshare(CLONE_FS | CLONE_FILES));
    chdir("/");
    umask(0);
    close(spare_fd);
    return NULL;
}

static void test_unshare(void)
{
    pthread_t thread;

    variable = 0;
    umask(022);
    spare_fd = open("/dev/null", O_RDONLY);
    signal(SIGUSR1, SIG_DFL);
    pthread_create(&thread, NULL, unshare_all, NULL);
    pthread_join(thread, NULL);
    look_at_all("after a thread's unshare");
    show_call(unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
    show_call(unshare(CLONE_PARENT));
    show_call(setns(spare_fd, 0));
    show_call(setns(-1, CLONE_NEWNS));
    close(spare_fd);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(const char *what, unsigned long flags)
{
    char *stack = new_stack();
    int unused;
    pid_t pid = clone(nothing, stack, (int)flags, NULL, &unused, NULL, &unused);

    show("%s: %s", what, pid < 0 ? strerrorname_np(errno) : "accepted");
    if (pid > 0 && !(flags & CLONE_THREAD))
        waitpid(pid, NULL, __WALL);
}

#define REFUSED(flags) refused(#flags, flags)

static void test_refused(void)
{
    REFUSED(CLONE_SIGHAND | SIGCHLD);
    REFUSED(CLONE_SIGHAND | CLONE_FS | CLONE_FILES | SIGCHLD);
    REFUSED(CLONE_THREAD);
    REFUSED(CLONE_THREAD | CLONE_VM);
    REFUSED(CLONE_THREAD | CLONE_SIGHAND);
    REFUSED(CLONE_NEWNS | CLONE_FS | SIGCHLD);
    REFUSED(CLONE_NEWNS | CLONE_FS | CLONE_VM | SIGCHLD);
    REFUSED(CLONE_NEWUSER | CLONE_FS | SIGCHLD);
    REFUSED(CLONE_NEWUSER | CLONE_FS | CLONE_VM | CLONE_VFORK | SIGCHLD);
    REFUSED(CLONE_NEWIPC | CLONE_SYSVSEM | CLONE_VM | SIGCHLD);
    REFUSED(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD);
    REFUSED(THREAD | CLONE_NEWUSER);
    REFUSED(THREAD | CLONE_NEWPID);
    REFUSED(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD);
    REFUSED(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD);
    REFUSED(CLONE_PIDFD | CLONE_DETACHED | CLONE_VM | SIGCHLD);
    REFUSED(CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | SIGCHLD);
    REFUSED(CLONE_VM | CLONE_PARENT | SIGCHLD);
    REFUSED(CLONE_VM | CLONE_IO | CLONE_UNTRACED | SIGCHLD);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 33;
    test_combinations();
    test_turns();
    test_crowd();
    test_ends();
    test_exit_signals();
    test_ids();
    test_pidfd_and_tid();
    test_families();
    test_orphan();
    test_orphans_at_work();
    test_left_at_work();
    test_threads();
    test_behind_a_thread();
    test_unshare();
    test_refused();
    return 0;
}
