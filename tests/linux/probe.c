/* A guest for test_prefix.py: does what its arguments say with a path, and prints what came of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static int fail(void)
{
    puts(strerrorname_np(errno));
    return 1;
}

static int cat(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return fail();
    ssize_t n = read(fd, text, sizeof(text));
    return n < 0 ? fail() : fwrite(text, 1, (size_t)n, stdout) != (size_t)n;
}

static int put(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | flags, 0600);

    if (fd < 0)
        return fail();
    if (write(fd, "new\n", 4) != 4)
        return fail();
    puts("ok");
    return 0;
}

static int describe(const char *path, int flags)
{
    struct stat st;
    char link[4096] = {0};

    if (fstatat(AT_FDCWD, path, &st, flags))
        return fail();
    if (S_ISLNK(st.st_mode) && readlink(path, link, sizeof(link) - 1) >= 0)
        printf("link %s\n", link);
    else
        printf("%s %ld\n", S_ISREG(st.st_mode) ? "file" : "other", (long)st.st_size);
    return 0;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int list(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, visible, alphasort);

    if (n < 0)
        return fail();
    for (int i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", names[i]->d_name);
    puts("");
    return 0;
}

/* Prints ok, or why not. */
static int done(int result)
{
    return result < 0 ? fail() : puts("ok") < 0;
}

/* Through a descriptor of the link or file itself. */
static int describe_open(const char *path)
{
    char text[4096] = {0};
    struct stat st;
    int fd = open(path, O_PATH | O_NOFOLLOW);

    if (fd < 0 || fstatat(fd, "", &st, AT_EMPTY_PATH))
        return fail();
    if (S_ISLNK(st.st_mode) && readlinkat(fd, "", text, sizeof(text) - 1) >= 0)
        printf("link %s\n", text);
    else
        printf("%s\n", S_ISDIR(st.st_mode) ? "folder" : "file");
    return 0;
}

static int describe_kind(const char *path, int flags)
{
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, flags))
        return fail();
    puts(S_ISLNK(st.st_mode) ? "link" : S_ISREG(st.st_mode) ? "file" : "other");
    return 0;
}

static int describe_statx(const char *path)
{
    struct statx st;

    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st))
        return fail();
    printf("%s %ld\n", S_ISLNK(st.stx_mode) ? "link" : "file", (long)st.stx_size);
    return 0;
}

/* By what name the kernel knows an open file. */
static int name_of_open(const char *path)
{
    char link[64], text[4096] = {0};
    int fd = open(path, O_RDONLY);

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return fd < 0 || readlink(link, text, sizeof(text) - 1) < 0 ? fail() : puts(text) < 0;
}

static int cat_at(const char *folder, const char *name)
{
    char text[4096];
    int dir = open(folder, O_RDONLY | O_DIRECTORY), fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY);

    if (fd < 0)
        return fail();
    ssize_t n = read(fd, text, sizeof(text));
    return n < 0 ? fail() : fwrite(text, 1, (size_t)n, stdout) != (size_t)n;
}

/* Binds a socket to the path and reaches it there. */
static int meet(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    if (bind(server, (struct sockaddr *)&at, sizeof(at)) || listen(server, 1))
        return fail();
    return done(connect(client, (struct sockaddr *)&at, sizeof(at)));
}

/* A change of the path's attributes is seen by who watches the path. */
static int watch(const char *path)
{
    char event[256];
    int fd = inotify_init1(IN_NONBLOCK);

    if (inotify_add_watch(fd, path, IN_ATTRIB) < 0 || chmod(path, 0640))
        return fail();
    return done((int)read(fd, event, sizeof(event)));
}

/* Looks at the path when no descriptor is left. */
static int describe_when_full(const char *path)
{
    struct rlimit limit = {64, 64};

    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(0) >= 0) {
    }
    return errno == EMFILE ? describe(path, 0) : fail();
}

static int show_mode(const char *path, mode_t mode)
{
    struct stat st;

    if (chmod(path, mode) || stat(path, &st))
        return fail();
    printf("%o\n", st.st_mode & 0777);
    return 0;
}

