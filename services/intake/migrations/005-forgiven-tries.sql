-- Tries that failed for our own sake: they do not count towards how often a dataset is tried.
alter table intake.requests add column fetch_forgiven integer not null default 0;
