/* base/memory.c: allocation that does not fail, arenas, growing arrays and strings.
 *
 * The runtime has no way to go on without memory, so every allocator here ends the process with one
 * line instead of returning NULL. Nothing here is thread-safe beyond what malloc is. */
#include "base/base.h"

#include <string.h>

enum { ARENA_CHUNK_SIZE = 1 << 16 };

static _Noreturn void out_of_memory(size_t size)
{
    base_fail(EXIT_USAGE, "out of memory: the host refuses %zu bytes; see ulimit -v", size);
}

void *base_alloc(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        out_of_memory(size);
    return p;
}

void *base_zalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        out_of_memory(size);
    return p;
}

void *base_zalloc_aligned(size_t size, size_t align)
{
    void *p = aligned_alloc(align, ALIGN_UP(size, align));

    if (!p)
        out_of_memory(size);
    return memset(p, 0, size);
}

void *base_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q)
        out_of_memory(size);
    return q;
}

char *base_strdup(const char *s)
{
    size_t size = strlen(s) + 1;

    return memcpy(base_alloc(size), s, size);
}

char *base_printf(const char *fmt, ...)
{
    struct strbuf b = {0};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vprintf(&b, fmt, ap);
    va_end(ap);
    return b.data;
}

/* ---- arena ----------------------------------------------------------------------------------- */

struct arena_chunk {
    struct arena_chunk *next; /* older */
    _Alignas(max_align_t) unsigned char data[];
};

/* Where the next object with this alignment would start in the newest chunk, as an offset into its
 * data. */
static size_t arena_next_offset(const struct arena *a, size_t align)
{
    uintptr_t data = (uintptr_t)a->chunks->data;

    return ALIGN_UP(data + a->used, align) - data;
}

void *arena_alloc(struct arena *a, size_t size, size_t align)
{
    CHECK(align && (align & (align - 1)) == 0, "arena alignment %zu is not a power of two", align);
    if (!a->chunks || arena_next_offset(a, align) > a->size ||
        size > a->size - arena_next_offset(a, align)) {
        CHECK(size <= SIZE_MAX - align - sizeof(struct arena_chunk), "arena object of %zu bytes",
              size);
        size_t room = MAX(size + align, (size_t)ARENA_CHUNK_SIZE);
        struct arena_chunk *chunk = base_alloc(sizeof(*chunk) + room);
        chunk->next = a->chunks;
        a->chunks = chunk;
        a->size = room;
        a->used = 0;
    }
    size_t offset = arena_next_offset(a, align);
    a->used = offset + size;
    return a->chunks->data + offset;
}

static void arena_free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->chunks)
        return;
    arena_free_chunks(a->chunks->next);
    a->chunks->next = NULL;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    arena_free_chunks(a->chunks);
    *a = (struct arena){0};
}

/* ---- growing arrays and strings -------------------------------------------------------------- */

void *base_vec_grow(void *data, size_t *cap, size_t need, size_t item_size)
{
    size_t wanted = MAX(need, MAX((size_t)8, *cap + *cap / 2));

    CHECK(wanted <= SIZE_MAX / item_size, "array of %zu items of %zu bytes", wanted, item_size);
    data = base_realloc(data, wanted * item_size);
    *cap = wanted;
    return data;
}

void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    CHECK(n >= 0, "format that cannot be printed: %s", fmt);
    if (b->len + (size_t)n + 1 > b->cap)
        b->data = base_vec_grow(b->data, &b->cap, b->len + (size_t)n + 1, 1);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vprintf(b, fmt, ap);
    va_end(ap);
}

void strbuf_append(struct strbuf *b, const char *bytes, size_t len)
{
    if (b->len + len + 1 > b->cap)
        b->data = base_vec_grow(b->data, &b->cap, b->len + len + 1, 1);
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void strbuf_free(struct strbuf *b)
{
    free(b->data);
    *b = (struct strbuf){0};
}
