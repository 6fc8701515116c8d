-- Messages that were not understood, as they came. The bytes and headers are somebody else's: `json`, unlike `jsonb`,
-- takes any text.
create table console.dead_letters (
  id bigint generated always as identity primary key,
  -- Its place among the dead letters: what makes it the same one when it is delivered again.
  letter_partition integer not null,
  letter_offset bigint not null,
  -- Its place where it came from, as far as known.
  topic text,
  partition integer,
  "offset" bigint,
  consumer_group text,
  key bytea,
  headers json not null,
  value bytea,
  reason text not null,
  dead_lettered_at timestamptz not null,
  replays integer not null default 0,
  unique (letter_partition, letter_offset)
);
create index dead_letters_of_topic on console.dead_letters (topic, id);
create index dead_letters_waiting on console.dead_letters (dead_lettered_at) where replays = 0;
create index dead_letters_by_age on console.dead_letters (dead_lettered_at);

create table console.dead_letter_replays (
  dead_letter bigint not null references console.dead_letters (id) on delete cascade,
  number integer not null,
  actor text not null,
  reason text not null,
  replayed_at timestamptz not null default now(),
  primary key (dead_letter, number)
);
