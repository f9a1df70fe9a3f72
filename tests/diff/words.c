/* Single words: what is not an instruction must be an illegal one, and what is one must be known.
 * Each is executed alone with all registers 0, in the midst of ebreaks; the signal that ends it,
 * where, and the registers are compared.
 *
 * Group "c": all 65,536 halfwords, in two batches. Group "words": 32-bit words at random, of which
 * many are one or two bits away from an instruction. */
#include "diff.h"
#include <stdlib.h>
#include <string.h>

/* What cannot be run here: a system call, the counters (which differ from run to run), and what
 * goes on for ever: a branch or jump to itself, and a jump through x31, the one register that is
 * not 0 (it holds the word's address). Nor what the reference decides otherwise (known.md). */
static bool is_left_out(uint32_t word, unsigned len)
{
    unsigned csr = word >> 20;

    switch (insn_class_of(word, len)) {
    case CLASS_BRANCH: /* the bits of the distance are all 0 */
        return (word & (len == 2 ? 0x1c7c : 0xfe000f80)) == 0;
    case CLASS_JUMP:
        return (word & (len == 2 ? 0x1ffc : 0xfffff000)) == 0;
    case CLASS_JUMP_REG:
        return (word >> (len == 2 ? 7 : 15) & 31) == 31;
    case CLASS_CALL:
        return true;
    case CLASS_ATOMIC: /* an sc without reservation: whether it faults or fails is open */
        return word >> 27 == 3;
    case CLASS_CSR:
        return csr >= 0xc00 && csr <= 0xc02;
    default:
        return false;
    }
}

static uint32_t random_word(struct rng *r, const struct encodings *all)
{
    uint32_t word = (uint32_t)rng_next(r);
    const struct encoding *e = &all->row[rng_below(r, all->n)];

    if (e->len == 4 && rng_chance(r, 80)) {
        word = e->match | (word & ~e->mask);
        for (unsigned flips = rng_below(r, 3) + 1; flips > 0; flips--) {
            word ^= 1u << rng_below(r, 32);
        }
        if (rng_chance(r, 30)) { /* operands that are often required to be 0 */
            word &= ~(31u << (5 * rng_below(r, 3) + (rng_chance(r, 50) ? 7 : 15)));
        }
    }
    return word | 3;
}

void batch_make_words(struct batch *b, const struct encodings *all, const char *group,
                      uint64_t seed, unsigned number, unsigned max_words)
{
    struct rng r = rng_stream(seed, group, number, 0);
    bool halfwords = strcmp(group, "c") == 0;
    uint32_t halfword = 32768 * number;

    *b = (struct batch){.kind = KIND_WORDS};
    b->ctx = calloc(BATCH_WORDS, WORD_CTX_SIZE);
    if (b->ctx == NULL) {
        abort();
    }
    max_words = !halfwords && max_words < BATCH_WORDS ? max_words : BATCH_WORDS;
    while (b->count < max_words) {
        uint32_t word = halfwords ? halfword++ : random_word(&r, all), len = halfwords ? 2 : 4;
        if (halfwords && halfword > 32768 * (number + 1)) {
            break;
        }
        if ((halfwords && (word & 3) == 3) || is_left_out(word, len)) {
            continue;
        }
        memcpy(b->ctx + (size_t)b->count * WORD_CTX_SIZE + WORD_CTX_WORD, &word, 4);
        memcpy(b->ctx + (size_t)b->count * WORD_CTX_SIZE + WORD_CTX_LEN, &len, 4);
        b->count++;
    }
    b->ctx_bytes = b->count * WORD_CTX_SIZE;
}
