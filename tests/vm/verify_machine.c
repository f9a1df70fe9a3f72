#include "verify_machine.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct verify_machine m;

static enum vm_next stop(struct thread *t)
{
    return VM_STOP;
}

static enum vm_next stop_trap(struct thread *t, const struct trap *trap)
{
    return VM_STOP;
}

static const struct vm_hooks hooks = {stop, stop_trap, stop};

static void on_fault(int sig, siginfo_t *info, void *context)
{
    if (!vm_handle_fault(m.t, sig, info, context) &&
        !space_handle_fault(m.space, sig, info, context, &m.t->fault))
        _exit(EXIT_BUG);
}

void machine_map(uint64_t addr, int prot)
{
    uint64_t page = ALIGN_DOWN(addr, SPACE_PAGE_SIZE);
    int64_t got = space_map(m.space, GVA(page), SPACE_PAGE_SIZE, prot,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);

    CHECK(got == (int64_t)page, "the page at %#lx cannot be had", (unsigned long)page);
}

void machine_start_with(const struct guest *guest, const struct options *options)
{
    static char stack[64 << 10];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const char *why = NULL;

    m.options = *options;
    m.space = space_create(SPACE_IDENTITY, 0, &why);
    CHECK(m.space, "no space: %s", why);
    m.vm = vm_create(guest, m.space, &m.options, &hooks);
    m.t = vm_thread_create(m.vm);
    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGBUS, &fault, NULL);
}

void machine_start(const struct guest *guest, const char *engine, size_t cache_size)
{
    const struct options options = {.engine = engine,
                                    .cache_size = cache_size,
                                    .cache_policy = "flush",
                                    .wx = "rwx",
                                    .verify = true,
                                    .verify_every = 1};

    machine_start_with(guest, &options);
}

void machine_finish(void)
{
    vm_thread_destroy(m.t);
    vm_destroy(m.vm);
    space_destroy(m.space);
}

static _Noreturn void run_child(void (*run)(void *), void *arg, const int fds[2])
{
    dup2(fds[1], 2);
    close(fds[0]);
    close(fds[1]);
    run(arg);
    _exit(0);
}

int machine_status_of(void (*run)(void *), void *arg, char *text, size_t size)
{
    int fds[2], status;
    size_t n = 0;
    ssize_t got;

    CHECK(pipe(fds) == 0, "no pipe");
    pid_t child = fork();
    CHECK(child >= 0, "no child");
    if (child == 0)
        run_child(run, arg, fds);
    close(fds[1]);
    while (n < size - 1 && (got = read(fds[0], text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(fds[0]);
    CHECK(waitpid(child, &status, 0) == child, "no status");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
