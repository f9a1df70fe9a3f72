-- Tables, constraints, indexes, views, triggers, alter, pragma.
CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INT CHECK (born > 1000));
CREATE TABLE book(id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT COLLATE NOCASE, author REFERENCES author(id)
    ON DELETE CASCADE, price REAL DEFAULT 9.99, tags, full TEXT GENERATED ALWAYS AS (title || ' #' || id)
    VIRTUAL);
PRAGMA foreign_keys = ON;
INSERT INTO author(name, born) VALUES ('Ann', 1950), ('Bob', 1960), ('Cyd', 1970);
INSERT INTO book(title, author, price) VALUES ('Alpha', 1, 10.5), ('beta', 1, 20), ('Gamma', 2, 30.25),
    ('delta', 3, NULL);
INSERT INTO book(title, author) VALUES ('epsilon', 2);
SELECT * FROM book;
.mode column
SELECT * FROM book ORDER BY title DESC;
.mode box
SELECT b.full, a.name FROM book b JOIN author a ON a.id = b.author ORDER BY 1;
.mode list
INSERT INTO author(name, born) VALUES ('Ann', 1980);
INSERT INTO author(name, born) VALUES ('Old', 900);
INSERT INTO author(born) VALUES (1999);
INSERT INTO book(title, author) VALUES ('orphan', 99);
INSERT OR IGNORE INTO author(id, name) VALUES (1, 'again');
SELECT changes();
INSERT INTO author(id, name) VALUES (1, 'upserted') ON CONFLICT(id) DO UPDATE
    SET name = excluded.name || '!' RETURNING id, name;
REPLACE INTO author(id, name, born) VALUES (3, 'Cid', 1971);
SELECT count(*) FROM book;
DELETE FROM author WHERE id = 2;
SELECT id, title FROM book;
CREATE INDEX book_price ON book(price) WHERE price IS NOT NULL;
CREATE UNIQUE INDEX u ON author(lower(name));
EXPLAIN QUERY PLAN SELECT * FROM book WHERE price > 15;
CREATE VIEW expensive AS SELECT title, price FROM book WHERE price > 15;
SELECT * FROM expensive;
CREATE TABLE log(msg, at DEFAULT 'now');
CREATE TRIGGER t AFTER UPDATE OF price ON book WHEN new.price <> old.price BEGIN INSERT INTO log(msg)
    VALUES (old.title || ': ' || old.price || ' -> ' || new.price);
    SELECT CASE WHEN new.price < 0 THEN RAISE(ABORT, 'negative price') END; END;
UPDATE book SET price = price * 1.1;
SELECT * FROM log;
UPDATE book SET price = -1 WHERE id = 1;
SELECT count(*) FROM log;
ALTER TABLE book ADD COLUMN year INT DEFAULT 2000;
ALTER TABLE book RENAME COLUMN year TO published;
ALTER TABLE author RENAME TO writer;
ALTER TABLE log DROP COLUMN at;
SELECT sql FROM sqlite_schema ORDER BY name;
PRAGMA table_info(book);
PRAGMA table_xinfo(book);
PRAGMA index_list(book);
PRAGMA foreign_key_list(book);
PRAGMA integrity_check;
PRAGMA foreign_key_check;
PRAGMA user_version = 7;
PRAGMA user_version;
PRAGMA page_size;
PRAGMA encoding;
CREATE TABLE s(a INT, b TEXT, c ANY, d REAL) STRICT;
INSERT INTO s VALUES (1, 'x', x'00ff', 2);
INSERT INTO s VALUES ('no', 'x', 1, 2);
SELECT *, typeof(c), typeof(d) FROM s;
CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO w VALUES ('b', 2), ('a', 1);
SELECT * FROM w;
SELECT rowid FROM w;
DROP TABLE w;
DROP TABLE w;
DROP VIEW IF EXISTS nothing;
.tables
.schema writer
SELECT * FROM nosuch;
SELECT nosuch FROM book;
SELEC 1;
SELECT 1 +;
INSERT INTO writer VALUES (1);
CREATE TABLE book(x);
