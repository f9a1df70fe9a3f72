/* The guest side of the differential tests: a runtime that executes random code and reports what became of it.
 *
 * Reads a batch from standard input (header, code, contexts: layout.h), executes it, writes the
 * contexts to standard output and exits with 0. Statuses 10..19 mean that the runtime itself could not work.
 *
 * Two kinds of batch:
 * - chunks: code is a row of chunks. For each the runtime loads every x and f register and fcsr from the chunk's context,
 *   and stores them back when the chunk is done. One register, the same for a whole batch, holds the context's address.
 * - words: single instruction words, put into a desert of ebreaks and executed with all registers 0.
 * A signal is recorded in the context, and execution goes on where the context says.
 *
 * Linked so that .text lies just below CODE_ADDR: chunks reach the entry points with a jal. */

#include "layout.h"

    .option norvc
    .text
    .globl _start
_start:
/* Entry points at fixed places: TEXT_ADDR + 4 * index. */
    j   start
    j   finish
    j   save_3
    j   save_4
    j   save_30
    j   save_31

/* Stores the state of a finished chunk in its context, moves on to the next context and loads that. The chunk has stored
 * ra already and calls with ra = the next chunk. */
    .macro runtime base
save_\base:
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd  x\n, CTX_X + 8 * \n(x\base)
    .endr
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\n, CTX_F + 8 * \n(x\base)
    .endr
    frcsr x5
    sd  x5, CTX_FCSR(x\base)
    addi x\base, x\base, CTX_SIZE
load_\base:
    ld  x5, CTX_FCSR(x\base)
    fscsr x5
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\n, CTX_F + 8 * \n(x\base)
    .endr
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .if \n != \base
    ld  x\n, CTX_X + 8 * \n(x\base)
    .endif
    .endr
    ret
    .endm

    runtime 3
    runtime 4
    runtime 30
    runtime 31

    .text
/* a0 = fd, a1 = buffer, a2 = bytes: reads or writes (a7) all of it, or exits with a3. */
transfer_all:
    mv  t0, a0
1:  beqz a2, 2f
    mv  a0, t0
    ecall
    blez a0, fail
    add a1, a1, a0
    sub a2, a2, a0
    j   1b
2:  ret
fail:
    mv  a0, a3
    li  a7, SYS_EXIT_GROUP
    ecall

/* a0 = address, a1 = bytes, a2 = protection: maps memory there, or exits. */
map_fixed:
    mv  t0, a0
    li  a3, 0x100022            /* MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_PRIVATE */
    li  a4, -1
    li  a5, 0
    li  a7, SYS_MMAP
    ecall
    li  a3, 10
    bne a0, t0, fail
    ret

start:
    li  a0, CODE_ADDR
    li  a1, CODE_BYTES
    li  a2, 7
    call map_fixed
    li  a0, CTX_ADDR
    li  a1, CTX_BYTES
    li  a2, 3
    call map_fixed

    li  a0, 0
    la  a1, header
    li  a2, HEADER_BYTES
    li  a3, 11
    li  a7, SYS_READ
    call transfer_all
    la  s0, header
    li  a0, 0
    li  a1, CODE_ADDR
    lwu a2, HEADER_CODE_BYTES(s0)
    call transfer_all
    li  a0, 0
    li  a1, CTX_ADDR
    lwu a2, HEADER_CTX_BYTES(s0)
    call transfer_all
    fence.i

    la  a0, alternate_stack
    li  a1, 0
    li  a7, SYS_SIGALTSTACK
    ecall
    li  a3, 12
    bnez a0, fail
    la  s1, signals
1:  lbu a0, 0(s1)
    beqz a0, 2f
    la  a1, action
    li  a2, 0
    li  a3, 8
    li  a7, SYS_RT_SIGACTION
    ecall
    li  a3, 13
    bnez a0, fail
    addi s1, s1, 1
    j   1b

2:  lw  t0, HEADER_KIND(s0)
    li  t1, KIND_WORDS
    beq t0, t1, words
    li  ra, CODE_ADDR
    lwu t1, HEADER_ENTRY(s0)
    add ra, ra, t1
    li  t0, CTX_ADDR
    lwu t1, HEADER_FIRST_CTX(s0)
    add t0, t0, t1
    lw  t1, HEADER_BASE(s0)
    .irp n, 3,4,30
    li  t2, \n
    mv  x\n, t0
    beq t1, t2, load_\n
    .endr
    mv  x31, t0
    j   load_31

/* The words. words_next may be entered from the signal handler with any register content. */
words:
    call fill_desert
