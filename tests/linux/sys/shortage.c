/* What runs out: thousands of descriptors, address space, room on a disk. The program lives on. */
#define _GNU_SOURCE
#include "show.h"

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/uio.h>

/* ---- descriptors ----------------------------------------------------------------------------- */

enum { FILES = 5000 };

static int files[FILES];

/* Each is another file: its offset is its own. */
static void open_many(void)
{
    int good = 0;

    for (int i = 0; i < FILES; i++) {
        files[i] = open("many", O_RDWR | O_CREAT | (i % 2 ? O_CLOEXEC : 0), 0644);
        good += files[i] >= 0 && pwrite(files[i], &i, sizeof(i), i * (off_t)sizeof(i)) == sizeof(i);
    }
    show("open: %d", good);
    good = 0;
    for (int i = 0; i < FILES; i++) {
        int value = -1;
        good += lseek(files[i], i * (off_t)sizeof(i), SEEK_SET) == i * (off_t)sizeof(i) &&
                read(files[i], &value, sizeof(value)) == sizeof(value) && value == i;
    }
    show("read again: %d", good);
}

static void wait_for_many(void)
{
    static struct pollfd polled[FILES];
    static struct epoll_event events[FILES];
    int ends[2], set = epoll_create1(0), good = 0;

    for (int i = 0; i < FILES; i++)
        polled[i] = (struct pollfd){.fd = files[i], .events = POLLIN};
    show_call(poll(polled, FILES, 0));
    /* Regular files cannot be waited for: copies of a pipe are. */
    pipe(ends);
    write(ends[1], "x", 1);
    for (int i = 0; i < FILES; i++)
        dup3(ends[0], files[i], i % 2 ? O_CLOEXEC : 0);
    for (int i = 0; i < FILES; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        good += epoll_ctl(set, EPOLL_CTL_ADD, files[i], &event) == 0;
    }
    show("in the set: %d", good);
    show_call(epoll_wait(set, events, FILES, 0));
    close(set);
    close(ends[0]);
    close(ends[1]);
}

