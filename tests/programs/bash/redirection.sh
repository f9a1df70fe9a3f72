# Redirections, descriptors, here-documents, process substitution, pipes, coprocesses.
cd scratch; echo one >f; echo two >>f; cat <f; { echo out; echo err >&2; } >o 2>e; cat o e
{ echo out; echo err >&2; } &>both; sort both; (echo a; echo b >&2) 2>&1 | sort
echo to stderr 2>/dev/null 1>&2; exec 3>three; echo "fd 3" >&3; exec 3>&-; cat three
exec 4<three; read -r l <&4; echo "$l"; exec 4<&-
exec {fd}>dyn; echo dynamic >&$fd; exec {fd}>&-; cat dyn; [ $fd -ge 10 ] && echo high; cat <<A; cat <<'B'; cat <<-C
A: $((1 + 1)) $(echo sub) \$x
A
B: $((1 + 1)) $(echo sub) \$x
B
	C: tabs removed
	C
diff <(seq 1 5) <(seq 1 2 5); paste <(echo left; echo l2) <(echo right; echo r2)
while read -r x; do ((n++)); done < <(seq 50); echo $n
tee >(wc -l >count) >(md5sum >sum) < <(seq 100) >/dev/null
until [[ -s count && -s sum ]]; do sleep 0.02; done; cat count sum
echo piped | while read -r v; do w=$v; done; echo "w=${w-unset}"; shopt -s lastpipe
echo piped | read -r w; echo "w=$w"
set -o noclobber; (echo no >f) 2>&1; echo yes >|f; cat f; set +o noclobber
cat nosuch 2>&1; echo $?; (cat <nosuch) 2>&1; echo $?; (echo x >/nosuch/file) 2>&1
echo x >&9 2>&1; echo $?; coproc CO { while read -r l; do echo "co: $l"; done; }
echo hello >&"${CO[1]}"; read -r r <&"${CO[0]}"; echo "$r"; exec {CO[1]}>&-
wait $CO_PID 2>/dev/null; echo "coproc $?"
seq 1 10 | { read -r a; read -r b; echo $a $b; cat | tail -1; }; { seq 3; seq 5; } | wc -l
yes | head -3; (exit 3) | (exit 4); echo "${PIPESTATUS[*]}"
for i in 1 2 3; do echo $i; done | tac | tr '\n' ' '; echo
seq 5 | while IFS= read -r l; do echo -n "[$l]"; done; echo
printf 'a b\\c\n' | { read x; echo "$x"; }
printf 'no newline' | { read -r x; echo "$? $x"; }
printf 'a:b:c' | { IFS=: read -r x y; echo "$x $y"; }; read -n 3 x <<<abcdef; echo $x
read -d : x <<<foo:bar; echo $x; read -t 0.1 x < <(sleep 1); echo $(($? > 128))
read -p prompt x <<<v; echo $x
printf 'x\0y\0' | while IFS= read -r -d '' z; do echo "<$z>"; done
cat <<X | tr a-z A-Z >up; cat up; cat 3<<<"three" <&3; cat - <<<dash; echo "$(<f)"; echo "$(cat <<E
in substitution
E
)"; f2() { cat; } <<<"function here"; f2; for i in a b; do cat; done <<<loop; mkfifo p; (seq 3 >p) & cat p; wait; ls | sort | tr '\n' ' '; echo; exec 5<>rw; echo data >&5; cat rw; exec 5>&-; exec 6>&1; exec >redirected; echo hidden; exec >&6 6>&-; cat redirected; echo "$(echo e >&2)" 2>&1; { echo a >&2; } 2>&1 | cat; rm -f -- *
lower to upper
X
for i in $(seq 20); do echo "line $i of a larger here document that is written to a temporary file or a pipe" ; done >big; cat <<E | wc
$(cat big big big big big big big big big big)
E
wc <<<"$(cat big big big)"; rm big; : {a}<&0; exec 7<&0 8>&7 2>/dev/null; echo $?; exec 7<&- 8>&-
