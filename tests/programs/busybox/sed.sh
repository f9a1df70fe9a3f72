# The stream editor.
t() { printf 'one two\nthree four\nfive six\nseven eight\nnine ten\n'; }
t | sed 's/[aeiou]/<&>/g'; t | sed -n '2p;4p'; t | sed '2,4d'; t | sed '/five/,$ s/e/E/2'
t | sed -E 's/(\w+) (\w+)/\2 \1/'; t | sed 's/\(.*\) \(.*\)/\2-\1/'; t | sed '1!G;h;$!d'
t | sed -n '$='; t | sed '/three/a\
appended line'; t | sed '/three/i\
inserted line'; t | sed '/three/c\
changed line'; t | sed 'y/abcdefghij/ABCDEFGHIJ/'; t | sed '$!N;s/\n/ + /'; t | sed = | sed 'N;s/\n/: /'
t | sed -e ':a' -e '$!{N;ba' -e '}' -e 's/\n/,/g'; t | sed -n '/two/,/six/{/five/!p}'
t | sed 's/e/X/3;t;s/e/Y/'; t | sed '/six/q'; t | sed -n 'l' | head -2; echo "aaa" | sed 's/a/b/2g'
echo "/usr/local/bin" | sed 's,/,|,g'; echo "Hello World" | sed 's/world/THERE/I'
echo abc | sed 's/b*/x/g'
t >scratch/f; sed -i 's/five/5/;w scratch/copy' scratch/f; cat scratch/f; cat scratch/copy
printf 'key: a\nkey: b\nother\n' | sed -n 's/^key: //p'; echo 'a+b' | sed -E 's/a\+b/sum/'
seq 12 | sed '3,+2d;/9/,11s/^/>/'; echo "one  two" | sed 's/  */ /g;s/^/[/;s/$/]/'
seq 3 | sed 'x;p;x'
printf 'a b c d e\n' | sed 's/\([a-z]\) \([a-z]\)/\2\1/g'; seq 3 | sed '2r scratch/f'
echo abcabc | sed 's/\(abc\)\1/<\1>/'; printf 'foo\n' | sed 's/o/\n/g'
echo '$HOME' | sed 's/\$HOME/home/'
echo bad | sed 's/x'; echo "status $?"; echo bad | sed 'k'; echo "status $?"
sed p nosuchfile; echo "status $?"
# A small program: sorting the letters of a word by bubbling.
echo "differential" | sed ':a;s/\(.\)\(.*\)/\1\2/;tb;:b' | sed -E \
    ':a;s/([b-z])a/a\1/;ta;:b;s/([c-z])b/b\1/;tb;:c;s/([d-z])c/c\1/;tc;:d;s/([e-z])d/d\1/;td'
