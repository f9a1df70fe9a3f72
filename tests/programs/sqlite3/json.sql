-- JSON.
SELECT json('{"a" : 1, "b":[1,2.50,-3e2,null,true,"x\u20ac\n"]}'), json_valid('{bad'), json_valid('[1]'),
    json_array(1, 'two', NULL, 3.5, json('[4]')), json_object('k', 1, 'n', json('{"m":2}')),
    json_quote('say "hi"');
CREATE TABLE d(j);
INSERT INTO d VALUES ('{"name":"Ann","age":42,"tags":["x","y"],"addr":{"city":"Ulm","zip":"89073"}}'),
    ('{"name":"Bob","age":37.5,"tags":[],"addr":null}');
SELECT json_extract(j, '$.name'), j ->> '$.age', j -> 'addr', j ->> '$.addr.city', json_array_length(j,
    '$.tags'), json_type(j, '$.age'), json_type(j, '$.nosuch'), json_extract(j, '$.tags[0]', '$.tags[#-1]')
    FROM d;
SELECT json_set(j, '$.age', 1), json_insert(j, '$.new', json('[1,2]')), json_replace(j, '$.name', 'Zed'),
    json_remove(j, '$.tags', '$.addr') FROM d;
SELECT json_patch('{"a":1,"b":{"c":2}}', '{"b":{"c":null,"d":3},"e":4}');
SELECT key, value, type, atom, fullkey, path FROM d, json_each(d.j);
SELECT fullkey, type, value FROM d, json_tree(d.j) WHERE type NOT IN ('object', 'array') ORDER BY fullkey, value;
SELECT json_group_array(j ->> 'name'), json_group_object(j ->> 'name', j ->> 'age') FROM d;
SELECT json('{a:1,/*c*/b:0x10,c:+5,d:.5,e:Infinity,}'), json_pretty('{"x":[1,{"y":2}],"z":{}}');
SELECT json('{bad');
SELECT json_extract('{}', 'bad path');
SELECT json_error_position('[1,2,oops]');
SELECT hex(jsonb('[1,"a"]')), json(jsonb('{"q":[true,false]}'));
WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 300)
    SELECT length(json_group_array(json_object('id', x, 'sq', x * x, 'inv', 1.0 / x))) FROM c;
SELECT sum(value ->> 'v') FROM json_each((WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c
    WHERE x < 500) SELECT json_group_array(json_object('v', x)) FROM c));
SELECT json_extract('{"big":12345678901234567890,"f":1e400,"neg":-0.0,"s":"\ud83d\ude00"}', '$.big', '$.f',
    '$.neg', '$.s');
.mode json
SELECT 1 AS a, 2.5 AS b, 'text "q"' AS c, NULL AS d, x'0041' AS e;
