/* main/commands.c: what isomorph does besides running a guest: `isomorph COMMAND ...`.
 *
 * A command is the first word of the command line, and only there; a guest program of such a name
 * is run as `isomorph ./sysroot` or `isomorph -- sysroot`. A command that is a program of its own
 * lies in the folder for such programs (libexec/isomorph), or, for an isomorph that has not been
 * installed, in the build folder. */
#include "main/main_private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The folder of this executable, ending in a slash; "" where there is no /proc. */
static const char *own_folder(void)
{
    static char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash = len > 0 ? memrchr(path, '/', (size_t)len) : NULL;

    path[slash ? slash + 1 - path : 0] = '\0';
    return path;
}

static void run_sysroot(int argc, char **argv)
{
    const char *folder = own_folder();
    char *installed = base_printf("%s%s/isomorph/sysroot",
                                  ISOMORPH_LIBEXECDIR[0] == '/' ? "" : folder, ISOMORPH_LIBEXECDIR);
    char *built = base_printf("%stools/sysroot/sysroot", folder);

    argv[1] = installed;
    execv(installed, argv + 1);
    if (errno == ENOENT) {
        argv[1] = built;
        execv(built, argv + 1);
    }
    base_fail(EXIT_USAGE, "sysroot: cannot run %s: %m", installed);
}

/* Ways to run a guest, which options name too. */
static void run_verify(int argc, char **argv)
{
    (void)argc;
    argv[1] = "--verify";
}

static void run_profile(int argc, char **argv)
{
    (void)argc;
    argv[1] = "--profile";
}

static const struct {
    const char *name;
    void (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"sysroot", run_sysroot, "make a folder of Debian packages for -L: create, add, list"},
    {"verify", run_verify, "run a guest and compare every block with the reference interpreter"},
    {"profile", run_profile, "run a guest and say where its time goes, by function and block"},
    {"binfmt", binfmt_command, "let the kernel start guest programs: print, install, remove"},
};

bool commands_list(unsigned i, const char **name, const char **help)
{
    if (i >= ARRAY_LEN(commands))
        return false;
    *name = commands[i].name;
    *help = commands[i].help;
    return true;
}

void commands_run(int argc, char **argv)
{
    for (unsigned i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            commands[i].run(argc, argv);
    }
}
