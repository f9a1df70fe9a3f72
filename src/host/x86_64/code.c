/* The code buffer: bytes, labels, constants, relocation records.
 *
 * Offsets count from the start of the fragment. Once an instruction does not fit, nothing more is
 * written and nothing recorded, but c->pos goes on, so that the caller learns the size it needs.
 */
#include "host/x86_64/encode.h"

#include <errno.h>
#include <string.h>

/* A label: where it is, or who waits for it. */
struct host_label_place {
    int64_t offset;   /* -1: not bound */
    uint32_t waiting; /* first of its fixups, index + 1 */
    bool used;
};

/* A displacement that was emitted before its label was bound. */
struct host_fixup {
    uint32_t at;      /* of the field */
    uint32_t next;    /* index + 1 */
    int32_t distance; /* from the label */
    uint8_t size;     /* of the field: 1 or 4 */
    uint8_t after;    /* bytes of the instruction behind it */
};

/* A constant of the pool. */
struct host_constant {
    struct host_label label;
    uint16_t id;
    uint8_t size;
    bool address; /* 8 bytes that need a relocation record */
    uint8_t bytes[64];
};

/* ---- begin and end --------------------------------------------------------------------------- */

void host_code_init(struct host_code *c, const struct host_cpu *cpu)
{
    *c = (struct host_code){.features = cpu->features};
}

void host_code_begin(struct host_code *c, void *write, hpc exec, size_t size)
{
    CHECK(size <= INT32_MAX, "a fragment of %zu bytes", size);
    c->write = write;
    c->exec = exec;
    c->size = (uint32_t)size;
    c->pos = c->written = 0;
    c->overflow = c->out_of_reach = false;
    c->labels.len = c->fixups.len = c->relocs.len = c->constants.len = 0;
}

