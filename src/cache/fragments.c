/* cache/fragments.c: the code cache. Fragments of host code in one arena of fixed size, found by
 * guest pc and context, by host address, and by guest page.
 *
 * The bytes lie in the arena, everything about them in a record outside, so that nothing but
 * code_write() and the patches of link.c writes to the arena. A record stands in the index
 * (index.c), in the list by address, and in the chunk table, which leads from a host address to the
 * fragments around it without a search.
 *
 * To drop a fragment: tell the owner, take the links back, leave the lists, free the record. No
 * thread is in the arena meanwhile: the owner sees to that, and says so by config.may_drop. */
#include "cache/fragments.h"

#include <errno.h>
#include <string.h>

#include "cache/policy.h"

static const struct cache_policy *const policies[] = {&cache_policy_flush};

/* ---- creation -------------------------------------------------------------------------------- */

bool code_cache_list_policies(unsigned i, const char **name, const char **help)
{
    if (i >= ARRAY_LEN(policies))
        return false;
    *name = policies[i]->name;
    *help = policies[i]->help;
    return true;
}

static const struct cache_policy *find_policy(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(policies); i++) {
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    }
    return NULL;
}

const char *code_cache_check_size(uint64_t size)
{
    if (size == 0)
        return "--cache-size: 0 leaves no room for code; expected 64K to 1G";
    if (size < CODE_CACHE_MIN_SIZE)
        return "--cache-size: too small for a fragment; expected 64K to 1G";
    if (size > HOST_MEMORY_MAX)
        return "--cache-size: beyond the range of a jump; expected 64K to 1G";
    return NULL;
}

struct code_cache *code_cache_create(const struct code_cache_config *config, const char **why)
{
    *why = code_cache_check_size(config->size);
    if (!*why && !find_policy(config->policy))
        *why = "--cache-policy: no policy has this name";
    if (*why)
        return NULL;
    struct code_cache *c = base_zalloc(sizeof(*c));
    if (host_memory_map(&c->memory, config->size, config->split, config->beside, why) < 0) {
        free(c);
        return NULL;
    }
    c->config = *config;
    c->policy = find_policy(config->policy);
    c->room = (struct span){0, c->memory.size};
    c->chunks =
        base_zalloc(ALIGN_UP(c->memory.size, CHUNK_BYTES) / CHUNK_BYTES * sizeof(*c->chunks));
    index_init(&c->index);
    int error = c->policy->init(c, config);
    CHECK(error == 0, "policy %s does not start: %d", c->policy->name, error);
    return c;
}

void code_cache_destroy(struct code_cache *c)
{
    if (!c)
        return;
    for (struct kept_fragment *k = c->first, *next; k; k = next) {
        next = k->next;
        free(k);
    }
    index_free(&c->index);
    hash_map_free(&c->names);
    free(c->chunks);
    free(c->policy_state);
    host_memory_unmap(&c->memory);
    free(c);
}

/* ---- writing --------------------------------------------------------------------------------- */

hpc code_cache_target(const struct code_cache *c, unsigned id)
{
    if (id >= CODE_TRAMPOLINES) {
        CHECK(c->config.target, "no one knows where function %u is", id);
        return HPC(c->config.target(id));
    }
    CHECK(c->has_trampolines, "trampoline %u is asked for before there are any", id);
    return HPC(c->memory.exec.v + c->trampolines[id]);
}

static uint64_t resolve_target(void *arg, unsigned id)
{
    return code_cache_target(arg, id).v;
}

/* The way of all bytes into the arena. Returns 0, or -ERANGE if a relocation does not reach. */
static int code_write(struct code_cache *c, hpc at, const uint8_t *bytes, size_t n,
                      const struct host_reloc *relocs, size_t n_relocs)
{
    uint8_t *to = host_write_address(&c->memory, at);

    CHECK(n <= c->memory.size - (at.v - c->memory.exec.v), "%zu bytes leave the arena", n);
    memcpy(to, bytes, n);
    return host_relocate(to, at, relocs, n_relocs, resolve_target, c);
}

int code_cache_set_trampolines(struct code_cache *c, const uint8_t *code, size_t n,
                               const struct host_reloc *relocs, size_t n_relocs,
                               const uint32_t offsets[])
{
    CHECK(!c->has_trampolines && !c->first, "trampolines come first, and once");
    if (n > c->memory.size / CODE_CACHE_SHARE)
        return -ENOSPC;
    memcpy(c->trampolines, offsets, sizeof(c->trampolines));
    c->has_trampolines = true;
    c->room.start = ALIGN_UP(n, FRAGMENT_ALIGN);
    return code_write(c, c->memory.exec, code, n, relocs, n_relocs);
}

/* ---- the list by address, and the chunk table ------------------------------------------------ */

