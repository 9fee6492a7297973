-- output

-- What executions wrote: each distinct stream once for an organization, under the SHA-256 of its bytes.
CREATE TABLE output_content (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  digest TEXT NOT NULL,
  bytes {{bytes}} NOT NULL,
  PRIMARY KEY (organization_id, digest)
);

CREATE TABLE output_stream (
  execution_id TEXT NOT NULL REFERENCES execution (id),
  position BIGINT NOT NULL,
  stream TEXT NOT NULL,
  digest TEXT NOT NULL,
  len BIGINT NOT NULL,
  PRIMARY KEY (execution_id, position, stream)
);

-- Where an execution's output is: see runs/output/store.rs.
ALTER TABLE execution ADD COLUMN fold TEXT NOT NULL DEFAULT 'open';
-- What it has in common with the executions of its group.
ALTER TABLE execution ADD COLUMN outcome TEXT;
-- In which order its pieces came; last, since it may be long.
ALTER TABLE execution ADD COLUMN layout TEXT;
CREATE INDEX execution_fold ON execution (id) WHERE fold IN ('due', 'sweep');

UPDATE execution SET fold = 'due', outcome = '' WHERE finished_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM action_result r WHERE r.execution_id = execution.id);

-- How many executions a run has.
ALTER TABLE run ADD COLUMN target_count BIGINT NOT NULL DEFAULT 0;
UPDATE run SET target_count = (SELECT count(*) FROM execution e WHERE e.run_id = run.id);
