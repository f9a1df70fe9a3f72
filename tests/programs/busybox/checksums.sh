# Checksums and encodings over data of many lengths.
cd scratch
awk 'BEGIN { x = 7; for (i = 0; i < 20000; i++) { x = (x * 69069 + 1) % 4294967296; printf "%c", 32 + int(x / 65536) % 95 } }' >data
for t in md5sum sha1sum sha256sum sha512sum sha3sum crc32 cksum sum; do
    type $t >/dev/null 2>&1 || continue
    for n in 0 1 55 56 63 64 65 111 112 127 128 129 1000 20000; do head -c $n data | $t | sed "s/^/$t $n /"; done
done
md5sum data >sums; md5sum -c sums; echo x >>data; md5sum -c sums; echo "status $?"
sha256sum data | cut -c1-16
for n in 0 1 2 3 4 57 100; do head -c $n data | base64; done
head -c 500 data | base64 | base64 -d | cmp - data; head -c 45 data | uuencode name
head -c 500 data | uuencode -m x | uudecode -o out
head -c 500 data | cmp - out && echo same
head -c 40 data | od; head -c 40 data | od -A x -t x1; head -c 40 data | od -t d4 -t f8
head -c 24 data | od -t u2 -t o8; head -c 33 data | hexdump -C; head -c 33 data | hexdump
head -c 33 data | xxd; head -c 33 data | xxd -p
echo 48656c6c6f0a | xxd -r -p; printf '\000\001abcdef\377\000xyzzy1234\n' | strings
printf 'caf\303\251\n' | wc -cm; printf 'caf\303\251 \342\202\254\n' | rev
