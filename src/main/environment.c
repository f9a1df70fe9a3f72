/* main/environment.c: the environment that the guest gets: the runtime's own, changed by -U and -E.
 */
#include "main/main_private.h"

#include <string.h>

#include "linux/linux.h"

typedef VEC(char *) string_vec;

/* Length of the name in "NAME=VALUE" or "NAME". */
static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

static void remove_variable(string_vec *env, const char *name)
{
    size_t len = name_length(name), kept = 0;

    for (size_t i = 0; i < env->len; i++) {
        char *entry = env->data[i];
        if (name_length(entry) != len || memcmp(entry, name, len) != 0)
            env->data[kept++] = entry;
    }
    env->len = kept;
}

/* The entry as the guest that executed this one had it. */
static char *own_name(char *entry)
{
    size_t len = strlen(LINUX_ENV_PREFIX);

    return strncmp(entry, LINUX_ENV_PREFIX, len) == 0 ? entry + len : entry;
}

char **environment_for_guest(const struct options *options, char **envp)
{
    string_vec env = {0};

    for (; *envp; envp++)
        vec_push(&env, own_name(*envp));
    for (size_t i = 0; i < options->unset_env.len; i++)
        remove_variable(&env, options->unset_env.data[i]);
    for (size_t i = 0; i < options->set_env.len; i++) {
        char *entry = (char *)options->set_env.data[i];
        remove_variable(&env, entry);
        vec_push(&env, entry);
    }
    vec_push(&env, NULL);
    return env.data;
}
