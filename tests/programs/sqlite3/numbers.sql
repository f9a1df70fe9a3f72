-- Values: affinity, casts, integer limits, floating point, printf, math.
SELECT 1/2, 1.0/2, 7 % 3, -7 % 3, -7 / 2, 5 / 0, 1.0 / 0, 9223372036854775807 + 1, 9223372036854775807 * 2,
    -9223372036854775808 / -1, 1 << 62, 1 << 64, -1 >> 1, ~5, 6 & 3, 6 | 3, 0x7fffffffffffffff, 0xff;
SELECT 0.1 + 0.2, 1e15, 1e16, 123456789012345678, 1.0, 100.0, 1e100, 1e-5, 0.00001234, 1.5e300 * 1e300, -1e308 *
    10, 3.0 * 1.1, 2.0 / 3.0, 1e21, 12345678.9, 0.1 + 0.7, 4.35 * 100, 1.005 * 1000;
SELECT printf('%.17g %.15g %.3f %e %G %10.2f|%-10.2f|%+d|%05d|%x|%X|%o|%c|%s|%q|%Q|%w|%,d|%!.16g', 1/3.0, 2/3.0,
    2.0005, 12345.678, 1e-10, 3.14159, 3.14159, 5, 42, 255, 255, 8, 'char', 'str', 'it''s', 'it''s', 'q"q',
    1234567890, 0.1);
SELECT typeof(1), typeof(1.0), typeof('1'), typeof(x'31'), typeof(NULL), typeof(1 + '2'), typeof('1.5' + 1),
    typeof('abc' + 1), '12abc' + 1, 'abc' + 1, '0x10' + 0, '1e2' + 0, CAST('3.7' AS INT), CAST(3.99 AS INT),
    CAST(-3.99 AS INT), CAST(1e30 AS INT), CAST('12xyz' AS REAL), CAST(65 AS TEXT), CAST(x'4142' AS TEXT),
    CAST('abc' AS BLOB), CAST(9.2e18 AS INT), CAST('9223372036854775808' AS INT);
SELECT abs(-5), abs(-5.5), round(2.5), round(-2.5), round(3.14159, 2), round(1234.5678, -2), sign(-3), max(1,
    2.5, '3'), min(1, 'a'), random() BETWEEN -9223372036854775808 AND 9223372036854775807,
    abs(-9223372036854775807), ceil(1.2), floor(-1.2), trunc(1.9), mod(10, 3), pow(2, 10), sqrt(2), exp(1),
    ln(10), log10(1000), log2(8), log(2, 8), pi(), radians(180), degrees(1), sin(1), cos(1), tan(1), asin(0.5),
    acos(0.5), atan(1), atan2(1, 2), sinh(1), cosh(1), tanh(1), asinh(1), acosh(2), atanh(0.5);
CREATE TABLE t(i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC);
INSERT INTO t VALUES ('12', '12', 12, 12, '12'), ('1.5', 1, 1.50, x'01', '1.50'), ('abc', 'abc', 1e3, 'b',
    'abc'), (1e3, 1e400, -0.0, NULL, '1e3'), (9223372036854775807, 9223372036854775807, 9223372036854775807, 1,
    '9223372036854775808'), ('0x1F', '  7  ', x'41', 2.0, ' 8 ');
SELECT *, typeof(i), typeof(r), typeof(t), typeof(b), typeof(n) FROM t;
SELECT i = '12', r < t, t > 5, n IS '12', b = 1 FROM t;
SELECT 1 = 1.0, '1' = 1, 1 < 'a', x'41' > 'A', NULL = NULL, NULL IS NULL, 1 IS NOT NULL, 'a' < 'B', 'a' = 'A'
    COLLATE NOCASE, 'a ' = 'a' COLLATE RTRIM, 2 BETWEEN 1 AND 3, 5 IN (1, 5), NULL IN (1), 1 IN (NULL, 2), NOT
    0, NOT NULL, NULL AND 0, NULL OR 1;
WITH RECURSIVE c(i, x) AS (VALUES (0, 1e-320) UNION ALL SELECT i + 1, x * 3.7e21 FROM c WHERE i < 28)
    SELECT x, printf('%.17g', x), printf('%!.16e', x) FROM c;
WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
    SELECT sum(1.0 / i), total(i * 0.1), avg(i * i), sum(i * 1e15), printf('%.17g', sum(1.0 / (i * i))),
    sum(0.1) FROM c;
SELECT 1.0e-9, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 179769313486231580793e289, 0.1e1, 1.,
    .5, 1e0, 100000000000000000000, 4.9406564584124654e-324, 123456789.123456789, 0.30000000000000004, 1e23,
    8.41e21, 9007199254740993.0, 9.5367431640625e-07;
SELECT CAST('1e23' AS REAL) = 1e23, 0.1 + 0.2 = 0.3, 0.5 = '0.5', 1e1000 = 2e1000, -0.0 = 0.0, 9007199254740993
    = 9007199254740992.0, 9007199254740992 < 9007199254740993.0;
SELECT sum(9223372036854775807 + 0 * value) FROM generate_series(1, 2);
SELECT decimal_add('0.1', '0.2'), decimal_mul('1.1', '3');
SELECT hex(ieee754_to_blob(1.5)), ieee754(0.1);
