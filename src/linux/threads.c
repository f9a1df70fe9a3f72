/* linux/threads.c: guest threads. Each is a thread of the host, made by pthread_create: so its id,
 * its signals and mask, its scheduling and its place in /proc are the kernel's.
 *
 * Of the four objects that clone counts, memory and dispositions are the process's, as a thread of
 * Linux must share them; descriptors and the file-system view are the host thread's, which are
 * unshared in the new thread if the guest does not share them. What libc's thread needs of the
 * kernel for itself (the word cleared at its end, by which a joiner knows that its stack is free)
 * it keeps; the guest's word and robust list are dealt with here, when the guest's thread ends, and
 * the host thread goes on a little while.
 *
 * That is why a thread that has ended is joined before the process forks: it may hold locks of
 * libc, which the child would find held for ever. The same joins keep the number of such threads
 * low.
 *
 * The first thread's end does not end it for the kernel while others run, as on any Linux: it stays
 * as a zombie, and /proc/self shows little then. So the runtime itself uses /proc/thread-self.
 *
 * Does not handle: CLONE_VFORK and a new pid or user namespace with CLONE_THREAD (EINVAL). */
#include "linux/threads.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/sys.h"

enum {
    HANDLER_STACK_SIZE = 64 << 10,
    THREAD_STACK_SIZE = (256 << 10) + HANDLER_STACK_SIZE, /* what system calls need, and libc */
};

/* ---- dispositions ---------------------------------------------------------------------------- */

struct linux_sighand *sighand_share(struct linux_sighand *s)
{
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

struct linux_sighand *sighand_copy(struct linux_sighand *s)
{
    struct linux_sighand *copy = base_zalloc(sizeof(*copy));

