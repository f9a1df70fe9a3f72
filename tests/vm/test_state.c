/* Guest state at a host pc, from fragments made by hand: registers that are not at home, several
 * guest instructions done by one of the host, and code that was moved. The traps that follow are
 * those that the guest code, read by itself, comes to. */
#include "vm/block_engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "guest/rv64/rv64.h"

enum { CODE = 0x100000, DATA = 0x200000, HOLE = 0x201000 };
enum { ZERO, SP = 2, T0 = 5, A0 = 10, A1, A2, A3, A4, A5, A6, A7 };
enum { FA0 = 10, FA1 = 11, FT8 = 28, ROW_X = 1, ROW_F = 33 };

/* Manual I, "RV32/64G Instruction Set Listings". */
#define ADDI(rd, a, imm) ((uint32_t)(imm) << 20 | (a) << 15 | (rd) << 7 | 0x13)
#define LD(rd, imm, a)   ((uint32_t)(imm) << 20 | (a) << 15 | 3 << 12 | (rd) << 7 | 0x03)
#define SD(b, imm, a)    ((uint32_t)(b) << 20 | (a) << 15 | 3 << 12 | (imm) << 7 | 0x23)
#define EBREAK           0x00100073u

static struct machine {
    struct options options;
    struct space *space;
    struct vm *vm;
    struct thread *t;
    struct trap trap;
} m;

static struct rv64_state *state(void)
{
    return (struct rv64_state *)m.t->guest;
}

static enum vm_next no_syscall(struct thread *t)
{
    return VM_STOP;
}

static enum vm_next hook_trap(struct thread *t, const struct trap *trap)
{
    m.trap = *trap;
    return VM_STOP;
}

static const struct vm_hooks hooks = {no_syscall, hook_trap, no_syscall};

static void on_fault(int sig, siginfo_t *info, void *context)
{
    if (!vm_handle_fault(m.t, sig, info, context) &&
        !space_handle_fault(m.space, sig, info, context, &m.t->fault))
        abort();
}

static void map(uint64_t at, int prot)
{
    assert_int_equal(space_map(m.space, GVA(at), SPACE_PAGE_SIZE, prot,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL),
                     at);
}

static void write_guest(const uint32_t *words, size_t bytes)
{
    assert_int_equal(space_write(m.space, GVA(CODE), words, bytes), 0);
}

/* In the test itself: cmocka has its own before. */
static void install_handler(void)
{
    static char stack[64 << 10];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &fault, NULL);
}

static int setup(void **unused)
{
    const char *why;

    memset(&m, 0, sizeof(m));
    m.options.engine = "block";
    m.options.cache_size = 1 << 20;
    m.options.cache_policy = "flush";
    m.options.wx = "rwx";
    m.space = space_create(SPACE_AUTO, 0, &why);
    m.vm = vm_create(&guest_rv64, m.space, &m.options, &hooks);
    m.t = vm_thread_create(m.vm);
    map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
    map(DATA, PROT_READ | PROT_WRITE);
    for (unsigned i = 1; i < 32; i++) {
        state()->x[i] = 0x1111111100000000u + i;
        state()->f[i] = 0x2222222200000000u + i;
    }
    return 0;
}

static int teardown(void **unused)
{
    vm_thread_destroy(m.t);
    vm_destroy(m.vm);
    space_destroy(m.space);
    return 0;
}

/* ---- fragments ------------------------------------------------------------------------------- */

static uint8_t code[256];
static uint32_t n_code;
static struct reverse_writer table;

static void host(const char *bytes, unsigned n)
{
    memcpy(code + n_code, bytes, n);
    n_code += n;
}

static void host_imm(const char *bytes, unsigned n, const void *imm, unsigned n_imm)
{
    host(bytes, n);
    host(imm, n_imm);
}

/* AMD64 manual, volume 3, "Opcode and Operand Encodings". */
#define MOV_RAX(imm)       host_imm("\x48\xb8", 2, &(uint64_t){imm}, 8)
#define MOV_RCX(imm)       host_imm("\x48\xb9", 2, &(uint64_t){imm}, 8)
#define MOVQ_XMM0_RCX      host("\x66\x48\x0f\x6e\xc1", 5)
#define MOV_RDX_AT_RAX     host("\x48\x8b\x10", 3)
#define MOVUPS_XMM0_AT_RAX host("\x0f\x10\x00", 3)
#define UD2                host("\x0f\x0b", 2)

