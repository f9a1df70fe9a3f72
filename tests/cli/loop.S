# Guest program of the statistics test: retires exactly 1 + 2 * 1000 + 2 instructions, then makes one system call.
# (An environment call does not retire: The RISC-V Instruction Set Manual II, section 3.3.1.)
    .option norelax
    .option norvc
    .globl _start
_start:
    addi    t0, zero, 1000
loop:
    addi    t0, t0, -1
    bne     t0, zero, loop
    addi    a0, zero, 7
    addi    a7, zero, 93        # exit
    ecall
