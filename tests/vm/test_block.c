/* Engine block in the run loop, with real guest code: faults come out as the interpreter has them
 * (which is compared with a real kernel elsewhere), polls are seen in every kind of loop, changed
 * code is seen where RISC-V promises it, and blocks that run into each other do so without the run
 * loop. */
#include "vm/block_engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <cmocka.h>

#include "guest/rv64/rv64.h"

enum {
    CODE = 0x100000, /* readable, writable, executable */
    CODE_SIZE = 0x40000,
    DATA = 0x200000, /* a page that can be written, then one that can only be read, then a hole */
    READ_ONLY = 0x201000,
    HOLE = 0x202000,
};

/* ---- instructions (manual I, "RV32/64G Instruction Set Listings") ------------------------------
 */

enum { ZERO, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3 };

#define R(op, f3, f7, rd, a, b)                                                                    \
    ((uint32_t)(f7) << 25 | (uint32_t)(b) << 20 | (uint32_t)(a) << 15 | (f3) << 12 | (rd) << 7 |   \
     (op))
#define I(op, f3, rd, a, imm) R(op, f3, ((imm) >> 5) & 127, rd, a, (imm)&31)
#define S(op, f3, a, b, imm)  R(op, f3, ((imm) >> 5) & 127, (imm)&31, a, b)
#define ADDI(rd, a, imm)      I(0x13, 0, rd, a, imm)
#define LUI(rd, imm)          ((uint32_t)(imm) << 12 | (rd) << 7 | 0x37)
#define ADD(rd, a, b)         R(0x33, 0, 0, rd, a, b)
#define JALR(rd, a, imm)      I(0x67, 0, rd, a, imm)
#define SW(b, imm, a)         S(0x23, 2, a, b, imm)
#define FSCSR(rd, a)          I(0x73, 1, rd, a, 3)
#define RDINSTRET(rd)         I(0x73, 2, rd, ZERO, 0xc02)
#define FENCE_I               0x0000100fu
#define ECALL                 0x00000073u
#define EBREAK                0x00100073u

static uint32_t jal(unsigned rd, int32_t d)
{
    uint32_t u = (uint32_t)d;
    return (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 |
           (u >> 12 & 0xff) << 12 | rd << 7 | 0x6f;
}

static uint32_t bne(unsigned a, unsigned b, int32_t d)
{
    uint32_t u = (uint32_t)d;
    return R(0x63, 1, (u >> 12 & 1) << 6 | (u >> 5 & 63), (u >> 1 & 15) << 1 | (u >> 11 & 1), a, b);
}

/* ---- a machine ---------------------------------------------------------------------------------
 */

static struct machine {
    struct options options;
    struct space *space;
    struct vm *vm;
    struct thread *t;
    struct trap trap; /* of the end */
    unsigned n_polls, stop_after_polls;
    void (*on_syscall)(void);
} m;

static struct rv64_state *state(void)
{
    return (struct rv64_state *)m.t->guest;
}

static enum vm_next hook_syscall(struct thread *t)
{
    m.on_syscall();
    state()->pc += 4;
    return VM_CONTINUE;
}

static enum vm_next hook_trap(struct thread *t, const struct trap *trap)
{
    m.trap = *trap;
    return VM_STOP;
}

static enum vm_next hook_poll(struct thread *t)
{
    t->poll = 0;
    return ++m.n_polls == m.stop_after_polls ? VM_STOP : VM_CONTINUE;
}

static const struct vm_hooks hooks = {hook_syscall, hook_trap, hook_poll};

static void on_fault(int sig, siginfo_t *info, void *context)
{
    if (!vm_handle_fault(m.t, sig, info, context) &&
        !space_handle_fault(m.space, sig, info, context, &m.t->fault))
        abort();
}

static void on_alarm(int sig)
{
    vm_request_poll(m.t);
}

static void install_handlers(void)
{
    static char stack[64 << 10];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction alarm = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK};

    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGBUS, &fault, NULL);
    sigaction(SIGALRM, &alarm, NULL);
}

static void map(uint64_t at, uint64_t len, int prot)
{
    assert_int_equal(space_map(m.space, GVA(at), len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                               -1, 0, NULL),
                     at);
}

