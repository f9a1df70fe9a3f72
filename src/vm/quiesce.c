/* vm/quiesce.c: how the threads of one vm keep out of each other's way.
 *
 * Fragments and decoded blocks are executed without a lock. So nothing that a thread may be inside
 * of, or hold a pointer to, may go while it is; and one place of each thread is known to hold no
 * such pointer: the run loop between two turns. Each thread says where it is (struct thread,
 * place):
 *
 *   PLACE_CODE     in guest code, or in the run loop with pointers into the caches
 *   PLACE_RUNTIME  in a hook: no such pointers, but perhaps the runtime's locks
 *   PLACE_KERNEL   in a system call made for the guest, or parked: neither
 *   PLACE_WAIT     waiting here: neither, but vm->lock at moments
 *
 * vm->lock guards every change of the caches, translation, and the list of threads. Under it alone
 * things may be looked up, added and linked. To drop something takes an exclusive section: it holds
 * the lock while no other thread is in PLACE_CODE. A fork wants more, that none is in PLACE_RUNTIME
 * either: then no lock of the runtime or of its libc is held by a thread that the child lacks.
 *
 * Whoever wants a section sets its bit in vm->stop and the others' poll words, and waits, with the
 * lock let go; they come out of guest code at their next poll, and whoever would enter waits until
 * the section is over. Place and stop are written and then the other is read, both sequentially
 * consistent, so one of the two sees the other. A fork that still waits lets exclusive sections
 * pass, for their owners are in PLACE_RUNTIME and would otherwise wait for it.
 *
 * A debugger (debug.c) stops all threads in the same way, for as long as it likes, and may then let
 * only some of them go on.
 *
 * Where several processes share the vm (linux/sharing.c) and one of them ends, its other threads
 * just cease to be. So they are parked first (vm_park), for which no PLACE but KERNEL is good
 * enough: a thread in it touches no lock on the way out either before it has looked whether it is
 * to be parked. It does not tell those who wait for it then: who parks it has to (vm_tell).
 *
 * The same could be had with a grace period for each dropped fragment (liburcu). This is simpler:
 * what is dropped is gone at once, tables of other threads can be mended in place, and drops are
 * rare, since invalidation, a full cache and fence.i are; in between a thread pays for one exchange
 * on each way in and out of guest code. While a vm has one thread all of this is switched off. */
#include "vm/debug_private.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    STOP_CODE = 1,
    STOP_ALL = 2,
    STOP_DEBUG = 4, /* as ALL, by a debugger, and with the lock let go while it lasts */
    STOP_HELD = 8, /* the debugger lets some threads run and not others: they look for themselves */
};

void vm_lock(struct vm *vm)
{
    if (vm->shared)
        pthread_mutex_lock(&vm->lock);
}

void vm_unlock(struct vm *vm)
{
    if (vm->shared)
        pthread_mutex_unlock(&vm->lock);
}

static void set_place(struct thread *t, enum thread_place place)
{
    atomic_store(&t->place, place);
}

bool vm_may_drop(const struct vm *vm)
{
    return !vm->shared || vm->exclusive;
}

/* ---- the threads' side ----------------------------------------------------------------------- */

void vm_tell(struct vm *vm)
{
    pthread_mutex_lock(&vm->lock);
    pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
}

static bool is_parked(const struct thread *t)
{
    return atomic_load(&t->poll) & POLL_PARK;
}

/* Stays until t is let go. Then t is in PLACE_WAIT. */
static void stay_parked(struct thread *t)
{
    uint32_t poll;

    do {
        set_place(t, PLACE_KERNEL);
        while ((poll = atomic_load(&t->poll)) & POLL_PARK)
            syscall(SYS_futex, &t->poll, FUTEX_WAIT_PRIVATE, poll, NULL);
        set_place(t, PLACE_WAIT);
    } while (is_parked(t));
}

/* Under the lock. Is one of these bits set, or does the debugger keep t? A call that the debugger
 * ends is let through, to the next place where its thread waits. */
static bool must_wait(const struct vm *vm, const struct thread *t, uint32_t bits)
{
    const struct vm_debug_thread *d = t->debug;

    if (d && d->ends_call)
        return atomic_load(&vm->stop) & bits & ~(uint32_t)STOP_DEBUG;
    return atomic_load(&vm->stop) & bits || (d && (d->held || d->stop.kind != VM_STOP_NONE));
}

