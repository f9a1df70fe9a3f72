/* A RISC-V program, run by qemu-riscv64: reads struct fp_case from standard input, executes the
 * instruction of each with frm = rm and no flags set, and writes struct fp_answer. */
#include <stdio.h>

#include "fp_case.h"

#define IN_f32      "fmv.w.x"
#define OUT_f32     "fmv.x.w"
#define IN_f64      "fmv.d.x"
#define OUT_f64     "fmv.x.d"
#define IN(n, f, i) IN_##f " ft" #n ", %" #i "\n\t"

/* Clears the flags, executes, and reads them before anything else can set one. */
#define RUN(text)                                                                                  \
    __asm__ volatile("fsrm %5\n\t"                                                                 \
                     "fsflags zero\n\t" text "frflags %1\n\t"                                      \
                     : "=&r"(r.result), "=&r"(r.flags)                                             \
                     : "r"(t->a), "r"(t->b), "r"(t->c), "r"((uint64_t)t->rm)                       \
                     : "ft0", "ft1", "ft2", "ft3")

#define RUN_ARITH1(f, insn) RUN(IN(0, f, 2) insn " ft3, ft0\n\t" OUT_##f " %0, ft3\n\t")
#define RUN_ARITH2(f, insn)                                                                        \
    RUN(IN(0, f, 2) IN(1, f, 3) insn " ft3, ft0, ft1\n\t" OUT_##f " %0, ft3\n\t")
#define RUN_ARITH3(f, insn)                                                                        \
    RUN(IN(0, f, 2) IN(1, f, 3) IN(2, f, 4) insn " ft3, ft0, ft1, ft2\n\t" OUT_##f " %0, ft3\n\t")
#define RUN_MINMAX(f, insn)   RUN_ARITH2(f, insn)
#define RUN_COMPARE(f, insn)  RUN(IN(0, f, 2) IN(1, f, 3) insn " %0, ft0, ft1\n\t")
#define RUN_CLASS(f, insn)    RUN(IN(0, f, 2) insn " %0, ft0\n\t")
#define RUN_TO_INT(f, insn)   RUN(IN(0, f, 2) insn " %0, ft0, dyn\n\t")
#define RUN_FROM_INT(f, insn) RUN(insn " ft3, %2\n\t" OUT_##f " %0, ft3\n\t")
#define RUN_WIDEN(f, insn)    RUN(IN(0, f32, 2) insn " ft3, ft0\n\t" OUT_f64 " %0, ft3\n\t")
#define RUN_NARROW(f, insn)   RUN(IN(0, f64, 2) insn " ft3, ft0\n\t" OUT_f32 " %0, ft3\n\t")

static struct fp_answer execute(const struct fp_case *t)
{
    struct fp_answer r = {0, 0};
    switch (t->op) {
#define FP_OP(name, kind, format, insn)                                                            \
    case OP_##name:                                                                                \
        RUN_##kind(format, insn);                                                                  \
        break;
#include "fp_ops.def"
#undef FP_OP
    }
    return r;
}

int main(void)
{
    static struct fp_case in[1024];
    static struct fp_answer out[1024];
    size_t n;
    while ((n = fread(in, sizeof(in[0]), 1024, stdin)) > 0) {
        for (size_t i = 0; i < n; i++)
            out[i] = execute(&in[i]);
        if (fwrite(out, sizeof(out[0]), n, stdout) != n)
            return 1;
    }
    return 0;
}
