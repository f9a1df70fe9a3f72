# set and shopt, xtrace, printing of functions, variables and syntax errors.
set -x; x=1; echo $x "a b" $((1 + 1)); [[ a == b ]]; for i in 1 2; do :; done
f() { local y=2; echo $y; }; f; { set +x; } 2>/dev/null; PS4='+${FUNCNAME[0]:-main}: '
set -x; f; set +x; declare -f f; type f; shopt extglob; shopt -q extglob || echo off
set -o | head -3; echo $-; set -- -x y; echo "$1"; set -v; echo verbose; set +v
eval 'if true; then'; echo $?; eval 'echo $('; echo $?; eval 'for'; echo $?
eval 'case x in'; echo $?; eval '"unclosed'; echo $?; eval ')'; echo $?; (eval 'f( {')
echo $?; declare -i num=5; declare -l low=ABC; declare -u up=abc; declare -x exp=1
declare -r ro=1; declare -p num low up exp ro; export -p | grep exp; local z
readonly -p | grep ro=; unset ro; echo $?; declare -g glob=1; typeset t=1
declare -p nosuch; echo $?
echo "$LINENO $BASH_VERSION ${BASH_VERSINFO[0]} $0 $BASH_SUBSHELL $(echo $BASH_SUBSHELL)"
hash -r; alias ll='ls -l'; alias ll; unalias ll; alias ll; shopt -s expand_aliases
alias hi='echo hello'
hi there; help true | head -1; times >/dev/null; ulimit -n >/dev/null && echo limit
enable -n echo; enable echo; bind 2>/dev/null; history 2>&1 | head -1; getopts a: opt -a v
echo $opt $OPTARG; printf '%s\n' "${BASH_SOURCE[0]}"; let; echo $?; test; echo $?; [ a b
echo $?; exec 9</nosuch; echo $?; declare -A m=(a 1 b 2); echo ${m[a]}${m[b]}
echo ${m[@]@k} | tr ' ' '\n' | sort | tr '\n' ' '; echo; . /nosuch; echo $?; wait
pwd >/dev/null; command -V if; command -v f; set -o posix; set +o posix; shopt -p nullglob
caller; echo $?; suspend 2>&1 | head -1; logout; echo $?; coproc :; wait
fc -l 2>&1 | head -1; trap -p; trap 'echo x' NOSUCH; echo $?; kill; echo $?; umask 9
echo $?; read -r nothing </dev/null; echo $?; exit abc