void host_code_free(struct host_code *c)
{
    vec_free(&c->labels);
    vec_free(&c->fixups);
    vec_free(&c->relocs);
    vec_free(&c->constants);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void append(struct host_code *c, const void *bytes, size_t n)
{
    CHECK(n <= (size_t)INT32_MAX - c->pos, "a fragment of more than 2 GiB");
    if (c->overflow || n > c->size - c->pos) {
        c->overflow = true;
    } else {
        memcpy(c->write + c->pos, bytes, n);
        c->written = c->pos + (uint32_t)n;
    }
    c->pos += (uint32_t)n;
}

void host_code_bytes(struct host_code *c, const void *bytes, size_t n)
{
    if (n > 0)
        append(c, bytes, n);
}

void host_code_align(struct host_code *c, unsigned n)
{
    x86_nop(c, (size_t)(ALIGN_UP(host_code_here(c).v, n) - host_code_here(c).v));
}

static bool in_reach(uint64_t from, uint64_t to)
{
    int64_t distance = (int64_t)(to - from);
    return distance == (int32_t)distance;
}

bool host_code_reaches(const struct host_code *c, uint64_t address)
{
    return in_reach(c->exec.v, address) && in_reach(c->exec.v + c->size, address);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static struct host_label_place *label_place(const struct host_code *c, uint32_t id)
{
    CHECK(id < c->labels.len, "label %u is none of this fragment's %zu", id, c->labels.len);
    return &c->labels.data[id];
}

int64_t host_label_place(const struct host_code *c, uint32_t id)
{
    return label_place(c, id)->offset;
}

struct host_label host_label_new(struct host_code *c)
{
    vec_push(&c->labels, ((struct host_label_place){.offset = -1}));
    return (struct host_label){(uint32_t)c->labels.len - 1};
}

bool host_label_bound(const struct host_code *c, struct host_label label)
{
    return label_place(c, label.id)->offset >= 0;
}

uint32_t host_label_offset(const struct host_code *c, struct host_label label)
{
    int64_t offset = label_place(c, label.id)->offset;
    CHECK(offset >= 0, "label %u is not bound", label.id);
    return (uint32_t)offset;
}

/* Fills the field; `label` is where the label is. The bytes were written. */
static void fixup_settle(struct host_code *c, const struct host_fixup *f, int64_t label)
{
    int64_t value = label + f->distance - ((int64_t)f->at + f->size + f->after);
    CHECK(f->size == 4 || value == (int8_t)value, "a near label is %ld bytes away", (long)value);
    memcpy(c->write + f->at, &value, f->size);
}

void host_label_bind(struct host_code *c, struct host_label label)
{
    struct host_label_place *place = label_place(c, label.id);
    CHECK(place->offset < 0, "label %u is bound twice", label.id);
    place->offset = c->pos;
    for (uint32_t i = place->waiting; i != 0; i = c->fixups.data[i - 1].next)
        fixup_settle(c, &c->fixups.data[i - 1], place->offset);
    place->waiting = 0;
}

static void refer_to_label(struct host_code *c, uint32_t start, const struct x86_bytes *b)
{
    struct host_label_place *place = label_place(c, (uint32_t)b->value);
    struct host_fixup f = {.at = start + b->ref_at,
                           .next = place->waiting,
                           .distance = (int32_t)((uint64_t)b->value >> 32),
                           .size = b->ref_size,
                           .after = (uint8_t)(b->n - b->ref_at - b->ref_size)};
    place->used = true;
    if (start + b->n > c->written)
        return;
    if (place->offset >= 0) {
        fixup_settle(c, &f, place->offset);
        return;
    }
    vec_push(&c->fixups, f);
    place->waiting = (uint32_t)c->fixups.len;
}

/* ---- addresses of the host ------------------------------------------------------------------- */

/* Writes `address` as the record r says into code whose byte 0 is executed at exec. */
static int reloc_write(uint8_t *write, hpc exec, const struct host_reloc *r, uint64_t address)
{
    uint64_t end = exec.v + r->offset + 4 + r->after;
    int32_t relative = (int32_t)(address - end);
    if (r->kind == HOST_RELOC_ABS64) {
        memcpy(write + r->offset, &address, 8);
        return 0;
    }
    if (!in_reach(end, address))
        return -ERANGE;
    memcpy(write + r->offset, &relative, 4);
    return 0;
}

static void refer_to_host(struct host_code *c, const struct host_reloc *r, uint64_t address)
{
    if (reloc_write(c->write, c->exec, r, address) != 0)
        c->out_of_reach = true;
    vec_push(&c->relocs, *r);
}

void host_code_special_insn(struct host_code *c, const struct x86_bytes *b)
{
    uint32_t start = c->pos;

    if (b->data == c->spare)
        append(c, b->data, b->n);
    else
        c->written = c->pos += b->n;
    if (b->ref == REF_LABEL)
        refer_to_label(c, start, b);
    if (b->ref == REF_HOST && c->written == c->pos) {
        struct host_reloc r = {.offset = start + b->ref_at,
                               .kind = b->ref_size == 8 ? HOST_RELOC_ABS64 : HOST_RELOC_REL32,
                               .after = (uint8_t)(b->n - b->ref_at - b->ref_size),
                               .id = b->id};
        refer_to_host(c, &r, (uint64_t)b->value);
    }
}

int host_relocate(void *write, hpc exec, const struct host_reloc *relocs, size_t n,
                  uint64_t (*resolve)(void *arg, unsigned id), void *arg)
{
    for (size_t i = 0; i < n; i++) {
        int error = reloc_write(write, exec, &relocs[i], resolve(arg, relocs[i].id));
        if (error)
            return error;
    }
    return 0;
}

/* ---- constants ------------------------------------------------------------------------------- */

static struct x86_operand pool_add(struct host_code *c, const struct host_constant *k)
{
    for (size_t i = 0; i < c->constants.len; i++) {
        const struct host_constant *old = &c->constants.data[i];
        if (old->size == k->size && old->address == k->address && old->id == k->id &&
            memcmp(old->bytes, k->bytes, k->size) == 0)
            return x86_mem_label(k->size, old->label, 0);
    }
    struct host_label label = host_label_new(c);
    vec_push(&c->constants, *k);
    c->constants.data[c->constants.len - 1].label = label;
    return x86_mem_label(k->size, label, 0);
}

struct x86_operand host_constant(struct host_code *c, const void *bytes, unsigned size)
{
    struct host_constant k = {.size = (uint8_t)size};
    CHECK(size >= 4 && size <= sizeof(k.bytes) && (size & (size - 1)) == 0,
          "a constant of %u bytes", size);
    memcpy(k.bytes, bytes, size);
    return pool_add(c, &k);
}

struct x86_operand host_constant_u64(struct host_code *c, uint64_t value)
{
    return host_constant(c, &value, sizeof(value));
}

struct x86_operand host_constant_address(struct host_code *c, uint64_t address, unsigned id)
{
    struct host_constant k = {.size = sizeof(address), .address = true, .id = (uint16_t)id};
    memcpy(k.bytes, &address, sizeof(address));
    return pool_add(c, &k);
}

static void constant_place(struct host_code *c, const struct host_constant *k)
{
    struct host_reloc r = {.offset = c->pos, .kind = HOST_RELOC_ABS64, .id = k->id};
    uint64_t address;

    host_label_bind(c, k->label);
    append(c, k->bytes, k->size);
    memcpy(&address, k->bytes, sizeof(address));
    if (k->address && c->written == c->pos)
        refer_to_host(c, &r, address);
}

/* The largest first, so that only the first needs padding; int3 as padding, which nobody reaches.
 */
static void pool_place(struct host_code *c)
{
    static const uint8_t padding[64] = {[0 ... 63] = 0xcc};
    unsigned largest = 1;

    for (size_t i = 0; i < c->constants.len; i++)
        largest = MAX(largest, c->constants.data[i].size);
    host_code_bytes(c, padding,
                    (size_t)(ALIGN_UP(host_code_here(c).v, largest) - host_code_here(c).v));
    for (unsigned size = largest; size >= 4; size /= 2) {
        for (size_t i = 0; i < c->constants.len; i++) {
            if (c->constants.data[i].size == size)
                constant_place(c, &c->constants.data[i]);
        }
    }
}

int host_code_finish(struct host_code *c)
{
    pool_place(c);
    for (size_t i = 0; i < c->labels.len; i++)
        CHECK(c->labels.data[i].offset >= 0 || !c->labels.data[i].used,
              "label %zu is used, but not bound", i);
    return c->overflow ? -ENOSPC : c->out_of_reach ? -ERANGE : 0;
}
