-- Null of a message that could not be read, or taken in: nobody knows which triggers it was for. It is in the ledger
-- all the same.
alter table intake.signals
  alter column trigger drop not null,
  alter column job_type drop not null;
