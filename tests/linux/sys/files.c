/* Files and descriptors: open, read, write, seek, vectors, truncation, duplicates, locks, stat. */
#define _GNU_SOURCE
#include "show.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

static void test_open(void)
{
    show_call(open("none", O_RDONLY));
    show_call(open("", O_RDONLY));
    show_call(open(opaque(0), O_RDONLY));
    show_call(open(opaque(8), O_RDONLY));
    show_call(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    show_call(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    show_call(open("a/b", O_RDONLY));
    show_call(open(".", O_WRONLY));
    show_call(open("a", O_DIRECTORY));
    show_call(close(3));
    show_call(close(3));
    show_call(close(-1));
    char name[5000];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    show_call(open(name, O_RDONLY));
    name[300] = 0;
    show_call(open(name, O_RDONLY));
}

static void test_read_write(void)
{
    int fd = open("b", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char buf[64] = {0};

    show_call(write(fd, "hello world", 11));
    show_call(lseek(fd, 0, SEEK_SET));
    show_call(read(fd, buf, 5));
    show("read text: %s", buf);
    show_call(pread(fd, buf, 64, 6));
    show("pread text: %s", buf);
    show_call(pwrite(fd, "W", 1, 6));
    show_call(lseek(fd, 0, SEEK_CUR));
    show_call(lseek(fd, -100, SEEK_SET));
    show_call(lseek(fd, 4, SEEK_END));
    show_call(lseek(fd, 0, 77));
    show_call(read(fd, opaque(0), 5));
    lseek(fd, 0, SEEK_SET);
    show_call(read(fd, (void *)-4096, 5));
    show_call(read(fd, (void *)(1ul << 50), 5));
    show_call(write(fd, (void *)(1ul << 50), 5));
    show_call(write(fd, (void *)-1, 1));
    show_call(read(fd, buf, 0));
    show_call(read(-1, buf, 1));
    show_call(ftruncate(fd, 100));
    struct stat st;
    show_call(fstat(fd, &st));
    show("size %ld blocks %ld blksize %ld", (long)st.st_size, (long)st.st_blocks,
         (long)st.st_blksize);
    show_call(ftruncate(fd, -1));
    show_call(posix_fallocate(fd, 0, 5000));
    fstat(fd, &st);
    show("size %ld", (long)st.st_size);
    close(fd);
}

static void test_vectors(void)
{
    int fd = open("c", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char a[4] = "abc", b[8] = "defghij", x[3], y[20] = {0};
    struct iovec out[2] = {{a, 3}, {b, 7}}, in[2] = {{x, 3}, {y, 19}};

    show_call(writev(fd, out, 2));
    show_call(preadv(fd, in, 2, 1));
    show("x %.3s y %s", x, y);
    show_call(pwritev(fd, out, 1, 20));
    show_call(readv(fd, in, 2));
    show_call(writev(fd, out, (int)(intptr_t)opaque(-1)));
    show_call(writev(fd, out, (int)(intptr_t)opaque(2000)));
    show_call(writev(fd, opaque(0), 1));
    show_call(writev(fd, out, 0));
    struct iovec bad[2] = {{a, 3}, {(void *)(1ul << 50), 7}};
    lseek(fd, 0, SEEK_SET);
    show_true(writev(fd, bad, 2) == 3 || errno == EFAULT);
    show_call(preadv2(fd, in, 2, 0, 0));
    close(fd);
}

static void test_duplicates(void)
{
    int fd = open("b", O_RDONLY);

    show_call(dup(fd));
    show_call(dup2(fd, 20));
    show_call(dup2(fd, fd));
    show_call(dup3(fd, fd, 0));
    show_call(dup3(fd, 21, O_CLOEXEC));
    show_call(fcntl(21, F_GETFD));
    show_call(fcntl(20, F_GETFD));
    show_call(fcntl(fd, F_DUPFD, 30));
    show_call(fcntl(fd, F_DUPFD_CLOEXEC, 30));
    show_call(fcntl(fd, F_GETFL) & ~0100000);
    show_call(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND));
    show_call(fcntl(fd, F_GETFL) & ~0100000);
    show_call(fcntl(99, F_GETFL));
    show_call(fcntl(fd, 12345));
    show_call(close_range(20, 40, 0));
    show_call(fcntl(30, F_GETFD));
    show_call(close_range(5, 4, 0));
    show_call(close_range(3, ~0u, 0));
    show_call(close_range(3, ~0u, 0xf0));
    show_call(fcntl(fd, F_GETFD));
    show_call(open("b", O_RDONLY));
    close(3);
}

static void test_locks(void)
{
    int fd = open("b", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10};

    show_call(fcntl(fd, F_SETLK, &lock));
    if (fork() == 0) {
        struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
        fcntl(fd, F_GETLK, &probe);
        show("lock seen: type %d start %ld len %ld holder is parent %d", probe.l_type,
             (long)probe.l_start, (long)probe.l_len, probe.l_pid == getppid());
        show_call(fcntl(fd, F_SETLK, &lock));
        _exit(0);
    }
    wait(NULL);
    show_call(fcntl(fd, F_SETLK, opaque(8)));
    show_call(flock(fd, LOCK_EX));
    show_call(flock(fd, LOCK_UN));
    show_call(flock(fd, 77));
    struct f_owner_ex owner = {F_OWNER_PID, 0};
    show_call(fcntl(fd, F_SETOWN_EX, &owner));
    show_call(fcntl(fd, F_GETOWN_EX, &owner));
    show("owner %d %d", owner.type, owner.pid);
    close(fd);
}

static void test_stat(void)
{
    struct stat st, st2;
    struct statx sx;
    struct statfs fs;

    show_call(stat("b", &st));
    show("mode %o nlink %lu uid %u gid %u size %ld", st.st_mode, (unsigned long)st.st_nlink,
         st.st_uid, st.st_gid, (long)st.st_size);
    show_call(statx(AT_FDCWD, "b", 0, STATX_ALL, &sx));
    show_true(sx.stx_ino == st.st_ino && sx.stx_size == (uint64_t)st.st_size &&
              sx.stx_mtime.tv_sec == st.st_mtim.tv_sec &&
              sx.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
    show_true(sx.stx_dev_major == (st.st_dev >> 8 & 0xfff) || st.st_dev > 0xffff);
    int fd = open("b", O_RDONLY);
    show_call(fstat(fd, &st2));
    show_true(st.st_ino == st2.st_ino && st.st_dev == st2.st_dev &&
              st.st_ctim.tv_nsec == st2.st_ctim.tv_nsec);
    show_call(fstatat(fd, "", &st2, AT_EMPTY_PATH));
    show_call(fstatat(AT_FDCWD, "", &st2, 0));
    show_call(fstat(77, &st));
    show_call(stat("b", opaque(8)));
    show_call(syscall(SYS_fstat, fd, opaque(8)));
    show_call(syscall(SYS_fstat, fd, NULL));
    show_call(statfs("b", &fs));
    show("namelen %ld bsize>0 %d", (long)fs.f_namelen, fs.f_bsize > 0);
    show_call(fstatfs(fd, &fs));
    show_call(stat("/dev/null", &st));
    show("null: mode %o rdev %lx", st.st_mode, (unsigned long)st.st_rdev);
    close(fd);
}

static void test_copies(void)
{
    int in = open("c", O_RDONLY), out = open("d", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];
    off_t at = 2;
    char buf[16] = {0};

    show_call(sendfile(out, in, &at, 4));
    show("offset %ld", (long)at);
    loff_t from = 0, to = 10;
    show_call(copy_file_range(in, &from, out, &to, 3, 0));
    show("from %ld to %ld", (long)from, (long)to);
    show_call(pipe2(p, O_CLOEXEC));
    from = 1;
    show_call(splice(in, &from, p[1], NULL, 5, 0));
    show_call(read(p[0], buf, 15));
    show("spliced %s", buf);
    int m = memfd_create("name", MFD_ALLOW_SEALING);
    show_true(m >= 0);
    show_call(write(m, "x", 1));
    show_call(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
    show_call(write(m, "x", 1));
    show_call(fcntl(m, F_GET_SEALS));
}

int main(void)
{
    umask(022);
    test_open();
    test_read_write();
    test_vectors();
    test_duplicates();
    test_locks();
    test_stat();
    test_copies();
    return 0;
}
