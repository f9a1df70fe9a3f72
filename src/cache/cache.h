/* cache: decoded blocks and fragments of host code, kept by guest pc and context, bounded in bytes,
 * dropped by guest page. Knows no µop and no guest. Callers hold one lock around all of it
 * (vm/quiesce.c), and drop only what no other thread can be using. */
#ifndef ISOMORPH_CACHE_H
#define ISOMORPH_CACHE_H

#include "code/code.h"

struct block_cache;

enum { BLOCK_CACHE_MIN_CAPACITY = 4 * BLOCK_MAX_BYTES };

/* capacity in bytes of decoded code, at least BLOCK_CACHE_MIN_CAPACITY. dropped, if not NULL, is
 * called for each block that an invalidation drops, before it goes; it must not call the cache. */
struct block_cache *
block_cache_create(size_t capacity, void (*dropped)(void *arg, const struct decoded_block *block),
                   void *arg);
void block_cache_destroy(struct block_cache *c);
/* What the block_refs of its blocks count from. The same all its life. */
unsigned char *block_cache_base(const struct block_cache *c);
/* Begins to load what block_cache_find will look at. */
void block_cache_prefetch(const struct block_cache *c, gva pc, uint32_t context);
/* NULL if absent. */
struct decoded_block *block_cache_find(const struct block_cache *c, gva pc, uint32_t context);
/* Is there room for it, without a flush? */
bool block_cache_fits(const struct block_cache *c, const struct decoded_block *block);
/* Copies *block, which fits, in and returns the kept copy, valid until it is invalidated. */
struct decoded_block *block_cache_insert(struct block_cache *c, const struct decoded_block *block);
/* Is there a block with a byte in [start, end)? */
bool block_cache_has(const struct block_cache *c, gva start, gva end);
/* Drops every block with a byte in [start, end). Returns how many. */
size_t block_cache_invalidate(struct block_cache *c, gva start, gva end);
/* Drops all, without telling of each. */
size_t block_cache_flush(struct block_cache *c);
size_t block_cache_count(const struct block_cache *c); /* blocks held */
/* Walks the tables: every block is found by its pc, stands on each of its pages' lists, and the
 * byte count agrees. NULL if so, else a message. */
const char *block_cache_verify(const struct block_cache *c);

/* ---- translated code ----------------------------------------------------------------------------
 *
 * One arena of fixed size, of which only these functions write a byte. Trampolines stand first,
 * then fragments. What is dropped is gone at once. */

struct code_cache;

enum {
    CODE_CACHE_MIN_SIZE = 64 << 10, /* eight fragments of what a large block needs */
    CODE_CACHE_SHARE = 8,           /* a fragment is at most this part of the arena */
};

/* A fragment in the code cache. Written by cache/ alone, which keeps more about it behind. */
struct fragment {
    gva pc;
    uint32_t context;
    hpc code; /* entry: its first byte */
    uint32_t n_code;
    uint32_t guest_bytes, n_insns;
    uint32_t n_exits, n_reverse;
    const uint8_t *reverse;
};

struct code_cache_config {
    size_t size;        /* bytes of the arena */
    bool split;         /* --wx=split */
    const char *policy; /* --cache-policy */
    bool verify;        /* after every change; else in samples that cost little */
    const void *beside; /* a function of the runtime: the arena is placed within reach */
    /* Host address of a function of the runtime that fragments refer to (ids from
     * CODE_TRAMPOLINES). May be NULL if there are none. */
    uint64_t (*target)(unsigned id);
    /* Called for each fragment that goes, before it does: look-up tables must forget it. May be
     * NULL. It must not call the cache. */
    void (*dropped)(void *arg, const struct fragment *f);
    /* May fragments be dropped now? If not, what needs to drop one to make room fails with EAGAIN.
     * NULL: always. */
    bool (*may_drop)(void *arg);
    void *arg;
};

/* What is wrong with a size (one line that names --cache-size), or NULL. */
const char *code_cache_check_size(uint64_t size);
/* The i-th policy that config->policy can name and a line of help, or false past the last. */
bool code_cache_list_policies(unsigned i, const char **name, const char **help);

