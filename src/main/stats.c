/* main/stats.c: --stats. What the run has counted, printed when the first guest process ends.
 *
 * Text and JSON carry the same figures. They go to stderr, so that the guest's output stays what it
 * is, or to a file. Children of the guest print nothing. */
#include "main/main_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "linux/linux.h"
#include "vm/vm.h"

static const struct {
    const char *name, *help;
} counter_rows[COUNTER_COUNT] = {
#define COUNTER(id, name, help) [COUNTER_##id] = {name, help},
#include "base/counters.def"
#undef COUNTER
};

/* What is worth knowing of two counters. */
static const struct {
    const char *name;
    enum counter part, whole;
    const char *help;
} ratios[] = {
    {"translate_ns_per_insn", COUNTER_TRANSLATE_NS, COUNTER_FRAGMENT_INSNS,
     "nanoseconds for each guest instruction translated"},
    {"host_bytes_per_insn", COUNTER_HOST_BYTES, COUNTER_FRAGMENT_INSNS,
     "bytes of host code for each"},
    {"reverse_bytes_per_insn", COUNTER_REVERSE_BYTES, COUNTER_FRAGMENT_INSNS,
     "bytes of reverse translation table for each"},
};

static double ratio_of(unsigned i, const uint64_t *counters)
{
    uint64_t whole = counters[ratios[i].whole];

    return whole ? (double)counters[ratios[i].part] / (double)whole : 0;
}

/* The run that is measured: one for each process, set before the guest starts. */
static struct {
    const struct options *options;
    struct timespec start;
    pid_t pid;
} run;

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_text(struct strbuf *out, const uint64_t *counters, double seconds, double rate)
{
    strbuf_printf(out, "isomorph: statistics\n");
    strbuf_printf(out, "  %-26s %20s\n", "engine", run.options->engine);
    strbuf_printf(out, "  %-26s %20.6f\n", "elapsed_seconds", seconds);
    strbuf_printf(out, "  %-26s %20.0f\n", "instructions_per_second", rate);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        strbuf_printf(out, "  %-26s %20lu  %s\n", counter_rows[i].name, (unsigned long)counters[i],
                      counter_rows[i].help);
    for (unsigned i = 0; i < ARRAY_LEN(ratios); i++)
        strbuf_printf(out, "  %-26s %20.2f  %s\n", ratios[i].name, ratio_of(i, counters),
                      ratios[i].help);
}

static void print_json(struct strbuf *out, const uint64_t *counters, double seconds, double rate)
{
    strbuf_printf(out, "{\n  \"engine\": \"%s\",\n", run.options->engine);
    strbuf_printf(out, "  \"elapsed_seconds\": %.6f,\n", seconds);
    strbuf_printf(out, "  \"instructions_per_second\": %.0f", rate);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        strbuf_printf(out, ",\n  \"%s\": %lu", counter_rows[i].name, (unsigned long)counters[i]);
    for (unsigned i = 0; i < ARRAY_LEN(ratios); i++)
        strbuf_printf(out, ",\n  \"%s\": %.2f", ratios[i].name, ratio_of(i, counters));
    strbuf_printf(out, "\n}\n");
}

/* One line. Somebody who asked for the check wants to know that it was made. */
static void print_summary(struct strbuf *out, const uint64_t *counters, double seconds)
{
    strbuf_printf(out, "isomorph: engine %s, %.3f s, %lu instructions", run.options->engine,
                  seconds, (unsigned long)counters[COUNTER_GUEST_INSNS]);
    if (run.options->verify)
        strbuf_printf(out, "; %lu of them in %lu blocks verified, no difference",
                      (unsigned long)counters[COUNTER_VERIFY_INSNS],
                      (unsigned long)counters[COUNTER_VERIFY_BLOCKS]);
    if (counters[COUNTER_VERIFY_SKIPPED] > 0)
        strbuf_printf(out, "; %lu blocks read a clock and were not compared",
                      (unsigned long)counters[COUNTER_VERIFY_SKIPPED]);
    strbuf_printf(out, "\n");
}

/* Why the file could not be written now, as errno; 0 if it could. It is not made: a run that ends
 * in a mistake leaves none. */
static int file_error(const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode)                           ? EISDIR
               : faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0 ? errno
                                                                 : 0;
    if (errno != ENOENT)
        return errno;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? base_printf("%.*s/", (int)(slash - path), path) : base_printf(".");
    int error = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0 ? errno : 0;
    free(folder);
    return error;
}

/* At the start, not after hours. A program that a guest executes may be where the path leads
 * nowhere. */
static void check_file(const struct options *options)
{
    const char *path = options->stats + strlen("json:");
    int error = options->limits ? 0 : file_error(path);

    if (error)
        base_fail(EXIT_USAGE, "--stats: cannot write %s: %s", path, strerror(error));
}

static void write_file(const char *path, const struct strbuf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len)
        base_warn("--stats: cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void stats_print(struct thread *t)
{
    uint64_t counters[COUNTER_COUNT];
    double seconds = seconds_since(&run.start);
    const char *format = run.options->stats;
    struct strbuf text = {0};

    if (getpid() != run.pid)
        return;
    vm_sum_counters(t->vm, counters);
    double rate = seconds > 0 ? (double)counters[COUNTER_GUEST_INSNS] / seconds : 0;
    if (strcmp(format, "text") == 0)
        print_text(&text, counters, seconds, rate);
    else if (strcmp(format, "summary") == 0)
        print_summary(&text, counters, seconds);
    else
        print_json(&text, counters, seconds, rate);
    if (strncmp(format, "json:", 5) == 0)
        write_file(format + 5, &text);
    else
        base_report(text.data, text.len);
    strbuf_free(&text);
}

void stats_start(struct options *options)
{
    char *folder;

    if (options->verify && !options->stats)
        options->stats = "summary";
    if (!options->stats || strcmp(options->stats, "off") == 0)
        return;
    if (strncmp(options->stats, "json:", 5) == 0 && options->stats[5] != '/' &&
        (folder = getcwd(NULL, 0)) != NULL) {
        options->stats = base_printf("json:%s/%s", folder, options->stats + 5);
        free(folder);
    }
    if (strncmp(options->stats, "json:", 5) == 0)
        check_file(options);
    run.options = options;
    run.pid = getpid();
    clock_gettime(CLOCK_MONOTONIC, &run.start);
    linux_at_exit = stats_print;
}
