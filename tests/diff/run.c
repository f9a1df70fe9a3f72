/* Runs a batch under a program: `command... guest < batch > contexts`, through memory files. */
#include "diff.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 30, TIME_LIMIT = 300 /* seconds */ };

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "rv64diff: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0) {
        die("memfd_create");
    }
    return fd;
}

static void write_all(int fd, const void *data, size_t n)
{
    for (const char *p = data; n > 0;) {
        ssize_t done = write(fd, p, n);
        if (done <= 0) {
            die("write");
        }
        p += done;
        n -= (size_t)done;
    }
}

static void write_batch(int fd, const struct batch *b)
{
    uint32_t header[HEADER_BYTES / 4] = {
        [HEADER_KIND / 4] = b->kind,           [HEADER_BASE / 4] = b->base,
        [HEADER_COUNT / 4] = b->count,         [HEADER_CODE_BYTES / 4] = b->code_bytes,
        [HEADER_CTX_BYTES / 4] = b->ctx_bytes, [HEADER_ENTRY / 4] = b->entry,
        [HEADER_FIRST_CTX / 4] = b->first_ctx,
    };

    write_all(fd, header, sizeof(header));
    write_all(fd, b->code, b->code_bytes);
    write_all(fd, b->ctx, b->ctx_bytes);
    if (lseek(fd, 0, SEEK_SET) < 0) {
        die("lseek");
    }
}

/* Starts the program with the three descriptors and waits for it. Returns the status of wait(2). */
static int run_program(const struct runner *runner, int in, int out, int err)
{
    const char *words[MAX_WORDS + 2];
    unsigned n = 0;
    int status;

    while (runner->command[n] != NULL && n < MAX_WORDS) {
        words[n] = runner->command[n];
        n++;
    }
    words[n++] = runner->guest;
    words[n] = NULL;
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        die("fork");
    }
    if (pid == 0) {
        dup2(in, 0);
        dup2(out, 1);
        dup2(err, 2);
        alarm(TIME_LIMIT); /* outlives exec */
        execvp(words[0], (char *const *)words);
        dprintf(2, "%s: %s\n", words[0], strerror(errno));
        _exit(126);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            die("waitpid");
        }
    }
    return status;
}

static void describe_failure(struct outcome *out, const struct runner *runner, int status,
                             off_t size, int err)
{
    char text[200];
    ssize_t n = pread(err, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (WIFSIGNALED(status)) {
        snprintf(out->failure, sizeof(out->failure), "%s: died of signal %d (%s) %s",
                 runner->command[0], WTERMSIG(status), strsignal(WTERMSIG(status)), text);
    } else {
        snprintf(out->failure, sizeof(out->failure), "%s: status %d, %lld bytes of output %s",
                 runner->command[0], WEXITSTATUS(status), (long long)size, text);
    }
}

void run_batch(const struct runner *runner, const struct batch *b, struct outcome *out)
{
    int in = memory_file("batch"), results = memory_file("results"), err = memory_file("errors");

    *out = (struct outcome){0};
    write_batch(in, b);
    int status = run_program(runner, in, results, err);
    off_t size = lseek(results, 0, SEEK_END);
    if (status != 0 || size != (off_t)b->ctx_bytes) {
        describe_failure(out, runner, status, size, err);
    } else {
        out->ctx = malloc(b->ctx_bytes);
        if (out->ctx == NULL ||
            pread(results, out->ctx, b->ctx_bytes, 0) != (ssize_t)b->ctx_bytes) {
            die("pread");
        }
    }
    close(in);
    close(results);
    close(err);
}
