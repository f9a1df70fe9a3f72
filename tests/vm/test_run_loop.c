/* The run loop with a guest of five instructions, whose program is an array, and for what looks at
 * the bytes a page in guest memory too: what is decoded and when, what the hooks are called for and
 * with which state, and that no block outlives the code it was made from. */
#include "vm/vm.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

/* ---- the toy guest: an instruction is a word, op in the low byte, operand above -------------- */

enum { OP_ADD, OP_JUMP, OP_SYSCALL, OP_FLUSH, OP_ILLEGAL };
enum {
    PROGRAM_WORDS = 4096,
    MEMORY = 0x10000, /* guest address where the program stands once more */
};

#define INSN(op, operand) ((uint32_t)(op) | (uint32_t)(operand) << 8)

static uint32_t program[PROGRAM_WORDS];
static unsigned n_decoded;

struct toy_state {
    gva pc;
    uint64_t sum;
};

static struct toy_state *toy(struct thread *t)
{
    return (struct toy_state *)t->guest;
}

static int toy_decode_block(struct space *space, gva pc, unsigned max_insns,
                            struct decoded_block *out, struct trap *trap)
{
    uint32_t n = 0;

    if (pc.v >= MEMORY && pc.v < MEMORY + SPACE_PAGE_SIZE) {
        pc.v -= MEMORY;
        toy_decode_block(space, pc, max_insns, out, trap);
        out->pc.v += MEMORY;
        return 0;
    }
    if (pc.v >= sizeof(program)) {
        *trap = (struct trap){.kind = TRAP_FETCH, .reason = FAULT_MAPERR, .addr = pc};
        return -EFAULT;
    }
    *out = (struct decoded_block){.pc = pc};
    do {
        memcpy(out->code + n * 4, &program[pc.v / 4 + n], 4);
        n++;
    } while ((program[pc.v / 4 + n - 1] & 255) == OP_ADD && n < BLOCK_MAX_INSNS &&
             pc.v / 4 + n < PROGRAM_WORDS);
    out->n_insns = n;
    out->guest_bytes = out->n_bytes = n * 4;
    n_decoded++;
    return 0;
}

/* Runs one block. */
static enum exit_kind toy_run_block(struct thread *t, const struct decoded_block *block)
{
    for (uint32_t i = 0; i < block->n_insns; i++) {
        uint32_t insn;
        memcpy(&insn, block->code + i * 4, 4);
        switch (insn & 255) {
        case OP_ADD:
            toy(t)->sum += insn >> 8;
            break;
        case OP_JUMP:
            toy(t)->pc.v = insn >> 8;
            return EXIT_LOOKUP;
        case OP_FLUSH:
            toy(t)->pc.v += 4;
            return EXIT_FLUSH;
        case OP_SYSCALL:
            t->trap = (struct trap){.kind = TRAP_SYSCALL};
            return EXIT_TRAP;
        default:
            t->trap = (struct trap){.kind = TRAP_ILLEGAL, .insn = insn};
            return EXIT_TRAP;
        }
        toy(t)->pc.v += 4;
        t->counters[COUNTER_GUEST_INSNS]++;
    }
    return EXIT_LOOKUP;
}

/* As the generated interpreters do: goes on with the blocks of the thread's own table, and polls.
 */
static enum exit_kind toy_interpret(struct thread *t, struct decoded_block *block)
{
    for (;;) {
        enum exit_kind kind = toy_run_block(t, block);
        struct decoded_block *next = thread_block_at(t, toy(t)->pc);
        if (kind != EXIT_LOOKUP)
            return kind;
        if (t->poll)
            return EXIT_POLL;
        if (next->pc.v != toy(t)->pc.v)
            return EXIT_LOOKUP;
        block = next;
    }
}

static const struct guest toy_guest = {
    .name = "toy",
    .insn_align = 4,
    .state_size = sizeof(struct toy_state),
    .pc_offset = offsetof(struct toy_state, pc),
    .decode_block = toy_decode_block,
    .interpret = toy_interpret,
};

/* ---- the world outside: each case says what its hooks do ------------------------------------- */

static struct world {
    struct vm *vm;
    struct space *space;
    struct options options;
    struct thread *t;
    unsigned n_syscalls, n_polls, stop_after;
    struct trap trap;                    /* what the trap hook got */
    void (*on_syscall)(struct world *w); /* may change the program */
} world;

