# Archives and compression: what is packed comes back.
cd scratch
awk 'BEGIN { x = 1; for (i = 0; i < 6000; i++) { x = (x * 1103515245 + 12345) % 2147483648; printf "%d line %d of text text text %x\n", i, x % 97, x } }' \
    >text
i=0; while [ $i -lt 300 ]; do printf '\000\001\377%s' $i; i=$((i + 1)); done >binary; : >empty
for f in text binary empty; do
    for c in gzip bzip2; do
        $c -c $f >$f.$c; $c -dc $f.$c | cmp - $f && echo "$c $f $(wc -c <$f.$c)"
    done
done
gzip -c text >t.gz; zcat t.gz | md5sum; md5sum <text; gzip -t t.gz && echo good
gunzip -c t.gz | tail -1; gzip -1 -c text | wc -c; gzip -9 -c text | wc -c
head -c 3000 t.gz >cut.gz; gunzip -c cut.gz >/dev/null; echo "status $?"
echo garbage | gunzip; echo "status $?"; bunzip2 -c text; echo "status $?"
mkdir -p d/e; cp text d; cp binary d/e; ln -s ../text d/e/link; ln d/text d/hard
chmod 751 d/e/binary; touch -d '2021-03-04 05:06:07' d/text d/e/binary
tar cf d.tar d; tar tf d.tar | sort
tar tvf d.tar | awk '{ print $1, $3, $4, $5, $6, $7, $8 }' | sort -k5 | grep 2021
mkdir out; tar xf d.tar -C out; diff -r d out/d && echo equal
stat -c '%a %Y' out/d/e/binary; readlink out/d/e/link
[ out/d/text -ef out/d/hard ] && echo hard link kept
tar czf d.tgz d; tar tzf d.tgz | wc -l
tar xzOf d.tgz d/e/binary | cmp - binary && echo same; tar cjf d.tbz d
tar xjf d.tbz -O d/text | md5sum; tar xf d.tar -C out d/e/binary
tar cf - d | tar tf - | wc -l
tar cf x.tar d/text d/hard; tar tf x.tar | sort
(cd d; find . | sort | cpio -o -H newc 2>/dev/null) >d.cpio; mkdir out2
(cd out2; cpio -id 2>/dev/null <../d.cpio); diff -r d out2 && echo cpio
cpio -t <d.cpio 2>/dev/null | sort
printf 'PK' >bad.zip; unzip -l bad.zip; echo "status $?"; tar tf text 2>&1 | head -1
tar xf nosuch.tar; echo "status $?"
dd if=text of=part bs=512 skip=3 count=5 2>/dev/null; md5sum part
dd if=text bs=1000 count=2 2>&1 >/dev/null | head -2
dd if=text ibs=100 obs=333 conv=ucase count=9 2>/dev/null | tail -c 100
rm -f *.gzip *.bzip2 *.tar *.tgz *.tbz *.cpio # they hold the time
