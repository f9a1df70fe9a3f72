/* tools/gdb/server.h: what the files of the server share. All of it runs on the server's own host
 * thread, with all guest threads stopped, but for where it says otherwise. */
#ifndef ISOMORPH_GDB_SERVER_H
#define ISOMORPH_GDB_SERVER_H

#include "linux/linux.h"
#include "tools/gdb/packet.h"

struct gdb_break {
    bool hardware; /* set as Z1: reported so */
    uint64_t pc;
};

enum { GDB_MAX_POINTS = 4096 }; /* break- and watchpoints */
enum { GDB_MAX_FILES = 32 };

struct gdb_server {
    struct linux_debugger debugger;
    struct gdb_framer in;
    struct strbuf sent; /* the packet that '-' asks for again */
    /* what GDB understands */
    bool no_ack, multiprocess, sw_reason, hw_reason, exec_events;
    pid_t child;    /* that Hg has chosen, of those that wait; or 0 */
    bool running;   /* the guest is: nothing is answered */
    bool interrupt; /* 0x03 has come */
    bool gone;      /* the connection is to be closed: the guest goes on alone, or has ended */
    int64_t thread, resume_thread; /* of Hg and Hc; 0 any */
    struct strbuf stop;            /* the latest stop reply, for '?' */
    bool is_exec;                  /* the guest was started by an execve of one that was debugged */
    VEC(struct gdb_break) breaks;
    int files[GDB_MAX_FILES]; /* open for vFile, or -1 */
};

/* A command: what follows its name, and how many bytes that is. Answers one packet. */
typedef void gdb_command(struct gdb_server *g, const char *args, size_t len);

/* ---- processes (processes.c) ----------------------------------------------------------------- */

gdb_command gdb_detach, gdb_kill, gdb_kill_and_answer;
/* For debugger.followed: the server goes on in a child. */
void gdb_take_over(struct linux_debugger *d, struct thread *t);
/* The process ends, or is let go: a child that waits gets the connection. */
void gdb_hand_over(struct gdb_server *g);

/* ---- answers (server.c) ---------------------------------------------------------------------- */

void gdb_answer(struct gdb_server *g, const char *payload, size_t len);
void gdb_answer_text(struct gdb_server *g, const char *text);
void gdb_answer_ok(struct gdb_server *g);
void gdb_answer_error(struct gdb_server *g, int error);
/* What the packet's name means nothing to us: the empty answer. */
void gdb_answer_unknown(struct gdb_server *g);

/* ---- threads (threads.c) --------------------------------------------------------------------- */

/* The thread with this id; 0 or -1: the one of the latest stop, or any. NULL if there is none. */
struct thread *gdb_find_thread(struct gdb_server *g, int64_t tid);
void gdb_put_thread(const struct gdb_server *g, struct strbuf *out, const struct thread *t);
gdb_command gdb_set_thread, gdb_is_alive, gdb_thread_extra, gdb_first_threads, gdb_next_threads,
    gdb_current_thread;
void gdb_make_threads(struct gdb_server *g, struct strbuf *out);

/* ---- running (resume.c) ---------------------------------------------------------------------- */

/* Threads have something to report, or GDB wants them to stop: reports it, or lets them go on. */
void gdb_stop(struct gdb_server *g);
/* Puts the stop reply of a start into g->stop. */
void gdb_report_start(struct gdb_server *g, struct thread *t);
gdb_command gdb_why, gdb_continue, gdb_continue_signal, gdb_step, gdb_step_signal, gdb_vcont,
    gdb_vcont_query, gdb_pass_signals, gdb_catch_calls;

/* ---- state (registers.c, points.c) ----------------------------------------------------------- */

gdb_command gdb_read_registers, gdb_write_registers, gdb_read_register, gdb_write_register;
gdb_command gdb_read_memory, gdb_write_memory, gdb_write_binary;
gdb_command gdb_add_point, gdb_remove_point;
/* The thread's registers are about to be changed: one in a system call comes out of it. */
void gdb_leave_call(struct gdb_server *g, struct thread *t);
/* Forgets all break- and watchpoints. */
void gdb_remove_points(struct gdb_server *g);
void gdb_make_description(struct gdb_server *g, struct strbuf *out);
/* Appends "number:value;" of the registers that a stop reply brings along. */
void gdb_put_expedited(struct gdb_server *g, struct strbuf *out, const struct thread *t);

/* ---- the rest (query.c, files.c, monitor.c) -------------------------------------------------- */

gdb_command gdb_supported, gdb_transfer, gdb_start_no_ack, gdb_attached;
gdb_command gdb_file;
gdb_command gdb_monitor;
void gdb_close_files(struct gdb_server *g);

/* The server's thread: until the connection is closed or handed over. arg: the server. */
void gdb_serve(void *arg);

/* commands.c: looks the packet up and has it answered. */
void gdb_execute(struct gdb_server *g, const char *packet, size_t len);

#endif
