/* linux/exec.c: execve.
 *
 * A guest's program is started as a new process of this runtime: the host executes /proc/self/exe
 * with our own options, the program and its arguments. So close-on-exec, pending signals, ids,
 * limits and what else survives an exec are the kernel's to keep, and binfmt_misc is not needed.
 * A script for a guest's interpreter is left to the new process, which then knows its name; one for
 * a program of the host is taken apart here, for the kernel would look for it outside of the
 * prefix. Programs of the host are executed as they are. What can fail is looked at before the
 * point of no return (exec_plan.c). */
#include "linux/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/debug.h"
#include "linux/exec.h"
#include "linux/rlimits.h"
#include "linux/paths.h"
#include "linux/proc.h"
#include "linux/signals.h"
#include "linux/threads.h"

/* Descriptors that the new process needs beside the prefix's, at a time: where its messages go, and
 * the program. (A program with an interpreter could not open its libraries.) */
enum { START_FILES = 2 };

/* The lists of struct linux_exec. */
typedef VEC(const char *) word_list;

/* ---- our own command line -------------------------------------------------------------------- */

/* A log file's name for the new process: it goes on with the log from wherever it will be. */
static const char *log_name(struct arena *a, const char *path)
{
    char folder[PATH_MAX];

    path += path[0] == '+';
    if (path[0] == '/' || !getcwd(folder, sizeof(folder) - 1))
        folder[0] = '\0';
    else
        strcat(folder, "/");
    size_t size = 1 + strlen(folder) + strlen(path) + 1;
    char *whole = arena_alloc(a, size, 1);
    snprintf(whole, size, "+%s%s", folder, path);
    return whole;
}

static void add_word(struct arena *a, word_list *words, const char *option, const char *value)
{
    size_t size = strlen(option) + strlen(value) + 4;
    char *word = arena_alloc(a, size, 1);

    snprintf(word, size, "--%s=%s", option, value);
    vec_push(words, word);
}

/* The same behind the program's name, in a list that has its end already. */
static void add_word_first(struct arena *a, word_list *words, const char *option, const char *value)
{
    add_word(a, words, option, value);
    const char *word = words->data[words->len - 1];
    memmove(words->data + 2, words->data + 1, (words->len - 2) * sizeof(*words->data));
    words->data[1] = word;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Options about the first process alone: a profile. */
static bool stays_behind(const struct linux_task *task, const char *field)
{
    static const char *const fields[] = {"profile", "profile_output", "flamegraph", "registers"};

    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(field, fields[i]) == 0)
            return getpid() != task->process->first_pid;
    }
    return false;
}

/* What the new process is told of a string option; NULL: nothing. argv[0] is the new program's own;
 * statistics are those of the first process, whatever the environment says; names of files must
 * hold in another working directory. */
static const char *value_passed_on(struct linux_task *task, const char *field, const char *value)
{
    if (strcmp(field, "argv0") == 0 || strcmp(field, "inside") == 0 || stays_behind(task, field))
        return NULL;
    if (strcmp(field, "stats") == 0)
        return getpid() == task->process->first_pid ? value : "off";
    if (strcmp(field, "limits") == 0) /* what they are by now */
        return NULL;
    if (strcmp(field, "gdb") == 0 || strcmp(field, "gdb_session") == 0) /* goes on in another way */
        return NULL;
    if (strcmp(field, "prefix") == 0)
        return task->fs->other_root ? NULL : task->process->prefix;
    if (strcmp(field, "log_file") == 0)
        return log_name(&task->exec->scratch, value);
    return value;
}

static void add_string_option(struct linux_task *task, word_list *words, const char *field,
                              const char *option, const char *value, const char *preset)
{
    const char *passed =
        value && !same_text(value, preset) ? value_passed_on(task, field, value) : NULL;

    if (passed)
        add_word(&task->exec->scratch, words, option, passed);
}

