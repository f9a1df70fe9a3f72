# Coreutils on text: sort, uniq, cut, join, paste, tr, fmt, pr, od, sums, encodings, numbers.
cd scratch || exit 1
cat >people <<'END'
id,name,city,amount
7,Ann,Oslo,12.50
3,Bob,Rome,7.25
12,Cid,Oslo,-3
1,Dee,Lima,1e3
9,Eve,Rome,0.5
END
tail -n +2 people >data
sort -t, -k1,1n data
sort -t, -k3,3 -k4,4gr data
sort -t, -k2,2r -s data | head -n 2
sort -c data 2>&1
sort -u -t, -k3,3 data
printf '%s\n' 1.10 1.9 1.2 v1.10 10K 2M 3 1G | sort -V | paste -s
printf '%s\n' 10K 2M 3 1G 512 | sort -h | paste -s
printf '%s\n' Jul jan MAR dec | sort -M | paste -s
printf '%s\0' c a b | sort -z | tr '\0' ' '; echo
seq 300000 | shuf --random-source=<(yes) | sort -n --parallel=1 -S 2M | md5sum
seq 5000 | sort -R --random-source=<(yes) | sort -n | tail -n 1
sort -m <(seq 1 2 9) <(seq 2 2 9) | paste -s -d' '
cut -d, -f2,4- --output-delimiter=: data
cut -c2-4 --complement data | head -n 2
cut -b1 data | paste -s -d+
join -t, -1 3 -2 1 <(sort -t, -k3,3 data) <(printf '%s\n' Lima,PE Oslo,NO Rome,IT)
join -a1 -e none -o 0,1.2,2.2 <(printf '%s\n' 'a 1' 'b 2') <(printf '%s\n' 'a x')
paste -d'|' <(seq 3) <(seq 4 6) <(seq 7 8)
comm <(seq 1 5) <(seq 3 7)
comm -12 <(seq 1 5) <(seq 3 7) | paste -s
uniq -c <<<$'a\na\nb\nB\na'
uniq -id <<<$'b\nB\nc'
uniq --group=both <<<$'x\nx\ny'
tr -s ' ' <<<'too   many    blanks'
tr -d aeiou <<<'some vowels'
tr '[:lower:]' '[:upper:]' <<<'MiXed'
tr -c '[:alnum:]\n' _ <<<'a-b c!d'
tr 'a-y' 'b-z' <<<'hal'
fold -w 20 -s <<<'The quick brown fox jumps over the lazy dog and runs away.'
fmt -w 30 <<<'The quick brown fox jumps over the lazy dog and runs away from everything that it sees.'
pr -l 12 -h Title -D date <(seq 4)
pr -3 -t <(seq 9)
nl -ba -w3 -s': ' data
expand -t4 <<<$'a\tb\tc' | unexpand -a -t4 | od -c
head -c 10 people; echo; tail -c 5 people; head -qn1 people data; tail -n 2 people data
tac data | head -n 2
rev <<<'palindrome' 2>/dev/null
wc people; wc -lwmcL people
wc -m <<<'Grüße ελ 日本'
od -A x -t x2z -N 32 people
od -t f8 -A n <(printf '\0\0\0\0\0\0\360?\0\0\0\0\0\0\0@')
od -t d1u2o4 -N 8 -A d people
printf '%5d|%-5d|%05d|%x|%o|%e|%g|%s|%q|%b\n' 42 42 42 255 8 1234.5 0.0001 str 'a b' 'x\ty'
numfmt --to=iec 1023 1024 1048576 999999999; numfmt --from=si 1K 2.5M; numfmt --grouping 1234567
numfmt --field=2 --to=si --padding=8 'a 123456 b'
seq -w 8 11 | paste -s; seq 0.1 0.25 1 | paste -s; seq -f '%03g' 3 | paste -s; seq 3 -1 1 | paste -s
factor 1 12 97 1001 18446744073709551557 340282366920938463463374607431768211455
expr 7 \* 6; expr 17 % 5; expr length isomorph; expr substr isomorph 4 5; expr isomorph : 'iso\(.*\)'; expr a \< b
expr 9223372036854775807 + 1; expr 1 / 0 2>&1
echo 'text to encode' | base64; base64 -d <<<'aGVsbG8K'; base32 <<<hello; basenc --z85 -w0 <<<1234567; echo
basenc --base16 <<<hi; base64 -d <<<'!bad' 2>&1
for sum in cksum md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum sum; do
    echo "$sum $(seq 10000 | $sum)"
done
cksum -a sm3 people; cksum -a crc32b people
md5sum people data >sums; md5sum -c sums; echo >>data; md5sum -c sums 2>&1; echo $?
date -u -d '2024-02-29 13:14:15' '+%A %d %B %Y %H:%M:%S %j %U %s %Z'; date -u -d @86399 -Ins
date -u -d '2024-01-31 +1 month' +%F; date -u -d 'last day' +%F >/dev/null && TZ=Europe/Oslo date -d @0 +%z
date -d nonsense 2>&1
tsort <<<$'shirt tie\ntie jacket\ntrousers shoes\ntrousers belt\nbelt jacket'
ptx -w 40 <<<'a quick index of words' | head -n 5
dircolors -b | wc -l | gawk '{ print ($1 > 0) }'
env -i A=1 B=2 env | sort; env -u HOME printenv HOME; echo $?
printenv TZ; nice -n 5 nice; nohup true 2>/dev/null; echo $?
stty -a 2>&1 </dev/null | head -n 1
tty </dev/null; id -un 2>/dev/null | wc -l; logname >/dev/null 2>&1; uname -s
echo -e 'a\x41\u00e9\n\0101'; echo -n; echo "nproc: $(($(nproc) > 0))"
timeout 1 true; echo $?; false; echo $?; sleep 0.01 0.01; yes n | head -n 2; true --version | head -n 1
tee one two <<<both | cat - one two
stdbuf -oL seq 2; dd if=people bs=7 skip=2 count=2 status=none; echo; dd if=people of=/dev/null bs=10 2>&1 | head -n 2
users | wc -w >/dev/null; hostid | wc -c
