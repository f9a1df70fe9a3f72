/* The code buffer: labels, the end of the room, alignment, constants, relocation records, padding
 * of patchable jumps, and what is our own bug. Expected bytes are written by hand from the SDM. */
#include "host_test.h"

#include <errno.h>
#include <string.h>

#define EXEC HPC(0x7f0000001000)

static struct host_code code;
static uint8_t room[4096];

static struct host_code *begin(size_t size)
{
    memset(room, 0xcc, sizeof(room));
    host_code_begin(&code, room, EXEC, size);
    return &code;
}

static void expect_bytes(unsigned at, const char *hex)
{
    char text[64];
    for (unsigned i = 0; i < strlen(hex) / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", room[at + i]);
    assert_string_equal(text, hex);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void a_jump_back_is_short_within_128_bytes(void **state)
{
    for (unsigned distance = 0; distance < 300; distance++) {
        struct host_code *c = begin(sizeof(room));
        struct host_label top = host_label_new(c);
        host_label_bind(c, top);
        x86_nop(c, distance);
        x86_emit(c, x86_jcc(X86_NZ), x86_label(top));
        bool is_short = distance + 2 <= 128;
        assert_int_equal(c->pos, distance + (is_short ? 2 : 6));
        assert_int_equal(room[distance], is_short ? 0x75 : 0x0f);
        int32_t rel = (int8_t)room[distance + 1];
        if (!is_short)
            memcpy(&rel, room + distance + 2, 4);
        assert_int_equal(rel, -(int)c->pos);
        assert_int_equal(host_code_finish(c), 0);
    }
}

static void a_jump_forward_is_long_unless_called_near(void **state)
{
    struct host_code *c = begin(sizeof(room));
    struct host_label end = host_label_new(c);

    x86_emit(c, X86_jmp, x86_label(end));
    x86_emit(c, X86_jmp, x86_label_near(end));
    x86_emit(c, X86_jrcxz, x86_label_near(end));
    x86_emit(c, X86_call, x86_label(end));
    assert_false(host_label_bound(c, end));
    x86_nop(c, 1);
    host_label_bind(c, end);
    assert_int_equal(host_label_offset(c, end), 15);
    assert_int_equal(host_code_finish(c), 0);
    expect_bytes(0, "e90a000000eb08e306e80100000090");
}

static void a_label_may_be_data_with_bytes_behind_it(void **state)
{
    struct host_code *c = begin(sizeof(room));
    struct host_label data = host_label_new(c);

    x86_emit(c, X86_add, x86_mem_label(4, data, 4), x86_imm(5));      /* 83 05 rel32 05 */
    x86_emit(c, X86_add, x86_mem_label(4, data, 0), x86_imm(0x1234)); /* 81 05 rel32 imm32 */
    host_label_bind(c, data);
    assert_int_equal(host_code_finish(c), 0);
    expect_bytes(0, "83050e00000005810500000000");
}

static void many_labels_are_settled_in_any_order(void **state)
{
    enum { N = 200 };
    struct host_label labels[N];
    struct host_code *c = begin(sizeof(room));

    for (unsigned i = 0; i < N; i++)
        labels[i] = host_label_new(c);
    for (unsigned i = 0; i < N; i++)
        x86_emit(c, X86_jmp, x86_label_far(labels[i * 7 % N]));
    for (unsigned i = N; i-- > 0;) {
        host_label_bind(c, labels[i]);
        x86_emit0(c, X86_ret);
    }
    assert_int_equal(host_code_finish(c), 0);
    for (unsigned i = 0; i < N; i++) {
        int32_t rel;
        memcpy(&rel, room + 5 * i + 1, 4);
        assert_int_equal(5 * (i + 1) + (unsigned)rel, host_label_offset(c, labels[i * 7 % N]));
    }
}

/* ---- room ------------------------------------------------------------------------------------ */

/* Instructions of many lengths, with labels, a constant and a helper's address. */
static void emit_mixture(struct host_code *c)
{
    struct host_label out = host_label_new(c), near = host_label_new(c);

    x86_emit0(c, X86_cqo);
    x86_emit(c, X86_mov, x86_r64(X86_RAX), x86_host(0x1122334455667788, 3));
    x86_emit(c, x86_jcc(X86_E), x86_label(out));
    x86_emit(c, X86_jmp, x86_label_near(near));
    x86_emit(c, X86_addsd, x86_xmm(1), host_constant_u64(c, 0x3ff0000000000000));
    host_emit_patchable(c, X86_jmp, x86_label_far(out));
    host_label_bind(c, near);
    x86_emit(c, X86_call, x86_host(EXEC.v + 0x10000, 4));
    x86_emit(c, X86_add, x86_mem_index(8, X86_R12, X86_R13, 3, 0x1000), x86_imm(0x1000));
    host_label_bind(c, out);
    x86_emit0(c, X86_ret);
}

static void nothing_is_written_beyond_the_room(void **state)
{
    static uint8_t whole[sizeof(room)];
    struct host_code *c = begin(sizeof(room));

    emit_mixture(c);
    assert_int_equal(host_code_finish(c), 0);
    uint32_t need = c->pos;
    size_t relocs = c->relocs.len;
    memcpy(whole, room, need);
    assert_int_equal(relocs, 2);
    for (uint32_t size = 0; size <= need; size++) {
        c = begin(size);
        emit_mixture(c);
        int result = host_code_finish(c);
        assert_int_equal(result, size < need ? -ENOSPC : 0);
        assert_int_equal(c->overflow, size < need);
        assert_int_equal(c->pos, need);
        assert_true(c->written <= size && (size == need) == (c->written == need));
        for (uint32_t i = c->written; i < sizeof(room); i++)
            assert_int_equal(room[i], 0xcc);
        for (size_t i = 0; i < c->relocs.len; i++)
            assert_true(c->relocs.data[i].offset < c->written);
    }
    assert_memory_equal(room, whole, need);
}

/* Once full, always full: a smaller instruction that would fit is dropped too. */
static void the_overflow_is_sticky(void **state)
{
    struct host_code *c = begin(4);
    x86_mov_imm(c, X86_RAX, 1);
    assert_true(c->overflow);
    x86_emit0(c, X86_ret);
    assert_int_equal(room[0], 0xcc);
    assert_int_equal(c->written, 0);
    assert_int_equal(c->pos, 6);
    assert_int_equal(host_code_finish(begin(0)), 0);
}

static void alignment_is_that_of_execution(void **state)
{
    for (unsigned n = 1; n <= 64; n *= 2) {
        for (unsigned start = 0; start < 70; start++) {
            struct host_code *c = begin(sizeof(room));
            c->exec.v += 3;
            x86_nop(c, start);
            host_code_align(c, n);
            assert_int_equal(host_code_here(c).v % n, 0);
            assert_true(c->pos >= start && c->pos < start + n);
        }
    }
}

/* ---- constants ------------------------------------------------------------------------------- */

static uint32_t rip_relative_goal(uint32_t disp_at, uint32_t end)
{
    int32_t rel;
    memcpy(&rel, room + disp_at, 4);
    return end + (uint32_t)rel;
}

static void constants_are_aligned_and_stored_once(void **state)
{
    uint8_t wide[64], half[32];
    uint32_t word = 0x01020304, pos[6], place[6];
    struct host_code *c = begin(sizeof(room));

    memset(wide, 1, sizeof(wide));
    memset(half, 2, sizeof(half));
    const struct x86_operand k[] = {host_constant(c, &word, 4), host_constant_u64(c, 77),
                                    host_constant(c, wide, 64), host_constant(c, half, 32),
                                    host_constant_u64(c, 77),   host_constant(c, wide, 16)};
    for (unsigned i = 0; i < 6; i++) {
        x86_emit(c, X86_lea, x86_r64(X86_RAX), k[i]);
        pos[i] = c->pos;
    }
    uint32_t end = c->pos;
    assert_int_equal(host_code_finish(c), 0);
    for (unsigned i = 0; i < 6; i++) {
        place[i] = rip_relative_goal(pos[i] - 4, pos[i]);
        assert_true(place[i] >= end && place[i] + k[i].size <= c->pos);
        assert_int_equal((EXEC.v + place[i]) % k[i].size, 0);
    }
    assert_int_equal(place[1], place[4]);
    assert_memory_equal(room + place[0], &word, 4);
    assert_int_equal(room[place[1]], 77);
    assert_memory_equal(room + place[2], wide, 64);
    assert_memory_equal(room + place[3], half, 32);
    assert_memory_equal(room + place[5], wide, 16);
    assert_int_equal(c->pos, ALIGN_UP(end, 64) + 64 + 32 + 16 + 8 + 4);
    assert_int_equal(c->relocs.len, 0);
}

/* ---- relocation records ---------------------------------------------------------------------- */

static void emit_with_addresses(struct host_code *c, uint64_t shift)
{
    x86_emit(c, X86_mov, x86_r64(X86_R11), x86_host(0x123456789abc + 0x0101010101 * shift, 1));
    x86_emit(c, X86_call, x86_host(0x7f0000100000 + 0x01010101 * shift, 2));
    x86_emit(c, x86_jcc(X86_B), x86_host(0x7f0000200000 + 0x01010101 * shift, 3));
    x86_emit(c, X86_cmp, x86_mem_host(4, 0x7f0000300000 + 0x01010101 * shift, 4), x86_imm(0x12345));
    x86_emit(c, X86_lea, x86_r64(X86_RDX), x86_mem_host(0, 0x7f0000400000 + 0x01010101 * shift, 5));
    x86_emit(c, X86_jmp, host_constant_address(c, 0x555555555555 + 0x0101010101 * shift, 6));
    x86_emit(c, X86_mov, x86_r64(X86_R11),
             x86_imm(0x123456789abc)); /* a guest constant: no record */
}

/* Another run, where all addresses differ: only bytes under a record change. */
static void every_address_has_a_record(void **state)
{
    static uint8_t first[sizeof(room)];
    bool covered[256] = {false};
    struct host_code *c = begin(sizeof(room));

    emit_with_addresses(c, 0);
    assert_int_equal(host_code_finish(c), 0);
    memcpy(first, room, sizeof(room));
    assert_int_equal(c->relocs.len, 6);
    for (unsigned i = 0; i < 6; i++) {
        const struct host_reloc *r = &c->relocs.data[i];
        assert_int_equal(r->id, i + 1);
        assert_int_equal(r->kind, i == 0 || i == 5 ? HOST_RELOC_ABS64 : HOST_RELOC_REL32);
        memset(covered + r->offset, true, r->kind == HOST_RELOC_ABS64 ? 8 : 4);
    }
    c = begin(sizeof(room));
    emit_with_addresses(c, 1);
    assert_int_equal(host_code_finish(c), 0);
    for (unsigned i = 0; i < c->pos; i++)
        assert_true(room[i] == first[i] || covered[i]);
    for (unsigned i = 0; i < 6; i++)
        assert_memory_not_equal(room + c->relocs.data[i].offset, first + c->relocs.data[i].offset,
                                4);
}

static uint64_t shifted(void *arg, unsigned id)
{
    static const uint64_t base[] = {0,
                                    0x123456789abc,
                                    0x7f0000100000,
                                    0x7f0000200000,
                                    0x7f0000300000,
                                    0x7f0000400000,
                                    0x555555555555};
    uint64_t step = id == 1 || id == 6 ? 0x0101010101 : 0x01010101;
    return base[id] + step * *(uint64_t *)arg;
}

/* Code relocated is the code that would have been emitted there. */
static void relocated_code_is_emitted_code(void **state)
{
    static uint8_t moved[sizeof(room)];
    const hpc elsewhere = HPC(EXEC.v + 0x5000);
    uint64_t shift = 2;
    struct host_code *c = begin(sizeof(room));

    emit_with_addresses(c, 0);
    assert_int_equal(host_code_finish(c), 0);
    memcpy(moved, room, sizeof(room));
    assert_int_equal(
        host_relocate(moved, elsewhere, c->relocs.data, c->relocs.len, shifted, &shift), 0);
    c = begin(sizeof(room));
    c->exec = elsewhere;
    emit_with_addresses(c, shift);
    assert_int_equal(host_code_finish(c), 0);
    assert_memory_equal(room, moved, c->pos);
    assert_int_equal(
        host_relocate(moved, HPC(0x1000), c->relocs.data, c->relocs.len, shifted, &shift), -ERANGE);
}

static void what_is_out_of_reach_is_said_or_called_through_memory(void **state)
{
    const uint64_t far = EXEC.v + (4ull << 30), edge = EXEC.v + INT32_MAX;
    struct host_code *c = begin(sizeof(room));

    assert_true(host_code_reaches(c, edge));
    assert_false(host_code_reaches(c, far));
    assert_false(host_code_reaches(c, edge + 1));
    x86_call_host(c, X86_call, far, 1);
    x86_call_host(c, X86_jmp, edge, 2);
    assert_int_equal(host_code_finish(c), 0);
    expect_bytes(0, "ff15");
    expect_bytes(6, "e9");
    assert_int_equal(c->relocs.len, 2);
    x86_emit(begin(sizeof(room)), X86_call, x86_host(far, 1));
    assert_int_equal(host_code_finish(c), -ERANGE);
}

/* ---- patchable jumps
 * ----------------------------------------------------------------------------- */

static void a_displacement_stays_in_one_word(void **state)
{
    static const enum x86_insn insns[] = {X86_jmp, X86_call, X86_jz};
    for (unsigned i = 0; i < 64 * 3; i++) {
        unsigned before = i / 3 % 8;
        struct host_code *c = begin(sizeof(room));
        struct host_label l = host_label_new(c);
        x86_nop(c, i / 3);
        uint32_t field = host_emit_patchable(c, insns[i % 3], x86_label_far(l));
        assert_true((EXEC.v + field) % 8 <= 4);
        assert_int_equal(field + 4, c->pos);
        assert_true(c->pos - i / 3 <= 6 + 3);

        host_pad_patchable(c, insns[i % 3], before);
        uint32_t start = c->pos;
        x86_nop(c, before);
        field = host_emit_patchable(c, insns[i % 3], x86_host(EXEC.v, 1));
        assert_true((EXEC.v + field) % 8 <= 4);
        assert_int_equal(field, start + before + (insns[i % 3] == X86_jz ? 2 : 1));
        host_label_bind(c, l);
    }
}

/* ---- our own bugs
 * -------------------------------------------------------------------------------- */

static void bug_unbound(void *arg)
{
    x86_emit(begin(sizeof(room)), X86_jmp, x86_label(host_label_new(&code)));
    host_code_finish(&code);
}

static void bug_bound_twice(void *arg)
{
    struct host_label l = host_label_new(begin(sizeof(room)));
    host_label_bind(&code, l);
    host_label_bind(&code, l);
}

static void bug_not_near(void *arg)
{
    struct host_label l = host_label_new(begin(sizeof(room)));
    x86_emit(&code, X86_jmp, x86_label_near(l));
    x86_nop(&code, 128);
    host_label_bind(&code, l);
}

static void bug_sizes_differ(void *arg)
{
    x86_emit(begin(sizeof(room)), X86_add, x86_r32(1), x86_r64(2));
}

static void bug_immediate_too_large(void *arg)
{
    x86_emit(begin(sizeof(room)), X86_add, x86_r64(1), x86_imm(0x80000000));
}

static void bug_lock_of_a_register(void *arg)
{
    x86_emit(begin(sizeof(room)), (enum x86_insn)(X86_add | X86_LOCK), x86_r64(1), x86_r64(2));
}

static void bug_missing_feature(void *arg)
{
    begin(sizeof(room))->features &= ~(1ull << HOST_AVX512F);
    x86_emit(&code, X86_vaddsd, x86_xmm(1), x86_xmm(2), x86_xmm(16));
}

static void no_bug(void *arg)
{
    x86_emit(begin(sizeof(room)), X86_add, x86_r64(1), x86_imm(0x7fffffff));
    x86_emit(&code, X86_add, x86_r32(1), x86_imm(0xffffffff));
}

static void our_own_bugs_are_caught(void **state)
{
    static void (*const bugs[])(void *) = {
        bug_unbound,      bug_bound_twice,         bug_not_near,           bug_missing_feature,
        bug_sizes_differ, bug_immediate_too_large, bug_lock_of_a_register,
    };
    for (unsigned i = 0; i < ARRAY_LEN(bugs); i++)
        assert_true(dies_of_check(bugs[i], NULL));
    assert_false(dies_of_check(no_bug, NULL));
}

/* ---- listings -------------------------------------------------------------------------------- */

static const char *name_helper(void *arg, uint64_t address)
{
    return address == EXEC.v + 0x2000 ? arg : NULL;
}

static void a_listing_shows_bytes_and_names(void **state)
{
    struct strbuf text = {0};
    struct host_code *c = begin(sizeof(room));

    x86_emit(c, X86_mov, x86_r64(X86_RAX), x86_r64(X86_RBX));
    x86_emit(c, X86_call, x86_host(EXEC.v + 0x2000, 1));
    host_code_bytes(c, "\x06", 1); /* no instruction in 64-bit mode */
    host_disassemble(&text, room, c->pos, EXEC, name_helper, "the_helper");
    assert_non_null(strstr(text.data, "0x7f0000001000  48 89 d8 "));
    assert_non_null(strstr(text.data, "\n0x7f0000001003  e8 f8 1f 00 00 "));
#ifdef HAVE_ZYDIS
    assert_non_null(strstr(text.data, "mov rax, rbx\n"));
    assert_non_null(strstr(text.data, "; the_helper\n"));
    assert_non_null(strstr(text.data, "06                             (bad)\n"));
#endif
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_back_is_short_within_128_bytes),
        cmocka_unit_test(a_jump_forward_is_long_unless_called_near),
        cmocka_unit_test(a_label_may_be_data_with_bytes_behind_it),
        cmocka_unit_test(many_labels_are_settled_in_any_order),
        cmocka_unit_test(nothing_is_written_beyond_the_room),
        cmocka_unit_test(the_overflow_is_sticky),
        cmocka_unit_test(alignment_is_that_of_execution),
        cmocka_unit_test(constants_are_aligned_and_stored_once),
        cmocka_unit_test(every_address_has_a_record),
        cmocka_unit_test(relocated_code_is_emitted_code),
        cmocka_unit_test(what_is_out_of_reach_is_said_or_called_through_memory),
        cmocka_unit_test(a_displacement_stays_in_one_word),
        cmocka_unit_test(our_own_bugs_are_caught),
        cmocka_unit_test(a_listing_shows_bytes_and_names),
    };
    struct host_cpu cpu = {.features = ~0ull};
    host_code_init(&code, &cpu);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    host_code_free(&code);
    return failed;
}
