-- What every writer locks before it says anything about the key.
create table evaluator.keys (
  bot text not null,
  job_type text not null,
  primary key (bot, job_type)
);

-- One row per run that succeeded. States: pending -> done.
create table evaluator.evaluations (
  id text primary key,
  run text not null unique,
  bot text not null,
  job_type text not null,
  generation bigint not null,
  -- The data of run.succeeded: all that the evaluation depends on, by digest.
  succeeded jsonb not null,
  cause jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'done')),
  received_at timestamptz not null default now(),
  failures integer not null default 0,
  -- When it may be tried; later after each failure.
  due_at timestamptz not null default now(),
  -- The evaluation itself, a blob.
  document text,
  evaluated_at timestamptz,
  foreign key (bot, job_type) references evaluator.keys,
  check ((state = 'done') = (document is not null) and (state = 'done') = (evaluated_at is not null))
);

create index evaluations_pending on evaluator.evaluations (due_at) where state = 'pending';
create index evaluations_pending_of_key on evaluator.evaluations (bot, job_type, generation) where state = 'pending';
