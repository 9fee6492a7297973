-- epochs and restores

-- Since when a restored instance has waited for its operator; while it does, nothing is started and nothing from before is sent.
ALTER TABLE instance ADD COLUMN quiet_since BIGINT;
-- When the backup was made that this instance was restored from.
ALTER TABLE instance ADD COLUMN restored_from BIGINT;
-- In which epoch its order was signed: orders of an earlier one are not sent again. There was one epoch so far.
ALTER TABLE execution ADD COLUMN epoch BIGINT NOT NULL DEFAULT 1;
CREATE INDEX execution_waiting ON execution (organization_id, id) WHERE state = 'queued';
-- The execution that a rejected message is about, where this database does not know it.
ALTER TABLE rejected_message ADD COLUMN execution_id TEXT;
CREATE INDEX rejected_message_execution ON rejected_message (device_id, execution_id) WHERE execution_id IS NOT NULL;
