-- A blob appears in one statement, when all of its chunks are stored and its digest is known; until then its chunks belong to an upload.
create table {schema}.blobs (
  digest text primary key,
  upload uuid not null,
  bytes bigint not null,
  created_at timestamptz not null default now()
);

create table {schema}.chunks (
  upload uuid not null,
  start_byte bigint not null,
  data bytea not null,
  created_at timestamptz not null default now(),
  primary key (upload, start_byte)
);

-- Model weights do not shrink: trying to compress them would cost time and save nothing.
alter table {schema}.chunks alter column data set storage external;
