-- The devices that a schedule is for now: also of one that is paused, or that the server fires, of which devices keep nothing.

CREATE TABLE schedule_target (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  PRIMARY KEY (schedule_id, device_id)
);
CREATE INDEX schedule_target_device ON schedule_target (device_id, schedule_id);

INSERT INTO schedule_target (schedule_id, device_id) SELECT schedule_id, device_id FROM schedule_device WHERE revision IS NOT NULL;
DROP INDEX schedule_device_wanted;

-- The next revision is later than this: numbers that a restored server gave away after its backup do not come again.
ALTER TABLE schedule ADD COLUMN revision_floor BIGINT NOT NULL DEFAULT 0;

-- Slots of schedules that the server fires, which are due and wait until an earlier run is over.
CREATE TABLE slot_waiting (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  at BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  -- What it will be once it begins.
  state TEXT NOT NULL,
  -- After this it is skipped.
  valid_until BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, at)
);
CREATE INDEX run_open_of_schedule ON run (schedule_id, slot_at) WHERE schedule_id IS NOT NULL AND finished_at IS NULL;

-- Of a schedule that runs once: what ran to its end under this revision or a later one counts. Somebody's edit or resumption moves it, a
-- revision that only follows a task or a calendar does not.
ALTER TABLE schedule ADD COLUMN once_since BIGINT NOT NULL DEFAULT 0;
UPDATE schedule SET once_since = revision;
