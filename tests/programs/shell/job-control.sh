# Job control: groups of their own, stopped jobs, fg, bg, jobs, disown, suspended children, wait for each.
set -m
state() { jobs -l %1 2>&1 | sed "s/[0-9][0-9]* /PID /; s/  */ /g"; }
group_of() { sed 's/.*) . [0-9]* \([0-9]*\).*/\1/' /proc/$1/stat; }
state_of() { sed 's/.*) \(.\).*/\1/' /proc/$1/stat; }
until_state() { until [ "$(state_of $1)" = $2 ]; do sleep 0.02; done; }

sleep 100 &
p=$!
[ "$(group_of $p)" = $p ] && echo "a job is a group of its own"
[ "$(group_of $$)" != $p ] && echo "which is not the shell's"
state
kill -STOP %1
until_state $p T
echo "stopped: $(state_of $p)"
sleep 0.1
jobs -s | sed 's/  */ /g'
bg %1 >/dev/null
until_state $p S
jobs -r | sed 's/  */ /g'
kill %1
wait %1 2>/dev/null
echo "ended with $?"

# A pipeline is one group.
sleep 100 | sleep 100 | sleep 100 &
pids=$(jobs -p)
echo "leaders: $(wc -w <<<"$pids")"
last=$!
[ "$(group_of $last)" = "$pids" ] && echo "the last one is in the group of the first"
kill -TERM -- -$pids
wait $last 2>/dev/null
echo "pipeline ended with $?"

# A child that stops itself is waited for with fg.
bash -c 'kill -STOP $$; echo "going on"; exit 17' &
p=$!
until_state $p T
fg %+ >/dev/null
echo "fg gave $?"

(bash -c 'kill -TSTP $$; exit 3') &
p=$!
sleep 0.1
until [ "$(state_of $p)" = S ] || [ "$(state_of $p)" = T ]; do sleep 0.02; done
pkill_children() { for c in $(cat /proc/$1/task/$1/children 2>/dev/null); do kill -CONT $c; done; kill -CONT $1; }
kill -CONT -- -$p
wait $p
echo "subshell ended with $?"

for i in 1 2 3 4; do (sleep 0.$i; exit $i) & pids[i]=$!; done
for i in 4 2 3 1; do wait ${pids[i]}; echo "job $i gave $?"; done
sleep 100 & sleep 100 & sleep 100 &
echo "$(jobs -p | wc -l) jobs"
kill $(jobs -p)
wait 2>/dev/null
set +m
sleep 100 &
[ "$(group_of $!)" = "$(group_of $$)" ] && echo "without job control the group is the shell's"
kill $!
wait $! 2>/dev/null
echo "status $?"
bash -i -c 'echo interactive; sleep 0.1 & wait; echo done' 2>/dev/null
setsid bash -c 'read -r _ _ _ _ group session _ <<<"$(sed "s/(.*)/x/" /proc/$$/stat)"
    [ "$group" = "$$" ] && [ "$session" = "$$" ] && echo "a session of its own"' </dev/null
kill -l | head -n 3
kill -0 $$ && echo alive
ulimit -n 64
ulimit -Sn
(ulimit -St 1; while :; do :; done) &
wait $! 2>/dev/null
echo "CPU limit: $? $(kill -l $?)"
