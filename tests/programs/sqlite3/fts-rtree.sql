-- Full-text search, r-tree, virtual tables, compile-time features.
CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter unicode61');
INSERT INTO f VALUES ('Running', 'The runners ran quickly through the forest'), ('Cooking',
    'A quick recipe for quiet evenings'), ('Quantum', 'Entangled particles run in circles'), ('Café',
    'Crème brûlée and coffee');
SELECT title FROM f WHERE f MATCH 'run' ORDER BY title;
SELECT title, round(bm25(f), 6) FROM f WHERE f MATCH 'quick*' ORDER BY rank;
SELECT highlight(f, 1, '[', ']'), snippet(f, 1, '<', '>', '...', 3) FROM f WHERE f MATCH 'forest OR coffee';
SELECT title FROM f WHERE f MATCH 'title:cafe';
SELECT title FROM f('"the forest"');
SELECT title FROM f('NEAR(runners forest, 5)');
SELECT title FROM f('quick NOT recipe');
SELECT title FROM f('bad syntax (');
UPDATE f SET body = 'Nothing to see' WHERE title = 'Cooking';
SELECT count(*) FROM f('quick*');
DELETE FROM f WHERE rowid = 1;
INSERT INTO f(f) VALUES ('optimize');
INSERT INTO f(f) VALUES ('integrity-check');
SELECT rowid, title FROM f;
CREATE VIRTUAL TABLE fv USING fts5vocab(f, 'row');
SELECT term, doc, cnt FROM fv ORDER BY cnt DESC, term LIMIT 5;
CREATE VIRTUAL TABLE f4 USING fts4(x);
INSERT INTO f4 VALUES ('alpha beta gamma'), ('beta gamma delta'), ('gamma delta epsilon');
SELECT docid, offsets(f4) FROM f4 WHERE f4 MATCH 'gamma delta';
SELECT snippet(f4) FROM f4 WHERE x MATCH '"beta gamma"';
INSERT INTO f4(f4) VALUES ('optimize');
SELECT hex(matchinfo(f4, 'pcx')) FROM f4 WHERE f4 MATCH 'beta';
CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1);
INSERT INTO r WITH RECURSIVE c(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM c WHERE i < 400)
    SELECT i, i % 20, i % 20 + 0.7, i / 20, i / 20 + 0.3 FROM c;
SELECT count(*), min(id), max(id) FROM r WHERE x0 >= 5 AND x1 <= 8 AND y0 >= 2 AND y1 < 6;
SELECT id, x0, x1, y0, y1 FROM r WHERE id IN (7, 333);
DELETE FROM r WHERE x0 < 10;
SELECT count(*) FROM r;
SELECT rtreecheck('r');
INSERT INTO r VALUES (1000, 5, 1, 0, 0);
CREATE VIRTUAL TABLE d USING dbstat;
SELECT count(*) > 5 FROM d;
SELECT name FROM pragma_module_list WHERE name IN ('fts5', 'rtree', 'json_each') ORDER BY 1;
CREATE VIRTUAL TABLE nope USING nosuchmodule(x);
INSERT INTO f WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 300)
    SELECT 'doc' || i, printf('word%d word%d common %s', i % 10, i % 37, char(97 + i % 26)) FROM c;
SELECT count(*) FROM f('word3 AND common'), (SELECT 1);
SELECT title FROM f('word7 NOT word36') ORDER BY rank, title LIMIT 5;
SELECT group_concat(title) FROM f('doc1* AND word1');
