-- Messages that failed, and those that came after them, line by line. A line is a key of a topic as a group reads it; a
-- message without a key is a line of its own.
create table {schema}.parked_lines (
  id bigint generated always as identity primary key,
  consumer_group text not null,
  topic text not null,
  key bytea,
  -- Of the first message in the line.
  tries integer not null,
  reason text,
  due_at timestamptz not null,
  unique (consumer_group, topic, key)
);

create index parked_lines_due on {schema}.parked_lines (consumer_group, due_at);

create table {schema}.parked (
  id bigint generated always as identity primary key,
  line bigint not null references {schema}.parked_lines,
  partition integer not null,
  "offset" bigint not null,
  headers json not null,
  value bytea,
  sent_at timestamptz not null,
  parked_at timestamptz not null default now()
);

create index parked_in_line on {schema}.parked (line, id);
