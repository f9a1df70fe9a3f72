# gawk: fields, arrays, functions, formats, regular expressions, files and pipes, sorting, bits, time, large loops.
cd scratch || exit 1
cat >data <<'END'
Ann:Oslo:12.50:2024-01-15
Bob:Rome:7.25:2023-11-02
Cid:Oslo:-3:2022-07-30
Dee:Lima:1e3:2024-02-29
Eve:Rome:.5:2021-12-31
END
gawk -F: '{ print NR, NF, $1, $NF; sum += $3 } END { print "sum", sum, "mean", sum / NR }' data
gawk -F: '{ city[$2] += $3; n[$2]++ } END { PROCINFO["sorted_in"] = "@ind_str_asc"; for (c in city) print c, n[c], city[c] }' data
gawk 'BEGIN { printf "%d %5.2f %-6s| %06d %x %o %c %c %e %g %i %%\n", 42.9, 3.14159, "ab", 42, 255, 8, 65, "z", 1234.5, 1e-10, -7.9 }'
gawk 'BEGIN { OFMT = "%.3g"; x = 3.14159; print x, x ""; CONVFMT = "%.2f"; y = x ""; print y; print 1e6, 1e300 * 1e300, -log(0), int(-3.7), 2 ^ 53 + 1, 0.1 + 0.2 }'
gawk 'BEGIN { print length("isomorph"), substr("isomorph", 4, 5), index("isomorph", "morph"), toupper("x"), tolower("Y"); print match("foo123bar", /[0-9]+/), RSTART, RLENGTH }'
gawk 'BEGIN { s = "a-b-c"; n = gsub(/-/, "+", s); print n, s; sub(/b/, "[&\\&]", s); print s; print gensub(/(.)\+(.)/, "\\2\\1", "g", s); print gensub(/./, "X", 3, "abcdef") }'
gawk 'BEGIN { n = split("2024-02-29", p, "-"); print n, p[1] + 0, p[2] + 0; n = split("a1b22c", q, /[0-9]+/, seps); print n, q[3], seps[2]; patsplit("k=v; x=y", r, /[a-z]=[a-z]/); print r[2] }'
gawk 'BEGIN { a["x"][1] = 1; a["x"][2] = 2; a["y"] = 3; print isarray(a["x"]), length(a), length(a["x"]); delete a["x"][1]; print (1 in a["x"]), (2 in a["x"]); m[1, 2] = 3; for (k in m) { split(k, kk, SUBSEP); print kk[1], kk[2] } }'
gawk 'function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } BEGIN { print fib(20) }'
gawk 'function swap(a, i, j,  t) { t = a[i]; a[i] = a[j]; a[j] = t } BEGIN { split("c b a", v); swap(v, 1, 3); print v[1] v[2] v[3]; n = asort(v, w); print n, w[1], w[3]; print asorti(v, x), x[1] }'
gawk 'function cmp(i1, v1, i2, v2) { return v2 - v1 } BEGIN { a["x"] = 3; a["y"] = 9; a["z"] = 5; PROCINFO["sorted_in"] = "cmp"; for (k in a) printf "%s=%d ", k, a[k]; print "" }'
gawk 'BEGIN { print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 40), rshift(1024, 3), compl(0) % 1000, strtonum("0x1F"), strtonum("017") }'
gawk 'BEGIN { print strftime("%Y-%m-%d %H:%M:%S", 86400 * 365, 1), mktime("2024 02 29 12 00 00", 1), systime() > 1e9 }'
gawk 'BEGIN { while ((getline line < "data") > 0) n++; print n; close("data"); "echo from a command" | getline x; print x; "date -u -d @0 +%Y" | getline y; print y; print "b\na" | "sort"; close("sort"); print "gone" > "/dev/stderr"; print system("exit 3") }'
gawk 'BEGIN { c = "sort -r"; print "1\n3\n2" |& c; close(c, "to"); while ((c |& getline l) > 0) print l; close(c) }'
gawk 'BEGIN { print "first" > "out"; print "second" >> "out"; close("out"); while ((getline l < "out") > 0) print "read", l; print (getline l < "nosuch"), ERRNO }'
gawk '/Oslo/, /Lima/ { print NR ": " $0 } /Rome/ { next } { last = $0 } END { print last }' data
gawk -F: -v OFS=, '{ $2 = ""; $6 = "new"; print; NF = 2; print $0 }' data | head -n 4
gawk 'BEGIN { FS = "," ; FPAT = "([^,]*)|(\"[^\"]+\")" } { print NF; for (i = 1; i <= NF; i++) print i, $i }' <<<'a,"b,c",d'
gawk 'BEGIN { FIELDWIDTHS = "3 2 4" } { print $1 "|" $2 "|" $3 }' <<< abcdefghi
gawk -v RS= '{ print NR ": " $1 "-" $NF }' <<< 'a b
c

