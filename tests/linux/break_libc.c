/* Preloaded into isomorph by test_own_fault.py: makes the runtime itself fault, in a function of
 * libc that it calls for the guest. BREAK says which: clock_gettime, by which --stats times
 * translation, or sysconf, which counts processors for /proc/cpuinfo. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int *volatile nowhere = (int *)8;

static void fault_if(const char *what)
{
    const char *how = getenv("BREAK");

    if (how && strcmp(how, what) == 0)
        *nowhere = 1;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int (*next)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");

    static int calls;

    if (++calls > 8) /* the first are --stats' own */
        fault_if("clock_gettime");
    return next(clock, out);
}

long sysconf(int name)
{
    long (*next)(int) = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");

    if (name == _SC_NPROCESSORS_ONLN)
        fault_if("sysconf");
    return next(name);
}
