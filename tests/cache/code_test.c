#include "code_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static uint64_t target_of(unsigned id)
{
    return 0x1234567800000000u + id;
}

struct code_cache *make_cache(size_t size, bool split, bool verify,
                              void (*dropped)(void *arg, const struct fragment *f), void *arg)
{
    static const uint8_t ret[CODE_TRAMPOLINES * 4] = {[0 ... CODE_TRAMPOLINES * 4 - 1] = 0xc3};
    struct code_cache_config config = {.size = size,
                                       .split = split,
                                       .policy = "flush",
                                       .verify = verify,
                                       .beside = (const void *)(uintptr_t)make_cache,
                                       .target = target_of,
                                       .dropped = dropped,
                                       .arg = arg};
    uint32_t offsets[CODE_TRAMPOLINES];
    const char *why;
    struct code_cache *c = code_cache_create(&config, &why);

    if (!c)
        fail_msg("no cache: %s", why);
    for (unsigned i = 0; i < CODE_TRAMPOLINES; i++)
        offsets[i] = 4 * i;
    assert_int_equal(code_cache_set_trampolines(c, ret, sizeof(ret), NULL, 0, offsets), 0);
    return c;
}

uint64_t exit_goal(const struct code_cache *c, const struct fragment *f, unsigned exit)
{
    uint32_t jump = fragment_exit_of(f, exit)->jump;
    int32_t distance;

    memcpy(&distance, code_cache_bytes(c, f) + jump, sizeof(distance));
    return f->code.v + jump + sizeof(distance) + (uint64_t)(int64_t)distance;
}
