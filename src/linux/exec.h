/* linux/exec.h: which program an execve starts: a guest's, or one of the host's. */
#ifndef ISOMORPH_LINUX_EXEC_H
#define ISOMORPH_LINUX_EXEC_H

#include <limits.h>

#include "linux/paths.h"

enum exec_kind {
    EXEC_GUEST, /* an ELF file of the guest's machine */
    EXEC_HOST,  /* anything else: the host's kernel judges it */
};

enum {
    EXEC_MAX_SCRIPTS = 5, /* scripts whose interpreters are scripts, as in the kernel */
    EXEC_LINE = 256,      /* how much of a #! line counts: BINPRM_BUF_SIZE */
};

/* A program and the scripts on the way to it. The words of a script's first line precede the
 * arguments. */
struct exec_plan {
    enum exec_kind kind;
    int fd;                   /* set before: what to run is open there, -1: it has a path */
    char path[PATH_MAX];      /* as the guest names it */
    char host_path[PATH_MAX]; /* where it is */
    unsigned n_scripts;
    struct {
        char line[EXEC_LINE + 1];
        const char *interpreter, *argument; /* in line; argument may be NULL */
        char path[PATH_MAX],
            host_path[PATH_MAX]; /* the script, as the guest names it and where it is */
    } scripts[EXEC_MAX_SCRIPTS];
};

/* Finds out what to run for the guest's path. lookup turns a guest's path in place into the host's.
 * Returns 0, or -errno as execve gives it. The plan is large: keep it off small stacks. */
int exec_make_plan(const struct guest *guest, const char *path,
                   int (*lookup)(void *arg, char *path), void *arg, struct exec_plan *plan);

/* Checks a program of the guest's and its interpreter before anything is given up: would the new
 * process be able to load them? Returns 0 or -errno as execve gives it. */
int exec_check_guest(const struct exec_plan *plan, const struct path_prefix *prefix);

/* Opens the plan's program for reading. Returns a descriptor or -errno. */
int exec_open_program(const struct exec_plan *plan);

/* The words that come before the arguments from argv[1] on: argv[0], and for scripts the lines'
 * words and the script. words has room for 1 + 2 * EXEC_MAX_SCRIPTS. Returns how many. argv0 is
 * argv[0] as given. */
unsigned exec_leading_words(const struct exec_plan *plan, const char *argv0, const char **words);

#endif
