# awk: the language, its arithmetic and its formats.
awk 'BEGIN { printf "%d %i %o %x %X %c %s %5.2f %e %G %%\n", 42.9, -7, 8, 255, 255, 65, "str", 3.14159, 12345.678, 1e-10 }'
awk 'BEGIN { print 1/3, 1e6, 1e17, 0.1 + 0.2, -7 % 3, 7 % -3, 1e300 * 1e300, 5.5 % 2.25, -1e-310 / 3 }'
awk 'BEGIN { OFMT = "%.17g"; print 1/3, 0.1, 2/3, 1e21, 123456789012; CONVFMT = "%.3g"; a[1/3] = 1; for (k in a) print k }'
awk 'BEGIN { for (i = 0; i < 6; i++) printf "%.17g %d\n", i / 7, int(-i * 1.5) }'
awk 'BEGIN { print length("hello"), substr("hello", 2, 3), index("hello", "ll"), toupper("abc"), tolower("ABC") }'
awk 'BEGIN { s = "the cat sat on the mat"; n = gsub(/at/, "og", s); print n, s; sub(/o/, "&&", s); print s; print match("foobar", /o+/), RSTART, RLENGTH }'
awk 'BEGIN { n = split("a:b:c:d", p, ":"); for (i = n; i > 0; i--) printf "%s ", p[i]; print n; print substr("x", 0), substr("hello", -1, 3) }'
printf 'alice 30 5.5\nbob 25 6.1\ncarol 35 5.9\ndave 40 5.8\n' >scratch/people
awk '{ s += $2; h += $3 } END { print NR, s, s / NR, h / NR }' scratch/people
awk '$2 > 28 && $1 ~ /^[a-c]/ { print NR ": " $0, NF }' scratch/people
awk -F: 'END { print $1 }' scratch/people
awk 'NR == 2, NR == 3' scratch/people; awk -v x=5 'BEGIN { print x * 2, ARGC }'
awk '{ $2 = ""; print; print NF }' scratch/people
awk '{ a[$1] = $2 } END { print ("bob" in a), ("zed" in a); delete a["bob"]; print length(a) }' scratch/people
awk 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(18) }'
awk 'function swap(a, i, j, t) { t = a[i]; a[i] = a[j]; a[j] = t }
     BEGIN { n = 200; x = 12345; for (i = 1; i <= n; i++) { x = (x * 1103515245 + 12345) % 2147483648; a[i] = x % 1000 }
             for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) swap(a, i, j)
             for (i = 1; i <= n; i += 20) printf "%d ", a[i]; print "" }'
awk 'BEGIN { n = 3000; for (i = 2; i <= n; i++) if (!c[i]) { p++; l = i; for (j = i * i; j <= n; j += i) c[j] = 1 } print p, l }'
awk 'BEGIN { while (("echo 5; echo 7" | getline x) > 0) s += x; close("echo 5; echo 7"); print s; while ((getline line < "scratch/people") > 0) n++; print n }'
awk 'BEGIN { print "line b" | "while read x; do echo got $x; done"; close("while read x; do echo got $x; done"); print "done"; system("echo from system"); print "err" > "/dev/stderr" }'
awk 'BEGIN { RS = ""; FS = "\n" } { print NR, NF, $1 }' <<X
para one
line two

para two
X
awk 'BEGIN { printf "%s %s %s\n", "10" < "9", 10 < 9, "abc" < "abd"; print 1 == 1.0, "a" "b" == "ab", !0, !"", !"0" }'
awk 'BEGIN { x["a"]; if ("a" in x) print "in"; do { i++ } while (i < 5); print i; for (;;) if (i++ > 8) break; print i; exit 3 } END { print "end" }'
echo "status $?"
awk 'BEGIN { print substr("hello world", 7); print sprintf("%-10s|%10s|", "ab", "cd"); print 010 + 0, "0x10" + 0, "3x" + 1, ".5" + 0 }'
awk 'BEGIN { print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 10), rshift(1024, 3), compl(0) }'
awk '{ for (i = NF; i > 0; i--) printf "%s%s", $i, i > 1 ? OFS : ORS }' OFS=- scratch/people
awk '!seen[$2 % 10]++' scratch/people
awk 'BEGIN { syntax error'; echo "status $?"; awk '{ print }' nosuchfile; echo "status $?"
awk 'BEGIN { print 1 / 0 }'; echo "status $?"
