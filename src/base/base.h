/* base: what every floor stands on. Assertions, errors, logging, containers, options and counters.
 */
#ifndef ISOMORPH_BASE_H
#define ISOMORPH_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A function that is seldom called: its callers have their code for that out of the way. */
#define SELDOM __attribute__((cold, noinline))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define LIKELY(x)    __builtin_expect(!!(x), 1)
#define UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))
/* n must be a power of two. */
#define ALIGN_DOWN(x, n) ((x) & ~((uint64_t)(n)-1))
#define ALIGN_UP(x, n)   ALIGN_DOWN((x) + ((uint64_t)(n)-1), n)

/* ---- exit statuses of the runtime's own (the guest's own status passes through unchanged) ---- */

enum {
    EXIT_DIFFERS = 123,    /* --verify has found a difference */
    EXIT_BUG = 124,        /* our own defect: a CHECK failed or the runtime itself faulted */
    EXIT_USAGE = 125,      /* bad option, or the environment refuses what we need */
    EXIT_CANNOT_RUN = 126, /* the program was found but cannot be run */
    EXIT_NOT_FOUND = 127,  /* no such program, or no interpreter for it */
};

/* ---- errors ---------------------------------------------------------------------------------- */

/* An assertion about our own code, in every build. On failure prints one report (with what the
 * installed reporter knows of the block at hand) and ends the process with EXIT_BUG. The message is
 * a printf format. */
#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (UNLIKELY(!(cond)))                                                                     \
            base_check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__);                             \
    } while (0)

/* Is this a build without optimisation? There, checks that cost more than what they check are made
 * every time, elsewhere in samples. */
#if defined(__OPTIMIZE__) || defined(NDEBUG)
#define BASE_CAREFUL false
#else
#define BASE_CAREFUL true
#endif

/* Is the guest's state exact where a load or store of translated code faults? In all builds but
 * those of -Dreverse_tables=false, which are for measuring what that costs: they keep no reverse
 * translation tables, and a program that faults there ends. */
#ifdef ISOMORPH_NO_REVERSE_TABLES
#define BASE_PRECISE false
#else
#define BASE_PRECISE true
#endif

_Noreturn void base_check_failed(const char *file, int line, const char *cond, const char *fmt, ...)
    __attribute__((format(printf, 4, 5), cold));

/* Called once by base_check_failed before it ends the process; prints what the runtime was doing.
 * May be NULL. */
void base_set_bug_reporter(void (*report)(FILE *out));
/* Prints what it knows, the first time that this is called. */
void base_report_bug_details(void);

/* One line "isomorph: ..." on stderr. The text says what to do. */
void base_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* base_warn, then _exit(status). */
_Noreturn void base_fail(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), cold));

/* Several lines of the runtime's own (statistics) as they are, to where base_warn writes. */
void base_report(const char *text, size_t len);

/* ---- logging (-d) ---------------------------------------------------------------------------- */

enum log_item {
#define LOG(id, name, help) LOG_##id,
#include "log.def"
#undef LOG
    LOG_COUNT
};

extern uint32_t base_log_mask; /* bit per log_item; set once before the guest starts */

static inline bool log_on(enum log_item item)
{
    return UNLIKELY(base_log_mask & (1u << item));
}

/* Parses "guest,uops". Returns 0, or -EINVAL with *bad pointing at the unknown item's name. */
int log_parse_items(const char *list, uint32_t *mask, const char **bad);
/* Opens the log file (NULL: stderr; +FILE appends to FILE) and moves the runtime's own descriptors,
 * close-on-exec, above those that a guest is likely to use; from then on messages reach the stderr
 * of the start until log_follow_stderr(). Returns 0 or -errno. Called once. */
int log_open(const char *path);
/* The guest has another descriptor 2 now: messages follow there, so that whoever reads the old one
 * sees its end when the guest gives it up, as a daemon does. Not after log_hold_stderr(), for a log
 * or statistics that were asked for. */
void log_follow_stderr(void);
void log_hold_stderr(void);
/* A close-on-exec copy of fd out of the guest's way, for a descriptor that the runtime keeps beside
 * the guest's: at RLIMIT_NOFILE's soft limit, where the guest gets none, or just below it where the
 * hard limit is no higher; always below LOG_FD_END. Returns it or -errno; fd stays open. */
