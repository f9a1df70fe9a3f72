/* linux/raw_syscall.S: the one `syscall` instruction through which the guest's system calls reach
 * the kernel.
 *
 *   int64_t linux_raw_syscall(const uint32_t *pending, long number, const uint64_t args[6])
 *
 * A signal for the guest that arrives after the last look for one and before the kernel has begun
 * the call would wait until the call returns, perhaps for ever. Here the look and the instruction
 * stand side by side, between two labels: the host's signal handler sends a thread that it
 * interrupted between them to linux_raw_abort, and the call answers SYS_RESTART without having been
 * made. A call that the kernel wants made again after the handler (SA_RESTART) comes back to the
 * same instruction and takes the same way out, so the kernel alone decides which calls restart.
 *
 *   int64_t linux_raw_vfork(uint64_t flags, uint64_t stack, uint64_t ptid, uint64_t ctid,
 *                           void (*child)(void *), void *arg)
 *
 * clone(2) with CLONE_VM | CLONE_VFORK. The child goes on this very stack below the return address,
 * in child(arg), which does not return; the parent finds its frames as it left them. */
	.text
	.globl linux_raw_syscall, linux_raw_start, linux_raw_insn, linux_raw_abort, linux_raw_vfork
	.hidden linux_raw_start, linux_raw_insn, linux_raw_abort

	.type linux_raw_syscall, @function
linux_raw_syscall:
	.cfi_startproc
	endbr64
	mov	%rdi, %rcx
	mov	%rsi, %rax
	mov	%rdx, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
linux_raw_start:
	cmpl	$0, (%rcx)
	jne	linux_raw_abort
linux_raw_insn:
	syscall
	ret
linux_raw_abort:
	mov	$-512, %rax		/* SYS_RESTART (sys.h) */
	ret
	.cfi_endproc
	.size linux_raw_syscall, . - linux_raw_syscall

	.type linux_raw_vfork, @function
linux_raw_vfork:
	.cfi_startproc
	endbr64
	mov	%rcx, %r10
	mov	%r8, %r11		/* not preserved by the kernel: kept on the stack for the child */
	push	%r11
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	xor	%r8d, %r8d
	mov	$56, %eax		/* __NR_clone */
	syscall
	test	%rax, %rax
	jz	1f
	add	$16, %rsp
	.cfi_adjust_cfa_offset -16
	ret
1:	.cfi_adjust_cfa_offset 16
	mov	0(%rsp), %rdi
	mov	8(%rsp), %rax
	sub	$8, %rsp		/* the ABI's alignment at the call */
	.cfi_adjust_cfa_offset 8
	call	*%rax
	ud2
	.cfi_endproc
	.size linux_raw_vfork, . - linux_raw_vfork

/* Where the kernel returns to from the host's signal handlers (SA_RESTORER). */
	.globl linux_raw_sigreturn
	.hidden linux_raw_sigreturn
	.type linux_raw_sigreturn, @function
linux_raw_sigreturn:
	mov	$15, %eax		/* __NR_rt_sigreturn */
	syscall
	.size linux_raw_sigreturn, . - linux_raw_sigreturn

	.section .note.GNU-stack, "", @progbits
