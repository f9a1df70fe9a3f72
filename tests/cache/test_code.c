/* The code cache: single cases, what it refuses, fragments that really run, both sides of a fork,
 * and that its verifier sees what is wrong. */
#include "code_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cache/fragments.h" /* to break what the verifier must see */

/* ---- fragments by hand ----------------------------------------------------------------------- */

/* A fragment that adds 1 to the 64-bit word at rdi and leaves to next_pc: its stub returns the
 * stub's address to the caller through the trampoline (which is a ret). */
static struct fragment *insert_counter(struct code_cache *c, uint64_t pc, uint64_t next_pc)
{
    static struct host_code code;
    static uint8_t bytes[256];
    struct host_cpu cpu;
    struct fragment_exit exit = {.pc = GVA(next_pc)};

    host_cpu_detect(&cpu);
    host_code_init(&code, &cpu);
    host_code_begin(&code, bytes, code_cache_target(c, 0), sizeof(bytes));
    struct host_label stub = host_label_new(&code);
    x86_emit(&code, X86_add, x86_mem(8, X86_RDI, 0), x86_imm(1));
    exit.jump = host_emit_patchable(&code, X86_jmp, x86_label_far(stub));
    host_label_bind(&code, stub);
    exit.stub = code.pos;
    x86_emit(&code, X86_lea, x86_r64(X86_RAX), x86_mem_label(8, stub, 0));
    x86_emit(&code, X86_jmp, x86_host(code_cache_target(c, CODE_EXIT_LINK).v, CODE_EXIT_LINK));
    assert_int_equal(host_code_finish(&code), 0);
    const struct fragment_image image = {.pc = GVA(pc),
                                         .guest_bytes = 4,
                                         .n_insns = 1,
                                         .code = bytes,
                                         .n_code = code.pos,
                                         .exits = &exit,
                                         .n_exits = 1,
                                         .relocs = code.relocs.data,
                                         .n_relocs = (uint32_t)code.relocs.len};
    struct fragment *f = code_cache_insert(c, &image);
    host_code_free(&code);
    assert_non_null(f);
    return f;
}

/* Runs from f; returns the stub by which it left. */
static uint64_t run(const struct fragment *f, uint64_t *counter)
{
    return host_code_function(f->code)((uint64_t)(uintptr_t)counter, 0, 0, 0, 0, 0);
}

static uint64_t stub_of(const struct fragment *f)
{
    return f->code.v + fragment_exit_of(f, 0)->stub;
}

static void check_chain(bool split)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, split, true, NULL, NULL);
    struct fragment *first = insert_counter(c, 0x1000, 0x2000);
    struct fragment *second = insert_counter(c, 0x2000, 0x3000);
    struct fragment *third = insert_counter(c, 0x3000, 0x1000);
    uint64_t counter = 0;
    unsigned exit;

    assert_int_equal(run(first, &counter), stub_of(first));
    assert_int_equal(counter, 1);
    code_cache_link(c, first, 0, second);
    assert_int_equal(run(first, &counter), stub_of(second));
    assert_int_equal(counter, 3);
    code_cache_link(c, second, 0, third);
    uint64_t stub = run(first, &counter);
    assert_ptr_equal(code_cache_find_exit(c, HPC(stub), &exit), third);
    assert_int_equal(exit, 0);
    assert_int_equal(counter, 6);
    /* The one in the middle goes: the first leaves by its own stub again, the third stays. */
    assert_int_equal(code_cache_invalidate(c, GVA(0x2003), GVA(0x2004)), 1);
    assert_int_equal(run(first, &counter), stub_of(first));
    assert_int_equal(run(third, &counter), stub_of(third));
    assert_int_equal(counter, 8);
    second = insert_counter(c, 0x2000, 0x3000);
    code_cache_link(c, first, 0, second);
    code_cache_unlink(c, first, 0);
    assert_int_equal(run(first, &counter), stub_of(first));
    code_cache_destroy(c);
}

static void linked_fragments_run_into_each_other(void **state)
{
    check_chain(false);
}

static void linked_fragments_run_in_a_split_arena(void **state)
{
    check_chain(true);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* What a process does with a cache of its own: flush, translate, link, run. 0 if all is well. */
static int use_cache(struct code_cache *c, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t counter = 0;
        code_cache_flush(c);
        struct fragment *a = insert_counter(c, 0x10000 + 16 * i, 0x20000);
        struct fragment *b = insert_counter(c, 0x20000, 0x30000);
        code_cache_link(c, a, 0, b);
        if (run(a, &counter) != stub_of(b) || counter != 2 || code_cache_verify(c))
            return 1;
    }
    return 0;
}

