create table item(id integer primary key, name text, weight real, kind integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
insert into item select i, 'item ' || (i * 7919 % 1009), i * 0.37, i % 7 from n;
create index by_name on item(name);
select kind, count(*), round(avg(weight), 6), min(name), max(name) from item group by kind order by kind;
select a.id, b.id from item a join item b on a.name = b.name and a.id < b.id order by 1, 2 limit 5;
update item set weight = weight * 2 where name like '%7';
delete from item where id % 3 = 0;
select count(*), round(sum(weight), 3), hex(substr(group_concat(name), 1, 40)) from item where weight between 10 and 500;
