# Integers: all operators, all bases, and programs made of them.
echo $((2 + 3 * 4 - 5 / 2 % 3)) $((2 ** 10)) $((-7 / 2)) $((-7 % 3)) $((7 % -3)) $((1 << 62)) $((-1 >> 1)) \
    $((0xff & 0x0f | 0x30 ^ 0x05)) $((~0)) $((!5)) $((5 > 3 && 2 < 1 || 1)) $((3 > 2 ? 10 : 20)) $((1, 2, 3))
echo $((16#ff)) $((2#1010)) $((36#zz)) $((64#_)) $((010)) $((0x7fffffffffffffff)) \
    $((0x7fffffffffffffff + 1)) $((-9223372036854775808)) $((9223372036854775807 * 3)) \
    $((-9223372036854775807 - 1)) $((1 << 64)) $((1 << 63))
i=5
echo $((i++ + ++i)) $i $((i-- - --i)) $i $((i += 3)) $((i <<= 2)) $((i ^= 0xf)) $((i %= 7)) $((i |= 8)) $((i &= 12)) $((i ** 2))
let "x = 5 * (3 + 2)" "y = x / 3"
echo $x $y
((z = x > y))
echo $z
((0)) || echo zero is false
declare -i n
n="3 * 7"
echo $n
n+=2
echo $n
( echo $((1 / 0)) ) 2>&1 | sed 's/.*: 1/1/'
( echo $((5 % 0)) ) 2>&1 | sed 's/.*: 5/5/'
( echo $((2 ** -1)) ) 2>&1 | sed 's/.*: 2/2/'
( echo $((08)) ) 2>&1 | sed 's/.*: 08/08/'
echo $((-9223372036854775808 / -1)) $((-9223372036854775808 % -1))
gcd() {
    local a=$1 b=$2
    while ((b)); do
        ((t = a % b, a = b, b = t))
    done
    echo $a
}
gcd 1071 462
gcd 123456789 987654321
fact() {
    (($1 <= 1)) && echo 1 || echo $(($1 * $(fact $(($1 - 1)))))
}
fact 20
fib() {
    local a=0 b=1 i
    for ((i = 0; i < $1; i++)); do
        ((b += a, a = b - a))
    done
    echo $a
}
fib 90
pow() {
    local r=1 b=$1 e=$2 m=$3
    while ((e)); do
        ((e & 1)) && ((r = r * b % m))
        ((b = b * b % m, e >>= 1))
    done
    echo $r
}
pow 3 1000 1000007
pow 2 62 1000000007
collatz() {
    local n=$1 c=0
    while ((n != 1)); do
        ((n = n & 1 ? 3 * n + 1 : n / 2, c++))
    done
    echo $c
}
for n in 27 97 871; do
    collatz $n
done
isqrt() {
    local n=$1 x=$1 y
    ((y = (x + 1) / 2))
    while ((y < x)); do
        ((x = y, y = (x + n / x) / 2))
    done
    echo $x
}
isqrt 1000000
isqrt 4611686014132420609
rng=12345
for ((i = 0; i < 2000; i++)); do
    ((rng = (rng * 6364136223846793005 + 1442695040888963407), s ^= rng))
done
echo $rng $s
add() {
    local a=$1 b=$2 c=0 r= x
    while ((${#a} < ${#b})); do
        a=0$a
    done
    while ((${#b} < ${#a})); do
        b=0$b
    done
    for ((x = ${#a} - 1; x >= 0; x--)); do
        ((d = ${a:x:1} + ${b:x:1} + c, c = d / 10))
        r=$((d % 10))$r
    done
    ((c)) && r=$c$r
    echo $r
}
a=1 b=1
for ((k = 0; k < 120; k++)); do
    t=$(add $a $b)
    a=$b b=$t
done
echo $b
hex() {
    local n=$1 o=
    while ((n)); do
        o=${H:n%16:1}$o
        ((n /= 16))
    done
    echo ${o:-0}
}
H=0123456789abcdef
hex 3735928559
hex 0
bits() {
    local i o=
    for ((i = 15; i >= 0; i--)); do
        o+=$((($1 >> i) & 1))
    done
    echo $o
}
bits 43690
bits -1
pi=
carry=()
for ((i = 0; i < 106; i++)); do
    carry[i]=2
done
for ((d = 0; d < 30; d++)); do
    c=0
    for ((i = 105; i > 0; i--)); do
        ((x = carry[i] * 10 + c * (i + 1), carry[i] = x % (2 * i + 1), c = x / (2 * i + 1)))
        ((c = c))
    done
    :
done
echo ${carry[5]} $c
crc=0xffffffff
for ch in 49 50 51 52 53 54 55 56 57; do
    ((crc ^= ch))
    for k in 1 2 3 4 5 6 7 8; do
        ((crc = crc & 1 ? (crc >> 1) ^ 0xedb88320 : crc >> 1))
    done
done
printf '%08x\n' $((crc ^ 0xffffffff))
hanoi() {
    (($1 == 0)) && return
    hanoi $(($1 - 1)) $2 $4 $3
    ((moves++))
    hanoi $(($1 - 1)) $4 $3 $2
}
moves=0
hanoi 9 a b c
echo $moves
queens() {
    local r=$1 c i
    if ((r == 6)); then
        ((solutions++))
        return
    fi
    for ((c = 0; c < 6; c++)); do
        for ((i = 0; i < r; i++)); do
            ((q[i] == c || q[i] - c == i - r || q[i] - c == r - i)) && continue 2
        done
        q[r]=$c
        queens $((r + 1))
    done
}
solutions=0
queens 0
echo $solutions
ack() {
    if (($1 == 0)); then
        echo $(($2 + 1))
    else
        if (($2 == 0)); then
            ack $(($1 - 1)) 1
        else
            ack $(($1 - 1)) $(ack $1 $(($2 - 1)))
        fi
    fi
}
ack 1 3
