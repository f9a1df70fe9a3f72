/* linux/sharing.c: processes in the memory of another one: clone with CLONE_VM and without
 * CLONE_THREAD, vfork among them.
 *
 * Such a child is a process of the host that shares the host's memory too, the runtime's with the
 * guest's. What is the process's (limits, threads) is copied, and of the four objects that clone
 * counts each is shared or copied as the flags say. Of the memory there is one: vm, space, and the
 * heap of the runtime's libc, which takes the child for one more thread. For that it needs a stack
 * and thread-local storage that nobody else uses, and a host thread lends it its own:
 *
 *   vfork    the caller, which the kernel suspends until the child has left the memory;
 *   others   a thread made for it, which waits for the same event and uses neither meanwhile
 *            (raw_syscall.S). So the child counts as a child of the process that asked, and the
 *            caller goes on at once.
 *
 * When the child has left, by exec, exit or a signal, the lender does what is left to do for it. A
 * lender whose own process ends before that is gone, and the kernel has cleared the thread id in
 * libc's record, which the child goes on with: nothing may rest on that id (space_lock).
 *
 * A process that is killed at any moment may hold a lock of the runtime, which would be held for
 * ever where the memory goes on. So what ends a process by default comes to our handler first in
 * all that share memory, and they die between two blocks or in a system call, with all their
 * threads (ending.c).
 *
 * Does not handle: SIGKILL while a thread is in the runtime or in guest code and another process
 * goes on in the memory; that would wait for a thread that is gone. The lender is seen in the
 * caller's /proc/PID/task, keeps it from unshare(CLONE_NEWUSER) and setns, and is the thread whose
 * end PR_SET_PDEATHSIG tells of. After unshare(CLONE_NEWPID) there are no new threads, hence no
 * such children but by vfork. */
#include "linux/sys.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/debug.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/threads.h"

enum { HANDLER_STACK_SIZE = 64 << 10 };

/* ---- the process ----------------------------------------------------------------------------- */

static struct linux_process *copy_process(struct linux_process *from)
{
    struct linux_process *p = base_alloc(sizeof(*p));

    *p = *from;
    pthread_mutex_init(&p->lock, NULL);
    memset(&p->tasks, 0, sizeof(p->tasks));
    p->leaving = p->lenders = 0; /* those are threads of the other one */
    p->ends = p->had_threads = false;
    p->maker = from;
    p->borrows = true;
    return p;
}

static void free_process(struct linux_process *p)
{
    pthread_mutex_destroy(&p->lock);
    vec_free(&p->tasks);
    free(p);
}

/* From now on the caller's memory is the child's too, and its record, if the child has the same. No
 * if the process is about to end: then nobody may begin who would have that stopped (ending.c). */
static bool begin_sharing(const struct linux_task *task, struct linux_task *child)
{
    struct linux_process *process = task->process;

    pthread_mutex_lock(&process->lock);
    bool ok = !process->ends;
    if (ok) {
        __atomic_add_fetch(&process->memory->users, 1, __ATOMIC_SEQ_CST);
        child->t->task = child;
    }
    pthread_mutex_unlock(&process->lock);
    return ok;
}

static void end_sharing(const struct linux_process *child)
{
    __atomic_sub_fetch(&child->memory->users, 1, __ATOMIC_SEQ_CST);
}

/* The host's arguments. The word that the kernel clears at the child's end is the lender's: the
 * guest's is dealt with here. */
static void host_args(struct linux_task *task, const struct clone_args_guest *c, uint32_t *word,
                      uint64_t args[6])
{
    process_host_args(task, c, args);
    args[0] = (args[0] & ~(uint64_t)CLONE_CHILD_SETTID) | CLONE_CHILD_CLEARTID;
    args[3] = (uint64_t)word;
}

/* ---- in the child ---------------------------------------------------------------------------- */

struct child {
    struct linux_task *task;
    const struct clone_args_guest *args;
    unsigned char *handler_stack; /* NULL: the caller's */
};

