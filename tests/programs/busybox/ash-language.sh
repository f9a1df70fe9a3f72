# The shell's own language: expansion, arithmetic, functions, here-documents, getopts, control flow.
x=hello
echo "${x}" "${x:-no}" "${y:-no}" "${y:=set}" "$y" "${#x}" "${x#he}" "${x##*l}" "${x%lo}" "${x%%l*}" "${x:+yes}"
p=/usr/local/lib/libfoo.so.1
echo "${p##*/} ${p%/*} ${p#*/} ${p%%.*} ${p/lib/LIB} ${p//lib/LIB} ${p:5:5}"
echo $((1 + 2 * 3)) $((7 / 2)) $((-7 / 2)) $((-7 % 3)) $((1 << 40)) $((0x7fffffffffffffff + 1)) $((017 + 0xff))
i=5; echo $((i++)) $i $((++i)) $((i += 10)) $((i > 3 ? 100 : 200)) $((~i)) $((!i)) $((i & 6 | 8 ^ 3))
fib() { if [ "$1" -lt 2 ]; then echo "$1"; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
fib 9
fact() { local n=$1; [ "$n" -le 1 ] && { echo 1; return; }; echo $((n * $(fact $((n - 1))))); }
for n in 1 5 10 15 20; do echo "$n! = $(fact $n)"; done
for f in apple banana cherry; do
    case $f in
    a*) echo "$f starts with a" ;;
    *[aeiou]) echo "$f ends with a vowel" ;;
    c?erry | d*) echo "$f matches" ;;
    esac
done
cat <<END
here: $x $((6 * 7)) $(echo command) \$literal
END
cat <<'END'
literal: $x $((6 * 7))
END
cat <<-END
	tabs are stripped
	END
parse() {
    OPTIND=1
    while getopts ab:c o "$@"; do
        case $o in
        a) echo "option a" ;;
        b) echo "option b with $OPTARG" ;;
        c) echo "option c" ;;
        *) echo "unknown" ;;
        esac
    done
    shift $((OPTIND - 1))
    echo "rest: $* ($#)"
}
parse -a -b value -c one two
parse -ab value -z three
set -- "a b" c "d  e"
for a in "$@"; do echo "<$a>"; done
for a in $*; do echo "[$a]"; done
IFS=:; set -- $(echo "root:x:0:0:root:/root:/bin/sh"); echo "$1 $6 $7 $#"; unset IFS
n=0; while :; do n=$((n + 1)); [ $n -eq 3 ] && continue; [ $n -gt 6 ] && break; echo "n=$n"; done
until [ $n -le 0 ]; do n=$((n - 2)); done; echo "n=$n"
(exit 42); echo "status $?"
! true; echo "status $?"
false || echo or; true && echo and
{ echo group; echo of; } | while read -r line; do echo "read $line"; done
a=1; (a=2; echo "in subshell $a"); echo "outside $a"
eval 'echo evaluated $x'
readonly r=1; (r=2) 2>/dev/null || echo "read-only"
unset x; echo "${x-unset}"
(set -u; echo "$nothing") 2>/dev/null || echo "unset variable is an error"
(set -e; false; echo "not reached") || echo "set -e left"
printf '%s|%5d|%-5d|%05d|%x|%o|%c|%e|%.3f|%g\n' str 42 42 42 255 8 char 12345.678 3.14159 0.0001
printf '%b' 'tab\there\n'; printf '%s %s\n' one two three four
echo "$(printf '\101\102\103')" "$(echo -e 'a\tb\x41')"
type cd; type nosuchcommand; command -v ls
