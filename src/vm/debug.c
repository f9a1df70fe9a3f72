/* vm/debug.c: what a debugger needs of the run loop. See debug.h.
 *
 * A breakpoint is a pc at which no block may start and over which none may go: decoding ends a
 * block in front of it (debug_limit_block), setting it drops what was made before, and no fragment
 * is made at it. So every engine comes back to the run loop there, which looks for it, and guest
 * memory stays as it is. To go on from a breakpoint the debugger takes it away for a step, as it
 * does on every machine.
 *
 * A step is one instruction by the interpreter. While anything is watched all threads go by steps,
 * each of them tried first through a store log (space/store_log) that sees every access: exact, and
 * some hundred times as slow. What the kernel writes for a system call is not seen.
 *
 * Not handled: breakpoints in a vfork child, which runs on its parent's record and is not debugged.
 */
#include "vm/debug_private.h"
#include "vm/trial.h"

#include <string.h>
#include <unistd.h>

/* ---- breakpoints ----------------------------------------------------------------------------- */

bool debug_breaks_at(const struct vm *vm, gva pc)
{
    const struct vm_debug *debug = vm->debug;

    for (size_t i = 0; debug && i < debug->breaks.len; i++) {
        if (debug->breaks.data[i].v == pc.v)
            return true;
    }
    return false;
}

static bool breaks_inside(const struct vm *vm, const struct decoded_block *block)
{
    for (size_t i = 0; i < vm->debug->breaks.len; i++) {
        if (vm->debug->breaks.data[i].v - block->pc.v - 1 < (uint64_t)block->guest_bytes - 1)
            return true;
    }
    return false;
}

unsigned debug_limit_block(const struct vm *vm, gva pc, unsigned max_insns)
{
    union decoded_room room;
    struct trap unused;

    if (!vm->debug || vm->debug->breaks.len == 0)
        return max_insns;
    while (max_insns > 1 &&
           vm->guest->decode_block(vm->space, pc, max_insns, &room.block, &unused) == 0 &&
           breaks_inside(vm, &room.block))
        max_insns = room.block.n_insns - 1;
    return MAX(max_insns, 1u);
}

struct thread *vm_debug_thread_at(const struct vm *vm, size_t i)
{
    return i < vm->threads.len ? vm->threads.data[i] : NULL;
}

void vm_debug_add_break(struct vm *vm, gva pc)
{
    vec_push(&vm->debug->breaks, pc);
    vm_invalidate(vm, pc, GVA(pc.v + 1));
}

bool vm_debug_remove_break(struct vm *vm, gva pc)
{
    struct vm_debug *debug = vm->debug;

    for (size_t i = 0; i < debug->breaks.len; i++) {
        if (debug->breaks.data[i].v != pc.v)
            continue;
        debug->breaks.data[i] = debug->breaks.data[--debug->breaks.len];
        return true;
    }
    return false;
}

/* ---- one instruction ------------------------------------------------------------------------- */

struct watch_state {
    const struct vm_debug *debug;
    struct vm_stop *hit;
};

/* The first access of the instruction that touches what is watched. */
static void look_at_access(void *arg, gva addr, unsigned size, bool store)
{
    const struct watch_state *state = arg;

    for (size_t i = 0; i < state->debug->watches.len; i++) {
        const struct vm_watch *w = &state->debug->watches.data[i];
        bool apart = addr.v + size <= w->start || w->start + w->len <= addr.v;
        if (state->hit->kind == VM_STOP_NONE && !apart &&
            w->kind & (store ? VM_WATCH_WRITE : VM_WATCH_READ))
            *state->hit = (struct vm_stop){
                .kind = VM_STOP_WATCH, .watch = w->kind, .addr = GVA(MAX(addr.v, w->start))};
    }
}

/* The log is shared. */
static void try_insn(struct vm *vm, struct thread *t, struct vm_stop *hit)
{
    struct trial *trial = vm->debug->trial;
    struct watch_state state = {vm->debug, hit};
    union decoded_room room;

    if (vm->guest->decode_block(vm->space, thread_pc(t), 1, &room.block, &t->trap) < 0)
        return;
    vm_lock(vm);
    trial->log.accessed = look_at_access;
    trial->log.arg = &state;
    trial_run(trial, t, &room.block);
    if (trial->after.kind == EXIT_TRAP)
        hit->kind = VM_STOP_NONE;
    vm_unlock(vm);
}

enum exit_kind debug_run(struct vm *vm, struct thread *t)
{
    struct vm_debug_thread *d = t->debug;
    struct vm_stop hit = {0};

