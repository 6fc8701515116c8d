-- What this service has to say, in the order in which it became true. Published rows stay a while: see the relay.
create table {schema}.outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  key text,
  headers jsonb not null,
  value bytea,
  appended_at timestamptz not null default now(),
  published_at timestamptz
);

create index outbox_unpublished on {schema}.outbox (id) where published_at is null;
create index outbox_published on {schema}.outbox (published_at) where published_at is not null;

-- Where each consumer group of this service goes on reading; moved in the transaction of the effect.
create table {schema}.offsets (
  consumer_group text not null,
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  moved_at timestamptz not null default now(),
  primary key (consumer_group, topic, partition)
);
