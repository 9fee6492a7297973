-- lists of what is over; the webhook of a type whatever it is called; keys of applications; items come into SQLite's index of words some
-- time after they are posted

CREATE INDEX item_closed ON item (organization_id, created_at, id) WHERE is_open = 0;
CREATE INDEX item_closed_of_type ON item (item_type_id, created_at, id) WHERE is_open = 0;
CREATE INDEX item_closed_due ON item (organization_id, COALESCE(due_at, 9223372036854775807), id) WHERE is_open = 0;
CREATE INDEX item_merged ON item (merged_into, created_at, id) WHERE merged_into IS NOT NULL;

-- The webhook that a version names.
ALTER TABLE item_type_version ADD COLUMN webhook_id TEXT;
{{sqlite}} UPDATE item_type_version SET webhook_id = (SELECT w.id FROM webhook w JOIN item_type t ON t.organization_id = w.organization_id
  WHERE t.id = item_type_version.item_type_id AND json_extract(item_type_version.spec, '$.webhook') IN (w.id, w.name));
{{postgres}} UPDATE item_type_version v SET webhook_id = w.id FROM webhook w, item_type t
  WHERE t.id = v.item_type_id AND w.organization_id = t.organization_id AND CAST(v.spec AS JSON) ->> 'webhook' IN (w.id, w.name);

-- Whether the application brought it; of `ed25519` it is a public key then.
ALTER TABLE webhook_key ADD COLUMN imported BIGINT NOT NULL DEFAULT 0;

-- Up to this number they are in the index. Those behind it come into it many at once, and before somebody searches.
{{sqlite}} CREATE TABLE item_text_progress (up_to BIGINT NOT NULL);
{{sqlite}} INSERT INTO item_text_progress (up_to) SELECT COALESCE(MAX(number), 0) FROM item;
{{sqlite}} DROP TRIGGER item_text_insert;
{{sqlite}} DROP TRIGGER item_text_update;
{{sqlite}} DROP TRIGGER item_text_delete;
{{sqlite}} CREATE TRIGGER item_text_update AFTER UPDATE OF words, said ON item
  WHEN (new.words <> old.words OR new.said <> old.said) AND old.number <= (SELECT up_to FROM item_text_progress) BEGIN
  INSERT INTO item_text (item_text, rowid, words, said) VALUES ('delete', old.number, old.words, old.said); INSERT INTO item_text (rowid, words, said) VALUES (new.number, new.words, new.said); END;
{{sqlite}} CREATE TRIGGER item_text_delete AFTER DELETE ON item WHEN old.number <= (SELECT up_to FROM item_text_progress) BEGIN
  INSERT INTO item_text (item_text, rowid, words, said) VALUES ('delete', old.number, old.words, old.said); END;
