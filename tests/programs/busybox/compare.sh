# diff, patch, cmp, ed.
cd scratch
seq 1 30 >a; sed '5d;10s/.*/ten/;20a\
twenty and a half' a >b
diff a b; echo "status $?"; diff -u a b | sed 1,2d; diff -q a b; diff a a && echo same; diff -s a a
diff -u a b >p; cp a c; patch c <p; cmp b c && echo patched; patch -R c <p
cmp a c && echo back; seq 101 130 >other; patch other <p; echo "status $?"
rm -f other.rej other.orig
cmp a b; echo "status $?"; cmp -s a b; echo "status $?"; cmp -l a b | head -3
cmp a nosuch; echo "status $?"
mkdir x y; cp a x/same; cp a y/same; cp a x/differs; cp b y/differs; : >x/only
diff -r x y | grep -v '^[0-9<>-]'; diff -rq x y; printf 'A b\n' >s1; printf 'a  B\n' >s2
diff -i -w s1 s2 && echo alike; diff -b s1 s2 | wc -l
diff -u -L left -L right s1 s2; diff -U 0 a b | sed 1,2d; printf 'no newline' >n1
printf 'no newline\n' >n2; diff n1 n2
ed a <<'X'
1,3p
5s/5/five/
$a
appended
.
g/1/s//ONE/
2,4d
1i
first
.
w
q
X
cat a
