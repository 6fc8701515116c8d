-- What the sum of the ledger looks for: requests of which no run has started. There are few of them at any time.
create index requests_not_started on intake.requests (id)
  where state in ('waiting', 'fetching') or (state = 'requested' and coalesce(run_state, 'queued') = 'queued');