words_next:
    la  t0, word_index
    ld  t1, 0(t0)
    la  t2, header
    lwu t3, HEADER_COUNT(t2)
    beq t1, t3, finish
    addi t2, t1, 1
    sd  t2, 0(t0)
    li  t2, WORD_CTX_SIZE
    mul t1, t1, t2
    li  t2, CTX_ADDR
    add t1, t1, t2
    la  t2, word_context
    sd  t1, 0(t2)
    lw  t2, WORD_CTX_WORD(t1)
    li  t6, SLOT_ADDR
    /* An earlier word may have stored over the ebreaks beside it: a branch to there could come back for ever. */
    li  t4, 0x9002900290029002
    sd  t4, -8(t6)
    sd  t4, 0(t6)
    sd  t4, 8(t6)
    sh  t2, 0(t6)
    lw  t3, WORD_CTX_LEN(t1)
    li  t4, 2
    srli t2, t2, 16
    beq t3, t4, 1f
    sh  t2, 2(t6)
1:  fence.i
    fscsr zero
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.d.x f\n, zero
    .endr
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    li  x\n, 0
    .endr
    jr  x31

/* Fills the code area with c.ebreak: whatever a word jumps to ends there. */
fill_desert:
    li  t0, CODE_ADDR
    li  t1, CODE_ADDR + CODE_BYTES
    li  t2, 0x9002900290029002
1:  sd  t2, 0(t0)
    addi t0, t0, 8
    bne t0, t1, 1b
    ret

finish:
    la  s0, header
    li  a0, 1
    li  a1, CTX_ADDR
    lwu a2, HEADER_CTX_BYTES(s0)
    li  a3, 14
    li  a7, SYS_WRITE
    call transfer_all
    li  a3, 0
    j   fail

/* a0 = signal, a1 = siginfo, a2 = ucontext. Spoils what rt_sigreturn must restore. */
handler:
    la  t0, header
    lw  t1, HEADER_KIND(t0)
    li  t2, KIND_WORDS
    beq t1, t2, handler_words
    lw  t1, HEADER_BASE(t0)
    slli t1, t1, 3
    add t1, t1, a2
    ld  t1, UC_GREGS(t1)        /* the context's address */
    sw  a0, CTX_SIGNAL(t1)
    lw  t2, 8(a1)               /* si_code */
    sw  t2, CTX_CODE(t1)
    ld  t2, 16(a1)              /* si_addr */
    sd  t2, CTX_FAULT(t1)
    ld  t2, UC_GREGS(a2)        /* pc */
    sd  t2, CTX_PC(t1)
    ld  t2, CTX_RESUME(t1)
    sd  t2, UC_GREGS(a2)
spoil:
    not t2, t2
    fscsr t2
    .irp n, 0,1,2,8,9,10,15,31
    fmv.d.x f\n, t2
    .endr
    mv  s0, t2
    mv  s1, t2
    mv  gp, t2
    mv  tp, t2
    mv  t6, t2
    ret

handler_words:
    la  t1, word_context
    ld  t1, 0(t1)
    sw  a0, WORD_CTX_SIGNAL(t1)
    lw  t2, 8(a1)
    sw  t2, WORD_CTX_CODE(t1)
    ld  t2, 16(a1)
    sd  t2, WORD_CTX_FAULT(t1)
    ld  t2, UC_GREGS(a2)
    sd  t2, WORD_CTX_PC(t1)
    li  t3, 0                   /* a hash of x1..x31, f0..f31 and fcsr */
    li  t4, 0x9e3779b97f4a7c15
    addi t5, a2, UC_GREGS + 8
    addi t6, a2, UC_FCSR + 8
1:  ld  t2, 0(t5)
    xor t3, t3, t2
    mul t3, t3, t4
    srli t2, t3, 29
    xor t3, t3, t2
    addi t5, t5, 8
    bltu t5, t6, 1b
    sd  t3, WORD_CTX_HASH(t1)
    la  t2, words_next
    sd  t2, UC_GREGS(a2)
    ret

    .section .rodata
    .balign 8
action:
    .quad handler
    .quad 0x08000004            /* SA_ONSTACK | SA_SIGINFO */
    .quad 0
alternate_stack:
    .quad stack
    .quad 0
    .quad STACK_BYTES
signals:
    .byte 4, 5, 7, 8, 11, 0     /* SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV */

    .bss
    .balign 16
header:
    .skip HEADER_BYTES
word_index:
    .skip 8
word_context:
    .skip 8
    .balign 16
stack:
    .skip STACK_BYTES
