"""Files that the programs of bench/run work on, the same on every machine: text(), source(), sound(), noise(). Each
makes about as many bytes as it is asked for, from a generator with a fixed seed."""
import array
import functools
import itertools
import math
import random
import sys

SYLLABLES = "ba co de fi gu la me ni or pe qui ra so ta un ver wa xi yo zen".split()


@functools.lru_cache(maxsize=4)
def text(size):
    """Lines of words, of which few are frequent and many rare, with numbers, names and punctuation."""
    rng = random.Random(1)
    words = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4))) + rng.choice(["", "", "s", "ing", "ed"])
             for _ in range(6000)]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    lines, made = [], 0
    while made < size:
        line = rng.choices(words, cum_weights=weights, k=rng.randint(5, 14))
        chance = rng.random()
        if chance < 0.3:
            line[0] = line[0].capitalize()
        if chance < 0.2:
            line.insert(3, str(rng.randint(0, 99999)))
        if chance > 0.6:
            line[-1] += rng.choice(".,;:")
        lines.append(" ".join(line) + "\n")
        made += len(lines[-1])
    return "".join(lines).encode()


FUNCTION = """
struct record_{n} {{ int kind, count; long key; struct record_{n} *next; char name[{a}]; double weight; }};
static struct record_{n} *table_{n}[{b}];
static const char *const names_{n}[] = {{ "alpha{n}", "beta", "gamma{n}", "delta" }};

static unsigned long hash_{n}(const char *text, unsigned long seed)
{{
    unsigned long h = seed ^ {c}ul;
    for (; *text; text++) {{
        h = (h ^ (unsigned char)*text) * {d}ul;
        if (h & 0x{n}0)
            h ^= h >> {shift};
    }}
    return h % {b};
}}

static struct record_{n} *find_{n}(const char *name, int make)
{{
    struct record_{n} **at = &table_{n}[hash_{n}(name, {a})], *r;
    for (r = *at; r; r = r->next)
        if (strcmp(r->name, name) == 0)
            return r;
    if (!make || strlen(name) >= sizeof(((struct record_{n} *)0)->name))
        return 0;
    r = calloc(1, sizeof(*r));
    if (!r)
        return 0;
    strcpy(r->name, name);
    r->kind = {n} % 5;
    r->next = *at;
    return *at = r;
}}

int step_{n}(int op, long x, long y, char *out, unsigned long room)
{{
    struct record_{n} *r = find_{n}(names_{n}[(unsigned)op % 4], x > y);
    long sum = 0, i, j;
    int v[{e}];

    if (!r)
        return -{a};
    for (i = 0; i < {e}; i++)
        v[i] = (int)(x * i + y) ^ r->kind;
    switch (op) {{
    case 0: r->key += x; break;
    case 1: r->key -= y; r->count++; /* fall through */
    case 2:
        for (i = 1; i < {e}; i++)
            for (j = i; j > 0 && v[j - 1] > v[j]; j--) {{
                int t = v[j];
                v[j] = v[j - 1];
                v[j - 1] = t;
            }}
        break;
    case 3: r->weight = r->weight * 0.5 + (double)x / (y ? (double)y : 1.0); break;
    case {e}: sum = step_{previous}(op - 1, y, x, out, room); break;
    default:
        if (op < 0)
            return -1;
        sum += r->key / (op + 1) + x % (op + {shift});
    }}
    for (i = 0; i < {e}; i++)
        sum += v[i] * (i & 1 ? {a} : -{shift});
    if (out && room > 32)
        snprintf(out, room, "%s:%ld:%d:%g", r->name, sum, r->count, r->weight);
    return (int)(sum ^ r->key >> {shift});
}}
"""
PRELUDE = """
typedef unsigned long size_t;
extern int strcmp(const char *, const char *);
extern size_t strlen(const char *);
extern char *strcpy(char *, const char *);
extern void *calloc(size_t, size_t);
extern int snprintf(char *, size_t, const char *, ...);
int step_0(int op, long x, long y, char *out, unsigned long room) { return op + (int)(x ^ y) + (out && room); }
"""


def source(size):
    """A preprocessed C file: tables, lists, switches, loops, text; no two functions with the same constants."""
    rng = random.Random(2)
    parts, made = [PRELUDE], len(PRELUDE)
    for n in itertools.count(1):
        parts.append(FUNCTION.format(n=n, previous=n - 1, a=rng.randint(16, 60), b=rng.randint(31, 509),
                                     c=rng.getrandbits(40), d=rng.getrandbits(24) | 1, e=rng.randint(6, 24),
                                     shift=rng.randint(3, 29)))
        made += len(parts[-1])
        if made >= size:
            return "".join(parts).encode()


def sound(size):
    """A WAV file, two channels of 16 bits: a few notes with overtones, and a little noise."""
    rng = random.Random(3)
    samples, frames = array.array("h"), size // 4
    for i in range(frames):
        note = 220 * 2 ** ((i // 11025 * 7 % 12) / 12)
        phase = 2 * math.pi * note * i / 44100
        fading = 1 - i % 11025 / 11025
        level = fading * (9000 * math.sin(phase) + 4000 * math.sin(2 * phase) + 1500 * math.sin(3.01 * phase))
        noise = rng.getrandbits(7) - 64
        samples.extend((int(level) + noise, int(level * 0.8) - noise))
    if sys.byteorder == "big":
        samples.byteswap()
    data = samples.tobytes()
    word = lambda value, width=4: value.to_bytes(width, "little")
    return (b"RIFF" + word(36 + len(data)) + b"WAVEfmt " + word(16) + word(1, 2) + word(2, 2) + word(44100) +
            word(44100 * 4) + word(4, 2) + word(16, 2) + b"data" + word(len(data)) + data)


def noise(size):
    """Bytes in no order."""
    return random.Random(4).randbytes(size)
