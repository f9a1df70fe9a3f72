# Loads, stores, atomics.
load_store:
    ld a0,8(sp)
    sd a0,16(sp)
load_extended:
    lw a0,4(a1)
    lbu a2,0(a1)
    lhu a3,2(a1)
    lb a4,1(a1)
load_to_base:
    ld a0,0(a0)
load_unpinned:
    ld s2,0(s3)
store_zero:
    sd zero,0(a0)
    sb zero,3(a1)
load_indexed:
    slli a5,a5,3
    add a5,a5,a4
    ld a5,0(a5)
load_global:
    lui a5,0x80
    lw a0,16(a5)
copy_loop:
    lbu a5,0(a1)
    addi a1,a1,1
    addi a0,a0,1
    sb a5,-1(a0)
    bnez a5,copy_loop
fence_full:
    fence rw,rw
fence_release:
    fence rw,w
amoadd:
    amoadd.w a0,a1,(a2)
amoadd_no_result:
    amoadd.d zero,a1,(a2)
amoswap:
    amoswap.d a0,a1,(a2)
amomax:
    amomax.w a0,a1,(a2)
lr:
    lr.d a0,(a1)
sc:
    sc.w a0,a1,(a2)
fetch_and_change:
    lr.w.aqrl a5,(a0)
    and a4,a5,a1
    not a4,a4
    sc.w.rl a4,a4,(a0)
    bnez a4,fetch_and_change
exchange_byte:
    lr.w a5,(a0)
    and a4,a5,a2
    or a4,a4,a1
    sc.w a3,a4,(a0)
    bnez a3,exchange_byte
reserved_across_load:
    lr.d a5,(a0)
    ld a4,0(a1)
    sc.d a3,a4,(a0)
    bnez a3,reserved_across_load
reserved_elsewhere:
    lr.d a5,(a0)
    sc.d a3,a4,(a1)
bytes_8:
    lbu a4,1(s8)
    lbu a3,0(s8)
    lbu a1,2(s8)
    slli a4,a4,8
    or a4,a4,a3
    lbu a3,3(s8)
    slli a1,a1,16
    or a1,a1,a4
    slli a3,a3,24
    lbu a4,4(s8)
    or a3,a3,a1
    lbu a1,5(s8)
    slli a4,a4,32
    or a4,a4,a3
    slli a1,a1,40
    lbu a3,6(s8)
    or a1,a1,a4
    lbu a4,7(s8)
    slli a3,a3,48
    or a3,a3,a1
    slli a4,a4,56
    or a4,a4,a3
bytes_4:
    lbu a1,4(a0)
    lbu a2,5(a0)
    slli a2,a2,8
    or a1,a1,a2
    lbu a2,6(a0)
    slli a2,a2,16
    or a1,a1,a2
    lbu a2,7(a0)
    slliw a2,a2,24
    or a1,a1,a2
    sext.w a1,a1
    li a2,0
bytes_2:
    lbu a1,0(a0)
    lbu a2,1(a0)
    slli a2,a2,8
    or a2,a2,a1
bytes_disturbed:
    lbu a1,0(a0)
    sb a1,0(a3)
    lbu a2,1(a0)
    slli a2,a2,8
    or a2,a2,a1
address_redone:
    slli a5,a5,3
    add a5,a5,a4
    ld a5,0(a5)
address_half_redone:
    slli a5,a5,3
    addi a3,a3,1
    add a5,a5,a4
    lw a5,0(a5)
address_seen:
    slli a5,a5,3
    add a5,a5,a4
    ld a4,0(a5)
# A fault shows what is overwritten behind the access: t1 and a7 are made then.
late_rotation:
    slliw t1,s3,26
    srliw a7,s3,6
    or t1,t1,a7
    lw a7,0(a0)
    addw a1,a7,t1
    lw t1,4(a0)
late_and_read_after_change:
    slli t1,s3,2
    add t3,t1,a1
    addi s3,s3,1
    lw a7,0(a0)
    sub t1,t3,a7
    li t3,0
late_until_a_branch:
    xor t1,s3,s4
    lw a0,0(a0)
    beqz a0,.+8
    li t1,0
