# Job control by keys: an interactive bash on a terminal of its own, driven as somebody at the keyboard would.
cd scratch || exit 1
exec python3 - <<'END'
import fcntl, os, pty, re, select, struct, sys, termios, time

LIMIT = 120


def wait_until(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"no {what}")
        time.sleep(0.01)


class Terminal:
    """A shell on a terminal. What it shows goes to stdout, with process ids replaced."""

    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1="$ ", PS2="> ", TERM="dumb", HISTFILE="")
            os.execvp(command[0], command)
        self.pending = ""

    def expect(self, text, shown=True):
        """Reads up to text and shows that."""
        end = time.monotonic() + LIMIT
        while text not in self.pending:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                sys.exit(f"expected {text!r}, got {self.pending!r}")
            try:
                self.pending += os.read(self.fd, 4096).decode()
            except OSError:
                sys.exit(f"expected {text!r}, the terminal was closed after {self.pending!r}")
        seen, self.pending = self.pending.split(text, 1)
        if shown:
            print(re.sub(r"(\] |^)[0-9]{2,}(?=\r| Stopped)", r"\1PID", seen + text).replace("\r", ""), end="", flush=True)

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, line, until="\r\n$ ", shown=True):
        self.type(line + "\n")
        self.expect(until, shown)

    def foreground(self):
        return os.tcgetpgrp(self.fd)

    def has(self, mode):
        return bool(termios.tcgetattr(self.fd)[3] & mode)


t = Terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
t.expect("$ ")
t.run("tty | tr -d 0-9; stty size; echo $- | tr -d himBHs")
group = t.foreground()
print(f"[{group == t.pid}]")

# Stopped by ^Z, gone on with, ended by ^C and ^\.
job = "sh -c 'echo started; exec sleep 1000'"
t.run("ulimit -c 0")
t.run(job, "started\r\n")
wait_until(lambda: t.foreground() != group, "group of its own in the foreground")
first = t.foreground()
t.type("\x1a")
t.expect("\r\n$ ")
print(f"[{t.foreground() == group}]")
t.run("echo status $? $(kill -l $?); jobs")
t.type("fg\n")
t.expect("1000'\r\n")
wait_until(lambda: t.foreground() == first, "stopped job in the foreground again")
t.type("\x03")
t.expect("$ ")
t.run("echo status $?; jobs")
t.run(job, "started\r\n")
t.type("\x1c")
t.expect("$ ")
t.run("echo status $?")

# A pipeline is stopped and goes on as one; so does a function's loop.
t.run("sh -c 'echo started >&2; exec sleep 1000' | cat", "started\r\n")
t.type("\x1a")
t.expect("\r\n$ ")
t.run("jobs; bg %1 && kill %1; wait %1; echo status $?")
t.run("wait; jobs")

# Who is in the background neither reads the terminal nor, when it says so, writes to it.
# At which of the prompts bash tells of it is a matter of time.
until_stopped = "while [ -z \"$(jobs -s)\" ]; do sleep 0.02; done"
t.run(f"cat & {until_stopped}", shown=False)
t.run("jobs")
t.type("fg\n")
t.expect("cat\r\n")
t.run("given to cat", "given to cat\r\ngiven to cat\r\n")
t.type("\x04")
t.expect("$ ")
t.run("stty tostop")
t.run(f"echo from behind & {until_stopped}", shown=False)
t.run("jobs; stty -tostop")
t.run("fg", "from behind\r\n$ ")

# The size of the window, and who is told of a change.
fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
t.run("stty size")
t.run("bash -c 'trap \"stty size; exit 4\" WINCH; echo started; while :; do sleep 0.05; done'", "started\r\n")
fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 99, 0, 0))
t.expect("\r\n$ ")
t.run("echo status $?")

# Reading with and without echo, a single key, a time limit, the end of input.
t.run("read -r a b", "read -r a b\r\n")
t.run("one two three", "$ ")
t.run("read -rs secret", "secret\r\n")
wait_until(lambda: not t.has(termios.ECHO), "silence")
t.type("hidden\n")
t.expect("$ ")
t.run("read -rn1 key", "key\r\n")
wait_until(lambda: not t.has(termios.ICANON), "single keys")
t.type("x")
t.expect("$ ")
t.run("read -rt 0.1 none; echo status $?")
t.run('echo "$b" "$secret" "$key"')
t.run("for i in 1 2", "> ")
t.run("do echo $i", "> ")
t.run("done")
t.run("echo unfinished \"", "> ")
t.type("\x03")
t.expect("$ ")
t.run("stty -icanon -echo min 1; stty -a | grep -o -e '-*icanon' -e '-*echo '; stty sane", "\r\n$ ")
t.run("exec 3</dev/tty; read -r line <&3; echo \"got $line\"", "got $line\"\r\n")
t.run("by its other name")
t.run("sleep 1000 & disown; kill $!; exit", "exit\r\n")
print(f"[{os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1])}]")

# The terminal goes away: the shell is told, and tells its jobs.
t = Terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
t.expect("$ ")
t.run("bash -c 'trap \"echo told; exit\" HUP; : >ready; while :; do sleep 0.05; done' >>heard &", "] ")
wait_until(lambda: os.path.exists("ready"), "job")
os.close(t.fd)
print(f"[{os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1])}]")
wait_until(lambda: os.path.getsize("heard"), "word to the job")
print(open("heard").read())
END
