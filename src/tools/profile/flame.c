/* tools/profile/flame.c: a flame graph. A box for each function in the call tree, as wide as its
 * share of the samples, on top of its caller; the box of who called everything is at the bottom.
 *
 * Plain SVG: a title for each box, which viewers show when one points at it, and no script. Boxes
 * of the same parent stand in the order of their names, so that two graphs can be compared. Boxes
 * narrower than a fraction of a pixel are left out. */
#include "tools/profile/output.h"

#include <string.h>

enum { WIDTH = 1200, ROW = 17, TOP = 36, MARGIN = 10, LETTER = 7 };
static const double min_width = 0.3;

static const char *label_of(const struct flame_node *node)
{
    if (node->is_activity)
        return activity_names[node->doing];
    return node->symbol ? node->symbol->name : "all";
}

static unsigned depth_of(const struct flame_node *node, double scale)
{
    unsigned deepest = 0;

    for (size_t i = 0; i < node->below.len; i++) {
        if ((double)node->below.data[i]->weight * scale >= min_width)
            deepest = MAX(deepest, depth_of(node->below.data[i], scale));
    }
    return deepest + 1;
}

/* Warm colours for the guest's functions, by name; grey for the runtime's work. */
static void print_colour(struct strbuf *out, const struct flame_node *node)
{
    uint32_t hash = 2166136261u;

    if (node->is_activity) {
        strbuf_printf(out, "#b8bcc4");
        return;
    }
    for (const char *c = label_of(node); *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    strbuf_printf(out, "rgb(%u,%u,%u)", 215 + hash % 40, 90 + (hash >> 8) % 110,
                  50 + (hash >> 16) % 30);
}

static void print_label(struct strbuf *out, const char *label, double x, unsigned y, double width)
{
    int letters = (int)(width / LETTER);
    char text[128];

    if (letters < 3)
        return;
    if ((int)strlen(label) <= letters)
        snprintf(text, sizeof(text), "%s", label);
    else
        snprintf(text, sizeof(text), "%.*s..", MIN(letters - 2, 120), label);
    strbuf_printf(out, "<text x=\"%.1f\" y=\"%u\">", x + 3, y + 12);
    output_xml(out, text);
    strbuf_printf(out, "</text>\n");
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(label_of(*(struct flame_node *const *)a),
                  label_of(*(struct flame_node *const *)b));
}

static void print_node(struct strbuf *out, const struct flame_node *node, double x, unsigned y,
                       double scale, uint64_t all)
{
    double width = (double)node->weight * scale;

    if (width < min_width)
        return;
    strbuf_printf(out, "<g><title>");
    output_xml(out, label_of(node));
    if (node->symbol && !node->symbol->is_rest) {
        strbuf_printf(out, " (");
        output_xml(out, node->symbol->file);
        strbuf_printf(out, ")");
    }
    strbuf_printf(
        out, ": %.2f%%, %lu</title><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"",
        percent(node->weight, all), (unsigned long)node->weight, x, y, width, ROW - 1);
    print_colour(out, node);
    strbuf_printf(out, "\"/>\n");
    print_label(out, label_of(node), x, y, width);
    strbuf_printf(out, "</g>\n");
    if (node->below.len > 0)
        qsort(node->below.data, node->below.len, sizeof(node->below.data[0]), compare_nodes);
    for (size_t i = 0; i < node->below.len; i++) {
        print_node(out, node->below.data[i], x, y - ROW, scale, all);
        x += (double)node->below.data[i]->weight * scale;
    }
}

void flame_write(struct strbuf *out, const struct profile_sums *sums, const char *title)
{
    uint64_t all = MAX(sums->root.weight, (uint64_t)1);
    double scale = (double)(WIDTH - 2 * MARGIN) / (double)all;
    unsigned rows = depth_of(&sums->root, scale), height = TOP + rows * ROW + MARGIN;

    strbuf_printf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
        "width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" font-family=\"monospace\" "
        "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff8ee\"/>\n"
        "<text x=\"%d\" y=\"22\" font-size=\"15\">",
        WIDTH, height, WIDTH, height, MARGIN);
    output_xml(out, title);
    strbuf_printf(out, "</text>\n");
    print_node(out, &sums->root, MARGIN, height - MARGIN - ROW, scale, all);
    strbuf_printf(out, "</svg>\n");
}
