/* What an engine can get wrong beside the µops, one thing at a time: each is seen by the
 * isomorphism check. The engine is `block` with something spoilt in what it leaves or keeps; the
 * program is a few blocks with a store, a reservation, floating-point flags and a trap. Each run is
 * a child of its own, for a difference ends the process. */
#include "vm/block_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "guest/rv64/rv64.h"
#include "plant.h"
#include "verify_machine.h"

enum { CODE = 0x100000, DATA = 0x200000, FAR = 0x300000, HOLE = 0x400000 };
enum { RA = 1, A0 = 10, A1, A2, A3, FA0 = 10 };

/* Manual I, "RV32/64G Instruction Set Listings". */
#define ADDI(rd, a, imm) ((uint32_t)(imm) << 20 | (a) << 15 | (rd) << 7 | 0x13)
#define LD(rd, imm, a)   ((uint32_t)(imm) << 20 | (a) << 15 | 3 << 12 | (rd) << 7 | 0x03)
#define SD(b, imm, a)    ((uint32_t)(b) << 20 | (a) << 15 | 3 << 12 | (imm) << 7 | 0x23)
#define LR_D(rd, a)      (0x10003000u << 0 | (a) << 15 | (rd) << 7 | 0x2f)
#define FDIV_D(rd, a, b) (0x1a000000u | (b) << 20 | (a) << 15 | 7 << 12 | (rd) << 7 | 0x53)
#define SC_D(rd, b, a)   (0x18003000u | (b) << 20 | (a) << 15 | (rd) << 7 | 0x2f)
#define BNEZ_A0_BACK_20  0xfe0516e3u
#define JAL_8            0x0080006fu
#define FENCE_I          0x0000100fu
#define EBREAK           0x00100073u

static struct guest guest; /* guest_rv64 with a lift_block of ours */
static void lift_with_stray(const struct decoded_block *block, struct ir_block *b);

static struct rv64_state *state(void)
{
    return (struct rv64_state *)m.t->guest;
}

static void start(void)
{
    guest = guest_rv64;
    guest.lift_block = lift_with_stray;
    machine_start(&guest, "block", 1 << 20);
    machine_map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
    machine_map(DATA, PROT_READ | PROT_WRITE);
    machine_map(FAR, PROT_READ | PROT_WRITE);
}

/* A store, a reservation and an inexact division in one block; an ebreak in the next. */
static void write_program(void)
{
    static const uint32_t code[] = {SD(A0, 16, A1), LR_D(A2, A1), FDIV_D(FA0, FA0, FA0 + 1),
                                    JAL_8,          EBREAK,       LD(A3, 0, A1),
                                    EBREAK};
    const double ten = 10, three = 3;

    CHECK(space_write(m.space, GVA(CODE), code, sizeof(code)) == 0, "no code");
    state()->x[A0] = 0x1234;
    state()->x[A1] = DATA;
    memcpy(&state()->f[FA0], &ten, sizeof(ten));
    memcpy(&state()->f[FA0 + 1], &three, sizeof(three));
}

static void run_from(uint64_t pc)
{
    thread_set_pc(m.t, GVA(pc));
    vm_run(m.t);
}

/* ---- engines that get something wrong -------------------------------------------------------- */

enum fault {
    NO_FAULT,
    WRONG_PC,
    ONE_MORE,
    ONE_LESS,
    WRONG_X,
    WRONG_F,
    WRONG_FLAGS,
    WRONG_MODE,
    WRONG_RESERVATION,
    WRONG_RESERVED_VALUE,
    LOST_RESERVATION,
    LOST_AT_TRAP, /* no fault: the trap takes it */
    NO_STORE,
    STORE_BEHIND,
    STORE_BEFORE,
    STORE_FAR,
    NO_TRAP,
    WRONG_TRAP,
    WRONG_TRAP_ADDR,
    WRONG_TRAP_REASON,
    FALSE_TRAP,
    FAULTS
};

