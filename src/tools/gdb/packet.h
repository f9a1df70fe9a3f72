/* tools/gdb/packet: GDB's remote protocol as bytes: framing, and the numbers and lists that packets
 * are made of. Everything here reads what somebody else sent and keeps no state but the framer's.
 * The manual of GDB, appendix "GDB Remote Serial Protocol". */
#ifndef ISOMORPH_GDB_PACKET_H
#define ISOMORPH_GDB_PACKET_H

#include "base/base.h"

enum { GDB_PACKET_SIZE = 0x4000 }; /* the longest packet that is taken, in bytes of payload */

enum gdb_input {
    GDB_MORE,      /* nothing yet */
    GDB_PACKET,    /* data[0..len) is one, with a NUL behind it */
    GDB_BAD,       /* one with a wrong checksum, or too long: to be answered with '-' */
    GDB_ACK,       /* '+' */
    GDB_NAK,       /* '-': send again */
    GDB_INTERRUPT, /* 0x03 */
};

struct gdb_framer {
    enum { GDB_OUTSIDE, GDB_INSIDE, GDB_ESCAPED, GDB_SUM1, GDB_SUM2 } state;
    uint8_t sum, given;
    bool bad;
    size_t len;
    char data[GDB_PACKET_SIZE + 1];
};

/* Takes the next byte. What was in data before is gone once a new packet begins. */
enum gdb_input gdb_frame_byte(struct gdb_framer *f, uint8_t byte);

/* Appends a whole packet: start, payload with what must be escaped so, end, checksum. */
void gdb_put_packet(struct strbuf *out, const char *payload, size_t len);

/* Readers: *at goes behind what was read. False, with *at anywhere, if it is not there. */
bool gdb_read_hex(const char **at, uint64_t *value); /* 1 to 16 digits */
bool gdb_read_char(const char **at, char c);
/* Exactly n bytes as 2n digits. */
bool gdb_read_bytes(const char **at, void *to, size_t n);
void gdb_put_bytes(struct strbuf *out, const void *bytes, size_t n);

/* "p1f.2a", "2a", "-1" or "0". pid and tid: 0 any, -1 all; pid 0 where none is said. */
struct gdb_thread_id {
    int64_t pid, tid;
};
bool gdb_read_thread(const char **at, struct gdb_thread_id *id);

/* ";c:p1.2;S05;r10,20:p1.3": what threads are to do. */
struct gdb_action {
    char kind;           /* c, s, or r: step while in [start, end) */
    int signal;          /* GDB's number, 0 none */
    uint64_t start, end; /* r */
    struct gdb_thread_id thread;
};
enum { GDB_MAX_ACTIONS = 64 };
/* The list behind "vCont", to its end. Returns how many, or -1 if it is malformed. */
int gdb_read_actions(const char *at, struct gdb_action actions[GDB_MAX_ACTIONS]);

/* Signals by GDB's numbers (signals.def). */
int gdb_signal_to_host(unsigned gdb); /* 0 if the host has none such */
unsigned gdb_signal_from_host(int sig);

#endif
