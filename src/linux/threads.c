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
 * A process in another one's memory is made with these means by sharing.c. */
#include "linux/threads.h"

#include <errno.h>
#include <fcntl.h>
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
    copy->ends_in_order = s->ends_in_order;
    pthread_mutex_unlock(&s->lock);
    return copy;
}

void sighand_drop(struct linux_sighand *s)
{
    if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(s);
}

/* ---- the view of the file system ------------------------------------------------------------- */

static struct linux_fs *make_fs(bool other_root)
{
    struct linux_fs *fs = base_alloc(sizeof(*fs));

    *fs = (struct linux_fs){1, other_root};
    return fs;
}

struct linux_fs *fs_share(struct linux_fs *fs)
{
    __atomic_add_fetch(&fs->refs, 1, __ATOMIC_RELAXED);
    return fs;
}

struct linux_fs *fs_copy(const struct linux_fs *fs)
{
    return make_fs(fs->other_root);
}

void fs_drop(struct linux_fs *fs)
{
    if (__atomic_sub_fetch(&fs->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(fs);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static struct linux_task *make_task(struct linux_process *process)
{
    struct linux_task *task = base_zalloc(sizeof(*task));

    task->process = process;
    task->exec = base_zalloc(sizeof(*task->exec));
    task->altstack.flags = 2 /* SS_DISABLE */;
    task->sampler = -1;
    return task;
}

static void give_record(struct linux_task *task)
{
    task->t = vm_thread_create(task->process->vm);
    task->t->task = task;
}

void threads_free_task(struct linux_task *task)
{
    sighand_drop(task->sighand);
    fs_drop(task->fs);
    strace_forget(task);
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

    give_record(task);
    process->memory = base_zalloc(sizeof(*process->memory));
    process->memory->users = 1;
    pthread_mutex_init(&process->memory->lock, NULL);
    pthread_mutex_init(&process->lock, NULL);
    task->fs = make_fs(false);
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
    if (process->ends)
        vm_park(task->t);
    pthread_mutex_unlock(&process->lock);
}

static void count_leaving(struct linux_process *process)
{
    __atomic_add_fetch(&process->leaving, 1, __ATOMIC_RELAXED);
}

/* Returns how many are left; if there are any, the thread counts as leaving. */
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
    if (left > 0)
        count_leaving(process);
    vm_unpark(task->t); /* it is waited for in another way */
    pthread_mutex_unlock(&process->lock);
    return left;
}

/* ---- the end of a thread --------------------------------------------------------------------- */

void threads_join_ended(struct linux_memory *memory)
{
    pthread_t ended;

    for (;;) {
        pthread_mutex_lock(&memory->lock);
        bool any = memory->ended.len > 0;
        if (any)
            ended = memory->ended.data[--memory->ended.len];
        pthread_mutex_unlock(&memory->lock);
        if (!any)
            return;
        pthread_join(ended, NULL);
    }
}

/* Who is last is decided first (synchronize_group_exit()): whoever learns of this thread's end by
 * its word may end in turn, and is last then. */
bool threads_leave(struct linux_task *task)
{
    if (remove_task(task) > 0) {
        futex_leave(task);
        return false;
    }
    ending_begin(task);
    futex_leave(task);
    return true;
}

void threads_left(struct linux_process *process)
{
    __atomic_sub_fetch(&process->leaving, 1, __ATOMIC_RELEASE);
}

void threads_end_host(struct linux_task *task)
{
    struct linux_memory *memory = task->process->memory;

    signal_thread_end();
    pthread_mutex_lock(&memory->lock);
    vec_push(&memory->ended, pthread_self());
    pthread_mutex_unlock(&memory->lock);
    if (task->vfork_done)
        threads_answer(task->vfork_done, 1);
    vm_thread_destroy(task->t);
    threads_free_task(task);
}

/* ---- the start ------------------------------------------------------------------------------- */

void threads_answer(uint32_t *word, int32_t answer)
{
    __atomic_store_n(word, (uint32_t)answer, __ATOMIC_RELEASE);
    raw_syscall4(__NR_futex, (uint64_t)word, FUTEX_WAKE_PRIVATE, 1, 0);
}

static int32_t await_answer(uint32_t *word)
{
    uint32_t answer;

    while ((answer = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == 0)
        raw_syscall4(__NR_futex, (uint64_t)word, FUTEX_WAIT_PRIVATE, 0, 0);
    return (int32_t)answer;
}

/* CLONE_PIDFD, from the new thread: a file of the starter's. Kernels before 6.9 have none for a
 * thread, and refuse the flag with the same error. */
static int32_t make_pidfd(struct linux_task *task, const struct clone_args_guest *c, int32_t *fd)
{
    enum { OF_THREAD = O_EXCL }; /* PIDFD_THREAD */

    *fd = -1;
    if (!(c->flags & CLONE_PIDFD))
        return 0;
    *fd = (int32_t)raw_syscall4(__NR_pidfd_open, (uint64_t)gettid(), OF_THREAD, 0, 0);
    if (*fd < 0)
        return *fd;
    return space_write(task->process->space, GVA(c->pidfd), fd, sizeof(*fd));
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
    int32_t tid = (int32_t)gettid(), pidfd;
    int32_t error = make_pidfd(task, c, &pidfd);

    if (!error)
        error = unshare_rest(c->flags);
    if (error) {
        if (pidfd >= 0)
            close(pidfd);
        return error;
    }
    if (pidfd >= 0 && !(c->flags & CLONE_FILES))
        close(pidfd); /* of the new table */
    task->tid = tid;
    task->host_thread = pthread_self();
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
    struct linux_process *process = task->process;

    signal_thread_start(task, handler_stack, sizeof(handler_stack));
    int32_t answer = start_task(task, start->args);
    if (answer < 0) {
        task->vfork_done = NULL;
        count_leaving(process);
    }
    threads_answer(&start->answer, answer); /* the starter's frame may be gone then */
    if (answer > 0) {
        signal_apply_mask(task);
        sampler_start(task);
        vm_run(task->t);
        sampler_end(task);
    }
    threads_end_host(task);
    threads_left(process);
    return NULL;
}

struct linux_task *threads_copy_task(const struct linux_task *from, struct linux_process *process,
                                     const struct clone_args_guest *c, bool own_record)
{
    struct linux_task *task = make_task(process);

    if (own_record) {
        give_record(task);
        memcpy(task->t->guest, from->t->guest, task->t->desc->state_size);
        task->t->fp = from->t->fp;
    } else {
        task->t = from->t;
    }
    task->sighand =
        c->flags & CLONE_SIGHAND ? sighand_share(from->sighand) : sighand_copy(from->sighand);
    task->fs = c->flags & CLONE_FS ? fs_share(from->fs) : fs_copy(from->fs);
    task->mask = from->mask;
    /* Not for somebody who runs on the same stack beside it (copy_thread's sas_ss_reset()). */
    if (c->flags & CLONE_VFORK && !(c->flags & CLONE_THREAD))
        task->altstack = from->altstack;
    return task;
}

void threads_set_start(struct thread *t, const struct clone_args_guest *c)
{
    abi_syscall_return(t, 0);
    if (c->stack)
        abi_state(t)->x[ABI_SP] = c->stack;
    if (c->flags & CLONE_SETTLS)
        abi_state(t)->x[ABI_TP] = c->tls;
}

static int create_host_thread(struct thread_start *start, void *(*run)(void *start))
{
    pthread_attr_t attr;
    pthread_t unused;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE);
    int error = pthread_create(&unused, &attr, run, start);
    pthread_attr_destroy(&attr);
    return error ? -EAGAIN : 0;
}

int64_t threads_start_host(struct linux_task *task, struct thread_start *start,
                           void *(*run)(void *start))
{
    task->process->had_threads = true;
    signal_block_even_sync(); /* the new thread begins so */
    int32_t answer = create_host_thread(start, run);
    if (answer < 0) {
        vm_thread_destroy(start->task->t);
        threads_free_task(start->task);
    } else {
        answer = await_answer(&start->answer);
    }
    signal_take_from_libc(task);
    signal_apply_mask(task);
    return answer;
}

/* CLONE_VFORK: the starter goes on when the new thread has ended. */
static void await_end(struct linux_task *task, uint32_t *done)
{
    vm_enter_kernel(task->t);
    await_answer(done);
    vm_leave_kernel(task->t);
}

int64_t threads_clone(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread_start start = {.args = c};
    uint32_t done = 0;

    threads_join_ended(task->process->memory);
    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    start.task = threads_copy_task(task, task->process, c, true);
    threads_set_start(start.task->t, c);
    if (c->flags & CLONE_CHILD_CLEARTID)
        start.task->clear_tid = c->ctid;
    if (c->flags & CLONE_VFORK)
        start.task->vfork_done = &done;
    int64_t answer = threads_start_host(task, &start, thread_main);
    if (answer > 0 && c->flags & CLONE_VFORK)
        await_end(task, &done);
    return answer;
}

/* ---- fork ------------------------------------------------------------------------------------ */

int threads_fork_begin(struct linux_task *task)
{
    struct linux_process *process = task->process;

    for (;;) {
        threads_join_ended(process->memory);
        int error = vm_fork_begin(process->vm);
        if (error || process->memory->ended.len == 0)
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
            threads_free_task(process->tasks.data[i]);
    }
    process->tasks.len = 0;
    vec_push(&process->tasks, task);
    process->memory->users = 1;
    process->leaving = process->lenders = 0;
    process->borrows = process->ends = process->had_threads = false;
    process->maker = NULL;
    vm_unpark(task->t);
    task->tid = getpid();
    task->sampler = -1;
}
