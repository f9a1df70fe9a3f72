/* The guest's state around a stanza's test. */
#ifndef ISOMORPH_STANZA_MACHINE_H
#define ISOMORPH_STANZA_MACHINE_H

#include "guest/rv64/rv64.h"
#include "stanza_runner.h"

enum { STANZA_ECALL = 0x73 };

/* What can be compared. */
struct stanza_machine {
    struct rv64_state regs;
    unsigned char scratch[STANZA_SCRATCH_SIZE];
    enum trap_kind trap; /* TRAP_NONE: it went on to regs.pc */
};

/* Every register holds something that no test expects by accident. Items that are a reservation
 * (ITEM_RESERVE) are left to the caller. */
void stanza_make_before(const struct stanza_test *test, struct stanza_machine *m);
void stanza_make_after(const struct stanza_case *stanza, const struct stanza_test *test,
                       const struct stanza_machine *before, struct stanza_machine *m);

#endif