    pthread_mutex_init(&copy->lock, NULL);
    copy->refs = 1;
    pthread_mutex_lock(&s->lock);
    memcpy(copy->actions, s->actions, sizeof(copy->actions));
    pthread_mutex_unlock(&s->lock);
    return copy;
}

void sighand_drop(struct linux_sighand *s)
{
    if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(s);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static struct linux_task *make_task(struct linux_process *process)
{
    struct linux_task *task = base_zalloc(sizeof(*task));

    task->process = process;
    task->exec = base_zalloc(sizeof(*task->exec));
    task->altstack.flags = 2 /* SS_DISABLE */;
    task->sampler = -1;
    task->t = vm_thread_create(process->vm);
    task->t->task = task;
    return task;
}

/* Without its vm thread. */
static void free_task(struct linux_task *task)
{
    sighand_drop(task->sighand);
    arena_free(&task->exec->scratch);
    vec_free(&task->exec->args);
    vec_free(&task->exec->env);
    vec_free(&task->exec->command);
    free(task->exec);
    free(task);
}

struct linux_task *threads_first_task(struct linux_process *process)
{
    struct linux_task *task = make_task(process);

    pthread_mutex_init(&process->lock, NULL);
    task->sighand = base_zalloc(sizeof(*task->sighand));
    pthread_mutex_init(&task->sighand->lock, NULL);
    task->sighand->refs = 1;
    task->tid = getpid();
    vec_push(&process->tasks, task);
    return task;
}

struct linux_task *threads_find(struct linux_process *process, pid_t tid)
{
    for (size_t i = 0; i < process->tasks.len; i++) {
        if (process->tasks.data[i]->tid == tid)
            return process->tasks.data[i];
    }
    return NULL;
}

static void add_task(struct linux_task *task)
{
    struct linux_process *process = task->process;

    pthread_mutex_lock(&process->lock);
    vec_push(&process->tasks, task);
    pthread_mutex_unlock(&process->lock);
}

/* Returns how many are left. */
static size_t remove_task(struct linux_task *task)
{
    struct linux_process *process = task->process;
    size_t i = 0;

    pthread_mutex_lock(&process->lock);
    while (i < process->tasks.len && process->tasks.data[i] != task)
        i++;
    CHECK(i < process->tasks.len, "a thread ends that its process does not know");
    process->tasks.data[i] = process->tasks.data[--process->tasks.len];
    size_t left = process->tasks.len;
    pthread_mutex_unlock(&process->lock);
    return left;
}

/* ---- the end of a thread --------------------------------------------------------------------- */

/* Waits for the host threads whose guests have ended. */
static void join_ended(struct linux_process *process)
{
    pthread_t ended;

    for (;;) {
        pthread_mutex_lock(&process->lock);
        bool any = process->ended.len > 0;
        if (any)
            ended = process->ended.data[--process->ended.len];
        pthread_mutex_unlock(&process->lock);
        if (!any)
            return;
        pthread_join(ended, NULL);
    }
}

bool threads_leave(struct linux_task *task)
{
    futex_leave(task);
    if (remove_task(task) > 0)
        return false;
    /* The status of the thread that ends last is the process's (synchronize_group_exit()). */
    join_ended(task->process);
    return true;
}

/* The guest's thread has left its run loop; the host's is about to. From the moment that it stands
 * on the list somebody may wait for it. */
static void end_host_thread(struct linux_task *task)
{
    struct linux_process *process = task->process;

    signal_thread_end();
    pthread_mutex_lock(&process->lock);
    vec_push(&process->ended, pthread_self());
    pthread_mutex_unlock(&process->lock);
    vm_thread_destroy(task->t);
    free_task(task);
}

/* ---- the start ------------------------------------------------------------------------------- */

struct thread_start {
    struct linux_task *task;
    const struct clone_args_guest *args;
    int32_t answer; /* 0; then the thread's id, or -errno if it cannot start */
};

/* After this the starter's frame may be gone. */
static void answer_starter(struct thread_start *start, int32_t answer)
{
    __atomic_store_n(&start->answer, answer, __ATOMIC_RELEASE);
    raw_syscall4(__NR_futex, (uint64_t)&start->answer, FUTEX_WAKE_PRIVATE, 1, 0);
}

static int32_t await_answer(struct thread_start *start)
{
    int32_t answer;

    while ((answer = __atomic_load_n(&start->answer, __ATOMIC_ACQUIRE)) == 0)
        raw_syscall4(__NR_futex, (uint64_t)&start->answer, FUTEX_WAIT_PRIVATE, 0, 0);
    return answer;
}

/* What the new thread does not share. Returns 0 or -errno. */
static int unshare_rest(uint64_t flags)
{
    uint64_t shared = CLONE_FILES | CLONE_FS | CLONE_SYSVSEM;
    uint64_t fresh = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    uint64_t what = (~flags & shared) | (flags & fresh);

    return what && unshare((int)what) < 0 ? -errno : 0;
}

/* The id's words are written before either of the two goes on. Bad addresses are ignored, as in the
 * kernel (put_user() unchecked). */
static int32_t start_task(struct linux_task *task, const struct clone_args_guest *c)
{
    struct space *space = task->process->space;
    int error = unshare_rest(c->flags);
    int32_t tid = (int32_t)gettid();

    if (error)
        return error;
    task->tid = tid;
    if (c->flags & CLONE_PARENT_SETTID)
        space_write(space, GVA(c->ptid), &tid, sizeof(tid));
    if (c->flags & CLONE_CHILD_SETTID)
        space_write(space, GVA(c->ctid), &tid, sizeof(tid));
    add_task(task);
    return tid;
}

static void *thread_main(void *arg)
{
    unsigned char handler_stack[HANDLER_STACK_SIZE];
    struct thread_start *start = arg;
    struct linux_task *task = start->task;

    signal_thread_start(task, handler_stack, sizeof(handler_stack));
    int32_t answer = start_task(task, start->args);
    answer_starter(start, answer);
    if (answer > 0) {
        signal_apply_mask(task);
        sampler_start(task);
        vm_run(task->t);
        sampler_end(task);
    }
    end_host_thread(task);
    return NULL;
}

static int check_flags(const struct linux_task *task, uint64_t flags)
{
    uint64_t needed = CLONE_VM | CLONE_SIGHAND;
    uint64_t unknown =
        CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD | CLONE_VFORK | CLONE_CLEAR_SIGHAND;

    if ((flags & needed) != needed || flags & unknown || task->in_vfork)
        return -EINVAL;
    if ((flags & CLONE_FS && flags & CLONE_NEWNS) ||
        (flags & CLONE_SYSVSEM && flags & CLONE_NEWIPC))
        return -EINVAL;
    return 0;
}

/* The new thread's registers are the caller's, but for what clone says. */
static struct linux_task *copy_task(const struct linux_task *from, const struct clone_args_guest *c)
{
    struct linux_task *task = make_task(from->process);
    struct thread *t = task->t;

    memcpy(t->guest, from->t->guest, t->desc->state_size);
    t->fp = from->t->fp;
    abi_syscall_return(t, 0);
    if (c->stack)
        abi_state(t)->x[ABI_SP] = c->stack;
    if (c->flags & CLONE_SETTLS)
        abi_state(t)->x[ABI_TP] = c->tls;
    if (c->flags & CLONE_CHILD_CLEARTID)
        task->clear_tid = c->ctid;
    task->sighand = sighand_share(from->sighand);
    task->mask = from->mask;
    return task;
}

static int create_host_thread(struct thread_start *start)
{
    pthread_attr_t attr;
    pthread_t unused;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE);
    int error = pthread_create(&unused, &attr, thread_main, start);
    pthread_attr_destroy(&attr);
    return error ? -EAGAIN : 0;
}

int64_t threads_clone(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread_start start = {.args = c};
    int error = check_flags(task, c->flags);

    if (error)
        return error;
    join_ended(task->process);
    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    start.task = copy_task(task, c);
    signal_block_even_sync(); /* the new thread begins so */
    int32_t answer = create_host_thread(&start);
    if (answer < 0) {
        vm_thread_destroy(start.task->t);
        free_task(start.task);
    } else {
        answer = await_answer(&start);
    }
    signal_take_from_libc(task);
    signal_apply_mask(task);
    return answer;
}

/* ---- fork ------------------------------------------------------------------------------------ */

int threads_fork_begin(struct linux_task *task)
{
    struct linux_process *process = task->process;

    for (;;) {
        join_ended(process);
        int error = vm_fork_begin(process->vm);
        if (error || process->ended.len == 0)
            return error;
        vm_fork_end(process->vm, false);
    }
}

void threads_fork_end(struct linux_task *task, bool child)
{
    struct linux_process *process = task->process;

    vm_fork_end(process->vm, child);
    if (!child)
        return;
    for (size_t i = 0; i < process->tasks.len; i++) {
        if (process->tasks.data[i] != task)
            free_task(process->tasks.data[i]);
    }
    process->tasks.len = 0;
    vec_push(&process->tasks, task);
    task->tid = getpid();
    task->in_vfork = false;
    task->sampler = -1;
}
