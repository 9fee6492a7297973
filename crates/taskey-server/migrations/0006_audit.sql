-- audit: its chain, and looking into it

-- The user behind the actor: of a key its owner.
ALTER TABLE audit ADD COLUMN user_id TEXT;
-- The place in the organization's chain, and the hash over the entry before and this one; null until it is sealed.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN hash {{bytes}};

UPDATE audit SET user_id = actor_id WHERE actor_kind = 'user';
UPDATE audit SET user_id = (SELECT k.user_id FROM api_key k WHERE k.id = audit.actor_id) WHERE actor_kind = 'key';

-- The newest signed head of each organization's chain.
CREATE TABLE audit_head (
  organization_id TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash {{bytes}} NOT NULL,
  at BIGINT NOT NULL,
  signature {{bytes}} NOT NULL
);

CREATE UNIQUE INDEX audit_seq ON audit (organization_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (organization_id, id) WHERE seq IS NULL;

-- Newest first, by what people look for; of sealed rows, so that what is done does not wait for all of these.
DROP INDEX audit_organization;
CREATE INDEX audit_at ON audit (organization_id, at, id) WHERE seq IS NOT NULL;
CREATE INDEX audit_user ON audit (organization_id, user_id, at, id) WHERE seq IS NOT NULL;
CREATE INDEX audit_actor ON audit (organization_id, actor_id, at, id) WHERE seq IS NOT NULL;
CREATE INDEX audit_actor_name ON audit (organization_id, actor_name, at, id) WHERE seq IS NOT NULL;
CREATE INDEX audit_subject ON audit (organization_id, subject, at, id) WHERE seq IS NOT NULL;
CREATE INDEX audit_action ON audit (organization_id, action, at, id) WHERE seq IS NOT NULL;
-- The noun of an action with its dot, such as `device.`.
CREATE INDEX audit_noun ON audit (organization_id, (rtrim(action, replace(action, '.', ''))), at, id) WHERE seq IS NOT NULL;
