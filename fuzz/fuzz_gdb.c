/* The bytes that come in at the debugger's port: framing, and every reader of packet.h over each
 * packet. What is put as a packet must be read back. */
#include <stdlib.h>
#include <string.h>

#include "tools/gdb/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct gdb_framer *f)
{
    struct gdb_action actions[GDB_MAX_ACTIONS];
    struct gdb_thread_id id;
    unsigned char bytes[64];
    uint64_t value;

    for (const char *start = f->data; start <= f->data + f->len; start++) {
        const char *at = start;
        gdb_read_hex(&at, &value);
        at = start;
        gdb_read_thread(&at, &id);
        at = start;
        gdb_read_bytes(&at, bytes, sizeof(bytes));
        CHECK(at <= f->data + f->len, "bytes are read behind the packet");
        if (start < f->data + 16)
            gdb_read_actions(start, actions);
    }
}

static void check_round_trip(const char *payload, size_t len)
{
    struct gdb_framer *f = base_zalloc(sizeof(*f));
    struct strbuf out = {0};
    enum gdb_input what = GDB_MORE;

    gdb_put_packet(&out, payload, len);
    for (size_t i = 0; i < out.len; i++)
        what = gdb_frame_byte(f, (uint8_t)out.data[i]);
    CHECK(what == GDB_PACKET && f->len == len && memcmp(f->data, payload, len) == 0,
          "a packet of %zu bytes is not read back", len);
    strbuf_free(&out);
    free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gdb_framer *f = base_zalloc(sizeof(*f));

    for (size_t i = 0; i < size; i++) {
        if (gdb_frame_byte(f, data[i]) == GDB_PACKET)
            read_all(f);
    }
    if (size <= GDB_PACKET_SIZE)
        check_round_trip((const char *)data, size);
    /* All of it as one packet, whatever its checksum would be. */
    f->len = size < GDB_PACKET_SIZE ? size : GDB_PACKET_SIZE;
    memcpy(f->data, data, f->len);
    f->data[f->len] = '\0';
    read_all(f);
    free(f);
    return 0;
}
