/* Calls that few programs make, and those of the last kernels: structs with addresses in them, and
 * requests whose arguments depend on a command. */
#define _GNU_SOURCE
#include "show.h"

#include <elf.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* Numbers from 424 on are the same everywhere. */
enum {
    OPEN_TREE = 428,
    FSOPEN = 430,
    FSCONFIG,
    FSMOUNT,
    MOUNT_SETATTR = 442,
    LISTMOUNT = 458,
    LSM_LIST = 461,
    SETXATTRAT = 463,
    GETXATTRAT,
    LISTXATTRAT,
    REMOVEXATTRAT,
    FILE_GETATTR = 468,
};

static void own_memory(void)
{
    char from[] = "remote text", to[16] = "", more[16] = "";
    struct iovec remote[2] = {{from, 6}, {from + 7, 4}}, local[2] = {{to, 3}, {more, 15}};
    struct iovec bad = {opaque(8), 4};

    show_call(syscall(SYS_process_vm_readv, getpid(), local, 2, remote, 2, 0));
    show("%s|%s", to, more);
    show_call(syscall(SYS_process_vm_writev, getpid(), local, 1, remote + 1, 1, 0));
    show("%s", from);
    show_call(syscall(SYS_process_vm_readv, getpid(), local, 1, &bad, 1, 0));
    show_call(syscall(SYS_process_vm_readv, getpid(), &bad, 1, remote, 1, 0));
    show_call(syscall(SYS_process_vm_readv, getpid(), opaque(8), 1, remote, 1, 0));
    show_call(syscall(SYS_process_vm_readv, getpid(), local, 1, remote, 1, 1));
    show_call(syscall(SYS_process_vm_readv, getpid(), local, 2000, remote, 1, 0));
    show_call(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
}

static void vector(void)
{
    uint64_t auxv[200] = {0};
    enum { GET_AUXV = 0x41555856 };
    bool entry = false;

    long size = prctl(GET_AUXV, auxv, sizeof(auxv), 0, 0);
    show_true(size > 100 && size % 16 == 0 && auxv[size / 8 - 2] == AT_NULL);
    for (long i = 0; i < size / 8; i += 2)
        entry |= auxv[i] == AT_PAGESZ && auxv[i + 1] == 4096;
    show_true(entry);
    auxv[1] = 77;
    show_true(prctl(GET_AUXV, auxv, 8, 0, 0) == size && auxv[1] == 77);
    show_call(prctl(GET_AUXV, opaque(8), 100, 0, 0));
    show_call(prctl(GET_AUXV, auxv, 8, 1, 0));
    show_call(prctl(PR_SET_PTRACER, 0, 0, 0, 0));
    show_call(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show_call(prctl(12345, 0, 0, 0, 0));
}

static void compare_files(void)
{
    struct {
        uint32_t set, fd, offset;
    } slot;
    int set = epoll_create1(0), fds[2];
    struct epoll_event event = {.events = EPOLLIN};

    if (pipe(fds))
        _exit(9);
    show_call(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &event));
    slot.set = set, slot.fd = fds[0], slot.offset = 0;
    show_call(syscall(SYS_kcmp, getpid(), getpid(), 0, fds[0], fds[0]));
    show_call(syscall(SYS_kcmp, getpid(), getpid(), 7, fds[0], &slot));
    show_call(syscall(SYS_kcmp, getpid(), getpid(), 7, fds[0], opaque(8)));
    show_true(syscall(SYS_kcmp, getpid(), getpid(), 0, fds[0], fds[1]) > 0);
    show_call(syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
    close(set), close(fds[0]), close(fds[1]);
}

static void nodes(void)
{
    unsigned long mask[16] = {0};
    int mode = -1;
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    show_call(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0));
    show("mode %d", mode);
    show_call(syscall(SYS_get_mempolicy, &mode, mask, 1024, page, 2));
    show_call(syscall(SYS_get_mempolicy, opaque(8), NULL, 0, NULL, 0));
    mask[0] = 1;
    show_call(syscall(SYS_mbind, page, 8192, 2, mask, 1024, 0));
    show_call(syscall(SYS_get_mempolicy, &mode, mask, 1024, page, 2));
    show("mode %d, nodes %lx", mode, mask[0]);
    show_call(syscall(SYS_mbind, page, 8192, 2, opaque(8), 1024, 0));
    show_call(syscall(SYS_mbind, opaque(4096), 8192, 2, mask, 1024, 0));
    show_call(syscall(SYS_set_mempolicy, 0, NULL, 0));
    show_call(syscall(SYS_set_mempolicy, 99, mask, 1024));
}

static void attributes(void)
{
    struct {
        uint64_t value;
        uint32_t size, flags;
    } args = {(uintptr_t) "text", 4, 0};
    char value[16] = "", list[64] = "";
    uint64_t attr[4] = {0};
    int fd = open("attributed", O_CREAT | O_RDWR, 0600), here = open(".", O_PATH);

    show_call(syscall(SETXATTRAT, here, "attributed", 0, "user.one", &args, sizeof(args)));
    args.value = (uintptr_t)value, args.size = 15;
    show_call(syscall(GETXATTRAT, AT_FDCWD, "attributed", 0, "user.one", &args, sizeof(args)));
    show_call(syscall(GETXATTRAT, fd, "", AT_EMPTY_PATH, "user.one", &args, sizeof(args)));
    show("%s", value);
    show_call(syscall(LISTXATTRAT, here, "attributed", 0, list, 64));
    show("%s", list);
    args.value = 8;
    show_call(syscall(GETXATTRAT, here, "attributed", 0, "user.one", &args, sizeof(args)));
    show_call(syscall(GETXATTRAT, here, "attributed", 0, "user.one", &args, 8));
    show_call(syscall(GETXATTRAT, here, "attributed", 0, "user.one", opaque(8), sizeof(args)));
    show_call(syscall(REMOVEXATTRAT, here, "attributed", 0, "user.one"));
    show_call(syscall(REMOVEXATTRAT, here, "attributed", 0, "user.one"));
    show_call(syscall(FILE_GETATTR, here, "attributed", attr, 24, 0));
    show_call(syscall(FILE_GETATTR, here, "attributed", attr, 4, 0));
    show_call(syscall(FILE_GETATTR, here, "none", attr, 24, 0));
    show_call(syscall(FILE_GETATTR, here, "attributed", opaque(8), 24, 0));
    close(fd), close(here);
}

static void mounts(void)
{
    struct {
        uint32_t size, spare;
        uint64_t id, param;
    } request = {24, 0, UINT64_MAX, 0}; /* LSMT_ROOT */
    uint64_t ids[512], attr[4] = {1};
    uint32_t size = sizeof(ids);

    show_true(syscall(LISTMOUNT, &request, ids, 512, 0) > 0);
    show_call(syscall(LISTMOUNT, opaque(8), ids, 512, 0));
    show_call(syscall(LISTMOUNT, &request, opaque(8), 512, 0));
    show_true(syscall(LSM_LIST, ids, &size, 0) >= 0 && size < sizeof(ids));
    show_call(syscall(LSM_LIST, ids, opaque(8), 0));
    show_call(syscall(FSOPEN, "nosuchfs", 0));
    show_call(syscall(FSOPEN, opaque(8), 0));
    int fs = syscall(FSOPEN, "tmpfs", 1);
    show_true(fs >= 0);
    show_call(syscall(FSCONFIG, fs, 1, "size", "1M", 0));
    show_call(syscall(FSCONFIG, fs, 1, "nothing", "x", 0));
    show_call(syscall(FSCONFIG, fs, 1, "size", opaque(8), 0));
    show_call(syscall(FSCONFIG, fs, 1, opaque(8), "x", 0));
    show_call(syscall(FSCONFIG, fs, 0, "huge", "x", 0));
    show_call(syscall(FSCONFIG, fs, 2, "x", "abc", 3));
    show_call(syscall(FSCONFIG, fs, 6, NULL, NULL, 0));
    int mount = syscall(FSMOUNT, fs, 1, 0);
    show_true(mount >= 0);
    show_call(syscall(MOUNT_SETATTR, mount, "", AT_EMPTY_PATH, attr, 32));
    int fd = openat(mount, "file", O_CREAT | O_WRONLY, 0600);
    show("file %s", fd >= 0 ? "made" : strerrorname_np(errno));
    int tree = syscall(OPEN_TREE, AT_FDCWD, ".", 1 | O_CLOEXEC);
    show_true(tree >= 0);
    show_call(syscall(OPEN_TREE, AT_FDCWD, "none", 1));
    close(fs), close(mount), close(fd), close(tree);
}

static void links(void)
{
    char event[256];
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), target;

    close(open("target", O_CREAT | O_RDWR, 0600));
    show_call(symlink("target", "link"));
    show_call(inotify_add_watch(fd, "link", IN_ATTRIB | IN_DONT_FOLLOW));
    show_call(chmod("target", 0640));
    show_call(read(fd, event, sizeof(event)));
    show_call(inotify_add_watch(fd, "link", IN_ATTRIB));
    show_call(chmod("target", 0600));
    show_true(read(fd, event, sizeof(event)) > 0);
    show_call(inotify_add_watch(fd, "none", IN_ATTRIB));
    show_call(inotify_add_watch(fd, opaque(8), IN_ATTRIB));
    show_call(inotify_add_watch(fd, "link", 0));
    close(fd);
}

static void root(void)
{
    struct stat a, b;
    int status;

    mkdir("root", 0755);
    mkdir("root/inner", 0755);
    if (fork() == 0) {
        show_call(chroot("none"));
        show_call(chroot(opaque(8)));
        show_call(chroot("root"));
        show_call(chdir("/"));
        show_call(stat("/inner", &a));
        show_call(stat("/etc/passwd", &b));
        show_call(open("/proc/self/exe", O_RDONLY));
        show_call(access("/proc/self/maps", R_OK));
        char *args[] = {"x", NULL};
        show_call(execv("/inner", args));
        show_call(execv("/none", args));
        _exit(0);
    }
    wait(&status);
    show_status("root", status);
}

int main(void)
{
    own_memory();
    vector();
    compare_files();
    nodes();
    attributes();
    mounts();
    links();
    root();
    return 0;
}
