/* main/values.c: are the options' values such that the runtime can start with them?
 *
 * A value of "help" prints what there is and exits. Everything else that is wrong is one line
 * naming the option and what is expected, and EXIT_USAGE: before the guest's program is even looked
 * for. */
#include "main/main_private.h"

#include <string.h>

#include "cache/cache.h"
#include "translate/translate.h"
#include "tools/gdb/gdb.h"
#include "vm/vm.h"

enum {
    STACK_SIZE_MIN = 64 << 10,
    PAGE_SIZE = 4096,
};

#define STACK_SIZE_MAX ((uint64_t)64 << 30)

static void check_environment_lists(const struct options *options)
{
    for (size_t i = 0; i < options->set_env.len; i++) {
        const char *item = options->set_env.data[i];
        const char *equals = strchr(item, '=');
        if (!equals || equals == item)
            base_fail(EXIT_USAGE, "-E: expected VAR=VALUE, separated by commas, not '%s'", item);
    }
    for (size_t i = 0; i < options->unset_env.len; i++) {
        const char *item = options->unset_env.data[i];
        if (!*item || strchr(item, '='))
            base_fail(EXIT_USAGE, "-U: expected names of variables, separated by commas, not '%s'",
                      item);
    }
}

static void check_cpu(const char *name)
{
    if (strcmp(name, "help") == 0)
        help_print_cpus();
    if (!help_knows_cpu(name))
        base_fail(EXIT_USAGE, "-cpu: no processor is called '%s'; -cpu help lists them", name);
}

static void check_engine(const char *name)
{
    const char *known, *help;

    if (strcmp(name, "help") == 0)
        help_print_engines();
    for (unsigned i = 0; vm_list_engines(i, &known, &help); i++) {
        if (strcmp(name, known) == 0)
            return;
    }
    base_fail(EXIT_USAGE, "--engine: no engine is called '%s'; --engine=help lists them", name);
}

static void check_log_items(const char *items)
{
    uint32_t mask;
    const char *bad;

    if (!items)
        return;
    if (strcmp(items, "help") == 0)
        help_print_log_items();
    if (log_parse_items(items, &mask, &bad) < 0)
        base_fail(EXIT_USAGE, "-d: no log item is called '%.*s'; -d help lists them",
                  (int)strcspn(bad, ","), bad);
}

static void check_memory(const struct options *options)
{
    const char *kind = options->memory;

    if (strcmp(kind, "auto") != 0 && strcmp(kind, "identity") != 0 && strcmp(kind, "offset") != 0)
        base_fail(EXIT_USAGE, "--memory: expected auto, identity or offset, not '%s'", kind);
    if (options->base % PAGE_SIZE != 0)
        base_fail(EXIT_USAGE, "-B: expected a multiple of the page size (0x1000), not %#lx",
                  (unsigned long)options->base);
    if (options->base != 0 && strcmp(kind, "identity") == 0)
        base_fail(EXIT_USAGE, "-B: a base needs --memory=offset, not identity");
}

static void check_sizes(const struct options *options)
{
    uint64_t stack = options->stack_size;
    const char *wrong = code_cache_check_size(options->cache_size);

    if (stack != 0 && (stack < STACK_SIZE_MIN || stack > STACK_SIZE_MAX))
        base_fail(EXIT_USAGE, "-s: expected a stack size from 64K to 64G, not %lu",
                  (unsigned long)stack);
    if (wrong)
        base_fail(EXIT_USAGE, "%s", wrong);
}

static void check_code_cache(const struct options *options)
{
    const char *known, *help;

    if (strcmp(options->wx, "rwx") != 0 && strcmp(options->wx, "split") != 0)
        base_fail(EXIT_USAGE, "--wx: expected rwx or split, not '%s'", options->wx);
    if (strcmp(options->cache_policy, "help") == 0)
        help_print_policies();
    for (unsigned i = 0; code_cache_list_policies(i, &known, &help); i++) {
        if (strcmp(options->cache_policy, known) == 0)
            return;
    }
    base_fail(EXIT_USAGE,
              "--cache-policy: no policy is called '%s'; --cache-policy=help lists them",
              options->cache_policy);
}

static void check_hot(const struct options *options)
{
    if (options->hot > VM_HOT_MAX)
        base_fail(EXIT_USAGE, "--hot: expected a number up to %d, not %lu", VM_HOT_MAX,
                  (unsigned long)options->hot);
}

static void check_verify(const struct options *options)
{
    if (options->verify_every == 0)
        base_fail(EXIT_USAGE, "--every: expected a number from 1, not 0");
    if (options->verify && strcmp(options->engine, "interp") == 0)
        base_fail(EXIT_USAGE,
                  "--verify: engine interp is the reference; name the one to check with --engine");
}

static void check_passes(const struct options *options)
{
    for (size_t i = 0; i < options->without.len; i++) {
        if (strcmp(options->without.data[i], "help") == 0)
            help_print_passes();
        if (!translate_pass_bit(options->without.data[i]))
            base_fail(EXIT_USAGE, "--without: no pass is called '%s'; --without=help lists them",
                      options->without.data[i]);
    }
}

static void check_gdb(const struct options *options)
{
    const char *wrong = options->gdb ? gdb_check_address(options->gdb) : NULL;

    if (wrong)
        base_fail(EXIT_USAGE, "-g: %s, not '%s'", wrong, options->gdb);
    if ((options->gdb || options->gdb_session) && options->verify)
        base_fail(EXIT_USAGE, "-g: not together with --verify");
}

static void check_stats(const char *format)
{
    if (!format || strcmp(format, "text") == 0 || strcmp(format, "json") == 0 ||
        strcmp(format, "summary") == 0 || strcmp(format, "off") == 0)
        return;
    if (strncmp(format, "json:", 5) != 0 || format[5] == '\0')
        base_fail(EXIT_USAGE, "--stats: expected text, summary, json, json:FILE or off, not '%s'",
                  format);
}

static void check_profile(const struct options *options)
{
    enum { MOST_HZ = 100000 };

    if (options->profile_rate == 0 || options->profile_rate > MOST_HZ)
        base_fail(EXIT_USAGE, "--profile-rate: expected 1 to %d samples a second, not %lu", MOST_HZ,
                  (unsigned long)options->profile_rate);
    if (!options->profile && (options->registers || options->flamegraph || options->profile_output))
        base_fail(EXIT_USAGE, "%s: only with --profile",
                  options->registers    ? "--registers"
                  : options->flamegraph ? "--flamegraph"
                                        : "--profile-output");
    if (options->registers && strcmp(options->engine, "block") != 0)
        base_fail(EXIT_USAGE, "--registers: counts translated blocks; add --engine=block");
}

void options_check(const struct options *options)
{
    if (options->help)
        help_print();
    if (options->version)
        help_print_version();
    check_cpu(options->cpu);
    check_engine(options->engine);
    check_verify(options);
    check_log_items(options->log_items);
    check_environment_lists(options);
    check_memory(options);
    check_sizes(options);
    check_code_cache(options);
    check_hot(options);
    check_passes(options);
    check_gdb(options);
    check_stats(options->stats);
    check_profile(options);
}
