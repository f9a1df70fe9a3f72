# Here-documents and here-strings: quoted, with tabs removed, several on one line, large, in functions and loops.
name=isomorph
cat <<END
plain $name $((6 * 7)) $(echo command) `echo backquote`
escaped \$name \\ \` "quotes" 'single'
continued \
line
END
cat <<'END'
quoted $name $((6 * 7)) $(echo command) \
not continued
END
cat <<"A B"
delimiter with a space $name
A B
	cat <<-END
		tabs are removed
			all of them
	    not blanks
	END
cat <<ONE; cat <<TWO
first
ONE
second
TWO
cat <<OUTER
$(cat <<INNER
inner $name
INNER
)
outer
OUTER
f() {
    cat <<END
argument $1 of $#
END
}
f a b
f "c d"
for i in 1 2 3; do
    sed "s/^/$i: /" <<END
loop $i
${i}${i}
END
done
while read -r a b; do echo "$b-$a"; done <<END
1 one
2 two
3 three four
END
cat <<<"here string $name"
tr a-z A-Z <<<$'several\nlines'
wc -c <<<""
cat <<END | sort | uniq -c | sed 's/^ *//'
pear
apple
pear
END
{ cat; cat <&3; } <<END 3<<THREE
on 0
END
on 3
THREE
# Larger than a pipe holds: bash takes a file then.
big=$(seq 30000)
cat <<END | md5sum
$big
END
md5sum <<<"$big"
md5sum <<<"${big:0:4096}"
read -r -d '' text <<'END'
all of
this
END
printf '[%s]\n' "$text"
mapfile -t lines <<END
zero
one
two
END
echo "${#lines[@]} ${lines[2]} ${lines[*]^}"
cat <<END >scratch/out
${undefined:-default} ${name/iso/poly} ${#name} ${name:3:3} ${name@U}
END
cat scratch/out
python=(a b c)
cat <<END
${python[@]} ${#python[@]} ${python[1]}
END
if grep -q needle <<END; then echo found; fi
hay needle hay
END
case $(cat <<<x) in x) echo case ;; esac
cat <<END 2>&1
unfinished is only a warning: $(bash -c 'cat <<NEVER
text' 2>&1 | sed 's/^.*line/line/')
END
bash -s one two <<'END'
echo "script on stdin: $0 $1 $2"
read -r next
this is read by the script
echo "next=$next"
END