static void spill_rcx(unsigned slot)
{
    int32_t at = (int32_t)(offsetof(struct thread, spill) - offsetof(struct thread, guest)) -
                 FRAME_BIAS + 8 * (int32_t)slot;

    host_imm("\x48\x89\x8d", 3, &at, 4); /* mov [rbp + at], rcx */
}

static void begin_fragment(void)
{
    n_code = 0;
    reverse_begin(&table);
}

static struct fragment *place(uint32_t n_insns)
{
    struct fragment_image image = {.pc = GVA(CODE),
                                   .guest_bytes = 4 * n_insns,
                                   .n_insns = n_insns,
                                   .code = code,
                                   .n_code = n_code,
                                   .reverse = table.bytes.data,
                                   .n_reverse = (uint32_t)table.bytes.len};
    struct fragment *f = code_cache_insert(m.vm->block->code, &image);

    assert_non_null(f);
    return f;
}

static void run(void)
{
    install_handler();
    thread_set_pc(m.t, GVA(CODE));
    vm_run(m.t);
}

static void run_to(enum trap_kind kind, uint64_t pc, uint64_t addr)
{
    run();
    assert_int_equal(m.trap.kind, kind);
    assert_int_equal(m.trap.addr.v, addr);
    assert_int_equal(thread_pc(m.t).v, pc);
}

