/* Programs executed where the runtime's own file has no path: under another root, in a user
 * namespace, in namespaces of mounts, processes and names. Where the machine forbids user
 * namespaces both outputs say so. */
#define _GNU_SOURCE
#include "show.h"

#include <linux/sched.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

enum { STACK = 256 << 10 };

extern char **environ;

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    ssize_t n;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);

    while ((n = read(in, buffer, sizeof(buffer))) > 0)
        if (write(out, buffer, (size_t)n) != n)
            show("no room for a copy");
    close(in);
    close(out);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0755);

    show("write to %s: %s", path,
         write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? "ok" : strerrorname_np(errno));
    close(fd);
}

/* A user namespace of which we are the root. False if the machine forbids it. */
static bool become_root(void)
{
    unsigned uid = geteuid(), gid = getegid();
    char map[64];

    if (unshare(CLONE_NEWUSER) < 0) {
        show("no user namespace: %s", strerrorname_np(errno));
        return false;
    }
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    show("user %d %d, group %d %d", getuid(), geteuid(), getgid(), getegid());
    return true;
}

/* ---- what is executed ------------------------------------------------------------------------ */

/* prog say DEPTH WORD: says where it is, and executes itself again in a few ways. */
static int say(char **argv)
{
    char folder[64] = "", name[17] = "", *end = NULL;
    int depth = atoi(argv[2]), status;

    if (!getcwd(folder, sizeof(folder)))
        strcpy(folder, strerrorname_np(errno));
    if (strcmp(argv[0], "fexecve") != 0) /* kernels differ */
        prctl(PR_GET_NAME, name);
    show("%s %s: user %d, name %s, folder %s, WORD=%s, /prog %d, /etc/passwd %d, pid 1 %d", argv[0],
         argv[3], getuid(), name, folder[0] == '/' && folder[1] ? "(host's)" : folder,
         getenv("WORD"), access("/prog", X_OK), access("/etc/passwd", F_OK), getpid() == 1);
    if (depth == 0)
        return 3;
    char *again[] = {"again", "say", "0", "by posix_spawn", end};
    pid_t pid;
    int error = posix_spawn(&pid, "/prog", NULL, NULL, again, environ);
    waitpid(pid, &status, 0);
    show("posix_spawn: %s", strerrorname_np(error));
    show_status("posix_spawn", status);
    again[3] = "by a script";
    if ((pid = fork()) == 0) {
        execv("/script", again);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show_status("script", status);
    again[3] = "by execve";
    execv("/prog", again);
    return 98;
}

static char *const say_words[] = {"first", "say", "1", "outside", NULL};

static void execute(const char *path, const char *how)
{
    char *words[] = {"first", "say", "1", (char *)how, NULL};

    execv(path, words);
    show("%s: %s", how, strerrorname_np(errno));
}

/* ---- another root ---------------------------------------------------------------------------- */

static void enter_root(void)
{
    if (geteuid() != 0 && !become_root())
        _exit(1);
    show_call(chroot("root"));
    show_call(chdir("/"));
}

static void test_chroot(void)
{
    enter_root();
    execute("/nothing", "nothing");
    execute("/bin/sh", "the host's");
    execute("/prog", "chroot");
}

static void test_chroot_relative(void)
{
    enter_root();
    execute("./prog", "relative");
}

/* By a descriptor from outside. */
static void test_chroot_fexecve(void)
{
    char *words[] = {"fexecve", "say", "0", "by a descriptor", NULL};
    int fd = open("prog", O_RDONLY | O_CLOEXEC);

    enter_root();
    fexecve(fd, words, environ);
    show("fexecve: %s", strerrorname_np(errno));
}

/* Its working directory stays outside. */
static void test_chroot_outside(void)
{
    if (geteuid() != 0 && !become_root())
        _exit(1);
    show_call(chroot("root"));
    execute("/prog", "outside of the root");
}

static int run_in_root(void *arg)
{
    show_call(chroot("root"));
    show_call(chdir("/"));
    execute("/prog", arg);
    return 97;
}

/* What shares the memory and not the view has a root of its own. */
static void test_chroot_shared(void)
{
    static const int flags[] = {CLONE_VM | CLONE_VFORK, CLONE_VM, CLONE_VM | CLONE_FILES,
                                CLONE_FILES, 0};
    static char stack[STACK] __attribute__((aligned(16)));
    int status;

    if (geteuid() != 0 && !become_root())
        _exit(1);
    for (int i = 0; i < 5; i++) {
        pid_t pid = clone(run_in_root, stack + STACK, flags[i] | SIGCHLD, "a clone");
        waitpid(pid, &status, 0);
        show_status("clone in the root", status);
        show("still outside: %d", access("root/prog", X_OK));
    }
    pid_t pid = clone(run_in_root, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FS | SIGCHLD,
                      "with the view");
    waitpid(pid, &status, 0);
    show_status("clone with the view", status);
    execute("/prog", "the parent, inside too");
}

/* ---- user namespaces ------------------------------------------------------------------------- */

static void test_user(void)
{
    char *words[] = {"prog", "user", NULL};

    if (become_root())
        execv("./prog", words);
}

static int execute_user(void *arg)
{
    char *words[] = {"prog", "user", NULL};

    execv("./prog", words);
    return 96;
}

/* By clone. The map is the parent's to write, and is not: nobody's id is the overflow id. */
static void test_user_clone(void)
{
    static const int flags[] = {0, CLONE_VM | CLONE_VFORK, CLONE_VM, CLONE_NEWPID,
                                CLONE_NEWPID | CLONE_VM};
    static char stack[STACK] __attribute__((aligned(16)));
    int status;

    for (int i = 0; i < 5; i++) {
        pid_t pid = clone(execute_user, stack + STACK, flags[i] | CLONE_NEWUSER | SIGCHLD, NULL);
        if (pid < 0) {
            show("clone: %s", strerrorname_np(errno));
            continue;
        }
        waitpid(pid, &status, 0);
        show_status("clone into a user namespace", status);
    }
}

static void test_user_chroot(void)
{
    if (!become_root())
        return;
    show_call(chroot("root"));
    show_call(chdir("/"));
    execute("/prog", "user and root");
}

/* ---- other namespaces ------------------------------------------------------------------------ */

/* The first process of a namespace of processes. */
static void test_processes(void)
{
    int status;

    if (!become_root())
        return;
    show_call(unshare(CLONE_NEWPID));
    pid_t pid = fork();
    if (pid == 0) {
        char *words[] = {"prog", "user", NULL};
        show("pid: %d, parent: %d", getpid(), getppid());
        execv("./prog", words);
    }
    waitpid(pid, &status, 0);
    show_status("the first process", status);
}

static void test_names(void)
{
    struct utsname name;

    if (!become_root())
        return;
    show_call(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET));
    show_call(sethostname("isolated", 8));
    uname(&name);
    show("host name: %s", name.nodename);
    execute_user(NULL);
}

