/* What the guest's state is before and after a stanza's test. */
#include "stanza_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CSR_FFLAGS = 1, CSR_FRM = 2, CSR_FCSR = 3 };

static void set_csr(struct stanza_machine *m, unsigned number, uint64_t value)
{
    uint32_t *fcsr = &m->regs.fcsr;
    switch (number) {
    case CSR_FFLAGS:
        *fcsr = (*fcsr & ~31u) | (value & 31);
        break;
    case CSR_FRM:
        *fcsr = (*fcsr & 31) | (uint32_t)(value & 7) << 5;
        break;
    case CSR_FCSR:
        *fcsr = value & 255;
        break;
    default:
        fail_msg("CSR 0x%x has no state of its own", number);
    }
}

/* Puts one item into m; a reservation is none of it. */
static void apply_item(struct stanza_machine *m, const struct stanza_item *item)
{
    switch (item->kind) {
    case ITEM_X:
        m->regs.x[item->index] = item->value;
        break;
    case ITEM_F:
        m->regs.f[item->index] = item->value;
        break;
    case ITEM_MEM:
        memcpy(&m->scratch[item->index], &item->value, item->bits / 8);
        break;
    case ITEM_CSR:
        set_csr(m, item->index, item->value);
        break;
    case ITEM_PC:
        m->regs.pc = item->value;
        break;
    case ITEM_TRAP:
        m->trap = (enum trap_kind)item->value;
        m->regs.pc = STANZA_CODE;
        break;
    case ITEM_RESERVE:
        break;
    }
}

void stanza_make_before(const struct stanza_test *test, struct stanza_machine *m)
{
    memset(m, 0, sizeof *m);
    m->regs.pc = STANZA_CODE;
    for (unsigned n = 1; n < 32; n++)
        m->regs.x[n] = UINT64_C(0x5a5a5a5a00000000) + n * UINT64_C(0x01010101);
    for (unsigned n = 0; n < 32; n++)
        m->regs.f[n] = UINT64_C(0xa5a5a5a500000000) + n * UINT64_C(0x01010101);
    for (size_t i = 0; i < test->n_before; i++)
        apply_item(m, &test->before[i]);
}

void stanza_make_after(const struct stanza_case *stanza, const struct stanza_test *test,
                       const struct stanza_machine *before, struct stanza_machine *m)
{
    *m = *before;
    m->regs.pc = STANZA_CODE + stanza->bytes;
    for (size_t i = 0; i < test->n_after; i++)
        apply_item(m, &test->after[i]);
}
