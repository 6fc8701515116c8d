-- A topic that is made anew begins at offset 0 again: another letter lies at a place that is known already. What tells
-- the two apart is the time of the message. Of the letters from before this, it was not kept.
alter table console.dead_letters
  add column lay_at timestamptz not null default '-infinity',
  drop constraint dead_letters_letter_partition_letter_offset_key,
  add unique (letter_partition, letter_offset, lay_at);
alter table console.dead_letters alter column lay_at drop default;
