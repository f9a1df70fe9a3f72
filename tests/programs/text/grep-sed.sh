# grep and sed: basic, extended and Perl expressions, back-references, contexts, editing scripts, files in place.
cd scratch || exit 1
cat >text <<'END'
The quick brown fox jumps over the lazy dog.
the end of the BEGINNING
foo bar foobar barfoo foo
2024-02-29 error: disk /dev/sda1 is 93% full
2024-03-01 warning: retry 3 of 5
2024-03-02 error: no route to host 192.168.10.254
abab abcabc aa bb
tab	here and trailing   

äöü Straße ΑΒΓ日本
"quoted" 'single' \back\slash $dollar ^caret [brackets] {braces}
last line without more
END
for i in {1..2000}; do echo "$i line number $i of the $((i % 7)) kind $((i * i))"; done >long
grep -n the text; grep -c . text; grep -in 'THE' text; grep -v e text; grep -w foo text; grep -x 'abab.*' text
grep -o 'foo[a-z]*' text; grep -ob 'bar' text; grep -E '^[0-9]{4}(-[0-9]{2}){2}' text
grep -E '([a-z])\1' text; grep '\(ab\)\1' text; grep -E '\b(error|warning)\b' text
grep -P '(?<=error: )\w+' -o text; grep -Po '\d{1,3}(\.\d{1,3}){3}' text; grep -P '^(?!.*e).+$' text
grep -A1 -B1 warning text; grep -m 2 -n o text; grep -e fox -e dog --color=always text; grep -F '[brackets]' text
grep -F -f <(printf '%s\n' fox error) text; grep -q nosuch text; echo $?; grep x nosuch 2>&1; echo $?
grep -L fox text long; grep -l fox text long; grep -H quick text; grep -z end text | tr '\0' '\n' | wc -l
grep -c '[13579] of the [246]' long; grep -E '^([0-9])[0-9]*\1 ' long | wc -l; grep -w 1024 long
grep -i 'straße' text; grep -o '[[:upper:]]\+' text; grep -P '\p{Greek}+' -o text; grep -o '日.' text
grep '[[:space:]]$' text | wc -l; grep -r --include='t*' fox . ; grep -E 'a{2}|b{2}' -o text; grep -E '(' text 2>&1
grep -nE '^(.*)[aeiou]{2}(.*)$' text | head -n 3; printf 'bin\0ary\n' | grep bin; printf 'bin\0ary\n' | grep -a -c bin
grep -P '(a(?:b(?1)?c)*)' -o <<<abcabcc; grep -Po '(?i)QUICK|\Kfox' text; grep -y FOX text 2>/dev/null

sed -n '2p;$p' text; sed '3,$d' text; sed '/error/!d' text; sed -n '/error/,/warning/p' text; sed '2q' text
sed 's/foo/[&]/g;s/bar/<&>/2' text | sed -n 3p; sed -E 's/([0-9]+)-([0-9]+)-([0-9]+)/\3.\2.\1/' text | sed -n 4,6p
sed 's/\w\+/\u&/g' text | head -n 2; sed -E 's/(.*)fox(.*)/\U\1\EFOX\L\2/' text | head -n 1; sed 'y/abc/xyz/' text | sed -n 7p
sed -n '/fox/{s//cat/;p}' text; sed '1~3d' long | wc -l; sed -n '0~500p' long; sed -n '10,+2p;20,~5p' long
sed '1i\before' text | head -n 2; sed '1a after' text | sed -n 2p; sed '2c\changed\nto two' text | sed -n 2,3p
sed -n '$=' text; sed = text | sed 'N;s/\n/ /' | head -n 3; sed '1!G;h;$!d' text | head -n 2; sed -n 'l 30' text
sed ':a;N;$!ba;s/\n/|/g' <<<$'a\nb\nc'; sed ':a;s/^\([0-9]*\)\([0-9]\{3\}\)/\1,\2/;ta' <<<1234567; sed -z 's/\n/;/g' <<<$'x\ny'
sed '/^$/d;s/^[ \t]*//;s/[ \t]*$//' text | wc; sed -E ':x s/\(([^()]*)\)/[\1]/;tx' <<<'(a(b)c)(d)'
sed -e '/quick/w picked' -e '/quick/d' text | head -n 1; cat picked; sed '1r picked' text | sed -n 1,2p; sed '1R text' picked
sed 's/a/b/w written' <<<abc; cat written; sed -s -n '1p' text long; sed --posix 's/a\|b/x/' <<<'a|b'
cp long edited; sed -i.bak 's/line/LINE/;5,$d' edited; cat edited; wc -l edited.bak; sed -i '$d' edited; wc -l <edited
sed 's/x/\n/;P;D' <<<axbxc; sed 'n;d' <<<$'1\n2\n3\n4'; sed '$!N;$!D' text; sed -n 'x;p;x' <<<$'p\nq'; sed 'e echo ran' <<<line
sed 's/.*/echo computed $((6*7))/e' <<< x
sed 's/[/x/' text 2>&1
sed 'k' text 2>&1
sed --debug 's/a/b/' <<< a
sed -n 5Q9 text
echo $?
cat >script.sed <<'END'
#!/usr/bin/sed -f
# Turns the lines of a file upside down and numbers those with an error.
/error/ {
    s/.*error: \(.*\)/E \1/
    b end
}
s/./&/
t label
d
: label
s/\(.\)\(.*\)/\2\1/
: end
G
s/\n$//
END
sed -f script.sed text; chmod +x script.sed; ./script.sed text | md5sum; sed -E 's/(^|[^0-9])([0-9])/\1#\2/g' long | md5sum
sed -E ':a;s/^(([^ ]* ){3})([0-9]+)/\1<\3>/;s/kind ([0-9]*)([0-9])$/kind \2\1/' long | md5sum
