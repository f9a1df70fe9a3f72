/* translate, private: a translator. */
#ifndef ISOMORPH_TRANSLATE_TRANSLATOR_H
#define ISOMORPH_TRANSLATE_TRANSLATOR_H

#include "translate/x86_64/emit.h"

enum {
    CODE_ROOM = 64 << 10, /* many times what most blocks need; see BAILOUT_TOO_LARGE */
    CODE_BASE = 1 << 20,  /* images are made for this address; the cache moves them */
};

struct translator {
    struct translate_config config;
    struct work work;
    struct host_code code;
    struct emitter emitter;
    _Alignas(64) uint8_t room[CODE_ROOM];
};

#endif
