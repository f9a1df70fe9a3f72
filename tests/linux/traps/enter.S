# Into a case with every register loaded, and out again through the handler (traps.c).
#include "../registers.inc"
 .option norelax
 .text
 .globl enter_case, resume, on_trap, a_return, did_not_trap
# void enter_case(void *function, const uint64_t x[32], const uint64_t f[32], uint64_t fcsr): x31 is the function.
enter_case:
 save_registers
 load_floats a2
 csrw	fcsr, a3
 mv	x31, a0
 mv	x30, a1
 .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
 ld	x\n, 8*\n(x30)
 .endr
 jr	x31

did_not_trap:
 la	x31, dump
 sd	x0, 0(x31)
 j	leave
# The handler comes back here with all registers as it wants them, x31 pointing at the dump.
resume:
 .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
 sd	x\n, 8*\n(x31)
 .endr
 .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
 fsd	f\n, 256+8*\n(x31)
 .endr
 csrr	t0, fcsr
 sd	t0, 512(x31)
leave:
 restore_registers
 ret
# The handler of all signals: gp and tp are the case's.
on_trap:
 restore_pointers
 tail	take_trap
a_return:
 ret

 .bss
 .balign 8
saved: .space 512
 .globl dump
dump: .space 520