/* One path, and what a second argument says. True if what is known. */
static int do_more(const char *what, const char *path, const char *other, int *status)
{
    char text[4096];

    if (strcmp(what, "open") == 0)
        *status = describe_open(path);
    else if (strcmp(what, "stat-kind") == 0)
        *status = describe_kind(path, 0);
    else if (strcmp(what, "lstat-kind") == 0)
        *status = describe_kind(path, AT_SYMLINK_NOFOLLOW);
    else if (strcmp(what, "statx") == 0)
        *status = describe_statx(path);
    else if (strcmp(what, "fd-name") == 0)
        *status = name_of_open(path);
    else if (strcmp(what, "cat-at") == 0)
        *status = cat_at(path, other);
    else if (strcmp(what, "cd-cat") == 0)
        *status = chdir(path) ? fail() : cat(other);
    else if (strcmp(what, "realpath") == 0)
        *status = realpath(path, text) ? puts(text) < 0 : fail();
    else if (strcmp(what, "socket") == 0)
        *status = meet(path);
    else if (strcmp(what, "watch") == 0)
        *status = watch(path);
    else if (strcmp(what, "full") == 0)
        *status = describe_when_full(path);
    else if (strcmp(what, "chmod") == 0)
        *status = show_mode(path, 0604);
    else if (strcmp(what, "write") == 0)
        *status = put(path, O_CREAT | O_TRUNC);
    else if (strcmp(what, "truncate") == 0)
        *status = done(truncate(path, 3));
    else if (strcmp(what, "touch") == 0)
        *status = done(utimensat(AT_FDCWD, path, NULL, 0));
    else if (strcmp(what, "setxattr") == 0)
        *status = done(setxattr(path, "user.x", "y", 1, 0));
    else if (strcmp(what, "mkdir") == 0)
        *status = done(mkdir(path, 0700));
    else if (strcmp(what, "rmdir") == 0)
        *status = done(rmdir(path));
    else if (strcmp(what, "symlink") == 0)
        *status = done(symlink(other, path));
    else if (strcmp(what, "rename") == 0)
        *status = done(rename(path, other));
    else if (strcmp(what, "link") == 0)
        *status = done(link(path, other));
    else
        return 0;
    return 1;
}

/* A handler that must not run: the runtime's own faults are not the guest's. */
static void on_segv(int sig)
{
    puts("the guest's handler");
    exit(77);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
    char text[4096] = {0};
    int status;

    if (do_more(what, path, argc > 3 ? argv[3] : "", &status))
        return status;
    if (strcmp(what, "segv-cat") == 0) {
        signal(SIGSEGV, on_segv);
        return cat(path);
    }
    if (strcmp(what, "cat") == 0)
        return cat(path);
    if (strcmp(what, "create") == 0)
        return put(path, O_CREAT | O_EXCL);
    if (strcmp(what, "append") == 0)
        return put(path, O_APPEND);
    if (strcmp(what, "stat") == 0)
        return describe(path, 0);
    if (strcmp(what, "lstat") == 0)
        return describe(path, AT_SYMLINK_NOFOLLOW);
    if (strcmp(what, "list") == 0)
        return list(path);
    if (strcmp(what, "access") == 0)
        return access(path, R_OK) ? fail() : puts("yes") < 0;
    if (strcmp(what, "remove") == 0)
        return unlink(path) ? fail() : 0;
    if (strcmp(what, "chdir") == 0)
        return chdir(path) || !getcwd(text, sizeof(text)) ? fail() : puts(text) < 0;
    if (strcmp(what, "readlink") == 0)
        return readlink(path, text, sizeof(text) - 1) < 0 ? fail() : puts(text) < 0;
    if (strcmp(what, "exec") == 0) {
        execv(path, argv + 2);
        return fail();
    }
    if (strcmp(what, "exec-from") == 0) {
        if (chdir(path) == 0)
            execv(argv[3], argv + 3);
        return fail();
    }
    if (strcmp(what, "refused") ==
        0) { /* a call, a number and a device request that are not there */
        for (int i = 0; i < 2; i++)
            printf("%s ", syscall(SYS_swapon, "x", 0) < 0 ? strerrorname_np(errno) : "no");
        printf("%s ", syscall(999) < 0 ? strerrorname_np(errno) : "no");
        puts(ioctl(0, 0x1234, 0) < 0 ? strerrorname_np(errno) : "no");
        return 0;
    }
    if (strcmp(what, "echo") == 0) {
        printf("echo:");
        for (int i = 2; i < argc; i++)
            printf(" %s", argv[i]);
        puts("");
        return 0;
    }
    return 2;
}
