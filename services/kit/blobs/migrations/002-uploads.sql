-- What is being stored: chunks whose upload is no blob yet. One that is not touched any more lost its process, and goes.
create table {schema}.uploads (
  upload uuid primary key,
  touched_at timestamptz not null default now()
);