d e
'
gawk -v RS='[0-9]+' '{ print $0, RT }' <<< 'ab12cd345ef'
gawk '{ print; nextfile }' data data
gawk 'FNR == 1 { print FILENAME, ARGIND }' data data
gawk 'BEGIN { print "äöü" ~ /^...$/, length("日本"), toupper("é"), index("aβc", "c"); printf "%c %3s|\n", 955, "é" }'
gawk 'BEGIN { print "A" < "a", 10 < 9, "10" < "9", "abc" ~ "b", !0, !"", 5 % -3, -5 % 3, 2 ** 10; x = 5; x += x++ + ++x; print x; print 1 " " 2, 1 == 1.0, "1" == 1.0 }'
gawk 'BEGIN { switch ("abc") { case /^b/: print "no"; break; case "abc": print "exact"; default: print "falls" } do { i++ } while (i < 5); print i; for (;;) { if (++j > 3) break; if (j == 2) continue; print "j" j } }'
gawk -f - <<'END'
@namespace "util"
function twice(x) { return 2 * x }
@namespace "awk"
function apply(f, x) { return @f(x) }
function quicksort(a, lo, hi,    i, last, t) {
    if (lo >= hi) return
    last = lo
    for (i = lo + 1; i <= hi; i++)
        if (a[i] < a[lo]) { t = a[++last]; a[last] = a[i]; a[i] = t }
    t = a[lo]; a[lo] = a[last]; a[last] = t
    quicksort(a, lo, last - 1); quicksort(a, last + 1, hi)
}
BEGIN {
    print util::twice(21), apply("util::twice", 4), apply("length", "four")
    srand(42); x = rand(); srand(42); print (x == rand()), srand()
    seed = 12345
    for (i = 1; i <= 20000; i++) { seed = (seed * 1103515245 + 12345) % 2147483648; v[i] = seed }
    quicksort(v, 1, 20000)
    for (i = 2; i <= 20000; i++) if (v[i - 1] > v[i]) print "not sorted"
    print v[1], v[10000], v[20000]
    for (i = 2; i < 30000; i++) if (!(i in sieve)) { primes++; for (j = i * i; j < 30000; j += i) sieve[j] }
    print primes
    for (i = 0; i < 30000; i++) words[i % 1000 " word"] = words[i % 1000 " word"] "x"
    print length(words), length(words["7 word"])
    for (i = 0; i < 1000; i++) { s += sin(i) * cos(i) + sqrt(i) - atan2(i, 3) + exp(-i / 50) + log(i + 1) }
    printf "%.9f\n", s
}
END
gawk 'BEGIN { print substr("x", 0), substr("hello", -1, 3), 1 / 3; exit 4 } END { print "end runs" }'; echo $?
gawk 'BEGIN { print 1 / 0 }' 2>&1
gawk 'BEGIN { print (' 2>&1 | head -n 2
gawk '{ print $(-1) }' data 2>&1
gawk --version | head -n 1
gawk --lint 'BEGIN { print x }' 2>&1
gawk -M 'BEGIN { print 2 ^ 100, 100000000000000000001 + 1; PREC = 100; printf "%.25f\n", 1 / 3 }'
gawk -e 'BEGIN { print ENVIRON["TZ"], ARGC, ARGV[1] }' arg; gawk -o- '{ if (x) print; else y++ }'
seq 50000 | gawk '{ a[$1 % 97] += $1 } END { for (i = 0; i < 97; i += 16) print i, a[i] }'
gawk '@load "filefuncs"; BEGIN { print stat("data", s), s["type"], s["size"] }'; gawk -i inplace '{ print NR, $0 }' out && cat out
