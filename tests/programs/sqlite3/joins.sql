-- Joins, subqueries, grouping, set operations.
CREATE TABLE emp(id INT, name TEXT, dept INT, boss INT, pay REAL);
CREATE TABLE dept(id INT, name TEXT);
INSERT INTO dept VALUES (1, 'dev'), (2, 'ops'), (3, 'hr'), (4, 'empty');
INSERT INTO emp VALUES (1, 'ada', 1, NULL, 9000), (2, 'bob', 1, 1, 7000.5), (3, 'cat', 2, 1, 6500.25), (4,
    'dan', 2, 3, 5000), (5, 'eve', NULL, 3, 4800.75), (6, 'fay', 3, 1, 6500.25);
.headers on
SELECT e.name, d.name AS dept FROM emp e LEFT JOIN dept d ON d.id = e.dept ORDER BY e.id;
SELECT d.name, count(e.id) n, sum(pay), avg(pay), min(pay), max(pay), total(pay) FROM dept d LEFT
    JOIN emp e ON e.dept = d.id GROUP BY d.id HAVING n >= 0 ORDER BY n DESC, d.name;
SELECT e.name, d.name FROM emp e FULL OUTER JOIN dept d ON d.id = e.dept ORDER BY 1, 2;
SELECT e.name, d.name FROM emp e RIGHT JOIN dept d ON d.id = e.dept ORDER BY 2, 1;
SELECT count(*) FROM emp CROSS JOIN dept;
SELECT a.name, b.name FROM emp a JOIN emp b ON a.boss = b.id AND a.pay > b.pay * 0.75;
SELECT name FROM emp NATURAL JOIN dept;
SELECT count(*) FROM emp JOIN dept USING (id);
SELECT name, (SELECT count(*) FROM emp x WHERE x.pay > e.pay) + 1 AS rank FROM emp e ORDER BY rank, name;
SELECT name FROM emp WHERE pay > (SELECT avg(pay) FROM emp);
SELECT name FROM dept WHERE id NOT IN (SELECT dept FROM emp WHERE dept IS NOT NULL);
SELECT name FROM dept d WHERE EXISTS (SELECT 1 FROM emp WHERE dept = d.id AND pay > 6000);
SELECT name FROM emp WHERE (dept, boss) IN (VALUES (1, 1), (2, 3));
SELECT * FROM (SELECT dept, max(pay) m FROM emp GROUP BY dept) WHERE m > 5000 ORDER BY 1;
SELECT id FROM emp UNION SELECT id FROM dept ORDER BY 1 DESC LIMIT 3;
SELECT dept FROM emp EXCEPT SELECT id FROM dept WHERE id < 3;
SELECT id FROM emp INTERSECT SELECT id FROM dept;
SELECT 1 UNION ALL SELECT 1;
VALUES (1, 'a'), (2, 'b');
SELECT DISTINCT dept IS NULL, pay > 6000 FROM emp ORDER BY 1, 2;
SELECT group_concat(name, '+' ORDER BY name DESC) FROM emp;
SELECT dept, group_concat(DISTINCT pay) FROM emp GROUP BY dept ORDER BY dept NULLS LAST;
SELECT count(*) FILTER (WHERE pay > 6000), count(DISTINCT pay), count(dept) FROM emp;
SELECT name FROM emp ORDER BY pay DESC, name LIMIT 2 OFFSET 1;
SELECT CASE dept WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'other' END c, count(*) FROM emp GROUP BY c ORDER BY c;
SELECT iif(pay > 6000, 'high', 'low') h, name FROM emp ORDER BY 1, 2;
SELECT coalesce(dept, -1), ifnull(boss, 'none'), nullif(pay, 6500.25) FROM emp;
SELECT name FROM emp WHERE name LIKE '%a%' ORDER BY name;
SELECT name FROM emp WHERE name GLOB '[a-c]*' AND pay BETWEEN 6000 AND 8000;
SELECT name FROM emp WHERE dept IS NOT 1;
SELECT name FROM emp WHERE dept <> 1;
SELECT max(name, 'bobby') FROM emp LIMIT 3;
UPDATE emp SET pay = pay + d.id * 100 FROM dept d WHERE d.id = emp.dept RETURNING name, pay;
DELETE FROM emp WHERE pay < 5000 RETURNING name;
SELECT name, pay FROM emp;
WITH c AS MATERIALIZED (SELECT dept, sum(pay) s FROM emp GROUP BY dept) SELECT d.name, c.s FROM c
    JOIN dept d ON d.id = c.dept WHERE c.s = (SELECT max(s) FROM c);
SELECT e.dept, pay, max(name) FROM emp e GROUP BY 1, 2 ORDER BY 1, 2;
SELECT likelihood(dept = 1, 0.5) FROM emp LIMIT 1;
SELECT quote(NULL), quote('it''s'), quote(x'0102'), quote(1.5);
