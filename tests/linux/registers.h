/* Registers of a program that loads all of them: put away, loaded, and put back.
   saved: 512 bytes, x registers by their number and f registers behind them. */
 .macro save_registers
 la	t0, saved
 .irp n, 1,2,3,4,8,9,18,19,20,21,22,23,24,25,26,27
 sd	x\n, 8*\n(t0)
 .endr
 .irp n, 8,9,18,19,20,21,22,23,24,25,26,27
 fsd	f\n, 256+8*\n(t0)
 .endr
 .endm

 .macro restore_registers
 csrw	fcsr, x0
 la	t0, saved
 .irp n, 1,2,3,4,8,9,18,19,20,21,22,23,24,25,26,27
 ld	x\n, 8*\n(t0)
 .endr
 .irp n, 8,9,18,19,20,21,22,23,24,25,26,27
 fld	f\n, 256+8*\n(t0)
 .endr
 .endm

/* All of f from an array. */
 .macro load_floats from
 .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
 fld	f\n, 8*\n(\from)
 .endr
 .endm

/* gp and tp for a handler's function, while those of the case are in the registers. */
 .macro restore_pointers
 la	t0, saved
 ld	gp, 24(t0)
 ld	tp, 32(t0)
 .endm
