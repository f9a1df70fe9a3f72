# Files and folders: cp mv ln rm mkdir find chmod stat touch du test.
cd scratch
mkdir -p tree/a/b/c tree/d; echo one >tree/a/1; echo two >tree/a/b/2
echo three >tree/a/b/c/3; : >tree/d/empty
ln -s ../a/1 tree/d/link; ln tree/a/1 tree/hard; ln -s nowhere tree/d/dangling
find tree | sort; find tree -type f -size -1k | sort; find tree -type l | sort
find tree -name '[0-9]' -exec cat {} \; | sort
find tree -type d -empty; find tree -name empty -o -name link | sort
find tree -maxdepth 1 | sort; find tree -links 2 -type f | sort
find tree -type f -print0 | sort -z | xargs -0 wc -c
find tree ! -name '*a*' -prune | sort; find tree -path '*/b/*' | sort
readlink tree/d/link; readlink -f tree/d/link | sed 's,.*/scratch/,,'; cat tree/d/link
[ -L tree/d/link ] && [ -f tree/d/link ] && echo link to file
[ -e tree/d/dangling ] || echo dangling; [ tree/a/1 -ef tree/hard ] && echo same file
stat -c '%h %s %F %a' tree/hard tree/d tree/d/link
chmod 640 tree/a/1; stat -c %a tree/hard; chmod u+x,g-r,o=rw tree/a/1
stat -c '%a %A' tree/a/1; chmod -R a+rX tree; stat -c '%a %n' tree/a tree/a/b/2
umask 077; : >secret; stat -c %a secret; umask 022; umask; mkdir -m 700 private
stat -c '%a' private; umask -S
cp -r tree copy; diff -r tree/a copy/a && echo equal; cp -a tree archive
find archive -type l | sort; cp tree/a/1 tree/a/b/2 tree/d; ls tree/d
mv tree/d/2 tree/d/two; mv tree/d elsewhere; ls elsewhere tree; rm elsewhere/1; rm -r copy
ls -d copy; rmdir elsewhere; rm -rf elsewhere; ls -d elsewhere
touch -d '2020-02-29 12:34:56' dated; stat -c '%y %Y' dated; touch -r dated dated2
[ dated2 -nt secret ] || echo older; ls -l --full-time dated | cut -d' ' -f6-7
date -r dated '+%Y-%m-%d %H:%M:%S'; echo data >dated; [ dated -nt dated2 ] && echo newer
truncate -s 1M sparse; stat -c %s sparse
dd if=/dev/zero of=sparse bs=1k seek=2048 count=1 conv=notrunc 2>/dev/null
stat -c %s sparse; rm sparse
mkfifo pipe; (echo through the pipe >pipe) & cat pipe; wait; rm pipe; [ -p pipe ] || echo no pipe
ls -1 tree; ls -a tree/a; ls -F tree/a; ls -R tree | head -12; echo tree/*
echo tree/a/[0-9] tree/?; echo nothing*here; echo */*/
mktemp -p . name.XXXXXX | wc -c; rm -f name.*; pwd | sed 's,.*/,,'; cd tree/a/b
pwd | sed 's,.*/scratch/,,'; cd ../..; cd - >/dev/null; pwd | sed 's,.*/scratch/,,'; cd ../../..
cat nosuch; cp nosuch x; mkdir tree; rmdir tree; rm tree; mv nosuch y; ln -s x tree/a/1
echo "status $?"; ls nosuch; echo "status $?"; cd nosuch; echo "status $?"
test -r dated -a -w dated && echo rw; [ 5 -gt 3 -a abc = abc ] && echo and
[ ! -s secret ] && echo zero; [ "a" \< "b" ] && echo less; [ x = ]; echo $?
