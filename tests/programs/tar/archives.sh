# tar: create, list, extract, append, compressions, formats, links, long names, sparse files, transforms, incremental.
cd scratch || exit 1
umask 022
mkdir -p tree/{src,doc,empty,run} out
for i in {1..25}; do seq $i $((i * 40)) >tree/src/file$i; done
long=$(printf 'directory-with-a-rather-long-name-%d/' 1 2 3 4 5)
mkdir -p "tree/$long"
echo deep >"tree/${long}the file at the end of a path that is longer than one hundred bytes"
echo text >tree/doc/README
ln -s README tree/doc/link
ln tree/doc/README tree/doc/hard
mkfifo tree/run/pipe
truncate -s 2M tree/run/sparse
echo end >>tree/run/sparse
printf 'x' | dd of=tree/run/sparse bs=1 seek=500000 conv=notrunc status=none
chmod 640 tree/doc/README
chmod 4755 tree/src/file1
find tree -exec touch -h -d '2024-02-29 12:00:00.5 UTC' {} +
fixed="--sort=name --owner=user:1000 --group=users:100 --numeric-owner"

for format in gnu ustar pax v7; do
    pax=
    [ $format != pax ] || pax=--pax-option=delete=atime,delete=ctime,exthdr.name=%d/x/%f
    tar -c $fixed --format=$format $pax -f $format.tar tree 2>&1
    echo "$format: status $?, $(md5sum <$format.tar)"
    tar -tf $format.tar | md5sum
done
tar -tvf gnu.tar | head -n 12
tar -tvf pax.tar --full-time | tail -n 5
tar -x -C out -f gnu.tar && diff -r tree/src out/tree/src && cmp tree/run/sparse out/tree/run/sparse && echo "extracted"
stat -c '%n %a %h %F %y' out/tree/doc/* out/tree/src/file1 out/tree/run/*
tar -d -C out -f gnu.tar && echo "no difference"
echo more >>out/tree/doc/README
tar -d -C out -f gnu.tar 2>&1
rm -r out/*
tar -cS $fixed -f sparse.tar tree/run/sparse && stat -c %s sparse.tar && tar -xS -C out -f sparse.tar
cmp out/tree/run/sparse tree/run/sparse && stat -c '%s' out/tree/run/sparse && rm -r out/*
for compression in gzip bzip2 xz zstd; do
    tar -c $fixed --$compression -f tree.$compression tree
    tar -xf tree.$compression -C out && diff -r tree/src out/tree/src && echo "$compression works"
    tar -taf tree.$compression | wc -l
    rm -r out/*
done
tar -cz $fixed -f - tree | (cd out && tar -xzf - --strip-components=1 && ls)
rm -r out/*
tar -c $fixed tree/doc | tar -t
tar -cf part.tar $fixed --exclude='file1*' --exclude-vcs tree/src && tar -tf part.tar | wc -l
tar -rf part.tar $fixed tree/doc/README && tar -uf part.tar $fixed tree/doc/README && tar -tf part.tar | tail -n 2
tar --delete -f part.tar tree/src/file2 && tar -tf part.tar | head -n 3
tar -Af part.tar ustar.tar && tar -tf part.tar | wc -l
tar -xf part.tar -O tree/doc/README
tar -xf part.tar -C out --transform='s|tree/src|renamed|;s/file/item/' --wildcards '*/file3' '*/file2?' && find out -type f | sort
tar -xf gnu.tar -C out --to-command='wc -c' tree/src/file5 tree/src/file6
tar -xvf gnu.tar -C out tree/doc | sort
tar -xkf gnu.tar -C out tree/doc/README 2>&1
tar -xf gnu.tar -C out --keep-newer-files tree/doc/README --warning=no-timestamp 2>&1 | sed "s|'.*'|F|"
tar --list -f gnu.tar --occurrence=1 tree/doc/README
tar -tf nosuch.tar 2>&1
echo "status $?"
head -c 5000 gnu.tar >cut.tar; tar -tf cut.tar >/dev/null 2>errors; echo "cut: $?"; tail -n 2 errors
echo garbage >bad.tar; tar -tf bad.tar 2>&1; gzip -c gnu.tar | head -c 300 | tar -tz >/dev/null 2>&1; echo "cut gzip: $?"
tar -xf gnu.tar -C out nosuch/member 2>&1
tar -c $fixed -g state -f full.tar tree/doc && touch tree/doc/new && tar -c $fixed -g state -f more.tar tree/doc
tar -tf more.tar; tar -tf full.tar
tar -cM -L 40 -f vol1.tar -f vol2.tar -f vol3.tar $fixed tree/src && tar -tM -f vol1.tar -f vol2.tar -f vol3.tar | wc -l
find tree -name '*5' -print0 | sort -z | tar -c --null -T - $fixed | tar -t
tar -c --mode=go= --mtime='1999-01-01 UTC' $fixed tree/doc | tar -tv
tar -c --checkpoint=10 --checkpoint-action=echo='%u' $fixed -f /dev/null tree 2>&1
tar -cvf /dev/null --totals tree/doc 2>&1 | sed 's/, .*//' | sort
tar -cW -f verified.tar $fixed tree/doc && echo verified
tar -b 1 -c $fixed -f small.tar tree/doc/README && stat -c %s small.tar; 
tar -cf self.tar --remove-files tree/empty && ls tree
tar -c -h $fixed tree/doc/link | tar -tv
tar -I 'gzip -9n' -c --mtime=@0 $fixed tree/doc | md5sum
