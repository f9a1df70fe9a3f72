# Branches, jumps, calls, traps.
forward_branch:
    beq a0,a1,forward_target
forward_target:
    ret
backward_target:
    addi a0,a0,-1
    bnez a0,backward_target
branch_unsigned:
    bgeu a0,a1,.+8
branch_on_slt:
    slt a5,a0,a1
    bnez a5,.+8
branch_unpinned:
    blt s2,s3,.+8
branch_positive:
    bgtz a0,.+8
call_far:
    auipc ra,0x10
    jalr ra,8(ra)
call_indirect:
    jalr a5
call_near_forward:
    jal ra,.+64
call_by_x5:
    jal t0,.-64
call_indirect_by_x5:
    jalr t0,8(a5)
call_what_x1_says: # a call, not a return
    jalr ra,0(ra)
coroutine: # a return and a call
    jalr ra,0(t0)
return_by_x5:
    jr t0
return_further:
    jr 4(ra)
jump_linked_elsewhere: # neither call nor return
    jalr t1,0(a5)
jump_table_entry:
    jr 16(a5)
jump_backward:
    j .-64
return:
    ld ra,8(sp)
    addi sp,sp,16
    ret
syscall:
    li a7,64
    ecall
breakpoint:
    ebreak
flush:
    fence.i
illegal:
    .4byte 0
