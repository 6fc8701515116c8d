-- Keys are bytes on a bus; and json, unlike jsonb, keeps headers that hold NUL or half of a surrogate pair.
alter table {schema}.messages
  alter column key type bytea using convert_to(key, 'UTF8'),
  alter column headers type json;
