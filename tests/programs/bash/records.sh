# Records: reading, grouping, joining and formatting with builtins, and applets of busybox in between.
cd scratch
for ((i = 0, x = 99; i < 300; i++)); do
    ((x = (x * 1103515245 + 12345) % 2147483648))
    c=(red green blue)
    printf '%d,%s,%d,%d.%02d\n' $i ${c[x / 65536 % 3]} $((x % 50)) $((x / 1000 % 100)) $((x % 100))
done > t.csv
declare -A n sum
while IFS=, read -r id color k v; do ((n[$color]++)); ((sum[$color] += 10#${v/./})); done <t.csv
for c in $(printf '%s\n' "${!n[@]}" | sort); do
    printf '%-6s %4d %8d.%02d\n' $c ${n[$c]} $((sum[$c] / 100)) $((sum[$c] % 100))
done
mapfile -t rows <t.csv; echo ${#rows[@]} "${rows[299]}"
sort -t, -k3,3n -k1,1n t.csv | head -3; best=; max=-1
for r in "${rows[@]}"; do IFS=, read -r a b k v <<<"$r"; ((k > max)) && max=$k best=$r; done
echo "$best"
join_() {
    local -A names
    local k v
    while read -r k v; do
        names[$k]=$v
    done < "$1"
    while read -r k v; do
        echo "$k ${names[$k]:-nobody} $v"
    done < "$2"
}
printf '1 ann\n2 bob\n' >a; printf '2 x\n3 y\n1 z\n' >b; join_ a b | sort
total=0; while read -r v; do ((total += v)); done < <(cut -d, -f3 t.csv); echo $total
awk -F, '{ s += $3 } END { print s }' t.csv
declare -A byk
for r in "${rows[@]:0:60}"; do IFS=, read -r a b k v <<<"$r"; byk[$k]+="$a "; done
for k in $(printf '%s\n' "${!byk[@]}" | sort -n | head -5); do echo "$k: ${byk[$k]% }"; done
while IFS= read -r line || [[ $line ]]; do echo "[$line]"; done < <(printf 'with\n  leading\nno newline')
template='Dear {name}, you owe {amount}.'
for p in ann:5 bob:7; do t=${template/\{name\}/${p%:*}}; echo "${t/\{amount\}/${p#*:}}"; done
csv='a,"quoted, comma","she said ""hi""",plain'; fields=(); cur= q=0
for ((i = 0; i < ${#csv}; i++)); do
    ch=${csv:i:1}
    if ((q)); then
        if [[ $ch == '"' ]]; then
            if [[ ${csv:i+1:1} == '"' ]]; then
                cur+='"'
                ((i++))
            else
                q=0
            fi
        else
            cur+=$ch
        fi
    else
        if [[ $ch == '"' ]]; then
            q=1
        else
            if [[ $ch == , ]]; then
                fields+=("$cur") cur=
            else
                cur+=$ch
            fi
        fi
    fi
done
fields+=("$cur"); printf '<%s>' "${fields[@]}"; echo
declare -A conf; section=; while IFS='= ' read -r k v; do case $k in '['*) section=${k//[\[\]]/} ;; '' | \
    \#*) ;; *) conf[$section.$k]=$v ;; esac; done <<E
# comment
[net]
host = example
port = 80
[user]
name = me
E
for k in $(printf '%s\n' "${!conf[@]}" | sort); do echo "$k=${conf[$k]}"; done
table() {
    local -a w
    local r i
    while IFS=, read -ra r; do
        for i in "${!r[@]}"; do
            ((${#r[i]} > ${w[i]:-0})) && w[i]=${#r[i]}
        done
    done <<< "$1"
    while IFS=, read -ra r; do
        for i in "${!r[@]}"; do
            printf "%-${w[i]}s | " "${r[i]}"
        done
        echo
    done <<< "$1"
}
table $'name,colour,n\nann,red,1\nbobby,turquoise,200'
for f in t.csv a b; do printf '%s %s\n' "$f" "$(md5sum <"$f" | cut -c1-8)"; done
tr , ' ' <t.csv | while read -r a b c d; do ((c == 7)) && echo "$a:$b:$d"; done | tac | head -4
