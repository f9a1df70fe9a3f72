-- Window functions.
CREATE TABLE s(day INT, shop TEXT, amount REAL);
INSERT INTO s WITH RECURSIVE c(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM c WHERE i < 29)
    SELECT i / 3 + 1, char(65 + i % 3), round((i * 7919 % 1000) / 7.0, 2) FROM c;
SELECT day, shop, amount, row_number() OVER w, rank() OVER (ORDER BY shop), dense_rank() OVER (ORDER BY shop),
    sum(amount) OVER w, round(avg(amount) OVER (PARTITION BY shop
    ORDER BY day ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), 3) FROM s WINDOW w AS (PARTITION BY shop
    ORDER BY day) ORDER BY shop, day;
SELECT shop, day, lag(amount) OVER w, lead(amount, 2, 0) OVER w, first_value(amount) OVER w, last_value(amount)
    OVER w, nth_value(amount, 3) OVER w FROM s WHERE day < 6 WINDOW w AS (PARTITION BY shop ORDER BY day);
SELECT day, ntile(4) OVER (ORDER BY day, shop), percent_rank() OVER (ORDER BY amount), cume_dist() OVER (ORDER
    BY amount) FROM s WHERE shop = 'A';
SELECT day, shop, sum(amount) OVER (ORDER BY day RANGE BETWEEN 2 PRECEDING AND CURRENT ROW), sum(amount) OVER
    (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW), count(*) OVER (ORDER BY day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM s WHERE day BETWEEN 3 AND 5
    ORDER BY day, shop;
SELECT shop, total, total * 100.0 / sum(total) OVER () FROM (SELECT shop, sum(amount) total FROM s GROUP BY shop);
SELECT shop, group_concat(day, '-') OVER (PARTITION BY shop ORDER BY amount DESC ROWS 3 PRECEDING) FROM s WHERE day < 5;
SELECT * FROM (SELECT shop, day, amount, row_number() OVER (PARTITION BY shop ORDER BY amount DESC) n FROM s)
    WHERE n <= 2;
SELECT day, max(amount) FILTER (WHERE shop <> 'B') OVER (ORDER BY day) FROM s WHERE day < 4;
SELECT sum(row_number() OVER ()) FROM s;
SELECT row_number() FROM s;
