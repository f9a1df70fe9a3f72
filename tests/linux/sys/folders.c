/* Folders, links and names: mkdir, getdents, rename, symbolic links, permissions, times, working
 * directory, /proc. */
#define _GNU_SOURCE
#include "show.h"

#include <dirent.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <sys/time.h>
#include <sys/xattr.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    char *names[64];
    int n = 0;
    DIR *d = opendir(path);

    if (!d) {
        show("list %s: %s", path, strerrorname_np(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(d)) && n < 64;) {
        if (asprintf(&names[n], "%s:%d", e->d_name, e->d_type) > 0)
            n++;
    }
    closedir(d);
    qsort(names, (size_t)n, sizeof(*names), by_name);
    for (int i = 0; i < n; i++)
        show("list %s: %s", path, names[i]);
}

static void test_tree(void)
{
    show_call(mkdir("dir", 0755));
    show_call(mkdir("dir", 0755));
    show_call(mkdir("dir/sub/deep", 0755));
    show_call(mkdirat(AT_FDCWD, "dir/sub", 0700));
    show_call(mknod("dir/fifo", S_IFIFO | 0600, 0));
    show_call(close(open("dir/file", O_CREAT | O_WRONLY, 0600)));
    show_call(symlink("file", "dir/link"));
    show_call(symlink("nowhere", "dir/broken"));
    show_call(link("dir/file", "dir/hard"));
    list("dir");
    list("dir/file");
    list("none");
    show_call(rename("dir/file", "dir/renamed"));
    show_call(renameat2(AT_FDCWD, "dir/renamed", AT_FDCWD, "dir/hard", RENAME_NOREPLACE));
    show_call(renameat2(AT_FDCWD, "dir/renamed", AT_FDCWD, "dir/sub", RENAME_EXCHANGE));
    list("dir");
    show_call(unlink("dir/renamed"));
    show_call(rmdir("dir/renamed"));
    show_call(rmdir("dir"));
    show_call(unlinkat(AT_FDCWD, "dir/hard", 0));
    show_call(unlinkat(AT_FDCWD, "dir/hard", AT_REMOVEDIR));
}

static void test_links(void)
{
    char buf[64] = {0};
    struct stat st;

    show_call(readlink("dir/link", buf, sizeof(buf)));
    show("link to %s", buf);
    show_call(readlink("dir/link", buf, 2));
    show_call(readlink("dir/sub", buf, sizeof(buf)));
    show_call(readlink("dir/none", buf, sizeof(buf)));
    show_call(readlink("dir/link", opaque(8), 10));
    show_call(lstat("dir/broken", &st));
    show("broken: mode %o size %ld", st.st_mode, (long)st.st_size);
    show_call(stat("dir/broken", &st));
    show_call(open("dir/broken", O_NOFOLLOW));
    show_call(symlink("loop", "loop"));
    show_call(open("loop", O_RDONLY));
    struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS};
    show_call(syscall(SYS_openat2, AT_FDCWD, "dir/link", &how, sizeof(how)));
    show_call(syscall(SYS_openat2, AT_FDCWD, "dir", &how, 3));
    how = (struct open_how){.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
    show_call(syscall(SYS_openat2, AT_FDCWD, "/etc", &how, sizeof(how)));
}

static void test_permissions(void)
{
    struct stat st;

    show("umask %o", umask(077));
    show("umask %o", umask(022));
    close(open("perm", O_CREAT | O_WRONLY, 0666));
    show_call(chmod("perm", 0604));
    stat("perm", &st);
    show("mode %o", st.st_mode);
    show_call(fchmodat(AT_FDCWD, "perm", 04711, 0));
    stat("perm", &st);
    show("mode %o", st.st_mode);
    show_call(access("perm", R_OK | W_OK));
    show_call(access("none", F_OK));
    show_call(access("perm", 99));
    show_call(faccessat(AT_FDCWD, "perm", W_OK, AT_EACCESS));
    show_call(chown("perm", (uid_t)-1, (gid_t)-1));
    show_call(setxattr("perm", "user.a", "value", 5, 0));
    char buf[16];
    show_call(getxattr("perm", "user.a", buf, sizeof(buf)));
    show_call(getxattr("perm", "user.b", buf, sizeof(buf)));
    show_call(listxattr("perm", buf, sizeof(buf)));
    show_call(removexattr("perm", "user.a"));
}

