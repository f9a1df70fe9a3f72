/* space/store_log: stores that have not been done. A reader through the log sees them over guest
 * memory, which stays as it is; so guest code can be executed for what it would do. The reference
 * of `verify` runs this way (vm/verify.c), and the debugger's watchpoints look at the accesses.
 *
 * Loads and stores fault as the accessors of space_access.h do, with the same reason and address,
 * and then have changed nothing. */
#ifndef ISOMORPH_SPACE_STORE_LOG_H
#define ISOMORPH_SPACE_STORE_LOG_H

#include "code/code.h"

struct space;

/* Eight aligned bytes of guest memory of which some have been stored to. */
struct store_log_word {
    uint64_t addr;
    uint64_t mask;  /* 0xff for each byte stored */
    uint64_t value; /* the bytes stored */
    uint64_t old;   /* what memory holds in their place */
};

/* A page as it was before the stores of the log. */
struct store_log_page {
    uint64_t start;
    unsigned char bytes[4096];
};

struct store_log {
    struct space *space;
    struct trap *fault; /* where reason and address of a fault go: thread->fault */
    VEC(struct store_log_word) words;
    struct hash_map index; /* address + 1: place in words + 1 */
    /* Told of each access that succeeds, before it is done. May be NULL. */
    void (*accessed)(void *arg, gva addr, unsigned size, bool store);
    void *arg;
    VEC(struct store_log_page) around; /* see store_log_expect */
    bool guarded;
};

void store_log_init(struct store_log *log, struct space *space, struct trap *fault);
void store_log_free(struct store_log *log);
/* Forgets all stores. */
void store_log_clear(struct store_log *log);
/* size is 1, 2, 4 or 8; any alignment. *value is zero-extended. False after a fault. */
bool store_log_load(struct store_log *log, uint64_t addr, unsigned size, uint64_t *value);
bool store_log_store(struct store_log *log, uint64_t addr, unsigned size, uint64_t value);
/* The bytes of memory at the word's address that the mask names become those of value. The pages
 * are such as a store was logged for. False if memory is gone since. */
bool store_log_poke(const struct store_log *log, uint64_t addr, uint64_t mask, uint64_t value);

/* ---- stores where none should be (stray.c) -----------------------------------------------------
 */

/* Somebody is about to make the stores of the log in memory, or some of them. Notes what stands in
 * their pages; with guard, other private data cannot be written until store_log_stray is called. No
 * other thread may use guest memory in between. */
void store_log_expect(struct store_log *log, bool guard);
/* Has a byte changed, in the pages of the stores, that is not in the log? Then where. */
bool store_log_stray(struct store_log *log, gva *addr);

#endif