static void check_fork(bool split)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, split, true, NULL, NULL);
    struct fragment *first = insert_counter(c, 0x1000, 0x2000);
    struct fragment *second = insert_counter(c, 0x2000, 0x3000);
    uint64_t counter = 0;
    int status, gate[2];
    char byte = 0;

    code_cache_link(c, first, 0, second);
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(code_cache_fork_begin(c), 0);
    pid_t child = fork();
    if (code_cache_fork_end(c, child == 0) != 0 && child == 0)
        _exit(9);
    if (child == 0) {
        /* What the parent had runs here too, and what is done here stays here. */
        if (run(first, &counter) != stub_of(second) || counter != 2)
            _exit(2);
        int failed = use_cache(c, 100);
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 0) /* the parent has done the same by now */
            _exit(3);
        _exit(failed);
    }
    assert_true(child > 0);
    assert_int_equal(run(first, &counter), stub_of(second));
    assert_int_equal(counter, 2);
    assert_int_equal(use_cache(c, 100), 0);
    close(gate[0]);
    close(gate[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    code_cache_destroy(c);
}

static void both_sides_of_a_fork_go_on(void **state)
{
    check_fork(false);
}

static void both_sides_of_a_fork_go_on_in_a_split_arena(void **state)
{
    check_fork(true);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static const char *refusal(size_t size, const char *policy)
{
    const struct code_cache_config config = {.size = size, .policy = policy, .beside = refusal};
    const char *why = NULL;

    assert_null(code_cache_create(&config, &why));
    assert_non_null(why);
    assert_null(strchr(why, '\n'));
    return why;
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    assert_non_null(strstr(refusal(0, "flush"), "--cache-size: 0"));
    assert_non_null(strstr(refusal(1, "flush"), "--cache-size: too small"));
    assert_non_null(strstr(refusal(CODE_CACHE_MIN_SIZE - 1, "flush"), "--cache-size: too small"));
    assert_non_null(strstr(refusal((size_t)HOST_MEMORY_MAX + 1, "flush"), "range of a jump"));
    assert_non_null(strstr(refusal(SIZE_MAX, "flush"), "range of a jump"));
    assert_non_null(strstr(refusal(CODE_CACHE_MIN_SIZE, "hope"), "--cache-policy"));
}

static void a_fragment_takes_an_eighth_and_no_more(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, true, NULL, NULL);
    static uint8_t code[CODE_CACHE_MIN_SIZE / 8 + 1];
    struct fragment_image image = {.pc = GVA(0x1000), .guest_bytes = 4, .code = code};

    image.n_code = sizeof(code);
    errno = 0;
    assert_null(code_cache_insert(c, &image));
    assert_int_equal(errno, E2BIG);
    image.n_code = sizeof(code) - 1;
    assert_non_null(code_cache_insert(c, &image));
    code_cache_destroy(c);
}

static void an_address_out_of_reach_is_refused(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, true, NULL, NULL);
    const uint8_t code[16] = {0};
    const struct host_reloc far = {0, HOST_RELOC_REL32, 0, CODE_HELPER_UOP}; /* code_test.c's */
    const struct fragment_image image = {.pc = GVA(0x1000),
                                         .guest_bytes = 4,
                                         .code = code,
                                         .n_code = sizeof(code),
                                         .relocs = &far,
                                         .n_relocs = 1};

    errno = 0;
    assert_null(code_cache_insert(c, &image));
    assert_int_equal(errno, ERANGE);
    assert_null(code_cache_find(c, GVA(0x1000), 0));
    assert_null(code_cache_verify(c));
    code_cache_destroy(c);
}

static void trampolines_have_no_more_room_than_a_fragment(void **state)
{
    const struct code_cache_config config = {
        .size = CODE_CACHE_MIN_SIZE, .policy = "flush", .beside = refusal};
    static const uint8_t code[CODE_CACHE_MIN_SIZE / 8 + 1];
    const uint32_t offsets[CODE_TRAMPOLINES] = {0};
    const char *why;
    struct code_cache *c = code_cache_create(&config, &why);

    assert_non_null(c);
    assert_int_equal(code_cache_set_trampolines(c, code, sizeof(code), NULL, 0, offsets), -ENOSPC);
    code_cache_destroy(c);
}

/* ---- single cases ---------------------------------------------------------------------------- */

static void contexts_are_names_of_their_own(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, true, NULL, NULL);
    const uint8_t code[8] = {0};
    struct fragment_image image = {
        .pc = GVA(0x1000), .guest_bytes = 4, .code = code, .n_code = sizeof(code)};
    struct fragment *zero = code_cache_insert(c, &image);

    image.context = 7;
    assert_null(code_cache_find(c, GVA(0x1000), 7));
    struct fragment *seven = code_cache_insert(c, &image);
    assert_ptr_equal(code_cache_find(c, GVA(0x1000), 0), zero);
    assert_ptr_equal(code_cache_find(c, GVA(0x1000), 7), seven);
    assert_int_equal(code_cache_invalidate(c, GVA(0x1000), GVA(0x1001)), 2);
    code_cache_destroy(c);
}

