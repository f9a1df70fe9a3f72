/* space/store_log.c: a log of stores by aligned words of eight bytes. An access touches one word or
 * two. Words are few: those of one stretch of guest code. */
#include "space/space.h"

#include <sys/mman.h>

void store_log_init(struct store_log *log, struct space *space, struct trap *fault)
{
    *log = (struct store_log){.space = space, .fault = fault};
}

void store_log_free(struct store_log *log)
{
    vec_free(&log->words);
    hash_map_free(&log->index);
    vec_free(&log->around);
}

void store_log_clear(struct store_log *log)
{
    log->words.len = 0;
    hash_map_clear(&log->index);
}

static struct store_log_word *find_word(const struct store_log *log, uint64_t addr)
{
    uintptr_t place = log->words.len ? (uintptr_t)hash_map_get(&log->index, addr + 1) : 0;

    return place ? &log->words.data[place - 1] : NULL;
}

/* 0xff for each of the lowest size bytes. */
static uint64_t size_mask(unsigned size)
{
    return size == 8 ? ~(uint64_t)0 : ((uint64_t)1 << 8 * size) - 1;
}

/* ---- memory itself --------------------------------------------------------------------------- */

/* One byte of memory; false with *log->fault after a fault. */
static bool peek_byte(const struct store_log *log, uint64_t addr, uint64_t *byte)
{
    uint8_t raw = 0;

    if (!space_load_u8(log->space, addr, &raw))
        return false;
    *byte = raw;
    return true;
}

/* size bytes of memory, byte by byte where one instruction would read more than it must. */
static bool peek(const struct store_log *log, uint64_t addr, unsigned size, uint64_t *value)
{
    uint64_t byte;

    *value = 0;
    if (size == 8)
        return space_load_u64(log->space, addr, value);
    for (unsigned i = 0; i < size; i++) {
        if (!peek_byte(log, addr + i, &byte))
            return false;
        *value |= byte << 8 * i;
    }
    return true;
}

bool store_log_poke(const struct store_log *log, uint64_t addr, uint64_t mask, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        if ((mask >> 8 * i & 0xff) &&
            !space_store_u8(log->space, addr + i, (uint8_t)(value >> 8 * i)))
            return false;
    }
    return true;
}

/* ---- through the log ------------------------------------------------------------------------- */

bool store_log_load(struct store_log *log, uint64_t addr, unsigned size, uint64_t *value)
{
    if (!peek(log, addr, size, value))
        return false;
    if (log->accessed)
        log->accessed(log->arg, GVA(addr), size, false);
    if (log->words.len == 0)
        return true;
    for (uint64_t at = addr & ~(uint64_t)7; at < addr + size; at += 8) {
        const struct store_log_word *word = find_word(log, at);
        if (!word)
            continue;
        bool first = at <= addr;
        unsigned shift = 8 * (unsigned)(first ? addr - at : at - addr);
        uint64_t mask = first ? word->mask >> shift : word->mask << shift;
        uint64_t stored = first ? word->value >> shift : word->value << shift;
        mask &= size_mask(size);
        *value = (*value & ~mask) | (stored & mask);
    }
    return true;
}

/* May the bytes be written? Asks both pages of an access that lies in two. */
static bool may_write(const struct store_log *log, uint64_t addr, unsigned size)
{
    uint64_t pages[2] = {addr, ALIGN_DOWN(addr + size - 1, SPACE_PAGE_SIZE)};
    unsigned n = pages[1] > addr ? 2 : 1;
    uint64_t unused;

    if (addr >= SPACE_LIMIT)
        return false; /* space_fault_trap() knows */
    for (unsigned i = 0; i < n; i++) {
        enum fault_reason reason = space_check(log->space, GVA(pages[i]), PROT_WRITE);
        if (reason != FAULT_NONE) {
            *log->fault =
                (struct trap){.kind = TRAP_STORE, .reason = reason, .addr = GVA(pages[i])};
            return false;
        }
        /* Beyond the end of a mapped file. Pages that can be written but not read do not exist. */
        if (!peek_byte(log, pages[i], &unused))
            return false;
    }
    return true;
}

static void log_bytes(struct store_log *log, uint64_t at, uint64_t mask, uint64_t value)
{
    struct store_log_word *word = find_word(log, at);
    uint64_t byte;

    if (!word) {
        vec_push(&log->words, ((struct store_log_word){.addr = at}));
        hash_map_put(&log->index, at + 1, (void *)(uintptr_t)log->words.len);
        word = &log->words.data[log->words.len - 1];
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t bits = (uint64_t)0xff << shift;
        if (mask & ~word->mask & bits && peek_byte(log, at + shift / 8, &byte))
            word->old |= byte << shift;
    }
    word->value = (word->value & ~mask) | (value & mask);
    word->mask |= mask;
}

bool store_log_store(struct store_log *log, uint64_t addr, unsigned size, uint64_t value)
{
    uint64_t at = addr & ~(uint64_t)7, mask = size_mask(size);
    unsigned shift = 8 * (unsigned)(addr - at);

    if (!may_write(log, addr, size))
        return false;
    if (log->accessed)
        log->accessed(log->arg, GVA(addr), size, true);
    log_bytes(log, at, mask << shift, value << shift);
    if (shift + 8 * size > 64)
        log_bytes(log, at + 8, mask >> (64 - shift), value >> (64 - shift));
    return true;
}
