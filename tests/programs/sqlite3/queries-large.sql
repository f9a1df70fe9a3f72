-- More rows: sorting, hashing, joining, grouping some thousands.
CREATE TABLE a(id INTEGER PRIMARY KEY, k INT, v REAL, s TEXT);
INSERT INTO a WITH RECURSIVE c(i, r) AS (VALUES (1, 12345) UNION ALL
    SELECT i + 1, (r * 1103515245 + 12345) % 2147483648 FROM c WHERE i < 4000)
    SELECT i, r % 500, r / 1000.0, printf('%08x', r) FROM c;
CREATE TABLE b AS SELECT k, count(*) n, sum(v) sv FROM a GROUP BY k;
CREATE INDEX bk ON b(k);
SELECT count(*), sum(k), printf('%.17g', sum(v)), min(s), max(s) FROM a;
SELECT k, n, sv FROM b ORDER BY n DESC, k LIMIT 5;
SELECT a.id, a.s, b.n FROM a JOIN b USING (k) WHERE a.v > 2147000 ORDER BY a.v DESC;
SELECT count(*) FROM a x JOIN a y ON x.k = y.k AND x.id < y.id WHERE x.k < 100;
SELECT k % 10 g, count(*), round(avg(v), 4), group_concat(DISTINCT substr(s, 1, 1)) FROM a WHERE id < 200
    GROUP BY g ORDER BY g;
SELECT s FROM a ORDER BY substr(s, 3), v LIMIT 5;
SELECT count(DISTINCT s), count(DISTINCT k), count(DISTINCT v > 1e6) FROM a;
SELECT id FROM a WHERE s LIKE '%dead%' OR s GLOB '*beef*' OR s LIKE '%f00%';
SELECT sum(x) FROM (SELECT max(v) x FROM a GROUP BY k ORDER BY x DESC LIMIT 20);
CREATE INDEX ai ON a(k, v DESC);
SELECT k, v FROM a WHERE k IN (3, 33, 333) ORDER BY k, v DESC LIMIT 9;
EXPLAIN QUERY PLAN SELECT k, v FROM a WHERE k = 3 ORDER BY v DESC;
DELETE FROM a WHERE k IN (SELECT k FROM b WHERE n < 8);
SELECT count(*) FROM a;
UPDATE a SET v = (SELECT sv FROM b WHERE b.k = a.k) WHERE id % 2;
SELECT printf('%.12g', total(v)) FROM a;
SELECT median FROM (SELECT v median, row_number() OVER (ORDER BY v) r, count(*) OVER () c FROM a) WHERE r = c / 2;
INSERT INTO a SELECT id + 10000, k, v, s FROM a;
SELECT count(*), max(id) FROM a;
SELECT k, sum(v) OVER (PARTITION BY k % 7 ORDER BY id) FROM a ORDER BY id DESC LIMIT 3;
SELECT * FROM a EXCEPT SELECT * FROM a WHERE id > 3 ORDER BY 1 LIMIT 4;
SELECT a.k, b.k FROM b a LEFT JOIN b ON b.k = a.k + 497 WHERE a.k < 6 ORDER BY 1;
SELECT total(v) > 0, hex(sum(k)) FROM a GROUP BY k & 1;
CREATE TABLE h AS WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
    SELECT i, i * 2654435761 % 4294967296 AS hsh FROM c;
SELECT min(hsh), max(hsh), count(*) FROM h;
SELECT x.i, y.i FROM h x, h y WHERE x.hsh = y.hsh + 1 LIMIT 3;
SELECT i FROM h ORDER BY hsh LIMIT 5;
