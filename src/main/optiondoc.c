/* main/optiondoc.c: fills the options of options.def into a template. Runs at build time.
 *
 *   optiondoc TEMPLATE VERSION
 *
 * A line of the template that is one of the words below is replaced, everything else is copied:
 *   @OPTIONS@       the options, as manual-page source
 *   @ENVIRONMENT@   the variables, as manual-page source
 *   @LATER@         options that are refused, as manual-page source
 *   @FLAGS@         words that take no value, for a shell
 *   @VALUES@        words that take a value, each followed by "=" and the name of the value
 * and so is @VERSION@ anywhere. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct row {
    char kind; /* o: option, g: heading, l: not supported yet */
    const char *short_form, *long_form, *env, *fallback, *argument, *help;
};

#define ROW(sf, lf, env, fb, arg, help)                       {'o', sf, lf, env, fb, arg, help},
#define OPTION_BOOL(field, sf, lf, env, fb, arg, def, help)   ROW(sf, lf, env, fb, arg, help)
#define OPTION_STRING(field, sf, lf, env, fb, arg, def, help) ROW(sf, lf, env, fb, arg, help)
#define OPTION_U64(field, sf, lf, env, fb, arg, def, help)    ROW(sf, lf, env, fb, arg, help)
#define OPTION_LIST(field, sf, lf, env, fb, arg, def, help)   ROW(sf, lf, env, fb, arg, help)
#define OPTION_GROUP(title)                                   {'g', .help = title},
#define OPTION_LATER(sf, takes_value)                         {'l', .short_form = sf},

static const struct row rows[] = {
#include "base/options.def"
};
static const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

/* Text in a manual page: a dash is a minus sign, so that it can be searched for and copied. */
static void print_roff(const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            putchar('\\');
        putchar(*text == '\\' ? 'e' : *text);
    }
}

/* The option's forms as help.c has them: "-L, --prefix", or one of them if they are the same. */
static void print_forms(const struct row *r)
{
    bool two = r->short_form && r->long_form && strcmp(r->short_form, r->long_form) != 0;

    if (r->short_form) {
        printf("\\-");
        print_roff(r->short_form);
    }
    if (two)
        printf("\\fR, \\fB");
    if (two || !r->short_form) {
        printf("\\-\\-");
        print_roff(r->long_form);
    }
}

static void print_options(void)
{
    for (const struct row *r = rows; r < rows + row_count; r++) {
        if (r->kind == 'g') {
            printf(".SS %s\n", r->help);
        } else if (r->kind == 'o') {
            printf(".TP\n\\fB");
            print_forms(r);
            printf("\\fR");
            if (r->argument) {
                printf(" \\fI");
                print_roff(r->argument);
                printf("\\fR");
            }
            printf("\n");
            print_roff(r->help);
            printf("\n");
        }
    }
}

static void print_environment(void)
{
    for (const struct row *r = rows; r < rows + row_count; r++) {
        if (!r->env)
            continue;
        printf(".TP\n\\fB%s\\fR%s%s\nas ", r->env, r->fallback ? ", " : "",
               r->fallback ? r->fallback : "");
        print_forms(r);
        printf("\n");
    }
}

static void print_later(void)
{
    const char *separator = "";

    for (const struct row *r = rows; r < rows + row_count; r++) {
        if (r->kind != 'l')
            continue;
        printf("%s\\fB\\-", separator);
        print_roff(r->short_form);
        printf("\\fR");
        separator = ",\n";
    }
    printf("\n");
}

/* One word for each form of the options that take a value, or of those that take none. */
static void print_words(bool with_value)
{
    for (const struct row *r = rows; r < rows + row_count; r++) {
        const char *end = with_value ? "=" : "", *value = with_value ? r->argument : "";
        if (r->kind != 'o' || (r->argument != NULL) != with_value)
            continue;
        if (r->short_form)
            printf("    -%s%s%s\n", r->short_form, end, value);
        if (r->long_form)
            printf("    --%s%s%s\n", r->long_form, end, value);
    }
}

static void print_line(const char *line, const char *version)
{
    const char *at = strstr(line, "@VERSION@");

    if (strcmp(line, "@OPTIONS@\n") == 0)
        print_options();
    else if (strcmp(line, "@ENVIRONMENT@\n") == 0)
        print_environment();
    else if (strcmp(line, "@LATER@\n") == 0)
        print_later();
    else if (strcmp(line, "@FLAGS@\n") == 0)
        print_words(false);
    else if (strcmp(line, "@VALUES@\n") == 0)
        print_words(true);
    else if (at)
        printf("%.*s%s%s", (int)(at - line), line, version, at + strlen("@VERSION@"));
    else
        fputs(line, stdout);
}

int main(int argc, char **argv)
{
    char line[1024];
    FILE *template = argc == 3 ? fopen(argv[1], "r") : NULL;

    if (!template) {
        fprintf(stderr, "usage: optiondoc TEMPLATE VERSION\n");
        return 1;
    }
    while (fgets(line, sizeof(line), template))
        print_line(line, argv[2]);
    return ferror(template) || fflush(stdout) != 0;
}
