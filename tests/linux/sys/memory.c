/* The address space: mmap, munmap, mprotect, mremap, brk, madvise, shared memory, and faults as
 * signals. */
#define _GNU_SOURCE
#include "show.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/shm.h>

enum { PAGE = 4096 };

static sigjmp_buf back;
static volatile siginfo_t seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    seen = *info;
    siglongjmp(back, 1);
}

/* Reads or writes a byte: -1, or the signal with its code; where tells if the address was right. */
static int try_access(volatile char *p, bool write)
{
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *p = 1;
        else
            (void)*p;
        return 0;
    }
    if (seen.si_addr != (void *)p)
        return 10000;
    return seen.si_signo * 100 + seen.si_code;
}

static void test_map(void)
{
    char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    show_true(p != MAP_FAILED && (uintptr_t)p % PAGE == 0 && p[0] == 0 && p[4 * PAGE - 1] == 0);
    show("read: %d write: %d", try_access(p, false), try_access(p, true));
    show_call(munmap(p + PAGE, PAGE));
    show("hole: %d %d", try_access(p + PAGE, false), try_access(p + PAGE, true));
    show("around: %d %d", try_access(p + PAGE - 1, true), try_access(p + 2 * PAGE, true));
    show_call(mprotect(p, PAGE, PROT_READ));
    show("read-only: %d %d", try_access(p, false), try_access(p, true));
    show_call(mprotect(p, PAGE, PROT_NONE));
    show("none: %d %d", try_access(p, false), try_access(p, true));
    show_call(mprotect(p, 4 * PAGE, PROT_READ));
    show_call(mprotect(p + 1, PAGE, PROT_READ));
    show_true(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0) == p + PAGE);
    show("filled: %d", try_access(p + PAGE, true));
    show_true(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
                  MAP_FAILED &&
              errno == EEXIST);
    show_call(munmap(p, 4 * PAGE));
    show_true(mmap(p, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == p);
    show_call(munmap(p, 4 * PAGE));
    show_call(munmap(p, 4 * PAGE));
    show_call(munmap(p + 1, PAGE));
    show_call(munmap(p, 0));
    show_call((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    show_call((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    show_call((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
    show_call(
        (long)mmap(NULL, 1ul << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    show_call((long)mmap((void *)(1ul << 60), PAGE, PROT_READ,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void test_files(void)
{
    int fd = open("map", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char buf[8] = {0};

    show_call(ftruncate(fd, PAGE + 100));
    pwrite(fd, "first", 5, 0);
    char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
    show("shared %s private %s", shared, private);
    memcpy(shared, "SHARED", 6);
    memcpy(private, "own", 3);
    show_call(msync(shared, PAGE, MS_SYNC));
    show_call(pread(fd, buf, 6, 0));
    show("file %s private %s", buf, private);
    shared[PAGE + 5] = 'z';
    show("second %c", second[5]);
    show("tail: %d beyond: %d", try_access(shared + PAGE + 200, true),
         try_access(shared + 2 * PAGE, true));
    show_call((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 5));
    show_call((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 77, 0));
    close(fd);
    fd = open("map", O_RDONLY);
    show_call((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    char *ro = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    show_call(mprotect(ro, PAGE, PROT_READ | PROT_WRITE));
    show("still: %c", shared[0]);
}

static void test_remap(void)
{
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *block = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    strcpy(p + PAGE, "kept");
    char *q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    show("grown: %s %d", q + PAGE, q[63 * PAGE]);
    show_true(mremap(q, 64 * PAGE, PAGE, 0) == q);
    show("shrunk: %d", try_access(q + PAGE, false));
    char *r = mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, block + 2 * PAGE);
    show_true(r == block + 2 * PAGE);
    show("moved: %d old: %d", try_access(r, true), try_access(q, true));
    show_call((long)mremap(block, PAGE, 2 * PAGE, 0));
    show_call((long)mremap(block + 1, PAGE, 2 * PAGE, 0));
    show_call((long)mremap(block, PAGE, 0, 0));
    show_call((long)mremap((void *)PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
}

static void test_brk(void)
{
    char *start = sbrk(0);

    show_true(sbrk(3 * PAGE) == start);
    start[3 * PAGE - 1] = 5;
    show_true((char *)sbrk(0) == start + 3 * PAGE && start[2 * PAGE] == 0);
    show_true(sbrk(-2 * PAGE) == start + 3 * PAGE);
    show_true(sbrk(2 * PAGE) != (void *)-1 && start[3 * PAGE - 1] == 0);
    show_call(brk((char *)start - (1ul << 30)));
    show_call((long)sbrk((intptr_t)1 << 60));
}

static void test_advice(void)
{
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char vec[2];

    p[0] = p[PAGE] = 7;
    show_call(madvise(p, PAGE, MADV_DONTNEED));
    show("after DONTNEED: %d %d", p[0], p[PAGE]);
    show_call(madvise(p, PAGE, 9999));
    show_call(madvise(p + 1, PAGE, MADV_DONTNEED));
    show_call(mincore(p, 2 * PAGE, vec));
    show("resident %d", vec[1] & 1);
    show_call(mlock(p, PAGE));
    show_call(munlock(p, PAGE));
    show_call(mlock((void *)PAGE, PAGE));
    show_call(msync((void *)PAGE, PAGE, MS_ASYNC));
    show_call(madvise((void *)PAGE, PAGE, MADV_WILLNEED));
    munmap(p, 2 * PAGE);
    show_call(mincore(p, PAGE, vec));
}

static void test_shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
    struct shmid_ds ds;

    show_true(id >= 0);
    char *p = shmat(id, NULL, 0);
    show_true(p != (char *)-1);
    show_call(shmctl(id, IPC_STAT, &ds));
    show("attached %ld size %ld", (long)ds.shm_nattch, (long)ds.shm_segsz);
    if (fork() == 0) {
        strcpy(p + PAGE, "from the child");
        _exit(0);
    }
    wait(NULL);
    show("child wrote: %s", p + PAGE);
    char *q = shmat(id, NULL, SHM_RDONLY);
    show("second: %s write: %d", q + PAGE, try_access(q, true));
    show_call(shmdt(q));
    show("detached: %d", try_access(q, false));
    show_call(shmdt(q));
    show_call(shmdt(p));
    show_call(shmctl(id, IPC_RMID, NULL));
    show_call((long)shmat(id, NULL, 0));
}

/* A function's bytes are written, called, changed and called again. */
static void test_code(void)
{
#ifdef __riscv
    static const uint32_t first[] = {0x00500513, 0x00008067}, second[] = {0x00700513, 0x00008067};
#else
    static const unsigned char first[] = {0xb8, 5, 0, 0, 0, 0xc3},
                               second[] = {0xb8, 7, 0, 0, 0, 0xc3};
#endif
    char *p =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*f)(void);

    memcpy(&f, &p, sizeof(f));
    memcpy(p, first, sizeof(first));
    __builtin___clear_cache(p, p + PAGE);
    show("first: %d", f());
    memcpy(p, second, sizeof(second));
    __builtin___clear_cache(p, p + PAGE);
    show("second: %d", f());
    mprotect(p, PAGE, PROT_READ | PROT_WRITE);
    if (sigsetjmp(back, 1) == 0)
        show("not executable: %d", f());
    else
        show("not executable: signal %d code %d at it %d", seen.si_signo, seen.si_code,
             seen.si_addr == p);
    memcpy(p, first, sizeof(first));
    mprotect(p, PAGE, PROT_READ | PROT_EXEC);
    show("third: %d", f());
    munmap(p, PAGE);
    if (sigsetjmp(back, 1) == 0)
        show("unmapped: %d", f());
    else
        show("unmapped: signal %d code %d at it %d", seen.si_signo, seen.si_code,
             seen.si_addr == p);
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    test_map();
    test_files();
    test_remap();
    test_brk();
    test_advice();
    test_shared_memory();
    test_code();
    return 0;
}
