# Traps: signals, EXIT, ERR, DEBUG, RETURN; what children inherit; status by signal; kill and wait.
trap 'echo "USR1 while waiting: $?"' USR1
trap 'echo "TERM caught"' TERM
kill -USR1 $$
kill -TERM $$
trap
(trap; echo "in a subshell")
trap - TERM
trap '' HUP
kill -HUP $$
echo "HUP ignored"
bash -c 'kill -HUP $$; echo "a child ignores it too"'
trap - HUP
bash -c 'kill -HUP $$; echo "not reached"' &
wait $! 2>/dev/null
echo "child by HUP: $?"
for signal in INT QUIT ILL ABRT FPE KILL SEGV PIPE ALRM TERM USR2 BUS SYS XCPU; do
    bash -c "ulimit -c 0; kill -$signal \$\$; echo not reached" 2>/dev/null
    echo "$signal: $? $(kill -l $?)"
done 2>/dev/null
for signal in STOP; do
    sleep 10 &
    kill -STOP $!
    kill -CONT $!
    kill $!
    wait $!
    echo "stopped, continued and ended: $?"
done 2>/dev/null

(trap 'echo "exit trap: $?"' EXIT; exit 5)
echo "status $?"
(trap 'echo "exit trap by end"; exit 9' EXIT; true)
echo "status $?"
bash -c 'trap "echo exit after TERM" EXIT; trap "exit 7" TERM; kill $$; sleep 1'
echo "status $?"
(set -e; trap 'echo "ERR at line $((LINENO - '$LINENO'))"' ERR; true; false; echo "not reached")
echo "status $?"
trap 'echo "error: $?"' ERR
false
(exit 3)
if false; then :; fi
false || true
trap - ERR
g() { trap 'echo "return from g"' RETURN; echo "in g"; }
set -o functrace
g
set +o functrace
trap - RETURN
count=0
trap 'count=$((count + 1))' DEBUG
:
:
trap - DEBUG
echo "DEBUG ran $count times"

# A signal interrupts wait; the child goes on.
(sleep 0.2; kill -USR1 $$) &
sleep 1 &
wait $!
status=$?
echo "wait interrupted: $((status - 128)) is $(kill -l $status)"
wait
echo "and then ends"

# Signals in turn between two processes.
turns=0
trap 'turns=$((turns + 1)); reply=1' USR2
bash -c '
    trap "n=\$((n + 1)); go=1" USR1
    n=0
    : >scratch/ready
    for turn in 1 2 3 4 5; do
        while [ -z "$go" ]; do sleep 0.01; done
        go=
        kill -USR2 '$$'
    done
    exit $n' &
child=$!
until [ -e scratch/ready ]; do sleep 0.02; done
for i in 1 2 3 4 5; do
    reply=
    kill -USR1 $child
    while [ -z "$reply" ]; do sleep 0.01; done
done
wait $child
echo "child answered $? times, $turns signals came"
trap - USR1 USR2
trap 'echo "CHLD"' CHLD
(exit 0)
sleep 0.05 &
wait $!
trap - CHLD
timeout 0.3 sleep 10
echo "timeout: $?"
timeout -s KILL 0.3 sleep 10 &
wait $! 2>/dev/null
echo "timeout by KILL: $?"
timeout --preserve-status -s INT 0.3 bash -c 'trap "exit 42" INT; while :; do sleep 0.05; done'
echo "preserved: $?"
trap 'echo "last words: $?"' EXIT
exit 12
