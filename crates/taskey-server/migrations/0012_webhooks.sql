-- webhooks, their keys, and what became of each delivery

CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  -- As it was written, as JSON.
  spec TEXT NOT NULL,
  -- The item types that it names, as a JSON list of ids.
  types TEXT NOT NULL,
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  failing_since BIGINT,
  last_success_at BIGINT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX webhook_name ON webhook (organization_id, name);

CREATE TABLE webhook_key (
  webhook_id TEXT NOT NULL REFERENCES webhook (id),
  number BIGINT NOT NULL,
  signing TEXT NOT NULL,
  -- Sealed under a master key.
  master_key BIGINT NOT NULL,
  wrapped_key {{bytes}} NOT NULL,
  value {{bytes}} NOT NULL,
  public_key TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  PRIMARY KEY (webhook_id, number)
);

CREATE TABLE delivery (
  id TEXT PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhook (id),
  organization_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  event TEXT NOT NULL,
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  attempt_count BIGINT NOT NULL DEFAULT 0,
  -- Tries since it was last begun: what the schedule counts.
  try_count BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT,
  -- A node sends it until then.
  claimed_until BIGINT,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE UNIQUE INDEX delivery_once ON delivery (webhook_id, item_id, seq);
CREATE INDEX delivery_due ON delivery (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX delivery_newest ON delivery (webhook_id, id);
CREATE INDEX delivery_of_item ON delivery (item_id);
CREATE INDEX delivery_old ON delivery (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE delivery_attempt (
  delivery_id TEXT NOT NULL REFERENCES delivery (id),
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  url TEXT NOT NULL,
  -- The numbers of the keys that signed it, as a JSON list.
  keys TEXT NOT NULL,
  status BIGINT,
  error TEXT,
  duration_ms BIGINT NOT NULL,
  response TEXT,
  PRIMARY KEY (delivery_id, number)
);

-- On SQLite events are in the order of their ids.
{{sqlite}} DROP INDEX event_order;
