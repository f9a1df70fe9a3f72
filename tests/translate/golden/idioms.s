# What compilers write for one operation, and what values are known to be.
negative_of_bit:
    andi a5,a4,1
    subw a5,zero,a5
    and a5,a5,a2
difference_of_bytes:
    lbu a0,0(a0)
    lbu a1,0(a1)
    subw a0,a0,a1
sum_of_halves:
    lhu a0,0(a0)
    lhu a1,0(a1)
    addw a0,a0,a1
shift_of_masked:
    andi a4,a4,7
    slliw a4,a4,3
index_unsigned:
    slli a5,a5,32
    srli a5,a5,29
    add a5,a4,a5
index_unsigned_after_addiw:
    addiw a5,a5,-1
    slli a5,a5,32
    srli a5,a5,30
upper_bits_of_word:
    slli a0,a1,32
    srli a0,a0,40
byte_scaled:
    slli a0,a1,56
    srli a0,a0,53
signed_byte_shifted:
    slli a0,a1,56
    srai a0,a0,58
signed_half:
    slli a0,a1,48
    srai a0,a0,48
bit_field:
    slli a0,a1,20
    srli a0,a0,54
quotient_and_remainder:
    divu a2,a0,a1
    remu a0,a0,a1
remainder_and_quotient_words:
    remw a2,a0,a1
    divw a0,a0,a1
divide_by_ten:
    li a5,10
    remu a4,a0,a5
    divu a0,a0,a5
zero:
    li a0,0
    li s3,0
constant_twice:
    li a4,0x7f7f7f7f7f7f7f7f
    and a5,a0,a4
    add a5,a5,a4
    or a0,a5,a4
constant_near:
    li a4,0x1234567890
    li a5,0x12345678a0
copied_then_masked:
    mv a2,a0
    andi a0,a0,-8
    add a2,a2,a0
absolute:
    sraiw a5,a0,31
    xor a0,a0,a5
    subw a0,a0,a5
sign_of:
    sltz a5,a0
    sgtz a0,a0
    subw a0,a0,a5
truth_inverted:
    sltu a0,a0,a1
    xori a0,a0,1
carry:
    add a0,a0,a2
    sltu a2,a0,a2
    add a1,a1,a2
rotate_by_shifts:
    slliw a5,a0,7
    srliw a0,a0,25
    or a0,a0,a5
    sext.w a0,a0
power_of_two:
    addi a5,a0,-1
    and a5,a5,a0
    seqz a0,a5
bits_single:
    bset a0,a0,a1
    bclri a2,a2,5
    bexti a3,a3,9
    binv a4,a4,a5
words_unsigned:
    add.uw a0,a0,a1
    sh3add.uw a2,a2,a3
    slli.uw a4,a4,2
    zext.h a5,a5
count_words:
    ctzw a0,a0
    clzw a1,a1
    cpopw a2,a2
choose_of_two:
    .4byte 0x0ec5d533 # czero.eqz a0,a1,a2
    .4byte 0x0ec6f6b3 # czero.nez a3,a3,a2
    or a0,a0,a3
branch_always:
    li a5,1
    bnez a5,.+32
branch_never:
    li a5,0
    bnez a5,.+32
got_load:
    auipc a5,0x7fff0
    ld a5,64(a5)
    ld a4,0(a5)
global_pair:
    lui a5,0x12
    lw a4,16(a5)
    lw a3,20(a5)
byte_of_string:
    add a0,a0,a5
    lbu a5,9(a0)
    bne a5,a3,.+32
word_has_zero:
    li a4,0x7f7f7f7f7f7f7f7f
    and a5,a1,a4
    add a5,a5,a4
    or a5,a5,a1
    or a5,a5,a4
    not a5,a5
    bnez a5,.+32
interpreter_fetch:
    lw s0,0(s7)
    addi s7,s7,4
    andi a5,s0,127
    slli a5,a5,3
    add a5,s2,a5
    ld a5,0(a5)
    jr a5
product_of_double_width:
    mulhu a2,a0,a1
    mul a0,a0,a1
    mv a1,a2
product_signed:
    mul a2,a0,a1
    mulh a1,a1,a0
    mv a0,a2
product_mixed_signs:
    mulhsu a2,a0,a1
    mul a3,a1,a0
product_of_slots:
    mulhu t0,s3,s4
    mul t1,s3,s4
    add t2,t0,t1
lowest_bit_cleared:
    addi a5,a0,-1
    and a5,a5,a0
    neg a4,a1
    and a4,a4,a1
    lui a5,0
    lui a4,0
    addi t0,s3,-1
    and t0,t0,s3
isolate_lowest:
    addi a5,a0,-1
    and a0,a5,a0
    neg a5,a1
    and a1,a5,a1
    li a5,0
bit_of_constant_one:
    li a5,1
    sll a5,a5,a1
    or a0,a0,a5
    li a5,1
    sll a5,a5,a2
    not a5,a5
    and a2,a0,a5
    li a5,0
single_bits:
    bset a0,a0,a1
    bclr a2,a3,a4
    binv t0,t0,a5
    bclr a4,a5,a4
complement_masked:
    andn a0,a1,a2
    orn a3,a3,a4
    andn t0,t1,t2
rotate_left:
    srliw a5,a0,25
    slliw a0,a0,7
    or a0,a0,a5
rotate_sum:
    srliw a4,a0,6
    slliw a5,a0,26
    or a5,a5,a4
    srliw a4,a0,11
    slliw a3,a0,21
    or a4,a4,a3
    xor a5,a5,a4
    addw a0,a5,a1
    li a3,0
    li a4,0
    li a5,0
rotate_added:
    srliw a5,a0,20
    slliw a0,a0,12
    addw a0,a0,a5
rotate_long:
    slli a5,a0,50
    srli a0,a0,14
    xor a0,a0,a5
word_signed_half:
    slliw a0,a0,16
    sraiw a0,a0,16
word_signed_byte:
    slliw a0,a0,24
    sraiw a0,a0,24
word_half:
    slliw a0,a0,16
    srliw a0,a0,16
sums_of_words:
    addw a0,a0,a1
    xor a0,a0,a2
    addw a0,a0,a3
index_of_sum:
    addiw a5,a5,2
    slli a5,a5,32
    srli a5,a5,32
    add a5,a5,a0
index_of_sum_scaled:
    addw a5,a5,a1
    slli a5,a5,32
    srli a5,a5,30
    add a5,a5,a0
index_of_unsigned:
    slli a5,a5,32
    srli a5,a5,31
    add a5,a5,a0
    lhu a5,0(a5)
index_of_unsigned_first_shift_kept:
    slli a4,a5,32
    srli a5,a4,30
    add a5,a5,t4
    lw a5,0(a5)
mask_of_byte:
    lbu a5,0(a0)
    andi a5,a5,255
rotate_both_shifts_stay:
    slli a4,a0,3
    srli a5,a0,61
    or a0,a4,a5
mask_of_a_count: # and the register is written again
    andi a5,a1,63
    sll a0,a0,a5
    li a5,0
mask_of_what_is_shifted_out:
    zext.h a5,a1
    slli a0,a5,48
    li a5,0
extension_before_a_sum_of_words:
    sext.w a5,a1
    addw a0,a0,a5
    li a5,0
