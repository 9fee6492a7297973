-- A key that signing in has made stands for a person at a command line.
ALTER TABLE api_key ADD COLUMN signed_in BIGINT NOT NULL DEFAULT 0;

-- secrets

-- The value under a data key, that under the master key of that number; see platform/vault.rs.
CREATE TABLE secret (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  master_key BIGINT NOT NULL,
  wrapped_key {{bytes}} NOT NULL,
  sealed_value {{bytes}} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX secret_name ON secret (organization_id, name);
CREATE INDEX secret_master_key ON secret (master_key);
