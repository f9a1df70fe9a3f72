# A loop with some of everything, entered with every register loaded (walk.c). Its end is the ebreak.
#include "../registers.inc"
 .option norelax
 .text
 .globl walk_start, walk_end, enter_walk, keep_pointers, on_signal, leave_walk, saved

# void keep_pointers(void): gp and tp, for handlers that come while they are the loop's.
keep_pointers:
 la	t0, saved
 sd	gp, 24(t0)
 sd	tp, 32(t0)
 ret
on_signal:
 restore_pointers
 tail	take_signal

# void enter_walk(const uint64_t x[32], const uint64_t f[32], uint64_t fcsr)
enter_walk:
 save_registers
 load_floats a1
 csrw	fcsr, a2
 mv	x31, a0
 .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
 ld	x\n, 8*\n(x31)
 .endr

# x6 is the memory, x5 the turns.
walk_start:
1: addi	x7, x5, 3
 mul	x8, x7, x9
 ld	x10, 0(x6)
 add	x10, x10, x8
 sd	x10, 0(x6)
 xor	x13, x13, x10
 fadd.d	f1, f1, f2
 fdiv.d	f3, f1, f4
 fsd	f3, 8(x6)
 andi	x14, x5, 3
 beqz	x14, 2f
 fmadd.d	f5, f5, f6, f3
 addi	x2, x2, 16
 jal	x1, 4f
 j	3f
2: div	x15, x10, x5
 fcvt.w.d x16, f5
 amoadd.w x17, x5, (x6)
 flw	f7, 4(x6)
 fmul.s	f8, f8, f9
3: la	x18, 5f
 srai	x19, x10, 7
 sltu	x20, x19, x10
 jr	x18
4: lbu	x21, 3(x6)
 c.addi	x22, -1
 c.mv	x3, x22
 sh	x22, 16(x6)
 ret
5: fsqrt.d f10, f3
 sub	x4, x4, x19
 csrr	x23, fflags
 fclass.d x24, f10
 addi	x5, x5, -1
6: addi	x25, x25, 1		# a loop of one block
 andi	x26, x25, 7
 sb	x26, 24(x6)
 bnez	x26, 6b
 bnez	x5, 1b
 ebreak
walk_end:

leave_walk:
 restore_registers
 ret

 .bss
 .balign 8
saved: .space 512
