/* Programs that change: code written by stores, by the kernel, through a second view, through its
 * file, by a signal handler and by another process, each followed by what RISC-V asks for (fence.i,
 * or the call). The native machine sees every store at once, so it is the judge.
 *
 * A function made here returns a small number. */
#define _GNU_SOURCE
#include "show.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PAGE = 4096, RWX = PROT_READ | PROT_WRITE | PROT_EXEC, CODE_BYTES = 8 };

typedef int (*function)(void);

#ifdef __riscv
static void make_code(unsigned char code[CODE_BYTES], int value)
{
    uint32_t words[2] = {(uint32_t)value << 20 | 10 << 7 | 0x13,
                         0x00008067}; /* li a0, value; ret */
    memcpy(code, words, CODE_BYTES);
}

static void fence(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}

/* Changes its own next instruction, in its own page. */
__asm__(".pushsection .text\n"
        ".balign 4096\n"
        ".option push\n.option norvc\n"
        "patch_self:\n"
        "   la   a2, 1f\n"
        "   slli a1, a1, 20\n"
        "   li   a3, 0x00050513\n" /* addi a0, a0, 0 */
        "   or   a1, a1, a3\n"
        "   sw   a1, 0(a2)\n"
        "   fence.i\n"
        "1: addi a0, a0, 1\n"
        "   ret\n"
        ".balign 4096\n"
        ".option pop\n.popsection\n");
#else
static void make_code(unsigned char code[CODE_BYTES], int value)
{
    memcpy(code, "\xb8\0\0\0\0\xc3\x90\x90", CODE_BYTES); /* mov eax, value; ret */
    memcpy(code + 1, &value, 4);
}

static void fence(void)
{
    __asm__ volatile("" ::: "memory");
}

__asm__(".pushsection .text\n"
        ".balign 4096\n"
        "patch_self:\n"
        "   movb %sil, 1f+2(%rip)\n"
        "   mov  %edi, %eax\n"
        "1: add  $1, %eax\n"
        "   ret\n"
        ".balign 4096\n"
        ".popsection\n");
#endif

int patch_self(int a, int b);

static void put(void *at, int value)
{
    unsigned char code[CODE_BYTES];

    make_code(code, value);
    for (int i = 0; i < CODE_BYTES; i += 4) /* aligned, so stored whole */
        *(volatile uint32_t *)((char *)at + i) = *(uint32_t *)(code + i);
}

static int call(void *at)
{
    return ((function)at)();
}

