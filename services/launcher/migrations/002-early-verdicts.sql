-- Verdicts heard before the run that they are on has succeeded here: a launcher whose database was restored from a backup
-- runs again what it has forgotten, while the verdict on it is said already, and will not be said a second time.
create table launcher.early_verdicts (
  run text primary key,
  heard_at timestamptz not null default now()
);
