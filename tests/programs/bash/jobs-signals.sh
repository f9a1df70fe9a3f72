# Background jobs, wait, kill, traps.
sleep 0.1 & p=$!; wait $p; echo "wait $?"; (exit 7) & wait $!; echo "wait $?"
wait 99999 2>&1; echo "wait $?"
for i in 3 1 2; do (sleep 0.0$i; echo "job $i" >scratch/$i) & done; wait; cat scratch/[123]
(exit 2) & p=$!; (exit 1) & wait $p; echo "first $?"; wait $!; echo "second $?"
trap 'echo USR1 received' USR1; kill -USR1 $$; echo after
(trap 'echo TERM in child; exit 4' TERM; : >scratch/ready; while :; do sleep 0.02; done) &
p=$!; until [[ -e scratch/ready ]]; do sleep 0.02; done; kill $p; wait $p; echo "child $?"
sleep 5 & p=$!; kill -9 $p; wait $p 2>/dev/null; echo "killed $?"; sleep 5 & p=$!; kill $p
wait $p 2>/dev/null; echo "terminated $?"
trap '' TERM; (kill $BASHPID; echo ignored); trap - TERM
(kill -TERM $BASHPID; echo not reached); echo "self $?"; trap 'n=$((n + 1))' USR2
for i in 1 2 3; do kill -USR2 $$; done; echo "n=$n"; trap; trap - USR1 USR2
trap 'echo int' INT; kill -INT $$; trap - INT
{ (trap 'echo bye' EXIT; kill -HUP $BASHPID; sleep 9); } 2>/dev/null; echo "hup $?"
kill -0 $$ && echo alive; kill -0 99999 2>/dev/null || echo dead; sleep 3 &
jobs %% | sed 's/^.[0-9]*.//; s/ *$//'; disown %%; kill $!; sleep 3 & kill %% 2>/dev/null
wait 2>/dev/null; echo "done"
f() { sleep 0.1; echo f in background $1; }; f 1 & wait; { echo group; } & wait
(a=1; (b=2; echo $a$b)); x=1; (x=2) & wait; echo $x; timeout 0.2 sleep 3
echo "timeout $?"; SECONDS=0; sleep 0.1; ((SECONDS < 60)) && echo quick
r=$(sleep 0.1 & echo no wait); echo $r; trap 'echo chld' CHLD; sleep 0.05 & wait
trap - CHLD; trap 'echo woken' USR1; (sleep 0.8; kill -USR1 $$) & sleep 20 & wait $!
echo "interrupted wait $(($? > 128))"; kill $! 2>/dev/null; wait 2>/dev/null
pipeline() {
    for i in 1 2 3 4 5 6 7 8; do
        echo $i
    done | while read -r n; do
        ( echo $((n * n)) ) & wait $!
    done | sort -n | tail -1
}
pipeline; set -m; sleep 0.1 & wait; echo monitor; set +m
{ (ulimit -c 0; kill -SEGV $BASHPID); } 2>/dev/null; echo "segv $?"; (kill -PIPE $BASHPID)
echo "pipe $?"; yes 2>/dev/null | head -1 >/dev/null; echo "${PIPESTATUS[*]}"
{ sleep 0.7; echo late; } & echo early; wait
for i in {1..40}; do (exit $((i % 3))) & pids[i]=$!; done; t=0
for i in {1..40}; do wait ${pids[i]}; ((t += $?)); done; echo $t; exec 2>&1
bash -c 'echo not found' 2>/dev/null || echo "no bash in PATH"; (exec echo replaced)
(exec nosuch) 2>/dev/null; echo $?; trap 'echo "exit trap, status $?"' EXIT; exit 6
