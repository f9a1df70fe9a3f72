/* Small kernels for bench/run: the same source for the native machine and for the guest. `kernels
 * NAME N` runs one of them with size N and prints a checksum, so that nothing is optimised away and
 * both machines can be compared. No result depends on how a compiler or a C library rounds: but for
 * `libm`, which prints what is left after rounding, all floating point here is IEEE 754's. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- integers ------------------------------------------------------------------------------- */

/* What ordinary code does with ints: 32-bit sums that are clamped, shorts, bytes, shifts, choices.
 */
static uint64_t integer(long n)
{
    uint32_t seed = 1, hash = 2166136261u, turns = 0;
    int32_t level = 0;
    uint64_t sum = 0;

    for (long i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        int16_t step = (int16_t)(seed >> 16);
        level += step;
        if (level > 100000)
            level = 100000;
        else if (level < -100000)
            level = -100000;
        hash = (hash ^ (uint8_t)level) * 16777619;
        turns += (int16_t)hash > step;
        sum += (uint64_t)(int64_t)level + (hash >> (step & 31)) + (seed & 1 ? turns : hash & 0xff);
    }
    return sum;
}

/* Within a second-level cache, as the list below: beyond it memory would be measured. */
static uint64_t sieve(long n)
{
    enum { NUMBERS = 500000 };
    static unsigned char composite[NUMBERS];
    uint64_t count = 0;

    for (long turn = 0; turn < n; turn++) {
        memset(composite, 0, sizeof(composite));
        for (long i = 2; i < NUMBERS; i++) {
            if (composite[i])
                continue;
            count++;
            for (long j = i + i; j < NUMBERS; j += i)
                composite[j] = 1;
        }
    }
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

/* Calls without recursion: a function of leaves that the compiler may not inline. */
__attribute__((noinline)) static uint64_t leaf(uint64_t a, uint64_t b)
{
    return (a << 7 | a >> 57) + b;
}

__attribute__((noinline)) static uint64_t middle(uint64_t a, uint64_t b)
{
    return leaf(a, b) ^ leaf(b, a);
}

static uint64_t calls(long n)
{
    uint64_t a = 1, b = 2;

    for (long i = 0; i < n; i++) {
        a = middle(a, b);
        b = leaf(b, (uint64_t)i);
    }
    return a ^ b;
}

/* Recursion deeper than any table of return addresses. */
__attribute__((noinline)) static uint64_t depth(long n)
{
    return n == 0 ? 0 : 1 + (depth(n - 1) ^ 1);
}

static uint64_t deep(long n)
{
    uint64_t sum = 0;

    for (long i = 0; i < n; i++)
        sum += depth(40000);
    return sum;
}

/* Calls through a table, in an order that the data has. */
#define HANDLER(name, expression)                                                                  \
    __attribute__((noinline)) static uint64_t name(uint64_t a, uint64_t b)                         \
    {                                                                                              \
        return expression;                                                                         \
    }
HANDLER(handle_add, a + b)
HANDLER(handle_xor, a ^ b << 1)
HANDLER(handle_rotate, a << 5 | a >> 59)
HANDLER(handle_less, a < b ? a + 3 : b)
HANDLER(handle_sub, a - (b >> 3))
HANDLER(handle_or, (a | 0x55) + (b & 0xff))
HANDLER(handle_mul, a * 33 + b)
HANDLER(handle_swap, a >> 32 | b << 32)

static uint64_t icall(long n)
{
    static uint64_t (*const table[8])(uint64_t, uint64_t) = {handle_add,  handle_xor, handle_rotate,
                                                             handle_less, handle_sub, handle_or,
                                                             handle_mul,  handle_swap};
    unsigned char pattern[61];
    uint64_t a = 1, b = 2;
    uint32_t seed = 7;

    for (size_t i = 0; i < sizeof(pattern); i++) {
        seed = seed * 1664525 + 1013904223;
        pattern[i] = (unsigned char)(seed >> 24 & 7);
    }
    for (long i = 0; i < n; i++) {
        uint64_t c = table[pattern[(unsigned long)i % sizeof(pattern)]](a, b);
        b = a;
        a = c;
    }
    return a ^ b;
}

/* ---- memory and text ------------------------------------------------------------------------ */

/* A list through memory in no order. */
static uint64_t chase(long n)
{
    enum { NODES = 1 << 14 };
    struct node {
        struct node *next;
        uint64_t value;
    } *nodes = malloc(NODES * sizeof(*nodes)), *at;
    uint64_t sum = 0;
    uint32_t i = 0;

    /* A full period: the multiplier is 1 mod 4, the increment odd. */
    for (long k = 0; k < NODES; k++) {
        uint32_t next = (i * 1664525 + 1013904223) % NODES;
        nodes[i] = (struct node){&nodes[next], (uint64_t)k};
        i = next;
    }
    at = nodes;
    for (long k = 0; k < n; k++) {
        sum += at->value;
        at = at->next;
    }
    free(nodes);
    return sum;
}

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* FIPS 180-4, one block. The constants are made as the standard defines them: the first bits of
 * fractions of cube roots of primes. */
static uint32_t sha_k[64];

static void sha256_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7] +
               (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
    memcpy(v, state, sizeof(v));
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha_k[i] + w[i];
        uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

/* The first 32 bits of the fraction of the cube root of p, by bisection. */
static uint32_t cube_root_fraction(uint64_t p)
{
    unsigned __int128 low = 0, high = (unsigned __int128)8 << 32;

    while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2;
        if (middle * middle * middle > (unsigned __int128)p << 96)
            high = middle;
        else
            low = middle;
    }
    return (uint32_t)low;
}