static void start(const char *engine, enum space_kind kind, uint64_t cache_size, const char *wx)
{
    const char *why = NULL;

    memset(&m, 0, sizeof(m));
    m.options.engine = engine;
    m.options.cache_size = cache_size;
    m.options.cache_policy = "flush";
    m.options.wx = wx;
    m.options.stats = "text"; /* instructions are counted */
    m.space = space_create(kind, 0, &why);
    if (!m.space)
        fail_msg("no space: %s", why);
    map(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
    map(DATA, 0x1000, PROT_READ | PROT_WRITE);
    map(READ_ONLY, 0x1000, PROT_READ);
    m.vm = vm_create(&guest_rv64, m.space, &m.options, &hooks);
    m.t = vm_thread_create(m.vm);
    install_handlers();
}

static void start_block(void)
{
    start("block", SPACE_AUTO, 1 << 20, "rwx");
}

static void finish(void)
{
    vm_thread_destroy(m.t);
    vm_destroy(m.vm);
    space_destroy(m.space);
}

static void write_code(uint64_t at, const uint32_t *words, size_t n)
{
    assert_int_equal(space_write(m.space, GVA(at), words, n * sizeof(*words)), 0);
}
#define WRITE_CODE(at, ...)                                                                        \
    write_code(at, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void run_from(uint64_t pc)
{
    thread_set_pc(m.t, GVA(pc));
    vm_run(m.t);
}

static uint64_t counter(enum counter which)
{
    uint64_t sum[COUNTER_COUNT];

    vm_sum_counters(m.vm, sum);
    return sum[which];
}

/* ---- faults ------------------------------------------------------------------------------------
 */

static const struct access {
    const char *name;
    uint32_t word; /* a3 or fa3, address a0 + 8 (a0 for atomics) */
    uint64_t add;
} accesses[] = {
    {"lb", I(0x03, 0, A3, A0, 8), 8},
    {"lhu", I(0x03, 5, A3, A0, 8), 8},
    {"lw", I(0x03, 2, A3, A0, 8), 8},
    {"ld", I(0x03, 3, A3, A0, 8), 8},
    {"ld zero", I(0x03, 3, ZERO, A0, 8), 8},
    {"ld to its base", I(0x03, 3, A0, A0, 8), 8},
    {"sb", S(0x23, 0, A0, A3, 8), 8},
    {"sh", S(0x23, 1, A0, A3, 8), 8},
    {"sw", S(0x23, 2, A0, A3, 8), 8},
    {"sd", S(0x23, 3, A0, A3, 8), 8},
    {"flw", I(0x07, 2, A3, A0, 8), 8},
    {"fld", I(0x07, 3, A3, A0, 8), 8},
    {"fsw", S(0x27, 2, A0, A3, 8), 8},
    {"fsd", S(0x27, 3, A0, A3, 8), 8},
    {"lr.d", R(0x2f, 3, 0x02 << 2, A3, A0, 0), 0},
    {"sc.d", R(0x2f, 3, 0x03 << 2, A3, A0, A1), 0},
    {"amoadd.w", R(0x2f, 2, 0x00 << 2, A3, A0, A1), 0},
    {"amoswap.d", R(0x2f, 3, 0x01 << 2, A3, A0, A1), 0},
    {"amomaxu.d", R(0x2f, 3, 0x1c << 2, A3, A0, A1), 0},
};

static const uint64_t bad_addresses[] = {
    0,
    HOLE,
    HOLE - 4,      /* over the border */
    READ_ONLY,     /* stores only */
    READ_ONLY - 2, /* over the border; atomics: misaligned */
    DATA + 1,      /* fine, but for atomics */
    DATA,          /* fine */
    SPACE_TOP - 8,
    SPACE_TOP - 4,
    SPACE_TOP,
    (uint64_t)1 << 62, /* no address of the processor's: no address in the signal */
    0x8000000000000000u,
    0xffff800000000000u, /* the host kernel's */
    UINT64_MAX - 7,
};

struct outcome {
    struct rv64_state state;
    struct trap trap;
    uint64_t insns;
    uint8_t memory[64];
};

/* Registers change before the access, by instructions of its own block, and after it. */
static struct outcome try_access(const char *engine, enum space_kind kind,
                                 const struct access *access, uint64_t address)
{
    struct outcome o;

    start(engine, kind, 1 << 20, "rwx");
    for (unsigned i = 1; i < 32; i++) {
        state()->x[i] = 0x1111111111111111u * i;
        state()->f[i] = 0x0101010101010101u * i;
    }
    state()->x[A0] = address - access->add;
    WRITE_CODE(CODE, ADDI(T0, T0, 1), ADD(A1, T0, T1), ADDI(S0, ZERO, 77), access->word,
               ADDI(T0, T0, 1), ADDI(A1, ZERO, 3), EBREAK);
    run_from(CODE);
    o = (struct outcome){.state = *state(), .trap = m.trap, .insns = counter(COUNTER_GUEST_INSNS)};
    assert_int_equal(space_read(m.space, GVA(DATA), o.memory, sizeof(o.memory)), 0);
    if (strcmp(engine, "block") == 0 && o.trap.kind == TRAP_LOAD)
        assert_int_equal(counter(COUNTER_FAULTS), 1);
    finish();
    return o;
}

static void check_faults(enum space_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(accesses); i++) {
        for (size_t k = 0; k < ARRAY_LEN(bad_addresses); k++) {
            struct outcome want = try_access("interp", kind, &accesses[i], bad_addresses[k]);
            struct outcome have = try_access("block", kind, &accesses[i], bad_addresses[k]);
            bool same = memcmp(&want.state, &have.state, sizeof(want.state)) == 0 &&
                        want.trap.kind == have.trap.kind && want.trap.reason == have.trap.reason &&
                        want.trap.addr.v == have.trap.addr.v && want.insns == have.insns &&
                        memcmp(want.memory, have.memory, sizeof(want.memory)) == 0;
            if (!same)
                fail_msg("%s at %#lx: interp traps %d, %d at %#lx, pc %#lx, %lu instructions; "
                         "block %d, %d at %#lx, pc %#lx, %lu",
                         accesses[i].name, (unsigned long)bad_addresses[k], want.trap.kind,
                         want.trap.reason, (unsigned long)want.trap.addr.v,
                         (unsigned long)want.state.pc, (unsigned long)want.insns, have.trap.kind,
                         have.trap.reason, (unsigned long)have.trap.addr.v,
                         (unsigned long)have.state.pc, (unsigned long)have.insns);
        }
    }
}

static void faults_are_as_the_interpreter_has_them(void **unused)
{
    check_faults(SPACE_AUTO);
}

static void faults_are_as_the_interpreter_has_them_behind_an_offset(void **unused)
{
    check_faults(SPACE_OFFSET);
}

static void a_fault_names_its_address_and_instruction(void **unused)
{
    struct outcome o = try_access("block", SPACE_AUTO, &accesses[3], HOLE - 4);

    assert_int_equal(o.trap.kind, TRAP_LOAD);
    assert_int_equal(o.trap.reason, FAULT_MAPERR);
    assert_int_equal(o.trap.addr.v, HOLE);
    assert_int_equal(o.state.pc, CODE + 12);
    assert_int_equal(o.state.x[T0], 0x1111111111111111u * T0 + 1);
    assert_int_equal(o.state.x[S0], 77);
    assert_int_equal(o.insns, 3);
    o = try_access("block", SPACE_AUTO, &accesses[9], READ_ONLY);
    assert_int_equal(o.trap.kind, TRAP_STORE);
    assert_int_equal(o.trap.reason, FAULT_ACCERR);
    assert_int_equal(o.trap.addr.v, READ_ONLY);
}

/* ---- polls -------------------------------------------------------------------------------------
 */

/* Runs an endless loop under a timer until a few polls have been answered. */
static void check_polls(const uint32_t *words, size_t n)
{
    const struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};

    start_block();
    write_code(CODE, words, n);
    m.stop_after_polls = 5;
    setitimer(ITIMER_REAL, &every, NULL);
    run_from(CODE);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(m.n_polls, 5);
    assert_int_equal(m.trap.kind, TRAP_NONE);
    /* It was not the run loop that went round. */
    assert_true(counter(COUNTER_ENTRIES) < 100);
    assert_true(counter(COUNTER_GUEST_INSNS) > 1000);
    finish();
}
#define CHECK_POLLS(...)                                                                           \
    check_polls((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void every_loop_sees_a_poll(void **unused)
{
    CHECK_POLLS(jal(ZERO, 0));
    CHECK_POLLS(ADDI(T0, T0, 1), jal(ZERO, -4));
    CHECK_POLLS(ADDI(T0, ZERO, 1), bne(T0, ZERO, -4), EBREAK);
    /* Over forward jumps and back. */
    CHECK_POLLS(jal(ZERO, 8), EBREAK, jal(ZERO, 8), EBREAK, jal(ZERO, -16));
    /* By a register; call and return. */
    CHECK_POLLS(LUI(T0, CODE >> 12), JALR(ZERO, T0, 0));
    CHECK_POLLS(jal(RA, 12), ADDI(T0, T0, 1), jal(ZERO, -8), ADDI(T1, T1, 1), JALR(ZERO, RA, 0));
}

/* ---- the counter of instructions ---------------------------------------------------------------
 */

/* Without --stats nothing is counted until the guest reads the counter, and from then on all is. */
static void a_guest_that_reads_its_counter_counts(void **unused)
{
    start_block();
    vm_thread_destroy(m.t);
    vm_destroy(m.vm);
    m.options.stats = NULL;
    m.vm = vm_create(&guest_rv64, m.space, &m.options, &hooks);
    m.t = vm_thread_create(m.vm);
    /* t1 = instret; 100 turns of two; t2 = instret */
    WRITE_CODE(CODE, ADDI(T0, ZERO, 100), jal(ZERO, 4), RDINSTRET(T1), ADDI(T0, T0, -1),
               bne(T0, ZERO, -4), RDINSTRET(T2), EBREAK);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T2] - state()->x[T1], 201);
    run_from(CODE);
    assert_int_equal(state()->x[T2] - state()->x[T1], 201);
    finish();
}

