/* The table of encodings (isagen's encodings.txt) and what must be known of an instruction to run a
 * random one safely. */
#include "diff.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The groups that the tests are run by, and the extensions that each takes its instructions from.
 */
static const struct group {
    const char *name, *extensions;
} groups[] = {
    {"I", "I Zifencei"},  {"M", "M"},
    {"A", "A"},           {"F", "F"},
    {"D", "D"},           {"C", "C"},
    {"B", "Zba Zbb Zbs"}, {"Zicond", "Zicond"},
    {"Zicsr", "Zicsr"},   {"all", "I Zifencei M A F D C Zba Zbb Zbs Zicond Zicsr"},
};

static bool list_has(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; (p = strstr(p, name)) != NULL; p += n) {
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static void encodings_add(struct encodings *e, const struct encoding *row)
{
    if ((e->n & (e->n + 1)) == 0) { /* full at 0, 1, 3, 7, ... */
        e->row = realloc(e->row, (2 * (size_t)e->n + 1) * sizeof(*e->row));
        if (e->row == NULL) {
            abort();
        }
    }
    e->row[e->n++] = *row;
}

void encodings_read(struct encodings *e, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[1024];

    *e = (struct encodings){0};
    if (f == NULL) {
        fprintf(stderr, "rv64diff: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    while (fgets(line, sizeof(line), f) != NULL) {
        struct encoding row = {0};
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (sscanf(line, "%23s %15s %u %x %x", row.name, row.extension, &row.len, &row.match,
                   &row.mask) != 5) {
            fprintf(stderr, "rv64diff: %s: not a row: %s", path, line);
            exit(2);
        }
        encodings_add(e, &row);
    }
    fclose(f);
}

void encodings_of_group(const struct encodings *e, const char *group, struct encodings *out)
{
    *out = (struct encodings){0};
    for (unsigned g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        if (strcmp(groups[g].name, group) == 0) {
            for (unsigned i = 0; i < e->n; i++) {
                if (list_has(groups[g].extensions, e->row[i].extension)) {
                    encodings_add(out, &e->row[i]);
                }
            }
        }
    }
}

const char *encodings_name(const struct encodings *e, uint32_t word, unsigned len)
{
    const struct encoding *best = NULL;

    for (unsigned i = 0; i < e->n; i++) {
        const struct encoding *row = &e->row[i];
        if (row->len == len && (word & row->mask) == row->match &&
            (best == NULL || __builtin_popcount(row->mask) > __builtin_popcount(best->mask))) {
            best = row;
        }
    }
    return best != NULL ? best->name : "unknown";
}

/* Chapter "RV32/64G Instruction Set Listings": the major opcodes. */
static enum insn_class class_of_32(uint32_t word)
{
    switch (word & 0x7f) {
    case 0x03:
    case 0x07:
        return CLASS_LOAD;
    case 0x23:
    case 0x27:
        return CLASS_STORE;
    case 0x2f:
        return CLASS_ATOMIC;
    case 0x63:
        return CLASS_BRANCH;
    case 0x67:
        return CLASS_JUMP_REG;
    case 0x6f:
        return CLASS_JUMP;
    case 0x73:
        return (word >> 12 & 7) != 0 ? CLASS_CSR : word == 0x73 ? CLASS_CALL : CLASS_BREAK;
    default:
        return CLASS_PLAIN;
    }
}

/* Chapter "C", the instruction listing by quadrant (bits 1:0) and bits 15:13. */
static enum insn_class class_of_16(uint32_t word)
{
    if ((word & 0xffff) == 0) { /* illegal for good */
        return CLASS_BREAK;
    }
    switch ((word & 3) << 3 | (word >> 13 & 7)) {
    case 001:
    case 002:
    case 003:
    case 021:
    case 022:
    case 023:
        return CLASS_LOAD;
    case 005:
    case 006:
    case 007:
    case 025:
    case 026:
    case 027:
        return CLASS_STORE;
    case 015:
        return CLASS_JUMP;
    case 016:
    case 017:
        return CLASS_BRANCH;
    case 024:
        if ((word >> 2 & 31) != 0 || (word & 0xffff) == 0x8002) {
            return CLASS_PLAIN;
        }
        return (word & 0xffff) == 0x9002 ? CLASS_BREAK : CLASS_JUMP_REG;
    default:
        return CLASS_PLAIN;
    }
}

enum insn_class insn_class_of(uint32_t word, unsigned len)
{
    return len == 2 ? class_of_16(word) : class_of_32(word);
}
