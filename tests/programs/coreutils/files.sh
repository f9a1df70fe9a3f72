# Coreutils on files: create, copy, move, link, modes, owners, times, sparse files, listings, disk use.
cd scratch || exit 1
umask 022
mkdir -p -m 750 a/b/c "d e"
mkdir a 2>&1
rmdir a 2>&1
touch -d '2020-02-29 12:34:56.789 UTC' old
touch -r old same
touch -h -d @0 a/link 2>&1
stat -c '%n %s %A %h %y' old same
printf 'some text\n' >text
cp text copy
cp -p old kept
cp -r a tree
cp -a a/. copied
cp --reflink=auto text reflinked
cp nosuch x 2>&1
cp -v text a/b | sed 's/->/to/'
cp -l text hard
ln text harder
ln -s text soft
ln -s nowhere dangling
ln -sr a/b/text relative
ln -sfn a linked
stat -c '%n %h %F' text hard harder soft dangling
readlink soft dangling relative linked
readlink -f soft relative linked/b/text | sed "s|$PWD|.|"
realpath --relative-to=a a/b/c text
mv -v copy moved
mv -n moved text
mv --backup=numbered moved text
mv --exchange old same 2>&1
cat text text.~1~ 2>&1
install -D -m 640 text deep/er/file
install -d -m 700 private
stat -c '%a %n' deep/er/file private
chmod -v u=rwx,g=rx,o= text
chmod 4755 kept; stat -c %A kept
chmod -R a-w tree; stat -c %A tree tree/b; chmod -R u+w tree
chmod --reference=text kept; stat -c %a kept
chmod +t private; stat -c %A private
truncate -s 1M sparse
dd if=/dev/urandom of=sparse bs=4096 count=1 seek=100 conv=notrunc status=none
stat -c %s sparse
cp --sparse=always sparse thinner && cmp sparse thinner && echo "sparse copies are equal"
truncate -s 5 text; od -c text
truncate -s +3 text; od -An -tx1 text
fallocate -l 8192 allocated && stat -c %s allocated
shred -u -n 1 allocated && ls allocated 2>&1
split -b 100K -d --additional-suffix=.part sparse piece.
ls piece.* | wc -l
cat piece.*.part | cmp - sparse && echo joined
csplit -s -f part. - '/^5$/' '{1}' <<<"$(seq 4; seq 3 7; seq 5 9)" && wc -l part.*
mkfifo pipe; test -p pipe && echo "a pipe"
mktemp -u XXXXXX | wc -c
dir=$(mktemp -d ./tmp.XXXX); test -d "$dir" && rmdir "$dir"
ls -1AF --group-directories-first
ls -R a tree
ls -l --time-style=+%F same kept | cut -d' ' -f1,2,6-
ls -d --quoting-style=shell 'd e'
ls -i text hard | gawk '{ print $1 > 0 }'
du -a --apparent-size -B1 deep/er/file piece.00.part
du -s nosuch 2>&1
df . >/dev/null && echo "df works"
test -e text && test ! -L text && test -L soft && test -h dangling && test ! -e dangling && echo tests
test text -nt same && echo newer
test text -ef hard || echo "no longer the same file"
test -k private -a -d private && test -O text -a -G text && echo "sticky, mine"
[ -x text ] && [ -s text ] && [ -r text ] && echo "x s r"
rm -v hard harder
rm -r tree deep && rm nosuch 2>&1
rm a 2>&1
rm -rf a copied 'd e' private
unlink soft
link text linked2 && stat -c %h text
sync text
(cd / && pwd)
pwd -P | sed 's|.*/|.../|'
basename -s .c /x/y/z.c a.c; dirname /x/y/z a ./b
pathchk -p 'a b' 2>&1
namei -m text 2>/dev/null | tail -n 1
mknod n p && stat -c %F n
mkdir many && (cd many && for i in {1..300}; do echo $i >file$i; done && ls | wc -l && ls | sort -V | tail -n 1)
rm -r many
find . | sort
