-- What a bus will never take is set aside with its reason; whoever clears `refused_at` has it sent after all.
alter table {schema}.outbox add column refused_at timestamptz, add column refusal text;

drop index {schema}.outbox_unpublished;
create index outbox_unpublished on {schema}.outbox (id) where published_at is null and refused_at is null;
create index outbox_refused on {schema}.outbox (refused_at) where refused_at is not null;

-- Since when a send is in progress, or was when its relay was cut off: one row.
create table {schema}.relay (
  one boolean primary key default true check (one),
  sending_since timestamptz
);
insert into {schema}.relay default values;
