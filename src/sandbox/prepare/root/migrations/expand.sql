-- What @release@ needs of the schema, and nothing that the release before does not bear: only added, never taken away or
-- renamed (expand). What is not used any more goes with a later release (contract). It may be run twice.
SET LOCAL lock_timeout = '5s';
ALTER TABLE elastic_keys ADD COLUMN IF NOT EXISTS last_used_at timestamptz;
CREATE INDEX IF NOT EXISTS elastic_keys_last_used_at ON elastic_keys (last_used_at);
