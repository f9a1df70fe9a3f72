/* Floating point with RISC-V's rules (The RISC-V Instruction Set Manual I, chapters F and D) on the host's SSE unit.
 * Between fp_enter and fp_leave the host's MXCSR belongs to the guest: its flags are the guest's sticky flags, its
 * rounding mode is env->rm where MXCSR has it. Values are passed as bits.
 *
 *   uint32_t fp_add_f32(struct fp_env *, uint32_t a, uint32_t b, unsigned rm)      sub mul div
 *   uint64_t fp_add_f64(struct fp_env *, uint64_t a, uint64_t b, unsigned rm)
 *   fp_sqrt_f32/f64(env, a, rm)  fp_fma_f32/f64(env, a, b, c, rm)
 *   fp_min/max_f32/f64(env, a, b)   bool fp_eq/lt/le_f32/f64(env, a, b)   uint64_t fp_class_f32/f64(a)
 *   fp_to_s/to_u_f32/f64_i32/i64(env, a, rm)   fp_from_s/from_u_f32/f64_i32/i64(env, integer, rm)
 *   fp_widen(env, f32)  fp_narrow(env, f64, rm)
 *   fp_get_flags(env) fp_set_flags(env, v) fp_get_rm(env) fp_set_rm(env, v)
 */
#ifndef ISOMORPH_IR_FP_H
#define ISOMORPH_IR_FP_H

#include "code/code.h"

#endif
