# Functions, scopes, loops, case, select, getopts, traps of DEBUG, ERR and RETURN, exit statuses.
f() { local x=local; g; echo "f: $x"; }; g() { echo "g sees $x"; x=changed; }; x=global; f
echo $x; h() { return 300; }; h; echo $?; k() { false; }; k; echo $?; set -- a "b c" d
args() { echo "$# $1|$2|$3|${4-none}"; shift 2; echo "$@"; }; args "$@"
for i in 1 2 3; do for j in 1 2 3; do ((j == 2)) && continue 2; ((i == 3)) && break 2; echo $i$j; done; done
while read -r a b; do echo "$b-$a"; done <<<$'1 2\n3 4'
until ((++n >= 3)); do echo $n; done
for ((i = 10, j = 0; i > j; i -= 3, j++)); do echo $i,$j; done
case abc in a*) echo one ;;& *b*) echo two ;& zzz) echo three ;; *) echo four ;; esac
select opt in first second; do echo "chose $opt ($REPLY)"; break; done <<<2 2>&1
parse() {
    local OPTIND o
    while getopts ":ab:c:" o; do
        case $o in
            a)
                echo a
            ;;
            b | c)
                echo "$o=$OPTARG"
            ;;
            :)
                echo "missing for $OPTARG"
            ;;
            \?)
                echo "bad $OPTARG"
            ;;
        esac
    done
    shift $((OPTIND - 1))
    echo "rest: $*"
}
parse -a -b 1 -c2 x y; parse -z -b; parse -ab3 -- -a
(set -e; false; echo unreachable); echo "set -e $?"
(set -e; false || true; if false; then :; fi; ! true; echo reached)
(set -u; echo ${undefined}) 2>/dev/null; echo "set -u $?"; (set -o pipefail; false | true)
echo "pipefail $?"; true | false | true; echo "${PIPESTATUS[@]}"
(trap 'echo "err at line $LINENO status $?"' ERR; false; (exit 3); true)
(trap 'echo exiting $?' EXIT; exit 5); echo $?
t() { trap 'echo returned' RETURN; echo in t; }; t; trap - RETURN
(trap 'echo debug: $BASH_COMMAND' DEBUG; x=1; echo $x)
outer() { inner() { echo "inner defined by outer: ${FUNCNAME[*]}"; }; inner; }; outer
inner; declare -F inner; unset -f inner; declare -F inner || echo gone
recurse() { ((depth++ < 200)) && recurse; }; recurse; echo $depth; export -f f g
caller_test() { caller 0; }; caller_test
if [[ 1 -eq 1 ]] && ! [[ 1 -gt 2 ]]; then echo yes; elif true; then echo no; else echo never; fi
{ echo brace; } && (echo paren); :; true && false || echo fallback
! { true && false; } && echo inverted; time_ignored() { :; }; command echo builtin
builtin echo b; type -t echo f if ls nosuch; eval 'for v in x y; do echo $v; done'
source <(echo 'echo sourced $1') argument
nosuchcommand 2>&1; echo $?; ./nosuchfile 2>&1; echo $?; bin 2>&1; / 2>&1; echo $?
exit_in_subst=$(exit 9); echo $?; local bad 2>&1; shift 100; echo $?; readonly R=1
(R=2) 2>&1; unset R 2>&1; cd /nosuch 2>&1; echo $?
