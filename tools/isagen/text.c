/* Lines and words of the input, memory and error messages. */
#include "isagen.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void fail(struct place at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%d: ", at.file, at.line);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

void *make(size_t size)
{
    /* Chunks stay linked, so that a leak checker sees that they are kept on purpose. */
    static struct chunk {
        struct chunk *next;
        size_t used, size;
        _Alignas(16) char data[];
    } * chunks;
    size = (size + 15) & ~(size_t)15;
    if (!chunks || chunks->size - chunks->used < size) {
        size_t room = size > 65536 ? size : 65536;
        struct chunk *c = calloc(1, sizeof *c + room);
        if (!c)
            abort();
        c->size = room;
        c->next = chunks;
        chunks = c;
    }
    chunks->used += size;
    return chunks->data + chunks->used - size;
}

char *text_printf(const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    char none[1];
    int len = vsnprintf(none, 0, fmt, ap);
    char *text = make((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}

void *grow_list(void *data, size_t *cap, size_t need, size_t item_size)
{
    if (need <= *cap)
        return data;
    size_t new_cap = *cap ? *cap * 2 : 8;
    void *grown = make(new_cap * item_size);
    if (data)
        memcpy(grown, data, *cap * item_size);
    *cap = new_cap;
    return grown;
}

/* Cuts a comment and trailing blanks off; a '#' inside a string stays. */
static void strip_line(char *text)
{
    bool quoted = false;
    char *p = text;
    for (; *p && (quoted || *p != '#'); p++)
        if (*p == '"')
            quoted = !quoted;
    while (p > text && isspace((unsigned char)p[-1]))
        p--;
    *p = 0;
}

void read_file(const char *path, void (*row)(void *arg, struct line *line), void *arg)
{
    struct line l = {.at = {path, 0}};
    FILE *in = fopen(path, "r");
    if (!in)
        fail(l.at, "cannot open: %s", strerror(errno));
    char *text = NULL;
    size_t size = 0;
    while (getline(&text, &size, in) >= 0) {
        l.at.line++;
        strip_line(text);
        if (!*text)
            continue;
        l.indented = isspace((unsigned char)*text);
        l.p = text;
        line_end(&l);
        row(arg, &l);
    }
    free(text);
    fclose(in);
}

bool line_end(struct line *l)
{
    while (isspace((unsigned char)*l->p))
        l->p++;
    return !*l->p;
}

bool line_accept(struct line *l, const char *t)
{
    line_end(l);
    if (strncmp(l->p, t, strlen(t)) != 0)
        return false;
    l->p += strlen(t);
    return true;
}

void line_expect(struct line *l, const char *t)
{
    if (!line_accept(l, t))
        fail(l->at, "'%s' expected before '%s'", t, l->p);
}

static const char *take(struct line *l, size_t len)
{
    const char *text = text_printf("%.*s", (int)len, l->p);
    l->p += len;
    return text;
}

const char *line_try_name(struct line *l)
{
    line_end(l);
    if (!isalpha((unsigned char)*l->p) && *l->p != '_')
        return NULL;
    size_t len = 1;
    while (isalnum((unsigned char)l->p[len]) || (l->p[len] && strchr("_.'", l->p[len])))
        len++;
    return take(l, len);
}

const char *line_name(struct line *l)
{
    const char *name = line_try_name(l);
    if (!name)
        fail(l->at, "name expected before '%s'", l->p);
    return name;
}

const char *line_word(struct line *l)
{
    if (line_end(l))
        fail(l->at, "the line ends too early");
    return take(l, strcspn(l->p, " \t"));
}

bool line_try_int(struct line *l, int64_t *v)
{
    line_end(l);
    const char *p = l->p;
    bool negative = *p == '-';
    p += negative;
    if (!isdigit((unsigned char)*p))
        return false;
    int base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'b')) {
        base = p[1] == 'x' ? 16 : 2;
        p += 2;
    }
    char *end;
    errno = 0;
    uint64_t u = strtoull(p, &end, base);
    if (end == p || isalnum((unsigned char)*end) || *end == '_' || *end == '.')
        return false;
    if (errno)
        fail(l->at, "integer of more than 64 bits: '%s'", l->p);
    *v = (int64_t)(negative ? 0 - u : u);
    l->p = end;
    return true;
}

int64_t line_int(struct line *l)
{
    int64_t v;
    if (!line_try_int(l, &v))
        fail(l->at, "integer expected before '%s'", l->p);
    return v;
}

const char *line_string(struct line *l)
{
    line_expect(l, "\"");
    size_t len = strcspn(l->p, "\"");
    if (!l->p[len])
        fail(l->at, "string without an end");
    const char *text = take(l, len);
    l->p++;
    return text;
}
