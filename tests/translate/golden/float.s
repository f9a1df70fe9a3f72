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
