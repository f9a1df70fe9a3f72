/* main/help.c: everything that is printed for somebody who asks. Goes to stdout; exit status 0. */
#include "main/main_private.h"

#include <string.h>
#include <unistd.h>

#include "cache/cache.h"
#include "host/x86_64/host.h"
#include "translate/translate.h"
#include "vm/vm.h"

enum { HELP_COLUMN = 32 }; /* where the descriptions start */

/* The processors of -cpu. One set of instructions is implemented, so the name changes nothing yet.
 */
static const struct {
    const char *name, *help;
} cpus[] = {
    {"max", "everything that is implemented: RV64GC, Zba, Zbb, Zbs, Zicond (default)"},
    {"rv64", "the same instructions as max"},
    {"rva22u64",
     "the same instructions as max: the profile without Zfhmin and cache-block operations"},
};

/* Ends a help text: what did not reach stdout is an error of the environment. */
static _Noreturn void help_end(void)
{
    /* A text longer than the buffer has failed before, and then there is nothing left to flush. */
    if (fflush(stdout) != 0 || ferror(stdout))
        base_fail(EXIT_USAGE, "cannot write to the standard output: %m");
    _exit(0);
}

/* ---- --help ---------------------------------------------------------------------------------- */

static void print_option(const struct option_row *row)
{
    struct strbuf left = {0};

    strbuf_printf(&left, "  ");
    if (row->short_form)
        strbuf_printf(&left, "-%s%s", row->short_form, row->long_form ? ", " : "");
    if (row->long_form && (!row->short_form || strcmp(row->short_form, row->long_form) != 0))
        strbuf_printf(&left, "--%s", row->long_form);
    else if (row->short_form)
        left.data[left.len -= 2] = '\0';
    if (row->argument)
        strbuf_printf(&left, " %s", row->argument);
    if (left.len >= HELP_COLUMN)
        printf("%s\n%*s%s\n", left.data, HELP_COLUMN, "", row->help);
    else
        printf("%-*s%s\n", HELP_COLUMN, left.data, row->help);
    strbuf_free(&left);
}

static void print_environment(void)
{
    printf("\nEnvironment (an option on the command line comes first):\n");
    for (const struct option_row *row = option_rows; row < option_rows + option_row_count; row++) {
        if (!row->env)
            continue;
        printf("  %-22s %-20s %s%s\n", row->env, row->env_fallback ? row->env_fallback : "",
               row->short_form ? "-" : "--", row->short_form ? row->short_form : row->long_form);
    }
}

static void print_later(void)
{
    unsigned n = 0;

    printf("\nKnown from qemu-user, not supported yet:");
    for (const struct option_row *row = option_rows; row < option_rows + option_row_count; row++) {
        if (row->kind == OPTION_KIND_LATER)
            printf("%s-%s", n++ % 8 == 0 ? "\n  " : " ", row->short_form);
    }
    printf("\n");
}

void help_print(void)
{
    const char *name, *help;

    printf("usage: isomorph [options] program [arguments]\n"
           "Runs a RISC-V (riscv64) Linux program on this machine.\n\n"
           "Commands (isomorph COMMAND --help explains):\n");
    for (unsigned i = 0; commands_list(i, &name, &help); i++)
        printf("  %-*s%s\n", HELP_COLUMN - 2, name, help);
    for (const struct option_row *row = option_rows; row < option_rows + option_row_count; row++) {
        if (row->kind == OPTION_KIND_GROUP)
            printf("\n%s:\n", row->help);
        else if (row->kind != OPTION_KIND_LATER)
            print_option(row);
    }
    printf("\nNumbers may be written with 0x, or end in K, M or G. --name=value is --name value.\n"
           "The options end at the first word without a dash, or at --.\n");
    print_environment();
    print_later();
    printf("\nExit status: the guest's own, or death by the guest's signal; of isomorph itself:\n"
           "  %d  --verify has found a difference\n"
           "  %d  a defect of isomorph; please report what it prints\n"
           "  %d  a wrong option, or the host refuses what is needed\n"
           "  %d  the program was found but cannot be run\n"
           "  %d  there is no such program, or its interpreter is missing\n",
           EXIT_DIFFERS, EXIT_BUG, EXIT_USAGE, EXIT_CANNOT_RUN, EXIT_NOT_FOUND);
    help_end();
}

/* ---- lists ----------------------------------------------------------------------------------- */

void help_print_version(void)
{
    printf("isomorph %s\n"
           "Licence: Apache-2.0, see the file LICENSE. There is no warranty.\n",
           ISOMORPH_VERSION);
    help_end();
}

void help_print_cpus(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(cpus); i++)
        printf("%-10s %s\n", cpus[i].name, cpus[i].help);
    help_end();
}

bool help_knows_cpu(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(cpus); i++) {
        if (strcmp(cpus[i].name, name) == 0)
            return true;
    }
    return false;
}

static _Noreturn void print_rows(bool (*list)(unsigned i, const char **name, const char **help))
{
    const char *name, *help;

    for (unsigned i = 0; list(i, &name, &help); i++)
        printf("%-10s %s\n", name, help);
    help_end();
}

void help_print_engines(void)
{
    print_rows(vm_list_engines);
}

void help_print_policies(void)
{
    print_rows(code_cache_list_policies);
}

void help_print_passes(void)
{
    print_rows(translate_list_passes);
}

void help_print_log_items(void)
{
#define LOG(id, name, help) printf("%-10s %s\n", name, help);
#include "base/log.def"
#undef LOG
    if (!host_has_disassembler)
        printf("\nThis build has no disassembler for host code (Zydis): host shows bytes.\n");
    help_end();
}
