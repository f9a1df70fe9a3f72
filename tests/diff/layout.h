/* What the guest runtime (guest.S) and the tool (C) agree on: addresses, and the layout of batches
 * and contexts. Only #defines: the assembler reads this too. */
#ifndef DIFF_LAYOUT_H
#define DIFF_LAYOUT_H

/* The runtime is linked at TEXT_ADDR; random code is at CODE_ADDR, within reach of a jal from it.
 */
#define TEXT_ADDR  0x3ffc0000
#define CODE_ADDR  0x40000000
#define CODE_BYTES 0x240000
#define CTX_ADDR   0x48000000
#define CTX_BYTES  0x800000

/* Entry points: TEXT_ADDR + 4 * this. */
#define ENTRY_FINISH  1
#define ENTRY_SAVE_3  2
#define ENTRY_SAVE_4  3
#define ENTRY_SAVE_30 4
#define ENTRY_SAVE_31 5

/* Header of a batch: 32-bit words. */
#define HEADER_KIND       0
#define HEADER_BASE       4 /* chunks: number of the register that holds the context's address */
#define HEADER_COUNT      8 /* chunks or words */
#define HEADER_CODE_BYTES 12
#define HEADER_CTX_BYTES  16
#define HEADER_ENTRY      20 /* chunks: offset in the code of the chunk to begin with */
#define HEADER_FIRST_CTX  24 /* chunks: offset of its context */
#define HEADER_BYTES      28
#define KIND_CHUNKS       0
#define KIND_WORDS        1

/* Context of a chunk. In: registers to start with. Out: registers afterwards, and the signal that
 * ended the chunk. */
#define CTX_X         0
#define CTX_F         256
#define CTX_FCSR      512
#define CTX_SIGNAL    520
#define CTX_CODE      524 /* si_code */
#define CTX_FAULT     528 /* si_addr */
#define CTX_PC        536 /* where the signal came */
#define CTX_RESUME    544 /* in: where to go on after a signal */
#define CTX_SCRATCH   576 /* memory for loads, stores and atomics */
#define SCRATCH_BYTES 576
#define CTX_SIZE      1152

/* Context of a single word. */
#define WORD_CTX_WORD   0
#define WORD_CTX_LEN    4
#define WORD_CTX_SIGNAL 8
#define WORD_CTX_CODE   12
#define WORD_CTX_FAULT  16
#define WORD_CTX_PC     24
#define WORD_CTX_HASH   32
#define WORD_CTX_SIZE   40
/* Where the word is put: the middle of the code area, more than 1 MiB (the reach of a jal) from its
 * ends. */
#define SLOT_ADDR (CODE_ADDR + 0x120000)

/* Linux, riscv64: struct ucontext (asm/ucontext.h), system calls (asm-generic/unistd.h). */
#define UC_GREGS         176 /* pc, x1..x31 */
#define UC_FCSR          (UC_GREGS + 256 + 256)
#define SYS_READ         63
#define SYS_WRITE        64
#define SYS_EXIT_GROUP   94
#define SYS_SIGALTSTACK  132
#define SYS_RT_SIGACTION 134
#define SYS_MMAP         222
#define STACK_BYTES      65536

#endif
