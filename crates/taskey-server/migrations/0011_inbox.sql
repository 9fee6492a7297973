-- item types, items, and the log of everything that happened to each

CREATE TABLE item_type (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  -- Counts up with every edit.
  version BIGINT NOT NULL,
  -- The newest version, as JSON.
  spec TEXT NOT NULL,
  -- Whether only members of certain groups see its items: those in item_type_seer.
  is_closed BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  -- Of a type that is no more; its items keep their versions.
  removed_at BIGINT
);
CREATE UNIQUE INDEX item_type_name ON item_type (organization_id, name) WHERE removed_at IS NULL;

CREATE TABLE item_type_version (
  item_type_id TEXT NOT NULL REFERENCES item_type (id),
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  -- JSON: the groups that it names, with their ids, whatever they are called later.
  groups TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (item_type_id, version)
);

-- The groups whose members see items of a type that is closed.
CREATE TABLE item_type_seer (
  item_type_id TEXT NOT NULL REFERENCES item_type (id),
  group_id TEXT NOT NULL,
  PRIMARY KEY (item_type_id, group_id)
);

CREATE TABLE item (
  number {{id}},
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  item_type_id TEXT NOT NULL REFERENCES item_type (id),
  type_version BIGINT NOT NULL,
  title TEXT NOT NULL,
  -- JSON object.
  fields TEXT NOT NULL,
  state TEXT NOT NULL,
  is_open BIGINT NOT NULL,
  -- JSON of how it was resolved.
  resolution TEXT,
  reason_code TEXT,
  reason_detail TEXT,
  external_id TEXT,
  -- SHA-256 of the external id: it stays unique when the content is gone.
  external_hash TEXT,
  -- SHA-256 of the fields that items of the type are merged by.
  merge_hash TEXT,
  -- A user who may be no more.
  assignee_id TEXT,
  due_at BIGINT,
  -- When it is over by itself, where its type says so.
  timeout_at BIGINT,
  snoozed_until BIGINT,
  merged_into TEXT,
  comment_count BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  -- Who posted it may take it back: the user behind it.
  poster_id TEXT,
  updated_at BIGINT NOT NULL,
  closed_at BIGINT,
  -- When its content goes.
  erase_at BIGINT,
  erased_at BIGINT,
  -- Counts what is decided on.
  version BIGINT NOT NULL,
  -- The newest entry of its log, and that one's hash.
  seq BIGINT NOT NULL,
  log_hash TEXT NOT NULL,
  -- The indexed fields of its type, in a form whose order is that of their values.
  x1 TEXT, x2 TEXT, x3 TEXT, x4 TEXT, x5 TEXT, x6 TEXT, x7 TEXT, x8 TEXT,
  -- What it is searched by, ready for the index: small letters without accents, a space between words, each behind a mark of its
  -- organization. Of itself, and of its comments.
  words TEXT NOT NULL,
  said TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX item_external ON item (item_type_id, external_hash) WHERE external_hash IS NOT NULL;
CREATE INDEX item_all ON item (organization_id, created_at, id);
CREATE INDEX item_open ON item (organization_id, created_at, id) WHERE is_open = 1;
CREATE INDEX item_of_type ON item (item_type_id, created_at, id);
CREATE INDEX item_open_of_type ON item (item_type_id, created_at, id) WHERE is_open = 1;
CREATE INDEX item_assigned ON item (assignee_id, created_at, id) WHERE is_open = 1 AND assignee_id IS NOT NULL;
CREATE INDEX item_free ON item (organization_id, created_at, id) WHERE is_open = 1 AND assignee_id IS NULL;
CREATE INDEX item_due ON item (organization_id, COALESCE(due_at, 9223372036854775807), id) WHERE is_open = 1;
CREATE INDEX item_timeout ON item (timeout_at) WHERE is_open = 1 AND timeout_at IS NOT NULL;
CREATE INDEX item_snoozed ON item (organization_id, snoozed_until) WHERE is_open = 1 AND snoozed_until IS NOT NULL;
CREATE INDEX item_merge ON item (item_type_id, merge_hash) WHERE is_open = 1 AND merge_hash IS NOT NULL;
CREATE INDEX item_erase ON item (erase_at) WHERE erase_at IS NOT NULL;
CREATE INDEX item_x1 ON item (item_type_id, x1, created_at, id) WHERE x1 IS NOT NULL;
CREATE INDEX item_x2 ON item (item_type_id, x2, created_at, id) WHERE x2 IS NOT NULL;
CREATE INDEX item_x3 ON item (item_type_id, x3, created_at, id) WHERE x3 IS NOT NULL;
CREATE INDEX item_x4 ON item (item_type_id, x4, created_at, id) WHERE x4 IS NOT NULL;
CREATE INDEX item_x5 ON item (item_type_id, x5, created_at, id) WHERE x5 IS NOT NULL;
CREATE INDEX item_x6 ON item (item_type_id, x6, created_at, id) WHERE x6 IS NOT NULL;
CREATE INDEX item_x7 ON item (item_type_id, x7, created_at, id) WHERE x7 IS NOT NULL;
CREATE INDEX item_x8 ON item (item_type_id, x8, created_at, id) WHERE x8 IS NOT NULL;

-- item_text(QUERY) has the numbers of items with those words: `bank* AND trans*` are beginnings of words that an item has all.
-- On SQLite the index is a table that triggers keep; what is removed from it is gone from its pages too.
{{sqlite}} CREATE VIRTUAL TABLE item_text USING fts5 (words, said, content = 'item', content_rowid = 'number', tokenize = 'ascii', detail = 'none', columnsize = 0);
{{sqlite}} INSERT INTO item_text (item_text, rank) VALUES ('secure-delete', 1);
{{sqlite}} INSERT INTO item_text (item_text, rank) VALUES ('automerge', 8);
{{sqlite}} CREATE TRIGGER item_text_insert AFTER INSERT ON item BEGIN
  INSERT INTO item_text (rowid, words, said) VALUES (new.number, new.words, new.said); END;
{{sqlite}} CREATE TRIGGER item_text_update AFTER UPDATE OF words, said ON item WHEN new.words <> old.words OR new.said <> old.said BEGIN
  INSERT INTO item_text (item_text, rowid, words, said) VALUES ('delete', old.number, old.words, old.said); INSERT INTO item_text (rowid, words, said) VALUES (new.number, new.words, new.said); END;
{{sqlite}} CREATE TRIGGER item_text_delete AFTER DELETE ON item BEGIN
  INSERT INTO item_text (item_text, rowid, words, said) VALUES ('delete', old.number, old.words, old.said); END;
{{postgres}} CREATE FUNCTION item_words (words TEXT, said TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE AS
  $$ SELECT array_to_tsvector(array_remove(string_to_array(words || ' ' || said, ' '), '')) $$;
{{postgres}} CREATE INDEX item_text_words ON item USING gin (item_words(words, said));
{{postgres}} CREATE FUNCTION item_text (query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE sql STABLE AS
  $$ SELECT number FROM item WHERE item_words(words, said) @@ CAST(replace(replace(query, 'AND', '&'), '*', ':*') AS TSQUERY) $$;

-- It outlives its item and whoever acted: it refers to nothing.
CREATE TABLE item_log (
  item_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  organization_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  action TEXT NOT NULL,
  prev_state TEXT,
  state TEXT NOT NULL,
  -- JSON: what changed, and the item as it was after that. It goes with the item's content.
  content TEXT,
  -- Random; it goes with the content, so that nobody finds a short one again by trying.
  salt {{bytes}},
  content_hash TEXT NOT NULL,
  -- Over the entry before and this one.
  hash TEXT NOT NULL,
  PRIMARY KEY (item_id, seq)
);
CREATE INDEX item_log_organization ON item_log (organization_id, at);

-- Who looks at an item just now.
CREATE TABLE item_viewer (
  item_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (item_id, user_id)
);

-- Lists that somebody gave a name.
CREATE TABLE item_view (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  is_shared BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX item_view_name ON item_view (organization_id, user_id, name);
