#include "space_test.h"

#include <signal.h>

struct space *the_space;
struct thread *the_thread;
volatile unsigned fault_count, watch_count;
volatile uint64_t last_fault_pc;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    last_fault_pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (the_space && space_watch_fault(the_space, sig, info, uc))
        watch_count++;
    else if (the_space && space_handle_fault(the_space, sig, info, uc, &the_thread->fault))
        fault_count++;
    else
        signal(sig, SIG_DFL); /* our own: again, and die of it */
}

void run_with_handler(void **state)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old[2];
    void (*test)(void **) = (void (*)(void **)) * state;
    sigaction(SIGSEGV, &sa, &old[0]);
    sigaction(SIGBUS, &sa, &old[1]);
    test(state);
    sigaction(SIGSEGV, &old[0], NULL);
    sigaction(SIGBUS, &old[1], NULL);
}

static int setup(enum space_kind kind)
{
    const char *why = "";
    the_space = space_create(kind, 0, &why);
    if (!the_space)
        fail_msg("%s", why);
    assert_int_equal(the_space->kind, kind);
    the_thread = aligned_alloc(_Alignof(struct thread), sizeof(struct thread));
    memset(the_thread, 0, sizeof(struct thread));
    the_thread->space = the_space;
    fault_count = watch_count = 0;
    return 0;
}

bool identity_possible(void)
{
    struct space *s = space_create(SPACE_AUTO, 0, NULL);
    bool possible = s && s->kind == SPACE_IDENTITY;
    if (s)
        space_destroy(s);
    return possible;
}

int setup_identity(void **state)
{
    if (!identity_possible()) {
        the_space = NULL;
        return setup(SPACE_OFFSET); /* the test still runs; AUTO would choose the same */
    }
    return setup(SPACE_IDENTITY);
}

int setup_offset(void **state)
{
    return setup(SPACE_OFFSET);
}

int teardown_space(void **state)
{
    space_destroy(the_space);
    free(the_thread);
    the_space = NULL;
    the_thread = NULL;
    return 0;
}

void map_pages(uint64_t addr, uint64_t pages, int prot)
{
    assert_int_equal(
        space_map(the_space, GVA(addr), pages * PAGE, prot, MAP_ANON_PRI | MAP_FIXED, -1, 0, NULL),
        addr);
}

int make_file(size_t len)
{
    char path[] = "/tmp/space-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = i % 251;
        assert_int_equal(write(fd, &byte, 1), 1);
    }
    return fd;
}
