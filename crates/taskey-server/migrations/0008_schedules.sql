-- schedules, their revisions, who keeps them, and what became of their slots

CREATE TABLE schedule (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  -- Counts up with every edit.
  version BIGINT NOT NULL,
  -- Counts up whenever what devices keep changes.
  revision BIGINT NOT NULL,
  spec TEXT NOT NULL,
  -- The targets of `spec` as ids: a name may come to mean another device.
  targets TEXT NOT NULL,
  task_id TEXT NOT NULL REFERENCES task (id),
  task_version BIGINT NOT NULL,
  -- A version of the task that does not run here yet.
  newer_version BIGINT,
  -- `active`, `paused` or `done`, and why.
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  -- 1: the server fires it.
  on_server BIGINT NOT NULL,
  -- Of one that the server fires: slots up to here are settled, and when to look again.
  settled_until BIGINT,
  next_at BIGINT,
  -- How many devices it is for.
  device_count BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  removed_at BIGINT
);
CREATE UNIQUE INDEX schedule_name ON schedule (organization_id, name) WHERE removed_at IS NULL;
CREATE INDEX schedule_task ON schedule (task_id) WHERE removed_at IS NULL;
CREATE INDEX schedule_due ON schedule (next_at) WHERE on_server = 1 AND state = 'active' AND removed_at IS NULL AND next_at IS NOT NULL;

CREATE TABLE schedule_version (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (schedule_id, version)
);

-- What devices keep: the signed document, and the task that it names.
CREATE TABLE schedule_revision (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  revision BIGINT NOT NULL,
  document {{bytes}} NOT NULL,
  signature {{bytes}} NOT NULL,
  digest TEXT NOT NULL,
  task_name TEXT NOT NULL,
  task_version BIGINT NOT NULL,
  task_digest TEXT NOT NULL,
  -- The longest that its task may take, in milliseconds.
  timeout_ms BIGINT NOT NULL,
  run_once BIGINT NOT NULL,
  names_secrets BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, revision)
);

-- Which devices a schedule is for, and what each of them says that it keeps.
CREATE TABLE schedule_device (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  -- The revision that it is to keep; null once the schedule is not for it any more.
  revision BIGINT,
  held_revision BIGINT,
  -- It is there for slots of that revision later than this.
  held_since BIGINT,
  -- The revision of which an execution ran to its end, where the schedule is to run once.
  completed_revision BIGINT,
  PRIMARY KEY (schedule_id, device_id)
);
CREATE INDEX schedule_device_kept ON schedule_device (device_id, schedule_id) WHERE revision IS NOT NULL;
CREATE INDEX schedule_device_wanted ON schedule_device (schedule_id, device_id) WHERE revision IS NOT NULL;

-- What a device is to keep, as a whole: its number goes up with every change.
CREATE TABLE device_assignment (
  device_id TEXT PRIMARY KEY REFERENCES device (id),
  number BIGINT NOT NULL,
  -- When it was signed last, for its lease.
  issued_at BIGINT NOT NULL,
  -- What the device said that it keeps, and until when.
  held_number BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT,
  timezone TEXT NOT NULL DEFAULT ''
);

-- Settled slots; those in a row that began nothing for the same reason are one row, from `at` to `until_at`.
CREATE TABLE slot (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  revision BIGINT NOT NULL,
  -- A device, or empty where the server fires.
  target TEXT NOT NULL,
  at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  slot_count BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason_code TEXT,
  reason_detail TEXT,
  late_ms BIGINT,
  run_id TEXT,
  execution_id TEXT,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, revision, target, at)
);
CREATE INDEX slot_of_schedule ON slot (schedule_id, at, target);
CREATE INDEX slot_recorded ON slot (recorded_at);

ALTER TABLE run ADD COLUMN schedule_id TEXT;
ALTER TABLE run ADD COLUMN schedule_revision BIGINT;
ALTER TABLE run ADD COLUMN slot_at BIGINT;
CREATE INDEX run_of_schedule ON run (schedule_id, slot_at) WHERE schedule_id IS NOT NULL;