/* ---- links and room ----------------------------------------------------------------------------
 */

static void linked_blocks_run_without_the_run_loop(void **unused)
{
    start_block();
    /* t0 = 3000, in three blocks a turn */
    WRITE_CODE(CODE, LUI(T0, 1), ADDI(T1, T1, 1), jal(ZERO, 8), EBREAK, jal(ZERO, 8), EBREAK,
               ADDI(T0, T0, -1), bne(T0, ZERO, -24), EBREAK);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T1], 4096);
    assert_true(counter(COUNTER_ENTRIES) < 12);
    assert_true(counter(COUNTER_LINKS) >= 4);
    assert_int_equal(counter(COUNTER_GUEST_INSNS), 1 + 4096 * 5);
    finish();
}

/* A chain of blocks that takes several caches: t0 counts them. */
static void check_small_cache(const char *wx)
{
    enum { BLOCKS = 5000, TURNS = 3 };

    start("block", SPACE_AUTO, 64 << 10, wx);
    m.vm->block->tier.fixed = true; /* all of it, each time */
    for (unsigned i = 0; i < BLOCKS; i++)
        WRITE_CODE(CODE + i * 12, ADDI(T0, T0, 1), jal(ZERO, 8), EBREAK);
    WRITE_CODE(CODE + BLOCKS * 12, EBREAK);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        run_from(CODE);
        assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
        assert_int_equal(state()->x[T0], turn * BLOCKS);
    }
    assert_true(counter(COUNTER_CODE_FLUSHES) > TURNS);
    assert_true(counter(COUNTER_FRAGMENTS) > TURNS * BLOCKS);
    assert_int_equal(counter(COUNTER_RETRANSLATED), counter(COUNTER_FRAGMENTS) - BLOCKS - 1);
    finish();
}

