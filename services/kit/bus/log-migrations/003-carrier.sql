-- What carries the events of this database. The positions of its consumers are of this one alone.
create table {schema}.carrier (
  is_only boolean primary key default true check (is_only),
  name text not null
);
-- Before there was Kafka, it was the log.
insert into {schema}.carrier (name) select 'log' where exists (select from {schema}.topics);
