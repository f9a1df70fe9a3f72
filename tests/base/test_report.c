/* base's messages, assertions and log, seen from outside: each case runs in a child whose stderr is
 * a pipe. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* What a child wrote to descriptor 2, and how it ended. */
struct outcome {
    char text[8192];
    int status;
};

static struct outcome run_child(void (*body)(void))
{
    struct outcome result = {0};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(ends[0], result.text + len, sizeof(result.text) - 1 - len)) > 0)
        len += (size_t)n;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &result.status, 0), pid);
    return result;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void warn_once(void)
{
    base_warn("no %s in %d places", "luck", 3);
}

static void fail_once(void)
{
    base_fail(EXIT_CANNOT_RUN, "bad %c", 'x');
}

static void a_warning_is_one_line(void **state)
{
    struct outcome o = run_child(warn_once);

    assert_string_equal(o.text, "isomorph: no luck in 3 places\n");
    assert_int_equal(o.status, 0);
}

static void a_failure_ends_with_its_status(void **state)
{
    struct outcome o = run_child(fail_once);

    assert_string_equal(o.text, "isomorph: bad x\n");
    assert_true(WIFEXITED(o.status));
    assert_int_equal(WEXITSTATUS(o.status), EXIT_CANNOT_RUN);
}

static void warn_after_guest_closed_stderr(void)
{
    if (log_open(NULL) < 0)
        _exit(1);
    close(STDERR_FILENO);
    base_warn("still here");
}

static void messages_survive_the_guest_closing_stderr(void **state)
{
    assert_string_equal(run_child(warn_after_guest_closed_stderr).text, "isomorph: still here\n");
}

static void warn_without_stderr(void)
{
    close(STDERR_FILENO);
    if (log_open(NULL) < 0)
        _exit(1);
    int fd =
        open("/dev/null", O_RDONLY); /* a guest's file on descriptor 2 must not be written to */
    base_warn("nobody reads this");
    _exit(fd == STDERR_FILENO ? 0 : 2);
}

static void a_closed_stderr_is_no_error(void **state)
{
    struct outcome o = run_child(warn_without_stderr);

    assert_string_equal(o.text, "");
    assert_int_equal(o.status, 0);
}

/* ---- assertions ------------------------------------------------------------------------------ */

static void reporter(FILE *out)
{
    fprintf(out, "  block at hand\n");
}

static void fail_check(void)
{
    base_set_bug_reporter(reporter);
    CHECK(1 + 1 == 3, "sum is %d", 2);
}

static void failing_reporter(FILE *out)
{
    CHECK(false, "the reporter is broken too");
}

static void fail_check_twice(void)
{
    base_set_bug_reporter(failing_reporter);
    CHECK(false, "first");
}

static void a_failed_check_reports_and_ends_as_a_bug(void **state)
{
    struct outcome o = run_child(fail_check);

    assert_true(WIFEXITED(o.status));
    assert_int_equal(WEXITSTATUS(o.status), EXIT_BUG);
    assert_non_null(strstr(o.text, "isomorph: bug in isomorph: sum is 2\n"));
    assert_non_null(strstr(o.text, "1 + 1 == 3"));
    assert_non_null(strstr(o.text, "test_report.c:"));
    assert_non_null(strstr(o.text, "  block at hand\n"));
}

static void a_reporter_that_fails_is_not_called_again(void **state)
{
    struct outcome o = run_child(fail_check_twice);

    assert_true(WIFEXITED(o.status));
    assert_int_equal(WEXITSTATUS(o.status), EXIT_BUG);
    assert_non_null(strstr(o.text, "first"));
    assert_non_null(strstr(o.text, "the reporter is broken too"));
}

/* ---- log ------------------------------------------------------------------------------------- */

static void log_items_are_parsed(void **state)
{
    uint32_t mask = 0;
    const char *bad = NULL;

    assert_int_equal(log_parse_items("guest,exit", &mask, &bad), 0);
    assert_int_equal(mask, 1u << LOG_GUEST | 1u << LOG_EXIT);
    assert_int_equal(log_parse_items("guest,exits,x", &mask, &bad), -EINVAL);
    assert_string_equal(bad, "exits,x");
    assert_int_equal(log_parse_items("", &mask, &bad), -EINVAL);
    assert_int_equal(log_parse_items("guest,", &mask, &bad), -EINVAL);
    assert_int_equal(log_parse_items("gues", &mask, &bad), -EINVAL);
    assert_int_equal(mask, 1u << LOG_GUEST | 1u << LOG_EXIT);
}

