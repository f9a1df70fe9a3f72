# A program that the guest's musl-gcc builds: dynamic with musl's own loader, static; and glibc's static-PIE.
cd scratch || exit 1
cat >program.c <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
static volatile sig_atomic_t caught;
static void handler(int signal) { caught += signal == SIGUSR1; }
static __thread int local = 3;
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
int main(int argc, char **argv)
{
    printf("%d %s %.10f %.3e %a\n", argc, argv[argc - 1], sqrt(2), exp(10), 1.5);
    char *words[] = {"pear", "apple", "fig"};
    qsort(words, 3, sizeof *words, by_name);
    printf("%s %s %s\n", words[0], words[1], words[2]);
    regex_t re;
    regmatch_t m[3];
    regcomp(&re, "([a-z]+)=([0-9]+)", REG_EXTENDED);
    int found = regexec(&re, "x key=42", 3, m, 0);
    printf("%d %d %d\n", found, (int)m[1].rm_so, (int)m[2].rm_eo);
    regfree(&re);
    setlocale(LC_ALL, "C.UTF-8");
    printf("%zu %d %ls\n", mbstowcs(NULL, "Gr\303\274\303\237e", 0), wcwidth(0x65e5), L"w\u00e4");
    FILE *f = fopen("file", "w+");
    for (int i = 0; i < 1000; i++) fprintf(f, "%d\n", i * i);
    rewind(f);
    long sum = 0, n;
    while (fscanf(f, "%ld", &n) == 1) sum += n;
    struct stat st;
    fstat(fileno(f), &st);
    printf("%ld %ld %o\n", sum, (long)st.st_size, (unsigned)st.st_mode & 0777);
    fclose(f);
    errno = 0;
    fopen("nosuch", "r");
    printf("%s %d\n", strerror(errno), errno);
    struct tm tm;
    time_t t = 1709212455;
    char text[64];
    strftime(text, sizeof text, "%F %T %A %j", gmtime_r(&t, &tm));
    puts(text);
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigjmp_buf back;
    if (!sigsetjmp(back, 1)) siglongjmp(back, 1);
    printf("caught %d local %d\n", (int)caught, ++local);
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 'x', 1 << 20);
    printf("%c ", p[12345]);
    printf("%d\n", munmap(p, 1 << 20));
    void *blocks[200];
    for (int i = 0; i < 200; i++) memset(blocks[i] = malloc(i * 997 % 70000 + 1), i, i * 997 % 70000 + 1);
    for (int i = 0; i < 200; i++) free(blocks[i * 7 % 200]); /* 7 and 200 have no common factor */
    fflush(stdout);
    pid_t child = fork();
    if (!child) { execl("/bin/sh", "sh", "-c", "echo from a child; exit 5", (char *)0); _exit(1); }
    int status;
    waitpid(child, &status, 0);
    printf("child %d, system %d\n", WEXITSTATUS(status), WEXITSTATUS(system("exit 6")));
    FILE *pipe = popen("sort -r", "w");
    fputs("a\nc\nb\n", pipe);
    printf("pclose %d\n", pclose(pipe));
    printf("%s %d %ld %g\n", getenv("TZ"), atoi("42x"), strtol("0x7f", NULL, 0), strtod("1e-5", NULL));
    return 7;
}
END
build() { # NAME COMMAND...
    local name=$1
    shift
    "$@" -O1 -o $name program.c -lm 2>&1 && ./$name from $name
    echo "$name: status $?"
    readelf -l $name | grep -oE '/lib.*(musl|ld-linux)|Elf file type is [A-Z]*' | sed 's|/.*/||'
}
build musl-dynamic musl-gcc
build musl-static musl-gcc -static
build glibc-dynamic gcc
build glibc-static gcc -static
build glibc-static-pie gcc -static-pie -fPIE
build musl-static-pie musl-gcc -static-pie -fPIE
./glibc-static-pie | cmp - <(./glibc-static) | sed 's/.*differ.*/the name differs/'
rm -f musl-* glibc-*
