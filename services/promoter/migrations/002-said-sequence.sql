-- The highest sequence that was ever said of a key, where the database was restored from a backup that does not know it; else 0.
alter table promoter.keys add column said_sequence bigint not null default 0;