static void a_small_cache_is_filled_again_and_again(void **unused)
{
    check_small_cache("rwx");
}

static void a_small_split_cache_is_filled_again_and_again(void **unused)
{
    check_small_cache("split");
}

/* Exchanges of fcsr take so much host code that as many as a block may have are more than a
 * fragment of the smallest cache. They are translated in parts all the same. */
static void a_block_that_is_too_large_is_translated_in_parts(void **unused)
{
    const uint64_t values[2] = {0x21, 0x42};

    start("block", SPACE_AUTO, CODE_CACHE_MIN_SIZE, "rwx");
    for (unsigned i = 0; i < BLOCK_MAX_INSNS; i++)
        WRITE_CODE(CODE + i * 4, FSCSR(T0, T0));
    WRITE_CODE(CODE + BLOCK_MAX_INSNS * 4, EBREAK);
    state()->x[T0] = values[0];
    state()->fcsr = (uint32_t)values[1];
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->pc, CODE + BLOCK_MAX_INSNS * 4);
    assert_int_equal(state()->x[T0], values[BLOCK_MAX_INSNS % 2]);
    assert_int_equal(state()->fcsr, values[(BLOCK_MAX_INSNS + 1) % 2]);
    assert_int_equal(counter(COUNTER_GUEST_INSNS), BLOCK_MAX_INSNS);
    assert_int_equal(counter(COUNTER_BAILOUT_TOO_LARGE), 0);
    assert_int_equal(counter(COUNTER_INTERPRETED), 0);
    assert_true(counter(COUNTER_FRAGMENTS) > 2);
    finish();
}