static void *new_pages(int pages)
{
    return mmap(NULL, (size_t)pages * PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* ---- stores ---------------------------------------------------------------------------------- */

static void test_own_page(void)
{
    long sum = 0;

    show_call(mprotect((void *)((uintptr_t)patch_self & ~4095ul), PAGE, RWX));
    show("itself: %d %d %d", patch_self(1, 10), patch_self(1, 20), patch_self(1, 30));
    for (int i = 0; i < 20000; i++)
        sum += patch_self(0, i & 63);
    show("itself, often: %ld", sum);
}

static void test_rewritten_often(void)
{
    char *p = new_pages(1);
    long sum = 0;

    for (int i = 0; i < 100000; i++) {
        put(p + 64, i % 1000);
        fence();
        sum += call(p + 64);
    }
    show("rewritten, fence: %ld", sum);
    for (int i = 0; i < 100000; i++) {
        put(p + 64, i % 999);
        __builtin___clear_cache(p + 64, p + 64 + CODE_BYTES);
        sum += call(p + 64);
    }
    show("rewritten, flush: %ld", sum);
    munmap(p, PAGE);
}

/* Many pages, each quiet for long. */
static void test_written_now_and_then(void)
{
    enum { PAGES = 50 };
    char *p = new_pages(PAGES);
    long sum = 0;

    for (int i = 0; i < PAGES; i++)
        put(p + i * PAGE, i);
    fence();
    for (int i = 0; i < 5000; i++) {
        put(p + i * 7 % PAGES * PAGE, i % 2000);
        fence();
        for (int k = 0; k < PAGES; k += 5)
            sum += call(p + k * PAGE);
    }
    show("now and then: %ld", sum);
    munmap(p, PAGES * PAGE);
}

/* Data beside code: no fence between its stores. */
static void test_data_beside_code(void)
{
    char *p = new_pages(1);
    volatile long *count = (long *)(p + 1024);
    volatile double *number = (double *)(p + 2048);

    put(p, 1);
    fence();
    for (int i = 0; i < 200000; i++) {
        *count += call(p);
        *number += 0.5;
    }
    show("beside code: %ld %.1f", *count, *number);
    __atomic_fetch_add(count, 5, __ATOMIC_SEQ_CST);
    show("atomic beside code: %ld", *count);
    put(p, 2);
    fence();
    show("after it: %d", call(p));
    munmap(p, PAGE);
}

static void test_first_store_is_atomic(void)
{
    char *p = new_pages(2);
    int was = 7;

    put(p, 3);
    put(p + PAGE, 4);
    fence();
    show("two pages: %d %d", call(p), call(p + PAGE));
    show("exchange: %d", __atomic_compare_exchange_n((int *)(p + 512), &was, 9, 0, __ATOMIC_SEQ_CST,
                                                     __ATOMIC_SEQ_CST));
    show("found: %d", was);
    /* One store to both pages. */
    char *volatile border = p + PAGE - 4;
    *(volatile uint64_t *)border = 0x1122334455667788u;
    show("over the border: %#lx %#x", *(unsigned long *)border, *(volatile unsigned *)(p + PAGE));
    munmap(p, 2 * PAGE);
}

static void test_fence_elsewhere(void)
{
    char *p = new_pages(2);

    put(p, 5);
    put(p + PAGE, 6);
    fence();
    int before = call(p) + call(p + PAGE);
    put(p, 7);
    int between = call(p + PAGE);
    fence();
    show("fence elsewhere: %d %d %d", before, between, call(p));
    munmap(p, 2 * PAGE);
}

/* ---- the kernel writes ----------------------------------------------------------------------- */

static void show_code(const char *what, long result, void *at)
{
    fence();
    show("%s: %ld, %d", what, result, call(at));
}

static void test_kernel(void)
{
    char *p = new_pages(2);
    unsigned char code[CODE_BYTES];
    int pair[2], file = memfd_create("code", 0);

    put(p, 1);
    show_code("store", 0, p);
    make_code(code, 2);
    show_call(pwrite(file, code, sizeof(code), 0));
    show_code("read", read(file, p, 0) + lseek(file, 0, SEEK_SET) + read(file, p, CODE_BYTES), p);
    make_code(code, 3);
    pwrite(file, code, sizeof(code), 0);
    show_code("pread", pread(file, p, CODE_BYTES, 0), p);
    make_code(code, 4);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[0], code, sizeof(code), 0);
    show_code("recv", recv(pair[1], p, CODE_BYTES, 0), p);
    make_code(code, 5);
    struct iovec vec[2] = {{p, 4}, {p + 4, CODE_BYTES - 4}};
    struct msghdr msg = {.msg_iov = vec, .msg_iovlen = 2};
    send(pair[0], code, sizeof(code), 0);
    show_code("recvmsg", recvmsg(pair[1], &msg, 0), p);
    make_code(code, 6);
    pwrite(file, code, sizeof(code), 0);
    show_code("preadv", preadv(file, vec, 2, 0), p);
    put(p + PAGE, 7);
    show_code("next page", 0, p + PAGE);
    show_call(getrandom(p + PAGE + 64, 256, 0));
    show_call(fstat(file, (struct stat *)(p + PAGE + 512)));
    show_call(clock_gettime(CLOCK_REALTIME, (struct timespec *)(p + PAGE + 1024)));
    show_call(syscall(SYS_uname, p + PAGE + 2048) + syscall(SYS_getcwd, p + PAGE + 3072, 500) > 0);
    show_code("still", 0, p + PAGE);
    show_call(madvise(p, PAGE, MADV_DONTNEED));
    put(p, 8);
    show_code("after madvise", 0, p);
    close(file);
    munmap(p, 2 * PAGE);
}

/* ---- views ----------------------------------------------------------------------------------- */

static void check_views(const char *what, char *w, char *x)
{
    long sum = 0;

    for (int i = 0; i < 1000; i++) {
        put(w, i);
        if (i % 2)
            fence();
        else
            __builtin___clear_cache(x, x + CODE_BYTES);
        sum += call(x);
    }
    show("%s: %ld", what, sum);
}

static void test_views(void)
{
    int file = memfd_create("code", 0);
    ftruncate(file, PAGE);
    char *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    check_views("two views", w, x);
    check_views("the file again", mmap(NULL, PAGE, RWX, MAP_SHARED, file, 0), x);

    char *shared = mmap(NULL, PAGE, RWX, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    put(shared, 1);
    fence();
    show("shared: %d", call(shared));
    check_views("mremap", mremap(shared, 0, PAGE, MREMAP_MAYMOVE), shared);

    int id = shmget(IPC_PRIVATE, PAGE, 0700);
    char *first = shmat(id, NULL, SHM_EXEC);
    put(first, 2);
    fence();
    show("shmat: %d", call(first));
    check_views("shmat twice", shmat(id, NULL, 0), first);
    shmctl(id, IPC_RMID, NULL);

    put(shared, 11);
    fence();
    show("before fork: %d", call(shared));
    pid_t child = fork();
    if (child == 0) {
        put(shared, 12);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    fence();
    show("a child wrote: %d", call(shared));
}

/* Private pages show what is written to their file until they are written themselves. */
static void test_file(void)
{
    unsigned char code[CODE_BYTES];
    int file = memfd_create("code", 0);
    long sum = 0;

    ftruncate(file, PAGE);
    char *x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    for (int i = 0; i < 1000; i++) {
        make_code(code, i);
        pwrite(file, code, sizeof(code), 0);
        if (i % 2)
            fence();
        else
            __builtin___clear_cache(x, x + CODE_BYTES);
        sum += call(x);
    }
    show("through the file: %ld", sum);
    char *y = mmap(NULL, PAGE, RWX, MAP_PRIVATE, file, 0);
    show("private: %d", call(y));
    make_code(code, 21);
    pwrite(file, code, sizeof(code), 0);
    show_code("written to the file", 0, y);
    put(y, 22);
    show_code("written itself", 0, y);
    make_code(code, 23);
    pwrite(file, code, sizeof(code), 0);
    show_code("the file no more", 0, y);
    show_code("the other one", 0, x);
}

/* ---- protection ------------------------------------------------------------------------------ */

static sigjmp_buf back;
static volatile siginfo_t seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    seen = *info;
    siglongjmp(back, 1);
}

static int try_store(void *at)
{
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char *)at = *(volatile char *)at;
        return 0;
    }
    return seen.si_addr == at ? seen.si_signo * 100 + seen.si_code : -1;
}

