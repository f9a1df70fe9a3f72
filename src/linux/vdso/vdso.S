/* The guest's vdso: functions that the kernel maps into every riscv64 program (vdso(7)).
 *
 * Each is the system call of the same name. They are found by name and version (LINUX_4.15, see vdso.lds) through
 * AT_SYSINFO_EHDR, and unwinders find the frame of a signal through the call-frame information of __vdso_rt_sigreturn. */

#define NR_rt_sigreturn 139
#define NR_clock_gettime 113
#define NR_clock_getres 114
#define NR_getcpu 168
#define NR_gettimeofday 169
#define NR_riscv_hwprobe 258
#define NR_riscv_flush_icache 259

    .text
    .option norvc /* unwinders without call-frame information compare the code of rt_sigreturn */

    .macro syscall_function name, number
    .globl __vdso_\name
    .type __vdso_\name, @function
    .balign 16
__vdso_\name:
    .cfi_startproc
    li a7, \number
    ecall
    ret
    .cfi_endproc
    .size __vdso_\name, . - __vdso_\name
    .endm

/* The return address of every signal handler: at that moment sp points to struct rt_sigframe (kernel, arch/riscv/kernel/
 * signal.c): siginfo, 128 bytes; ucontext, whose mcontext begins at 176: pc, x1 to x31, then f0 to f31. */
#define FRAME_REGS (128 + 176)

/* DWARF numbers of the RISC-V psABI: x0 to x31 are 0 to 31, f0 to f31 are 32 to 63, which is their order in the
 * frame too; 64 is a return address other than ra: the interrupted pc. */
#define SP 2
#define INTERRUPTED_PC 64

    .globl __vdso_rt_sigreturn
    .type __vdso_rt_sigreturn, @function
    .balign 16
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_return_column INTERRUPTED_PC
    .cfi_def_cfa SP, 0
    .cfi_offset INTERRUPTED_PC, FRAME_REGS
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    .cfi_offset \n, FRAME_REGS + \n * 8
    .endr
    .irp n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    .cfi_offset \n, FRAME_REGS + \n * 8
    .endr
    .irp n, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47
    .cfi_offset \n, FRAME_REGS + \n * 8
    .endr
    .irp n, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
    .cfi_offset \n, FRAME_REGS + \n * 8
    .endr
    nop /* unwinders look up the return address minus 1: it must lie in the same range */
__vdso_rt_sigreturn:
    li a7, NR_rt_sigreturn
    ecall
    .cfi_endproc
    .size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

    syscall_function gettimeofday, NR_gettimeofday
    syscall_function clock_gettime, NR_clock_gettime
    syscall_function clock_getres, NR_clock_getres
    syscall_function getcpu, NR_getcpu
    syscall_function flush_icache, NR_riscv_flush_icache
    syscall_function riscv_hwprobe, NR_riscv_hwprobe

    .section .note.GNU-stack, "", @progbits
