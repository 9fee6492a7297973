-- calendars: when nothing is to begin, and which schedules name them

CREATE TABLE calendar (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- Counts up with every edit.
  version BIGINT NOT NULL,
  -- iCalendar or a list of holidays, as it was written.
  content TEXT NOT NULL,
  event_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX calendar_name ON calendar (organization_id, name);

-- The calendars of a schedule that is not removed, whatever they are called by now.
CREATE TABLE schedule_calendar (
  schedule_id TEXT NOT NULL REFERENCES schedule (id),
  calendar_id TEXT NOT NULL REFERENCES calendar (id),
  -- The version that the schedule's newest revision reckons with.
  calendar_version BIGINT NOT NULL,
  -- What the schedule's text calls it: its id, or the name that it had then.
  word TEXT NOT NULL,
  PRIMARY KEY (schedule_id, calendar_id)
);
CREATE INDEX schedule_calendar_used ON schedule_calendar (calendar_id, schedule_id);

-- When devices are to be given the events of the time after: what they hold goes up to a horizon.
ALTER TABLE schedule ADD COLUMN renew_at BIGINT;
CREATE INDEX schedule_renewed ON schedule (renew_at) WHERE renew_at IS NOT NULL AND removed_at IS NULL;
