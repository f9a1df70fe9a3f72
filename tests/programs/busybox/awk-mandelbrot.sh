# Floating point in a loop: a picture, and sums whose every bit shows.
awk 'BEGIN { for (y = -1.2; y <= 1.2; y += 0.12) { line = ""
  for (x = -2.1; x <= 0.7; x += 0.05) { a = b = 0
    for (i = 0; i < 40 && a * a + b * b < 4; i++) { t = a * a - b * b + x; b = 2 * a * b + y; a = t }
    line = line substr(" .:-=+*#%@", int(i / 4.01) + 1, 1) }
  print line } }'
awk 'function r(x, y, i) { y = x; for (i = 0; i < 60; i++) y = (y + x / y) / 2; return y } BEGIN { for (i = 1; i <= 5000; i++) { s += 1 / (i * i); h += (i % 2 ? 1 : -1) / i; p = p * 1.0001 + i / 3 } printf "%.17g %.17g %.17g %.17g\n", s, h, p, r(6 * s) }'
awk 'BEGIN { x = 0.5; for (i = 0; i < 300; i++) x = 3.9 * x * (1 - x); printf "%.17g\n", x }'
awk 'BEGIN { n = 12; for (i = 0; i < n; i++) for (j = 0; j < n; j++) { a[i, j] = 1 / (i + j + 1); b[i, j] = (i == j) }
  for (k = 0; k < n; k++) { d = a[k, k]; for (j = 0; j < n; j++) { a[k, j] /= d; b[k, j] /= d }
    for (i = 0; i < n; i++) if (i != k) { f = a[i, k]; for (j = 0; j < n; j++) { a[i, j] -= f * a[k, j]; b[i, j] -= f * b[k, j] } } }
  for (i = 0; i < 3; i++) printf "%.17g %.17g %.17g\n", b[i, 0], b[i, 1], b[i, 11] }'
awk 'BEGIN { v = 1e-323; for (e = 0; e < 18; e++) { v *= 1.37e37; printf "%g %.17g %e\n", v, v / 3, v * 7 } }'
