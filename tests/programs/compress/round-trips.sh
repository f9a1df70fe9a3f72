# gzip, bzip2, xz, zstd: levels, streams, files, tests, broken input, concatenation; what they write, byte for byte.
cd scratch || exit 1
seq 20000 >numbers
head -c 300000 /dev/zero >zeros
: >empty
printf x >one
gawk 'BEGIN { s = 7; for (i = 0; i < 30000; i++) { s = (s * 1103515245 + 12345) % 2147483648; printf "%c", s / 8388608 } }' >noise
for i in {1..400}; do echo "the quick brown fox $((i * i % 17)) jumps over lazy dog number $((i % 23))"; done >text
cat numbers text zeros noise text >mixed
run() { # FILE COMMAND...: compresses, prints the sum, unpacks and compares
    local file=$1
    shift
    "$@" -c <$file >packed || echo "status $?"
    echo "$* $file: $(wc -c <packed) $(md5sum <packed)"
    $1 -dc <packed | cmp - $file || echo "$* $file differs"
}
for file in empty one text noise; do
    for tool in 'gzip -n' bzip2 'xz -T1' 'zstd -q --single-thread'; do run $file $tool; done
done
for level in 1 9; do
    run mixed gzip -n -$level
    run mixed bzip2 -$level
done
for level in 0 4; do run mixed xz -T1 -$level; done
run text xz -T1 -4e
for level in 1 3 9; do run mixed zstd -q --single-thread -$level; done
run text zstd -q --single-thread -19
run mixed zstd -q --single-thread --fast=5
run mixed zstd -q --single-thread --long=20
run text xz -T1 --format=lzma
run text xz -T1 --format=raw --lzma2=dict=64KiB 2>&1 | grep -v 'format' | head -n 1
run text xz -T1 --check=sha256
run mixed xz -T1 --delta=dist=4 --lzma2=preset=1
run mixed zstd -q --single-thread --format=gzip
run text zstd -q --single-thread --format=xz
run text bzip2 -s
touch -d @1000000000 text numbers
for tool in gzip bzip2 xz zstd; do
    suffix=$(case $tool in gzip) echo gz ;; bzip2) echo bz2 ;; xz) echo xz ;; zstd) echo zst ;; esac)
    one=$(case $tool in xz) echo -T1 ;; zstd) echo -q --single-thread ;; esac)
    cp -p text copy
    $tool $one -k copy && stat -c '%n %Y %a' copy.$suffix && $tool -t copy.$suffix && rm copy && $tool -d \
        copy.$suffix 2>/dev/null && cmp copy text && echo "$tool file"
    $tool $one copy 2>/dev/null; [ -e copy ] && rm copy; ls copy*
    $tool $one -d -f copy.$suffix 2>/dev/null; rm -f copy.$suffix
    { $tool $one -c text; $tool $one -c one; } >two.$suffix; $tool -dc two.$suffix | cat text one - | wc -c
    head -c 400 two.$suffix >cut.$suffix; $tool -dc cut.$suffix 2>&1 >/dev/null; echo "cut: $?"
    echo "not packed" >bad.$suffix; $tool -d bad.$suffix 2>&1; echo "bad: $?"
    $tool -t nosuch.$suffix 2>&1; echo "none: $?"
    { cat two.$suffix; echo garbage; } >tail.$suffix; $tool -dc tail.$suffix 2>&1 >/dev/null; echo "garbage: $?"
    {
        head -c 700 two.$suffix
        echo "wrong here"
        tail -c +711 two.$suffix
    } > wrong.$suffix
    $tool -t wrong.$suffix > /dev/null 2>&1
    echo "damaged: $?"
    $tool --version 2>&1 </dev/null | head -n 1
done
gzip -c1 numbers | zcat | md5sum
gzip -lv two.gz | gawk '{ print $(NF - 1), $NF }'
xz -l --robot two.xz | cut -f1-6
zstd -l -v two.zst 2>&1 | grep -E 'Frames|Decomp|Check'
zgrep -c fox two.gz
bzgrep -c fox two.bz2
xzgrep -c fox two.xz
zdiff two.gz two.gz && echo "no difference"
xzcmp two.xz two.xz && echo same
bzcat two.bz2 | tail -c 1
echo
zstdcat two.zst | wc -l
zcat two.gz | head -n 1
for i in {1..60}; do sed -n "$((i * 5)),$((i * 5 + 4))p" text >sample$i; done
zstd -q --single-thread --train sample* -o dictionary --maxdict=4096 2> /dev/null
wc -c < dictionary
md5sum < dictionary
zstd -q --single-thread -D dictionary sample7 -o small && zstd -q -D dictionary -dc small | cmp - sample7 && wc -c < small
zstd -q --single-thread --patch-from=text sample7 -o patch && zstd -q -d --patch-from=text patch -o patched \
    && cmp patched sample7 && echo patched
xz -T1 --info-memory | head -n 1 | wc -w
zstd --single-thread -b1 -i0 text 2>&1 | wc -l
