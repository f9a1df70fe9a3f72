/* isagen: command line. docs/isa-language.md, section 5. */
#include "isagen.h"

#include <string.h>

static struct isa isa;

static const struct {
    const char *name;
    void (*write)(FILE *out, const struct isa *isa);
} outputs[] = {
    {"uops.h", out_uops_h},     {"uops.c", out_uops_c},           {"regs.h", out_regs_h},
    {"regs.c", out_regs_c},     {"decode.h", out_decode_h},       {"decode.c", out_decode_c},
    {"disasm.c", out_disasm_c}, {"csrs.h", out_csrs_h},           {"semantics.h", out_semantics_h},
    {"tests.c", out_tests_c},   {"encodings.txt", out_encodings}, {"manual.7", out_manual},
};

/* By the file's name. µops come first, wherever they stand: all else points at them. */
static void read_input(const char *path, bool uops)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (same(name, "uops.def") != uops)
        return;
    read_file(path,
              uops                     ? uop_read_row
              : same(name, "regs.def") ? regs_read_row
              : same(name, "csr.def")  ? csr_read_row
                                       : isa_read_row,
              &isa);
}

static int usage(void)
{
    fprintf(stderr,
            "usage: isagen OUTPUT -o FILE INPUT...\n       isagen check INPUT...\noutputs:");
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        fprintf(stderr, " %s", outputs[i].name);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool check_only = argc > 1 && same(argv[1], "check");
    if (argc < (check_only ? 3 : 5) || (!check_only && !same(argv[2], "-o")))
        return usage();
    size_t which = 0, n_outputs = sizeof outputs / sizeof outputs[0];
    while (!check_only && which < n_outputs && !same(outputs[which].name, argv[1]))
        which++;
    if (which == n_outputs)
        return usage();
    for (int pass = 0; pass < 2; pass++)
        for (int i = check_only ? 2 : 4; i < argc; i++)
            read_input(argv[i], pass == 0);
    isa_check(&isa);
    if (check_only)
        return 0;
    FILE *out = fopen(argv[3], "w");
    if (!out) {
        perror(argv[3]);
        return 1;
    }
    outputs[which].write(out, &isa);
    if (ferror(out) | fclose(out)) {
        perror(argv[3]);
        return 1;
    }
    return 0;
}
