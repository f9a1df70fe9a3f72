/* isagen: command line. docs/isa-language.md, section 5. */
#include "isagen.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
    if (argc < 5 || strcmp(argv[2], "-o") != 0) {
        fprintf(stderr, "usage: isagen OUTPUT -o FILE INPUT...\n");
        return 2;
    }
    static struct uop_table uops;
    for (int i = 4; i < argc; i++)
        if (strcmp(base_name(argv[i]), "uops.def") == 0)
            read_file(argv[i], uop_read_row, &uops);
    FILE *out = fopen(argv[3], "w");
    if (!out) {
        perror(argv[3]);
        return 1;
    }
    if (strcmp(argv[1], "uops.h") == 0)
        out_uops_h(out, &uops);
    else if (strcmp(argv[1], "uops.c") == 0)
        out_uops_c(out, &uops);
    return fclose(out) != 0;
}
