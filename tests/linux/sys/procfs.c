/* /proc/self as a program sees it: by every way that leads there, and what it says of the program.
 */
#define _GNU_SOURCE
#include "show.h"

#include <dirent.h>
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static int initialised = 7;
static int zeros[10000];
static char **start_argv, **start_envp;

/* The whole file in a buffer; its length, or -1. */
static long slurp_at(int dir, const char *name, char *to, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    long n, len = 0;

    if (fd < 0)
        return -1;
    while ((n = read(fd, to + len, size - 1 - (size_t)len)) > 0)
        len += n;
    close(fd);
    to[len] = '\0';
    return n < 0 ? -1 : len;
}

static char text[1 << 20], other[1 << 20];

static long slurp(const char *name)
{
    return slurp_at(AT_FDCWD, name, text, sizeof(text));
}

/* ---- the ways there -------------------------------------------------------------------------- */

static bool is_program(int dir, const char *name)
{
    char link[4096] = {0}, own[4096];
    struct stat a, b;
    struct statx x;

    if (!getcwd(own, sizeof(own) - 8))
        return false;
    strcat(own, "/prog");
    int fd = openat(dir, name, O_RDONLY);
    bool same = readlinkat(dir, name, link, sizeof(link) - 1) > 0 && strcmp(link, own) == 0 &&
                stat(own, &a) == 0 && fstatat(dir, name, &b, 0) == 0 && a.st_ino == b.st_ino &&
                statx(dir, name, 0, STATX_INO, &x) == 0 && x.stx_ino == a.st_ino &&
                faccessat(dir, name, X_OK, 0) == 0 && fd >= 0 && fstat(fd, &b) == 0 &&
                a.st_ino == b.st_ino && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISLNK(b.st_mode);
    close(fd);
    return same;
}

static void ways(void)
{
    char by_pid[64], by_task[64], link[4096] = {0};
    int proc = open("/proc", O_RDONLY | O_DIRECTORY), self = open("/proc/self", O_PATH),
        task = open("/proc/thread-self", O_RDONLY | O_DIRECTORY);

    snprintf(by_pid, sizeof(by_pid), "/proc/%d/exe", getpid());
    snprintf(by_task, sizeof(by_task), "/proc/self/task/%d/exe", getpid());
    show_true(is_program(AT_FDCWD, "/proc/self/exe"));
    show_true(is_program(AT_FDCWD, "/proc//self/./exe"));
    show_true(is_program(AT_FDCWD, "/proc/../proc/self/exe"));
    show_true(is_program(AT_FDCWD, "/proc/thread-self/exe"));
    show_true(is_program(AT_FDCWD, by_pid));
    show_true(is_program(AT_FDCWD, by_task));
    show_true(is_program(AT_FDCWD, "/dev/fd/../exe"));
    show_true(is_program(proc, "self/exe"));
    show_true(is_program(proc, by_pid + 6));
    show_true(is_program(self, "exe"));
    show_true(is_program(self, "./exe"));
    show_true(is_program(task, "exe"));
    show_true(is_program(task, "../../exe"));
    int exe = open("/proc/self/exe", O_PATH | O_NOFOLLOW);
    show_true(readlinkat(exe, "", link, sizeof(link)) > 5 &&
              strcmp(link + strlen(link) - 5, "/prog") == 0);
    show_true(readlink("/proc/self/exe", link, 3) == 3);
    show_call(readlink("/proc/self/exe", link, 0));
    show_call(open("/proc/self/exe", O_RDONLY | O_NOFOLLOW));
    show_call(open("/proc/self/exe", O_RDONLY | O_DIRECTORY));
    show_call(open("/proc/self/exe", O_WRONLY));
    show_call(access("/proc/self/maps", W_OK | X_OK) < 0);
    show_call(open("/proc/self/maps", O_RDONLY | O_DIRECTORY));
    show_call(open("/proc/self/task/1/maps", O_RDONLY));
    show_call(open("/proc/self/exe/x", O_RDONLY));
    long whole = slurp("/proc/self/cmdline");
    show_true(whole > 0);
    show_true(slurp_at(self, "cmdline", other, sizeof(other)) == whole &&
              !memcmp(text, other, whole));
    show_true(slurp_at(proc, "self/cmdline", other, sizeof(other)) == whole);
    show_true(slurp_at(task, "cmdline", other, sizeof(other)) == whole);
    show_true(slurp_at(task, "../../../self/auxv", other, sizeof(other)) > 100);
    char *before = getcwd(NULL, 0);
    show_call(fchdir(self));
    show_true(slurp_at(AT_FDCWD, "cmdline", other, sizeof(other)) == whole);
    show_true(readlink("exe", link, sizeof(link)) > 5 && strstr(link, "/prog"));
    show_call(chdir(before));
    /* A file that has the name and nothing else. */
    int fd = open("maps", O_CREAT | O_RDWR, 0600);
    show_call(write(fd, "mine", 4));
    show_true(slurp("maps") == 4 && strcmp(text, "mine") == 0);
    close(proc), close(self), close(task), close(exe), close(fd);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void list(const char *name)
{
    DIR *d = opendir(name);
    int count = 0, sum = 0;

    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        count++;
        sum += atoi(e->d_name) == dirfd(d) ? 0 : atoi(e->d_name);
    }
    closedir(d);
    show("%s: %d entries, sum %d", name, count, sum);
}

