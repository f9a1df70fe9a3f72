# xz and zstd with threads: what several threads write is as determined as what one writes.
cd scratch || exit 1
gawk 'BEGIN { for (i = 0; i < 120000; i++) print i * i % 10007, "line", i }' >data
for threads in 1 2 4; do
    xz -T$threads --block-size=300KiB -1 -c data | md5sum
    zstd -q -T$threads -3 -B512K -c data | md5sum
    xz -T$threads -1 --block-size=256KiB -c data | xz -dc -T$threads | cmp - data && echo "xz -T$threads"
    zstd -q -T$threads -c data | zstd -q -dc | cmp - data && echo "zstd -T$threads"
done
zstd -q data && zstd -q -t data.zst && echo tested
zstd -q --adapt -c data | zstd -dc | md5sum
zstd -q -T2 --rsyncable -c data | zstd -dc | md5sum
xz -k -T2 data && xz -l --robot data.xz | tail -n 1 | cut -f1-5
tar --zstd -cf data.tar.zst data && tar --zstd -tf data.tar.zst
tar -cJf data.tar.xz data && tar -xJOf data.tar.xz | md5sum
sort --parallel=4 -S 4M -k3,3nr data | md5sum
