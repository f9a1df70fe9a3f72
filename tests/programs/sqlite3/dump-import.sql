-- Shell commands: dump, import, output, read, backup, restore, parameters.
CREATE TABLE t(id INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB);
INSERT INTO t VALUES (1, 1.5, 'it''s', x'00ff'), (2, 1e300, 'line
break', NULL), (3, -0.1, '', zeroblob(4)), (4, 1.0/3, 'tab	', x'');
CREATE INDEX ti ON t(s);
CREATE VIEW v AS SELECT id FROM t;
CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END;
PRAGMA user_version = 3;
.dump
.output scratch/dump.sql
.dump
.output
CREATE TABLE c(a, b, c);
.mode csv
.output scratch/x.csv
SELECT id, r, s FROM t;
.output stdout
.mode list
.import --csv scratch/x.csv c
SELECT * FROM c;
.separator ; \n
SELECT * FROM c WHERE a < 3;
.headers on
.nullvalue NIL
SELECT * FROM t WHERE id = 2;
.once scratch/once.txt
SELECT 'once only';
SELECT 'to the screen';
.backup scratch/back.db
DROP TABLE t;
SELECT count(*) FROM t;
.restore scratch/back.db
SELECT count(*) FROM t;
.parameter set :p 42
SELECT :p * 2 AS p, $q AS q, ?5;
.parameter list
.print hello from the shell
.width 5 10
.mode column
SELECT 12345678 AS number, 'some text that is long' AS txt;
.indexes
.read scratch/nosuch.sql
.nosuchcommand
.open scratch/dumped.db
.read scratch/dump.sql
SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM t;
.sha3sum
.dump t
.bail on
SELECT * FROM nosuch;
SELECT 'not reached';
