/* Inside tools/profile: what is written at the end. */
#ifndef ISOMORPH_PROFILE_OUTPUT_H
#define ISOMORPH_PROFILE_OUTPUT_H

#include "tools/profile/resolve.h"

/* `part` of `whole`. */
static inline double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* report.c */
void report_text(struct strbuf *out, const struct profile_sums *sums, struct thread *t);
void report_json(struct strbuf *out, const struct profile_sums *sums);
/* annotate.c: a fragment's guest and host code side by side. */
void annotate_fragment(struct strbuf *out, const struct profile_fragment *k, struct thread *t,
                       uint64_t weight);
/* flame.c: the call tree as an SVG picture. */
void flame_write(struct strbuf *out, const struct profile_sums *sums, const char *title);
/* registers.c: how often each guest register was read and written. */
void registers_print(struct strbuf *out, const struct guest *guest);
void registers_json(struct strbuf *out, const struct guest *guest);
/* perf.c: perf_start opens what must be there while the program runs. */
void perf_start(const struct options *options);
void perf_write(const struct options *options);
/* Writes all of the text to a file, or says why not. */
void output_file(const char *option, const char *path, const struct strbuf *text);
/* Adds text as it must stand in XML or in a JSON string. */
void output_xml(struct strbuf *out, const char *text);
void output_json_string(struct strbuf *out, const char *text);
/* "main+0x10". */
void output_place(struct strbuf *out, uint64_t address);

#endif