static void child_run(void *arg)
{
    const struct child *child = arg;
    const struct clone_args_guest *c = child->args;
    struct linux_task *task = child->task;

    signal_thread_start(task, child->handler_stack, HANDLER_STACK_SIZE);
    task->tid = (pid_t)gettid();
    if (task->t->debug)
        task->t->debug->away = true;
    process_child_start(task, c);
    if (c->flags & CLONE_CHILD_SETTID)
        space_write(task->process->space, GVA(c->ctid), &task->tid, sizeof(task->tid));
    signal_apply_mask(task);
    vm_run(task->t);
    /* It was not the last thread of its process: that one ends it. Until then the stack is ours. */
    vm_enter_kernel(task->t);
    threads_left(task->process);
    for (;;)
        raw_syscall4(__NR_pause, 0, 0, 0, 0);
}

/* ---- the lender ------------------------------------------------------------------------------ */

/* The child ended without leaving its functions: an address sanitizer must be told that what lies
 * below this frame is free. */
void __asan_handle_vfork(void *stack) __attribute__((weak));

/* The host threads that the child has made die with it. */
static void bury_threads(struct linux_process *process, const struct linux_task *first)
{
    for (size_t i = 0; i < process->tasks.len; i++) {
        struct linux_task *task = process->tasks.data[i];
        if (task == first)
            continue;
        vm_unpark(task->t);
        vm_enter_kernel(task->t); /* wherever it died, it is in the kernel now */
        pthread_join(task->host_thread, NULL);
        vm_thread_destroy(task->t);
        threads_free_task(task);
    }
}

/* What a child used of the stack below this frame is free. */
static void forget_frames(void)
{
    if (__asan_handle_vfork)
        __asan_handle_vfork(__builtin_frame_address(0));
}

/* The child has left the memory. Its record is ours again, and the mark on a descriptor that it may
 * have taken away to pass it on (exec.c). */
static void child_left(struct linux_task *child, uint64_t flags)
{
    if (flags & CLONE_FILES)
        fcntl(child->process->runtime_fd, F_SETFD, FD_CLOEXEC);
    forget_frames();
    vm_unpark(child->t);
    vm_enter_kernel(child->t);
    vm_leave_kernel(child->t);
    bury_threads(child->process, child);
    futex_leave_for(child);
}

/* ---- vfork ----------------------------------------------------------------------------------- */

/* What of a thread's record belongs to its own thread alone. Others change the rest at any time:
 * who drops code empties entries of the look-up tables, and they are as good when the child has
 * used them. */
static const struct {
    size_t start, end; /* end 0: the end of the guest's state */
} own_parts[] = {
    {offsetof(struct thread, doing), offsetof(struct thread, debug)},
    {offsetof(struct thread, counters), offsetof(struct thread, poll_page)},
    {offsetof(struct thread, desc), offsetof(struct thread, poll)},
    {offsetof(struct thread, reads_instret), 0},
};

/* Both have room for a record; only these parts of `to` are written. */
static void copy_own_parts(void *to, const void *from, const struct thread *t)
{
    for (unsigned i = 0; i < ARRAY_LEN(own_parts); i++) {
        size_t start = own_parts[i].start, end = own_parts[i].end;
        end = end ? end : sizeof(*t) + t->desc->state_size;
        memcpy((char *)to + start, (const char *)from + start, end - start);
    }
}

static void restore_record(const struct linux_task *task, const void *saved)
{
    struct thread *t = task->t;

    pthread_mutex_lock(&task->process->lock);
    copy_own_parts(t, saved, t);
    atomic_fetch_and(&t->poll, POLL_STOP | POLL_SAMPLE); /* else the child's */
    if (task->process->ends)
        vm_park(t);
    pthread_mutex_unlock(&task->process->lock);
    return_stack_forget(&t->returns); /* the child has used it */
    if (t->debug)
        t->debug->away = false;
}

