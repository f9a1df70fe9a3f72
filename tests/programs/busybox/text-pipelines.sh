# Text tools in pipes.
seq 1 2000 | awk '{ print $1 * 7919 % 1009, $1 }' >scratch/numbers
sort -n scratch/numbers | head -5; sort -rn scratch/numbers | head -5
sort -k2,2nr -k1,1 scratch/numbers | sed -n '3,6p'
cut -d' ' -f1 scratch/numbers | sort -n | uniq -c | sort -k1,1nr -k2,2n | head -8
tail -n 3 scratch/numbers; head -c 50 scratch/numbers; echo; tail -c 20 scratch/numbers
wc scratch/numbers; wc -l <scratch/numbers
tr 'a-z' 'A-Z' <<X
the quick brown fox jumps over the lazy dog
X
echo "hello   world" | tr -s ' ' | tr -d 'l' | rev
seq 1 10 | paste - - - ; seq 1 5 >scratch/a; seq 6 10 >scratch/b; paste -d, scratch/a scratch/b
seq 1 10 | tac | tr '\n' ' '; echo
seq 1 30 | xargs -n 7 echo; seq 1 5 | xargs -I{} echo "item {}"
printf 'a\tb\tc\n' | expand -t 4 | od -c | head -2
echo "a long line that is to be folded at some width without mercy" | fold -w 20
echo "a long line that is to be folded at some width with some mercy" | fold -s -w 20
seq 1 5 | nl -b a -w 3; cat -n scratch/a; cat -A <<X
tab	here
X
printf 'b 2\na 1\nc 3\na 1\n' | sort -u; printf '10\n9\n1e1\n-5\n0x1\n' | sort -g
printf 'Banana\napple\ncherry\nApple\n' | sort -f; printf '1.10\n1.9\n1.2\n' | sort -V
for w in one two three two one two; do echo $w; done | sort | uniq -c
for w in a a b; do echo $w; done | uniq -d
seq 100 | grep -c 7; seq 100 | grep -v '[0-46-9]'; seq 1 100 | grep -E '^(1|9)+$'
echo 'key=value; other=thing' | grep -o '[a-z]*=[a-z]*'; grep -n -w 10 scratch/b
grep -l 3 scratch/*; grep -L 3 scratch/*
printf 'foo\nbar\nfoobar\n' | grep -x foo; printf 'a.b\naxb\n' | grep -F a.b
seq 20 | grep -A1 -B1 ^10
seq 5 | tee scratch/t1 scratch/t2 | wc -l; cmp scratch/t1 scratch/t2 && echo same
seq 3 -1 1; seq -w 8 11; seq 0 0.25 1; seq -s, 5
basename /a/b/c.txt .txt; dirname /a/b/c.txt
realpath -s /a/../b/./c 2>/dev/null || readlink -f /a/../b/./c
expr 5 + 3 \* 2; expr "abc123" : '[a-z]*'; expr "abc123" : '[a-z]*\([0-9]*\)'
expr length hello; expr substr hello 2 3
expr 7 / 0; echo "status $?"; factor 97 360 1234567890
yes abc | head -3; shuf -i 1-1 ; echo "x y z" | { read a b; echo "$b-$a"; }