static void descriptors(void)
{
    char name[64];
    struct stat st;
    int seen = 0;

    for (int i = 3; i < 1100; i++)
        close(i);
    list("/proc/self/fd");
    list("/proc/self/fdinfo");
    list("/proc/thread-self/fd");
    for (int i = 3; i < 5000; i++) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", i);
        seen += access(name, F_OK) == 0 || lstat(name, &st) == 0 ||
                readlink(name, text, sizeof(text)) >= 0 || open(name, O_RDONLY) >= 0 ||
                fcntl(i, F_GETFD) >= 0 || fstat(i, &st) == 0;
    }
    show_true(seen == 0);
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool same_strings(char **list, const char *bytes, long len)
{
    const char *at = bytes;

    for (; *list; list++) {
        if (at + strlen(*list) >= bytes + len || strcmp(at, *list) != 0)
            return false;
        at += strlen(*list) + 1;
    }
    return at == bytes + len;
}

static void strings(void)
{
    long n = slurp("/proc/self/cmdline");

    show_true(same_strings(start_argv, text, n));
    start_argv[0][0] = 'X';
    n = slurp("/proc/self/cmdline");
    show("cmdline changed in place: %.6s, %s", text,
         same_strings(start_argv, text, n) ? "same" : "other");
    n = slurp("/proc/self/environ");
    show_true(same_strings(start_envp, text, n));
    n = slurp("/proc/self/auxv");
    bool entry = false, phdr = false, random = false, end = false;
    for (long i = 0; i + 16 <= n; i += 16) {
        uint64_t pair[2];
        memcpy(pair, text + i, 16);
        entry |= pair[0] == AT_ENTRY && pair[1] == getauxval(AT_ENTRY);
        phdr |= pair[0] == AT_PHDR && pair[1] == getauxval(AT_PHDR);
        random |= pair[0] == AT_RANDOM && pair[1] == getauxval(AT_RANDOM);
        end = pair[0] == AT_NULL && i + 16 == n;
    }
    show_true(entry && phdr && random && end);
    show_call(prctl(PR_SET_NAME, "another name"));
    show_true(slurp("/proc/self/comm") == 13);
    show("comm: %.12s", text);
    show_true(slurp("/proc/thread-self/comm") == 13);
    slurp("/proc/self/status");
    show("status: %.18s", text);
    slurp("/proc/self/stat");
    show_true(strstr(text, " (another name) R "));
    int fd = open("/proc/self/comm", O_WRONLY);
    show_call(write(fd, "third", 5));
    close(fd);
    slurp("/proc/self/stat");
    show_true(strstr(text, " (third) R "));
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* The line of maps that covers an address, in text. NULL: none. */
static char *line_of(const void *address)
{
    slurp("/proc/self/maps");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && (uintptr_t)address - from < to - from)
            return line;
    }
    return NULL;
}

/* Rights and name of that line. */
static void show_line(const char *what, const void *address)
{
    char *line = line_of(address), rights[8] = "", name[512] = "";
    unsigned long offset = 0;

    if (line)
        sscanf(line, "%*s %7s %lx %*s %*s %511s", rights, &offset, name);
    char *slash = name[0] == '/' ? strrchr(name, '/') + 1 : name;
    show("maps of %s: %s %s", what, rights, slash);
}

