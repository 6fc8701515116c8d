-- The history: every event of Trainyard's own topics, once, numbered in the order in which the console learned of it.
create table console.events (
  position bigint primary key,
  id text not null unique,
  type text not null,
  bot text not null,
  job_type text not null,
  run text,
  -- The run on the other side of it: the successor of one that was superseded, the champion that stepped down.
  other_run text,
  signal text,
  time timestamptz not null,
  -- The event that it followed from, and the request with which that chain began.
  cause text not null,
  chain text not null,
  data jsonb not null
);
create index events_of_run on console.events (run, position) where run is not null;
create index events_of_other_run on console.events (other_run, position) where other_run is not null;
create index events_of_bot on console.events (bot, position);
create index events_by_time on console.events (time);
create index events_of_champions on console.events (bot, job_type, ((data ->> 'sequence')::bigint)) where type = 'model.ready';
create index events_of_evaluation on console.events ((data ->> 'evaluation')) where type = 'model.evaluated';

-- The last position given out. Its one row is locked while positions are given out, so whoever has read up to a
-- position has missed nothing below it, and everything that is made from the events is made by one writer at a time.
create table console.head (
  only_row boolean primary key default true check (only_row),
  position bigint not null
);
insert into console.head (position) values (0);

-- One row per run, made anew from all its events whenever there is news of it. Columns are what is searched by.
create table console.runs (
  run text primary key,
  bot text not null,
  job_type text not null,
  state text not null,
  model_state text,
  begun_at timestamptz not null,
  last_at timestamptz not null,
  view jsonb not null
);
-- Each list that can be asked for is one range of one index, newest first, however long the history is.
create index runs_newest on console.runs (begun_at, run);
create index runs_of_bot on console.runs (bot, begun_at, run);
create index runs_of_bot_by_state on console.runs (bot, state, begun_at, run);
create index runs_of_job_type on console.runs (job_type, begun_at, run);
create index runs_of_job_type_by_state on console.runs (job_type, state, begun_at, run);
create index runs_by_state on console.runs (state, begun_at, run);
create index runs_held on console.runs (bot, begun_at, run) where model_state = 'held';
create index runs_by_age on console.runs (last_at);

-- The champion of each key: the change with the highest sequence. The changes before it are events of type model.ready.
create table console.champions (
  bot text not null,
  job_type text not null,
  sequence bigint not null,
  run text not null,
  view jsonb not null,
  primary key (bot, job_type)
);
create index champions_of_run on console.champions (run);
