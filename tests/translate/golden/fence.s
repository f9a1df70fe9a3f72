# --fence: one comparison for each value that an address is a constant away from.
load:
    ld a0,8(a1)
load_twice: # and once more when the register has another value
    ld a0,8(sp)
    sd a0,16(sp)
    addi sp,sp,32
    ld a1,-8(sp)
    ld sp,0(sp)
    ld a1,0(sp)
load_indexed: # the sum is compared
    sh3add a0,a1,a2
    ld a0,0(a0)
store_moved:
    sd a0,0(a1)
    addi a1,a1,8
    sd a0,0(a1)
store_far:
    lui a2,0x40000
    add a1,a1,a2
    sd a0,0(a1)
float_load:
    fld fa0,0(a1)
atomic:
    amoadd.w a0,a1,(a2)
