# Parameter expansion, quoting, patterns, regular expressions.
shopt -s extglob
s="Hello, World"
echo "${s:7}" "${s: -5:3}" "${s:0:-2}" "${s/o/0}" "${s//o/0}" "${s/#Hello/Bye}" "${s/%World/All}" "${s,,}" "${s^^}" "${s,}" "${s~~}" "${#s}"
p=/home/user/file.tar.gz; echo "${p##*/} ${p%/*} ${p%.*} ${p%%.*} ${p#*.} ${p##*.}"
echo "${s@Q} ${s@U} ${s@L} ${s@u} ${p@A}"; x=$'tab\there\x41\101\u20ac'; echo "$x" "${#x}"
printf '%q ' "a b" "c'd" $'e\nf' '' 'g$h'; echo
unset u; echo "${u:-d}" "${u-d}" "${u:+set}" "${s:+set}" "${u:=assigned}" "$u"
(: "${nope:?message here}") 2>&1 | sed 's/.*nope/nope/'; indirect=s; echo "${!indirect}"
prefix_a=1 prefix_b=2; echo "${!prefix_@}"
[[ $s == Hello* ]] && echo glob; [[ $s == "Hello*" ]] || echo literal
[[ $s =~ ^([A-Z][a-z]+),\ (.*)$ ]] && echo "${BASH_REMATCH[1]}|${BASH_REMATCH[2]}|${#BASH_REMATCH[@]}"
re='([0-9]{1,3})\.([0-9]+)'; [[ "ip 192.168 x" =~ $re ]] && echo "${BASH_REMATCH[@]}"
[[ abc < abd && ! b < a || x == y ]] && echo order; shopt -s nocasematch
[[ HELLO == hello ]] && echo nocase; shopt -u nocasematch
for w in foo foobar bar barbar 123 a1b; do
    case $w in
        +([0-9]))
            echo "$w number"
        ;;
        ?(foo)bar)
            echo "$w optional"
        ;;
        *(bar))
            echo "$w repeated"
        ;;
        !(foo*))
            echo "$w not foo"
        ;;
        @(foo|baz)*)
            echo "$w foo"
        ;;
    esac
done
t="   trim me   "
t="${t##+([[:space:]])}"
t="${t%%+([[:space:]])}"
echo "[$t]"
echo "${s//[aeiou]/_}" "${s//[^a-zA-Z]/}" "${s//+(l)/L}"
printf '%s|%10s|%-10s|%.3s|%5.1s|\n' abc abc abc abcdef xyz
printf '%d %i %5d %-5d| %05d %+d %x %X %o %#x\n' 42 -42 42 42 42 42 255 255 8 255
printf '%e %.2f %g %G %10.4f\n' 12345.678 2.71828 0.00001 1e20 3.14159265
printf '%c%c\n' abc def; printf '%b\n' 'a\tb\\c\0101'; printf '%s-%s\n' 1 2 3
printf -v var '%03d' 7; echo $var; printf '%(%Y-%m-%d %H:%M:%S)T\n' 86400
printf '%*d|%-*d|\n' 6 42 6 42; printf '%s\n' "${s:0:1}"{1..3}
printf '%u %lu\n' 4294967295 18446744073709551615; printf '%d\n' "'A" 0x1f 010
printf '%.20f\n' 0.1
rev() { local i r=; for ((i = ${#1} - 1; i >= 0; i--)); do r+=${1:i:1}; done; echo "$r"; }
rev "palindrome"
caesar() {
    local i c n o=
    for ((i = 0; i < ${#1}; i++)); do
        c=${1:i:1}
        case $c in
            [a-z])
                printf -v n %d "'$c"
                printf -v c \\$(printf %o $(((n - 97 + $2) % 26 + 97)))
            ;;
        esac
        o+=$c
    done
    echo "$o"
}
caesar "the quick brown fox" 13; caesar "$(caesar "round trip" 5)" 21
w="a:b::c"; IFS=: read -r p1 p2 p3 p4 <<<"$w"; echo "$p1|$p2|$p3|$p4"
IFS=' ' read -r first rest <<<"one two three"; echo "$first|$rest"
v=$(printf 'trailing\n\n\n'); echo "[$v]"
echo "nested \"quotes\" and \$dollar \`tick\` \\slash" 'single $no' $'ansi\'c'
echo a\ b "c"'d'e; cat <<<"here string $((1 + 1))"; long=$(printf 'x%.0s' {1..500})
echo "${#long}"; r=; for i in {1..200}; do r+=$i,; done; echo "${#r} ${r:100:20}"
echo "${r//,/}" | md5sum
rot=${s:3}${s:0:3}; echo "$rot"; [[ -z "" && -n x && a != b ]] && echo tests
[ "$s" = "Hello, World" ] && test -n "$s" && echo old tests
case "a*c" in "a*c") echo star ;; esac
case $'multi\nline' in *$'\n'*) echo newline ;; esac; eval "q='it''s'"; echo $q
echo "${s:$((1 + 1)):$((2 * 2))}"; echo $'\e[0m' | od -c | head -1; echo "euro: €" "${#x}"
LC_ALL=C; e=€; echo ${#e}
