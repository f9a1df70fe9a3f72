# A shell script of short commands, ten in each turn, each of them a process: script.sh TURNS
set -eu
turn=0
while [ "$turn" -lt "$1" ]; do
    turn=$((turn + 1))
    env true
    true_status=$(expr "$turn" + 1)
    name=$(basename "/some/where/file-$turn.txt" .txt)
    dir=$(dirname "/some/where/file-$turn.txt")
    seq 1 3 | tail -n 1
    printf '%s\n' "$name" | tr a-z A-Z
    printf '%s %s\n' "$dir" "$true_status" | cut -d' ' -f1
    printf '%s\n' b a c | sort
    date -u -d "@$turn" +%H:%M:%S
done
