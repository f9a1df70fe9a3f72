/* Resource limits: what each of them stops, that a program which ran into one goes on, and that
 * they are inherited. */
#define _GNU_SOURCE
#include "show.h"

#include <sys/mman.h>
#include <sys/resource.h>

static char *self;

static void set(int resource, uint64_t soft)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) == 0)
        limit.rlim_cur = soft;
    if (setrlimit(resource, &limit) < 0)
        show("setrlimit %d: %s", resource, strerrorname_np(errno));
}

static uint64_t get(int resource)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : 1;
}

static char *map(size_t size, int prot, int flags)
{
    return mmap(NULL, size, prot, flags | MAP_ANONYMOUS, -1, 0);
}

#define MB ((size_t)1 << 20)

/* Each runs in a child, so that the limits of one do not stand in the way of the next. */

/* ---- memory ---------------------------------------------------------------------------------- */

static uint64_t used(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f && fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * 4096;
}

static void address_space(void)
{
    int private = MAP_PRIVATE, both = PROT_READ | PROT_WRITE;

    char *base = map(4 * MB, both, private);
    set(RLIMIT_AS, used() + 64 * MB);
    show_true(get(RLIMIT_AS) == used() + 64 * MB);
    show_ok(map(80 * MB, both, private));
    show_ok(map(80 * MB, PROT_NONE, MAP_SHARED));
    show_ok(map(80 * MB, PROT_NONE, private | MAP_NORESERVE));
    show_ok(mremap(base, 4 * MB, 80 * MB, MREMAP_MAYMOVE));
    show_ok(sbrk(80 * MB));
    show_true(malloc(100 * MB) == NULL && errno == ENOMEM);
    show_ok(mmap(base, 4 * MB, both, private | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    show_ok(base = mremap(base, 4 * MB, 24 * MB, MREMAP_MAYMOVE));
    show_ok(map(30 * MB, both, private));
    show_ok(map(30 * MB, both, private));
    show_call(munmap(base, 24 * MB));
    show_ok(base = map(30 * MB, both, private));
    memset(base, 1, 30 * MB);
    /* Until nothing is left, bit by bit. */
    int count = 0;
    while (malloc(100000))
        count++;
    show_true(count > 5 && count < 200);
    while (malloc(16)) {
    }
    pid_t pid = fork();
    if (pid == 0)
        _exit(malloc(MB) != NULL);
    int status = 0;
    waitpid(pid, &status, 0);
    show_status("fork without memory", status);
    set(RLIMIT_AS, RLIM_INFINITY);
    show_true(malloc(100 * MB) != NULL);
    _exit(0);
}

static void data(void)
{
    char *none = map(80 * MB, PROT_NONE, MAP_PRIVATE), *start = sbrk(0);

    set(RLIMIT_DATA, 32 * MB);
    show_ok(map(80 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE));
    show_ok(map(80 * MB, PROT_READ | PROT_WRITE, MAP_SHARED));
    show_ok(map(80 * MB, PROT_READ, MAP_PRIVATE));
    show_ok(sbrk(80 * MB));
    show_true(sbrk(0) == start);
    show_ok(sbrk(MB));
    show_call(mprotect(none, 80 * MB, PROT_READ | PROT_WRITE));
    show_call(mprotect(none, 4 * MB, PROT_READ | PROT_WRITE));
    show_true(get(RLIMIT_DATA) == 32 * MB);
}

/* Limits that cannot be met at all: the program goes on with what it has. */
static void nothing(void)
{
    set(RLIMIT_AS, 1);
    show_true(malloc(100 * MB) == NULL);
    show_ok(map(4096, PROT_READ, MAP_PRIVATE));
    set(RLIMIT_DATA, 0);
    show_ok(open("/dev/null", O_RDONLY));
    show_true(get(RLIMIT_AS) == 1 && get(RLIMIT_DATA) == 0);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void rules(void)
{
    struct rlimit limit = {5, 4}, old;

    show_call(setrlimit(RLIMIT_AS, &limit));
    show_call(setrlimit(RLIMIT_CORE, &limit));
    show_call(setrlimit(99, &limit));
    show_call(getrlimit(99, &limit));
    show_call(syscall(SYS_getrlimit, RLIMIT_AS, 0));
    show_call(syscall(SYS_setrlimit, RLIMIT_AS, opaque(8)));
    show_call(syscall(SYS_prlimit64, 0, RLIMIT_DATA, 0, opaque(8)));
    show_call(syscall(SYS_prlimit64, 0, RLIMIT_DATA, 0, 0));
    limit = (struct rlimit){1 << 30, 1 << 30};
    show_call(prlimit(0, RLIMIT_AS, &limit, &old));
    show_true(old.rlim_max == RLIM_INFINITY);
    show_call(prlimit(getpid(), RLIMIT_AS, NULL, &old));
    show("%lu %lu", (long)old.rlim_cur, (long)old.rlim_max);
    show_call(setgid(12345));
    show_call(setuid(12345));
    limit.rlim_max++;
    show_call(prlimit(0, RLIMIT_AS, &limit, NULL));
    show_call(setrlimit(RLIMIT_AS, &limit));
    limit.rlim_max -= 2, limit.rlim_cur -= 2;
    show_call(setrlimit(RLIMIT_AS, &limit));
    FILE *f = fopen("/proc/self/limits", "r");
    char line[256];
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, "Max address", 11) == 0 || strncmp(line, "Max data", 8) == 0)
            show("%.*s", (int)strlen(line) - 1, line);
}

/* Passed on to a child and to what it executes. */
static void inherit(void)
{
    set(RLIMIT_AS, 300 * MB);
    set(RLIMIT_DATA, 200 * MB);
    set(RLIMIT_STACK, 4 * MB);
    set(RLIMIT_NOFILE, 50);
    set(RLIMIT_CORE, 0);
    set(RLIMIT_CPU, 100);
    set(RLIMIT_NPROC, 9999);
    set(RLIMIT_FSIZE, MB);
    execl(self, self, "limits", NULL);
}

static int show_inherited(void)
{
    static const int which[] = {RLIMIT_AS,   RLIMIT_DATA, RLIMIT_STACK, RLIMIT_NOFILE,
                                RLIMIT_CORE, RLIMIT_CPU,  RLIMIT_NPROC, RLIMIT_FSIZE};

    for (unsigned i = 0; i < sizeof(which) / sizeof(*which); i++)
        show("inherited %d: %lu", which[i], get(which[i]));
    show_true(malloc(400 * MB) == NULL);
    return 0;
}

/* A limit too small for a runtime, not for a program. */
static void small(void)
{
    set(RLIMIT_AS, 12 * MB);
    set(RLIMIT_STACK, MB);
    execl(self, self, "small", NULL);
    show("exec: %s", strerrorname_np(errno));
}

/* ---- files and time -------------------------------------------------------------------------- */

static int open_all(void)
{
    int count = 0;

    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    show("opened until %s", strerrorname_np(errno));
    return count;
}

static void few_files(void)
{
    struct stat st;
    int fds[2];

    for (int i = 3; i < 100; i++)
        close(i);
    set(RLIMIT_NOFILE, 50);
    show("files: %d", open_all());
    show_call(dup2(0, 50));
    show_call(dup2(0, 49));
    show_call(fcntl(0, F_DUPFD, 50));
    show_call(pipe(fds));
    show_call(stat("/", &st));
    show_call(access("/proc/self/exe", X_OK));
    show_ok(open("/proc/self/maps", O_RDONLY));
    show_ok(map(MB, PROT_READ, MAP_PRIVATE));
    pid_t pid = fork();
    if (pid == 0) {
        execl(self, self, "small", NULL);
        show("exec without a descriptor: %s", strerrorname_np(errno));
        _exit(9);
    }
    int status;
    waitpid(pid, &status, 0);
    show_status("exec without a descriptor", status);
}

static void many_files(void)
{
    struct rlimit limit = {6000, 6000};
    unsigned long sum = 0;
    struct stat st;
    int count = 0;

    show_call(setrlimit(RLIMIT_NOFILE, &limit));
    for (int fd; count < 5000 && (fd = open("/dev/null", O_RDONLY)) >= 0; count++)
        sum += fstat(fd, &st) == 0 && S_ISCHR(st.st_mode);
    show("many files: %d, good %lu", count, sum);
    show_call(dup2(0, 5999));
    show_call(dup2(0, 6000));
    show_call(syscall(SYS_close_range, 100, 5000, 0));
    show_true(open("/dev/null", O_RDONLY) == 100);
}

static void file_size(void)
{
    char bytes[4096] = {0};
    int fd = open("grows", O_CREAT | O_RDWR, 0600);

    set(RLIMIT_FSIZE, 6000);
    signal(SIGXFSZ, SIG_IGN);
    show_call(write(fd, bytes, sizeof(bytes)));
    show_call(write(fd, bytes, sizeof(bytes)));
    show_call(write(fd, bytes, sizeof(bytes)));
    show_call(ftruncate(fd, 7000));
    signal(SIGXFSZ, SIG_DFL);
    show_call(write(fd, bytes, sizeof(bytes)));
}

static void cpu_time(void)
{
    set(RLIMIT_CPU, 1);
    for (volatile unsigned i = 0;; i++) {
    }
}

int main(int argc, char **argv)
{
    self = realpath(argv[0], NULL);
    if (argc > 1 && strcmp(argv[1], "limits") == 0)
        return show_inherited();
    if (argc > 1) {
        show("started");
        return 0;
    }
    in_child("address space", address_space);
    in_child("data", data);
    in_child("nothing", nothing);
    in_child("rules", rules);
    in_child("inherit", inherit);
    in_child("small", small);
    in_child("few files", few_files);
    in_child("many files", many_files);
    in_child("file size", file_size);
    in_child("cpu time", cpu_time);
    return 0;
}
