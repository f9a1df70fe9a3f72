/* linux/sysdoc.c: prints syscalls.md, the table of system calls, from sys.def. Runs at build time.
 */
#include <stdio.h>
#include <string.h>

enum way { PASSED, OWN, REFUSED };

struct doc_row {
    unsigned number;
    const char *name;
    enum way way;
    const char *arguments, *text; /* text: handler or reason */
};

static const struct doc_row rows[] = {
#define PASS(nr, name, ...)          {nr, #name, PASSED, #__VA_ARGS__, ""},
#define SAME(nr, name, ...)          {nr, #name, PASSED, #__VA_ARGS__, ""},
#define CALL(nr, name, handler, ...) {nr, #name, OWN, #__VA_ARGS__, #handler},
#define REFUSE(nr, name, reason)     {nr, #name, REFUSED, "", reason},
#define QUIET(nr, name, reason)      {nr, #name, REFUSED, "", reason},
#include "linux/sys.def"
};

static const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

static unsigned count(enum way way)
{
    unsigned n = 0;

    for (unsigned i = 0; i < row_count; i++)
        n += rows[i].way == way;
    return n;
}

/* "INT, FD, OUT(2), SIZE" -> "FD, OUT(2), SIZE": the result comes first in a row. */
static const char *without_result(const char *arguments)
{
    const char *comma = strchr(arguments, ',');

    return comma ? comma + 2 : "";
}

int main(void)
{
    printf(
        "# System calls\n\n"
        "The riscv64 system calls that isomorph knows: %u passed through to the host's kernel, "
        "%u made by\n"
        "handlers of its own, %u refused with `ENOSYS`. Made from `src/linux/sys.def` when "
        "isomorph is built\n"
        "(`syscalls.md` in the build's `src/linux`); the kinds of arguments are explained there. "
        "Numbers that are\n"
        "not in the table fail with `ENOSYS` too.\n\n"
        "| number | name | how | arguments |\n|---|---|---|---|\n",
        count(PASSED), count(OWN), count(REFUSED));
    for (unsigned i = 0; i < row_count; i++) {
        const struct doc_row *r = &rows[i];
        if (r->way == PASSED)
            printf("| %u | `%s` | passed through | %s |\n", r->number, r->name,
                   without_result(r->arguments));
        else if (r->way == OWN)
            printf("| %u | `%s` | `%s` | %s |\n", r->number, r->name, r->text,
                   without_result(r->arguments));
        else
            printf("| %u | `%s` | refused: %s | |\n", r->number, r->name, r->text);
    }
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
