# Indexed and associative arrays, namerefs, mapfile.
a=(one two "three four" five); echo "${#a[@]} ${a[2]} ${a[-1]} ${a[@]:1:2} ${!a[@]}"
a+=(six); a[10]=ten; echo "${!a[@]}"; unset 'a[1]'; echo "${a[@]@Q}"
printf '<%s>' "${a[@]}"; echo; printf '<%s>' "${a[*]}"; echo; IFS=,; echo "${a[*]}"
unset IFS; b=("${a[@]/o/0}"); echo "${b[@]}"
echo "${a[@]#t}" "${a[@]^}" "${a[@]^^}" "${#a[2]}"
declare -A m=([x]=1 [y]=2 ["key with space"]="v w"); m[z]=3
for k in $(printf '%s\n' "${!m[@]}" | sort | head -1) x y z; do echo "$k=${m[$k]}"; done
echo "${#m[@]}"; [[ -v m[x] ]] && echo has x; [[ -v m[q] ]] || echo no q; unset 'm[x]'
echo "${#m[@]}"; for k in "${!m[@]}"; do echo "$k -> ${m[$k]}"; done | sort
declare -p a | tr -d '\n'; echo; mapfile -t lines < <(printf 'l1\nl2\n\nl4\n')
echo "${#lines[@]} ${lines[3]}"; mapfile -t -s 1 -n 2 l2 <<<$'a\nb\nc\nd'; echo "${l2[@]}"
readarray -d : -t parts <<<"p:q:r:"; echo "${#parts[@]} ${parts[1]}"
read -ra words <<<"the quick  brown fox"; echo "${#words[@]}:${words[2]}"
f() { local -n ref=$1; ref+=(added); ref[0]=changed; }; f a; echo "${a[0]} ${a[-1]}"
declare -n alias=m; alias[new]=n; echo "${m[new]}"
swap() { local -n p=$1 q=$2; local t=$p; p=$q; q=$t; }; u=1 v=2; swap u v; echo $u $v
declare -ai nums=(3+4 2*5); echo "${nums[@]}"; nums[0]+=1; echo "${nums[0]}"; matrix=()
for ((i = 0; i < 5; i++)); do for ((j = 0; j < 5; j++)); do matrix[i*5+j]=$((i * j)); done; done
echo "${matrix[@]}" "${matrix[@]: -3}"; stack=()
for x in 1 2 3; do stack=("$x" "${stack[@]}"); done; echo "${stack[@]}"
sieve() {
    local n=$1 i j
    local -a c
    for ((i = 2; i <= n; i++)); do
        [[ -n ${c[i]} ]] && continue
        printf '%d ' $i
        for ((j = i * i; j <= n; j += i)); do
            c[j]=1
        done
    done
    echo
}
sieve 500
bubble() {
    local -a x=("$@")
    local n=${#x[@]} i j t
    for ((i = 0; i < n; i++)); do
        for ((j = 0; j < n - i - 1; j++)); do
            if ((x[j] > x[j + 1])); then
                t=${x[j]} x[j]=${x[j + 1]} x[j + 1]=$t
            fi
        done
    done
    echo "${x[@]}"
}
bubble $(for ((i = 0, x = 7; i < 40; i++)); do echo $((x = (x * 1103515245 + 12345) % 2147483648 % 1000)); done)
declare -A count; for w in the cat the dog a cat the end; do ((count[$w]++)); done
for w in "${!count[@]}"; do echo "${count[$w]} $w"; done | sort -rn -k1,1 -k2
quick() {
    (($# <= 1)) && {
        echo -n "$* "
        return
    }
    local p=$1 l=() g=() x
    shift
    for x in "$@"; do
        if ((x < p)); then
            l+=($x)
        else
            g+=($x)
        fi
    done
    quick "${l[@]}"
    echo -n "$p "
    quick "${g[@]}"
}
quick 5 3 9 1 7 5 8 2 6 4 0; echo
declare -r RO=(1 2); (RO[0]=3) 2>&1 | sed 's/.*: RO/RO/'
echo "${a[@]: -1:1}" "${@:0:0}" "${a[99]-unset}" "${a[99]:-default}"; set -- p q r
echo "${@:2}" "${*: -1}" "$#"; for ((i = $#; i > 0; i--)); do echo -n "${!i} "; done; echo
echo {1..10..3} {a..e} {01..12} {z..v..2} pre{A,B{1,2},C}post; seq=({1..1000}); s=0
for n in "${seq[@]}"; do ((s += n)); done; echo $s
