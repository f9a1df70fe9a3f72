/* rv64diff: random RISC-V instructions, executed by a reference and by the program under test.
 *
 *   rv64diff --encodings=FILE --guest=FILE --reference="COMMAND" --tested="COMMAND" [options]
 * GROUP...
 *
 *   --count=N      instructions (or words) a group; default 20000
 *   --seed=N       default: chosen at random, and printed
 *   --batch=N      only this batch of each group, as a report of a difference says
 *   --objdump=CMD  disassembler for reports
 *   --mutate       spoil one bit of the result: the comparison must fail (test of the test)
 *
 * Groups: I M A F D C B Zicond Zicsr all (chunks.c); c words (words.c). Prints TAP, a line for each
 * group and a report of the first difference. Exit status: 0 all agree, 1 a difference, 2 the tool
 * cannot work.
 *
 * Not covered: system calls, counters, and memory order between threads. */
#include "diff.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAX_COMMAND = 30 };

struct settings {
    struct test test;
    struct encodings encodings;
    const char *encodings_path;
    uint64_t seed;
    unsigned long count;
    long batch; /* -1: all */
};

_Noreturn static void usage(void)
{
    fputs("usage: rv64diff --encodings=FILE --guest=FILE --reference=COMMAND --tested=COMMAND "
          "[--count=N] [--seed=N]"
          " [--batch=N] [--objdump=COMMAND] [--mutate] GROUP...\n",
          stderr);
    exit(2);
}

static char *const *split_words(char *text)
{
    char **words = calloc(MAX_COMMAND + 1, sizeof(*words)), *save = NULL;
    unsigned n = 0;

    if (words == NULL) {
        abort();
    }
    for (char *w = strtok_r(text, " ", &save); w != NULL && n < MAX_COMMAND;
         w = strtok_r(NULL, " ", &save)) {
        words[n++] = w;
    }
    return words;
}

/* The group's batches until count instructions have run. Returns 0 or 1; *done counts. */
static int run_group(struct settings *s, unsigned long *done)
{
    bool words = strcmp(s->test.group, "c") == 0 || strcmp(s->test.group, "words") == 0;
    unsigned first = s->batch >= 0 ? (unsigned)s->batch : 0;

    *done = 0;
    bool exhaustive = strcmp(s->test.group, "c") == 0; /* all halfwords: batches 0 and 1 */
    for (unsigned number = first; s->batch >= 0 ? number == first
                                  : exhaustive  ? number < 2
                                                : *done < s->count;
         number++) {
        struct batch b;
        unsigned long left =
            s->batch >= 0 || s->count - *done > 1000000 ? 1000000 : s->count - *done;
        if (words) {
            batch_make_words(&b, &s->encodings, s->test.group, s->seed, number, (unsigned)left);
        } else {
            batch_make_chunks(&b, &s->encodings, s->test.group, s->seed, number, (unsigned)left);
        }
        int differ = compare_batch(&s->test, &b, number);
        for (unsigned i = 0; i < b.count; i++) {
            *done += words ? 1 : b.chunks[i].n_group;
        }
        batch_free(&b);
        if (differ != 0) {
            return 1;
        }
    }
    return 0;
}

static bool is_known_group(const struct settings *s, const char *group)
{
    struct encodings rows;

    if (strcmp(group, "c") == 0 || strcmp(group, "words") == 0) {
        return true;
    }
    encodings_of_group(&s->encodings, group, &rows);
    free(rows.row);
    return rows.n > 0;
}

static void read_options(struct settings *s, int argc, char **argv)
{
    static const struct option options[] = {
        {"encodings", required_argument, NULL, 'e'}, {"guest", required_argument, NULL, 'g'},
        {"reference", required_argument, NULL, 'r'}, {"tested", required_argument, NULL, 't'},
        {"count", required_argument, NULL, 'c'},     {"seed", required_argument, NULL, 's'},
        {"batch", required_argument, NULL, 'b'},     {"objdump", required_argument, NULL, 'o'},
        {"mutate", no_argument, NULL, 'm'},          {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'e':
            s->encodings_path = optarg;
            break;
        case 'g':
            s->test.reference.guest = s->test.tested.guest = optarg;
            break;
        case 'r':
            s->test.reference.command = split_words(optarg);
            break;
        case 't':
            s->test.tested.command = split_words(optarg);
            break;
        case 'c':
            s->count = strtoul(optarg, NULL, 0);
            break;
        case 's':
            s->seed = strtoull(optarg, NULL, 0);
            break;
        case 'b':
            s->batch = strtol(optarg, NULL, 0);
            break;
        case 'o':
            s->test.objdump = optarg;
            break;
        case 'm':
            s->test.mutate = true;
            break;
        default:
            usage();
        }
    }
    if (s->encodings_path == NULL || s->test.tested.guest == NULL ||
        s->test.reference.command == NULL || s->test.tested.command == NULL || optind == argc) {
        usage();
    }
}

/* The command line once more, with the seed: what repeats a group. */
static char *repeat_command(const struct settings *s, const char *tested, const char *reference,
                            const char *group)
{
    char *text;

    if (asprintf(
            &text,
            "rv64diff --encodings=%s --guest=%s --reference='%s' --tested='%s' --seed=%#" PRIx64
            " %s",
            s->encodings_path, s->test.tested.guest, reference, tested, s->seed, group) < 0) {
        abort();
    }
    return text;
}

int main(int argc, char **argv)
{
    struct settings s = {.count = 20000, .batch = -1, .test.objdump = "riscv64-linux-gnu-objdump"};
    int failed = 0;

    if (getrandom(&s.seed, sizeof(s.seed), 0) != sizeof(s.seed)) {
        abort();
    }
    char *reference = NULL, *tested = NULL;
    for (int i = 1; i < argc; i++) { /* before getopt's words are cut up */
        reference = strncmp(argv[i], "--reference=", 12) == 0 ? strdup(argv[i] + 12) : reference;
        tested = strncmp(argv[i], "--tested=", 9) == 0 ? strdup(argv[i] + 9) : tested;
    }
    read_options(&s, argc, argv);
    encodings_read(&s.encodings, s.encodings_path);
    s.test.encodings = &s.encodings;
    printf("TAP version 13\n1..%d\n# seed %#" PRIx64 "\n", argc - optind, s.seed);
    for (int i = optind; i < argc; i++) {
        unsigned long done;
        s.test.group = argv[i];
        if (!is_known_group(&s, s.test.group)) {
            fprintf(stderr, "rv64diff: no instructions in group %s\n", s.test.group);
            return 2;
        }
        s.test.repeat = repeat_command(&s, tested, reference, s.test.group);
        int differ = run_group(&s, &done);
        printf("%s %d - %s: %lu instructions\n", differ != 0 ? "not ok" : "ok", i - optind + 1,
               s.test.group, done);
        fflush(stdout);
        failed |= differ;
    }
    return failed;
}
