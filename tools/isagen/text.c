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

/* Nothing is freed: the process lives for one output. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

char *text_printf(const char *fmt, ...)
{
    char *text;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    return text;
}

const char *upper_name(const char *name)
{
    char *text = text_printf("%s", name);
    for (char *p = text; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text;
}

bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

int name_index(const char *name, const char *const *list, int n)
{
    int i = 0;
    while (i < n && strcasecmp(name, list[i]) != 0)
        i++;
    return i;
}

void *grow_list(void *data, size_t *cap, size_t need, size_t item_size)
{
    if (need > *cap) {
        *cap = *cap ? *cap * 2 : 8;
        data = realloc(data, *cap * item_size);
        if (!data)
            abort();
    }
    memset((char *)data + (need - 1) * item_size, 0, item_size);
    return data;
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

void read_file(const char *path, void (*row)(struct isa *isa, struct line *line), struct isa *isa)
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
        row(isa, &l);
        line_expect_end(&l);
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

void line_expect_end(struct line *l)
{
    if (!line_end(l))
        fail(l->at, "unknown field '%s'", l->p);
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

const char *line_rest(struct line *l)
{
    line_end(l);
    return take(l, strlen(l->p));
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
