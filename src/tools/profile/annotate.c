/* tools/profile/annotate.c: a fragment's guest instructions, and beside each the host code that was
 * made of it, with the share of the samples.
 *
 * The guest's instructions are decoded again, from memory as it is at the end; if the bytes have
 * changed meanwhile the listing shows what is there now. */
#include "tools/profile/output.h"

#include <string.h>

#include "host/x86_64/host.h"

enum { GUEST_WIDTH = 56 };

union decoded_room {
    struct decoded_block block;
    unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
};

/* The guest's listing, a line each; NULL if it cannot be read. */
static char *guest_listing(const struct profile_fragment *k, struct thread *t)
{
    union decoded_room decoded;
    struct strbuf text = {0};
    struct trap unused;

    for (uint32_t at = 0, n = k->n_insns; at < k->guest_bytes && n > 0;) {
        if (t->desc->decode_block(t->space, GVA(k->pc.v + at), n, &decoded.block, &unused) < 0)
            break;
        t->desc->print_block(&decoded.block, t->space, &text);
        at += decoded.block.guest_bytes;
        n -= decoded.block.n_insns;
    }
    return text.data;
}

/* A line of host code, whose address and bytes are not worth the room: offset and assembly. */
static void print_host_line(struct strbuf *out, uint32_t offset, const char *line)
{
    const char *text = strstr(line, "  ");

    text = text ? strstr(text + 2, "  ") : NULL;
    strbuf_printf(out, "%4x %s", offset, text ? text + strspn(text, " ") : line);
}

/* The guest's line, its tab as spaces. */
static void print_guest_line(struct strbuf *out, const char *share, const char *line)
{
    int mnemonic = (int)strcspn(line, "\t");
    char text[128];

    if (line[mnemonic])
        snprintf(text, sizeof(text), "%s%.*s %s", share, mnemonic, line, line + mnemonic + 1);
    else
        snprintf(text, sizeof(text), "%s%s", share, line);
    strbuf_printf(out, "%-*s", GUEST_WIDTH, text);
}

/* The host code [start, end), share and guest beside its first line. */
static void print_lines(struct strbuf *out, const struct profile_fragment *k, struct thread *t,
                        uint32_t start, uint32_t end, const char *share, const char *guest)
{
    struct strbuf line = {0};
    uint32_t at = start, offset;

    do {
        print_guest_line(out, share, guest);
        share = guest = "";
        line.len = 0;
        offset = at;
        if (at < end) {
            at += (uint32_t)host_disassemble_one(&line, k->bytes + at, end - at,
                                                 HPC(k->code.v + at), vm_name_host, t->vm);
            strbuf_printf(out, " | ");
            print_host_line(out, offset, line.data);
        } else {
            strbuf_printf(out, " |\n");
        }
    } while (at < end);
    strbuf_free(&line);
}

void annotate_fragment(struct strbuf *out, const struct profile_fragment *k, struct thread *t,
                       uint64_t weight)
{
    char *listing = guest_listing(k, t), *rest = listing;

    for (size_t i = 0; i < k->lines.len; i++) {
        bool rare = i + 1 == k->lines.len;
        uint64_t samples = i < k->line_samples.len ? k->line_samples.data[i] : 0;
        const char *guest = !rare && rest ? strsep(&rest, "\n") : "?";
        char share[16] = "        ";
        if (samples > 0)
            snprintf(share, sizeof(share), "%6.2f%% ", percent(samples, weight));
        if (!rare)
            print_lines(out, k, t, k->lines.data[i].host, k->lines.data[i + 1].host, share,
                        guest ? guest : "?");
        else if (samples > 0)
            strbuf_printf(out, "%s(rare cases and exits)\n", share);
    }
    free(listing);
}