/* ---- what is hot -------------------------------------------------------------------------------
 */

/* A vm like that of start(), but with --hot and not necessarily --stats. */
static void start_again(uint64_t hot, const char *stats)
{
    vm_thread_destroy(m.t);
    vm_destroy(m.vm);
    m.options.hot = hot;
    m.options.stats = stats;
    m.vm = vm_create(&guest_rv64, m.space, &m.options, &hooks);
    m.t = vm_thread_create(m.vm);
}

/* 1000 turns of a loop: ten by the interpreter, the rest by the loop's fragment. */
static void a_loop_is_translated_while_it_runs(void **unused)
{
    start_block();
    start_again(10, "text");
    WRITE_CODE(CODE, ADDI(T0, ZERO, 1000), jal(ZERO, 4), ADDI(T1, T1, 1), ADDI(T0, T0, -1),
               bne(T0, ZERO, -8), EBREAK);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T1], 1000);
    assert_int_equal(counter(COUNTER_PROMOTED), 1);
    assert_int_equal(counter(COUNTER_FRAGMENTS), 1);
    assert_int_equal(counter(COUNTER_BLOCKS_ENTERED), 1 + 10 + 1);
    assert_int_equal(counter(COUNTER_GUEST_INSNS), 2 + 3 * 1000);
    finish();
}

/* Hot blocks run into each other, cold ones between them stay the interpreter's: every 64th turn
 * of 4096 takes another way. */
static void a_cold_block_in_a_hot_loop_is_interpreted(void **unused)
{
    enum { ANDI = 7 };
    start_block();
    start_again(100, "text");
    WRITE_CODE(CODE, LUI(T0, 1), I(0x13, ANDI, T2, T0, 63), bne(T2, ZERO, 12), ADDI(T1, T1, 1),
               jal(ZERO, 4), ADDI(T0, T0, -1), bne(T0, ZERO, -20), EBREAK);
    run_from(CODE);
    assert_int_equal(state()->x[T1], 64);
    assert_int_equal(counter(COUNTER_FRAGMENTS), 2);
    assert_true(counter(COUNTER_BLOCKS_ENTERED) < 2 * 100 + 64 + 10);
    assert_int_equal(counter(COUNTER_GUEST_INSNS), 1 + 4096 * 4 + 64 * 2);
    finish();
}

/* What is dropped is cold again. */
static void invalidated_code_has_to_become_hot_again(void **unused)
{
    start_block();
    start_again(10, "text");
    WRITE_CODE(CODE, ADDI(T0, ZERO, 100), jal(ZERO, 4), ADDI(T0, T0, -1), bne(T0, ZERO, -4),
               EBREAK);
    for (unsigned turn = 1; turn <= 3; turn++) {
        run_from(CODE);
        assert_int_equal(counter(COUNTER_FRAGMENTS), turn);
        vm_invalidate(m.vm, GVA(CODE), GVA(CODE + 20));
    }
    assert_int_equal(counter(COUNTER_FRAGMENTS_DROPPED), 3);
    finish();
}

/* The counter is read in blocks that are interpreted, and between them a fragment runs that does
 * not count yet when it is first read. */
