/* What the processor can do and the system allows, from cpu.def. */
#include "host/x86_64/host.h"

#include <cpuid.h>
#include <sys/auxv.h>

/* The latest answer. Under a hypervisor each question takes microseconds; the rows of a leaf stand
 * together. */
struct cpuid_answer {
    unsigned leaf, subleaf, eax, ebx, ecx, edx;
    bool valid;
};

static bool cpuid_bit(struct cpuid_answer *a, unsigned leaf, unsigned subleaf, char reg,
                      unsigned bit)
{
    if (!a->valid || a->leaf != leaf || a->subleaf != subleaf) {
        *a = (struct cpuid_answer){.leaf = leaf, .subleaf = subleaf, .valid = true};
        __get_cpuid_count(leaf, subleaf, &a->eax, &a->ebx, &a->ecx, &a->edx); /* else all 0 */
    }
    return (reg == 'a' ? a->eax : reg == 'b' ? a->ebx : reg == 'c' ? a->ecx : a->edx) >> bit & 1;
}

/* Does the system save the registers behind this feature? XCR0 bits: SSE 1, AVX 2, masks and the
 * two parts of AVX-512 5 to 7. */
static bool system_saves(struct cpuid_answer *answer, enum host_feature feature)
{
    uint32_t low, high, need = feature == HOST_AVX512F ? 0xe6 : 0x06;
    if (feature != HOST_AVX && feature != HOST_AVX512F)
        return true;
    if (!cpuid_bit(answer, 1, 0, 'c', 27)) /* OSXSAVE */
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & need) == need;
}

/* CPUID leaf 13 has a subleaf for each bit of XCR0; ebx: where the area has it (SDM vol. 1, 13.2).
 */
static uint32_t upper_vectors_offset(void)
{
    unsigned eax, ebx = 0, ecx, edx;

    __get_cpuid_count(13, 7, &eax, &ebx, &ecx, &edx);
    return ebx;
}

/* Per feature the one that it needs; rows stand after those they need. */
static const uint8_t needs[HOST_FEATURE_COUNT] = {
#define FEATURE(id, name, need, where) HOST_##need,
#include "cpu.def"
#undef FEATURE
};

/* Drops what lost the feature it needs. */
static void close_features(struct host_cpu *cpu)
{
    for (unsigned f = 0; f < HOST_FEATURE_COUNT; f++) {
        if (!host_cpu_has(cpu, (enum host_feature)needs[f]))
            cpu->features &= ~(1ull << f);
    }
}

void host_cpu_detect(struct host_cpu *cpu)
{
    struct cpuid_answer answer = {0};

    cpu->features = 0;
#define ALWAYS                         true
#define CPUID(leaf, subleaf, reg, bit) cpuid_bit(&answer, leaf, subleaf, #reg[1], bit)
#define HWCAP2(bit)                    (getauxval(AT_HWCAP2) >> (bit)&1)
#define FEATURE(id, name, need, where)                                                             \
    if ((where) && system_saves(&answer, HOST_##id))                                               \
        cpu->features |= 1ull << HOST_##id;
#include "cpu.def"
#undef FEATURE
#undef ALWAYS
#undef CPUID
#undef HWCAP2
    close_features(cpu);
    cpu->upper_vectors = host_cpu_has(cpu, HOST_AVX512F) ? upper_vectors_offset() : 0;
}

void host_cpu_remove(struct host_cpu *cpu, enum host_feature feature)
{
    CHECK(feature != HOST_BASE, "every x86-64 processor has SSE2");
    cpu->features &= ~(1ull << feature);
    close_features(cpu);
}

const char *host_feature_name(enum host_feature feature)
{
    static const char *const names[HOST_FEATURE_COUNT] = {
#define FEATURE(id, name, need, where) name,
#include "cpu.def"
#undef FEATURE
    };
    return names[feature];
}
