-- Offsets come from a locked row and not from a sequence: a sequence lets a later offset be seen before an earlier one is committed, and a reader that has moved on never comes back.
create table {schema}.topics (
  topic text primary key,
  next_offset bigint not null default 0
);

create table {schema}.messages (
  topic text not null,
  "offset" bigint not null,
  key text,
  headers jsonb not null,
  value bytea,
  published_at timestamptz not null default now(),
  primary key (topic, "offset")
);

create index messages_by_key on {schema}.messages (topic, key, "offset");
