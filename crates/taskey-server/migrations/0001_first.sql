-- Times are milliseconds since 1970, flags 0 or 1, JSON is text. {{id}}, {{bytes}} and {{xid}} are filled in per database.

CREATE TABLE instance (
  id TEXT PRIMARY KEY,
  epoch BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE node (
  id TEXT PRIMARY KEY,
  started_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL
);

CREATE TABLE event (
  id {{id}},
  xid BIGINT NOT NULL DEFAULT {{xid}},
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  data TEXT NOT NULL
);
CREATE INDEX event_order ON event (xid, id);
CREATE INDEX event_organization ON event (organization_id, xid, id);
CREATE INDEX event_at ON event (at);

CREATE TABLE consumer (
  name TEXT PRIMARY KEY,
  xid BIGINT NOT NULL,
  id BIGINT NOT NULL
);

CREATE TABLE idempotency (
  organization_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status BIGINT NOT NULL,
  location TEXT,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organization_id, idempotency_key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);

-- accounts

CREATE TABLE organization (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);

CREATE TABLE user_account (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  username TEXT NOT NULL,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  is_super BIGINT NOT NULL,
  operator BIGINT NOT NULL,
  disabled_at BIGINT,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, username)
);
CREATE INDEX user_account_username ON user_account (username);

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  user_id TEXT NOT NULL REFERENCES user_account (id),
  token_hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  user_id TEXT NOT NULL REFERENCES user_account (id),
  name TEXT NOT NULL,
  key_hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT
);
CREATE INDEX api_key_organization ON api_key (organization_id, id);

CREATE TABLE audit (
  id {{id}},
  organization_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_organization ON audit (organization_id, id);

-- devices

CREATE TABLE enroll_token (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  token_hash TEXT NOT NULL UNIQUE,
  uses_left BIGINT NOT NULL,
  labels TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE device (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  signing_key {{bytes}} NOT NULL,
  sealing_key {{bytes}} NOT NULL,
  labels TEXT NOT NULL,
  facts TEXT NOT NULL,
  policy TEXT,
  agent_version TEXT NOT NULL,
  boot_id TEXT,
  presence TEXT NOT NULL,
  since BIGINT NOT NULL,
  node_id TEXT,
  generation BIGINT NOT NULL,
  credential_counter BIGINT NOT NULL,
  credential_at BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX device_name ON device (organization_id, name) WHERE removed_at IS NULL;
CREATE INDEX device_organization ON device (organization_id, id) WHERE removed_at IS NULL;
CREATE INDEX device_node ON device (node_id) WHERE presence = 'online';

-- tasks

CREATE TABLE task (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX task_name ON task (organization_id, name) WHERE removed_at IS NULL;
CREATE INDEX task_organization ON task (organization_id, id) WHERE removed_at IS NULL;

CREATE TABLE task_version (
  task_id TEXT NOT NULL REFERENCES task (id),
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (task_id, version)
);

-- The exact bytes that devices run, signed when the task was written.
CREATE TABLE task_document (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  digest TEXT NOT NULL,
  bytes {{bytes}} NOT NULL,
  signature {{bytes}} NOT NULL,
  PRIMARY KEY (organization_id, digest)
);

-- runs

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  task_id TEXT,
  task_name TEXT NOT NULL,
  task_version BIGINT,
  task_digest TEXT NOT NULL,
  cause_kind TEXT NOT NULL,
  cause_by TEXT NOT NULL,
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  open_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX run_organization ON run (organization_id, id);

CREATE TABLE run_document (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  authorization_bytes {{bytes}} NOT NULL,
  authorization_signature {{bytes}} NOT NULL,
  dispatch_bytes {{bytes}} NOT NULL,
  dispatch_signature {{bytes}} NOT NULL,
  leaf_count BIGINT NOT NULL
);

CREATE TABLE execution (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  run_id TEXT NOT NULL REFERENCES run (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  device_name TEXT NOT NULL,
  leaf_index BIGINT NOT NULL,
  leaf_path TEXT NOT NULL,
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  report_by BIGINT NOT NULL,
  dispatched_at BIGINT,
  started_at BIGINT,
  finished_at BIGINT,
  isolation TEXT,
  cancelled_by TEXT,
  output_len BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX execution_run ON execution (run_id, id);
CREATE INDEX execution_open ON execution (device_id, id) WHERE finished_at IS NULL;
CREATE INDEX execution_device ON execution (device_id, run_id);
CREATE INDEX execution_queued ON execution (expires_at) WHERE state = 'queued';
CREATE INDEX execution_unreported ON execution (report_by) WHERE finished_at IS NULL;

CREATE TABLE action_result (
  execution_id TEXT NOT NULL REFERENCES execution (id),
  position BIGINT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  code BIGINT,
  reason_code TEXT,
  reason_detail TEXT,
  started_at BIGINT,
  finished_at BIGINT,
  truncated_output BIGINT NOT NULL,
  truncated_error BIGINT NOT NULL,
  PRIMARY KEY (execution_id, position)
);

CREATE TABLE output_chunk (
  execution_id TEXT NOT NULL REFERENCES execution (id),
  seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  stream TEXT NOT NULL,
  bytes {{bytes}} NOT NULL,
  PRIMARY KEY (execution_id, seq)
);

-- Messages of devices that can never be taken in; they are acknowledged so that nothing waits behind them.
CREATE TABLE rejected_message (
  id {{id}},
  organization_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  detail TEXT NOT NULL,
  head {{bytes}} NOT NULL
);
CREATE INDEX rejected_message_at ON rejected_message (at);
