/* Fuzz target: the parser of µops. Whatever it accepts, well-formed or not, must get through the
 * verifier and print to a text that it reads back to the same µops. */
#include "ir/ir.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct guest_reg regs[] = {
    {"pc", NULL, REG_PC, 64, 0, false},    {"x0", "zero", REG_GPR, 64, 8, true},
    {"x1", "ra", REG_GPR, 64, 16, false},  {"x2", "sp", REG_GPR, 64, 24, false},
    {"f0", "ft0", REG_FPR, 64, 32, false}, {"v0", NULL, REG_VEC, 128, 48, false},
};

/* Field by field: the padding of a µop is nobody's. */
static bool uops_equal(const struct ir_uop *x, const struct ir_uop *y)
{
    return x->op == y->op && x->type == y->type && x->arg_type == y->arg_type && x->mem == y->mem &&
           x->reg == y->reg && x->rm == y->rm && x->order == y->order && x->imm == y->imm &&
           memcmp(x->arg, y->arg, sizeof(x->arg)) == 0;
}

/* Prints the block, parses that and prints it again. */
static void check_round_trip(const struct ir_block *block)
{
    struct ir_block again;
    struct strbuf first = {0}, second = {0};
    unsigned line;
    char message[256];

    ir_print(block, &first);
    ir_block_init(&again, regs, ARRAY_LEN(regs));
    const char *text = first.data ? first.data : "";
    int err = ir_parse(&again, text, &line, message, sizeof(message));
    CHECK(err == 0, "line %u of what was printed is not read: %s\n%s", line, message, text);
    ir_print(&again, &second);
    CHECK(strcmp(text, second.data ? second.data : "") == 0, "printed:\n%s\nread back:\n%s", text,
          second.data);
    CHECK(block->uops.len == again.uops.len, "%zu µops became %zu", block->uops.len,
          again.uops.len);
    for (size_t i = 0; i < again.uops.len; i++)
        CHECK(uops_equal(&block->uops.data[i], &again.uops.data[i]), "µop %zu of\n%s", i, text);
    CHECK(!ir_verify(block) == !ir_verify(&again), "well-formed or not:\n%s", text);
    strbuf_free(&first);
    strbuf_free(&second);
    ir_block_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ir_block block;
    unsigned line = 0;
    char message[256];
    char *text = base_alloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    ir_block_init(&block, regs, ARRAY_LEN(regs));
    if (ir_parse(&block, text, &line, message, sizeof(message)) == 0)
        check_round_trip(&block);
    ir_block_free(&block);
    free(text);
    return 0;
}
