# Blocks that go on where their branches are not taken.
branch_in_the_middle:
    lw a5,0(a0)
    beqz a5,.-64
    addi a1,a1,1
    sw a1,4(a0)
    bnez a1,.+64
    ret
value_over_a_branch: # s2 stays where it is
    addi s2,s2,1
    bltu s2,a0,.+64
    slli a1,s2,3
    add a1,a1,a2
    ld a3,0(a1)
    j .-32
loop_that_goes_on: # its way back looks at the poll word, its way on does not
    addi a0,a0,-1
    bnez a0,loop_that_goes_on
    mv a0,a1
    ret
written_on_both_sides: # the first value may be seen where the branch is taken
    li a0,1
    beq a1,a2,.+64
    li a0,2
    ret
compare_and_exchange: # LR and SC with a branch between
    lr.w a5,(a0)
    bne a5,a1,.+16
    sc.w.rl a4,a2,(a0)
    bnez a4,compare_and_exchange
bytes_on_both_sides: # no wide load over a branch
    lbu a5,0(a0)
    beqz a5,.+64
    lbu a4,1(a0)
    slli a4,a4,8
    or a5,a5,a4
    ret
nan_before_a_branch:
    fadd.d fa0,fa0,fa1
    beqz a0,.+64
    fmul.d fa0,fa0,fa2
    ret
# More values than registers, and pinned registers that nobody names: these are lent. The branch gives them back on its way
# out.
lent:
    lw t0,0(a0)
    lw t1,4(a0)
    lw t2,8(a0)
    lw t3,12(a0)
    lw t4,16(a0)
    lw t5,20(a0)
    srliw s3,t0,7
    srliw s4,t1,18
    srliw s5,t2,3
    srliw s6,t3,17
    srliw s7,t4,19
    srliw s8,t5,10
    xor t0,t0,s4
    xor t1,t1,s5
    xor t2,t2,s6
    xor t3,t3,s7
    xor t4,t4,s8
    xor t5,t5,s3
    beqz a1,.+64
    addw t0,t0,t3
    addw t1,t1,t4
    addw t2,t2,t5
    addw s3,s3,s6
    addw s4,s4,s7
    addw s5,s5,s8
    xor s3,s3,t0
    xor s4,s4,t1
    xor s5,s5,t2
    sw t0,0(a0)
    sw t1,4(a0)
    sw t2,8(a0)
    sw s3,12(a0)
    sw s4,16(a0)
    sw s5,20(a0)
    jr a5
