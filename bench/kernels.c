/* Small kernels for bench/run: the same source for the native machine and for the guest. `kernels
 * NAME N` runs one of them with size N and prints a checksum, so that nothing is optimised away and
 * both machines can be compared. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- integers ------------------------------------------------------------------------------- */

static uint64_t sieve(long n)
{
    unsigned char *composite = calloc((size_t)n, 1);
    uint64_t count = 0;

    for (long i = 2; i < n; i++) {
        if (composite[i])
            continue;
        count++;
        for (long j = i + i; j < n; j += i)
            composite[j] = 1;
    }
    free(composite);
    return count;
}

static uint64_t crc(long n)
{
    uint32_t c = ~0u;

    for (long i = 0; i < n; i++) {
        c ^= (uint32_t)(i & 255);
        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (0xedb88320u & -(c & 1));
    }
    return c;
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The C library's sort: an indirect call for each comparison. */
static uint64_t sort(long n)
{
    uint32_t *v = malloc((size_t)n * sizeof(*v)), seed = 1;
    uint64_t sum = 0;

    for (long i = 0; i < n; i++)
        v[i] = seed = seed * 1664525 + 1013904223;
    qsort(v, (size_t)n, sizeof(*v), compare_words);
    for (long i = 0; i < n; i++)
        sum += v[i] ^ (uint64_t)i;
    free(v);
    return sum;
}

__attribute__((noinline)) static uint64_t fib(long n)
{
    return n < 2 ? (uint64_t)n : fib(n - 1) + fib(n - 2);
}

/* A bytecode loop: an indirect jump for each of its instructions. */
static uint64_t bytecode(long n)
{
    static const unsigned char program[] = {0, 1, 2, 0, 3, 1, 4, 2, 0, 3, 5};
    uint64_t a = 1, b = 2;

    for (long steps = 0;;) {
        for (const unsigned char *pc = program;; pc++) {
            switch (*pc) {
            case 0:
                a += b;
                continue;
            case 1:
                b ^= a;
                continue;
            case 2:
                a = a << 3 | a >> 61;
                continue;
            case 3:
                b += 0x9e3779b97f4a7c15u;
                continue;
            case 4:
                a -= b >> 7;
                continue;
            }
            break;
        }
        steps += sizeof(program);
        if (steps >= n)
            return a ^ b;
    }
}

static uint64_t muldiv(long n)
{
    uint64_t a = 0x123456789abcdefu, sum = 0;

    for (long i = 1; i < n; i++) {
        a = a * 6364136223846793005u + 1442695040888963407u;
        sum += a / (uint64_t)i + (uint64_t)((unsigned __int128)a * sum >> 64);
    }
    return sum;
}

/* ---- floating point ------------------------------------------------------------------------- */

static uint64_t double_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static uint64_t matrix(long n)
{
    double *a = malloc((size_t)(n * n) * sizeof(double)),
           *b = malloc((size_t)(n * n) * sizeof(double));
    double sum = 0;

    for (long i = 0; i < n * n; i++) {
        a[i] = (double)(i % 7) / 3;
        b[i] = (double)(i % 11) / 5;
    }
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < n; j++) {
            double dot = 0;
            for (long k = 0; k < n; k++)
                dot += a[i * n + k] * b[k * n + j];
            sum += dot;
        }
    }
    free(a);
    free(b);
    return double_bits(sum);
}

static uint64_t nbody(long n)
{
    double x[3] = {0, 1, 5}, y[3] = {0, 0, 1}, u[3] = {0, 0, 0.1}, v[3] = {0, 1, 0.4},
           mass[3] = {1, 1e-3, 1e-4};

    for (long step = 0; step < n; step++) {
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                double dx = x[j] - x[i], dy = y[j] - y[i], d2 = dx * dx + dy * dy + 1e-6;
                double f = mass[j] / (d2 * __builtin_sqrt(d2)) * 1e-3;
                u[i] += dx * f;
                v[i] += dy * f;
            }
        }
        for (int i = 0; i < 3; i++) {
            x[i] += u[i] * 1e-3;
            y[i] += v[i] * 1e-3;
        }
    }
    return double_bits(x[0] + y[1] + x[2]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint64_t (*run)(long n);
    } kernels[] = {{"sieve", sieve},   {"crc", crc},           {"sort", sort},
                   {"fib", fib},       {"bytecode", bytecode}, {"muldiv", muldiv},
                   {"matrix", matrix}, {"nbody", nbody}};

    for (size_t i = 0; argc == 3 && i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        if (strcmp(argv[1], kernels[i].name) == 0) {
            printf("%016llx\n", (unsigned long long)kernels[i].run(atol(argv[2])));
            return 0;
        }
    }
    return 2;
}
