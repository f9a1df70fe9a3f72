# Constants, arithmetic, extensions.
li_small:
    li a0,7
li_large:
    li a0,0x12345678
li_64:
    li a0,0x123456789abcdef0
move:
    mv a0,a1
move_unpinned:
    mv s4,a1
    mv a1,s3
addi_in_place:
    addi sp,sp,-32
addi_other:
    addi a0,a1,8
addi_unpinned:
    addi s3,s3,1
add_three:
    add a0,a1,a2
sub_reversed:
    sub a1,a0,a1
addw:
    addw a0,a1,a2
addiw_in_place:
    addiw a0,a0,1
sext_w:
    sext.w a0,a1
zext_w:
    slli a0,a0,32
    srli a0,a0,32
zext_h:
    slli a0,a1,48
    srli a0,a0,48
andi_255:
    andi a0,a1,255
not:
    not a0,a0
index_scaled:
    slli a5,a5,3
    add a5,a4,a5
sh2add:
    sh2add a0,a1,a2
shifts:
    slli a0,a1,3
    sll a1,a1,a2
    sraiw a2,a2,4
slt_values:
    slt a0,a1,a2
    sltiu a3,a3,1
mul:
    mul a0,a0,a1
mulh_pair:
    mulhu a2,a0,a1
    mul a0,a0,a1
mulhsu:
    mulhsu a0,a1,a2
div:
    div a0,a1,a2
remu:
    remuw a0,a0,a1
zbb:
    clz a0,a1
    cpop a2,a3
    rev8 a4,a4
    orc.b a5,a5
    max a0,a0,a1
    rori a1,a1,9
    andn a2,a2,a3
select_zero:
    .4byte 0x0ec5d533 # czero.eqz a0,a1,a2
dead_put:
    addi a0,a0,1
    addi a0,a0,2
