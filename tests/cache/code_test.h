/* What the tests of the code cache share: images made by hand. */
#ifndef CODE_TEST_H
#define CODE_TEST_H

#include "cache/cache.h"
#include "host/x86_64/host.h"

/* A cache of this size with trampolines that only return, and nothing else. */
struct code_cache *make_cache(size_t size, bool split, bool verify,
                              void (*dropped)(void *arg, const struct fragment *f), void *arg);

/* Where the exit's jump goes, read from its bytes. */
uint64_t exit_goal(const struct code_cache *c, const struct fragment *f, unsigned exit);

#endif