static char page_rights(void *at, int which)
{
    char line[256], rights = '?';
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    char perms[8];

    while (maps && fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) == 3 && (uintptr_t)at >= start &&
            (uintptr_t)at < end)
            rights = perms[which];
    }
    fclose(maps);
    return rights;
}

static void test_protection(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    char *p = new_pages(3);
    long sum = 0;

    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 300; i++) {
        mprotect(p, PAGE, PROT_READ | PROT_WRITE);
        put(p, i);
        mprotect(p, PAGE, PROT_READ | PROT_EXEC);
        fence();
        sum += call(p);
    }
    show("write or execute: %ld", sum);
    show("store to it: %d", try_store(p));
    put(p + PAGE, 31);
    show_code("writable", 0, p + PAGE);
    show("rights: %c%c%c", page_rights(p + PAGE, 0), page_rights(p + PAGE, 1),
         page_rights(p + PAGE, 2));
    show_call(mprotect(p + PAGE, PAGE, RWX));
    put(p + PAGE, 32);
    show_code("the same rights", 0, p + PAGE);
    show_call(mprotect(p + PAGE, PAGE, PROT_READ | PROT_EXEC));
    show("sealed: %d %d", call(p + PAGE), try_store(p + PAGE));
    show_call(mprotect(p + PAGE, PAGE, RWX));
    put(p + PAGE, 33);
    show_code("open again", 0, p + PAGE);
    show_true(mmap(p + PAGE, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              p + PAGE);
    put(p + PAGE, 34);
    show_code("mapped over", 0, p + PAGE);
    char *moved = mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 2 * PAGE);
    show("moved: %d %d", call(moved), try_store(p + PAGE));
    put(moved, 35);
    show_code("moved and written", 0, moved);
    munmap(p, 3 * PAGE);
}

/* ---- signals and processes ------------------------------------------------------------------- */

static char *signal_page;

static void on_usr1(int sig)
{
    put(signal_page, 41);
}

static void test_signal(void)
{
    signal_page = new_pages(1);
    signal(SIGUSR1, on_usr1);
    put(signal_page, 40);
    show_code("before the handler", 0, signal_page);
    raise(SIGUSR1);
    show_code("after it", 0, signal_page);
}

static int vfork_value;

static void test_processes(void)
{
    char *p = new_pages(1);
    int status;

    put(p, 51);
    show_code("parent", 0, p);
    pid_t child = fork();
    if (child == 0) {
        int before = call(p);
        put(p, 52);
        fence();
        _exit(before == 51 && call(p) == 52);
    }
    waitpid(child, &status, 0);
    show_status("child", status);
    show_code("still", 0, p);
    put(p, 53);
    show_code("parent writes", 0, p);
    child = vfork();
    if (child == 0) {
        put(p, 54);
        fence();
        vfork_value = call(p);
        _exit(0);
    }
    waitpid(child, &status, 0);
    show("vfork: %d %d", vfork_value, call(p));
    put(p, 55);
    show_code("after it", 0, p);
}

int main(void)
{
    test_own_page();
    test_rewritten_often();
    test_written_now_and_then();
    test_data_beside_code();
    test_first_store_is_atomic();
    test_fence_elsewhere();
    test_kernel();
    test_views();
    test_file();
    test_protection();
    test_signal();
    test_processes();
    return 0;
}
