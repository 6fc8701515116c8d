-- A key may be longer than an index can hold: a line is found by the hash of its key.
alter table {schema}.parked_lines drop constraint parked_lines_consumer_group_topic_key_key;
create unique index parked_lines_by_key on {schema}.parked_lines (consumer_group, topic, sha256(key));

-- The latest time of a message that the group has handled: a log that was made anew holds later ones only.
alter table {schema}.offsets add column handled_until timestamptz;
