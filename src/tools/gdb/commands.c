/* tools/gdb/commands.c: which packet is answered by whom. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- the end --------------------------------------------------------------------------------- */

static void detach(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_ok(g);
    g->gone = true;
}

/* By the signal that nobody can hold, as any debugger kills. */
static void kill_guest(struct gdb_server *g, const char *args, size_t len)
{
    kill(getpid(), SIGKILL);
}

static void kill_and_answer(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_ok(g);
    kill_guest(g, args, len);
}

static void answer_empty(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_unknown(g);
}

static void answer_ok(struct gdb_server *g, const char *args, size_t len)
{
    gdb_answer_ok(g);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A name of one letter is followed by anything, a longer one by its end or one of ":,;". The first
 * that fits is taken. */
static const struct {
    const char *name;
    gdb_command *run;
} commands[] = {
    {"?", gdb_why},
    {"c", gdb_continue},
    {"C", gdb_continue_signal},
    {"s", gdb_step},
    {"S", gdb_step_signal},
    {"g", gdb_read_registers},
    {"G", gdb_write_registers},
    {"p", gdb_read_register},
    {"P", gdb_write_register},
    {"m", gdb_read_memory},
    {"M", gdb_write_memory},
    {"X", gdb_write_binary},
    {"H", gdb_set_thread},
    {"T", gdb_is_alive},
    {"Z", gdb_add_point},
    {"z", gdb_remove_point},
    {"D", detach},
    {"k", kill_guest},
    {"vCont?", gdb_vcont_query},
    {"vCont", gdb_vcont},
    {"vKill", kill_and_answer},
    {"vFile", gdb_file},
    {"qSupported", gdb_supported},
    {"qXfer", gdb_transfer},
    {"qfThreadInfo", gdb_first_threads},
    {"qsThreadInfo", gdb_next_threads},
    {"qThreadExtraInfo", gdb_thread_extra},
    {"qC", gdb_current_thread},
    {"qAttached", gdb_attached},
    {"qRcmd", gdb_monitor},
    {"qSymbol", answer_ok},
    {"QStartNoAckMode", gdb_start_no_ack},
    {"QPassSignals", gdb_pass_signals},
    {"QCatchSyscalls", gdb_catch_calls},
};

static bool name_fits(const char *name, const char *packet)
{
    size_t len = strlen(name);

    return strncmp(packet, name, len) == 0 &&
           (len == 1 || packet[len] == '\0' || strchr(":,;", packet[len]));
}

void gdb_execute(struct gdb_server *g, const char *packet, size_t len)
{
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (name_fits(commands[i].name, packet)) {
            size_t n = strlen(commands[i].name);
            commands[i].run(g, packet + n, len - n);
            return;
        }
    }
    answer_empty(g, packet, len);
}