static enum vm_next hook_syscall(struct thread *t)
{
    assert_ptr_equal(vm_current(), t);
    world.n_syscalls++;
    if (world.on_syscall)
        world.on_syscall(&world);
    toy(t)->pc.v += 4;
    return world.n_syscalls == world.stop_after ? VM_STOP : VM_CONTINUE;
}

static enum vm_next hook_trap(struct thread *t, const struct trap *trap)
{
    world.trap = *trap;
    return VM_STOP;
}

static enum vm_next hook_poll(struct thread *t)
{
    t->poll = 0;
    world.n_polls++;
    return VM_CONTINUE;
}

static const struct vm_hooks hooks = {hook_syscall, hook_trap, hook_poll};

static void start(uint64_t cache_size)
{
    memset(&world, 0, sizeof(world));
    memset(program, 0, sizeof(program));
    n_decoded = 0;
    world.options.engine = "interp";
    world.options.cache_size = cache_size;
    world.space = space_create(SPACE_OFFSET, 0, NULL);
    assert_non_null(world.space);
    world.vm = vm_create(&toy_guest, world.space, &world.options, &hooks);
    world.t = vm_thread_create(world.vm);
    assert_int_equal((uintptr_t)world.t % 64, 0);
    assert_null(vm_current());
}

static void finish(void)
{
    assert_null(vm_current());
    vm_thread_destroy(world.t);
    vm_destroy(world.vm);
    space_destroy(world.space);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void a_trap_reaches_the_hook_with_exact_state(void **state)
{
    start(1 << 20);
    program[0] = INSN(OP_ADD, 5);
    program[1] = INSN(OP_ADD, 6);
    program[2] = INSN(OP_ILLEGAL, 77);
    vm_run(world.t);
    assert_int_equal(world.trap.kind, TRAP_ILLEGAL);
    assert_int_equal(world.trap.insn, INSN(OP_ILLEGAL, 77));
    assert_int_equal(thread_pc(world.t).v, 8);
    assert_int_equal(toy(world.t)->sum, 11);
    assert_int_equal(world.t->counters[COUNTER_TRAPS], 1);
    finish();
}

static void an_address_that_cannot_be_fetched_traps(void **state)
{
    start(1 << 20);
    program[0] = INSN(OP_JUMP, 0x100000);
    vm_run(world.t);
    assert_int_equal(world.trap.kind, TRAP_FETCH);
    assert_int_equal(world.trap.reason, FAULT_MAPERR);
    assert_int_equal(world.trap.addr.v, 0x100000);
    assert_int_equal(thread_pc(world.t).v, 0x100000);
    finish();
}

/* sum += 1; syscall; jump 0. */
static void write_loop(void)
{
    program[0] = INSN(OP_ADD, 1);
    program[1] = INSN(OP_SYSCALL, 0);
    program[2] = INSN(OP_JUMP, 0);
}

static void blocks_are_decoded_once(void **state)
{
    start(1 << 20);
    write_loop();
    world.stop_after = 1000;
    vm_run(world.t);
    assert_int_equal(toy(world.t)->sum, 1000);
    assert_int_equal(n_decoded, 2);
    assert_int_equal(world.t->counters[COUNTER_BLOCKS_DECODED], 2);
    assert_int_equal(world.t->counters[COUNTER_INSNS_DECODED], 3);
    assert_int_equal(world.t->counters[COUNTER_SYSCALLS], 1000);
    finish();
}

/* The guest changes its own code and says so by the mapping, by a call, or by its flush
 * instruction. */
static void change_and_unmap(struct world *w)
{
    program[0] = INSN(OP_ADD, 100);
    w->space->on_change(w->space->on_change_arg, GVA(0), GVA(4096));
}

static void change_and_invalidate(struct world *w)
{
    program[0] = INSN(OP_ADD, 100);
    vm_invalidate(w->vm, GVA(0), GVA(4));
}

static void change_only(struct world *w)
{
    program[0] = INSN(OP_ADD, 100);
}

static uint64_t sum_of_two_turns(void (*change)(struct world *w))
{
    start(1 << 20);
    write_loop();
    world.on_syscall = change;
    world.stop_after = 2;
    vm_run(world.t);
    uint64_t sum = toy(world.t)->sum;
    finish();
    return sum;
}

static void changed_code_is_decoded_again(void **state)
{
    assert_int_equal(sum_of_two_turns(change_and_unmap), 101);
    assert_int_equal(sum_of_two_turns(change_and_invalidate), 101);
    /* Without a word the old code may go on: RISC-V asks for fence.i. */
    assert_int_equal(sum_of_two_turns(change_only), 2);
}

/* As the kernel writes it. */
static void change_in_memory(struct world *w)
{
    void *at = space_host_range(w->space, GVA(MEMORY), 4, NULL);

    program[0] = INSN(OP_ADD, 100);
    memcpy(at, program, 4);
}

/* The sum of two turns with a flush in between, and how many blocks they decoded. */
static uint64_t run_with_flush(void (*change)(struct world *w))
{
    start(1 << 20);
    write_loop();
    program[2] = INSN(OP_FLUSH, 0);
    program[3] = INSN(OP_JUMP, MEMORY);
    assert_int_equal(space_map(world.space, GVA(MEMORY), SPACE_PAGE_SIZE,
                               PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL),
                     MEMORY);
    assert_int_equal(space_write(world.space, GVA(MEMORY), program, 16), 0);
    world.on_syscall = change;
    world.stop_after = 2;
    thread_set_pc(world.t, GVA(MEMORY));
    vm_run(world.t);
    uint64_t sum = toy(world.t)->sum;
    assert_int_equal(world.t->counters[COUNTER_FENCES], 1);
    finish();
    return sum;
}

static void a_flush_forgets_what_has_changed(void **state)
{
    assert_int_equal(run_with_flush(change_in_memory), 101);
    assert_int_equal(n_decoded, 4); /* the first block twice, the flush, the jump */
    assert_int_equal(run_with_flush(NULL), 2);
    assert_int_equal(n_decoded, 3);
}

static void a_poll_is_answered_between_blocks(void **state)
{
    start(1 << 20);
    program[0] = INSN(OP_ADD, 1);
    program[1] = INSN(OP_JUMP, 8);
    program[2] = INSN(OP_SYSCALL, 0);
    world.stop_after = 1;
    vm_request_poll(world.t);
    vm_run(world.t);
    assert_int_equal(world.n_polls, 1);
    assert_int_equal(toy(world.t)->sum, 1);
    finish();
}

static void a_full_cache_starts_anew_and_the_program_goes_on(void **state)
{
    enum { BLOCKS = 1000 };

    start(1); /* the smallest there is */
    for (unsigned i = 0; i < BLOCKS; i++) {
        program[i * 2] = INSN(OP_ADD, 1);
        program[i * 2 + 1] = INSN(OP_JUMP, (i + 1) * 8);
    }
    program[BLOCKS * 2] = INSN(OP_SYSCALL, 0);
    program[BLOCKS * 2 + 1] = INSN(OP_JUMP, 0);
    world.stop_after = 3;
    vm_run(world.t);
    assert_int_equal(toy(world.t)->sum, 3 * BLOCKS);
    assert_true(world.t->counters[COUNTER_BLOCK_FLUSHES] > 3);
    assert_true(n_decoded > 2 * BLOCKS);
    finish();
}

static void counters_of_ended_threads_are_kept(void **state)
{
    uint64_t sum[COUNTER_COUNT];

    start(1 << 20);
    write_loop();
    world.stop_after = 10;
    vm_run(world.t);
    vm_thread_destroy(world.t);
    world.t = vm_thread_create(world.vm);
    world.n_syscalls = 0;
    vm_run(world.t);
    vm_sum_counters(world.vm, sum);
    assert_int_equal(sum[COUNTER_SYSCALLS], 20);
    assert_int_equal(world.t->counters[COUNTER_SYSCALLS], 10);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trap_reaches_the_hook_with_exact_state),
        cmocka_unit_test(an_address_that_cannot_be_fetched_traps),
        cmocka_unit_test(blocks_are_decoded_once),
        cmocka_unit_test(changed_code_is_decoded_again),
        cmocka_unit_test(a_flush_forgets_what_has_changed),
        cmocka_unit_test(a_poll_is_answered_between_blocks),
        cmocka_unit_test(a_full_cache_starts_anew_and_the_program_goes_on),
        cmocka_unit_test(counters_of_ended_threads_are_kept),
    };

    return cmocka_run_group_tests_name("vm/run_loop", tests, NULL, NULL);
}