static const char *const fault_names[FAULTS] = {
    [WRONG_PC] = "pc",
    [ONE_MORE] = "instructions_one_more",
    [ONE_LESS] = "instructions_one_less",
    [WRONG_X] = "integer_register",
    [WRONG_F] = "floating_point_register",
    [WRONG_FLAGS] = "flags",
    [WRONG_MODE] = "rounding_mode",
    [WRONG_RESERVATION] = "reservation",
    [WRONG_RESERVED_VALUE] = "reserved_value",
    [LOST_RESERVATION] = "lost_reservation",
    [LOST_AT_TRAP] = "reservation_lost_at_trap_is_none",
    [NO_STORE] = "missing_store",
    [STORE_BEHIND] = "store_behind",
    [STORE_BEFORE] = "store_before",
    [STORE_FAR] = "store_far_away",
    [NO_TRAP] = "missing_trap",
    [WRONG_TRAP] = "kind_of_trap",
    [WRONG_TRAP_ADDR] = "address_of_trap",
    [WRONG_TRAP_REASON] = "reason_of_trap",
    [FALSE_TRAP] = "trap_that_is_none",
};

static enum fault planted;

static void spoil_memory(void)
{
    uint8_t *data = (uint8_t *)(m.space->base + DATA);

    if (planted == NO_STORE)
        memset(data + 16, 0, 8);
    if (planted == STORE_BEHIND)
        data[24]++;
    if (planted == STORE_BEFORE)
        data[15]++;
}

static enum exit_kind spoil_trap(enum exit_kind kind)
{
    if (planted == FALSE_TRAP && kind != EXIT_TRAP) {
        m.t->trap = (struct trap){.kind = TRAP_BREAKPOINT};
        return EXIT_TRAP;
    }
    if (kind != EXIT_TRAP)
        return kind;
    if (planted == WRONG_TRAP)
        m.t->trap.kind = TRAP_ILLEGAL;
    m.t->trap.addr.v += planted == WRONG_TRAP_ADDR;
    if (planted == WRONG_TRAP_REASON)
        m.t->trap.reason = FAULT_ACCERR;
    return planted == NO_TRAP ? EXIT_LOOKUP : kind;
}

static void spoil_state(void)
{
    struct thread *t = m.t;

    thread_set_pc(t, GVA(thread_pc(t).v + 4 * (planted == WRONG_PC)));
    t->counters[COUNTER_GUEST_INSNS] += planted == ONE_MORE;
    t->counters[COUNTER_GUEST_INSNS] -= planted == ONE_LESS;
    state()->x[A3 + 1] ^= planted == WRONG_X;
    state()->f[FA0] ^= planted == WRONG_F;
    state()->fcsr ^= planted == WRONG_FLAGS;
    state()->fcsr ^= 32 * (planted == WRONG_MODE);
    t->reserve_addr += 8 * (planted == WRONG_RESERVATION);
    t->reserve_value ^= planted == WRONG_RESERVED_VALUE;
}

static void lift_with_stray(const struct decoded_block *block, struct ir_block *b)
{
    size_t from = b->uops.len;

    rv64_lift_block(block, b);
    if (planted == STORE_FAR)
        plant_store(b, from, FAR + 8);
}

static enum exit_kind run_wrongly(struct vm *vm, struct thread *t)
{
    enum exit_kind kind = vm_engine_block.run(vm, t);

    spoil_state();
    if (planted == (kind == EXIT_TRAP ? LOST_AT_TRAP : LOST_RESERVATION))
        t->reserve_addr = ~(uint64_t)0;
    spoil_memory();
    return spoil_trap(kind);
}

static void run_spoilt(void)
{
    static struct vm_engine engine;

    start();
    write_program();
    engine = vm_engine_block;
    engine.run = run_wrongly;
    m.vm->engine = &engine;
    /* A load that faults is the trap whose address and reason can be wrong. */
    if (planted == WRONG_TRAP_ADDR || planted == WRONG_TRAP_REASON)
        state()->x[A1] = HOLE;
    run_from(planted == WRONG_TRAP_ADDR || planted == WRONG_TRAP_REASON ? CODE + 20 : CODE);
}

