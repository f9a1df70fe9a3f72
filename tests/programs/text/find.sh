# find and xargs over a tree: tests, actions, operators, depth, times, sizes, permissions, -exec in both forms.
cd scratch || exit 1
mkdir -p tree/{src/{lib,bin},doc,empty,.hidden}
for i in {1..40}; do head -c $((i * 100)) /dev/zero >tree/src/file$i.c; done
for name in README 'with blank' $'new\nline' "quo'te" '*star'; do echo "$name" >"tree/doc/$name"; done
ln -s ../src/file1.c tree/doc/link
ln -s nowhere tree/doc/broken
ln tree/src/file1.c tree/src/lib/hard.c
touch -d '2001-01-01 UTC' tree/src/bin/old
touch -d '2030-01-01 UTC' tree/src/bin/new
mkfifo tree/src/bin/pipe
chmod 755 tree/src/file2.c
chmod 4711 tree/src/file3.c
: >tree/empty/nothing
sorted() { LC_ALL=C sort; }
find tree -type d | sorted
find tree -maxdepth 2 -mindepth 2 -printf '%P %y %d\n' | sorted
find tree -name '*1*.c' -size -2k | sorted
find tree -type f -size +3500c -size -4000c -printf '%f %s\n' | sorted
find tree -type f \( -name 'R*' -o -iname 'WITH*' \) -print | sorted
find tree ! -type f ! -type d -printf '%f %y %l\n' | sorted
find tree -xtype l
find -L tree -samefile tree/src/file1.c | sorted
find tree -links 2 -type f | sorted
find tree -perm 755 -type f; find tree -perm -4000; find tree -perm /111 -type f | sorted
find tree -newermt 2029-01-01 -o -not -newermt 2002-01-01
find tree -newer tree/src/bin/new; find tree -mtime +3650 -printf '%f %TY\n'
find tree -empty | sorted
find tree -path '*/src/*' -prune -o -print | sorted
find tree -regex '.*/file[12]?[05]\.c' | sorted
find tree -regextype posix-extended -regex '.*/(old|new|pipe)' | sorted
find tree -depth -name 'lib*' -o -name hard.c
find tree/src -name 'file1*.c' -exec basename {} \; | sorted
find tree/src -name 'file*.c' -exec sh -c 'echo $#' count {} +
find tree/src -name 'file?.c' -execdir echo {} \; | sorted
find tree/doc -type f -print0 | sort -z | xargs -0 -n 1 printf '[%s]\n'
find tree/doc -type f -name '* *' -ok true \; </dev/null 2>&1; echo
find tree -type f -printf '%s\n' | gawk '{ s += $1 } END { print s }'
find tree/src -type f -ls | wc -l
find tree -quit -o -print; find tree -name 'file1.c' -print -quit
find tree nosuch -maxdepth 0 2>&1; echo $?
find tree -false -o -name README -printf '%h/%f %m %k\n'
find tree -badtest 2>&1
find tree -type f -name '*[3-4]?.c' -delete; find tree -name '*.c' | wc -l
find tree -fprintf list '%p\n' && wc -l <list
seq 20 | xargs -n 7; seq 5 | xargs -I{} echo 'item {}'; seq 6 | xargs -L 2 echo
seq 3 | xargs -P 3 -I{} sh -c 'exit 0' && echo parallel; seq 3 | xargs sh -c 'exit 7'; echo $?
echo "a 'b c' d\\ e \"f g\"" | xargs -n 1; xargs -r echo never </dev/null; xargs echo once </dev/null
seq 100000 | xargs -s 20000 echo | wc -l; seq 100000 | xargs | wc -w; echo x | xargs -t echo 2>&1
xargs -a list -d '\n' stat -c %F | sort | uniq -c | sed 's/^ *//'