static int count_open(void)
{
    int n = 0;

    for (int fd = 3; fd < FILES + 100; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void test_files(void)
{
    struct rlimit limit;
    char *words[] = {"prog", "count", NULL};
    int status;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = FILES + 50;
    show_call(setrlimit(RLIMIT_NOFILE, &limit));
    open_many();
    wait_for_many();
    show("open: %d", count_open());
    int last = -1, fd;
    while ((fd = dup(0)) >= 0)
        last = fd;
    show("one more: %s, the last is %d", strerrorname_np(errno), last);
    show_call(open(".", O_RDONLY));
    show_call(pipe((int[2]){0}));
    show_call(socket(AF_UNIX, SOCK_STREAM, 0));
    show_call(epoll_create1(0));
    pid_t pid = fork();
    if (pid == 0) {
        execv("./prog", words);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show_status("with all descriptors taken", status);
    pid = vfork();
    if (pid == 0) {
        execv("./prog", words);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show_status("the same by vfork", status);
    show_call(close_range(3, ~0u, 0));
    show("left: %d", count_open());
}

/* Nobody may raise a limit that is soft and hard in one; execve needs no descriptor. The runtime's
 * own ones lie above what was open at its start, or with a limit this low from the start among what
 * the guest has: the program executes itself to see both. (A fork with --wx=split needs one.) */
static void take_all(int cloexec)
{
    while (open("/dev/null", O_RDONLY | cloexec) >= 0)
        ;
}

static void exec_when_full(const char *what, int cloexec, int fd)
{
    char *words[] = {"prog", "count", NULL};
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        take_all(cloexec);
        show("%s: %s", what, strerrorname_np(errno));
        execv("./none", words);
        show("%s, no such program: %s", what, strerrorname_np(errno));
        execv("./empty", words);
        show("%s, no program: %s", what, strerrorname_np(errno));
        execv("./prog", words);
        show("%s: %s", what, strerrorname_np(errno));
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show_status(what, status);
    pid = vfork();
    if (pid == 0) {
        take_all(cloexec);
        fd < 0 ? execv("./script", words) : fexecve(fd, words, environ);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show_status(what, status);
}

static void test_full(void)
{
    struct rlimit limit = {64, 64};
    char *words[] = {"prog", "full", NULL};
    int status;

    int script = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    write(script, "#!./prog count\n", 15);
    close(script);
    close(open("empty", O_RDWR | O_CREAT, 0755));
    show_call(setrlimit(RLIMIT_NOFILE, &limit));
    if (fork() == 0) {
        exec_when_full("taken", O_CLOEXEC, -1);
        _exit(0);
    }
    wait(NULL);
    int prog = open("prog", O_RDONLY);
    if (fork() == 0) {
        exec_when_full("taken, by descriptor", O_CLOEXEC, prog);
        _exit(0);
    }
    wait(NULL);
    if (fork() == 0)
        execv("./prog", words);
    wait(NULL);
}

/* ---- address space --------------------------------------------------------------------------- */

static void test_addresses(void)
{
    size_t chunk = (size_t)4 << 30;
    char *at, *first = NULL;
    int n = 0;

    show_call((long)mmap(NULL, (size_t)1 << 60, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    show_call((long)mmap(NULL, SIZE_MAX - 100, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    while ((at = mmap(NULL, chunk, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                      0)) != MAP_FAILED) {
        first = first ? first : at;
        n++;
        /* What natively is 128 TiB is a lot of chunks: they grow. */
        chunk = chunk < (size_t)1 << 42 ? chunk * 2 : chunk;
    }
    show("the end: %s, after some: %d", strerrorname_np(errno), n > 2);
    for (; chunk >= 4096; chunk /= 2)
        while (mmap(NULL, chunk, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
               MAP_FAILED)
            n++;
    show("not a page: %s", strerrorname_np(errno));
    show_call((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    show_call((long)mremap(first, 4096, (size_t)8 << 30, MREMAP_MAYMOVE));
    show("malloc: %s", malloc((size_t)1 << 30) ? "memory" : strerrorname_np(errno));
    show_call(munmap(first, 4096));
    show_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
              first);
    *first = 1;
    pid_t pid = fork();
    int status;
    if (pid == 0)
        _exit(*first + 6);
    waitpid(pid, &status, 0);
    show_status("a child with a full address space", status);
}

/* ---- a disk ---------------------------------------------------------------------------------- */

static sigjmp_buf back;

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
    siglongjmp(back, info->si_code);
}

static void write_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    write(fd, text, strlen(text));
    close(fd);
}

static bool mount_small(void)
{
    char map[64];
    unsigned uid = geteuid(), gid = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        show("no namespaces: %s", strerrorname_np(errno));
        return false;
    }
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_to("/proc/self/uid_map", map);
    write_to("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_to("/proc/self/gid_map", map);
    mkdir("disk", 0755);
    show_call(mount("none", "disk", "tmpfs", 0, "size=64k,nr_inodes=8"));
    return access("disk", W_OK) == 0;
}

static void fill(void)
{
    static char buffer[100 << 10];
    struct iovec vec[2] = {{buffer, 30 << 10}, {buffer, 60 << 10}};
    struct statfs info;
    int fd = open("disk/full", O_RDWR | O_CREAT, 0644);

    memset(buffer, 'x', sizeof(buffer));
    show_call(writev(fd, vec, 2));
    show_call(write(fd, buffer, 1));
    show_call(pwrite(fd, buffer, 100, 0));
    show_call(fallocate(fd, 0, 0, 80 << 10));
    show_call(ftruncate(fd, 80 << 10));
    show_call(statfs("disk", &info));
    show("free: %ld", (long)info.f_bfree);
    char *map = mmap(NULL, 80 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    map[0] = 'y';
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    int code = sigsetjmp(back, 1);
    if (code == 0)
        map[70 << 10] = 'z';
    show("a store to what has no room: code %d", code);
    show_call(open("disk/full", O_RDONLY | O_TRUNC) < 0);
    show_call(write(fd, buffer, 10));
    close(fd);
}

static void fill_with_names(void)
{
    char name[32];
    int n = 0;

    for (; n < 20; n++) {
        snprintf(name, sizeof(name), "disk/%d", n);
        if (mkdir(name, 0755) < 0)
            break;
    }
    show("folders: %d, then %s", n, strerrorname_np(errno));
    show_call(open("disk/file", O_WRONLY | O_CREAT, 0644));
    show_call(symlink("to", "disk/link"));
    show_call(link("disk/full", "disk/second"));
    show_call(rename("disk/0", "disk/renamed"));
    show_call(rmdir("disk/renamed"));
    show_call(mkdir("disk/again", 0755));
}

static void test_disk(void)
{
    int fd = open("/dev/full", O_RDWR);

    show_call(write(fd, "text", 4));
    show_call(read(fd, (char[4]){1}, 4));
    show_call(fsync(fd));
    close(fd);
    if (mount_small()) {
        fill();
        fill_with_names();
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "full") == 0) {
        exec_when_full("taken at the start", 0, -1);
        return 0;
    }
    if (argc > 1) {
        show("inherited: %d", count_open() >= FILES / 2);
        return 3;
    }
    in_child("files", test_files);
    in_child("full", test_full);
    in_child("addresses", test_addresses);
    in_child("disk", test_disk);
    return 0;
}
