/* linux/futex.c: futexes, and the words by which a thread's end is known.
 *
 * Waiting and waking are the host's: a guest's word is the host's word. What the kernel would do
 * for a thread that ends is done here (kernel/futex/core.c, exit_robust_list(); kernel/fork.c,
 * mm_release()), since the host thread outlives the guest's, and since the links of the robust list
 * are guest addresses. The kernel is told of the list too where those are the same, for a process
 * that is killed. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "linux/raw_syscall.h"
#include "linux/threads.h"

/* ---- calls ----------------------------------------------------------------------------------- */

/* futex(word, operation, value, timeout or value 2, word 2, value 3) */
int64_t futex_futex(struct linux_task *task, const uint64_t args[6])
{
    uint64_t word = sys_span(task, args[0], sizeof(uint32_t)), word2 = args[4], fourth = args[3];
    bool timeout = false, second = false;

    switch ((int)args[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case 13 /* FUTEX_LOCK_PI2 */:
        timeout = true;
        break;
    case FUTEX_WAIT_REQUEUE_PI:
        timeout = second = true;
        break;
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_WAKE_OP:
        second = true;
        break;
    default:
        break;
    }
    if (second)
        word2 = sys_span(task, args[4], sizeof(uint32_t));
    if (timeout)
        fourth = sys_span(task, args[3], sizeof(struct timespec));
    return sys_host(task, __NR_futex, word, args[1], args[2], fourth, word2, args[5]);
}

/* struct futex_waitv of <linux/futex.h>, which old headers lack. */
struct waiter {
    uint64_t value, word;
    uint32_t flags, reserved;
};

enum { WAITERS_MAX = 128, NR_FUTEX_WAITV = 449, NR_FUTEX_REQUEUE = 456 };

static int read_waiters(struct linux_task *task, uint64_t addr, uint64_t n, struct waiter *waiters)
{
    if (space_read(task->process->space, GVA(addr), waiters, n * sizeof(*waiters)))
        return -EFAULT;
    for (uint64_t i = 0; i < n; i++)
        waiters[i].word = sys_span(task, waiters[i].word, sizeof(uint32_t));
    return 0;
}

/* futex_waitv(waiters, count, flags, timeout, clock) */
int64_t futex_waitv(struct linux_task *task, const uint64_t args[6])
{
    struct waiter waiters[WAITERS_MAX];
    uint64_t n = (uint32_t)args[1];

    if (n == 0 || n > WAITERS_MAX || args[0] == 0)
        return -EINVAL;
    int error = read_waiters(task, args[0], n, waiters);
    if (error)
        return error;
    return sys_host(task, NR_FUTEX_WAITV, waiters, n, args[2],
                    sys_span(task, args[3], sizeof(struct timespec)), args[4]);
}

/* futex_requeue(two waiters, flags, wake, requeue) */
int64_t futex_requeue(struct linux_task *task, const uint64_t args[6])
{
    struct waiter waiters[2];
    int error = args[0] == 0 ? -EINVAL : read_waiters(task, args[0], 2, waiters);

    if (error)
        return error;
    return sys_host(task, NR_FUTEX_REQUEUE, waiters, args[1], args[2], args[3]);
}

/* ---- a thread's own words -------------------------------------------------------------------- */

int64_t futex_set_tid_address(struct linux_task *task, const uint64_t args[6])
{
    task->clear_tid = args[0];
    return gettid();
}

enum { ROBUST_HEAD_SIZE = 24, ROBUST_MOST = 2048 };

int64_t futex_set_robust_list(struct linux_task *task, const uint64_t args[6])
{
    if (args[1] != ROBUST_HEAD_SIZE)
        return -EINVAL;
    task->robust_list = args[0];
    task->robust_size = args[1];
    if (task->process->space->base != 0 || args[0] >= SPACE_TOP)
        return 0;
    return sys_host(task, __NR_set_robust_list, args[0], args[1]);
}

int64_t futex_get_robust_list(struct linux_task *task, const uint64_t args[6])
{
    struct linux_process *process = task->process;
    struct space *space = process->space;
    uint64_t words[2];

    pthread_mutex_lock(&process->lock);
    const struct linux_task *of = args[0] ? threads_find(process, (pid_t)args[0]) : task;
    if (of) {
        words[0] = of->robust_list;
        words[1] = ROBUST_HEAD_SIZE;
    }
    pthread_mutex_unlock(&process->lock);
    if (!of)
        return -ESRCH;
    if (space_write(space, GVA(args[1]), &words[0], sizeof(words[0])) ||
        space_write(space, GVA(args[2]), &words[1], sizeof(words[1])))
        return -EFAULT;
    return 0;
}

/* ---- the end of a thread --------------------------------------------------------------------- */

/* Anybody may wait: also in another process that shares the page. */
static void wake_one(struct linux_task *task, uint64_t word)
{
    raw_syscall4(__NR_futex, sys_span(task, word, sizeof(uint32_t)), FUTEX_WAKE, 1, 0);
}

/* The thread that owns a lock ends: says so in the word, and wakes who waits. pending: the list's
 * entry under way, which may have been let go but for the wake. */
static bool release_word(struct linux_task *task, uint64_t word, bool pi, bool pending)
{
    struct space *space = task->process->space;
    uint32_t value;
    bool done = false;

    if (word % sizeof(value))
        return false;
    while (!done) {
        if (!space_load_u32(space, word, &value))
            return false;
        if (pending && !pi && value == 0) {
            wake_one(task, word);
            return true;
        }
        if ((value & FUTEX_TID_MASK) != (uint32_t)task->tid)
            return true;
        if (!space_cmpxchg_u32(space, word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                               &done))
            return false;
    }
    if (!pi && value & FUTEX_WAITERS)
        wake_one(task, word);
    return true;
}

/* An entry's lowest bit says that its futex is one with priority inheritance. */
static void release_robust_list(struct linux_task *task)
{
    struct space *space = task->process->space;
    uint64_t head[3]; /* the first entry, the word's distance from an entry, the entry under way */
    uint64_t entry, next, at = task->robust_list;

    if (at == 0 || space_read(space, GVA(at), head, sizeof(head)))
        return;
    entry = head[0];
    for (unsigned n = 0; (entry & ~(uint64_t)1) != at && n < ROBUST_MOST; n++) {
        bool more = space_load_u64(space, entry & ~(uint64_t)1, &next);
        if (entry != head[2] &&
            !release_word(task, (entry & ~(uint64_t)1) + head[1], entry & 1, false))
            return;
        if (!more)
            return;
        entry = next;
    }
    if (head[2])
        release_word(task, (head[2] & ~(uint64_t)1) + head[1], head[2] & 1, true);
}

void futex_leave_for(struct linux_task *task)
{
    uint64_t clear_tid = task->clear_tid;
    uint32_t zero = 0;

    release_robust_list(task);
    task->robust_list = task->clear_tid = 0;
    if (clear_tid && !space_write(task->process->space, GVA(clear_tid), &zero, sizeof(zero)))
        wake_one(task, clear_tid);
}

void futex_leave(struct linux_task *task)
{
    raw_syscall4(__NR_set_robust_list, 0, ROBUST_HEAD_SIZE, 0, 0);
    futex_leave_for(task);
}
