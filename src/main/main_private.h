/* What the files of main/ share. */
#ifndef ISOMORPH_MAIN_PRIVATE_H
#define ISOMORPH_MAIN_PRIVATE_H

#include "base/base.h"

/* options.def as a table: options in the order of the file, with headings among them. */
enum option_kind {
    OPTION_KIND_BOOL,
    OPTION_KIND_STRING,
    OPTION_KIND_U64,
    OPTION_KIND_LIST,
    OPTION_KIND_GROUP, /* heading of --help: help is its text */
    OPTION_KIND_LATER, /* not supported yet */
};

struct option_row {
    enum option_kind kind;
    size_t offset; /* of the field in struct options */
    const char *short_form, *long_form, *env, *env_fallback;
    const char *argument; /* its name, NULL if the option takes none */
    const char *help;
};

extern const struct option_row option_rows[];
extern const unsigned option_row_count;

/* Reads the environment, then the command line, into *options. Returns the index in argv of the
 * first word that is not an option (the program), which may be argc. A mistake is one line on
 * stderr and EXIT_USAGE. `-h`, `-version` and values of "help" print to stdout and exit with 0. */
int options_read(struct options *options, int argc, char **argv);

/* values.c: checks the values that options_read has found; same treatment of mistakes. */
void options_check(const struct options *options);

/* help.c: these print to stdout and exit with 0. */
_Noreturn void help_print(void);
_Noreturn void help_print_version(void);
_Noreturn void help_print_cpus(void);
_Noreturn void help_print_engines(void);
_Noreturn void help_print_policies(void);
_Noreturn void help_print_passes(void);
_Noreturn void help_print_log_items(void);
bool help_knows_cpu(const char *name);

/* environment.c: the guest's environment: envp with -U and -E applied. Lives until the process
 * ends. */
char **environment_for_guest(const struct options *options, char **envp);

/* commands.c: runs `isomorph COMMAND ...` and does not come back, or returns if argv[1] is no
 * command. commands_list gives number i and its line for --help; false beyond the last. */
void commands_run(int argc, char **argv);
bool commands_list(unsigned i, const char **name, const char **help);

enum { EXIT_FAILED = 1 }; /* of a command; EXIT_USAGE for its options */

/* binfmt.c: `isomorph binfmt ...`; ends the process. */
_Noreturn void binfmt_command(int argc, char **argv);

/* True if the kernel started this process for a guest program, through a registration with flag P:
 * argv is our name, the program's path, the guest's argv[0], the guest's arguments. */
bool binfmt_started(int argc);

/* stats.c: starts the clock; from then on the end of the guest prints what options->stats asks for.
 * A file named there is made absolute: the guest may change the working directory. */
void stats_start(struct options *options);

#endif