static uint64_t sha256(long n)
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char block[64];
    int count = 0;

    for (uint64_t p = 2; count < 64; p++) {
        uint64_t d = 2;
        while (d * d <= p && p % d != 0)
            d++;
        if (d * d > p)
            sha_k[count++] = cube_root_fraction(p);
    }
    for (int i = 0; i < 64; i++)
        block[i] = (unsigned char)i;
    for (long i = 0; i < n; i++) {
        memcpy(block, &i, sizeof(i));
        sha256_block(state, block);
    }
    return (uint64_t)state[0] << 32 | state[7];
}

/* What programs do with text: copy, measure, search, compare, hash. */
static uint64_t strings(long n)
{
    static const char *const words[] = {"call", "return", "jump", "branch",
                                        "load", "store",  "fence"};
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    char line[256];
    uint64_t sum = 0;

    for (long i = 0; i < n; i++) {
        line[0] = 0;
        for (int k = 0; k < 12; k++) {
            strcat(line, words[(i * 5 + k * 3) % WORDS]);
            strcat(line, ",");
        }
        uint32_t hash = 2166136261u;
        for (const char *p = line; *p; p++)
            hash = (hash ^ (unsigned char)*p) * 16777619;
        sum += hash + strlen(line);
        for (char *p = line, *end; (end = strchr(p, ',')); p = end + 1) {
            *end = 0;
            for (int k = 0; k < WORDS; k++)
                sum += strcmp(p, words[k]) == 0 ? (uint64_t)k : 1;
        }
    }
    return sum;
}

/* A bytecode loop: each instruction jumps to the next one through a table of labels. */
static uint64_t bytecode(long n)
{
    static const unsigned char program[] = {0, 1, 2, 0, 3, 1, 4, 2, 0, 3, 5};
    static const void *const labels[] = {&&add, &&xor, &&rotate, &&increase, &&sub, &&end};
    const unsigned char *pc = program;
    uint64_t a = 1, b = 2;
    long steps = 0;

#define NEXT() goto *labels[*pc++]
    NEXT();
add:
    a += b;
    NEXT();
    xor : b ^= a;
    NEXT();
rotate:
    a = a << 3 | a >> 61;
    NEXT();
increase:
    b += 0x9e3779b97f4a7c15u;
    NEXT();
sub:
    a -= b >> 7;
    NEXT();
end:
    steps += sizeof(program);
    pc = program;
    if (steps < n)
        NEXT();
    return a ^ b;
#undef NEXT
}

/* Quotients with their remainders, and products of twice the width. */
static uint64_t muldiv(long n)
{
    uint64_t a = 0x123456789abcdefu, sum = 0;

    for (long i = 1; i < n; i++) {
        a = a * 6364136223846793005u + 1442695040888963407u;
        unsigned __int128 product = (unsigned __int128)a * sum;
        sum += a / (uint64_t)i + (a % (uint64_t)i ^ (uint64_t)product) + (uint64_t)(product >> 64);
    }
    return sum;
}

/* ---- for single passes of the translator: PASS_ROWS of rows.py ------------------------------ */

/* Compare-and-exchange, by which gcc makes LR and SC. */
static uint64_t exchange(long n)
{
    static uint64_t word;

    for (long i = 0; i < n; i++) {
        uint64_t old = __atomic_load_n(&word, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&word, &old, old * 3 + (uint64_t)i, 1, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED)) {
        }
    }
    return word;
}