/* Waits until it need not, then is at `place`; or is to be parked, in PLACE_WAIT, and the answer is
 * false. Whoever waits for this thread is told once. */
static bool wait_or_park(struct vm *vm, struct thread *t, uint32_t bits, enum thread_place place)
{
    bool told = false, parked;

    pthread_mutex_lock(&vm->lock);
    while (!(parked = is_parked(t)) && must_wait(vm, t, bits)) {
        set_place(t, PLACE_WAIT);
        if (!told)
            pthread_cond_broadcast(&vm->changed);
        told = true;
        pthread_cond_wait(&vm->changed, &vm->lock);
    }
    set_place(t, parked ? PLACE_WAIT : place);
    if (parked)
        pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
    return !parked;
}

static void wait_for_stop(struct vm *vm, struct thread *t, uint32_t bits, enum thread_place place)
{
    while (!wait_or_park(vm, t, bits, place))
        stay_parked(t);
}

/* Now t is where its state is exact. Under the lock or by t's own thread. */
static void end_call(struct thread *t)
{
    if (t->debug)
        t->debug->ends_call = t->debug->in_call = false;
}

void vm_wait_for_debugger(struct thread *t)
{
    enum thread_place place = atomic_load(&t->place);

    end_call(t);
    wait_for_stop(t->vm, t, STOP_ALL | STOP_DEBUG | (place == PLACE_CODE ? STOP_CODE : 0), place);
}

void vm_enter_code(struct thread *t)
{
    struct vm *vm = t->vm;

    if (!vm->shared) {
        atomic_store_explicit(&t->place, PLACE_CODE, memory_order_relaxed);
        return;
    }
    set_place(t, PLACE_CODE);
    end_call(t);
    if (UNLIKELY(atomic_load(&vm->stop) || is_parked(t)))
        wait_for_stop(vm, t, STOP_CODE | STOP_ALL | STOP_DEBUG, PLACE_CODE);
}

/* False: nobody waits for t to be there. */
static bool change_place(struct thread *t, enum thread_place place)
{
    struct vm *vm = t->vm;

    if (!vm->shared) {
        atomic_store_explicit(&t->place, place, memory_order_relaxed);
        return false;
    }
    set_place(t, place);
    return atomic_load(&vm->stop);
}

void vm_leave_code(struct thread *t)
{
    if (UNLIKELY(change_place(t, PLACE_RUNTIME)))
        vm_tell(t->vm);
}

void vm_step_aside(struct thread *t)
{
    struct vm *vm = t->vm;

    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_STOP);
    if (atomic_load(&vm->stop) || is_parked(t))
        wait_for_stop(vm, t, STOP_CODE | STOP_ALL | STOP_DEBUG, PLACE_CODE);
}

void vm_enter_kernel(struct thread *t)
{
    if (t->debug)
        t->debug->in_call = true;
    if (LIKELY(!change_place(t, PLACE_KERNEL)))
        return;
    set_place(t, PLACE_WAIT); /* no longer in the kernel, for who would park it */
    if (!is_parked(t))
        vm_tell(t->vm);
    set_place(t, PLACE_KERNEL);
}

void vm_leave_kernel(struct thread *t)
{
    struct vm *vm = t->vm;

    if (!vm->shared) {
        atomic_store_explicit(&t->place, PLACE_RUNTIME, memory_order_relaxed);
        return;
    }
    set_place(t, PLACE_RUNTIME);
    if (UNLIKELY(is_parked(t)))
        stay_parked(t);
    else if (LIKELY(!(atomic_load(&vm->stop) & ~(uint32_t)STOP_CODE)))
        return;
    wait_for_stop(vm, t, STOP_ALL | STOP_DEBUG, PLACE_RUNTIME);
}

/* ---- parking --------------------------------------------------------------------------------- */

void vm_park(struct thread *t)
{
    atomic_fetch_or(&t->poll, POLL_PARK);
}

