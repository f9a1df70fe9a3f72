/* linux/run.c: from a path to the first instruction of the guest. */
#include "linux/linux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/exec.h"
#include "linux/rlimits.h"
#include "linux/paths.h"
#include "linux/signals.h"
#include "linux/threads.h"

void (*linux_before_start)(struct thread *t);

/* ---- the program ----------------------------------------------------------------------------- */

static int lookup_in_prefix(void *arg, char *path)
{
    return path_resolve_prefix(arg, path, false);
}

/* Finds the program, through scripts. Does not return if there is nothing to run. */
static void find_program(const struct linux_process *process, const struct guest *guest,
                         const char *path, struct exec_plan *plan)
{
    struct path_prefix prefix = {process->prefix_fd, process->prefix};
    int err = exec_make_plan(guest, path, lookup_in_prefix, &prefix, plan);

    if (err == -ENOENT || err == -ENOTDIR) {
        if (plan->n_scripts > 0)
            base_fail(EXIT_NOT_FOUND, "%s: its interpreter %s is not there%s", path, plan->path,
                      process->prefix ? "" : "; -L names the folder of the guest's files");
        base_fail(EXIT_NOT_FOUND, "%s: %s", path, strerror(-err));
    }
    if (err == -ENOEXEC)
        base_fail(EXIT_CANNOT_RUN,
                  "%s: a script whose first line names no interpreter, or in more than %d bytes",
                  plan->path, EXEC_LINE);
    /* What is no program of the guest's is linux_load's to describe, in full. */
    if (err && err != -EACCES)
        base_fail(EXIT_CANNOT_RUN, "%s: %s", path, strerror(-err));
    if (err == -EACCES && access(plan->host_path, R_OK) < 0)
        base_fail(EXIT_CANNOT_RUN, "%s: %s", path, strerror(-err));
    if (plan->kind == EXEC_HOST && plan->n_scripts > 0)
        base_fail(
            EXIT_CANNOT_RUN,
            "%s: its interpreter %s is not a %s program; -L names the folder of the guest's files",
            path, plan->path, guest->name);
}

/* The guest's argv: what the command line says, with the words of scripts in front. */
static char **build_argv(const struct exec_plan *plan, char *const argv[])
{
    const char *leading[1 + 2 * EXEC_MAX_SCRIPTS];
    unsigned n = exec_leading_words(plan, argv[0] ? argv[0] : "", leading), given = 0;

    while (argv[given])
        given++;
    char **out = base_alloc((n + given + 1) * sizeof(*out));
    for (unsigned i = 0; i < n; i++)
        out[i] = base_strdup(leading[i]);
    for (unsigned i = 1; i < given; i++)
        out[n++] = argv[i];
    out[n] = NULL;
    return out;
}

static int open_program(const struct exec_plan *plan)
{
    int fd = exec_open_program(plan); /* whatever it is, linux_load says */

    if (fd < 0)
        base_fail(EXIT_CANNOT_RUN, "%s: %s", plan->path, strerror(-fd));
    return fd;
}

/* ---- the process ----------------------------------------------------------------------------- */

static struct space *make_space(const struct options *options)
{
    enum space_kind kind = SPACE_AUTO;
    const char *why = "";

    if (strcmp(options->memory, "identity") == 0)
        kind = SPACE_IDENTITY;
    else if (strcmp(options->memory, "offset") == 0 || options->base != 0)
        kind = SPACE_OFFSET;
    struct space *space = space_create(kind, options->base, &why);
    if (!space)
        base_fail(EXIT_USAGE, "no room for the guest's memory: %s", why);
    return space;
}

/* Where the guest is under another root and we need what its folders do not have to start, we start
 * outside and go there now: the option names the descriptors of its root and working directory. */
