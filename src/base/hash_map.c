/* base/hash_map.c: from uint64_t to a pointer. Open addressing with linear probing.
 *
 * An empty slot has value NULL. A removed one keeps a mark, so that a probe goes on past it; marks
 * are dropped when the table is rebuilt, which happens before live slots and marks together fill
 * three quarters. */
#include "base/base.h"

#include <string.h>

struct hash_slot {
    uint64_t key;
    void *value;
};

enum { HASH_MAP_MIN_CAP = 16 };

static char removed_mark;
#define REMOVED ((void *)&removed_mark)

/* Home slot. Keys are often addresses: the multiplication spreads their low bits into the high ones
 * that are used. */
static size_t hash_home(uint64_t key, size_t cap)
{
    uint64_t h = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15u;

    return (size_t)(h >> 32) & (cap - 1);
}

/* The slot that holds key, or NULL. */
static struct hash_slot *hash_find(const struct hash_map *m, uint64_t key)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash_home(key, m->cap);; i = (i + 1) & (m->cap - 1)) {
        struct hash_slot *slot = &m->slots[i];
        if (!slot->value)
            return NULL;
        if (slot->value != REMOVED && slot->key == key)
            return slot;
    }
}

/* Puts a key that is absent into the first slot on its way that is free. Returns what was there:
 * NULL or a mark. */
static void *hash_place(struct hash_slot *slots, size_t cap, uint64_t key, void *value)
{
    size_t i = hash_home(key, cap);

    while (slots[i].value && slots[i].value != REMOVED)
        i = (i + 1) & (cap - 1);
    void *before = slots[i].value;
    slots[i] = (struct hash_slot){key, value};
    return before;
}

static void hash_rebuild(struct hash_map *m)
{
    size_t cap = HASH_MAP_MIN_CAP;

    while (cap < (m->len + 1) * 2)
        cap *= 2;
    struct hash_slot *slots = base_zalloc(cap * sizeof(*slots));
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].value && m->slots[i].value != REMOVED)
            hash_place(slots, cap, m->slots[i].key, m->slots[i].value);
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    m->dead = 0;
}

void *hash_map_get(const struct hash_map *m, uint64_t key)
{
    const struct hash_slot *slot = hash_find(m, key);

    return slot ? slot->value : NULL;
}

void hash_map_put(struct hash_map *m, uint64_t key, void *value)
{
    CHECK(value, "hash map value for key %#lx is NULL", (unsigned long)key);
    struct hash_slot *slot = hash_find(m, key);
    if (slot) {
        slot->value = value;
        return;
    }
    if ((m->len + m->dead + 1) * 4 > m->cap * 3)
        hash_rebuild(m);
    if (hash_place(m->slots, m->cap, key, value) == REMOVED)
        m->dead--;
    m->len++;
}

void *hash_map_remove(struct hash_map *m, uint64_t key)
{
    struct hash_slot *slot = hash_find(m, key);

    if (!slot)
        return NULL;
    void *value = slot->value;
    slot->value = REMOVED;
    m->len--;
    m->dead++;
    return value;
}

void hash_map_clear(struct hash_map *m)
{
    if (m->slots)
        memset(m->slots, 0, m->cap * sizeof(*m->slots));
    m->len = m->dead = 0;
}

void hash_map_free(struct hash_map *m)
{
    free(m->slots);
    *m = (struct hash_map){0};
}

bool hash_map_next(const struct hash_map *m, size_t *pos, uint64_t *key, void **value)
{
    for (; *pos < m->cap; (*pos)++) {
        const struct hash_slot *slot = &m->slots[*pos];
        if (!slot->value || slot->value == REMOVED)
            continue;
        *key = slot->key;
        *value = slot->value;
        (*pos)++;
        return true;
    }
    return false;
}
