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
 *   int64_t linux_raw_lend(const uint64_t args[6], void (*child)(void *), void *arg,
 *                          uint32_t *answer)
 *
 * clone(2) with CLONE_VM and CLONE_CHILD_CLEARTID. The child goes on this very stack below the
 * return address, in child(arg), which does not return. The parent stores the result in *answer and
 * wakes who waits there, if answer is not NULL and the call did not fail; then it waits until the
 * kernel has cleared the word at args[3], which is not 0 before: the child has left the memory. It
 * touches no memory of its own until then, and finds its frames as it left them. All signals are
 * blocked. */
	.text
	.globl linux_raw_syscall, linux_raw_start, linux_raw_insn, linux_raw_abort, linux_raw_lend
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

	.type linux_raw_lend, @function
linux_raw_lend:
	.cfi_startproc
	endbr64
	push	%rbx
	.cfi_adjust_cfa_offset 8
	push	%r12
	.cfi_adjust_cfa_offset 8
	push	%r13
	.cfi_adjust_cfa_offset 8
	mov	%rcx, %rbx		/* answer */
	mov	24(%rdi), %r12		/* the word */
	mov	%rdx, %r13		/* arg; the child starts with a copy of the registers */
	mov	%rsi, %r9		/* child: no argument of this call, and kept by the kernel */
	mov	0(%rdi), %rax
	mov	16(%rdi), %rdx
	xor	%esi, %esi
	mov	%r12, %r10
	mov	%rax, %rdi
	xor	%r8d, %r8d
	mov	$56, %eax		/* __NR_clone */
	syscall
	test	%rax, %rax
	jz	4f
	js	3f
	mov	%rax, %r13
	test	%rbx, %rbx
	jz	2f
	mov	%eax, (%rbx)
	mov	%rbx, %rdi
	mov	$129, %esi		/* FUTEX_WAKE_PRIVATE */
	mov	$1, %edx
	mov	$202, %eax		/* __NR_futex */
	syscall
2:	mov	(%r12), %edx
	test	%edx, %edx
	jz	1f
	mov	%r12, %rdi
	xor	%esi, %esi		/* FUTEX_WAIT: as the kernel wakes */
	xor	%r10d, %r10d
	mov	$202, %eax
	syscall
	jmp	2b
1:	mov	%r13, %rax
3:	pop	%r13
	.cfi_adjust_cfa_offset -8
	pop	%r12
	.cfi_adjust_cfa_offset -8
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	ret
4:	.cfi_adjust_cfa_offset 24
	mov	%r13, %rdi
	call	*%r9			/* aligned: the return address and three registers */
	ud2
	.cfi_endproc
	.size linux_raw_lend, . - linux_raw_lend

/* Where the kernel returns to from the host's signal handlers (SA_RESTORER). */
	.globl linux_raw_sigreturn
	.hidden linux_raw_sigreturn
	.type linux_raw_sigreturn, @function
linux_raw_sigreturn:
	mov	$15, %eax		/* __NR_rt_sigreturn */
	syscall
	.size linux_raw_sigreturn, . - linux_raw_sigreturn

	.section .note.GNU-stack, "", @progbits
