# More data: sorting, grouping and joining a few thousand lines.
cd scratch
awk 'BEGIN { x = 42; split("red green blue black white", c, " "); for (i = 0; i < 4000; i++) { x = (x * 1664525 + 1013904223) % 4294967296
  printf "%d,%s,%d,%.2f\n", i, c[int(x / 65536) % 5 + 1], int(x / 256) % 1000, (x % 100000) / 100 } }' >t.csv
sort -t, -k3,3n -k1,1nr t.csv | head -5; sort -t, -k4,4g t.csv | tail -3
sort -t, -k2,2 -k4,4nr t.csv | awk -F, '!s[$2]++'; sort -t, -k3,3n -s t.csv | md5sum
sort t.csv | md5sum; sort -r -t, -k2.2,2.3 t.csv | md5sum; sort -n -c t.csv && echo sorted
sort -c -t, -k3n t.csv 2>/dev/null; echo "status $?"
awk -F, '{ n[$2]++; s[$2] += $4; if ($4 > m[$2]) m[$2] = $4 } END { for (k in n) printf "%s %d %.2f %.4f %s\n", k, n[k], s[k], s[k] / n[k], m[k] }' \
    t.csv | sort
cut -d, -f2,3 t.csv | sort | uniq -c | sort -rn -k1,1 | head -5 | sed 's/^ *//'
cut -d, -f3 t.csv | sort -nu | wc -l; cut -c1-3 t.csv | sort -u | wc -l
awk -F, 'NR == FNR { if ($3 < 3) k[$1] = $2; next } ($1 + 1) in k { print $1, k[$1 + 1] }' t.csv t.csv | md5sum
grep -c ',red,' t.csv; grep -E '^[0-9]*7,(red|blue),' t.csv | wc -l
sed -n 's/^\([0-9]*\),green,\([0-9]*5\),.*/\2 \1/p' t.csv | sort -n | head -4
tr ',' '\t' <t.csv | awk '{ print $3 % 10 }' | sort | uniq -c | awk '{ print $2, $1 }'
awk -F, '{ h[int($4 / 100)]++ } END { for (i = 0; i < 10; i++) printf "%d %s\n", i, substr("##########################################", 1, h[i] / 40) }' \
    t.csv
fold -w 50 t.csv | head -3; nl t.csv | tail -1
rev t.csv | cut -d, -f1 | rev | paste -s -d+ | bc; tac t.csv | head -1; wc t.csv
md5sum t.csv
