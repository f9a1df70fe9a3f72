# gcc: a program of several files under make -j2, what the preprocessor, the compiler and the linker say, the result run.
cd scratch || exit 1
cat >table.h <<'END'
#ifndef TABLE_H
#define TABLE_H
#include <stddef.h>
struct table;
struct table *table_new(void);
void table_add(struct table *, const char *key, long n);
long table_get(const struct table *, const char *key);
void table_each(const struct table *, void (*)(const char *key, long n, void *), void *);
void table_free(struct table *);
#define TABLE_SIZE 1021u
#define SQUARE(x) ((x) * (x))
#define NAME(a, b) a##_##b
#define TEXT(x) #x
#endif
END
cat >table.c <<'END'
#include "table.h"
#include <stdlib.h>
#include <string.h>
struct entry { struct entry *next; long n; char key[]; };
struct table { struct entry *heads[TABLE_SIZE]; };
static unsigned hash(const char *s) { unsigned h = 5381; while (*s) h = h * 33 ^ (unsigned char)*s++; return h % TABLE_SIZE; }
struct table *table_new(void) { return calloc(1, sizeof(struct table)); }
static struct entry *find(const struct table *t, const char *key)
{
    for (struct entry *e = t->heads[hash(key)]; e; e = e->next)
        if (!strcmp(e->key, key))
            return e;
    return NULL;
}
void table_add(struct table *t, const char *key, long n)
{
    struct entry *e = find(t, key);
    if (!e) {
        e = malloc(sizeof *e + strlen(key) + 1);
        strcpy(e->key, key);
        e->n = 0;
        e->next = t->heads[hash(key)];
        t->heads[hash(key)] = e;
    }
    e->n += n;
}
long table_get(const struct table *t, const char *key) { const struct entry *e = find(t, key); return e ? e->n : -1; }
void table_each(const struct table *t, void (*f)(const char *, long, void *), void *data)
{
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        for (struct entry *e = t->heads[i]; e; e = e->next)
            f(e->key, e->n, data);
}
void table_free(struct table *t)
{
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        for (struct entry *e = t->heads[i], *next; e; e = next) { next = e->next; free(e); }
    free(t);
}
END
cat >sums.c <<'END'
#include <math.h>
#include <stdint.h>
double NAMED(double x);
double mean(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return s / n; }
double norm(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i] * v[i]; return sqrt(s); }
uint32_t crc(const void *data, int n)
{
    uint32_t c = ~0u;
    for (const uint8_t *p = data; n--; p++)
        for (int k = (c ^= *p, 0); k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
    return ~c;
}
END
cat >main.c <<'END'
#include "table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
double mean(const double *, int);
double norm(const double *, int);
uint32_t crc(const void *, int);
static jmp_buf back;
static void sum(const char *key, long n, void *total) { *(long *)total += n * (long)strlen(key); }
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static long many(int n, ...) { va_list ap; va_start(ap, n); long s = 0; while (n--) s = s * 10 + va_arg(ap, long); va_end(ap); return s; }
static int NAME(two, parts)(int n) { return n < 2 ? n : NAME(two, parts)(n - 1) + NAME(two, parts)(n - 2); }
struct bits { unsigned a : 3; signed b : 5; unsigned c : 20; };
union pun { double d; uint64_t u; };
static __thread int per_thread = 5;
__attribute__((constructor)) static void before(void) { puts("before main"); }
static void after(void) { puts("after main"); }
int main(int argc, char **argv)
{
    struct table *t = table_new();
    char key[32];
    long total = 0;
    int numbers[1000], x = 7;
    double v[100];
    atexit(after);
    for (int i = 0; i < 5000; i++) { snprintf(key, sizeof key, "key%d", i * i % 1999); table_add(t, key, i); }
    table_each(t, sum, &total);
    printf("%ld %ld %ld\n", total, table_get(t, "key4"), table_get(t, "none"));
    table_free(t);
    for (int i = 0; i < 1000; i++) numbers[i] = i * 7919 % 1009;
    qsort(numbers, 1000, sizeof *numbers, compare);
    for (int i = 0; i < 100; i++) v[i] = i / 8.0;
    printf("%d %d %.6f %.6f %08x\n", numbers[0], numbers[999], mean(v, 100), norm(v, 100), crc(numbers, sizeof numbers));
    struct bits b = {.a = 7, .b = -3, .c = 1 << 19};
    union pun p = {.d = -1.5};
    printf("%u %d %u %llx %s %d %ld %d\n", b.a, b.b, b.c, (unsigned long long)p.u, TEXT(a + b), SQUARE(x), many(4, 1L, 2L, 3L, 4L), two_parts(20));
    switch (setjmp(back)) { case 0: longjmp(back, 3); case 3: puts("jumped"); }
    void *labels[] = {&&one, &&two};
    goto *labels[argc > 1];
one: puts("one");
two: printf("two %d %zu %s %s\n", ++per_thread, sizeof(struct bits), argc > 1 ? argv[1] : "-", strrchr("a/b/c", '/'));
    unsigned __int128 wide = (unsigned __int128)0xffffffffffffffff * 0xfedcba9876543210;
    printf("%llx %llx %d %d %d\n", (unsigned long long)(wide >> 64), (unsigned long long)wide, __builtin_popcountll(p.u), __builtin_clz(x), __builtin_bswap16(0x1234));
    return total % 100;
}
END
cat >Makefile <<'END'
CC = gcc
CFLAGS = -O2 -g -Wall -Wextra -std=gnu17 -MMD
objects = main.o table.o sums.o
program: $(objects) libtable.a libsums.so ; $(CC) -o $@ main.o libtable.a -L. -lsums -lm -Wl,-rpath,'$$ORIGIN'
libtable.a: table.o ; ar rcsD $@ $^
libsums.so: sums.pic.o ; $(CC) -shared -o $@ $^ -lm
%.pic.o: %.c ; $(CC) $(CFLAGS) -fPIC -c -o $@ $<
clean: ; rm -f *.o *.d *.a *.so program
-include $(wildcard *.d)
END
make -j2 2>&1 | sort
./program
echo "status $?"
./program argument | tail -n 3
cat main.d
touch -d '+1 minute' sums.c
make -j2 2>/dev/null
make -q 2>/dev/null
ar t libtable.a
nm -g --defined-only libtable.a | sed 's/^[0-9a-f]* //'
nm -D --defined-only libsums.so | grep -E ' (mean|norm|crc)$' | sed 's/^[0-9a-f]* //'
objdump -h main.o | gawk '$2 == ".text" || $2 == ".debug_info" { print $2 }'
readelf -d program | grep -oE '(NEEDED|RUNPATH).*'
strip program && ./program | tail -n 1
gcc -E -P -dD main.c | grep -E 'TABLE|SQUARE|NAME'; gcc -E main.c | grep -A3 'int two_parts' | tail -n 2; gcc -MM *.c
printf '#if 0\n#elif defined __OPTIMIZE__\nfast\n#else\nslow\n#endif\n__LINE__ __FILE__ __COUNTER__ __COUNTER__ __GNUC__\n#define V(...) f(__VA_ARGS__ __VA_OPT__(,) 0)\nV() V(1)\n' \
    | gcc -E -P -O1 -
rm -f program *.o *.a *.so