static void test_times(void)
{
    struct timespec t[2] = {{1000, 123456789}, {2000, 987654321}};
    struct timeval tv[2] = {{5, 6}, {7, 8}};
    struct stat st;

    show_call(utimensat(AT_FDCWD, "perm", t, 0));
    stat("perm", &st);
    show("times %ld.%ld %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_nsec = 1;
    show_call(utimensat(AT_FDCWD, "perm", t, AT_SYMLINK_NOFOLLOW));
    stat("perm", &st);
    show("times %ld.%ld %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
    show_call(utimes("perm", tv));
    int fd = open("perm", O_RDONLY);
    show_call(futimens(fd, t));
    close(fd);
    stat("perm", &st);
    show("times %ld.%ld %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
    t[1].tv_nsec = -5;
    show_call(utimensat(AT_FDCWD, "perm", t, 0));
}

static void test_working_directory(void)
{
    char before[PATH_MAX], after[PATH_MAX];

    show_true(getcwd(before, sizeof(before)) == before);
    show_call(syscall(SYS_getcwd, after, 1));
    show_call(chdir("dir"));
    getcwd(after, sizeof(after));
    show("moved to %s", after + strlen(before));
    int up = open("..", O_PATH | O_DIRECTORY);
    show_call(fchdir(up));
    show_call(chdir("none"));
    show_call(chdir("perm"));
    show_call(fchdir(77));
    show_call(faccessat(up, "perm", F_OK, 0));
    close(up);
}

static void test_proc(const char *self)
{
    char path[PATH_MAX] = {0}, real[PATH_MAX], text[4096] = {0};
    struct stat st;

    show_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0 && realpath(self, real) &&
              strcmp(path, real) == 0);
    show_call(syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, 4));
    show_call(syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, 0));
    struct stat exe;
    show_true(stat("/proc/self/exe", &st) == 0 && stat(self, &exe) == 0 && st.st_ino == exe.st_ino);
    int fd = open("/proc/self/cmdline", O_RDONLY);
    show_true(read(fd, text, sizeof(text)) == (ssize_t)strlen(self) + 1 && strcmp(text, self) == 0);
    close(fd);
    fd = open("/proc/self/exe", O_RDONLY);
    show_true(read(fd, text, 4) == 4 && memcmp(text, "\177ELF", 4) == 0 && fstat(fd, &st) == 0 &&
              st.st_ino == exe.st_ino);
    close(fd);
    fd = open("/proc/self/auxv", O_RDONLY);
    unsigned long aux[128] = {0}, entry = 0;
    show_true(read(fd, aux, sizeof(aux)) > 0);
    close(fd);
    for (int i = 0; i < 127 && aux[i]; i += 2)
        entry = aux[i] == AT_ENTRY ? aux[i + 1] : entry;
    show_true(entry == getauxval(AT_ENTRY));
    /* A function and a variable of ours stand in the map with the right permissions. */
    bool code = false, data = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    char perms[8];
    static int variable = 1;
    while (fgets(text, sizeof(text), maps)) {
        if (sscanf(text, "%lx-%lx %7s", &start, &end, perms) != 3)
            continue;
        if ((unsigned long)test_proc >= start && (unsigned long)test_proc < end)
            code = strcmp(perms, "r-xp") == 0;
        if ((unsigned long)&variable >= start && (unsigned long)&variable < end)
            data = strcmp(perms, "rw-p") == 0;
    }
    fclose(maps);
    show_true(code);
    show_true(data);
    show_call(open("/proc/self/none", O_RDONLY));
}

static void test_inotify(void)
{
    union {
        struct inotify_event event;
        char room[512];
    } u;
    int fd = inotify_init1(IN_NONBLOCK);

    show_call(read(fd, &u, sizeof(u)));
    show_call(inotify_add_watch(fd, "dir", IN_CREATE | IN_DELETE));
    close(open("dir/new", O_CREAT | O_WRONLY, 0600));
    show_call(read(fd, &u, sizeof(u)));
    show("event wd %d mask %x name %s", u.event.wd, u.event.mask, u.event.name);
    close(fd);
}

int main(int argc, char **argv)
{
    umask(022);
    test_tree();
    test_links();
    test_permissions();
    test_times();
    test_working_directory();
    test_inotify();
    test_proc(argv[0]);
    return argc - 1;
}
