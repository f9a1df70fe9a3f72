/* Inside tools/profile: names for guest addresses. */
#ifndef ISOMORPH_PROFILE_SYMBOLS_H
#define ISOMORPH_PROFILE_SYMBOLS_H

#include "space/space.h"

/* A function, or the rest of a file that no symbol covers. */
struct profile_symbol {
    uint64_t start, end; /* guest addresses; end may be that of the next symbol */
    const char *name;
    const char *file; /* last part of the path */
    bool is_rest;     /* not a function */
    /* resolve.c: periods of the timer in it; with what it calls; translated alone, and its
     * instructions on both sides there */
    uint64_t self, total, translated;
    double host_insns, guest_insns;
    uint64_t seen; /* the last sample that was counted in total */
};

/* Reads the symbols of every file that the guest has mapped to be executed; prefix (may be NULL) is
 * where such files are looked for first. What cannot be read has none. Takes the space's lock. */
void symbols_load(struct space *space, const char *prefix);
/* Never NULL: addresses of nowhere have a symbol too. */
struct profile_symbol *symbols_find(uint64_t address);
/* All of them, i from 0; NULL past the last. */
struct profile_symbol *symbols_at(size_t i);

#endif