enum { LOG_FD_END = 4096 + 64 };
int log_copy_fd_up(int fd);
/* What make(arg) returns: a descriptor, or -1 with errno. A guest may have used up all that it may
 * have; so after EMFILE the soft limit is raised for a moment. Returns it or -errno. */
int base_make_fd(int (*make)(const void *arg), const void *arg);
/* Is fd one of the runtime's own descriptors (the log, the copy of stderr)? The guest must neither
 * close nor see it. */
bool log_owns_fd(int fd);
/* Prints to the log, prefixed by nothing; one call is one write, so that lines of several threads
 * do not mix. */
void log_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_write(const char *text, size_t len);

/* ---- memory ---------------------------------------------------------------------------------- */

/* Never return NULL: out of memory is a one-line error and EXIT_USAGE. */
void *base_alloc(size_t size);
void *base_zalloc(size_t size);
void *base_zalloc_aligned(size_t size, size_t align); /* freed with free() like the others */
void *base_realloc(void *p, size_t size);
char *base_strdup(const char *s);
char *base_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A region allocator: everything is freed at once. Not thread-safe. */
struct arena {
    struct arena_chunk *chunks;
    size_t used, size; /* of the newest chunk */
};
void *arena_alloc(struct arena *a, size_t size, size_t align);
void arena_reset(struct arena *a); /* forget all, keep one chunk */
void arena_free(struct arena *a);

/* A growable array: struct { T *data; size_t len, cap; }. */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *data;                                                                                   \
        size_t len, cap;                                                                           \
    }
#define vec_push(v, item) (vec_reserve(v, (v)->len + 1), (v)->data[(v)->len++] = (item))
#define vec_reserve(v, n)                                                                          \
    ((n) > (v)->cap                                                                                \
         ? (void)((v)->data = base_vec_grow((v)->data, &(v)->cap, (n), sizeof(*(v)->data)))        \
         : (void)0)
/* n items, all their bytes `byte`. */
#define vec_fill(v, n, byte)                                                                       \
    (vec_reserve(v, n), (void)memset((v)->data, (byte), (n) * sizeof(*(v)->data)),                 \
     (void)((v)->len = (n)))
#define vec_free(v) (free((v)->data), (v)->data = NULL, (v)->len = (v)->cap = 0)
SELDOM void *base_vec_grow(void *data, size_t *cap, size_t need, size_t item_size);

/* A hash map from uint64_t to void * (not NULL). Open addressing. Not thread-safe. */
struct hash_map {
    struct hash_slot *slots;
    size_t len, cap, dead;
};
void *hash_map_get(const struct hash_map *m, uint64_t key);
void hash_map_put(struct hash_map *m, uint64_t key, void *value); /* replaces */
void *hash_map_remove(struct hash_map *m, uint64_t key);          /* the old value or NULL */
void hash_map_clear(struct hash_map *m);
void hash_map_free(struct hash_map *m);
/* Iterates: start with *pos = 0; false at the end. The map must not change meanwhile. */
bool hash_map_next(const struct hash_map *m, size_t *pos, uint64_t *key, void **value);

/* A string that grows. */
struct strbuf {
    char *data; /* NUL-terminated once anything was added */
    size_t len, cap;
};
void strbuf_printf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap);
void strbuf_append(struct strbuf *b, const char *bytes, size_t len); /* NULs too */
void strbuf_free(struct strbuf *b);

/* ---- options and counters -------------------------------------------------------------------- */

/* The settings of a run, filled from options.def by main/. Read-only once the guest starts. */
struct options {
#define OPTION_BOOL(field, ...)   bool field;
#define OPTION_STRING(field, ...) const char *field;
#define OPTION_U64(field, ...)    uint64_t field;
#define OPTION_LIST(field, ...)   VEC(const char *) field;
#define OPTION_GROUP(...)
#define OPTION_LATER(...)
#include "options.def"
};

enum counter {
#define COUNTER(id, name, help) COUNTER_##id,
#include "counters.def"
#undef COUNTER
    COUNTER_COUNT
};

#endif
