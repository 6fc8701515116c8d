-- What an attempt has stored itself counts towards what it may store, and what it was told of does not.
alter table launcher.attempt_blobs add column uploaded boolean not null default false;
