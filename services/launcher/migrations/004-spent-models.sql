-- Since when it is certain that the run's model will never be in force: rejected or overtaken. Null again once it is forgotten.
alter table launcher.runs add column spent_at timestamptz;
create index runs_spent on launcher.runs (spent_at) where spent_at is not null;
