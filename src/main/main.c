/* main/main.c: the command line's way to the guest: options, log, environment, program. */
#include "main/main_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/linux.h"
#include "tools/gdb/gdb.h"
#include "tools/profile/profile.h"
#include "vm/vm.h"

/* ---- which program --------------------------------------------------------------------------- */

static bool is_regular_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The program's path: the name as given if it has a slash or is a file here, else the first
 * executable file of that name on PATH, else the name as given (whose absence linux_run reports).
 */
static const char *find_program(const char *name)
{
    const char *dirs = getenv("PATH");

    if (strchr(name, '/') || access(name, F_OK) == 0 || !dirs || !*name)
        return name;
    for (const char *dir = dirs;; dir++) {
        int len = (int)strcspn(dir, ":");
        char *path = base_printf("%.*s%s%s", len, dir, len ? "/" : "", name);
        if (is_regular_file(path) && access(path, X_OK) == 0)
            return path;
        free(path);
        dir += len;
        if (*dir == '\0')
            return name;
    }
}

/* ---- start ----------------------------------------------------------------------------------- */

static void log_start(const struct options *options)
{
    uint32_t items = 0;
    const char *bad;

    if (options->log_items)
        log_parse_items(options->log_items, &items, &bad); /* checked by options_check */
    if (options->strace)
        items |= 1u << LOG_SYSCALL | 1u << LOG_UNIMP;
    base_log_mask = items;
    int err = log_open(options->log_file);
    if (err < 0)
        base_fail(EXIT_USAGE, "-D: cannot write the log to %s: %s", options->log_file,
                  strerror(-err));
}

/* What runs: options in *options, the program's path returned, its argv in *guest_argv. The kernel
 * (binfmt_misc) has no options for us, and a path that it has looked up. */
static const char *read_command_line(struct options *options, int argc, char **argv,
                                     char ***guest_argv)
{
    if (binfmt_started(argc)) {
        options_read(options, 1, argv);
        options_check(options);
        *guest_argv = argv + 2;
        return argv[1];
    }
    commands_run(argc, argv);
    int program = options_read(options, argc, argv);
    options_check(options);
    if (program == argc)
        base_fail(EXIT_USAGE, "no program given; usage: isomorph [options] program [arguments]");
    *guest_argv = argv + program;
    return find_program(argv[program]);
}

int main(int argc, char **argv, char **envp)
{
    static struct options options;
    char **guest_argv;
    const char *path = read_command_line(&options, argc, argv, &guest_argv);

    log_start(&options);
    base_set_bug_reporter(vm_report);
    stats_start(&options);
    if (options.gdb || options.gdb_session)
        linux_before_start = gdb_start;
    profile_start(&options);
    if (options.log_items || options.strace ||
        (options.stats && strcmp(options.stats, "off") != 0) ||
        (options.profile && !options.profile_output))
        log_hold_stderr();
    if (options.argv0)
        guest_argv[0] = (char *)options.argv0;
    linux_run(&options, path, guest_argv, environment_for_guest(&options, envp));
}
