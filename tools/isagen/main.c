/* isagen: command line. docs/isa-language.md, section 5. */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

static struct isa isa = {.guest = "rv64"};

static void write_uops_h(FILE *out, const struct isa *table)
{
    out_uops_h(out, &table->uops);
}

static void write_uops_c(FILE *out, const struct isa *table)
{
    out_uops_c(out, &table->uops);
}

static const struct {
    const char *name;
    void (*write)(FILE *out, const struct isa *isa);
} outputs[] = {
    {"uops.h", write_uops_h},   {"uops.c", write_uops_c},   {"regs.h", out_regs_h},
    {"regs.c", out_regs_c},     {"decode.h", out_decode_h}, {"decode.c", out_decode_c},
    {"disasm.c", out_disasm_c}, {"csrs.h", out_csrs_h},     {"handlers.h", out_handlers_h},
    {"lift.c", out_lift_c},     {"tests.c", out_tests_c},   {"encodings.txt", out_encodings},
    {"manual.7", out_manual},
};

static void read_input(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strcmp(name, "uops.def") == 0)
        read_file(path, uop_read_row, &isa.uops);
    else if (strcmp(name, "regs.def") == 0)
        read_file(path, regs_read_row, &isa);
    else if (strcmp(name, "csr.def") == 0)
        read_file(path, csr_read_row, &isa);
    else
        read_file(path, isa_read_row, &isa);
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
    bool check_only = argc > 1 && strcmp(argv[1], "check") == 0;
    if (argc < (check_only ? 3 : 5) || (!check_only && strcmp(argv[2], "-o") != 0))
        return usage();
    size_t which = 0, n_outputs = sizeof outputs / sizeof outputs[0];
    while (!check_only && which < n_outputs && strcmp(outputs[which].name, argv[1]) != 0)
        which++;
    if (which == n_outputs)
        return usage();
    for (int i = check_only ? 2 : 4; i < argc; i++)
        read_input(argv[i]);
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
