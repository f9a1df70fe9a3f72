/* tools/profile: where guest time goes. docs/profiling.md has the user's side. */
#ifndef ISOMORPH_PROFILE_H
#define ISOMORPH_PROFILE_H

#include "base/base.h"

/* If the options ask for a profile or for perf's files: installs the observer and the report at the
 * end of the first guest process, before whatever linux_at_exit was there. Once, before linux_run.
 * Names of files in *options become absolute: the guest may change the working directory. */
void profile_start(struct options *options);

#endif
