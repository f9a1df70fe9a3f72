-- Text functions, blobs, dates.
SELECT length('häß'), length(x'0102'), octet_length('€'), upper('abcä'), lower('ABC'), substr('hello', 2, 3),
    substr('hello', -3), substr('hello', 0, 2), substring('hello', 2), instr('hello', 'l'), replace('aXbX', 'X',
    '--'), trim('  x '), ltrim('xxa', 'x'), rtrim('a  '), hex('abc'), unhex('616263'), char(72, 8364),
    unicode('€'), quote('a''b'), 'a' || 1 || 2.5, zeroblob(3) = x'000000', typeof(randomblob(4)),
    length(randomblob(16)), soundex('Robert'), concat('a', NULL, 1), concat_ws('-', 1, NULL, 'b'),
    string_agg(column1, '/') FROM (VALUES ('x'), ('y'));
SELECT 'abc' LIKE 'A_C', 'abc' GLOB 'a*', 'a%b' LIKE 'a\%b' ESCAPE '\', 'abc' LIKE '%', '' LIKE '_', 'ä' LIKE
    'Ä', 'abc' REGEXP '^a.c$', 'abc' NOT LIKE 'b%', like('a%', 'abc'), glob('[^a]*', 'bcd');
SELECT format('%-10s|%10s|%.3s|%5.2s|%c%c', 'left', 'right', 'truncate', 'abc', 'x', 'y'), printf('%s',
    x'4142'), printf('%d %s', '12abc', 12.0);
WITH RECURSIVE c(x, s) AS (VALUES (1, '') UNION ALL SELECT x + 1, s || char(96 + x) FROM c WHERE x < 27)
    SELECT s, length(s), upper(s) FROM c WHERE x = 27;
SELECT hex(replace(hex(zeroblob(20)), '00', 'ab')), substr(replace(hex(zeroblob(2000)), '00', 'xyz'), 5990);
SELECT date('2024-02-28', '+1 day'), date('2023-02-28', '+1 day'), datetime(0, 'unixepoch'),
    datetime('2024-01-31 12:00', '+1 month'), date('2024-03-15', 'start of month', '-1 day'),
    strftime('%Y %m %d %H %M %f %j %W %w %s %J %p %I %e %u %G %V', '2024-02-29 13:14:15.678'),
    julianday('2000-01-01 12:00'), unixepoch('2024-02-29'), time('13:00', '+90 minutes'), date('2024-02-29',
    'weekday 0'), datetime('2024-06-01T12:00:00+02:00'), date(2460000.5), strftime('%s', '1969-12-31 23:59:59'),
    date('9999-12-31'), date('0000-01-01'), date('nonsense'), date('2024-13-01'), timediff('2024-03-01',
    '2023-01-15 10:00'), datetime(1700000000, 'auto'), datetime('2024-01-01', 'subsec'), date('2024-01-31',
    '+1 month', 'floor');
CREATE TABLE n(t TEXT);
INSERT INTO n WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 1000)
    SELECT printf('%s-%03d', char(97 + i * 7 % 26), i * 37 % 1000) FROM c;
SELECT t FROM n ORDER BY t LIMIT 3;
SELECT substr(t, 1, 1) k, count(*), min(t), max(t) FROM n GROUP BY k ORDER BY 2 DESC, 1 LIMIT 5;
SELECT count(*) FROM n WHERE t GLOB '?-[0-4]*5';
SELECT length(group_concat(t)) FROM n;
SELECT t FROM n WHERE t > 'y' AND t LIKE '%7_' ORDER BY t DESC LIMIT 4;
SELECT DISTINCT substr(t, -1) FROM n ORDER BY 1;
SELECT hex(x'' || 'a' || x'00' || 'b'), length('a' || char(0) || 'b');
SELECT x'abc';
SELECT substr(1), abs('x'), abs();
.mode quote
SELECT 'it''s', NULL, 1.5, x'ff';
.mode csv
SELECT 'a,b', 'q"q', 'plain', NULL, 1.5;
.mode markdown
SELECT 1 AS one, 'two' AS two;
.mode line
SELECT 1 AS one, 'two' AS two;
.mode html
SELECT '<&>' AS x;
.mode insert tab
SELECT 1, 'a''b', NULL, 2.5, x'01';
.mode tabs
SELECT 1, 2;
.mode ascii
.mode table
SELECT 'wide ä€' AS w, 1 AS n;
