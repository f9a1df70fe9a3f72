#include "host_test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

void bench_init(struct bench *b, size_t size, bool split)
{
    const char *why;

    host_cpu_detect(&b->cpu);
    if (host_memory_map(&b->memory, size, split, (const void *)(uintptr_t)bench_init, &why) != 0)
        fail_msg("%s", why);
    host_code_init(&b->code, &b->cpu);
}

void bench_free(struct bench *b)
{
    host_code_free(&b->code);
    host_memory_unmap(&b->memory);
}

struct host_code *bench_begin(struct bench *b, size_t offset)
{
    host_code_begin(&b->code, b->memory.write + offset, HPC(b->memory.exec.v + offset),
                    b->memory.size - offset);
    return &b->code;
}

host_function *bench_finish(struct bench *b)
{
    assert_int_equal(host_code_finish(&b->code), 0);
    return host_code_function(b->code.exec);
}

bool dies_of_check(void (*body)(void *arg), void *arg)
{
    int status;
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        body(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BUG;
}
