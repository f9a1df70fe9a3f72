# Floating point.
fadd_d:
    fadd.d fa0,fa0,fa1
fadd_chain:
    fmul.d fa0,fa1,fa2
    fadd.d fa0,fa0,fa3
fmadd_d:
    fmadd.d fa0,fa1,fa2,fa0
fnmsub_d:
    fnmsub.d fa3,fa1,fa2,fa0
fma_over_factor:
    fmadd.d fa0,fa0,fa1,fa2
fma_over_zero_factor:
    fmv.d.x fa0,zero
    fmadd.d fa0,fa0,fa1,fa2
fsqrt_d:
    fsqrt.d fa0,fa1
fadd_s:
    fadd.s fa0,fa1,fa2
fadd_s_chain:
    fmul.s fa0,fa1,fa2
    fadd.s fa0,fa0,fa3
fld_fsd:
    fld fa0,0(a0)
    fsd fa0,8(a0)
flw_fsw:
    flw fa0,0(a0)
    fsw fa0,4(a0)
fmv:
    fmv.d fa0,fa1
    fneg.d fa2,fa2
    fabs.d fa3,fa4
    fsgnj.d fa4,fa4,fa5
fmv_integer:
    fmv.x.d a0,fa0
    fmv.d.x fa1,a1
    fmv.d.x fa2,zero
compare_value:
    flt.d a0,fa0,fa1
    feq.d a1,fa0,fa1
compare_branch:
    fle.d a5,fa0,fa1
    beqz a5,.+8
minimum:
    fmin.d fa0,fa0,fa1
convert:
    fcvt.w.d a0,fa0,rtz
    fcvt.d.w fa1,a1
    fcvt.d.l fa2,a2
    fcvt.s.d fa3,fa3
    fcvt.d.s fa4,fa3
static_mode:
    fadd.d fa0,fa0,fa1,rne
static_up:
    fadd.d fa0,fa0,fa1,rup
unpinned:
    fadd.d fs3,fs4,fs5
sum_of_products:
    fmul.d fa0,fa0,fa0
    fmul.d fa1,fa1,fa1
    fadd.d fa0,fa0,fa1
    fsqrt.d fa0,fa0
two_results:
    fmul.d fa4,fa4,fa5
    fadd.d fa0,fa0,fa4
    fsub.d fa1,fa1,fa4
result_stored:
    fmul.d fa0,fa0,fa1
    fsd fa0,0(a0)
    fadd.d fa0,fa0,fa1
result_compared:
    fadd.d fa0,fa0,fa1
    fle.d a0,fa0,fa2
sign_of_result:
    fsub.d fa0,fa0,fa1
    fabs.d fa0,fa0
result_unpinned:
    fmul.d fs4,fs4,fs5
    fadd.d fs6,fs4,fs5
two_precisions:
    fadd.s fa0,fa0,fa1
    fcvt.d.s fa0,fa0
    fmul.d fa2,fa0,fa3
    fadd.s fa4,fa4,fa4
constant_of_zero:
    fmv.d.x fa4,zero
    fadd.d fa5,fa4,fa5
to_unsigned:
    fcvt.lu.d a0,fa0,rtz
    fcvt.wu.s a1,fa1,rtz
from_unsigned:
    fcvt.d.lu fa0,a0
    fcvt.d.wu fa1,a1
floor:
    fcvt.l.d a5,fa0,rdn
    fcvt.d.l fa5,a5,rdn
    fsgnj.d fa0,fa5,fa0
class:
    fclass.d a0,fa0
class_single:
    fclass.s a0,fa0
fcsr:
    frrm a0
    fsrmi a1,0
quiet_compare:
    frflags a1
    flt.d a0,fa0,fa1
    fsflags a1
boxes_at_home:
    flw fa0,0(a0)
    fadd.s fa0,fa0,fs3
    fmul.s fa1,fs4,fs0
boxes_moved:
    fmv.d fa1,fa0
    fmv.d.x fa0,zero
    fadd.s fa2,fa2,fs3
    fadd.s fa3,fa3,fa1
results_over_loads:
    fadd.d fa0,fa0,fa1
    fld fa2,0(a0)
    fadd.d fs3,fa0,fa2
    fld fa0,8(a0)
    fmul.d fa3,fs3,fa0
    fsd fa0,16(a0)
fma_group:
    fmadd.d fa0,fa4,fa5,fa0
    fmadd.d fa1,fa4,ft0,fa1
    fmadd.d fa2,fa5,ft0,fa2
    fld fa4,0(a0)
    fmadd.d fa0,fa4,fa5,fa0
    fmadd.d fa0,fa4,ft0,fa0
# Registers of the host that only EVEX can name.
avx512_fmadd:
    fmadd.d fs3,fs4,fs5,fs3
    fadd.s ft9,fa0,ft10
avx512_loads:
    flw fa6,4(a0)
    fld fa7,8(a0)
    fsw fa6,12(a0)
    fsd fs9,16(a0)
avx512_convert:
    fcvt.w.d a0,fs3,rdn
    fcvt.s.w ft8,a1
    fcvt.s.d fs4,fa0
    fmin.d fs5,fs6,fs7
avx512_signs:
    fneg.s fa6,ft8
    fsgnj.d fa7,ft9,ft10
    fmv.x.w a0,ft11
    fmv.d.x ft4,a1
    fclass.d a2,fs8
mode_first:
    fld fa0,0(a0)
    fcvt.d.w fa1,a1
    fadd.d fa0,fa0,fa1
boxes:
    flw fa0,0(a0)
    fcvt.d.s fa1,fa0
    flw fa0,4(a0)
    fsw fa0,4(a1)
    fcvt.d.s fa0,fa0
boxes_kept:
    flw fa0,0(a0)
    fcvt.d.s fa1,fa0
away_from_zero:
    fcvt.l.d a0,fa0,rmm
avx512_boxes_at_home:
    fadd.s fa0,fa1,fa6
    fadd.s fa2,fa3,fa7
    fadd.s fa4,fa5,ft4
