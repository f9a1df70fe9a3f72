/* tools/profile/report.c: the profile as text and as JSON. */
#include "tools/profile/output.h"

#include <string.h>

#include "host/x86_64/host.h"

enum { FUNCTIONS = 25, FRAGMENTS = 15, ANNOTATED = 3, JSON_FRAGMENTS = 1000 };

static int compare_functions(const void *a, const void *b)
{
    const struct profile_symbol *x = *(struct profile_symbol *const *)a;
    const struct profile_symbol *y = *(struct profile_symbol *const *)b;

    if (x->self != y->self)
        return x->self > y->self ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Symbols with samples, the most first. The caller frees the array. */
static struct profile_symbol **hot_functions(size_t *n)
{
    VEC(struct profile_symbol *) out = {0};
    struct profile_symbol *s, *nowhere = symbols_find(~(uint64_t)0 - 1);

    for (size_t i = 0; (s = symbols_at(i)) != NULL; i++) {
        if (s->total > 0)
            vec_push(&out, s);
    }
    if (nowhere->total > 0)
        vec_push(&out, nowhere);
    if (out.len > 0)
        qsort(out.data, out.len, sizeof(out.data[0]), compare_functions);
    *n = out.len;
    return out.data;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* Host instructions for each guest instruction in the fragments, weighted by their samples. */
static double host_per_guest(void)
{
    double host = 0, guest = 0;

    for (size_t i = 0; i < profile.fragments.len; i++) {
        struct profile_fragment *k = profile.fragments.data[i];
        if (k->samples == 0)
            continue;
        host += (double)k->samples * resolve_host_insns(k);
        guest += (double)k->samples * k->n_insns;
    }
    return ratio(host, guest);
}

static double seconds(uint64_t weight)
{
    return (double)weight / (double)profile.options->profile_rate;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_engines(struct strbuf *out, const struct profile_sums *sums)
{
    strbuf_printf(out, "where\n");
    for (unsigned i = 0; i < THREAD_DOINGS; i++) {
        if (sums->doing[i] > 0)
            strbuf_printf(out, "%7.2f%%  %s\n", percent(sums->doing[i], sums->weight),
                          activity_names[i]);
    }
    if (sums->unresolved > 0)
        strbuf_printf(out, "%7.2f%%  in fragments that are not known\n",
                      percent(sums->unresolved, sums->weight));
    if (host_has_disassembler && host_per_guest() > 0)
        strbuf_printf(out, "%8.2f  host instructions for each guest instruction, by samples\n",
                      host_per_guest());
}

static void print_functions(struct strbuf *out, const struct profile_sums *sums)
{
    size_t n;
    struct profile_symbol **hot = hot_functions(&n);

    strbuf_printf(out, "functions\n    self    total  host/guest  function\n");
    for (size_t i = 0; i < n && i < FUNCTIONS; i++) {
        const struct profile_symbol *s = hot[i];
        strbuf_printf(out, "%7.2f%% %7.2f%% ", percent(s->self, sums->weight),
                      percent(s->total, sums->weight));
        if (s->guest_insns > 0 && s->host_insns > 0)
            strbuf_printf(out, "%11.2f", s->host_insns / s->guest_insns);
        else
            strbuf_printf(out, "%11s", "-");
        strbuf_printf(out, "  %s%s%s\n", s->name, s->is_rest ? "" : "  ",
                      s->is_rest ? "" : s->file);
    }
    if (n > FUNCTIONS)
        strbuf_printf(out, "          and %zu more\n", n - FUNCTIONS);
    free(hot);
}

static void print_fragments(struct strbuf *out, const struct profile_sums *sums, struct thread *t)
{
    size_t n;
    struct profile_fragment **hot = resolve_hottest(&n);

    if (n > 0)
        strbuf_printf(out,
                      "fragments\n   share      guest pc  guest   host  instructions, place\n");
    for (size_t i = 0; i < n && i < FRAGMENTS; i++) {
        strbuf_printf(out, "%7.2f%% %#13lx %6u %6u  ", percent(hot[i]->samples, sums->weight),
                      (unsigned long)hot[i]->pc.v, hot[i]->n_insns, resolve_host_insns(hot[i]));
        output_place(out, hot[i]->pc.v);
        strbuf_printf(out, "\n");
    }
    for (size_t i = 0; i < n && i < ANNOTATED; i++) {
        strbuf_printf(out, "fragment %zu, ", i + 1);
        output_place(out, hot[i]->pc.v);
        strbuf_printf(out, "\n");
        annotate_fragment(out, hot[i], t, sums->weight);
    }
    free(hot);
}

void report_text(struct strbuf *out, const struct profile_sums *sums, struct thread *t)
{
    strbuf_printf(out, "isomorph: profile, engine %s, %.3f s of processor time in %lu samples",
                  profile.options->engine, seconds(sums->weight), (unsigned long)sums->samples);
    if (profile.lost > 0)
        strbuf_printf(out, ", %.3f s lost for lack of room", seconds(profile.lost));
    strbuf_printf(out, "\n");
    if (sums->samples == 0)
        return;
    print_engines(out, sums);
    print_functions(out, sums);
    print_fragments(out, sums, t);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_functions(struct strbuf *out)
{
    size_t n;
    struct profile_symbol **hot = hot_functions(&n);

    strbuf_printf(out, "  \"functions\": [");
    for (size_t i = 0; i < n; i++) {
        const struct profile_symbol *s = hot[i];
        strbuf_printf(out, "%s\n    {\"name\": ", i ? "," : "");
        output_json_string(out, s->name);
        strbuf_printf(out, ", \"file\": ");
        output_json_string(out, s->file);
        strbuf_printf(out,
                      ", \"start\": %lu, \"self\": %lu, \"total\": %lu, \"translated\": %lu, "
                      "\"host_per_guest\": %.3f}",
                      (unsigned long)s->start, (unsigned long)s->self, (unsigned long)s->total,
                      (unsigned long)s->translated, ratio(s->host_insns, s->guest_insns));
    }
    strbuf_printf(out, "\n  ],\n");
    free(hot);
}

static void json_fragments(struct strbuf *out)
{
    size_t n;
    struct profile_fragment **hot = resolve_hottest(&n);

    strbuf_printf(out, "  \"fragments\": [");
    for (size_t i = 0; i < n && i < JSON_FRAGMENTS; i++) {
        struct profile_fragment *k = hot[i];
        strbuf_printf(out,
                      "%s\n    {\"pc\": %lu, \"host\": %lu, \"host_bytes\": %u, \"samples\": %lu, "
                      "\"guest_instructions\": %u, \"host_instructions\": %u, \"place\": ",
                      i ? "," : "", (unsigned long)k->pc.v, (unsigned long)k->code.v, k->n_code,
                      (unsigned long)k->samples, k->n_insns, resolve_host_insns(k));
        struct strbuf place = {0};
        output_place(&place, k->pc.v);
        output_json_string(out, place.data);
        strbuf_free(&place);
        strbuf_printf(out, "}");
    }
    strbuf_printf(out, "\n  ]\n}\n");
    free(hot);
}

void report_json(struct strbuf *out, const struct profile_sums *sums)
{
    strbuf_printf(out, "{\n  \"engine\": \"%s\",\n  \"samples\": %lu,\n  \"weight\": %lu,\n",
                  profile.options->engine, (unsigned long)sums->samples,
                  (unsigned long)sums->weight);
    strbuf_printf(out, "  \"rate\": %lu,\n  \"lost\": %lu,\n  \"unresolved\": %lu,\n",
                  (unsigned long)profile.options->profile_rate, (unsigned long)profile.lost,
                  (unsigned long)sums->unresolved);
    strbuf_printf(out, "  \"host_per_guest\": %.3f,\n  \"where\": {", host_per_guest());
    for (unsigned i = 0; i < THREAD_DOINGS; i++)
        strbuf_printf(out, "%s\"%s\": %lu", i ? ", " : "", activity_names[i],
                      (unsigned long)sums->doing[i]);
    strbuf_printf(out, "},\n");
    json_functions(out);
    json_fragments(out);
}
