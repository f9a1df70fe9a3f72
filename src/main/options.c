/* main/options.c: from the environment and the command line to struct options, by the rows of
 * options.def.
 *
 * A word of the command line is an option if it starts with a dash and has more to it. One or two
 * dashes are the same, as in qemu-user; with two, `--name=value` is understood beside `--name
 * value`. The first other word, or the one after
 * `--`, is the guest program; everything from there on is the guest's. Later values replace earlier
 * ones and those of the environment. */
#include "main/main_private.h"

#include <errno.h>
#include <string.h>

#define ROW(kind, field, short_form, long_form, env, fallback, argument, help)                     \
    {kind, offsetof(struct options, field), short_form, long_form, env, fallback, argument, help},

const struct option_row option_rows[] = {
#define OPTION_BOOL(field, sf, lf, env, fb, arg, def, help)                                        \
    ROW(OPTION_KIND_BOOL, field, sf, lf, env, fb, arg, help)
#define OPTION_STRING(field, sf, lf, env, fb, arg, def, help)                                      \
    ROW(OPTION_KIND_STRING, field, sf, lf, env, fb, arg, help)
#define OPTION_U64(field, sf, lf, env, fb, arg, def, help)                                         \
    ROW(OPTION_KIND_U64, field, sf, lf, env, fb, arg, help)
#define OPTION_LIST(field, sf, lf, env, fb, arg, def, help)                                        \
    ROW(OPTION_KIND_LIST, field, sf, lf, env, fb, arg, help)
#define OPTION_GROUP(title) {OPTION_KIND_GROUP, 0, NULL, NULL, NULL, NULL, NULL, title},
#define OPTION_LATER(sf, takes_value)                                                              \
    {OPTION_KIND_LATER, 0, sf, NULL, NULL, NULL, (takes_value) ? "VALUE" : NULL, NULL},
#include "base/options.def"
};
const unsigned option_row_count = ARRAY_LEN(option_rows);

static void options_set_defaults(struct options *options)
{
#define OPTION_BOOL(field, sf, lf, env, fb, arg, def, help)   options->field = def;
#define OPTION_STRING(field, sf, lf, env, fb, arg, def, help) options->field = def;
#define OPTION_U64(field, sf, lf, env, fb, arg, def, help)    options->field = def;
#define OPTION_LIST(field, sf, lf, env, fb, arg, def, help)
#define OPTION_GROUP(title)
#define OPTION_LATER(sf, takes_value)
    *options = (struct options){0};
#include "base/options.def"
}

/* ---- values ---------------------------------------------------------------------------------- */

/* An unsigned number, decimal or 0x, with an optional K, M, G or T (powers of 1024). */
static bool parse_size(const char *text, uint64_t *value)
{
    static const char units[] = "KMGT";
    char *end;

    if (*text < '0' || *text > '9') /* strtoull would take spaces and a sign */
        return false;
    errno = 0;
    uint64_t n = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
    if (errno != 0 || (end == text + 1 && (text[1] | 32) == 'x'))
        return false;
    if (*end) {
        const char *unit = strchr(units, *end & ~32);
        unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
        if (!unit || end[1] || n > UINT64_MAX >> shift)
            return false;
        n <<= shift;
    }
    *value = n;
    return true;
}

/* Removes from the list of -E what it says of this variable. */
static void forget_set(struct options *options, const char *variable)
{
    size_t len = strlen(variable), kept = 0;

    for (size_t i = 0; i < options->set_env.len; i++) {
        const char *item = options->set_env.data[i];
        if (strncmp(item, variable, len) != 0 || item[len] != '=')
            options->set_env.data[kept++] = item;
    }
    options->set_env.len = kept;
}

/* Adds the comma-separated items of text to the row's list. The guest's environment is made by all
 * of -U, then all of -E; so that the last word on a variable stands, a -U undoes earlier -Es. */
static void add_list_items(struct options *options, const struct option_row *row, const char *text)
{
    typedef VEC(const char *) string_list;
    string_list *list = (string_list *)((char *)options + row->offset);
    char *rest = base_strdup(text);

    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        vec_push(list, item);
        if ((void *)list == (void *)&options->unset_env)
            forget_set(options, item);
    }
}

/* Gives the row's field the value; `name` is what the user wrote, for messages. */
static void option_store(struct options *options, const struct option_row *row, const char *name,
                         const char *value)
{
    void *field = (char *)options + row->offset;

    switch (row->kind) {
    case OPTION_KIND_BOOL:
        *(bool *)field = true;
        break;
    case OPTION_KIND_STRING:
        *(const char **)field = value;
        break;
    case OPTION_KIND_U64:
        if (!parse_size(value, field))
            base_fail(EXIT_USAGE, "%s: expected a number (0x, K, M and G are understood), not '%s'",
                      name, value);
        break;
    case OPTION_KIND_LIST:
        add_list_items(options, row, value);
        break;
    case OPTION_KIND_GROUP:
    case OPTION_KIND_LATER:
        CHECK(false, "option row %s has no field", name);
    }
}

/* ---- the environment ------------------------------------------------------------------------- */

static void read_environment(struct options *options)
{
    for (const struct option_row *row = option_rows; row < option_rows + option_row_count; row++) {
        const char *name = row->env;
        const char *value = name ? getenv(name) : NULL;
        if (!value && row->env_fallback) {
            name = row->env_fallback;
            value = getenv(name);
        }
        if (!value || !*value || (row->kind == OPTION_KIND_BOOL && strcmp(value, "0") == 0))
            continue;
        option_store(options, row, name, value);
    }
}

/* ---- the command line ------------------------------------------------------------------------ */

static bool form_matches(const char *form, const char *name, size_t len)
{
    return form && strlen(form) == len && memcmp(form, name, len) == 0;
}

static const struct option_row *find_row(const char *name, size_t len)
{
    for (const struct option_row *row = option_rows; row < option_rows + option_row_count; row++) {
        if (form_matches(row->short_form, name, len) || form_matches(row->long_form, name, len))
            return row;
    }
    return NULL;
}

/* Reads the option at argv[at] and its value. Returns the index after them. */
static int read_option(struct options *options, int argc, char **argv, int at)
{
    const char *word = argv[at++];
    bool two_dashes = word[1] == '-';
    const char *name = word + 1 + two_dashes;
    const char *equals = two_dashes ? strchr(name, '=') : NULL;
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row = find_row(name, len);
    int shown = (int)(name + len - word);

    if (!row)
        base_fail(EXIT_USAGE, "%.*s: unknown option; --help lists them", shown, word);
    if (row->kind == OPTION_KIND_LATER)
        base_fail(EXIT_USAGE, "%.*s: not supported yet", shown, word);
    if (!row->argument) {
        if (equals)
            base_fail(EXIT_USAGE, "%.*s: takes no value, but got '%s'", shown, word, equals + 1);
        option_store(options, row, word, NULL);
        return at;
    }
    const char *value = equals ? equals + 1 : at < argc ? argv[at++] : NULL;
    if (!value)
        base_fail(EXIT_USAGE, "%.*s: expected a value: %s", shown, word, row->argument);
    char *label = base_printf("%.*s", shown, word);
    option_store(options, row, label, value);
    free(label);
    return at;
}

int options_read(struct options *options, int argc, char **argv)
{
    int at = 1;

    options_set_defaults(options);
    if (argc < 2 || strcmp(argv[1], "--no-environment") != 0)
        read_environment(options);
    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        at = read_option(options, argc, argv, at);
    }
    return at;
}
