/* linux: the guest's kernel interface. Loader, initial stack, vdso, system calls, signals,
 * processes. */
#ifndef ISOMORPH_LINUX_H
#define ISOMORPH_LINUX_H

#include "code/code.h"
#include "linux/debug.h"
#include "space/space.h"
#include "vm/vm.h"

/* Before the names of a guest's variables that the runtime's own start must not see. */
#define LINUX_ENV_PREFIX "ISOMORPH_GUEST_"

/* What the loader found and mapped. Guest addresses. */
struct loaded_image {
    gva entry;     /* where to start: the interpreter's entry if there is one */
    gva exe_entry; /* AT_ENTRY */
    gva phdr;      /* AT_PHDR */
    uint16_t phnum, phentsize;
    gva interp_base;                                /* AT_BASE, 0 without an interpreter */
    gva brk;                                        /* first address after the program's data */
    gva code_start, code_end, data_start, data_end; /* of the program, as proc(5) has them */
    gva vdso;                                       /* AT_SYSINFO_EHDR */
    gva vdso_sigreturn; /* __vdso_rt_sigreturn in it: where signal handlers return to */
    bool exec_stack;    /* PT_GNU_STACK asks for it */
};

/* Why a program cannot be loaded: one line for the user, and a status. */
struct load_error {
    char text[512];
    int status; /* EXIT_NOT_FOUND, EXIT_CANNOT_RUN */
    int err;    /* errno for execve */
};

/* Loads the ELF program open on fd (path is for messages and the name of mappings), its interpreter
 * (looked up under prefix first) and the vdso into the empty space. Returns 0 or -1 with *error.
 * Nothing of the guest has run when it fails. */
struct path_prefix;
int linux_load(struct space *space, int fd, const char *path, const struct path_prefix *prefix,
               struct loaded_image *out, struct load_error *error);

/* Builds the initial stack: strings, auxv, envp, argv, argc. Returns the stack pointer, or 0 with
 * *error. */
gva linux_setup_stack(struct space *space, const struct loaded_image *image,
                      const struct options *options, const char *exec_path, char *const argv[],
                      char *const envp[], struct load_error *error);

/* Would linux_load find a program that it can map? Looks at the file and at its interpreter, which
 * has to be executable too. Returns 0 or -errno as execve(2) has it. */
int linux_check(int fd, const struct path_prefix *prefix);

extern const struct vm_hooks linux_hooks;

/* Called once before the process ends by exit_group or by a fault of its own, on the guest's thread
 * (--stats). Set by main/ before linux_run; may stay NULL. */
extern void (*linux_at_exit)(struct thread *t);

/* Called on the only guest thread before its first instruction: for a debugger. Set by main/ before
 * linux_run; may stay NULL. */
extern void (*linux_before_start)(struct thread *t);

/* Nanoseconds of processor time of a thread between two samples of a profile (vm_observer); 0: none
 * are taken. Set by main/ before linux_run. Children of the first process take none. (sampler.c) */
extern uint64_t linux_sample_period;

/* Loads and runs a program as the first guest process; does not return. exec_path is looked up like
 * every path that the guest executes: under options->prefix first. A path without a slash is
 * relative to the working directory. */
_Noreturn void linux_run(const struct options *options, const char *exec_path, char *const argv[],
                         char *const envp[]);

#endif
