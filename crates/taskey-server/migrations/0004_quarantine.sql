-- quarantine

-- Since when two holders of its keys are known to be at work; until it has new keys, nobody is let in as this device.
ALTER TABLE device ADD COLUMN quarantined_at BIGINT;
-- A token that gives this device new keys, and no other use.
ALTER TABLE enroll_token ADD COLUMN device_id TEXT;
