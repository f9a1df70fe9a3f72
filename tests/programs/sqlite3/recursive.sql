-- Recursive queries: counting, trees, graphs, sudoku, mandelbrot.
WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 20) SELECT group_concat(x * x) FROM c;
WITH RECURSIVE f(n, a, b) AS (VALUES (1, 0, 1) UNION ALL SELECT n + 1, b, a + b FROM f WHERE n < 90) SELECT n, a
    FROM f WHERE n % 15 = 0;
WITH RECURSIVE f(n, v) AS (VALUES (0, 1.0) UNION ALL SELECT n + 1, v * (n + 1) FROM f WHERE n < 25) SELECT n, v
    FROM f WHERE n > 17;
CREATE TABLE tree(id INTEGER PRIMARY KEY, parent INT, name TEXT);
INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'usr'), (3, 1, 'etc'), (4, 2, 'bin'), (5, 2, 'lib'), (6, 5,
    'x86'), (7, 5, 'riscv');
WITH RECURSIVE t(id, path, depth) AS (SELECT id, name, 0 FROM tree WHERE parent IS NULL UNION ALL
    SELECT c.id, t.path || '/' || c.name, depth + 1 FROM tree c JOIN t ON c.parent = t.id)
    SELECT printf('%*s%s', depth * 2, '', path) FROM t ORDER BY path;
CREATE TABLE edge(a, b, w);
INSERT INTO edge VALUES ('a', 'b', 4), ('a', 'c', 2), ('c', 'b', 1), ('b', 'd', 5), ('c', 'd', 8), ('d', 'e',
    2), ('e', 'a', 7);
WITH RECURSIVE p(n, d, path) AS (VALUES ('a', 0, 'a') UNION ALL SELECT b, d + w, path || b FROM p
    JOIN edge ON a = n WHERE instr(path, b) = 0) SELECT n, min(d), path FROM p GROUP BY n;
WITH RECURSIVE r(n) AS (VALUES ('a') UNION SELECT b FROM r JOIN edge ON a = n) SELECT count(*) FROM r;
WITH RECURSIVE xaxis(x) AS (VALUES (-2.0) UNION ALL SELECT x + 0.06 FROM xaxis WHERE x < 1.0),
    yaxis(y) AS (VALUES (-1.0) UNION ALL SELECT y + 0.12 FROM yaxis WHERE y < 1.0),
    m(iter, cx, cy, x, y) AS (SELECT 0, x, y, 0.0, 0.0 FROM xaxis, yaxis UNION ALL
    SELECT iter + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy FROM m
    WHERE (x * x + y * y) < 4.0 AND iter < 24), m2(iter, cx, cy) AS (SELECT max(iter), cx, cy FROM m
    GROUP BY cx, cy), a(t) AS (SELECT group_concat(substr(' .+*#', 1 + min(iter / 6, 4), 1), '') FROM m2
    GROUP BY cy) SELECT group_concat(rtrim(t), x'0a') FROM a;
WITH RECURSIVE input(sud) AS (VALUES
    ('53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79')),
    digits(z, lp) AS (VALUES ('1', 1) UNION ALL SELECT CAST(lp + 1 AS TEXT), lp + 1 FROM digits WHERE lp < 9),
    x(s, ind) AS (SELECT sud, instr(sud, '.') FROM input UNION ALL
    SELECT substr(s, 1, ind - 1) || z || substr(s, ind + 1), instr(substr(s, 1, ind - 1) || z || substr(s, ind +
    1), '.') FROM x, digits AS z WHERE ind > 0 AND NOT EXISTS (SELECT 1 FROM digits AS lp
    WHERE z.z = substr(s, ((ind - 1) / 9) * 9 + lp, 1) OR z.z = substr(s, ((ind - 1) % 9) + (lp - 1) * 9 + 1, 1)
    OR z.z = substr(s, (((ind - 1) / 3) % 3) * 3 + ((ind - 1) / 27) * 27 + lp + ((lp - 1) / 3) * 6, 1)))
    SELECT s FROM x WHERE ind = 0;
WITH RECURSIVE p(n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM p WHERE n < 400) SELECT count(*), sum(n) FROM p a
    WHERE NOT EXISTS (SELECT 1 FROM p b WHERE b.n * b.n <= a.n AND a.n % b.n = 0);
WITH RECURSIVE h(n, s) AS (VALUES (27, 0) UNION ALL SELECT CASE WHEN n % 2 THEN 3 * n + 1 ELSE n / 2 END, s + 1
    FROM h WHERE n <> 1) SELECT max(n), max(s) FROM h;
WITH RECURSIVE s(i, r, str) AS (VALUES (1, '', 'hello world') UNION ALL
    SELECT i + 1, substr(str, i, 1) || r, str FROM s WHERE i <= length(str)) SELECT r FROM s ORDER BY i DESC
    LIMIT 1;
WITH RECURSIVE d(day) AS (VALUES ('2024-02-26') UNION ALL SELECT date(day, '+1 day') FROM d LIMIT 6)
    SELECT day, strftime('%j %w', day) FROM d;
WITH t(a) AS (SELECT 1 UNION SELECT a + 1 FROM t WHERE a < 3) SELECT * FROM t;
WITH RECURSIVE bad(x) AS (SELECT x FROM bad) SELECT * FROM bad;
WITH RECURSIVE q(x) AS (VALUES (1) UNION ALL SELECT x * 2 FROM q LIMIT 64) SELECT max(x), min(x) FROM q;
SELECT value FROM generate_series(5, 25, 5);