/* Descriptors that were passed on to this process: they are told anew. */
static bool is_about_descriptor(const char *field)
{
    return strcmp(field, "program_fd") == 0 || strcmp(field, "runtime_fd") == 0;
}

/* The options of this run, as words of a command line. Those that change the environment have done
 * so. */
static void add_options(struct linux_task *task, word_list *words)
{
    const struct options *o = task->process->options;
    char number[24];

#define OPTION_BOOL(field, short_form, long_form, env, fallback, argument, preset, help)           \
    if (o->field != (preset) && !stays_behind(task, #field))                                       \
        vec_push(words, "--" long_form);
#define OPTION_STRING(field, short_form, long_form, env, fallback, argument, preset, help)         \
    add_string_option(task, words, #field, long_form, o->field, preset);
#define OPTION_U64(field, short_form, long_form, env, fallback, argument, preset, help)            \
    if (o->field != (preset) && !is_about_descriptor(#field)) {                                    \
        snprintf(number, sizeof(number), "%llu", (unsigned long long)o->field);                    \
        add_word(&task->exec->scratch, words, long_form, number);                                  \
    }
#define OPTION_LIST(...)
#define OPTION_GROUP(...)
#define OPTION_LATER(...)
#include "base/options.def"
}

/* ---- the guest's arguments ------------------------------------------------------------------- */

enum { VARIABLE_MAX = 32 * 4096 }; /* MAX_ARG_STRLEN of linux/binfmts.h */

/* Appends the variable at addr. What is for a loader or a C library is for the guest's, but the
 * runtime, which the new process starts as, has both: such a variable gets another name until
 * environment_for_guest(). */
static int add_variable(struct linux_task *task, uint64_t addr, word_list *words)
{
    static const char prefix[] = LINUX_ENV_PREFIX;
    struct space *space = task->process->space;
    char start[sizeof("GLIBC_TUNABLES=")] = "";

    if (space_read_string(space, GVA(addr), start, sizeof(start)) == -EFAULT ||
        (strncmp(start, "LD_", 3) != 0 && strncmp(start, "GLIBC_TUNABLES=", 15) != 0)) {
        vec_push(words, (const char *)sys_span(task, addr, 1));
        return 0;
    }
    char *text = arena_alloc(&task->exec->scratch, sizeof(prefix) + VARIABLE_MAX, 1);
    strcpy(text, prefix);
    int64_t len = space_read_string(space, GVA(addr), text + strlen(prefix), VARIABLE_MAX);
    if (len < 0)
        return len == -ENAMETOOLONG ? -E2BIG : (int)len;
    vec_push(words, text);
    return 0;
}

/* Appends the strings of a guest's array, as host pointers into its memory: the kernel reads them
 * from there. */
static int add_guest_strings(struct linux_task *task, uint64_t array, bool variables,
                             word_list *words)
{
    uint64_t addr;
    int err = 0;

    for (uint64_t at = array; array != 0; at += sizeof(addr)) {
        if (space_read(task->process->space, GVA(at), &addr, sizeof(addr)))
            return -EFAULT;
        if (addr == 0)
            break;
        if (variables)
            err = add_variable(task, addr, words);
        else
            vec_push(words, (const char *)sys_span(task, addr, 1));
        if (err)
            return err;
    }
    return 0;
}

static int lookup_for_task(void *arg, char *path)
{
    int err = proc_redirect(arg, AT_FDCWD, path, true);

    return err ? err : path_resolve(arg, path, PATH_FOLLOW);
}

/* A file that execveat names by a descriptor. */
struct exec_source {
    char path[PATH_MAX];      /* on the host */
    char name[PATH_MAX + 32]; /* for the program: "/dev/fd/N", as fs/exec.c has it */
    bool closes;              /* it is close-on-exec */
    int own_fd;               /* to be kept open and closed by the new process, or -1 */
};

/* The words before the arguments that start this runtime with the guest's program or script. */
static void add_guest_start(struct linux_task *task, const struct exec_plan *plan,
                            const struct exec_source *from, const char *argv0, word_list *out)
{
    struct linux_process *process = task->process;
    char number[16];
    const char *program = plan->n_scripts > 0 ? plan->scripts[0].path : plan->path;

    if (proc_find(task, AT_FDCWD, program) == PROC_EXE) /* in the new process that is the runtime */
        program = plan->host_path;
    vec_push(out, "isomorph");
    /* The settings of this run go on; the environment is the guest's, which may have changed it. */
    vec_push(out, "--no-environment");
    add_options(task, out);
    if (process->runtime_fd >= 0) {
        snprintf(number, sizeof(number), "%d", process->runtime_fd);
        add_word(&task->exec->scratch, out, "runtime-fd", number);
    }
    add_word(&task->exec->scratch, out, "limits", limits_option(process, &task->exec->scratch));
    if (from && from->own_fd >= 0 && plan->n_scripts == 0) {
        snprintf(number, sizeof(number), "%d", from->own_fd);
        add_word(&task->exec->scratch, out, "program-fd", number);
        program = from->name;
    }
    if (vm_debugged(task->t))
        add_word(&task->exec->scratch, out, "gdb-session",
                 process->debugger->exec_begin(process->debugger));
    vec_push(out, "-0");
    vec_push(out, argv0);
    vec_push(out, "--"); /* the name may begin with a dash */
    vec_push(out, program);
}

/* The program's whole command line: for a host program its own, else one of ours. */
static void build_command(struct linux_task *task, const struct exec_plan *plan,
                          const struct exec_source *from, const word_list *argv, word_list *out)
{
    const char *leading[1 + 2 * EXEC_MAX_SCRIPTS];
    const char *argv0 = argv->len > 0 ? argv->data[0] : "";

    if (plan->kind == EXEC_GUEST) {
        add_guest_start(task, plan, from, argv0, out);
    } else {
        unsigned n = exec_leading_words(plan, argv0, leading);
        for (unsigned i = 0; i < n; i++)
            vec_push(out, leading[i]);
    }
    for (size_t i = 1; i < argv->len; i++)
        vec_push(out, argv->data[i]);
    vec_push(out, NULL);
}

static int64_t execute_runtime_here(struct linux_task *task, const word_list *command,
                                    const word_list *env)
{
    return sys_host(task, __NR_execveat, task->process->runtime_fd, "", command->data, env->data,
                    AT_EMPTY_PATH);
}

/* Under the guest's own root are not the libraries that the runtime is linked with. It starts under
 * the old one, which takes the right to go there, and goes back at once (run.c). */
static int64_t execute_runtime_outside(struct linux_task *task, word_list *command,
                                       const word_list *env)
{
    int root = open("/", O_PATH | O_DIRECTORY), folder = open(".", O_PATH | O_DIRECTORY);
    int64_t err = -ENOENT;
    char fds[32];

    if (root >= 0 && folder >= 0 && fchdir(task->process->root_fd) == 0) {
        if (chroot(".") == 0) {
            snprintf(fds, sizeof(fds), "%d,%d", root, folder);
            add_word_first(&task->exec->scratch, command, "inside", fds);
            err = execute_runtime_here(task, command, env);
            CHECK(fchdir(root) == 0 && chroot(".") == 0, "the guest's root is lost: %s",
                  strerror(errno));
        }
        CHECK(fchdir(folder) == 0, "the guest's folder is lost: %s", strerror(errno));
    }
    close(root);
    close(folder);
    return err;
}

/* By the descriptor that was opened at the start, for under another root or in another mount
 * namespace there may be no path. */
static int64_t execute_runtime(struct linux_task *task, word_list *command, const word_list *env)
{
    int fd = task->process->runtime_fd; /* stays open there: no path may lead to it */
    unsigned needs = task->process->prefix_fd >= 0 ? START_FILES + 1 : START_FILES;
    uint64_t files;

    int short_of_files = limits_start_prepare(needs, &files);
    if (short_of_files)
        return short_of_files;
    fcntl(fd, F_SETFD, 0);
    int64_t err = execute_runtime_here(task, command, env);
    if (err == -ENOENT && task->fs->other_root && task->process->root_fd >= 0 &&
        (task->fs->refs == 1 || process_unshare(task, (uint64_t[6]){CLONE_FS}) == 0))
        err = execute_runtime_outside(task, command, env);

    fcntl(fd, F_SETFD, FD_CLOEXEC);
    limits_start_failed(files);
    return err;
}

static int64_t execute_host(struct linux_task *task, const char *path, const word_list *command,
                            const word_list *env)
{
    limits_exec_prepare(task->process);
    int64_t err = sys_host(task, __NR_execve, path, command->data, env->data);
    limits_exec_failed(task->process);
    return err;
}

/* A look at the program. */
struct look {
    struct linux_task *task;
    const char *path;
    struct exec_plan *plan;
    int err; /* what came of it */
};

static void look_at_program(void *arg)
{
    struct look *l = arg;
    struct exec_plan *plan = l->plan;
    struct path_prefix prefix = path_prefix_of(l->task);

    l->err = exec_make_plan(l->task->t->desc, l->path, lookup_for_task, l->task, plan);
    /* A file that we may not read, the kernel may still execute. */
    if (l->err == -EACCES && faccessat(AT_FDCWD, plan->host_path, X_OK, AT_EACCESS) == 0) {
        plan->kind = EXEC_HOST;
        plan->n_scripts = 0;
        l->err = 0;
    } else if (!l->err && plan->kind == EXEC_GUEST) {
        l->err = exec_check_guest(plan, &prefix);
    }
}

/* The same with a descriptor for the program and one for its interpreter, in a copy of the table:
 * execve(2) needs none. */
static void look_with_room(void *arg)
{
    const struct look *l = arg;
    unsigned room = 2;

    for (int fd = 0; room > 0 && fd < LOG_FD_END; fd++)
        room -= fd != l->plan->fd && !path_owns_fd(l->task->process, fd) && close(fd) == 0;
    look_at_program(arg);
}

/* Finds out what to run, and whether it can be. Returns 0, -errno or SYS_RESTART. */
static int64_t make_plan(struct linux_task *task, const char *path, struct exec_source *from,
                         struct exec_plan *plan)
{
    struct look look = {task, path, plan, 0};

    plan->fd = from ? from->own_fd : -1;
    look_at_program(&look);
    int64_t err = look.err;
    if (err == -EMFILE) {
        err = sharing_run_apart(task, look_with_room, &look);
        if (err != SYS_RESTART)
            err = err ? -EMFILE : look.err;
    }
    if (!err && plan->n_scripts > 0 && from) {
        if (from->closes)
            return -ENOENT; /* its interpreter would not find it (execveat(2)) */
        if (from->own_fd >= 0)
            close(from->own_fd);
        from->own_fd = -1;
        strcpy(plan->scripts[0].path, from->name);
        strcpy(plan->scripts[0].host_path, from->name);
    }
    return err;
}

/* Executes the guest's path; from is NULL but for execveat's descriptors. Returns -errno or
 * SYS_RESTART; comes back only then. */
static int64_t exec_program(struct linux_task *task, const char *path, struct exec_source *from,
                            uint64_t argv, uint64_t envp)
{
    struct linux_process *process = task->process;
    struct linux_exec *exec = task->exec;
    word_list *args = (word_list *)&exec->args, *env = (word_list *)&exec->env;
    word_list *command = (word_list *)&exec->command;

    /* Kept: a vfork child that succeeds leaves them to its parent. */
    arena_reset(&task->exec->scratch);
    args->len = env->len = command->len = 0;
    struct exec_plan *plan = arena_alloc(&exec->scratch, sizeof(*plan), 8);
    int64_t err = make_plan(task, path, from, plan);
    if (!err)
        err = add_guest_strings(task, argv, false, args);
    if (!err)
        err = add_guest_strings(task, envp, plan->kind == EXEC_GUEST, env);
    if (err)
        return err;
    vec_push(env, NULL);
    build_command(task, plan, from, args, command);
    ending_begin(task);
    signal_exec_prepare(task);
    strace_exec(task);
    err = plan->kind == EXEC_GUEST ? execute_runtime(task, command, env)
                                   : execute_host(task, plan->host_path, command, env);
    signal_exec_failed(task);
    ending_cancel(task);
    if (vm_debugged(task->t))
        process->debugger->exec_failed(process->debugger);
    return err;
}

int64_t exec_execve(struct linux_task *task, const uint64_t args[6])
{
    char path[PATH_MAX];
    int64_t len = space_read_string(task->process->space, GVA(args[0]), path, sizeof(path));

    if (len < 0)
        return len;
    if (len == 0)
        return -ENOENT;
    return exec_program(task, path, NULL, args[1], args[2]);
}

/* ---- by descriptor --------------------------------------------------------------------------- */

/* Under another root the name is that of another file, or of none. */
static bool is_file(int fd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Finds the file that execveat names by a descriptor and a path below it. One without a name of its
 * own is left open, by another number, for the new process, which closes it. Returns 0 or -errno.
 */
static int find_source(int fd, const char *rest, struct exec_source *from)
{
    static const char deleted[] = " (deleted)";
    size_t tail = sizeof(deleted) - 1;
    int flags = fcntl(fd, F_GETFD), len = path_of_descriptor(fd, from->path);

    if (flags < 0)
        return -EBADF;
    if (len < 0)
        return len;
    from->closes = flags & FD_CLOEXEC;
    from->own_fd = -1;
    snprintf(from->name, sizeof(from->name), *rest ? "/dev/fd/%d/%s" : "/dev/fd/%d", fd, rest);
    if (len == 0 || !is_file(fd, from->path) ||
        ((size_t)len > tail && strcmp(from->path + len - tail, deleted) == 0)) {
        from->own_fd = *rest ? -1 : dup(fd);
        len = snprintf(from->path, PATH_MAX, "/proc/self/fd/%d", *rest ? fd : from->own_fd);
        if (!*rest && from->own_fd < 0)
            return -errno;
    }
    if (!*rest)
        return 0;
    if ((size_t)len + 1 + strlen(rest) >= PATH_MAX)
        return -ENAMETOOLONG;
    from->path[len] = '/';
    strcpy(from->path + len + 1, rest);
    return 0;
}

/* execveat(dirfd, path, argv, envp, flags) */
int64_t exec_execveat(struct linux_task *task, const uint64_t args[6])
{
    char given[PATH_MAX];
    int64_t len = space_read_string(task->process->space, GVA(args[1]), given, sizeof(given));
    bool nofollow = args[4] & AT_SYMLINK_NOFOLLOW;
    struct exec_source from;
    struct stat st;

    if (len < 0)
        return len;
    if (args[4] & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    if (len == 0 && !(args[4] & AT_EMPTY_PATH))
        return -ENOENT;
    bool plain = given[0] == '/' || ((int)args[0] == AT_FDCWD && len > 0);
    int err = plain ? 0 : find_source((int)args[0] == AT_FDCWD ? -1 : (int)args[0], given, &from);
    if (err)
        return err;
    const char *path = plain ? given : from.path;
    if (nofollow && len > 0 && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        return -ELOOP;
    int64_t result = exec_program(task, path, plain ? NULL : &from, args[2], args[3]);
    if (!plain && from.own_fd >= 0)
        close(from.own_fd);
    return result;
}