/* The last fragment that begins at or below this offset of the arena; NULL if none does. */
static struct kept_fragment *find_at_or_below(const struct code_cache *c, size_t offset)
{
    size_t chunk = offset / CHUNK_BYTES;
    struct kept_fragment *k = c->last;

    if (k && fragment_span(c, k).start <= offset)
        return k;
    while (!(k = c->chunks[chunk]) && chunk > 0)
        chunk--;
    if (k && fragment_span(c, k).start > offset)
        return k->prev;
    while (k && k->next && fragment_span(c, k->next).start <= offset)
        k = k->next;
    return k;
}

static void place_insert(struct code_cache *c, struct kept_fragment *k)
{
    struct span span = fragment_span(c, k);

    k->prev = find_at_or_below(c, span.start);
    k->next = k->prev ? k->prev->next : c->first;
    *(k->prev ? &k->prev->next : &c->first) = k;
    *(k->next ? &k->next->prev : &c->last) = k;
    for (size_t chunk = span.start / CHUNK_BYTES; chunk * CHUNK_BYTES < span.end; chunk++) {
        struct kept_fragment *lowest = c->chunks[chunk];
        if (!lowest || lowest == k->next)
            c->chunks[chunk] = k;
    }
}

static void place_remove(struct code_cache *c, struct kept_fragment *k)
{
    struct span span = fragment_span(c, k);
    size_t next_start = k->next ? fragment_span(c, k->next).start : SIZE_MAX;

    for (size_t chunk = span.start / CHUNK_BYTES; chunk * CHUNK_BYTES < span.end; chunk++) {
        if (c->chunks[chunk] == k)
            c->chunks[chunk] = next_start / CHUNK_BYTES == chunk ? k->next : NULL;
    }
    *(k->prev ? &k->prev->next : &c->first) = k->next;
    *(k->next ? &k->next->prev : &c->last) = k->prev;
}

/* ---- dropping -------------------------------------------------------------------------------- */

static struct kept_fragment *kept_of(struct index_item *item)
{
    return item ? (struct kept_fragment *)((char *)item - offsetof(struct kept_fragment, item))
                : NULL;
}

static uint64_t name_of(const struct fragment *f)
{
    return f->pc.v ^ (uint64_t)f->context << 48;
}

static void drop_fragment(struct code_cache *c, struct kept_fragment *k)
{
    struct span span = fragment_span(c, k);

    if (c->config.dropped)
        c->config.dropped(c->config.arg, &k->f);
    link_undo_all(c, k);
    index_remove(&c->index, &k->item);
    place_remove(c, k);
    c->stats.used -= span.end - span.start;
    c->stats.fragments--;
    c->stats.evicted++;
    hash_map_put(&c->names, name_of(&k->f), c);
    if (c->policy->removed)
        c->policy->removed(c, k);
    free(k);
}

/* The lowest fragment with a byte in the span; NULL if it is free. */
static struct kept_fragment *first_in(const struct code_cache *c, struct span span)
{
    struct kept_fragment *k = find_at_or_below(c, span.start);

    if (!k)
        k = c->first;
    else if (fragment_span(c, k).end <= span.start)
        k = k->next;
    return k && fragment_span(c, k).start < span.end ? k : NULL;
}

/* Drops every fragment with a byte in the span. */
static size_t evict(struct code_cache *c, struct span span)
{
    struct kept_fragment *k = first_in(c, span);
    size_t dropped = 0;

    for (struct kept_fragment *next; k && fragment_span(c, k).start < span.end; k = next) {
        next = k->next;
        drop_fragment(c, k);
        dropped++;
    }
    if (span.start == c->room.start && span.end == c->room.end)
        c->stats.flushes++;
    return dropped;
}

static void drop_item(void *arg, struct index_item *item)
{
    drop_fragment(arg, kept_of(item));
}

bool code_cache_has(const struct code_cache *c, gva start, gva end)
{
    return index_has_range(&c->index, start, end);
}

size_t code_cache_invalidate(struct code_cache *c, gva start, gva end)
{
    size_t dropped = index_drop_range(&c->index, start, end, drop_item, c);

    if (dropped > 0)
        code_cache_changed(c, NULL);
    return dropped;
}

size_t code_cache_flush(struct code_cache *c)
{
    size_t dropped = evict(c, c->room);

    code_cache_changed(c, NULL);
    return dropped;
}

/* ---- inserting ------------------------------------------------------------------------------- */

/* Where the image goes; whatever was there is gone. False if that must not go now. */
static bool make_room(struct code_cache *c, const struct fragment_image *image, hpc *at)
{
    struct cache_request request = {.bytes = ALIGN_UP(image->n_code, FRAGMENT_ALIGN)};
    struct span span = c->policy->make_room(c, &request);

    CHECK(span.start >= c->room.start && span.end <= c->room.end &&
              span.end - span.start >= request.bytes && span.start % FRAGMENT_ALIGN == 0,
          "policy %s makes room for %zu bytes at %zu to %zu", c->policy->name, request.bytes,
          span.start, span.end);
    if (c->config.may_drop && first_in(c, span) && !c->config.may_drop(c->config.arg))
        return false;
    evict(c, span);
    *at = HPC(c->memory.exec.v + span.start);
    return true;
}

