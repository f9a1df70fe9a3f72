-- What programs do with SQLite: rows in, an index, joins, groups, text, changes. @rows: how many.
PRAGMA journal_mode = MEMORY;
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer, cents INTEGER, day TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @rows / 20)
INSERT INTO customer SELECT i, printf('customer %05d', i * 7919 % 100003), char(65 + i % 23) || 'town' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @rows)
INSERT INTO sale SELECT i, i * 31 % (@rows / 20) + 1, i * 2654435761 % 99991, date('2024-01-01', (i % 365) || ' days') FROM n;
COMMIT;
CREATE INDEX sale_by_customer ON sale (customer, day);
SELECT city, count(*), sum(cents), max(day) FROM customer JOIN sale ON sale.customer = customer.id
    GROUP BY city ORDER BY 3 DESC LIMIT 5;
SELECT substr(day, 1, 7) AS month, count(DISTINCT customer), round(avg(cents), 2) FROM sale GROUP BY month ORDER BY month;
SELECT count(*) FROM sale WHERE day LIKE '%-03-1%' AND cents BETWEEN 1000 AND 50000;
UPDATE sale SET cents = cents + 5 WHERE customer IN (SELECT id FROM customer WHERE name LIKE '%77%');
DELETE FROM sale WHERE id % 10 = 3;
SELECT name, total, rank() OVER (ORDER BY total DESC) FROM
    (SELECT name, (SELECT sum(cents) FROM sale WHERE customer = customer.id) AS total FROM customer)
    ORDER BY total DESC LIMIT 5;
SELECT hex(substr(group_concat(name, '|'), 1, 12)), length(group_concat(name, '|')) FROM customer;
PRAGMA integrity_check;
