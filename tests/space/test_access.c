/* Single accesses: results, and faults of every size at every distance from every kind of
 * border. */
#include "space_test.h"

#include <errno.h>

#define BORDER ((uint64_t)0x20000000) /* below: a page to read and write */

/* ---- every accessor behind one signature ---------------------------------------------------- */

struct access {
    const char *name;
    unsigned size;
    bool writes, atomic;
    bool (*run)(uint64_t addr, uint64_t operand, uint64_t *result);
};

#define LOAD(bits)                                                                                 \
    static bool run_load_##bits(uint64_t addr, uint64_t operand, uint64_t *result)                 \
    {                                                                                              \
        uint##bits##_t v = 0;                                                                      \
        bool ok = space_load_u##bits(the_space, addr, &v);                                         \
        *result = v;                                                                               \
        return ok;                                                                                 \
    }
#define STORE(bits)                                                                                \
    static bool run_store_##bits(uint64_t addr, uint64_t operand, uint64_t *result)                \
    {                                                                                              \
        return space_store_u##bits(the_space, addr, (uint##bits##_t)operand);                      \
    }
#define AMO(op, bits)                                                                              \
    static bool run_##op##_##bits(uint64_t addr, uint64_t operand, uint64_t *result)               \
    {                                                                                              \
        uint##bits##_t old = 0;                                                                    \
        bool ok = space_amo_##op##_u##bits(the_space, addr, (uint##bits##_t)operand, &old);        \
        *result = old;                                                                             \
        return ok;                                                                                 \
    }
/* Expects what is there, so that it writes. */
#define CMPXCHG(bits)                                                                              \
    static bool run_cmpxchg_##bits(uint64_t addr, uint64_t operand, uint64_t *result)              \
    {                                                                                              \
        bool done = false;                                                                         \
        uint##bits##_t old = 0;                                                                    \
        (void)!space_load_u##bits(the_space, addr, &old);                                          \
        bool ok = space_cmpxchg_u##bits(the_space, addr, old, (uint##bits##_t)operand, &done);     \
        *result = old;                                                                             \
        return ok && done;                                                                         \
    }
#define AMOS(X, bits)                                                                              \
    X(swap, bits)                                                                                  \
    X(add, bits)                                                                                   \
    X(and, bits) X(or, bits) X(xor, bits) X(mins, bits) X(maxs, bits) X(minu, bits) X(maxu, bits)

LOAD(8)
LOAD(16)
LOAD(32)
LOAD(64)
STORE(8)
STORE(16)
STORE(32)
STORE(64)
AMOS(AMO, 32)
AMOS(AMO, 64)
CMPXCHG(32)
CMPXCHG(64)

#define AMO_ROW(op, bits) {"amo" #op #bits, bits / 8, true, true, run_##op##_##bits},

static const struct access accesses[] = {
    {"load8", 1, false, false, run_load_8},
    {"load16", 2, false, false, run_load_16},
    {"load32", 4, false, false, run_load_32},
    {"load64", 8, false, false, run_load_64},
    {"store8", 1, true, false, run_store_8},
    {"store16", 2, true, false, run_store_16},
    {"store32", 4, true, false, run_store_32},
    {"store64", 8, true, false, run_store_64},
    AMOS(AMO_ROW, 32) AMOS(AMO_ROW, 64){"cmpxchg32", 4, true, true, run_cmpxchg_32},
    {"cmpxchg64", 8, true, true, run_cmpxchg_64},
};

/* ---- results -------------------------------------------------------------------------------- */

static void *host(uint64_t addr)
{
    return space_host_range(the_space, GVA(addr), 8, NULL);
}

static void loads_and_stores_move_the_right_bytes(void **state)
{
    map_pages(BORDER, 2, RW);
    for (unsigned at = PAGE - 9; at < PAGE + 9; at++) { /* misaligned and across pages too */
        uint8_t bytes[8] = {0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8}, got[8] = {0};
        uint64_t v;
        assert_int_equal(space_write(the_space, GVA(BORDER + at), bytes, 8), 0);
        assert_true(run_load_8(BORDER + at, 0, &v) && v == 0xf1);
        assert_true(run_load_16(BORDER + at, 0, &v) && v == 0xf2f1);
        assert_true(run_load_32(BORDER + at, 0, &v) && v == 0xf4f3f2f1);
        assert_true(run_load_64(BORDER + at, 0, &v) && v == 0xf8f7f6f5f4f3f2f1);
        assert_true(run_store_64(BORDER + at, 0, &v));
        assert_true(run_store_8(BORDER + at, 0xff01, &v));
        assert_true(run_store_16(BORDER + at + 1, 0xff0302, &v));
        assert_true(run_store_32(BORDER + at + 3, 0xff07060504, &v));
        assert_int_equal(space_read(the_space, GVA(BORDER + at), got, 8), 0);
        assert_memory_equal(got, ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 0}), 8);
    }
    assert_int_equal(fault_count, 0);
}

