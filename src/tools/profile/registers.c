/* tools/profile/registers.c: how often the guest's registers are named by the instructions that are
 * executed: the figures behind translate/pins.def.
 *
 * With --registers each fragment comes back to the run loop, which counts; a read or write counts
 * once for each execution of its block. What the interpreter executes for lack of a fragment is not
 * counted; with --hot=0, which --registers implies, that is next to nothing. */
#include "tools/profile/output.h"

struct register_sums {
    uint64_t reads, writes;
    unsigned reg;
};

static uint64_t uses(const struct register_sums *s)
{
    return s->reads + s->writes;
}

static int compare_sums(const void *a, const void *b)
{
    const struct register_sums *x = a, *y = b;

    if (uses(x) != uses(y))
        return uses(x) > uses(y) ? -1 : 1;
    return (int)x->reg - (int)y->reg;
}

/* n_regs sums, the most used first; returns all uses. The caller frees them. */
static uint64_t sum_up(const struct guest *guest, struct register_sums **sums)
{
    uint64_t all = 0;

    *sums = base_zalloc(guest->n_regs * sizeof(**sums));
    for (unsigned r = 0; r < guest->n_regs; r++)
        (*sums)[r].reg = r;
    for (size_t i = 0; i < profile.fragments.len; i++) {
        const struct profile_fragment *k = profile.fragments.data[i];
        for (size_t u = 0; u < k->uses.len; u++) {
            const struct register_use *use = &k->uses.data[u];
            (*sums)[use->reg].reads += use->reads * k->executed;
            (*sums)[use->reg].writes += use->writes * k->executed;
            all += (uint64_t)(use->reads + use->writes) * k->executed;
        }
    }
    qsort(*sums, guest->n_regs, sizeof(**sums), compare_sums);
    return all;
}

static uint64_t executed_insns(void)
{
    uint64_t n = 0;

    for (size_t i = 0; i < profile.fragments.len; i++)
        n += profile.fragments.data[i]->executed_insns;
    return n;
}

static const char *name_of(const struct guest *guest, unsigned reg)
{
    return guest->regs[reg].alias ? guest->regs[reg].alias : guest->regs[reg].name;
}

void registers_print(struct strbuf *out, const struct guest *guest)
{
    struct register_sums *sums;
    uint64_t all = sum_up(guest, &sums);

    strbuf_printf(out, "registers (%lu guest instructions executed in translated blocks)\n",
                  (unsigned long)executed_insns());
    strbuf_printf(out, "   share               reads              writes  register\n");
    for (unsigned r = 0; r < guest->n_regs && uses(&sums[r]) > 0; r++)
        strbuf_printf(out, "%7.2f%% %18lu  %18lu  %s\n", percent(uses(&sums[r]), all),
                      (unsigned long)sums[r].reads, (unsigned long)sums[r].writes,
                      name_of(guest, sums[r].reg));
    free(sums);
}

void registers_json(struct strbuf *out, const struct guest *guest)
{
    struct register_sums *sums;

    sum_up(guest, &sums);
    strbuf_printf(out, "{\n  \"executed_instructions\": %lu,\n  \"registers\": {",
                  (unsigned long)executed_insns());
    for (unsigned r = 0; r < guest->n_regs && uses(&sums[r]) > 0; r++)
        strbuf_printf(out, "%s\n    \"%s\": {\"reads\": %lu, \"writes\": %lu}", r ? "," : "",
                      name_of(guest, sums[r].reg), (unsigned long)sums[r].reads,
                      (unsigned long)sums[r].writes);
    strbuf_printf(out, "\n  }\n}\n");
    free(sums);
}