/* Prints 100 lines, one of them longer than the log's own buffer, to a log of its own. */
static void log_to_file(void)
{
    char path[] = "/tmp/isomorph-log-XXXXXX";
    static char text[200000];
    char wide[3000];
    int fd = mkstemp(path);

    if (fd < 0 || log_open(path) < 0)
        _exit(1);
    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    for (int i = 0; i < 99; i++)
        log_print("line %d\n", i);
    log_print("%s\n", wide);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    unlink(path);
    size_t expected = 10 * 7 + 89 * 8 + 3000;
    if (n != (ssize_t)expected || strncmp(text, "line 0\nline 1\n", 14) != 0 || !strstr(text, wide))
        _exit(2);

    /* The log's descriptors: high, close-on-exec, known. */
    int own = 0;
    for (int i = 0; i < 4096; i++) {
        if (!log_owns_fd(i))
            continue;
        own++;
        if (i < 64 || !(fcntl(i, F_GETFD) & FD_CLOEXEC))
            _exit(3);
    }
    _exit(own == 2 ? 0 : 4);
}

static void the_log_goes_to_its_file(void **state)
{
    struct outcome o = run_child(log_to_file);

    assert_string_equal(o.text, "");
    assert_int_equal(o.status, 0);
}

/* Under a limit of few descriptors, and with the highest taken, the guest still has the rest. */
static void log_under_a_limit(void)
{
    const struct rlimit few = {32, 32};

    if (setrlimit(RLIMIT_NOFILE, &few) < 0 || dup2(STDERR_FILENO, 31) < 0 ||
        log_open("/dev/null") < 0)
        _exit(1);
    int lowest = 32;
    for (int i = 31; i > STDERR_FILENO; i--)
        lowest = log_owns_fd(i) ? i : lowest;
    _exit(lowest >= 28 && lowest < 32 ? 0 : 2);
}

static void the_log_leaves_the_guest_its_descriptors(void **state)
{
    struct outcome o = run_child(log_under_a_limit);

    assert_string_equal(o.text, "");
    assert_int_equal(o.status, 0);
}

/* Logs twice to one file, from two processes: "+" goes on after the first. */
static void log_line(const char *name, const char *line)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (log_open(name) < 0)
            _exit(1);
        log_print("%s\n", line);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_log_is_started_anew_or_appended_to(void **state)
{
    char name[] = "+/tmp/isomorph-log-XXXXXX", text[64];
    int fd = mkstemp(name + 1);

    log_line(name + 1, "first");
    log_line(name, "second");
    memset(text, 0, sizeof(text));
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "first\nsecond\n");
    log_line(name + 1, "third");
    memset(text, 0, sizeof(text));
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "third\n");
    unlink(name + 1);
    close(fd);
}

static void a_log_that_cannot_be_opened_is_an_error(void **state)
{
    assert_int_equal(log_open("/nonexistent-folder/log"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warning_is_one_line),
        cmocka_unit_test(a_failure_ends_with_its_status),
        cmocka_unit_test(messages_survive_the_guest_closing_stderr),
        cmocka_unit_test(a_closed_stderr_is_no_error),
        cmocka_unit_test(a_failed_check_reports_and_ends_as_a_bug),
        cmocka_unit_test(a_reporter_that_fails_is_not_called_again),
        cmocka_unit_test(log_items_are_parsed),
        cmocka_unit_test(the_log_goes_to_its_file),
        cmocka_unit_test(the_log_leaves_the_guest_its_descriptors),
        cmocka_unit_test(a_log_is_started_anew_or_appended_to),
        cmocka_unit_test(a_log_that_cannot_be_opened_is_an_error),
    };

    return cmocka_run_group_tests_name("base/report", tests, NULL, NULL);
}