/* Returns NULL with a one-line reason that names the option to change. */
struct code_cache *code_cache_create(const struct code_cache_config *config, const char **why);
void code_cache_destroy(struct code_cache *c);
/* Copies the trampolines in, their offsets by enum code_target. Once, before any insert. Returns 0,
 * -ENOSPC if they take more than a fragment may, or -ERANGE as code_cache_insert. */
int code_cache_set_trampolines(struct code_cache *c, const uint8_t *code, size_t n,
                               const struct host_reloc *relocs, size_t n_relocs,
                               const uint32_t offsets[]);
/* Execution address of a trampoline or function. */
hpc code_cache_target(const struct code_cache *c, unsigned id);
/* Copies an image in, making room as the policy says (which drops others), relocates it and leads
 * its exits to their stubs. No fragment of its name may be there. NULL with errno: E2BIG if it is
 * larger than a fragment may be, ERANGE if a relocation's field does not reach its address, EAGAIN
 * if others would have to go and must not. */
struct fragment *code_cache_insert(struct code_cache *c, const struct fragment_image *image);
struct fragment *code_cache_find(const struct code_cache *c, gva pc, uint32_t context);
/* The fragment whose code holds this host address; NULL if none. Takes no lock of its own. */
struct fragment *code_cache_find_host(const struct code_cache *c, hpc pc);
/* Is the address in the arena, trampolines and free space included? Async-signal-safe. */
bool code_cache_contains(const struct code_cache *c, hpc pc);
/* The exit whose stub is at this address; NULL if there is none. */
struct fragment *code_cache_find_exit(const struct code_cache *c, hpc stub, unsigned *exit);
/* The fragments by host address: the first one after f, or the first of all if f is NULL. NULL at
 * the end. */
const struct fragment *code_cache_next(const struct code_cache *c, const struct fragment *f);
const struct fragment_exit *fragment_exit_of(const struct fragment *f, unsigned exit);
/* Where the exit is linked to; NULL if it goes to its stub. */
struct fragment *fragment_exit_goal(const struct fragment *f, unsigned exit);
/* Links an exit, not yet linked, to a fragment of the exit's pc and context. (link.c) */
void code_cache_link(struct code_cache *c, struct fragment *from, unsigned exit,
                     struct fragment *to);
/* Leads a linked exit to its stub again. */
void code_cache_unlink(struct code_cache *c, struct fragment *from, unsigned exit);
/* Is there a fragment made from a byte of [start, end)? */
bool code_cache_has(const struct code_cache *c, gva start, gva end);
/* Drop fragments made from guest bytes [start, end), or all. Return how many. */
size_t code_cache_invalidate(struct code_cache *c, gva start, gva end);
size_t code_cache_flush(struct code_cache *c);
/* The bytes of a fragment as they are now, for listings: n_code of them. */
const uint8_t *code_cache_bytes(const struct code_cache *c, const struct fragment *f);
/* Around fork(), for --wx=split. As host_memory_fork_begin and _end. */
int code_cache_fork_begin(struct code_cache *c);
int code_cache_fork_end(struct code_cache *c, bool child);
/* Every link has its back pointer and goes to the entry of a live fragment, every other exit to its
 * stub, none leads into free space, tables, page lists and byte counts agree. NULL if so, else a
 * message. Done by the cache itself after changes: see code_cache_config. */
const char *code_cache_verify(const struct code_cache *c);

struct code_cache_stats {
    size_t capacity;         /* bytes for fragments */
    size_t used;             /* bytes of live fragments */
    size_t fragments, links; /* live */
    uint64_t inserted, linked, unlinked;
    uint64_t flushes;      /* of all at once, asked for or to make room */
    uint64_t evicted;      /* fragments dropped, for whatever reason */
    uint64_t retranslated; /* insertions of what had been dropped before */
};
void code_cache_get_stats(const struct code_cache *c, struct code_cache_stats *out);

#endif