static void a_counter_read_by_the_interpreter_counts_fragments_too(void **unused)
{
    start_block();
    start_again(10, NULL);
    WRITE_CODE(CODE, ADDI(T0, ZERO, 100), ADDI(T0, T0, -1), bne(T0, ZERO, -4), RDINSTRET(T1),
               ADDI(T0, ZERO, 100), jal(ZERO, -16 + 0x100), EBREAK);
    WRITE_CODE(CODE + 20 - 16 + 0x100, ADDI(T0, T0, -1), bne(T0, ZERO, -4), RDINSTRET(T2), EBREAK);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T2] - state()->x[T1], 3 + 200);
    finish();
}

/* A loop over more blocks than a small cache holds: fewer and fewer are translated. */
static void check_loop_in_small_cache(uint64_t hot)
{
    enum { BLOCKS = 3000, TURNS = 400 };

    start("block", SPACE_AUTO, 64 << 10, "rwx");
    start_again(hot, "text");
    for (unsigned i = 0; i < BLOCKS; i++)
        WRITE_CODE(CODE + i * 12, ADDI(T0, T0, 1), jal(ZERO, 8), EBREAK);
    WRITE_CODE(CODE + BLOCKS * 12, EBREAK);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        run_from(CODE);
        assert_int_equal(state()->x[T0], turn * BLOCKS);
    }
    assert_true(counter(COUNTER_HOT_RAISED) > 0);
    assert_true(counter(COUNTER_FRAGMENTS) < BLOCKS * TURNS / 8);
    assert_true(counter(COUNTER_BLOCKS_ENTERED) > BLOCKS * TURNS / 2);
    finish();
}

static void a_cache_that_is_too_small_is_used_less(void **unused)
{
    check_loop_in_small_cache(2);
}

static void blocks_translated_at_once_give_way_to_the_interpreter_too(void **unused)
{
    check_loop_in_small_cache(0);
}

/* ---- changed code ------------------------------------------------------------------------------
 */

/* Calls CODE + 0x100, which adds 1 to t0; puts another instruction there; calls it again. */
static void write_patching_program(uint32_t between)
{
    WRITE_CODE(CODE, jal(RA, 0x100), SW(A1, 0x100, A0), between, jal(RA, 0x100 - 12), EBREAK);
    WRITE_CODE(CODE + 0x100, ADDI(T0, T0, 1), JALR(ZERO, RA, 0));
    state()->x[A0] = CODE;
    state()->x[A1] = ADDI(T0, T0, 100);
}

static void code_changed_before_fence_i_is_seen(void **unused)
{
    start_block();
    write_patching_program(FENCE_I);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T0], 101);
    finish();
}

static void nothing_more(void)
{
}

/* RISC-V does not promise it; but whoever leaves translated code finds the new one. */
static void a_store_without_fence_i_is_noticed(void **unused)
{
    start_block();
    m.on_syscall = nothing_more;
    write_patching_program(ECALL);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T0], 101);
    assert_int_equal(counter(COUNTER_WATCHED_STORES), 1);
    assert_int_equal(counter(COUNTER_FENCES), 0);
    assert_true(counter(COUNTER_FRAGMENTS_DROPPED) == 1);
    finish();
}

/* A fragment that stores to its own page goes on; the loop's other code stays. */
static void code_beside_a_changed_word_stays(void **unused)
{
    start_block();
    /* 50 turns: patch the callee, fence.i, call it. */
    WRITE_CODE(CODE, ADDI(T1, ZERO, 50), SW(A1, 0x100, A0), FENCE_I, jal(RA, 0x100 - 12),
               ADDI(T1, T1, -1), bne(T1, ZERO, -16), EBREAK);
    WRITE_CODE(CODE + 0x100, ADDI(T0, T0, 1), JALR(ZERO, RA, 0));
    state()->x[A0] = CODE;
    state()->x[A1] = ADDI(T0, T0, 100);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T0], 5000);
    assert_int_equal(counter(COUNTER_FENCES), 50);
    /* The second when the page had been quiet for a while: the bytes stored are the same. */
    assert_int_equal(counter(COUNTER_WATCHED_STORES), 2);
    assert_true(counter(COUNTER_FRAGMENTS_DROPPED) < 3);
    finish();
}

