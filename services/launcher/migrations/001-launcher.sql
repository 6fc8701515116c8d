-- One row per (bot, job type). Whoever changes a run of the key and says so locks this row first.
create table launcher.keys (
  bot text not null,
  job_type text not null,
  newest_generation bigint not null default 0,
  -- How many runs of the key were stopped for a newer one since the last that was let through.
  stopped_in_a_row integer not null default 0,
  champion_sequence bigint not null default 0,
  -- { run, sequence, model: { url, digest } }, null before the first champion.
  champion jsonb,
  primary key (bot, job_type)
);

create table launcher.runs (
  run text primary key,
  bot text not null,
  job_type text not null,
  generation bigint not null,
  state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'superseded', 'cancelled')),

  -- The request, frozen.
  dataset jsonb not null,
  spec jsonb not null,
  work_identity text not null,
  -- Digest of the program's part of the specification: whose answers they are, beside the model.
  program text not null,
  cause jsonb not null,
  names_dataset boolean not null,

  -- The place in the queue. A run inherits `waiting_since` from the one that it replaces, so edits never send a bot to the back.
  priority integer not null,
  insisted boolean not null,
  waiting_since timestamptz not null default now(),

  -- Running, or succeeded and awaiting its verdict until `verdict_due_at`.
  holds_key boolean not null default false,
  verdict_due_at timestamptz,

  -- { kind: superseded, by } or { kind: cancelled, actor, reason }: what it was told to stop for.
  stop jsonb,
  -- The champion when it started: { run, sequence, model: { url, digest } }.
  champion jsonb,
  -- The intents of its training data, sorted; known from the first claim on.
  intents jsonb,
  model text,
  started_at timestamptz,
  ended_at timestamptz,
  -- When the reconciler looks next; null when nothing is left to do.
  look_at timestamptz,

  check (state <> 'running' or holds_key),
  check (not holds_key or state in ('running', 'succeeded'))
);

-- I2.
create unique index one_run_holds_a_key on launcher.runs (bot, job_type) where holds_key;
create unique index one_run_waits_per_key on launcher.runs (bot, job_type) where state = 'queued';
create index runs_queue on launcher.runs (job_type, priority desc, waiting_since, run) where state = 'queued';
create index runs_due on launcher.runs (look_at) where look_at is not null;
create index runs_model on launcher.runs (model) where model is not null;
create index runs_ended on launcher.runs (ended_at) where ended_at is not null;

create table launcher.attempts (
  attempt text primary key,
  run text not null references launcher.runs,
  kind text not null check (kind in ('train', 'predict')),
  number integer not null,
  state text not null default 'created' check (state in ('created', 'claimed', 'ended')),
  -- Since when the executor has it on record: if it is absent there from then on, it has ended.
  placed_at timestamptz,
  runner uuid,
  pid integer,

  created_at timestamptz not null default now(),
  claimed_at timestamptz,
  -- Of the claim while it is created, of the attempt once it is claimed.
  due_at timestamptz not null,
  -- This row is what stop, commit, cancel and deadline compete for: a commit ends it with outcome done, unless `stop` is set.
  stop text,
  ended_at timestamptz,
  released_at timestamptz,

  progress double precision not null default 0,
  heartbeat_at timestamptz,
  model text,
  model_files jsonb,
  answers text,
  train_seconds double precision,
  predict_seconds double precision,
  checkpoint jsonb not null default '[]',

  outcome text check (
    outcome in ('done', 'badInput', 'badOutput', 'crashed', 'resumable', 'lost', 'deadline', 'stopped')
  ),
  reason text,
  exit_code integer,
  signal text,
  log_bytes bigint not null default 0,

  unique (run, kind, number),
  check ((state = 'ended') = (ended_at is not null)),
  check ((state = 'ended') = (outcome is not null)),
  check (outcome <> 'done' or (stop is null and answers is not null and (kind = 'predict' or model is not null)))
);

-- I1.
create unique index one_open_attempt on launcher.attempts (run, kind) where state <> 'ended';

-- What an attempt was told of and what it stored. Whatever of it is not kept at the run's end, and is nobody else's, is removed.
create table launcher.attempt_blobs (
  attempt text not null references launcher.attempts,
  digest text not null,
  bytes bigint not null default 0,
  -- False between the announcement of an upload and its end.
  stored boolean not null,
  kept boolean not null,
  primary key (attempt, digest)
);

create index attempt_blobs_digest on launcher.attempt_blobs (digest);

create table launcher.log_chunks (
  attempt text not null references launcher.attempts,
  start_byte bigint not null,
  data bytea not null,
  primary key (attempt, start_byte)
);

-- What a model answered in an exam, by its own program: never asked twice.
create table launcher.answers (
  model text not null,
  exam text not null,
  program text not null,
  answers text not null,
  attempt text not null,
  made_at timestamptz not null default now(),
  primary key (model, exam, program)
);

-- How many slots a job type has: as configured, unless a person has changed it.
create table launcher.job_types (
  job_type text primary key,
  configured integer not null,
  chosen integer,
  actor text,
  reason text,
  changed_at timestamptz not null default now()
);

-- A retiring slot is gone when it is free.
create table launcher.slots (
  job_type text not null references launcher.job_types,
  number integer not null,
  run text unique references launcher.runs,
  retiring boolean not null default false,
  primary key (job_type, number)
);

create index slots_free on launcher.slots (job_type, number) where run is null and not retiring;

create table launcher.secrets (
  name text primary key,
  value bytea not null
);