/* What the operation leaves in memory, by the manual's names (volume I, chapter "A"). */
static uint64_t amo_expected(const char *name, unsigned size, uint64_t old, uint64_t operand)
{
    int64_t so = size == 4 ? (int32_t)old : (int64_t)old;
    int64_t sv = size == 4 ? (int32_t)operand : (int64_t)operand;
    if (!strncmp(name, "amoadd", 6))
        return old + operand;
    if (!strncmp(name, "amoand", 6))
        return old & operand;
    if (!strncmp(name, "amoor", 5))
        return old | operand;
    if (!strncmp(name, "amoxor", 6))
        return old ^ operand;
    if (!strncmp(name, "amomins", 7))
        return so < sv ? old : operand;
    if (!strncmp(name, "amomaxs", 7))
        return so > sv ? old : operand;
    if (!strncmp(name, "amominu", 7))
        return old < operand ? old : operand;
    if (!strncmp(name, "amomaxu", 7))
        return old > operand ? old : operand;
    return operand; /* swap, cmpxchg */
}

static void atomics_compute_and_return_the_old_value(void **state)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffffffff,
                                      1ull << 63,
                                      ~0ull,
                                      0x123456789abcdef};
    map_pages(BORDER, 1, RW);
    for (size_t k = 0; k < ARRAY_LEN(accesses); k++) {
        const struct access *a = &accesses[k];
        uint64_t mask = a->size == 4 ? 0xffffffff : ~0ull;
        for (size_t i = 0; a->atomic && i < ARRAY_LEN(values) * ARRAY_LEN(values); i++) {
            uint64_t old = values[i / ARRAY_LEN(values)] & mask, got = 0, left = 0;
            uint64_t operand = values[i % ARRAY_LEN(values)] & mask;
            assert_true(space_store_u64(the_space, BORDER, ~mask | old));
            assert_true(a->run(BORDER, operand, &got));
            assert_true(space_load_u64(the_space, BORDER, &left));
            if (got != old ||
                left != (~mask | (amo_expected(a->name, a->size, old, operand) & mask)))
                fail_msg("%s %#lx %#lx: old %#lx, left %#lx", a->name, old, operand, got, left);
        }
    }
}

