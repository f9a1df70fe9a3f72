/* tools/profile/profile.c: when a profile begins and ends, and where it is written. */
#include "tools/profile/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guest/rv64/rv64.h"
#include "linux/linux.h"
#include "tools/profile/output.h"
#include "tools/profile/output.h"

static void (*at_exit_before)(struct thread *t);
static char *title;

/* ---- text ------------------------------------------------------------------------------------ */

void output_file(const char *option, const char *path, const struct strbuf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t at = 0;

    while (fd >= 0 && at < text->len) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (fd < 0 || at < text->len)
        base_warn("%s: cannot write %s: %s", option, path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

void output_xml(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            strbuf_printf(out, "&amp;");
        else if (*text == '<')
            strbuf_printf(out, "&lt;");
        else if (*text == '>')
            strbuf_printf(out, "&gt;");
        else if ((unsigned char)*text >= ' ')
            strbuf_append(out, text, 1);
    }
}

void output_json_string(struct strbuf *out, const char *text)
{
    strbuf_printf(out, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            strbuf_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            strbuf_printf(out, "\\u%04x", *text);
        else
            strbuf_append(out, text, 1);
    }
    strbuf_printf(out, "\"");
}

void output_place(struct strbuf *out, uint64_t address)
{
    const struct profile_symbol *s = symbols_find(address);

    strbuf_printf(out, "%s", s->name);
    if (address != s->start)
        strbuf_printf(out, "+%#lx", (unsigned long)(address - s->start));
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static void write_profile(const struct options *options, struct thread *t)
{
    bool json = options->profile_output && ends_in(options->profile_output, ".json");
    struct profile_sums sums = {0};
    struct strbuf text = {0};

    if (options->registers && json)
        registers_json(&text, t->desc);
    else if (options->registers)
        registers_print(&text, t->desc);
    else {
        resolve_samples(t->space, &sums);
        if (json)
            report_json(&text, &sums);
        else
            report_text(&text, &sums, t);
    }
    if (options->profile_output)
        output_file("--profile-output", options->profile_output, &text);
    else
        base_report(text.data, text.len);
    strbuf_free(&text);
    if (!options->flamegraph)
        return;
    flame_write(&text, &sums, title);
    output_file("--flamegraph", options->flamegraph, &text);
    strbuf_free(&text);
}

/* Other threads may run on; what they do from here on is not looked at. */
static void profile_end(struct thread *t)
{
    const struct options *options = profile.options;

    if (profile.on) {
        profile.on = false;
        pthread_mutex_lock(&profile.lock);
        symbols_load(t->space, options->prefix);
        if (options->profile)
            write_profile(options, t);
        perf_write(options);
        pthread_mutex_unlock(&profile.lock);
    }
    if (at_exit_before)
        at_exit_before(t);
}

/* ---- the start ------------------------------------------------------------------------------- */

static const char *absolute(const char *path)
{
    char *folder = path && path[0] != '/' ? getcwd(NULL, 0) : NULL;
    const char *whole = folder ? base_printf("%s/%s", folder, path) : path;

    free(folder);
    return whole;
}

static const struct vm_observer *choose_observer(const struct options *options)
{
    if (options->registers)
        return &profile_observer_counting;
    return options->profile ? &profile_observer : &profile_observer_code;
}

void profile_start(struct options *options)
{
    enum { NS_PER_S = 1000000000 };

    if (!options->profile && !options->perfmap && !options->jitdump)
        return;
    int error = options->profile ? collect_init() : 0;
    if (error)
        base_fail(EXIT_USAGE, "--profile: no memory for samples: %s", strerror(-error));
    options->profile_output = absolute(options->profile_output);
    options->flamegraph = absolute(options->flamegraph);
    title = base_printf("guest time by call stack, engine %s", options->engine);
    if (options->registers)
        options->hot = 0;
    stacks_init(&guest_rv64);
    profile.options = options;
    profile.on = true;
    perf_start(options);
    vm_observer = choose_observer(options);
    if (options->profile && !options->registers)
        linux_sample_period = NS_PER_S / options->profile_rate;
    at_exit_before = linux_at_exit;
    linux_at_exit = profile_end;
}
