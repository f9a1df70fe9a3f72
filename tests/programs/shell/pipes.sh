# Pipes: status of each part, large data through them, process substitution, named pipes, coprocesses.
echo one two three | tr ' ' '\n' | sort -r | nl | sed 's/^ *//'
true | false | (exit 3) | true
echo "status ${PIPESTATUS[*]}"
set -o pipefail
true | (exit 4) | true
echo "pipefail $?"
set +o pipefail
! false | false
echo "negated $?"
seq 200000 | tee scratch/all | tail -n 1
wc -c <scratch/all
seq 50000 | sort -rn | md5sum
yes isomorph | head -n 100000 | md5sum
dd if=/dev/zero bs=64K count=64 2>/dev/null | tr '\0' 'x' | wc -c
cat <(echo first) <(echo second) | paste -s -d,
diff <(printf '%s\n' a b c d) <(printf '%s\n' a c d e)
echo "diff $?"
tee >(sort -n >scratch/sorted) <<<$'10\n9\n100' >/dev/null
while ! [ -s scratch/sorted ]; do sleep 0.02; done
cat scratch/sorted

mkfifo scratch/fifo
(for i in 1 2 3; do echo "line $i"; done >scratch/fifo) &
while read -r line; do echo "read: $line"; done <scratch/fifo
wait

coproc UPPER { while read -r line; do echo "${line^^}"; done; }
coprocess=$!
for word in alpha beta gamma; do
    echo $word >&"${UPPER[1]}"
    read -r answer <&"${UPPER[0]}"
    echo "$answer"
done
exec {UPPER[1]}>&-
wait "$coprocess"
echo "coprocess ended with $?"

# A reader that goes away: the writer dies of SIGPIPE.
yes | head -n 1
echo "yes: ${PIPESTATUS[0]}"
(trap '' PIPE; yes 2>/dev/null; echo "yes ended with $?" >&2) | head -n 1

# A chain of many processes.
chain="seq 1000"
for i in {1..20}; do chain+=" | gawk '{ print \$1 + $i }'"; done
eval "$chain" | tail -n 2
echo 0 | while read -r n; do echo $((n + 1)); done | { read -r n; echo $((n + 1)); }
f() { local IFS=:; read -r a b c; echo "$c $b $a"; }
echo x:y:z | f
shopt -s lastpipe
echo kept | read -r variable
echo "lastpipe: $variable"
exec 3<>scratch/file 4>&1
echo "through 3" >&3
cat scratch/file >&4
exec 3>&- 4>&-
echo "not open" 2>&1 >&3 | sed 's/.*: //'
for i in {1..30}; do
    : "$(echo $i | cat | cat)"
done
echo "substitution $(echo a; echo "$(echo b; echo "$(echo c)")")"
