/* tools/profile/perf.c: what Linux' perf needs to know of translated code.
 *
 * -perfmap writes /tmp/perf-PID.map at the end: a line for each fragment, start and size in hex and
 * a name (tools/perf/Documentation/jit-interface.txt). perf reads it when it reports.
 *
 * -jitdump writes jit-PID.dump to the working directory (tools/perf/Documentation/jitdump-
 * specification.txt): the code too, with times, for `perf record -k mono` and `perf inject --jit`,
 * so that perf annotate works and addresses that were used twice are told apart. perf finds the
 * file because its first page is mapped with the right to execute; so it begins at the start.
 *
 * Both are written when the process ends, under names that need the symbols of the files that are
 * mapped by then; a process that is killed leaves none. Fragments that were dropped are in both.
 * Not there: line numbers. */
#include "tools/profile/output.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The specification's, which has no header. */
enum { JITDUMP_VERSION = 1, JIT_CODE_LOAD = 0, JIT_CODE_CLOSE = 3 };
#define JITDUMP_MAGIC 0x4A695444u /* "JiTD" */

struct jitdump_header {
    uint32_t magic, version, total_size, elf_mach, pad, pid;
    uint64_t timestamp, flags;
};

struct jitdump_record {
    uint32_t id, total_size;
    uint64_t timestamp;
};

struct jitdump_load {
    struct jitdump_record record;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
};

static struct {
    char *path;
    struct jitdump_header header;
} jitdump;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void start_jitdump(void)
{
    char *folder = getcwd(NULL, 0);
    struct jitdump_header *h = &jitdump.header;

    jitdump.path = base_printf("%s/jit-%d.dump", folder ? folder : ".", (int)getpid());
    free(folder);
    *h = (struct jitdump_header){.magic = JITDUMP_MAGIC,
                                 .version = JITDUMP_VERSION,
                                 .total_size = sizeof(*h),
                                 .elf_mach = EM_X86_64,
                                 .pid = (uint32_t)getpid(),
                                 .timestamp = now_ns()};
    int fd = open(jitdump.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, h, sizeof(*h)) != sizeof(*h))
        base_fail(EXIT_USAGE, "-jitdump: cannot write %s: %s", jitdump.path, strerror(errno));
    /* perf takes notice of mappings with the right to execute. */
    if (mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) ==
        MAP_FAILED)
        base_warn("-jitdump: perf will not find %s: %s", jitdump.path, strerror(errno));
    close(fd);
}

void perf_start(const struct options *options)
{
    if (options->jitdump)
        start_jitdump();
}

/* "main+0x10 [0x10550]": the guest's place. */
static void print_name(struct strbuf *out, const struct profile_fragment *k)
{
    output_place(out, k->pc.v);
    strbuf_printf(out, " [%#lx]", (unsigned long)k->pc.v);
}

static void write_perfmap(void)
{
    char *path = base_printf("/tmp/perf-%d.map", (int)getpid());
    struct strbuf text = {0};

    for (size_t i = 0; i < profile.fragments.len; i++) {
        const struct profile_fragment *k = profile.fragments.data[i];
        strbuf_printf(&text, "%lx %x ", (unsigned long)k->code.v, k->n_code);
        print_name(&text, k);
        strbuf_printf(&text, "\n");
    }
    output_file("-perfmap", path, &text);
    strbuf_free(&text);
    free(path);
}

static void add_load(struct strbuf *out, const struct profile_fragment *k, uint64_t index)
{
    struct strbuf name = {0};
    struct jitdump_load load = {
        .record = {.id = JIT_CODE_LOAD, .timestamp = k->made_ns},
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)k->made_by,
        .vma = k->code.v,
        .code_addr = k->code.v,
        .code_size = k->n_code,
        .code_index = index,
    };

    print_name(&name, k);
    load.record.total_size = (uint32_t)(sizeof(load) + name.len + 1 + k->n_code);
    strbuf_append(out, (const char *)&load, sizeof(load));
    strbuf_append(out, name.data, name.len + 1);
    strbuf_append(out, (const char *)k->bytes, k->n_code);
    strbuf_free(&name);
}

static void write_jitdump(void)
{
    struct jitdump_record end = {.id = JIT_CODE_CLOSE, .total_size = sizeof(end)};
    struct strbuf text = {0};

    strbuf_append(&text, (const char *)&jitdump.header, sizeof(jitdump.header));
    for (size_t i = 0; i < profile.fragments.len; i++)
        add_load(&text, profile.fragments.data[i], i);
    end.timestamp = now_ns();
    strbuf_append(&text, (const char *)&end, sizeof(end));
    output_file("-jitdump", jitdump.path, &text);
    strbuf_free(&text);
}

void perf_write(const struct options *options)
{
    if (options->perfmap)
        write_perfmap();
    if (options->jitdump)
        write_jitdump();
}