static void maps(void)
{
    char *page = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("file", O_CREAT | O_RDWR, 0600), local = 0;
    unsigned long last = 0;
    bool sorted = true;

    show_call(ftruncate(fd, 3 * 4096));
    char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    show_line("code", (void *)show_line);
    show_line("data", &initialised);
    show_line("stack", &local);
    show_line("heap", (char *)sbrk(4096));
    show_line("anonymous", page);
    show_line("file", shared);
    show_true(strstr(line_of(shared), " 00001000 "));
    show_call(mprotect(page + 4096, 4096, PROT_NONE));
    show_line("protected", page + 4096);
    show_line("behind it", page + 8192);
    show_call(munmap(page, 4096));
    show_true(line_of(page) == NULL);
    show_call(unlink("file"));
    slurp("/proc/self/maps");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long from = 0, to = 0;
        sorted &= sscanf(line, "%lx-%lx", &from, &to) == 2 && from >= last && to > from &&
                  from % 4096 == 0;
        last = to;
    }
    show_true(sorted);
}

static unsigned long field(int number)
{
    slurp("/proc/self/stat");
    char *at = strrchr(text, ')') + 1;
    for (int i = 3; at && i <= number; i++) {
        at++;
        if (i == number)
            return strtoul(at, NULL, 10);
        at = strchr(at, ' ');
    }
    return 0;
}

static unsigned long status_number(const char *key, int base)
{
    slurp("/proc/self/status");
    char *at = strstr(text, key);
    return at ? strtoul(at + strlen(key), NULL, base) : 0;
}

static unsigned long statm(int index)
{
    unsigned long n[7] = {0};

    slurp("/proc/self/statm");
    sscanf(text, "%lu %lu %lu %lu %lu %lu %lu", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6);
    return n[index];
}

static void numbers(void)
{
    int local;
    unsigned long code_start = field(26), code_end = field(27), stack = field(28);

    show_true(field(4) == (unsigned long)getppid());
    show_true(code_start <= (uintptr_t)numbers && (uintptr_t)numbers < code_end);
    show_true(stack > (uintptr_t)&local && stack % 16 == 0 && *(long *)stack > 0);
    show_true(line_of((void *)stack) && strstr(line_of((void *)stack), "[stack]"));
    show_true(field(45) <= (uintptr_t)&initialised && (uintptr_t)&initialised < field(46));
    show_true((uintptr_t)&zeros[9999] >= field(46));
    show_true(field(47) <= (uintptr_t)sbrk(0));
    show_true(field(48) == (uintptr_t)start_argv[0] && field(50) == (uintptr_t)start_envp[0]);
    show_true(field(49) == field(50) && field(51) > field(50));
    unsigned long size = field(23), pages = statm(0), kb = status_number("VmSize:", 10),
                  data = status_number("VmData:", 10), dpages = statm(5);
    show_true(size == pages * 4096 && size == kb * 1024);
    mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    show_true(field(23) == size + (1 << 20));
    show_true(statm(0) == pages + 256 && statm(5) == dpages + 256);
    show_true(status_number("VmSize:", 10) == kb + 1024);
    show_true(status_number("VmData:", 10) == data + 1024);
    mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    show_true(status_number("VmSize:", 10) == kb + 2048);
    show_true(status_number("VmData:", 10) == data + 1024);
    show_true(status_number("VmExe:", 10) > 0 && status_number("VmStk:", 10) > 0);
    show_true(status_number("Pid:", 10) == (unsigned long)getpid());
    show("threads: %lu", status_number("Threads:", 10));
}

static void handler(int sig)
{
}

static void signals(void)
{
    sigset_t set;

    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGRTMAX);
    sigprocmask(SIG_SETMASK, &set, NULL);
    show("blocked %lx", status_number("SigBlk:", 16));
    show("ignored %lx", status_number("SigIgn:", 16));
    show("caught %lx", status_number("SigCgt:", 16));
    raise(SIGHUP);
    signal(SIGHUP, SIG_IGN);
}

int main(int argc, char **argv, char **envp)
{
    start_argv = argv;
    start_envp = envp;
    ways();
    descriptors();
    strings();
    maps();
    numbers();
    signals();
    return 0;
}
