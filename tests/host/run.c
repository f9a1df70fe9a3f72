#include "run.h"

struct bench run_bench;

const uint64_t run_values[RUN_VALUES] = {
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    1ull << 32,
    INT64_MAX,
    ~0ull,
    1ull << 63,
    0x0123456789abcdef,
    0xfedcba9876543210,
    0x5555aaaa5555aaaa,
};

void run_need(enum host_feature feature)
{
    if (!host_cpu_has(&run_bench.cpu, feature))
        skip();
}

struct host_code *run_begin(void)
{
    return bench_begin(&run_bench, 64);
}

host_function *run_end(void)
{
    x86_emit0(&run_bench.code, X86_ret);
    return bench_finish(&run_bench);
}

int run_setup(void **state)
{
    bench_init(&run_bench, 1 << 16, false);
    return 0;
}

int run_teardown(void **state)
{
    bench_free(&run_bench);
    return 0;
}