static void enter_root(struct linux_task *task, const char *descriptors)
{
    int root, folder;

    if (sscanf(descriptors, "%d,%d", &root, &folder) != 2)
        base_fail(EXIT_USAGE, "--inside=%s: not two descriptors", descriptors);
    if (fchdir(root) < 0 || chroot(".") < 0 || fchdir(folder) < 0)
        base_fail(EXIT_USAGE, "--inside=%s: %s", descriptors, strerror(errno));
    close(root);
    close(folder);
    task->fs->other_root = true;
}

/* The prefix, and our own program, of which no path may be left by the time that an execve needs it
 * (chroot, mount namespaces). */
static void open_own_files(struct linux_process *process, const char *prefix)
{
    process->root_fd = -1;
    process->runtime_fd = (int)process->options->runtime_fd;
    if (process->runtime_fd)
        fcntl(process->runtime_fd, F_SETFD, FD_CLOEXEC);
    else
        process->runtime_fd = path_open_high("/proc/self/exe", 0);
    if (process->runtime_fd < 0) /* no /proc: by the name that we were started by */
        process->runtime_fd = path_open_high((const char *)getauxval(AT_EXECFN), 0);
    process->prefix_fd = -1;
    if (!prefix)
        return;
    process->prefix_fd = path_open_high(prefix, O_DIRECTORY);
    if (process->prefix_fd < 0)
        base_fail(EXIT_USAGE, "-L %s: %s", prefix, strerror(-process->prefix_fd));
    process->prefix = realpath(prefix, NULL);
    if (!process->prefix)
        process->prefix = prefix;
    if (strcmp(process->prefix, "/") == 0) /* as if there were none */
        path_drop_prefix(process);
}

/* The root under which the libraries of our own program are. Comes late where it can, and in a
 * static one too: an execve by a guest that has used up its descriptors gives the new process room
 * for one file this way (exec.c). */
static void open_root(struct linux_process *process)
{
    if (process->root_fd < 0)
        process->root_fd = path_open_high("/", O_DIRECTORY);
}

/* What /proc/self says of the program; its short name is that of the file that was asked for, even
 * if that is a script (fs/exec.c, begin_new_exec). */
static void remember_program(struct linux_process *process, const struct exec_plan *plan,
                             const char *exec_path)
{
    static const char deleted[] = " (deleted)";
    char name[PATH_MAX];
    int fd = (int)process->options->program_fd;

    process->exe = realpath(plan->host_path, NULL);
    if (fd && path_of_descriptor(fd, name) > 0) {
        free(process->exe);
        process->exe = base_strdup(name);
        char *tail = strstr(name, deleted);
        if (tail && tail[sizeof(deleted) - 1] == '\0')
            *tail = '\0';
        exec_path = name;
    }
    if (!process->exe)
        process->exe = base_strdup(plan->host_path);
    const char *base = strrchr(exec_path, '/');
    prctl(PR_SET_NAME, base ? base + 1 : exec_path, 0, 0, 0);
}

static uint64_t read_word(struct space *space, uint64_t at)
{
    uint64_t word = 0;

    space_read(space, GVA(at), &word, sizeof(word));
    return word;
}

/* Copies the auxiliary vector, which stands behind argc, argv and envp at sp, and finds the
 * strings: arguments, environment and the program's name follow each other (stack.c). */
static void remember_stack(struct linux_process *process, gva sp)
{
    struct process_layout *l = &process->layout;
    struct space *space = process->space;
    uint64_t at = sp.v + sizeof(uint64_t);
    Elf64_auxv_t entry = {0};

    l->stack = sp.v;
    l->arg_start = read_word(space, at);
    at += (read_word(space, sp.v) + 1) * sizeof(uint64_t); /* argv, NULL */
    l->env_start = read_word(space, at);
    while (read_word(space, at) != 0)
        at += sizeof(uint64_t);
    at += sizeof(uint64_t);
    do {
        if (process->auxv_size + sizeof(entry) > sizeof(process->auxv) ||
            space_read(space, GVA(at), &entry, sizeof(entry)))
            return;
        memcpy(process->auxv + process->auxv_size, &entry, sizeof(entry));
        process->auxv_size += sizeof(entry);
        at += sizeof(entry);
        if (entry.a_type == AT_EXECFN)
            l->env_end = entry.a_un.a_val;
    } while (entry.a_type != AT_NULL);
    l->env_start = l->env_start ? l->env_start : l->env_end;
    l->arg_end = l->env_start;
    l->arg_start = l->arg_start ? l->arg_start : l->arg_end;
}

