-- organizations, users, groups of users and their roles, invitations; groups of devices

ALTER TABLE organization ADD COLUMN disabled_at BIGINT;
-- When a deleted organization is removed for good.
ALTER TABLE organization ADD COLUMN delete_at BIGINT;
-- Counts up whenever somebody's rights may have changed; what is remembered of them carries it.
ALTER TABLE organization ADD COLUMN access_revision BIGINT NOT NULL DEFAULT 1;
CREATE INDEX organization_delete_at ON organization (delete_at) WHERE delete_at IS NOT NULL;

-- Roles are 0 none, 1 read-only, 2 self-service, 3 admin.
CREATE TABLE user_group (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  is_super BIGINT NOT NULL,
  role BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, name)
);
CREATE UNIQUE INDEX user_group_super ON user_group (organization_id) WHERE is_super = 1;

CREATE TABLE group_member (
  user_id TEXT NOT NULL REFERENCES user_account (id),
  group_id TEXT NOT NULL REFERENCES user_group (id),
  PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_member_group ON group_member (group_id, user_id);

-- Another role of a group in one place. The only kind of place so far is `device_group`.
CREATE TABLE group_override (
  group_id TEXT NOT NULL REFERENCES user_group (id),
  scope_kind TEXT NOT NULL,
  scope_id TEXT NOT NULL,
  role BIGINT NOT NULL,
  PRIMARY KEY (group_id, scope_kind, scope_id)
);
CREATE INDEX group_override_scope ON group_override (scope_kind, scope_id);

-- Every organization has its super users from now on in a group; the id is the organization's own, with another prefix.
INSERT INTO user_group (id, organization_id, name, is_super, role, revision, created_at)
  SELECT 'grp_' || substr(id, 5), id, 'super', 1, 3, 1, created_at FROM organization;
INSERT INTO group_member (user_id, group_id)
  SELECT id, 'grp_' || substr(organization_id, 5) FROM user_account WHERE is_super = 1;
ALTER TABLE user_account DROP COLUMN is_super;

-- An empty password hash: there is no password yet.
ALTER TABLE user_account ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE user_account ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE user_account ADD COLUMN signed_in_at BIGINT;
ALTER TABLE user_account ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;

-- The newest link of a user by which a password is set; a used one is gone.
CREATE TABLE invitation (
  user_id TEXT PRIMARY KEY REFERENCES user_account (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  token_hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX session_of_user ON session (user_id, id);

ALTER TABLE api_key ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
-- Comes from the server's settings.
ALTER TABLE api_key ADD COLUMN configured BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_key_of_user ON api_key (user_id, id);

CREATE TABLE device_group (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, name)
);

-- A device that was removed stays in its groups, marked as such: they say who may look at what it did.
CREATE TABLE device_group_member (
  device_id TEXT NOT NULL REFERENCES device (id),
  device_group_id TEXT NOT NULL REFERENCES device_group (id),
  removed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (device_id, device_group_id)
);
CREATE INDEX device_group_member_group ON device_group_member (device_group_id, removed, device_id);

-- The groups that a device is put into that joins with it, as JSON.
ALTER TABLE enroll_token ADD COLUMN device_groups TEXT NOT NULL DEFAULT '[]';

-- The user who started it; older runs know only a name.
ALTER TABLE run ADD COLUMN user_id TEXT;
