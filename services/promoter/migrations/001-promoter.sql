-- What every writer locks before it changes anything of the key or says anything about it.
create table promoter.keys (
  bot text not null,
  job_type text not null,
  -- Machines put in force only generations above it. It only grows.
  fence bigint not null default 0,
  -- The highest generation that anybody has spoken of: what a rollback raises the fence to.
  highest_generation bigint not null default 0,
  -- The champion in force; 0 as long as there has been none.
  champion_sequence bigint not null default 0,
  -- A person's word that machines only hold.
  pinned boolean not null default false,
  pin_actor text,
  pin_reason text,
  pinned_at timestamptz,
  -- Generations requested before it are below the fence, even where their request arrives later.
  rolled_back_at timestamptz,
  primary key (bot, job_type),
  check (pinned = (pinned_at is not null))
);

-- One row per evaluated model. States: evaluated -> promoted | held | rejected; held -> promoted | rejected | overtaken | expired.
create table promoter.models (
  run text primary key,
  -- Pages the history.
  id bigint generated always as identity unique,
  bot text not null,
  job_type text not null,
  generation bigint not null,
  evaluation text not null unique,
  model_url text not null,
  model_digest text not null,
  -- The evaluation itself, a blob.
  document text not null,
  -- As the request froze it.
  policy jsonb not null,
  cause jsonb not null,
  state text not null default 'evaluated'
    check (state in ('evaluated', 'promoted', 'held', 'rejected', 'overtaken', 'expired')),
  received_at timestamptz not null default now(),
  failures integer not null default 0,
  -- Evaluated: when the verdict may be tried. Held: when it expires.
  due_at timestamptz default now(),
  -- The machine's word, with what was true of the key then: with document and policy, all that it depends on.
  verdict jsonb,
  facts jsonb,
  -- Who made the state what it is.
  decided_by text check (decided_by in ('policy', 'person', 'limit')),
  actor text,
  reason text,
  decided_at timestamptz,
  -- Overtaken: the run whose model was put in force.
  overtaken_by text,
  foreign key (bot, job_type) references promoter.keys,
  check ((state = 'evaluated') = (verdict is null) and (verdict is null) = (facts is null)),
  check ((state = 'evaluated') = (decided_by is null)),
  check ((state in ('evaluated', 'held')) = (due_at is not null))
);

create index models_evaluated on promoter.models (due_at) where state = 'evaluated';
create index models_held on promoter.models (due_at) where state = 'held';
create index models_of_key on promoter.models (bot, job_type, state);

-- Every model that was ever in force, in order: a rollback is a new row with the next sequence.
create table promoter.champions (
  bot text not null,
  job_type text not null,
  sequence bigint not null,
  run text not null references promoter.models,
  decided_by text not null check (decided_by in ('policy', 'person')),
  actor text,
  reason text not null,
  decided_at timestamptz not null default now(),
  primary key (bot, job_type, sequence),
  foreign key (bot, job_type) references promoter.keys
);

-- What people decided, with the champion that they had before their eyes.
create table promoter.decisions (
  id bigint generated always as identity primary key,
  bot text not null,
  job_type text not null,
  action text not null check (action in ('approve', 'reject', 'rollback', 'unpin')),
  run text,
  actor text not null,
  reason text not null,
  champion_sequence bigint not null,
  decided_at timestamptz not null default now(),
  foreign key (bot, job_type) references promoter.keys
);

create index decisions_of_key on promoter.decisions (bot, job_type, id);
