-- Datasets that were checked and found usable; the bytes are blobs.
create table intake.datasets (
  digest text primary key,
  bytes bigint not null,
  row_count integer not null,
  text_count integer not null,
  intents integer not null,
  remarks jsonb not null,
  stored_at timestamptz not null default now()
);

-- A dataset divided into training part and exam, once per share and version of the dividing function.
create table intake.splits (
  dataset text not null references intake.datasets,
  held_out_share double precision not null,
  version integer not null,
  train text not null,
  exam_texts text not null,
  exam_labels text not null,
  train_rows integer not null,
  exam_rows integer not null,
  remarks jsonb not null,
  primary key (dataset, held_out_share, version)
);