static void remember_layout(struct linux_process *process, const struct loaded_image *image)
{
    process->layout.code_start = image->code_start.v;
    process->layout.code_end = image->code_end.v;
    process->layout.data_start = image->data_start.v;
    process->layout.data_end = image->data_end.v;
}

enum { OWN_STACK = 256 << 10 };

static void __attribute__((noinline)) touch_own_stack(void)
{
    char room[OWN_STACK];

    *(volatile char *)room = 0;
}

/* Makes the runtime's own stack as deep as it will get, so that a limit that is meant for the
 * guest's, now or later, does not cut it off. */
static void grow_own_stack(void)
{
    struct rlimit limit, room;

    if (getrlimit(RLIMIT_STACK, &limit) < 0)
        return;
    room = limit;
    room.rlim_cur = MAX(limit.rlim_cur, (rlim_t)2 * OWN_STACK);
    if (room.rlim_cur != limit.rlim_cur && setrlimit(RLIMIT_STACK, &room) < 0)
        return;
    touch_own_stack();
    setrlimit(RLIMIT_STACK, &limit);
}

static struct linux_task *make_process(const struct options *options, const struct guest *guest)
{
    struct linux_process *process = base_zalloc(sizeof(*process));

    process->options = options;
    process->first_pid = getpid();
    process->space = make_space(options);
    process->vm = vm_create(guest, process->space, options, &linux_hooks);
    return threads_first_task(process);
}

_Noreturn void linux_run(const struct options *options, const char *exec_path, char *const argv[],
                         char *const envp[])
{
    const struct guest *guest = &guest_rv64;
    struct exec_plan *plan = base_zalloc(sizeof(*plan));
    struct linux_task *task = make_process(options, guest);
    struct linux_process *process = task->process;
    struct loaded_image image;
    struct load_error error;
    char open_name[32];

    grow_own_stack();
    open_own_files(process, options->prefix);
    if (options->inside) {
        open_root(process);
        enter_root(task, options->inside);
    }
    if (options->program_fd)
        snprintf(open_name, sizeof(open_name), "/proc/self/fd/%d", (int)options->program_fd);
    plan->fd = options->program_fd ? (int)options->program_fd : -1;
    find_program(process, guest, options->program_fd ? open_name : exec_path, plan);
    char **guest_argv = build_argv(plan, argv);
    int fd = open_program(plan);
    signal_init(task);
    struct path_prefix prefix = {process->prefix_fd, process->prefix};
    if (linux_load(process->space, fd, plan->host_path, &prefix, &image, &error))
        base_fail(error.status, "%s", error.text);
    close(fd);
    open_root(process);
    gva sp =
        linux_setup_stack(process->space, &image, options, exec_path, guest_argv, envp, &error);
    if (sp.v == 0)
        base_fail(error.status, "%s", error.text);

    process->sigreturn = image.vdso_sigreturn;
    remember_program(process, plan, exec_path);
    remember_layout(process, &image);
    remember_stack(process, sp);
    limits_init(process, options->limits);
    if (options->program_fd)
        close((int)options->program_fd);
    free(plan);
    abi_state(task->t)->x[ABI_SP] = sp.v;
    abi_set_pc(task->t, image.entry.v);
    if (linux_before_start)
        linux_before_start(task->t);
    sampler_start(task);
    vm_run(task->t);
    CHECK(false, "the run loop of the only thread ended");
}