/* ---- what the engine keeps ------------------------------------------------------------------- */

static struct fragment *fragment_at(uint64_t pc)
{
    struct fragment *f = code_cache_find(m.vm->block->code, GVA(pc), 0);

    CHECK(f, "nothing was made at %#lx", (unsigned long)pc);
    return f;
}

static void an_exit_leads_elsewhere(void)
{
    start();
    write_program();
    run_from(CODE);
    ((struct fragment_exit *)fragment_exit_of(fragment_at(CODE), 0))->pc.v += 4;
    run_from(CODE);
}

/* The load at CODE + 20 did not fault the first time. */
/* The load at CODE + 20, which did not fault the first time, has a point of ours. */
static void run_with_reverse(uint32_t guest_offset, struct recipe of_a0)
{
    static struct reverse_writer table;
    struct reverse_cursor point = {0};

    start();
    write_program();
    run_from(CODE + 20);
    struct fragment *f = fragment_at(CODE + 20);
    CHECK(reverse_next(f->reverse, f->n_reverse, &point), "the load has no point");
    reverse_begin(&table);
    reverse_set(&table, 1 + A0, of_a0);
    reverse_add(&table, point.host, guest_offset);
    f->reverse = table.bytes.data;
    f->n_reverse = (uint32_t)table.bytes.len;
    state()->x[A1] = HOLE;
    run_from(CODE + 20);
}

static void a_reverse_table_is_right(void)
{
    run_with_reverse(0, (struct recipe){RECIPE_HOME, 0, 0});
}

static void a_reverse_table_names_another_pc(void)
{
    run_with_reverse(4, (struct recipe){RECIPE_HOME, 0, 0});
}

static void a_recipe_gives_another_value(void)
{
    run_with_reverse(0, (struct recipe){RECIPE_CONST, 0, 7});
}

/* Behind the back of whatever watches over guest code, and then a fence. Both what was decoded and
 * what was translated are stale. */
static void change_code(uint64_t at, uint32_t word)
{
    void *page = (void *)(m.space->base + CODE);

    CHECK(mprotect(page, SPACE_PAGE_SIZE, PROT_READ | PROT_WRITE) == 0, "no right");
    memcpy((void *)(m.space->base + at), &word, sizeof(word));
    CHECK(mprotect(page, SPACE_PAGE_SIZE, PROT_READ) == 0, "no right");
}

static void code_is_stale(bool fence)
{
    static const uint32_t code[] = {ADDI(A0, A0, 1), EBREAK, FENCE_I, EBREAK};

    start();
    CHECK(space_write(m.space, GVA(CODE), code, sizeof(code)) == 0, "no code");
    run_from(CODE + 8);
    run_from(CODE);
    change_code(CODE, ADDI(A0, A0, 2));
    if (fence)
        run_from(CODE + 8);
    run_from(CODE);
}

static void code_is_stale_after_a_fence(void)
{
    code_is_stale(true);
}

/* Before the fence either may be executed (manual I, "Zifencei"). */
static void code_is_stale_before_a_fence(void)
{
    code_is_stale(false);
}

static void links_and_tables_are_not_used(void)
{
    start();
    write_program();
    for (unsigned i = 0; i < 10; i++)
        run_from(CODE);
    CHECK(m.t->counters[COUNTER_ENTRIES] >= 20, "blocks have run without the check");
    for (const struct fragment *f = NULL; (f = code_cache_next(m.vm->block->code, f)) != NULL;) {
        for (unsigned i = 0; i < f->n_exits; i++)
            CHECK(!fragment_exit_goal(f, i), "an exit is linked");
    }
}

