# Whole programs: life, word count, a tokenizer with a calculator, a bank, JSON-ish printing, a maze.
life() {
    local w=20 h=10 g t i j n y x
    declare -A g
    for c in 1,2 2,3 3,1 3,2 3,3 5,10 5,11 5,12; do
        g[$c]=1
    done
    for ((t = 0; t < 4; t++)); do
        declare -A next=()
        for ((y = 0; y < h; y++)); do
            for ((x = 0; x < w; x++)); do
                n=0
                for i in -1 0 1; do
                    for j in -1 0 1; do
                        ((i || j)) && [[ -n ${g[$(((y + i + h) % h)),$(((x + j + w) % w))]} ]] && ((n++))
                    done
                done
                ((n == 3)) || {
                    ((n == 2)) && [[ -n ${g[$y,$x]} ]]
                } && next[$y,$x]=1
            done
        done
        unset g
        declare -A g
        for c in "${!next[@]}"; do
            g[$c]=1
        done
    done
    for ((y = 0; y < h; y++)); do
        for ((x = 0; x < w; x++)); do
            [[ -n ${g[$y,$x]} ]] && printf '#' || printf .
        done
        echo
    done
}
life
calc() {
    local s=$1 pos=0
    expr_() {
        term_
        local v=$r
        while [[ ${s:pos:1} == [+-] ]]; do
            local op=${s:pos:1}
            ((pos++))
            term_
            ((v = v $op r))
        done
        r=$v
    }
    term_() {
        factor_
        local v=$r
        while [[ ${s:pos:1} == [*/%] ]]; do
            local op=${s:pos:1}
            ((pos++))
            factor_
            ((v = v $op r))
        done
        r=$v
    }
    factor_() {
        local n=
        if [[ ${s:pos:1} == "(" ]]; then
            ((pos++))
            expr_
            ((pos++))
            return
        fi
        if [[ ${s:pos:1} == - ]]; then
            ((pos++))
            factor_
            ((r = -r))
            return
        fi
        while [[ ${s:pos:1} == [0-9] ]]; do
            n+=${s:pos:1}
            ((pos++))
        done
        r=$n
    }
    expr_
    echo "$s = $r"
}
calc "1+2*3"; calc "(1+2)*3-4/2"; calc "-(7-10)*(2+3)%4"; calc "100/7/2"
wc_() { local -A c; local w l n=0; while read -r l; do ((n++)); for w in $l; do w=${w//[^a-zA-Z]/}; [[ $w ]] \
    && ((c[${w,,}]++)); done; done; echo "$n lines"; for w in "${!c[@]}"; do echo "${c[$w]} $w"; done | sort \
    -k1,1nr -k2 | head -4; }; wc_ <<E
It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief, it was the epoch of
incredulity, it was the season of Light, it was the season of Darkness.
E
json() {
    local -n d=$1
    local k sep=
    printf '{'
    for k in $(printf '%s\n' "${!d[@]}" | sort); do
        printf '%s"%s": ' "$sep" "$k"
        [[ ${d[$k]} =~ ^-?[0-9]+$ ]] && printf '%s' "${d[$k]}" || printf '"%s"' "${d[$k]//\"/\\\"}"
        sep=', '
    done
    echo '}'
}
declare -A rec=([name]='Ann "A" Lee' [age]=42 [city]=Berlin); json rec
maze=("#########" "#S..#...#" "#.#.#.#.#" "#.#...#.#" "#.#####.#" "#......E#" "#########")
bfs() {
    local cur y x d ny nx dy dx q=("1,1")
    local -A seen=([1,1]=0)
    while ((${#q[@]})); do
        cur=${q[0]}
        q=("${q[@]:1}")
        y=${cur%,*} x=${cur#*,}
        [[ ${maze[y]:x:1} == E ]] && {
            echo "reached in ${seen[$cur]}"
            return
        }
        for d in "0 1" "1 0" "0 -1" "-1 0"; do
            read -r dy dx <<< "$d"
            ((ny = y + dy, nx = x + dx))
            [[ ${maze[ny]:nx:1} == "#" || -n ${seen[$ny,$nx]} ]] && continue
            seen[$ny,$nx]=$((${seen[$cur]} + 1))
            q+=("$ny,$nx")
        done
    done
    echo unreachable
}
declare -A seen; bfs
roman() {
    local n=$1 o= i v=(1000 900 500 400 100 90 50 40 10 9 5 4 1) s=(M CM D CD C XC L XL X IX V IV I)
    for i in "${!v[@]}"; do
        while ((n >= v[i])); do
            o+=${s[i]}
            ((n -= v[i]))
        done
    done
    echo "$o"
}
for y in 4 1994 2024 3999; do roman $y; done
lev() {
    local a=$1 b=$2 i j c
    local -a p n
    for ((j = 0; j <= ${#b}; j++)); do
        p[j]=$j
    done
    for ((i = 1; i <= ${#a}; i++)); do
        n[0]=$i
        for ((j = 1; j <= ${#b}; j++)); do
            [[ ${a:i-1:1} == "${b:j-1:1}" ]] && c=0 || c=1
            ((n[j] = p[j] + 1 < n[j - 1] + 1 ? p[j] + 1 : n[j - 1] + 1, n[j] = n[j] < p[j - 1] + c ? n[j] : p[j - 1] + c))
        done
        p=("${n[@]}")
    done
    echo "${p[-1]}"
}
lev kitten sitting; lev saturday sunday
b64() {
    local s=$1 o= i n T=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
    for ((i = 0; i < ${#s}; i += 3)); do
        local a b c
        printf -v a %d "'${s:i:1}"
        printf -v b %d "'${s:i+1:1}"
        printf -v c %d "'${s:i+2:1}"
        ((n = a << 16 | b << 8 | c))
        o+=${T:n>>18&63:1}${T:n>>12&63:1}
        ((i + 1 < ${#s})) && o+=${T:n>>6&63:1} || o+==
        ((i + 2 < ${#s})) && o+=${T:n&63:1} || o+==
    done
    echo "$o"
}
b64 "Hello, World!"
b64 "abc"
echo -n "Hello, World!" | base64
brainfuck() {
    local p=$1 i d=0
    m=(0) st=()
    for ((i = 0; i < ${#p}; i++)); do
        case ${p:i:1} in
            '>')
                ((d++))
                : "${m[d]:=0}"
            ;;
            '<')
                ((d--))
            ;;
            +)
                ((m[d] = (m[d] + 1) & 255))
            ;;
            -)
                ((m[d] = (m[d] - 1) & 255))
            ;;
            .)
                printf "\\$(printf %o ${m[d]})"
            ;;
            '[')
                if ((m[d])); then
                    st+=($i)
                else
                    local n=1
                    while ((n)); do
                        ((i++))
                        case ${p:i:1} in
                            '[')
                                ((n++))
                            ;;
                            ']')
                                ((n--))
                            ;;
                        esac
                    done
                fi
            ;;
            ']')
                if ((m[d])); then
                    i=${st[-1]}
                else
                    unset 'st[-1]'
                fi
            ;;
        esac
    done
}
declare -a m st
brainfuck '++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++.'
