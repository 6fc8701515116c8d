-- How an attempt stands in the executor's words (what it waits for, where it runs), and since when.
alter table launcher.attempts add column standing text, add column standing_since timestamptz;
-- What the executor's world said of it, told before its traces go: [{ at, words }].
alter table launcher.attempts add column remarks jsonb not null default '[]';