    if (d->away)
        return debug_breaks_at(vm, thread_pc(t)) ? vm_interpret_some(vm, t, 1)
                                                 : vm->engine->run(vm, t);
    if (!d->stepping && vm->debug->watches.len == 0)
        return vm->engine->run(vm, t);
    if (vm->debug->watches.len > 0)
        try_insn(vm, t, &hit);
    enum exit_kind kind = vm_interpret_some(vm, t, 1);
    /* A trap has changed nothing: its signal is what there is to report. */
    if (kind == EXIT_TRAP && t->trap.kind != TRAP_SYSCALL)
        return kind;
    uint64_t pc = thread_pc(t).v;
    if (hit.kind != VM_STOP_NONE)
        d->due = hit;
    else if (d->stepping && (kind == EXIT_TRAP || pc < d->step_start || pc >= d->step_end))
        d->due = (struct vm_stop){.kind = VM_STOP_STEP};
    return kind;
}

/* ---- stops ----------------------------------------------------------------------------------- */

int vm_debug_report(struct thread *t, const struct vm_stop *stop)
{
    struct vm *vm = t->vm;
    struct vm_debug_thread *d = t->debug;
    uint64_t one = 1;

    pthread_mutex_lock(&vm->lock);
    if (!vm->debug) { /* gone meanwhile */
        pthread_mutex_unlock(&vm->lock);
        return stop->info.si_signo;
    }
    int fd = vm->debug->event_fd;
    d->stop = *stop;
    d->reported = false;
    d->answer = stop->info.si_signo;
    pthread_mutex_unlock(&vm->lock);
    if (write(fd, &one, sizeof(one)) < 0)
        CHECK(false, "the debugger cannot be woken");
    vm_wait_for_debugger(t);
    /* What there was to say of a step is said, or comes: of a call that has not been made. */
    if (!d->stepping || stop->kind == VM_STOP_RETURN)
        d->due.kind = VM_STOP_NONE;
    else if (stop->kind == VM_STOP_CALL)
        d->due = (struct vm_stop){.kind = VM_STOP_STEP};
    return d->answer;
}

bool vm_debugged(const struct thread *t)
{
    return UNLIKELY(t->debug != NULL) && ((const struct vm *)t->vm)->debug && !t->debug->away;
}

bool debug_before_turn(struct vm *vm, struct thread *t)
{
    struct vm_debug_thread *d = t->debug;
    struct vm_stop stop = {.kind = VM_STOP_BREAK};

    if (!vm_debugged(t) || (d->due.kind == VM_STOP_NONE && !debug_breaks_at(vm, thread_pc(t))))
        return false;
    if (d->due.kind != VM_STOP_NONE)
        stop = d->due;
    d->due.kind = VM_STOP_NONE;
    d->stepping = false;
    vm_debug_report(t, &stop);
    return true;
}

bool vm_debug_in_call(const struct thread *t)
{
    return t->debug && t->debug->in_call && t->debug->stop.kind == VM_STOP_NONE;
}

/* It is let go as far as the run loop, or a report. */
void vm_debug_await_call(struct vm *vm, struct thread *t)
{
    struct vm_debug_thread *d = t->debug;

    pthread_mutex_lock(&vm->lock);
    d->ends_call = true;
    d->held = false;
    pthread_cond_broadcast(&vm->changed);
    while (d->ends_call ||
           (atomic_load(&t->place) != PLACE_KERNEL && atomic_load(&t->place) != PLACE_WAIT))
        pthread_cond_wait(&vm->changed, &vm->lock);
    pthread_mutex_unlock(&vm->lock);
}

/* ---- coming and going ------------------------------------------------------------------------ */

void debug_thread_create(struct thread *t)
{
    if (((struct vm *)t->vm)->debug)
        t->debug = base_zalloc(sizeof(*t->debug));
}

void vm_debug_attach(struct vm *vm, struct vm_debug *debug)
{
    CHECK(vm->threads.len == 1, "a debugger comes to a program that runs");
    debug->trial = trial_create(vm);
    vm->debug = debug;
    vm->shared = true; /* with the debugger's thread */
    debug_thread_create(vm->threads.data[0]);
    debug_ask_stop(vm);
}

void vm_debug_detach(struct vm *vm)
{
    pthread_mutex_lock(&vm->lock);
    for (size_t i = 0; i < vm->threads.len; i++) {
        struct vm_debug_thread *d = vm->threads.data[i]->debug;
        if (!d)
            continue;
        d->stop.kind = VM_STOP_NONE;
        d->held = d->stepping = false;
    }
    trial_free(vm->debug->trial);
    vm->debug = NULL;
    pthread_mutex_unlock(&vm->lock);
    vm_debug_go(vm);
}

void debug_forked(struct vm *vm)
{
    struct vm_debug *debug = vm->debug;

    if (!debug)
        return;
    trial_free(debug->trial);
    vm->debug = NULL;
    for (size_t i = 0; i < vm->threads.len; i++) {
        free(vm->threads.data[i]->debug);
        vm->threads.data[i]->debug = NULL;
    }
    debug->forked(debug->arg);
}