static void invalidate_callee(void)
{
    vm_invalidate(m.vm, GVA(CODE + 0x100), GVA(CODE + 0x104));
}

/* As after riscv_flush_icache. Linked exits into the dropped fragment are taken back. */
static void code_that_is_invalidated_is_seen_anew(void **unused)
{
    start_block();
    m.on_syscall = invalidate_callee;
    write_patching_program(ECALL);
    run_from(CODE);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T0], 101);
    assert_int_equal(counter(COUNTER_FRAGMENTS_DROPPED), 1);
    finish();
}

static void remap_code(void)
{
    uint32_t words[2] = {ADDI(T0, T0, 100), JALR(ZERO, RA, 0)};

    map(CODE + 0x1000, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC);
    write_code(CODE + 0x1000, words, 2);
}

static void unmap_code(void)
{
    assert_int_equal(space_unmap(m.space, GVA(CODE + 0x1000), 0x1000), 0);
}

static void forbid_code(void)
{
    assert_int_equal(space_protect(m.space, GVA(CODE + 0x1000), 0x1000, PROT_READ), 0);
}

/* Calls a function on another page, makes a system call, calls it again. */
static void run_with_change(void (*change)(void))
{
    start_block();
    WRITE_CODE(CODE, LUI(S0, (CODE + 0x1000) >> 12), JALR(RA, S0, 0), ECALL, JALR(RA, S0, 0),
               EBREAK);
    WRITE_CODE(CODE + 0x1000, ADDI(T0, T0, 1), JALR(ZERO, RA, 0));
    m.on_syscall = change;
    run_from(CODE);
}

static void mapping_over_code_is_seen(void **unused)
{
    run_with_change(remap_code);
    assert_int_equal(m.trap.kind, TRAP_BREAKPOINT);
    assert_int_equal(state()->x[T0], 101);
    finish();
}

static void check_no_more_code(void (*change)(void), enum fault_reason reason)
{
    run_with_change(change);
    assert_int_equal(m.trap.kind, TRAP_FETCH);
    assert_int_equal(m.trap.reason, reason);
    assert_int_equal(m.trap.addr.v, CODE + 0x1000);
    assert_int_equal(state()->pc, CODE + 0x1000);
    assert_int_equal(state()->x[T0], 1);
    finish();
}

static void code_that_is_gone_is_not_run(void **unused)
{
    check_no_more_code(unmap_code, FAULT_MAPERR);
    check_no_more_code(forbid_code, FAULT_ACCERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_as_the_interpreter_has_them),
        cmocka_unit_test(faults_are_as_the_interpreter_has_them_behind_an_offset),
        cmocka_unit_test(a_fault_names_its_address_and_instruction),
        cmocka_unit_test(every_loop_sees_a_poll),
        cmocka_unit_test(a_guest_that_reads_its_counter_counts),
        cmocka_unit_test(linked_blocks_run_without_the_run_loop),
        cmocka_unit_test(a_small_cache_is_filled_again_and_again),
        cmocka_unit_test(a_block_that_is_too_large_is_translated_in_parts),
        cmocka_unit_test(a_small_split_cache_is_filled_again_and_again),
        cmocka_unit_test(a_loop_is_translated_while_it_runs),
        cmocka_unit_test(a_cold_block_in_a_hot_loop_is_interpreted),
        cmocka_unit_test(invalidated_code_has_to_become_hot_again),
        cmocka_unit_test(a_counter_read_by_the_interpreter_counts_fragments_too),
        cmocka_unit_test(a_cache_that_is_too_small_is_used_less),
        cmocka_unit_test(blocks_translated_at_once_give_way_to_the_interpreter_too),
        cmocka_unit_test(code_changed_before_fence_i_is_seen),
        cmocka_unit_test(a_store_without_fence_i_is_noticed),
        cmocka_unit_test(code_beside_a_changed_word_stays),
        cmocka_unit_test(code_that_is_invalidated_is_seen_anew),
        cmocka_unit_test(mapping_over_code_is_seen),
        cmocka_unit_test(code_that_is_gone_is_not_run),
    };

    return cmocka_run_group_tests_name("vm/block", tests, NULL, NULL);
}