/* A counter in memory by load-reserved and store-conditional, in two blocks. */
static void count_down(enum exit_kind (*run)(struct vm *vm, struct thread *t))
{
    static const uint32_t code[] = {LR_D(A2, A1),     JAL_8,           EBREAK, SC_D(A3, A2, A1),
                                    ADDI(A0, A0, -1), BNEZ_A0_BACK_20, EBREAK};
    static struct vm_engine engine;

    start();
    write_program();
    CHECK(space_write(m.space, GVA(CODE), code, sizeof(code)) == 0, "no code");
    engine = vm_engine_block;
    engine.run = run;
    m.vm->engine = &engine;
    state()->x[A0] = 500;
    run_from(CODE);
    CHECK(state()->x[A0] == 0, "the loop has not come to its end");
}

static void a_store_conditional_fails_now_and_then(void)
{
    count_down(vm_engine_block.run);
}

/* As if its code did not look at the reservation. */
static enum exit_kind run_reserved(struct vm *vm, struct thread *t)
{
    t->reserve_addr = DATA;
    memcpy(&t->reserve_value, (void *)(m.space->base + DATA), sizeof(t->reserve_value));
    return vm_engine_block.run(vm, t);
}

static void a_store_conditional_never_fails(void)
{
    count_down(run_reserved);
}

/* Nobody can see then what LOST_AT_TRAP does. */
static void a_trap_takes_the_reservation(void)
{
    static const uint32_t code[] = {LR_D(A2, A1), ADDI(A0, A0, 1), EBREAK};

    start();
    write_program();
    CHECK(space_write(m.space, GVA(CODE), code, sizeof(code)) == 0, "no code");
    m.t->reserve_addr = 0;
    run_from(CODE);
    CHECK(thread_pc(m.t).v == CODE + 8, "it has not come to the trap");
    CHECK(m.t->reserve_addr == ~(uint64_t)0, "the reservation is left");
}

/* ---- in a child ------------------------------------------------------------------------------ */

static void run_function(void *run)
{
    (*(void (**)(void))run)();
}

static void expect(void (*run)(void), int want)
{
    static char text[1 << 16];
    int status = machine_status_of(run_function, &run, text, sizeof(text));

    if (status != want)
        fail_msg("status %d, not %d: %s", status, want, text);
}

static void test_spoilt(void **state)
{
    planted = (enum fault)(uintptr_t)*state;
    expect(run_spoilt, planted == NO_FAULT || planted == LOST_AT_TRAP ? 0 : EXIT_DIFFERS);
}

struct kept {
    const char *name;
    void (*run)(void);
    int status;
};

static void test_kept(void **state)
{
    const struct kept *kept = *state;

    expect(kept->run, kept->status);
}

static struct kept kept_cases[] = {
#define KEPT(f, status)                                                                            \
    {                                                                                              \
#f, f, status                                                                              \
    }
    KEPT(an_exit_leads_elsewhere, EXIT_DIFFERS),
    KEPT(a_reverse_table_is_right, 0),
    KEPT(a_reverse_table_names_another_pc, EXIT_DIFFERS),
    KEPT(a_recipe_gives_another_value, EXIT_DIFFERS),
    KEPT(code_is_stale_after_a_fence, EXIT_DIFFERS),
    KEPT(code_is_stale_before_a_fence, 0),
    KEPT(links_and_tables_are_not_used, 0),
    KEPT(a_trap_takes_the_reservation, 0),
    KEPT(a_store_conditional_fails_now_and_then, 0),
    KEPT(a_store_conditional_never_fails, EXIT_DIFFERS),
};

int main(void)
{
    struct CMUnitTest tests[FAULTS + ARRAY_LEN(kept_cases)];
    size_t n = 0;

    for (unsigned fault = NO_FAULT; fault < FAULTS; fault++) {
        const char *name = fault == NO_FAULT ? "nothing_wrong" : fault_names[fault];
        tests[n++] = (struct CMUnitTest){base_printf("seen_%s", name), test_spoilt, NULL, NULL,
                                         (void *)(uintptr_t)fault};
    }
    for (size_t i = 0; i < ARRAY_LEN(kept_cases); i++)
        tests[n++] = (struct CMUnitTest){kept_cases[i].name, test_kept, NULL, NULL, &kept_cases[i]};
    return _cmocka_run_group_tests("verify_engine", tests, n, NULL, NULL) != 0;
}
