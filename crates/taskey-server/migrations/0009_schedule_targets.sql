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