void vm_unpark(struct thread *t)
{
    if (atomic_fetch_and(&t->poll, ~(uint32_t)POLL_PARK) & POLL_PARK)
        syscall(SYS_futex, &t->poll, FUTEX_WAKE_PRIVATE, 1);
}

bool vm_is_parked(const struct thread *t)
{
    return atomic_load(&t->place) == PLACE_KERNEL;
}

/* ---- sections -------------------------------------------------------------------------------- */

static bool others_are_out(const struct vm *vm, const struct thread *self, uint32_t bit)
{
    for (size_t i = 0; i < vm->threads.len; i++) {
        struct thread *t = vm->threads.data[i];
        uint32_t place = t == self ? PLACE_KERNEL : atomic_load(&t->place);
        if (place == PLACE_CODE || (bit != STOP_CODE && place == PLACE_RUNTIME))
            return false;
    }
    return true;
}

static void stop_others(struct vm *vm, const struct thread *self, uint32_t bit)
{
    atomic_fetch_or(&vm->stop, bit);
    for (size_t i = 0; i < vm->threads.len; i++) {
        if (vm->threads.data[i] != self)
            vm_raise_poll(vm->threads.data[i], POLL_STOP);
    }
    while (!others_are_out(vm, self, bit))
        pthread_cond_wait(&vm->changed, &vm->lock);
}

void vm_exclusive_begin(struct vm *vm)
{
    struct thread *t = vm_current();

    CHECK(!t || !vm->shared || atomic_load(&t->place) == PLACE_RUNTIME,
          "a thread that is in guest code asks others to leave it");
    if (!vm->shared)
        return;
    pthread_mutex_lock(&vm->lock);
    while (atomic_load(&vm->stop) & STOP_CODE)
        pthread_cond_wait(&vm->changed, &vm->lock);
    stop_others(vm, t, STOP_CODE);
    vm->exclusive = true;
}

void vm_exclusive_end(struct vm *vm)
{
    if (!vm->shared)
        return;
    vm->exclusive = false;
    atomic_fetch_and(&vm->stop, ~(uint32_t)STOP_CODE);
    pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
}

void debug_ask_stop(struct vm *vm)
{
    atomic_fetch_or(&vm->stop, STOP_DEBUG);
}

/* For the debugger's thread, which is none of the guest's. Between the two every guest thread waits
 * or is in the kernel, and whoever comes back from there waits. */
void vm_debug_stop(struct vm *vm)
{
    pthread_mutex_lock(&vm->lock);
    stop_others(vm, NULL, STOP_DEBUG);
    pthread_mutex_unlock(&vm->lock);
}

void vm_debug_go(struct vm *vm)
{
    bool held = false;

    pthread_mutex_lock(&vm->lock);
    for (size_t i = 0; i < vm->threads.len; i++) {
        const struct vm_debug_thread *d = vm->threads.data[i]->debug;
        held |= d && d->held;
    }
    atomic_fetch_and(&vm->stop, ~(uint32_t)(STOP_DEBUG | STOP_HELD));
    if (held)
        atomic_fetch_or(&vm->stop, STOP_HELD);
    pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
}

/* Waiting, this thread is itself where another's fork wants it. */
void vm_stop_all_begin(struct vm *vm)
{
    struct thread *t = vm_current();

    if (!vm->shared)
        return;
    pthread_mutex_lock(&vm->lock);
    while (atomic_load(&vm->stop) & STOP_ALL) {
        set_place(t, PLACE_WAIT);
        pthread_cond_broadcast(&vm->changed);
        pthread_cond_wait(&vm->changed, &vm->lock);
    }
    set_place(t, PLACE_RUNTIME);
    stop_others(vm, t, STOP_ALL);
}

void vm_stop_all_end(struct vm *vm)
{
    if (!vm->shared)
        return;
    atomic_fetch_and(&vm->stop, ~(uint32_t)STOP_ALL);
    pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
}

void vm_stop_all_end_alone(struct vm *vm)
{
    quiesce_init(vm);
}

void quiesce_init(struct vm *vm)
{
    pthread_mutex_init(&vm->lock, NULL);
    pthread_cond_init(&vm->changed, NULL);
    atomic_store(&vm->stop, 0);
    vm->exclusive = false;
    vm->shared = false;
}
