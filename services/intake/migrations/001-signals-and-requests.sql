-- What every writer locks before it changes anything of the key or says anything about it.
create table intake.keys (
  bot text not null,
  job_type text not null,
  -- The newest one given out; it only grows.
  generation bigint not null default 0,
  -- The run of that generation.
  newest_run text,
  highest_revision bigint,
  -- The last dataset of this key that was found usable: what a request that names none is trained on.
  dataset text,
  dataset_uri text,
  dataset_at timestamptz,
  primary key (bot, job_type)
);

-- One row from the first signal on. States: waiting -> fetching -> requested; closed: it ended without a run.
create table intake.requests (
  -- Also the id of the run that carries it out.
  id text primary key,
  bot text not null,
  job_type text not null,
  state text not null check (state in ('waiting', 'fetching', 'requested', 'closed')),
  created_at timestamptz not null default now(),
  state_since timestamptz not null default now(),
  -- Waiting: when it is decided. Fetching: when the next try may begin, or the lease of the present one ends.
  due_at timestamptz not null,
  signals integer not null,
  first_signal text not null,
  last_signal text not null,
  -- As the newest signal that named one said it; the digest is a hint.
  dataset_uri text,
  dataset_hint text,
  -- A person asked, so it is due at once and never unchanged.
  insisted boolean not null,
  actor text,
  asked_because text,
  cause_id text not null,
  traceparent text not null,
  -- Counts the claims: who finishes a fetch must still be the last who claimed it.
  fetch_tries integer not null default 0,
  fetch_failures integer not null default 0,
  problem text,
  -- Digest of record.
  dataset text,
  work_identity text,
  generation bigint,
  -- What the launcher says of the run; null until it has said anything.
  run_state text check (run_state in ('queued', 'running', 'succeeded', 'failed', 'superseded', 'cancelled'))
);

create unique index requests_generation on intake.requests (bot, job_type, generation) where generation is not null;
create unique index requests_waiting on intake.requests (bot, job_type) where state = 'waiting';
create unique index requests_fetching on intake.requests (bot, job_type) where state = 'fetching';
create index requests_due on intake.requests (due_at) where state in ('waiting', 'fetching');
create index requests_by_work on intake.requests (bot, job_type, work_identity) where generation is not null;

-- The ledger. A signal is written once and ended once.
create table intake.signals (
  id text primary key,
  trigger text not null,
  -- Null where an event did not tell its bot.
  bot text,
  job_type text not null,
  source text not null,
  event_id text not null,
  revision bigint,
  actor text,
  received_at timestamptz not null default now(),
  -- The request that it waits with; null for a signal that ended on arrival.
  request text,
  ended text check (ended in ('launched', 'coalesced', 'unchanged', 'rejected', 'deadLettered')),
  -- The run that answers it.
  run text,
  reason text,
  ended_at timestamptz,
  check ((ended is null) = (ended_at is null) and (ended is null) = (reason is null)),
  check (ended is not null or request is not null)
);

create index signals_open on intake.signals (request) where ended is null;
create index signals_by_bot on intake.signals (bot, received_at desc);

-- Sums of the ledger, as differences that any transaction adds without waiting for another; they are folded from time to time.
create table intake.tally (
  what text not null,
  count bigint not null
);
