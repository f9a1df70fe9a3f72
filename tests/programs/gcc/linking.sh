# Ways to link: at link time optimised, static, static-PIE, a plugin that is loaded, C++-like visibility, a trap.
cd scratch || exit 1
cat >main.c <<'END'
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int part(int n);
extern int shared;
__thread int local = 3;
int exported(int n) { return n + 1; }
int main(int argc, char **argv)
{
    double x = part(argc) * 1.5;
    printf("%d %.9f %d %d %s\n", part(20), sqrt(x), shared, ++local, argv[argc - 1]);
    if (argc > 1 && argv[1][0] == '.') {
        void *plugin = dlopen(argv[1], RTLD_NOW);
        int (*f)(int) = plugin ? (int (*)(int))dlsym(plugin, "plugged") : NULL;
        printf("%d %s\n", f ? f(5) : -1, plugin && !dlsym(plugin, "hidden") ? "not exported" : "exported");
    }
    return 0;
}
END
echo 'int shared = 42; int part(int n) { return n < 2 ? n : part(n - 1) + part(n - 2); }' >part.c
echo '__attribute__((visibility("hidden"))) int hidden; int exported(int); int plugged(int n) { return exported(n) * 2; }' >plugin.c
gcc -O3 -flto -o lto part.c main.c -lm && ./lto one
gcc -static -O1 -o static part.c main.c -lm 2>/dev/null && ./static two
gcc -static-pie -fPIE -Os -o pie part.c main.c -lm 2>/dev/null && ./pie three
gcc -no-pie -O0 -o fixed part.c main.c -lm && ./fixed four
gcc -shared -fPIC -o plugin.so plugin.c && gcc -rdynamic -o host part.c main.c -lm && ./host ./plugin.so
readelf -h static pie fixed | grep -E 'Type:'
echo 'abort() at the end' && gcc -o trap -x c - <<<'#include <stdlib.h>
int main(void) { abort(); }' && (ulimit -c 0; ./trap; echo "trapped: $?") 2>/dev/null
rm -f lto static pie fixed plugin.so host trap