/* Numbers that are put together of their bytes, since they may lie anywhere. */
static uint64_t bytes(long n)
{
    static unsigned char text[4099];
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (unsigned char)(i * 37);
    for (long i = 0; i < n; i++) {
        const unsigned char *p = text + ((uint64_t)i * 7 & 4095);
        sum += p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    return sum;
}

/* The members of sets of small numbers, a bit for each. */
static uint64_t bits(long n)
{
    uint64_t a = 1, sum = 0;

    for (long i = 0; i < n; i++) {
        a = a * 6364136223846793005u + 1442695040888963407u;
        for (uint64_t set = a; set; set &= set - 1)
            sum = sum * 3 + (set & -set);
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

/* A complex FFT of 1024 points, radix 2, forth and back. The roots of unity are made by halving
 * angles, for which square roots are enough. */
enum { FFT_BITS = 10, FFT_SIZE = 1 << FFT_BITS };
struct complex_number {
    double re, im;
};

static void fft_make_roots(struct complex_number *roots)
{
    struct complex_number step = {-1, 0};

    for (int half = 1; half < FFT_SIZE; half *= 2) { /* roots[half..]: powers of exp(i pi / half) */
        roots[half] = (struct complex_number){1, 0};
        for (int k = 1; k < half; k++) {
            struct complex_number last = roots[half + k - 1];
            roots[half + k] = (struct complex_number){last.re * step.re - last.im * step.im,
                                                      last.re * step.im + last.im * step.re};
        }
        step = (struct complex_number){sqrt((1 + step.re) / 2), sqrt((1 - step.re) / 2)};
    }
}

static void fft(struct complex_number *v, const struct complex_number *roots, double sign)
{
    for (int i = 0, j = 0; i < FFT_SIZE; i++) {
        if (i < j) {
            struct complex_number swapped = v[i];
            v[i] = v[j];
            v[j] = swapped;
        }
        int bit = FFT_SIZE / 2; /* j + 1, counted from the other end */
        for (; j & bit; bit /= 2)
            j ^= bit;
        j |= bit;
    }
    for (int half = 1; half < FFT_SIZE; half *= 2) {
        for (int start = 0; start < FFT_SIZE; start += 2 * half) {
            for (int k = start; k < start + half; k++) {
                struct complex_number w = roots[half + k - start], a = v[k], b = v[k + half];
                double re = b.re * w.re - b.im * (w.im * sign),
                       im = b.re * (w.im * sign) + b.im * w.re;
                v[k] = (struct complex_number){a.re + re, a.im + im};
                v[k + half] = (struct complex_number){a.re - re, a.im - im};
            }
        }
    }
}

static uint64_t fourier(long n)
{
    static struct complex_number roots[FFT_SIZE], v[FFT_SIZE];
    uint64_t sum = 0;

    fft_make_roots(roots);
    for (int i = 0; i < FFT_SIZE; i++)
        v[i] = (struct complex_number){i % 17 - 8, i % 5};
    for (long i = 0; i < n; i++) {
        fft(v, roots, 1);
        sum += double_bits(v[i % FFT_SIZE].re);
        fft(v, roots, -1);
        for (int k = 0; k < FFT_SIZE; k++)
            v[k] = (struct complex_number){v[k].re / FFT_SIZE, v[k].im / FFT_SIZE};
    }
    return sum;
}

/* The C library's functions, whose last bit may differ between machines: the sum is rounded. */
static uint64_t libm(long n)
{
    double sum = 0;

    for (long i = 1; i <= n; i++) {
        double x = (double)i / (double)n;
        sum += sin(20 * x) * exp(-x) + log(x + 1) + pow(x, 1.5) + atan2(x, 2) + cos(x) * tan(x / 2);
    }
    return (uint64_t)llround(sum * 16);
}

/* Single precision: sound through two filters, from 16-bit samples and back. */
static uint64_t single(long n)
{
    float x1 = 0, x2 = 0, y1 = 0, y2 = 0, z1 = 0, z2 = 0;
    uint32_t seed = 1;
    uint64_t sum = 0;

    for (long i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        float x = (float)(int16_t)(seed >> 16) / 32768.0f;
        float y = 0.2f * x + 0.4f * x1 + 0.2f * x2 + 0.5f * y1 - 0.3f * y2;
        float z = 0.9f * y - 1.6f * y1 + 0.8f * y2 + 1.5f * z1 - 0.7f * z2;
        x2 = x1, x1 = x, y2 = y1, y1 = y, z2 = z1, z1 = z;
        float loud = z * 20000.0f;
        loud = loud > 32767.0f ? 32767.0f : loud < -32768.0f ? -32768.0f : loud;
        sum += (uint64_t)(int64_t)(int16_t)loud;
    }
    return sum;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint64_t (*run)(long n);
    } kernels[] = {{"integer", integer},   {"crc", crc},       {"sieve", sieve},
                   {"qsort", sort},        {"fib", fib},       {"calls", calls},
                   {"deep", deep},         {"icall", icall},   {"chase", chase},
                   {"bytecode", bytecode}, {"sha256", sha256}, {"strings", strings},
                   {"muldiv", muldiv},     {"matrix", matrix}, {"nbody", nbody},
                   {"fft", fourier},       {"libm", libm},     {"single", single},
                   {"exchange", exchange}, {"bytes", bytes},   {"bits", bits}};

    for (size_t i = 0; argc == 3 && i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        if (strcmp(argv[1], kernels[i].name) == 0) {
            printf("%016llx\n", (unsigned long long)kernels[i].run(atol(argv[2])));
            return 0;
        }
    }
    return 2;
}
