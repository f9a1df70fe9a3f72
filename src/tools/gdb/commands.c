/* tools/gdb/commands.c: which packet is answered by whom. */
#include "tools/gdb/server.h"

#include <errno.h>
#include <string.h>

/* ---- packets that need nobody -----------------------------------------------------------------
 */

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
    {"D", gdb_detach},
    {"k", gdb_kill},
    {"vCont?", gdb_vcont_query},
    {"vCont", gdb_vcont},
    {"vKill", gdb_kill_and_answer},
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

/* Of a child that has not begun there is nothing to be seen, and no points are set in it, as it
 * knows: those of its parent are not in its memory. */
static bool answer_for_child(struct gdb_server *g, const char *packet, size_t len)
{
    if (*packet == 'z' || *packet == 'Z')
        answer_ok(g, packet, len);
    else if (strchr("gGpPmMXcCsS", *packet))
        gdb_answer_error(g, ESRCH);
    else
        return false;
    return true;
}

void gdb_execute(struct gdb_server *g, const char *packet, size_t len)
{
    if (g->child && answer_for_child(g, packet, len))
        return;
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (name_fits(commands[i].name, packet)) {
            size_t n = strlen(commands[i].name);
            commands[i].run(g, packet + n, len - n);
            return;
        }
    }
    answer_empty(g, packet, len);
}