static void a_fragment_over_a_page_border_goes_with_either_page(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, true, NULL, NULL);
    const uint8_t code[8] = {0};
    const struct fragment_image image = {
        .pc = GVA(0x1ffe), .guest_bytes = 4, .code = code, .n_code = sizeof(code)};

    code_cache_insert(c, &image);
    assert_int_equal(code_cache_invalidate(c, GVA(0x2002), GVA(0x3000)), 0);
    assert_int_equal(code_cache_invalidate(c, GVA(0x2001), GVA(0x3000)), 1);
    code_cache_insert(c, &image);
    assert_int_equal(code_cache_invalidate(c, GVA(0x1000), GVA(0x1ffe)), 0);
    assert_int_equal(code_cache_invalidate(c, GVA(0x1000), GVA(0x1fff)), 1);
    code_cache_destroy(c);
}

static void a_fragment_may_jump_to_itself(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, true, NULL, NULL);
    struct fragment *f = insert_counter(c, 0x1000, 0x1000);

    code_cache_link(c, f, 0, f);
    assert_int_equal(exit_goal(c, f, 0), f->code.v);
    assert_int_equal(code_cache_flush(c), 1);
    assert_null(code_cache_verify(c));
    code_cache_destroy(c);
}

/* ---- the verifier ---------------------------------------------------------------------------- */

static void expect_complaint(const struct code_cache *c, const char *part)
{
    const char *wrong = code_cache_verify(c);

    assert_non_null(wrong);
    if (!strstr(wrong, part))
        fail_msg("expected \"%s\" in \"%s\"", part, wrong);
}

static void the_verifier_sees_what_is_wrong(void **state)
{
    struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, false, NULL, NULL);
    struct fragment *a = insert_counter(c, 0x1000, 0x2000);
    struct fragment *b = insert_counter(c, 0x2000, 0x3000);
    struct kept_fragment *ka = kept_fragment(a), *kb = kept_fragment(b);
    struct fragment_link *link = &ka->links[0];

    host_patch_jump(&c->memory, link_jump_field(link), b->code);
    expect_complaint(c, "leaves its stub");
    host_patch_jump(&c->memory, link_jump_field(link), link_stub(link));
    code_cache_link(c, a, 0, b);
    assert_null(code_cache_verify(c));

    host_patch_jump(&c->memory, link_jump_field(link), HPC(b->code.v + 1));
    expect_complaint(c, "entry");
    host_patch_jump(&c->memory, link_jump_field(link), b->code);
    kb->incoming = NULL;
    expect_complaint(c, "incoming");
    kb->incoming = link;
    link->to = ka;
    expect_complaint(c, "another than its exit's");
    link->to = kb;
    c->stats.links++;
    expect_complaint(c, "count of links");
    c->stats.links--;
    c->stats.used++;
    expect_complaint(c, "byte count");
    c->stats.used--;
    c->chunks[0] = kb;
    expect_complaint(c, "host address");
    c->chunks[0] = ka;
    c->chunks[3] = kb;
    expect_complaint(c, "host address");
    c->chunks[3] = NULL;
    index_remove(&c->index, &kb->item);
    expect_complaint(c, "gone");
    index_add(&c->index, &kb->item, b->pc, b->context, b->guest_bytes);
    code_cache_unlink(c, a, 0);
    b->code.v -= 16;
    expect_complaint(c, "overlap");
    b->code.v += 16;
    assert_null(code_cache_verify(c));
    code_cache_destroy(c);
}

/* Nobody asks for a check, and it is seen in time all the same: with the change itself, with the
 * check of everything after as many changes as there are fragments, or in a sample. */
static void what_is_wrong_is_seen_by_the_cache_itself(void **state)
{
    enum { FRAGMENTS = 300, CHANGES = 1 << 16 };
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct code_cache *c = make_cache(CODE_CACHE_MIN_SIZE, false, false, NULL, NULL);
        struct fragment *a = insert_counter(c, 0x1000, 0x1000);
        struct fragment *b = insert_counter(c, 0x2000, 0x3000);
        for (uint64_t i = 0; i < FRAGMENTS; i++)
            insert_counter(c, 0x10000 + 16 * i, 0);
        close(STDERR_FILENO); /* its report of a bug */
        b->guest_bytes++;
        for (int i = 0; i < CHANGES; i++) {
            code_cache_link(c, a, 0, a);
            code_cache_unlink(c, a, 0);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linked_fragments_run_into_each_other),
        cmocka_unit_test(linked_fragments_run_in_a_split_arena),
        cmocka_unit_test(both_sides_of_a_fork_go_on),
        cmocka_unit_test(both_sides_of_a_fork_go_on_in_a_split_arena),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(a_fragment_takes_an_eighth_and_no_more),
        cmocka_unit_test(an_address_out_of_reach_is_refused),
        cmocka_unit_test(trampolines_have_no_more_room_than_a_fragment),
        cmocka_unit_test(contexts_are_names_of_their_own),
        cmocka_unit_test(a_fragment_over_a_page_border_goes_with_either_page),
        cmocka_unit_test(a_fragment_may_jump_to_itself),
        cmocka_unit_test(the_verifier_sees_what_is_wrong),
        cmocka_unit_test(what_is_wrong_is_seen_by_the_cache_itself),
    };

    return cmocka_run_group_tests_name("cache/code", tests, NULL, NULL);
}