/* The caller's thread goes on when the child has left the memory. */
static int64_t lend_self(struct linux_task *task, struct child *child)
{
    uint64_t args[6];
    uint32_t gone = 1;

    host_args(task, child->args, &gone, args);
    signal_hold(task, SIGNAL_SYNC); /* until the child, or the caller again, says whose they are */
    int64_t result = linux_raw_lend(args, child_run, child, NULL);
    signal_thread_is(task);
    signal_release(SIGNAL_SYNC);
    return result;
}

/* The child uses the suspended caller's record, on its stack. */
int64_t sharing_vfork(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread *t = task->t;
    struct child child = {.args = c};
    int64_t result = SYS_RESTART;

    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    signal_end_in_order(task);
    void *saved = base_alloc(sizeof(*t) + t->desc->state_size); /* most is not touched */
    copy_own_parts(saved, t, t);
    struct linux_process *process = copy_process(task->process);
    child.task = threads_copy_task(task, process, c, false);
    vec_push(&process->tasks, child.task);
    if (begin_sharing(task, child.task)) {
        result = lend_self(task, &child);
        ending_lender_begins(task->process);
        child_left(child.task, c->flags);
        restore_record(task, saved);
        end_sharing(process);
        ending_lender_is_done(task->process);
    }
    free(saved);
    threads_free_task(child.task);
    free_process(process);
    signal_apply_mask(task);
    return result;
}

/* ---- others ---------------------------------------------------------------------------------- */

/* The lender's thread. It takes copies: the caller's frame may be gone when the child begins. */
static void *lend(void *arg)
{
    unsigned char handler_stack[HANDLER_STACK_SIZE];
    struct thread_start *start = arg;
    struct linux_task *task = start->task;
    struct linux_process *process = task->process, *maker = process->maker;
    struct clone_args_guest c = *start->args;
    struct child child = {task, &c, handler_stack};
    uint32_t gone = 1;
    uint64_t args[6];

    host_args(task, &c, &gone, args);
    int64_t result = linux_raw_lend(args, child_run, &child, &start->answer);

    if (result < 0)
        threads_answer(&start->answer, (int32_t)result);
    signal_thread_start(task, handler_stack, sizeof(handler_stack));
    ending_lender_begins(maker);
    child_left(task, c.flags);
    threads_end_host(task);
    end_sharing(process);
    free_process(process);
    ending_lender_is_done(maker);
    return NULL;
}

int64_t sharing_clone(struct linux_task *task, const struct clone_args_guest *c)
{
    struct thread_start start = {.args = c};

    threads_join_ended(task->process->memory);
    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    signal_end_in_order(task);
    struct linux_process *process = copy_process(task->process);
    start.task = threads_copy_task(task, process, c, true);
    vec_push(&process->tasks, start.task);
    if (!begin_sharing(task, start.task)) {
        vm_thread_destroy(start.task->t);
        threads_free_task(start.task);
        free_process(process);
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    int64_t result = threads_start_host(task, &start, lend);
    if (start.answer == 0) { /* there is no lender */
        end_sharing(process);
        free_process(process);
    }
    return result;
}

/* ---- the runtime's own ----------------------------------------------------------------------- */

struct apart {
    void (*run)(void *arg);
    void *arg;
};

static void apart_run(void *arg)
{
    const struct apart *a = arg;

    a->run(a->arg);
    raw_syscall4(__NR_exit, 0, 0, 0, 0);
}

int64_t sharing_run_apart(struct linux_task *task, void (*run)(void *arg), void *arg)
{
    struct apart a = {run, arg};
    uint32_t gone = 1;
    const uint64_t args[6] = {CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                  CLONE_CHILD_CLEARTID,
                              0, 0, (uint64_t)&gone};

    signal_block_all();
    if (task->sig_pending) {
        signal_apply_mask(task);
        return SYS_RESTART;
    }
    int64_t result = linux_raw_lend(args, apart_run, &a, NULL);
    forget_frames();
    signal_apply_mask(task);
    return MIN(result, (int64_t)0);
}
