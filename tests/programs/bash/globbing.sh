# File names: patterns, shopt, tests, cd, pushd, umask.
shopt -s extglob
cd scratch
mkdir -p d/{a,b}/c
touch d/{1,2,10}.txt d/a/{x,y}.c d/a/.hidden d/b/c/deep 'd/with space' d/UPPER
echo d/*.txt
echo d/?.txt
echo d/[12].txt d/[!1]*.txt
echo d/*/*.c
echo nothing*
shopt -s nullglob
echo nothing* end
shopt -u nullglob
( shopt -s failglob
echo nothing* ) 2>&1 | sed 's/.*: no/no/'
shopt -s globstar
echo d/**/*c
echo **/deep
shopt -s dotglob
echo d/a/*
shopt -u dotglob
shopt -s nocaseglob
echo d/upper
echo d/u*
echo d/!(*.txt|a|b)
echo d/+([0-9]).txt
for f in d/*; do
    [[ -f $f ]] && echo "file '$f'"
    [[ -d $f ]] && echo "dir $f"
done
set -f; echo d/*; set +f; echo "d/*" 'd/*' d/\*; x='d/*.txt'; echo $x "$x"
GLOBIGNORE='*2*'; echo d/*.txt; unset GLOBIGNORE; [[ d/1.txt -nt d/nosuch ]] && echo newer
[[ -e d/1.txt && ! -s d/1.txt && -r d/1.txt && ! -x d/1.txt ]] && echo tests
ln -s 1.txt d/link; [[ -L d/link && -f d/link && d/link -ef d/1.txt ]] && echo link
ln -s nowhere d/dangling; [[ -L d/dangling && ! -e d/dangling ]] && echo dangling
umask 027; : >d/masked; stat -c %a d/masked; umask; umask -S; umask u=rwx,go=; umask
b=$PWD; cd d/a/c; echo "${PWD#"$b"/}"; cd ..; echo "${PWD##*/}"; cd - | sed "s,$b/,,"
cd "$b"; pushd d >/dev/null; pushd a >/dev/null; dirs -p | sed "s,.*/scratch/,,"
popd >/dev/null; popd >/dev/null; echo "${PWD##*/}"; ln -s d/a l; cd l; echo "${PWD##*/}"
cd -P .; echo "${PWD##*/}"; cd "$b"; CDPATH=d cd a >/dev/null; echo "${PWD##*/}"; cd "$b"
(cd nosuch) 2>&1; compgen -G 'd/*.txt' | sort; compgen -A function | wc -l
echo ~ | sed 's,.*/,,'; for f in d/*.txt; do echo "${f##*/}"; done | sort -n
printf '%s\n' d/**/ | wc -l; rm -r d l; ls -A