static void cmpxchg_leaves_another_value_alone(void **state)
{
    bool done = true;
    uint32_t v = 0;
    map_pages(BORDER, 1, RW);
    assert_true(space_store_u32(the_space, BORDER, 5));
    assert_true(space_cmpxchg_u32(the_space, BORDER, 6, 7, &done));
    assert_false(done);
    assert_true(space_load_u32(the_space, BORDER, &v));
    assert_int_equal(v, 5);
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Runs every accessor at every distance from BORDER; those that touch a byte from BORDER on must
 * fail with the reason there (for stores, for loads), at the first such byte, and write nothing. */
static void expect_border(enum fault_reason for_loads, enum fault_reason for_stores)
{
    uint8_t before[16], after[16];
    for (size_t k = 0; k < ARRAY_LEN(accesses) * 24; k++) {
        const struct access *a = &accesses[k / 24];
        uint64_t addr = BORDER - 12 + k % 24, result;
        enum fault_reason want = a->writes ? for_stores : for_loads;
        if (a->atomic && addr % a->size)
            continue;
        for (unsigned i = 0; i < sizeof(before); i++)
            before[i] = 0xa0 + i;
        assert_int_equal(space_write(the_space, GVA(BORDER - 16), before, 16), 0);
        the_thread->fault = the_thread->trap = (struct trap){.reason = 99};
        bool ok = a->run(addr, 0x5555555555555555, &result);
        if (addr + a->size <= BORDER || want == FAULT_NONE) {
            if (!ok)
                fail_msg("%s at border%+ld failed", a->name, (long)(addr - BORDER));
            continue;
        }
        space_fault_trap(the_thread, a->writes ? TRAP_STORE : TRAP_LOAD, addr);
        if (ok || the_thread->trap.reason != want || the_thread->trap.addr.v != MAX(addr, BORDER))
            fail_msg("%s at border%+ld: %d, reason %d, address %#lx", a->name,
                     (long)(addr - BORDER), ok, the_thread->trap.reason, the_thread->trap.addr.v);
        assert_int_equal(the_thread->trap.kind, a->writes ? TRAP_STORE : TRAP_LOAD);
        assert_int_equal(space_read(the_space, GVA(BORDER - 16), after, 16), 0);
        assert_memory_equal(before, after, 16);
    }
}

static void faults_at_an_absent_page(void **state)
{
    map_pages(BORDER - PAGE, 1, RW);
    expect_border(FAULT_MAPERR, FAULT_MAPERR);
}

static void faults_at_an_inaccessible_page(void **state)
{
    map_pages(BORDER - PAGE, 1, RW);
    map_pages(BORDER, 1, PROT_NONE);
    expect_border(FAULT_ACCERR, FAULT_ACCERR);
}

static void faults_at_a_read_only_page(void **state)
{
    map_pages(BORDER - PAGE, 1, RW);
    map_pages(BORDER, 1, PROT_READ);
    expect_border(FAULT_NONE, FAULT_ACCERR);
}

static void faults_at_an_executable_page(void **state)
{
    map_pages(BORDER - PAGE, 1, RW);
    map_pages(BORDER, 1, PROT_READ | PROT_EXEC);
    expect_border(FAULT_NONE, FAULT_ACCERR);
}

static void faults_beyond_the_end_of_a_file(void **state)
{
    int fd = make_file(PAGE); /* the second page of the mapping has no file behind it */
    assert_int_equal(space_map(the_space, GVA(BORDER - PAGE), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED,
                               fd, 0, "file"),
                     BORDER - PAGE);
    expect_border(FAULT_BUS, FAULT_BUS);
    close(fd);
}

static void addresses_from_the_top_on_fail_without_a_signal(void **state)
{
    static const uint64_t addrs[] = {SPACE_TOP,        SPACE_TOP + 1, SPACE_TOP - 7, SPACE_TOP - 1,
                                     SPACE_TOP + PAGE, 1ull << 47,    1ull << 63,    ~0ull,
                                     ~0ull - 7,        1ull << 39,    0x7ffff7ffe000};
    for (size_t k = 0; k < ARRAY_LEN(accesses) * ARRAY_LEN(addrs); k++) {
        const struct access *a = &accesses[k / ARRAY_LEN(addrs)];
        uint64_t addr = addrs[k % ARRAY_LEN(addrs)], result;
        the_thread->fault = (struct trap){.reason = FAULT_BUS};
        if (a->atomic && addr % a->size)
            continue;
        assert_false(a->run(addr, 1, &result));
        space_fault_trap(the_thread, TRAP_LOAD, addr);
        assert_int_equal(the_thread->trap.reason, FAULT_MAPERR);
        assert_int_equal(the_thread->trap.addr.v, addr);
    }
    assert_int_equal(fault_count, 0);
}

/* The last page is never mapped, so that no access can cross the top. */
static void the_last_page_cannot_be_mapped(void **state)
{
    uint64_t v;
    assert_int_equal(space_map(the_space, GVA(SPACE_TOP - PAGE), PAGE, RW, MAP_ANON_PRI | MAP_FIXED,
                               -1, 0, NULL),
                     -ENOMEM);
    assert_false(space_load_u64(the_space, SPACE_TOP - 8, &v));
    assert_int_equal(fault_count, 1);
}

/* ---- the handler ---------------------------------------------------------------------------- */

static void handler_takes_only_faults_of_accessors(void **state)
{
    uint8_t v;
    ucontext_t uc = {0};
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
    struct trap fault = {0};

    assert_false(space_load_u8(the_space, BORDER, &v));
    uint64_t pc = last_fault_pc;
    info.si_addr = (void *)(the_space->base + BORDER);
    uc.uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
    assert_true(space_handle_fault(the_space, SIGSEGV, &info, &uc, &fault));
    assert_int_equal(uc.uc_mcontext.gregs[REG_RIP], space_fixup((hpc){pc}).v);
    assert_int_equal(fault.reason, FAULT_MAPERR);
    assert_int_equal(fault.addr.v, BORDER);

    /* Sent by kill while the pc stands there. */
    uc.uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
    info.si_code = SI_USER;
    assert_false(space_handle_fault(the_space, SIGSEGV, &info, &uc, &fault));
    /* Another signal; an instruction that is no accessor; an address that is not the guest's. */
    info.si_code = SEGV_MAPERR;
    assert_false(space_handle_fault(the_space, SIGILL, &info, &uc, &fault));
    uc.uc_mcontext.gregs[REG_RIP] = (greg_t)pc + 1;
    assert_false(space_handle_fault(the_space, SIGSEGV, &info, &uc, &fault));
    uc.uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
    info.si_addr = (void *)(the_space->base + SPACE_TOP);
    assert_false(space_handle_fault(the_space, SIGSEGV, &info, &uc, &fault));
    assert_int_equal(uc.uc_mcontext.gregs[REG_RIP], pc);
}

/* ---- buffers -------------------------------------------------------------------------------- */

static void buffers_stop_at_a_fault(void **state)
{
    uint8_t bytes[64];
    map_pages(BORDER - PAGE, 1, RW);
    for (unsigned over = 0; over < 64; over++) {
        int want = over ? -EFAULT : 0;
        uint64_t addr = BORDER - 64 + over;
        memset(bytes, (int)over, 64);
        assert_int_equal(space_write(the_space, GVA(addr), bytes, 64), want);
        assert_int_equal(space_read(the_space, GVA(addr), bytes, 64), want);
    }
    assert_int_equal(space_read(the_space, GVA(SPACE_TOP), bytes, 1), -EFAULT);
    assert_int_equal(space_read(the_space, GVA(SPACE_TOP - 1), bytes, 2), -EFAULT);
    assert_int_equal(space_write(the_space, GVA(~0ull), bytes, 1), -EFAULT);
    assert_int_equal(space_write(the_space, GVA(~0ull - 62), bytes, 64), -EFAULT);
    assert_int_equal(space_read(the_space, GVA(SPACE_TOP), bytes, 0), 0);
}

static void strings_end_at_nul_size_or_fault(void **state)
{
    char text[8];
    map_pages(BORDER - PAGE, 1, RW);
    assert_int_equal(space_write(the_space, GVA(BORDER - 6), "hello", 6), 0);
    assert_int_equal(space_read_string(the_space, GVA(BORDER - 6), text, 8), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(space_read_string(the_space, GVA(BORDER - 6), text, 6), 5);
    assert_int_equal(space_read_string(the_space, GVA(BORDER - 6), text, 5), -ENAMETOOLONG);
    assert_int_equal(space_write(the_space, GVA(BORDER - 6), "hello!", 6), 0);
    assert_int_equal(space_read_string(the_space, GVA(BORDER - 6), text, 8), -EFAULT);
    assert_int_equal(space_read_string(the_space, GVA(SPACE_TOP), text, 8), -EFAULT);
}

static void host_ranges_stay_inside(void **state)
{
    bool ok = false;
    map_pages(BORDER, 1, RW);
    assert_true(space_store_u8(the_space, BORDER + 3, 77));
    assert_int_equal(*(volatile uint8_t *)host(BORDER + 3), 77);
    assert_null(space_host_range(the_space, GVA(0), 100, &ok));
    assert_true(ok);
    assert_null(space_host_range(the_space, GVA(SPACE_TOP - 4), 5, &ok));
    assert_false(ok);
    assert_non_null(space_host_range(the_space, GVA(SPACE_TOP - 4), 4, &ok));
    assert_true(ok);
    assert_null(space_host_range(the_space, GVA(BORDER), ~0ull, &ok));
    assert_false(ok);
    assert_null(space_host_range(the_space, GVA(~0ull), 1, &ok));
    assert_false(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_KINDS(loads_and_stores_move_the_right_bytes),
        BOTH_KINDS(atomics_compute_and_return_the_old_value),
        BOTH_KINDS(cmpxchg_leaves_another_value_alone),
        BOTH_KINDS(faults_at_an_absent_page),
        BOTH_KINDS(faults_at_an_inaccessible_page),
        BOTH_KINDS(faults_at_a_read_only_page),
        BOTH_KINDS(faults_at_an_executable_page),
        BOTH_KINDS(faults_beyond_the_end_of_a_file),
        BOTH_KINDS(addresses_from_the_top_on_fail_without_a_signal),
        BOTH_KINDS(the_last_page_cannot_be_mapped),
        BOTH_KINDS(handler_takes_only_faults_of_accessors),
        BOTH_KINDS(buffers_stop_at_a_fault),
        BOTH_KINDS(strings_end_at_nul_size_or_fault),
        BOTH_KINDS(host_ranges_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
