# What gcc says of wrong programs: syntax, types, flow, the static analyser, the linker, the assembler.
cd scratch || exit 1
for source in 'int f(void) { return x; }' 'int main(void) { int a = "text"; }' \
    'void f(int); int g(void) { f(1, 2) }' '#include "nosuch.h"' '#error stop' 'int a[-1]; struct s x;' \
    'int f(int a) { if (a = 1) return 0; }' 'char *f(void) { char b[3]; return b; }' \
    'int f(void) { int u; return u; }' \
    'int f(int n) { switch (n) { case 1: n++; case 2: return n; } return 0 / 0; }' '"unfinished'; do
    echo "$source" | gcc -x c -O2 -Wall -Wextra -Wimplicit-fallthrough -fsyntax-only -fanalyzer - 2>&1
    echo "status $?"
done
echo 'int f(void); int main(void) { return f(); }' > undefined.c
gcc undefined.c 2>&1 | sed 's|/.*/||; s/ld[^:]*:/ld:/g; s/+0x[0-9a-f]*/+OFFSET/; s/cc[A-Za-z0-9]*\.o/x.o/g'
gcc nosuch.c 2>&1
gcc -O9x undefined.c 2>&1 | sed 's|/.*/||'
echo '.section .rodata; s: .string "assembled"; .text; .globl text; text: .quad s' | gcc -x assembler -c -o \
    text.o - && nm text.o | gawk '{ print $NF }'
echo 'nosuchinstruction' | as -o x.o - 2>&1 | sed 's/no such instruction/unrecognized opcode/; s/`.*//' | head -n 1