/* A root made of a mount, and the old one gone. */
static void test_pivot(void)
{
    if (!become_root())
        return;
    show_call(unshare(CLONE_NEWNS));
    show_call(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    show_call(mount("root", "root", NULL, MS_BIND, NULL));
    show_call(mkdir("root/old", 0755));
    show_call(chdir("root"));
    show_call(syscall(SYS_pivot_root, ".", "old"));
    show_call(chdir("/"));
    show_call(umount2("/old", MNT_DETACH));
    show_call(rmdir("/old"));
    execute("/prog", "pivot_root");
}

/* Into a namespace of mounts and back. */
static void test_setns(void)
{
    if (!become_root())
        return;
    int before = open("/proc/self/ns/mnt", O_RDONLY);
    show_call(unshare(CLONE_NEWNS));
    show_call(mount("none", "root", "tmpfs", 0, NULL));
    show("hidden: %d", access("root/prog", F_OK));
    int fd = open("/proc/self/ns/mnt", O_RDONLY);
    show_call(setns(before, CLONE_NEWUTS));
    show_call(setns(before, CLONE_NEWNS));
    show_call(setns(fd, 0));
    close(fd);
    close(before);
}

int main(int argc, char **argv)
{
    if (argc > 3)
        return say(argv);
    if (argc > 1) {
        show("%s: user %s, pid 1: %d", argv[1], getuid() == 0 ? "root" : "nobody", getpid() == 1);
        return 4;
    }
    setenv("WORD", "kept", 1);
    mkdir("root", 0755);
    copy_file("prog", "root/prog");
    write_file("root/script", "#!/prog say 0 script\n");
    in_child("chroot", test_chroot);
    in_child("chroot, relative", test_chroot_relative);
    in_child("chroot, fexecve", test_chroot_fexecve);
    in_child("chroot, outside", test_chroot_outside);
    in_child("chroot, shared", test_chroot_shared);
    in_child("user namespace", test_user);
    in_child("user namespace by clone", test_user_clone);
    in_child("user namespace and chroot", test_user_chroot);
    in_child("processes", test_processes);
    in_child("names", test_names);
    in_child("pivot_root", test_pivot);
    in_child("setns", test_setns);
    return 0;
}
