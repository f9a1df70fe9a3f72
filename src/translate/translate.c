/* translate: the pipeline of one block, on one page.
 *
 *     µops -> fold -> wide -> reserve -> dead -> rotate -> narrow -> fuse -> hints -> emit -> image
 *
 * Each pass is a file that says what it needs and what it leaves; block.h says what passes between
 * them. */
#include "translate/translator.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name, *help;
} passes[PASS_COUNT] = {
#define PASS(id, name, help) {#name, help},
#include "translate/passes.def"
#undef PASS
};

_Static_assert(PASS_COUNT <= 32, "passes_off has a bit for each pass");

bool translate_list_passes(unsigned i, const char **name, const char **help)
{
    if (i >= PASS_COUNT)
        return false;
    *name = passes[i].name;
    *help = passes[i].help;
    return true;
}

uint32_t translate_pass_bit(const char *name)
{
    for (unsigned k = 0; k < PASS_COUNT; k++)
        if (strcmp(name, passes[k].name) == 0)
            return UINT32_C(1) << k;
    return 0;
}

struct translator *translator_create(const struct translate_config *config)
{
    struct translator *tr = base_zalloc_aligned(sizeof(*tr), 64);
    tr->config = *config;
    tr->work.guest = config->guest;
    tr->work.passes_off = config->passes_off;
    tr->work.count = config->count;
    tr->work.fence = config->fence;
    tr->work.float_code = host_cpu_has(&config->cpu, HOST_AVX);
    tr->work.fma = host_cpu_has(&config->cpu, HOST_FMA);
    tr->work.bmi1 = host_cpu_has(&config->cpu, HOST_BMI1);
    host_code_init(&tr->code, &tr->config.cpu);
    emitter_init(&tr->emitter, &tr->work, &tr->code, &tr->config);
    return tr;
}

void translator_destroy(struct translator *tr)
{
    emitter_free(&tr->emitter);
    host_code_free(&tr->code);
    vec_free(&tr->work.nodes);
    vec_free(&tr->work.alias);
    vec_free(&tr->work.current);
    vec_free(&tr->work.overwritten);
    vec_free(&tr->work.next_leave);
    vec_free(&tr->work.in_register);
    vec_free(&tr->work.late);
    vec_free(&tr->work.boxed_rows);
    free(tr);
}

static int finish_code(struct translator *tr)
{
    int error = host_code_finish(&tr->code);
    CHECK(error == 0 || error == -ENOSPC, "an image refers to what is out of its reach");
    return error ? -BAILOUT_TOO_LARGE : 0;
}

static void fill_image(struct translator *tr, struct fragment_image *out)
{
    const struct emitter *e = &tr->emitter;
    *out = (struct fragment_image){
        .pc = tr->work.pc,
        .guest_bytes = tr->work.guest_bytes,
        .n_insns = tr->work.n_insns,
        .code = tr->room,
        .n_code = tr->code.pos,
        .exits = e->exits.data,
        .n_exits = (uint32_t)e->exits.len,
        .relocs = tr->code.relocs.data,
        .n_relocs = (uint32_t)tr->code.relocs.len,
        .reverse = e->reverse.bytes.data,
        .n_reverse = (uint32_t)e->reverse.bytes.len,
    };
}

int translate_block(struct translator *tr, const struct ir_block *b, gva pc, uint32_t guest_bytes,
                    uint32_t n_insns, struct fragment_image *out)
{
    struct work *w = &tr->work;
    int error;

    w->ir = b;
    w->pc = pc;
    w->guest_bytes = guest_bytes;
    w->n_insns = n_insns;
    host_code_begin(&tr->code, tr->room, HPC(CODE_BASE), sizeof(tr->room));

    if ((error = pass_fold(w)) != 0)
        return error;
    pass_mode(w);
    pass_wide(w);
    pass_reserve(w);
    pass_dead(w);
    pass_rotate(w);
    pass_narrow(w);
    pass_boxes(w);
    pass_fuse(w);
    pass_hints(w);
    if ((error = emit_block(&tr->emitter)) != 0)
        return error;
    if ((error = finish_code(tr)) != 0)
        return error;
    fill_image(tr, out);
    return 0;
}

void translate_trampolines(struct translator *tr, const uint8_t **code, size_t *n,
                           const struct host_reloc **relocs, size_t *n_relocs, uint32_t offsets[])
{
    host_code_begin(&tr->code, tr->room, HPC(CODE_BASE), sizeof(tr->room));
    emit_trampolines(&tr->emitter, offsets);
    CHECK(finish_code(tr) == 0, "the trampolines do not fit");
    *code = tr->room;
    *n = tr->code.pos;
    *relocs = tr->code.relocs.data;
    *n_relocs = tr->code.relocs.len;
}
