# bc and dc: numbers of any length.
bc <<'X'
2^200; 3^100 / 7; 3^100 % 7; -17 / 5; -17 % 5; scale = 20; 1 / 3; sqrt(2); 22 / 7; .5 + .25
scale = 0; define f(n) {
if (n <= 1) return (1)
return (n * f(n - 1))
}
f(50); f(100)
define p(n) {
auto i
for (i = 2; i * i <= n; i++) {
if (n % i == 0) return (0)
}
return (1)
}
for (i = 2; i < 60; i++) { if (p(i)) print i, " "; }
print "\n"; obase = 16; 255; 65535; 2^64 - 1; obase = 2; 1023; ibase = 16; obase = A; FF; ibase = A
x = 5; x += 3; x; x++; x; ++x; x ^ 2; x % 4; a[3] = 7; a[3] * a[3]; 5 > 3; 5 == 4; 5 > 3 && 2 > 4; !0
while (x > 0) { x -= 4; if (x < 4) break; x }
length(123456); scale(1.2345); last + 1
"a string
"
X
echo 'scale = 60; 4 * a(1); e(1); l(2); s(1); c(1); j(0, 1)' | bc -l
echo 'scale = 30; x = 2; for (i = 0; i < 8; i++) { x = x - (x * x - 2) / (2 * x); x }' | bc
echo 'a = 1; b = 1; for (i = 0; i < 300; i++) { t = a + b; a = b; b = t }; b' | bc
echo '1 / 0' | bc; echo "status $?"; echo '2 +' | bc; echo "status $?"
echo 'define f(' | bc; echo "status $?"
dc -e '2 100 ^ p 3 v p 20 k 2 v p 1 3 / p [hello] p c 5 3 - p 7 3 ~ f'
dc -e '[d 1 - d 1 <F *] sF 30 lF x p'; dc -e '0 1 [d p r 1 index + ] sa'
dc -e '16 o 255 p 2 o 10 p 10 o 8 i 17 p'; dc -e '1 2 3 f r p z p'
dc -e '[la 1 + d sa p la 6 >b] sb 0 sa lb x'
echo 'for (i = 1; i <= 20; i++) { i * i * i }' | bc | paste - - - - -
echo '(123456789012345678901234567890 * 987654321098765432109876543210) ^ 3' | bc