static void others_are_untouched(uint64_t but)
{
    for (unsigned i = 1; i < 32; i++) {
        if (!(but >> i & 1))
            assert_int_equal(state()->x[i], 0x1111111100000000u + i);
        if (!(but >> (32 + i) & 1))
            assert_int_equal(state()->f[i], 0x2222222200000000u + i);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Of each kind of recipe one; a1's is changed, and taken back, before the point that is hit. */
static struct fragment *place_with_recipes(void)
{
    begin_fragment();
    MOV_RAX(m.space->base + DATA);
    reverse_set(&table, ROW_X + A0, (struct recipe){RECIPE_CONST, 0, 7});
    reverse_set(&table, ROW_X + A1, (struct recipe){RECIPE_CONST, 0, 8});
    reverse_add(&table, n_code, 0);
    MOV_RDX_AT_RAX;
    MOV_RCX(0x123456789a);
    spill_rcx(3);
    MOVQ_XMM0_RCX;
    MOV_RAX(m.space->base + HOLE);
    reverse_set(&table, ROW_X + A0, (struct recipe){RECIPE_HOST, 0, 100});
    reverse_set(&table, ROW_X + A1, (struct recipe){RECIPE_HOME});
    reverse_set(&table, ROW_X + A2, (struct recipe){RECIPE_CONST, 0, -5});
    reverse_set(&table, ROW_X + A3, (struct recipe){RECIPE_HOST, 1, 0});
    reverse_set(&table, ROW_X + A4, (struct recipe){RECIPE_SLOT, 3, 0});
    reverse_set(&table, ROW_X + A5, (struct recipe){RECIPE_SLOT, 3, INT64_MIN});
    reverse_set(&table, ROW_F + FA0, (struct recipe){RECIPE_HOST, 16, 0});
    reverse_set(&table, ROW_F + FA1, (struct recipe){RECIPE_NAN64});
    reverse_set(&table, ROW_F + FT8, (struct recipe){RECIPE_NAN32});
    reverse_add(&table, n_code, 8);
    MOV_RDX_AT_RAX;
    UD2;
    return place(4);
}

static void every_kind_of_recipe_gives_its_value(void **unused)
{
    place_with_recipes();
    state()->f[FA1] = 0xfff0000000000123; /* in a host register */
    state()->f[FT8] = 0xffffffffffc00001; /* in its slot */
    run_to(TRAP_LOAD, CODE + 8, HOLE);
    assert_int_equal(m.trap.reason, FAULT_MAPERR);
    assert_int_equal(state()->x[A0], m.space->base + HOLE + 100);
    assert_int_equal(state()->x[A2], (uint64_t)-5);
    assert_int_equal(state()->x[A3], 0x123456789a);
    assert_int_equal(state()->x[A4], 0x123456789a);
    assert_int_equal(state()->x[A5], 0x123456789a + ((uint64_t)1 << 63));
    assert_int_equal(state()->f[FA0], 0x123456789a);
    assert_int_equal(state()->f[FA1], 0x7ff8000000000000);
    assert_int_equal(state()->f[FT8], 0xffffffff7fc00000);
    others_are_untouched(1 << A0 | 1 << A2 | 1 << A3 | 1 << A4 | 1 << A5 |
                         (uint64_t)1 << (32 + FA0) | (uint64_t)1 << (32 + FA1) |
                         (uint64_t)1 << (32 + FT8));
}

/* The table has `slli a6, a6, 1` and `add a7, a6, a0`, which stand before the load: they are done
 * on what homes and recipes give; and one that is over before the point that is hit is not. */
static void late_instructions_are_done(void **unused)
{
    static struct ir_block b;
    uint8_t bytes[IR_PACKED_MAX];

    ir_block_init(&b, rv64_regs, RV64_REG_COUNT);
    begin_fragment();
    ir_put(&b, ROW_X + A7, ir_const(&b, IR_I64, 1));
    reverse_late(&table, 4, bytes, (uint32_t)ir_pack(&b, 0, bytes));
    ir_block_reset(&b);
    ir_put(&b, ROW_X + A6,
           ir_op(&b, UOP_shl, IR_VOID, ir_get(&b, IR_I64, ROW_X + A6), ir_const(&b, IR_I64, 1),
                 IR_NONE));
    reverse_late(&table, 8, bytes, (uint32_t)ir_pack(&b, 0, bytes));
    MOV_RAX(m.space->base + DATA);
    reverse_add(&table, n_code, 4);
    MOV_RDX_AT_RAX;
    ir_block_reset(&b);
    ir_put(&b, ROW_X + A7,
           ir_op(&b, UOP_add, IR_VOID, ir_get(&b, IR_I64, ROW_X + A6),
                 ir_get(&b, IR_I64, ROW_X + A0), IR_NONE));
    reverse_late(&table, 8, bytes, (uint32_t)ir_pack(&b, 0, bytes));
    reverse_set(&table, ROW_X + A0, (struct recipe){RECIPE_CONST, 0, 7});
    MOV_RAX(m.space->base + HOLE);
    reverse_add(&table, n_code, 8);
    MOV_RDX_AT_RAX;
    UD2;
    const struct fragment *f = place(4);
    state()->x[A6] = 1000;
    run_to(TRAP_LOAD, CODE + 8, HOLE);
    assert_int_equal(state()->x[A6], 2000);
    assert_int_equal(state()->x[A7], 2007);
    others_are_untouched(1 << A0 | 1 << A6 | 1 << A7);

    struct strbuf text = {0};
    block_print_host(m.vm->block, f, &text);
    assert_non_null(strstr(text.data, "; may trap: guest pc 0x100004, late: a7 a6\n"));
    assert_non_null(strstr(text.data, "; may trap: guest pc 0x100008, a0: 0x7, late: a6 a7\n"));
    strbuf_free(&text);
    ir_block_free(&b);
}

/* Two loads done by one of 16 bytes. The table says that they are done again one by one: the first
 * comes off, the second traps. */
static void of_two_loads_in_one_the_right_one_traps(void **unused)
{
    static const uint32_t guest[] = {ADDI(A0, ZERO, 1), LD(A2, 0, A1), LD(A3, 8, A1), EBREAK};
    const uint64_t value = 0x0123456789abcdef;

    write_guest(guest, sizeof(guest));
    space_write(m.space, GVA(HOLE - 8), &value, sizeof(value));
    state()->x[A1] = HOLE - 8;
    begin_fragment();
    MOV_RAX(m.space->base + HOLE - 8);
    reverse_set(&table, ROW_X + A0, (struct recipe){RECIPE_CONST, 0, 1});
    reverse_add_again(&table, n_code, 4);
    MOVUPS_XMM0_AT_RAX;
    UD2;
    place(4);
    run_to(TRAP_LOAD, CODE + 8, HOLE);
    assert_int_equal(state()->x[A0], 1);
    assert_int_equal(state()->x[A2], value);
    others_are_untouched(1 << A0 | 1 << A1 | 1 << A2);
}

/* A load that stands before its turn: before whatever guest code is there. */
static void place_moved_load(uint32_t n_insns)
{
    begin_fragment();
    MOV_RAX(m.space->base + HOLE);
    reverse_add_again(&table, n_code, 0);
    MOV_RDX_AT_RAX;
    UD2;
    place(n_insns);
}

/* A load that was moved before a store and an addition: both have taken effect when it traps. */
static void a_moved_load_traps_in_its_turn(void **unused)
{
    static const uint32_t guest[] = {SD(A0, 16, A1), ADDI(A0, A0, 1), LD(A2, 0, A4), EBREAK};
    uint64_t stored;

    write_guest(guest, sizeof(guest));
    state()->x[A1] = DATA;
    state()->x[A4] = HOLE;
    place_moved_load(4);
    run_to(TRAP_LOAD, CODE + 8, HOLE);
    assert_int_equal(state()->x[A0], 0x1111111100000000u + A0 + 1);
    space_read(m.space, GVA(DATA + 16), &stored, sizeof(stored));
    assert_int_equal(stored, 0x1111111100000000u + A0);
    others_are_untouched(1 << A0 | 1 << A1 | 1 << A4);
}

/* A load that was moved before a branch which leads elsewhere was never due: the guest does not
 * notice that it faulted. */
static void a_moved_load_that_is_not_reached_does_not_trap(void **unused)
{
    enum { BEQ_ZERO_ZERO_8 = 0x00000463 };
    static const uint32_t guest[] = {BEQ_ZERO_ZERO_8, LD(A2, 0, A4), EBREAK};

    write_guest(guest, sizeof(guest));
    state()->x[A4] = HOLE;
    place_moved_load(2);
    run_to(TRAP_BREAKPOINT, CODE + 8, 0);
    others_are_untouched(1 << A4);
}

static void elsewhere_the_pc_is_near_or_there_is_none(void **unused)
{
    const struct fragment *f = place_with_recipes();
    struct host_regs regs = {.mxcsr = 0x1f80};
    unsigned char guest[1024];
    const gva *pc = (const gva *)(guest + m.t->desc->pc_offset);
    gva block = {0};

    assert_true(m.t->desc->state_size <= sizeof(guest));
    memcpy(guest, m.t->guest, m.t->desc->state_size);
    assert_int_equal(vm_state_at(m.t, HPC(f->code.v), &regs, guest, &block), VM_STATE_NEAR);
    assert_int_equal(pc->v, CODE);
    assert_int_equal(block.v, CODE);
    assert_int_equal(vm_state_at(m.t, HPC(f->code.v + n_code - 1), &regs, guest, NULL),
                     VM_STATE_NEAR);
    assert_int_equal(pc->v, CODE + 8);
    for (unsigned i = 1; i < 32; i++)
        assert_int_equal(((struct rv64_state *)guest)->x[i], 0x1111111100000000u + i);
    assert_int_equal(vm_state_at(m.t, HPC((uintptr_t)code), &regs, guest, NULL), VM_STATE_NONE);
}

/* Flags that the guest's instructions have raised are in MXCSR until then. */
static void fcsr_is_that_of_the_context(void **unused)
{
    const struct fragment *f = place_with_recipes();
    struct host_regs regs = {.mxcsr = 0x1f80 | 1 << 5 | 1 << 2}; /* inexact, division by zero */
    unsigned char guest[1024];

    m.t->fp.rm = 2;
    assert_int_equal(vm_state_at(m.t, HPC(f->code.v + 10), &regs, guest, NULL), VM_STATE_EXACT);
    assert_int_equal(((struct rv64_state *)guest)->fcsr, 2 << 5 | 8 | 1);
}

static void a_listing_shows_recipes(void **unused)
{
    const struct fragment *f = place_with_recipes();
    struct strbuf text = {0};

    block_print_host(m.vm->block, f, &text);
    assert_non_null(strstr(text.data, "; may trap: guest pc 0x100000, a0: 0x7, a1: 0x8\n"));
    assert_non_null(
        strstr(text.data,
               "; may trap: guest pc 0x100008, a0: rax + 100, a2: 0xfffffffffffffffb, a3: rcx, "
               "a4: spill 3, a5: spill 3 + -9223372036854775808, fa0: xmm0, fa1: at home, any NaN, "
               "ft8: at home, any NaN\n"));
    strbuf_free(&text);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_kind_of_recipe_gives_its_value),
        CASE(late_instructions_are_done),
        CASE(of_two_loads_in_one_the_right_one_traps),
        CASE(a_moved_load_traps_in_its_turn),
        CASE(a_moved_load_that_is_not_reached_does_not_trap),
        CASE(elsewhere_the_pc_is_near_or_there_is_none),
        CASE(fcsr_is_that_of_the_context),
        CASE(a_listing_shows_recipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
