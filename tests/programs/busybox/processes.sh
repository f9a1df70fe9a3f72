# Processes: background jobs, pipes, signals, exit statuses.
(sleep 0.7; echo background) & echo foreground; wait; echo "waited $?"
sh -c 'exit 7' & p=$!; wait $p; echo "status $?"; sh -c 'kill -TERM $$'; echo "status $?"
sh -c 'kill -9 $$'; echo "status $?"; sh -c 'ulimit -c 0; kill -SEGV $$' 2>/dev/null
echo "status $?"
trap 'echo got USR1' USR1; kill -USR1 $$; echo after; trap - USR1
trap 'echo leaving' EXIT; trap '' INT; kill -INT $$; echo still here; trap
(trap 'echo child term; exit 3' TERM; : >scratch/ready; while :; do sleep 0.02; done) & p=$!
until [ -e scratch/ready ]; do sleep 0.02; done; kill $p; wait $p; echo "status $?"
sleep 10 & p=$!; kill $p; wait $p 2>/dev/null; echo "status $?"; timeout 0.2 sleep 5
echo "status $?"; timeout -s KILL 0.2 sleep 5; echo "status $?"; timeout 5 true
echo "status $?"
for i in 1 2 3 4 5; do (sleep 0.0$i; exit $i) & a="$a $!"; done; s=0
for p in $a; do wait $p; s=$((s + $?)); done; echo "sum $s"
echo a | cat | cat | cat | tr a b; seq 20000 | head -1; yes | head -20000 | wc -l
(echo out; echo err >&2) 2>&1 | sort; { echo 1; echo 2 >&2; } 2>/dev/null
cat </dev/null | wc -c
exec 3>scratch/three; echo to three >&3; exec 3>&-; cat scratch/three; exec 4<scratch/three
read -r line <&4; echo "read $line"; exec 4<&-; echo more >>scratch/three; wc -l <scratch/three
: >scratch/three; wc -c <scratch/three
false | true; echo "status $?"; set -o pipefail; false | true; echo "status $?"
set +o pipefail; nosuchcommand; echo "status $?"; ./script-that-is-not; echo "status $?"
echo 'echo script ran with $1; exit 9' >scratch/s; chmod +x scratch/s; scratch/s arg
echo "status $?"; chmod -x scratch/s; scratch/s; echo "status $?"
printf '#!/bin/nosuchinterpreter\n' >scratch/s; chmod +x scratch/s; scratch/s 2>/dev/null
echo "status $?"; sh -c 'echo $0 $1 $#' name arg1 arg2; sh -c 'echo $((1/0))' 2>/dev/null
echo "status $?"; sh -c 'if'; echo "status $?"
x=$(exit 5); echo "status $?"; echo "$(echo nested $(echo deeper $(echo deepest)))"
y=`echo back \`echo ticks\``; echo "$y"; env -i A=1 B=2 env | sort
A=temporary sh -c 'echo $A'; echo "${A:-unset}"; export E=exported; sh -c 'echo $E'
env -u E sh -c 'echo ${E:-gone}'
mkfifo scratch/f; (seq 5 >scratch/f &); awk '{ s += $1 } END { print s }' scratch/f
seq 1000 | while read n; do [ $((n % 250)) = 0 ] && echo $n; done; i=0
while [ $i -lt 60 ]; do /bin/true 2>/dev/null || true; i=$((i + 1)); done; echo $i
echo 'one two three' | (read a b c; echo "$c $b $a"); printf 'a\\tb\n' | (read x; echo "$x"); printf \
    'a\\tb\n' | (read -r x; echo "$x"); echo no newline at end | tr -d '\n' | (read x || echo "eof with $x"); \
    nice -n 5 nice; nohup echo with nohup 2>/dev/null; setsid echo in a session; ulimit -n >/dev/null && echo \
    has limits; umask; xargs -n1 -P4 echo <<X | sort
p q r s
X