/* The record of a fragment whose code stands at this address. */
static struct kept_fragment *make_record(const struct fragment_image *image, hpc code)
{
    struct kept_fragment *k =
        base_zalloc(sizeof(*k) + image->n_exits * sizeof(k->links[0]) + image->n_reverse);
    uint8_t *reverse = (uint8_t *)&k->links[image->n_exits];

    if (image->n_reverse > 0)
        memcpy(reverse, image->reverse, image->n_reverse);
    for (uint32_t i = 0; i < image->n_exits; i++)
        k->links[i] = (struct fragment_link){.exit = image->exits[i], .from = k};
    k->f = (struct fragment){.pc = image->pc,
                             .context = image->context,
                             .code = code,
                             .n_code = image->n_code,
                             .guest_bytes = image->guest_bytes,
                             .n_insns = image->n_insns,
                             .n_exits = image->n_exits,
                             .n_reverse = image->n_reverse,
                             .reverse = reverse};
    return k;
}

static void check_image(const struct fragment_image *image)
{
    CHECK(image->n_code > 0, "a fragment of no bytes for %#lx", (unsigned long)image->pc.v);
    for (uint32_t i = 0; i < image->n_exits; i++) {
        const struct fragment_exit *exit = &image->exits[i];
        CHECK(exit->jump <= image->n_code - HOST_PATCH_BYTES && exit->stub < image->n_code,
              "exit %u of the fragment for %#lx leaves its %u bytes", i, (unsigned long)image->pc.v,
              image->n_code);
    }
}

struct fragment *code_cache_insert(struct code_cache *c, const struct fragment_image *image)
{
    check_image(image);
    if (image->n_code > c->memory.size / CODE_CACHE_SHARE) {
        errno = E2BIG;
        return NULL;
    }
    hpc at;
    if (!make_room(c, image, &at)) {
        errno = EAGAIN;
        return NULL;
    }
    if (code_write(c, at, image->code, image->n_code, image->relocs, image->n_relocs) < 0) {
        errno = ERANGE;
        return NULL;
    }
    struct kept_fragment *k = make_record(image, at);
    link_reset_exits(c, k);
    index_add(&c->index, &k->item, image->pc, image->context, image->guest_bytes);
    place_insert(c, k);
    c->stats.inserted++;
    c->stats.retranslated += hash_map_get(&c->names, name_of(&k->f)) != NULL;
    c->stats.used += fragment_span(c, k).end - fragment_span(c, k).start;
    c->stats.fragments++;
    if (c->policy->inserted)
        c->policy->inserted(c, k);
    code_cache_changed(c, k);
    return &k->f;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

struct fragment *code_cache_find(const struct code_cache *c, gva pc, uint32_t context)
{
    struct kept_fragment *k = kept_of(index_find(&c->index, pc, context));

    return k ? &k->f : NULL;
}

bool code_cache_contains(const struct code_cache *c, hpc pc)
{
    return host_memory_contains(&c->memory, pc);
}

struct fragment *code_cache_find_host(const struct code_cache *c, hpc pc)
{
    if (!host_memory_contains(&c->memory, pc))
        return NULL;
    struct kept_fragment *k = find_at_or_below(c, pc.v - c->memory.exec.v);

    return k && pc.v - k->f.code.v < k->f.n_code ? &k->f : NULL;
}

const struct fragment *code_cache_next(const struct code_cache *c, const struct fragment *f)
{
    const struct kept_fragment *next = f ? kept_fragment(f)->next : c->first;

    return next ? &next->f : NULL;
}

struct fragment *code_cache_find_exit(const struct code_cache *c, hpc stub, unsigned *exit)
{
    struct fragment *f = code_cache_find_host(c, stub);

    for (unsigned i = 0; f && i < f->n_exits; i++) {
        if (f->code.v + kept_fragment(f)->links[i].exit.stub == stub.v) {
            *exit = i;
            return f;
        }
    }
    return NULL;
}

const uint8_t *code_cache_bytes(const struct code_cache *c, const struct fragment *f)
{
    return host_write_address(&c->memory, f->code);
}

/* ---- the rest -------------------------------------------------------------------------------- */

int code_cache_fork_begin(struct code_cache *c)
{
    size_t keep = c->last ? fragment_span(c, c->last).end : c->room.start;

    return host_memory_fork_begin(&c->memory, keep);
}

int code_cache_fork_end(struct code_cache *c, bool child)
{
    return host_memory_fork_end(&c->memory, child);
}

void code_cache_get_stats(const struct code_cache *c, struct code_cache_stats *out)
{
    *out = c->stats;
    out->capacity = c->room.end - c->room.start;
}
