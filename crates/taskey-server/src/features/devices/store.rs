//! Queries on the tables of devices.

use std::collections::{HashMap, HashSet};

use taskey_proto::Time;
use taskey_proto::access::{DeviceGroupRef, Role};
use taskey_proto::crypto::PublicKey;
use taskey_proto::devices::{Device, Labels, Presence, Quarantine};
use taskey_proto::id::{DeviceGroupId, DeviceId, EnrollTokenId, ExecutionId, NodeId, OrganizationId};
use taskey_proto::problem::Reason;

use super::model::LastCredential;
use crate::features::accounts::{Scope, Sight};
use crate::platform::db::{Args, Db, DbError, IntoVal, Row, Source, Tx};
use crate::platform::mqtt::uplink::LineDevice;
use crate::{args, sees_device, sql};

pub(super) struct NewToken {
    pub id: EnrollTokenId,
    pub token_hash: String,
    pub uses: u32,
    pub labels: Labels,
    /// What every device that joins with it is put into.
    pub groups: Vec<DeviceGroupId>,
    /// The device that it gives new keys to.
    pub device: Option<DeviceId>,
    pub expires_at: Time,
}

pub(super) async fn insert_token(tx: &mut Tx<'_>, organization: OrganizationId, token: &NewToken, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO enroll_token (id, organization_id, token_hash, uses_left, labels, created_at, expires_at, device_id, \
         device_groups) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let (labels, groups) = (serde_json::json!(token.labels).to_string(), serde_json::json!(token.groups).to_string());
    let values = args![token.id, organization, &token.token_hash, token.uses, labels, now, token.expires_at, token.device, groups];
    tx.execute(sql, values).await.map(|_| ())
}

pub(super) struct TokenUse {
    pub id: EnrollTokenId,
    /// The device that it gives new keys to; `None` for one that lets new devices in.
    pub device: Option<DeviceId>,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub labels: Labels,
    pub groups: Vec<DeviceGroupId>,
}

/// Uses a token up by one; `None` when it is unknown, used up or expired.
pub(super) async fn use_token(tx: &mut Tx<'_>, token_hash: &str, now: Time) -> Result<Option<TokenUse>, DbError> {
    let sql = sql!(
        "UPDATE enroll_token SET uses_left = uses_left - 1 WHERE token_hash = $1 AND uses_left > 0 AND expires_at > $2 \
         RETURNING id, organization_id, labels, device_id, device_groups"
    );
    let Some(row) = tx.row(sql, args![token_hash, now]).await? else { return Ok(None) };
    let organization: OrganizationId = row.get("organization_id")?;
    let name = sql!("SELECT name FROM organization WHERE id = $1 AND disabled_at IS NULL");
    let Some(name) = tx.row(name, args![organization]).await? else { return Ok(None) };
    Ok(Some(TokenUse {
        id: row.get("id")?,
        device: row.get("device_id")?,
        organization,
        organization_name: name.get("name")?,
        labels: row.json("labels")?,
        groups: row.json("device_groups")?,
    }))
}

pub(super) async fn delete_tokens_expired(tx: &mut Tx<'_>, now: Time) -> Result<u64, DbError> {
    let sql = sql!("DELETE FROM enroll_token WHERE id IN (SELECT id FROM enroll_token WHERE expires_at <= $1 OR uses_left = 0 LIMIT 500)");
    tx.execute(sql, args![now]).await
}

/// Names of an organization's devices that begin with `prefix`.
pub(super) async fn names_like(tx: &mut Tx<'_>, organization: OrganizationId, prefix: &str) -> Result<Vec<String>, DbError> {
    let sql =
        sql!("SELECT name FROM device WHERE organization_id = $1 AND removed_at IS NULL AND substr(name, 1, CAST($3 AS INTEGER)) = $2");
    let rows = tx.rows(sql, args![organization, prefix, prefix.chars().count()]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

pub(super) struct NewDevice {
    pub id: DeviceId,
    pub signing_key: PublicKey,
    pub sealing_key: PublicKey,
    pub facts: Labels,
    pub agent_version: String,
}

pub(super) async fn insert_device(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    device: &NewDevice,
    name: &str,
    labels: &Labels,
    now: Time,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO device (id, organization_id, name, signing_key, sealing_key, labels, facts, agent_version, presence, since, generation, \
         credential_counter, credential_at, revision, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'offline', $9, 0, 0, 0, 1, $9)"
    );
    let (labels, facts) = (serde_json::json!(labels).to_string(), serde_json::json!(device.facts).to_string());
    let keys = (device.signing_key.0.to_vec(), device.sealing_key.0.to_vec());
    let values = args![device.id, organization, name, keys.0, keys.1, labels, facts, &device.agent_version, now];
    tx.execute(sql, values).await.map(|_| ())
}

/// What signing in needs to know of a device.
pub(super) struct KnownDevice {
    pub id: DeviceId,
    pub organization: OrganizationId,
    pub name: String,
    pub signing_key: PublicKey,
    pub last_credential: LastCredential,
    pub is_quarantined: bool,
}

pub(super) async fn known_device(db: &Db, id: DeviceId) -> Result<Option<KnownDevice>, DbError> {
    let sql = sql!(
        "SELECT d.organization_id, d.name, d.signing_key, d.credential_counter, d.credential_at, d.quarantined_at FROM device d \
         JOIN organization o ON o.id = d.organization_id WHERE d.id = $1 AND d.removed_at IS NULL AND o.disabled_at IS NULL"
    );
    let Some(row) = db.row(sql, args![id]).await? else { return Ok(None) };
    let key: Vec<u8> = row.get("signing_key")?;
    let key = key.try_into().map_err(|_| DbError::Column { column: "signing_key".to_owned(), detail: "not 32 bytes".to_owned() })?;
    Ok(Some(KnownDevice {
        id,
        organization: row.get("organization_id")?,
        name: row.get("name")?,
        signing_key: PublicKey(key),
        last_credential: LastCredential { counter: row.get("credential_counter")?, asked_at: row.get("credential_at")? },
        is_quarantined: row.get::<Option<i64>>("quarantined_at")?.is_some(),
    }))
}

/// Puts a device into quarantine; false when it is there already, or was removed.
pub(super) async fn quarantine(tx: &mut Tx<'_>, id: DeviceId, now: Time) -> Result<bool, DbError> {
    let sql = sql!("UPDATE device SET quarantined_at = $2 WHERE id = $1 AND quarantined_at IS NULL AND removed_at IS NULL");
    Ok(tx.execute(sql, args![id, now]).await? > 0)
}

/// Gives a device new keys, which end its quarantine, and every line that came up before; its name. `None` when it was removed.
pub(super) async fn give_keys(tx: &mut Tx<'_>, id: DeviceId, device: &NewDevice) -> Result<Option<String>, DbError> {
    let sql = sql!(
        "UPDATE device SET signing_key = $2, sealing_key = $3, credential_counter = 0, credential_at = 0, quarantined_at = NULL, \
         agent_version = $4, revision = revision + 1, generation = generation + 1 WHERE id = $1 AND removed_at IS NULL RETURNING name"
    );
    let keys = (device.signing_key.0.to_vec(), device.sealing_key.0.to_vec());
    tx.row(sql, args![id, keys.0, keys.1, &device.agent_version]).await?.map(|row| row.get("name")).transpose()
}

pub(super) struct LineUp {
    pub generation: u64,
    pub was_online: bool,
    /// Whether the line before this one is, or was, on another node.
    pub was_elsewhere: bool,
}

/// A new line of a device: the next generation, online. `None` when the device was removed in the meantime.
pub(super) async fn line_up(tx: &mut Tx<'_>, id: DeviceId, node: NodeId, now: Time) -> Result<Option<LineUp>, DbError> {
    let before = sql!("SELECT presence, generation, node_id FROM device WHERE id = $1 AND removed_at IS NULL");
    let Some(row) = tx.row(before, args![id]).await? else { return Ok(None) };
    let was_online = row.get::<String>("presence")? == "online";
    let was_elsewhere = row.get::<Option<NodeId>>("node_id")?.is_some_and(|before| before != node);
    let generation = row.get::<u64>("generation")? + 1;
    let sql = sql!(
        "UPDATE device SET generation = $2, node_id = $3, presence = 'online', since = CASE WHEN presence = 'online' THEN since ELSE $4 END \
         WHERE id = $1"
    );
    tx.execute(sql, args![id, generation, node, now]).await?;
    Ok(Some(LineUp { generation, was_online, was_elsewhere }))
}

/// The generation of a device's newest line; `None` for one that is shut out: removed, in quarantine, or of a disabled organization.
pub(super) async fn newest_line(db: &Db, id: DeviceId) -> Result<Option<u64>, DbError> {
    let sql = sql!(
        "SELECT d.generation FROM device d JOIN organization o ON o.id = d.organization_id \
         WHERE d.id = $1 AND d.removed_at IS NULL AND d.quarantined_at IS NULL AND o.disabled_at IS NULL"
    );
    db.row(sql, args![id]).await?.map(|row| row.get("generation")).transpose()
}

pub(super) async fn remember_credential(tx: &mut Tx<'_>, id: DeviceId, counter: u64, asked_at: Time) -> Result<(), DbError> {
    let sql = sql!("UPDATE device SET credential_counter = $2, credential_at = $3 WHERE id = $1 AND credential_counter < $2");
    tx.later(sql, args![id, counter, asked_at]).await
}

/// Offline since `since`, unless a newer line has come up. True when this changed something.
pub(super) async fn line_down(tx: &mut Tx<'_>, device: &LineDevice, since: Time) -> Result<bool, DbError> {
    let sql = sql!(
        "UPDATE device SET presence = 'offline', since = $3, node_id = NULL \
         WHERE id = $1 AND generation = $2 AND presence = 'online' AND removed_at IS NULL"
    );
    Ok(tx.execute(sql, args![device.id, device.generation, since]).await? > 0)
}

/// Devices whose node is gone, a bounded number of them: now offline.
pub(super) async fn devices_of_dead_nodes(tx: &mut Tx<'_>, now: Time) -> Result<Vec<(DeviceId, OrganizationId)>, DbError> {
    let sql = sql!(
        "UPDATE device SET presence = 'offline', since = $1, node_id = NULL WHERE id IN (SELECT d.id FROM device d \
         WHERE d.presence = 'online' AND d.removed_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM node n WHERE n.id = d.node_id AND n.lease_until > $1) LIMIT 200) RETURNING id, organization_id"
    );
    let rows = tx.rows(sql, args![now]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("organization_id")?))).collect()
}

pub(super) async fn renew_lease(tx: &mut Tx<'_>, node: NodeId, started_at: Time, until: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO node (id, started_at, lease_until) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
    );
    tx.execute(sql, args![node, started_at, until]).await.map(|_| ())
}

pub(super) async fn delete_dead_nodes(tx: &mut Tx<'_>, before: Time) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM node WHERE lease_until < $1"), args![before]).await.map(|_| ())
}

/// What an agent says of itself; true when something is new.
pub(super) async fn take_facts(tx: &mut Tx<'_>, id: DeviceId, sync: &taskey_proto::line::Sync) -> Result<bool, DbError> {
    let (facts, policy) = (serde_json::json!(sync.facts).to_string(), sync.policy.to_string());
    let sql = sql!(
        "UPDATE device SET facts = $2, policy = $3, agent_version = $4, boot_id = $5 \
         WHERE id = $1 AND (facts <> $2 OR policy IS NULL OR policy <> $3 OR agent_version <> $4 OR boot_id IS NULL OR boot_id <> $5)"
    );
    Ok(tx.execute(sql, args![id, facts, policy, &sync.agent_version, &sync.boot_id]).await? > 0)
}

pub(super) async fn is_enrolled(tx: &mut Tx<'_>, id: DeviceId) -> Result<bool, DbError> {
    Ok(tx.row(sql!("SELECT 1 AS one FROM device WHERE id = $1 AND removed_at IS NULL"), args![id]).await?.is_some())
}

/// A message that is not taken in.
pub(super) struct Rejected<'a> {
    pub why: &'a str,
    /// The execution that it is about, where there is no such here.
    pub execution: Option<ExecutionId>,
    pub bytes: &'a [u8],
}

/// Keeps a message that is not taken in. One about an unknown execution is kept once, however often it comes.
pub(super) async fn reject_message(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    device: DeviceId,
    rejected: Rejected<'_>,
    now: Time,
) -> Result<(), DbError> {
    let head = &rejected.bytes[..rejected.bytes.len().min(1_024)];
    if let Some(execution) = rejected.execution {
        let sql = sql!("SELECT id FROM rejected_message WHERE device_id = $1 AND execution_id = $2 AND head = $3");
        if tx.row(sql, args![device, execution, head]).await?.is_some() {
            return Ok(());
        }
    }
    let sql =
        sql!("INSERT INTO rejected_message (organization_id, device_id, at, detail, head, execution_id) VALUES ($1, $2, $3, $4, $5, $6)");
    tx.execute(sql, args![organization, device, now, rejected.why, head, rejected.execution]).await.map(|_| ())
}

pub(super) async fn delete_messages_rejected_before(tx: &mut Tx<'_>, before: Time) -> Result<(), DbError> {
    let sql = sql!("DELETE FROM rejected_message WHERE id IN (SELECT id FROM rejected_message WHERE at <= $1 ORDER BY at LIMIT 500)");
    tx.execute(sql, args![before]).await.map(|_| ())
}

/// A device with the number of its last change and the groups that it is in.
pub struct DeviceRow {
    pub device: Device,
    pub revision: u64,
    pub groups: Vec<DeviceGroupRef>,
}

impl DeviceRow {
    pub fn scopes(&self) -> Vec<Scope> {
        self.groups.iter().map(|group| Scope::DeviceGroup(group.id)).collect()
    }
}

/// The devices after `after`, by name, at most `limit`; of one group, or all.
pub(super) async fn devices_of_organization(
    mut db: &Db,
    sight: Sight,
    group: Option<DeviceGroupId>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<DeviceRow>, DbError> {
    let all_that_are_seen = sql!(
        "SELECT d.*, (SELECT count(*) FROM execution e WHERE e.device_id = d.id AND e.finished_at IS NULL AND e.state = 'queued') AS queued \
         FROM device d WHERE d.organization_id = $1 AND d.removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR d.name > $2) \
         AND (CAST($3 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM device_group_member m WHERE m.device_id = d.id AND m.device_group_id = $3)) AND ",
        sees_device!("d.id", "$4"),
        " ORDER BY d.name LIMIT $5"
    );
    // Who sees few would have the others looked at one by one: here those few are found first, and only a page of them is read.
    let few_that_are_seen = sql!(
        "SELECT d.*, (SELECT count(*) FROM execution e WHERE e.device_id = d.id AND e.finished_at IS NULL AND e.state = 'queued') AS queued \
         FROM device d WHERE d.id IN (SELECT s.id FROM device s WHERE s.organization_id = $1 AND s.removed_at IS NULL \
         AND (CAST($2 AS TEXT) IS NULL OR s.name > $2) AND (CAST($3 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM device_group_member m WHERE m.device_id = s.id AND m.device_group_id = $3)) \
         AND s.id IN (SELECT m.device_id FROM group_member am JOIN group_override ao ON ao.group_id = am.group_id \
         AND ao.scope_kind = 'device_group' AND ao.role >= 1 JOIN device_group_member m ON m.device_group_id = ao.scope_id \
         WHERE am.user_id = $4) ORDER BY s.name LIMIT $5) ORDER BY d.name"
    );
    let sql = if sight.by_overrides_alone { few_that_are_seen } else { all_that_are_seen };
    let rows = db.rows(sql, args![sight.organization, after, group, sight.only, limit]).await?;
    let mut devices = rows.iter().map(device_row).collect::<Result<Vec<_>, _>>()?;
    add_groups(&mut db, &mut devices).await?;
    Ok(devices)
}

/// These devices in their order. One that was removed a moment ago is among them: a page that came up short would seem to be the last.
pub(super) async fn devices_of_ids(mut db: &Db, organization: OrganizationId, ids: &[DeviceId]) -> Result<Vec<DeviceRow>, DbError> {
    let sql = sql!(
        "SELECT d.*, (SELECT count(*) FROM execution e WHERE e.device_id = d.id AND e.finished_at IS NULL AND e.state = 'queued') AS queued \
         FROM device d WHERE d.organization_id = $1 AND \
         d.id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    let mut found: HashMap<DeviceId, DeviceRow> = HashMap::new();
    for some in ids.chunks(WORDS_AT_ONCE) {
        let words: Vec<String> = some.iter().map(ToString::to_string).collect();
        for row in db.rows(sql, [args![organization], padded(&words)].concat()).await? {
            let device = device_row(&row)?;
            found.insert(device.device.id, device);
        }
    }
    let mut devices: Vec<DeviceRow> = ids.iter().filter_map(|id| found.remove(id)).collect();
    add_groups(&mut db, &mut devices).await?;
    Ok(devices)
}

/// A device by its id or name.
pub(super) async fn device_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<DeviceRow>, DbError> {
    let sql = sql!(
        "SELECT d.*, (SELECT count(*) FROM execution e WHERE e.device_id = d.id AND e.finished_at IS NULL AND e.state = 'queued') AS queued \
         FROM device d WHERE d.organization_id = $1 AND d.removed_at IS NULL AND d.id = COALESCE( \
         (SELECT id FROM device WHERE id = $2 AND organization_id = $1 AND removed_at IS NULL), \
         (SELECT id FROM device WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL))"
    );
    let Some(row) = source.row(sql, args![organization, word]).await? else { return Ok(None) };
    let mut found = device_row(&row)?;
    add_groups(source, std::slice::from_mut(&mut found)).await?;
    Ok(Some(found))
}

/// Adds their groups to devices.
async fn add_groups(source: &mut impl Source, devices: &mut [DeviceRow]) -> Result<(), DbError> {
    let sql = sql!(
        "SELECT m.device_id, g.id, g.name FROM device_group_member m JOIN device_group g ON g.id = m.device_group_id \
         WHERE m.device_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ORDER BY g.name"
    );
    for some in devices.chunks_mut(WORDS_AT_ONCE) {
        let words: Vec<String> = some.iter().map(|row| row.device.id.to_string()).collect();
        let mut places: HashMap<DeviceId, &mut DeviceRow> = some.iter_mut().map(|row| (row.device.id, row)).collect();
        for row in source.rows(sql, padded(&words)).await? {
            if let Some(found) = places.get_mut(&row.get("device_id")?) {
                found.groups.push(DeviceGroupRef { id: row.get("id")?, name: row.get("name")? });
            }
        }
    }
    Ok(())
}

/// Whether somebody may see a device, also one that was removed.
pub async fn sees_device(db: &Db, sight: Sight, device: DeviceId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM device d WHERE d.organization_id = $1 AND d.id = $2 AND ", sees_device!("d.id", "$3"));
    Ok(db.row(sql, args![sight.organization, device, sight.only]).await?.is_some())
}

/// The scopes of each of these devices.
pub async fn scopes_of(source: &mut impl Source, devices: &[DeviceId]) -> Result<HashMap<DeviceId, Vec<Scope>>, DbError> {
    let sql = sql!(
        "SELECT device_id, device_group_id FROM device_group_member \
         WHERE device_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    let mut scopes: HashMap<DeviceId, Vec<Scope>> = HashMap::new();
    for some in devices.chunks(WORDS_AT_ONCE) {
        let words: Vec<String> = some.iter().map(ToString::to_string).collect();
        for row in source.rows(sql, padded(&words)).await? {
            scopes.entry(row.get("device_id")?).or_default().push(Scope::DeviceGroup(row.get("device_group_id")?));
        }
    }
    Ok(scopes)
}

fn device_row(row: &Row) -> Result<DeviceRow, DbError> {
    let policy: Option<String> = row.get("policy")?;
    let device = Device {
        id: row.get("id")?,
        name: row.get("name")?,
        presence: if row.get::<String>("presence")? == "online" { Presence::Online } else { Presence::Offline },
        since: row.get("since")?,
        labels: row.json("labels")?,
        facts: row.json("facts")?,
        groups: Vec::new(),
        role: Role::None,
        agent_version: row.get("agent_version")?,
        policy: policy.and_then(|text| serde_json::from_str(&text).ok()),
        enrolled_at: row.get("enrolled_at")?,
        queued: row.get("queued")?,
        quarantine: row.get::<Option<Time>>("quarantined_at")?.map(quarantined),
    };
    Ok(DeviceRow { device, revision: row.get("revision")?, groups: Vec::new() })
}

fn quarantined(since: Time) -> Quarantine {
    let detail =
        "A copy of this device's keys is in use, and nobody can tell which is the device. Give it new ones with `taskey devices rekey`.";
    Quarantine { since, reason: Reason::new("cloned", detail) }
}

pub(super) async fn update_device(tx: &mut Tx<'_>, id: DeviceId, name: &str, labels: &Labels) -> Result<(), DbError> {
    let sql = sql!("UPDATE device SET name = $2, labels = $3, revision = revision + 1 WHERE id = $1");
    tx.execute(sql, args![id, name, serde_json::json!(labels).to_string()]).await.map(|_| ())
}

pub(super) async fn name_taken(tx: &mut Tx<'_>, organization: OrganizationId, name: &str, except: DeviceId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM device WHERE organization_id = $1 AND name = $2 AND id <> $3 AND removed_at IS NULL");
    Ok(tx.row(sql, args![organization, name, except]).await?.is_some())
}

/// Marks a device as removed; its id is never used again.
pub(super) async fn remove_device(tx: &mut Tx<'_>, id: DeviceId, now: Time) -> Result<(), DbError> {
    tx.later(sql!("UPDATE device_group_member SET removed = 1 WHERE device_id = $1"), args![id]).await?;
    let sql = sql!("UPDATE device SET removed_at = $2, presence = 'offline', since = $2, node_id = NULL WHERE id = $1");
    tx.execute(sql, args![id, now]).await.map(|_| ())
}

/// A device as the target of a run.
#[derive(Debug, Clone)]
pub struct Target {
    pub id: DeviceId,
    pub name: String,
    pub online: bool,
}

/// Words looked up by one statement; its text has as many places.
const WORDS_AT_ONCE: usize = 16;

/// Those of these devices that are enrolled, as targets, by name.
pub async fn targets_by_id(db: &Db, organization: OrganizationId, ids: &[DeviceId]) -> Result<Vec<Target>, DbError> {
    let words: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found = find_targets(&mut &*db, Sight::whole(organization), &words).await?;
    let mut targets: Vec<Target> = found.into_iter().flatten().collect();
    targets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(targets)
}

/// Looks targets up by id or name; `None` for a word that names no device that one may see.
pub async fn find_targets(source: &mut impl Source, sight: Sight, words: &[String]) -> Result<Vec<Option<Target>>, DbError> {
    let sql = sql!(
        "SELECT id, name, presence FROM (SELECT id, name, presence FROM device WHERE organization_id = $1 AND removed_at IS NULL AND \
         id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         UNION SELECT id, name, presence FROM device WHERE organization_id = $1 AND removed_at IS NULL AND \
         name IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)) d WHERE ",
        sees_device!("d.id", "$18")
    );
    let mut found: HashMap<String, Target> = HashMap::new();
    for some in words.chunks(WORDS_AT_ONCE) {
        for row in source.rows(sql, [args![sight.organization], padded(some), args![sight.only]].concat()).await? {
            let id: DeviceId = row.get("id")?;
            let target = Target { id, name: row.get("name")?, online: row.get::<String>("presence")? == "online" };
            // A device's own id counts before another one's name.
            found.entry(target.name.clone()).or_insert_with(|| target.clone());
            found.insert(id.to_string(), target);
        }
    }
    Ok(words.iter().map(|word| found.get(word).cloned()).collect())
}

/// The first of these devices that is not enrolled in the organization any more, by its place.
pub async fn first_removed(tx: &mut Tx<'_>, organization: OrganizationId, devices: &[DeviceId]) -> Result<Option<usize>, DbError> {
    let sql = sql!(
        "SELECT id FROM device WHERE organization_id = $1 AND removed_at IS NULL AND \
         id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    for (index, some) in devices.chunks(WORDS_AT_ONCE).enumerate() {
        let words: Vec<String> = some.iter().map(ToString::to_string).collect();
        let rows = tx.rows(sql, [args![organization], padded(&words)].concat()).await?;
        if rows.len() == some.len() {
            continue;
        }
        let enrolled = rows.iter().map(|row| row.get("id")).collect::<Result<HashSet<DeviceId>, _>>()?;
        if let Some(place) = some.iter().position(|device| !enrolled.contains(device)) {
            return Ok(Some(index * WORDS_AT_ONCE + place));
        }
    }
    Ok(None)
}

/// As many values as the statements have places, the last one repeated.
fn padded(words: &[String]) -> Args {
    let last = words.last().into_iter().cycle();
    words.iter().chain(last).take(WORDS_AT_ONCE).map(IntoVal::into_val).collect()
}

/// What secrets for a device are sealed to, and whose device it is; `None` when it was removed.
pub async fn sealing_key(db: &Db, id: DeviceId) -> Result<Option<(OrganizationId, PublicKey)>, DbError> {
    let sql = sql!("SELECT organization_id, sealing_key FROM device WHERE id = $1 AND removed_at IS NULL");
    let Some(row) = db.row(sql, args![id]).await? else { return Ok(None) };
    let bytes: Vec<u8> = row.get("sealing_key")?;
    let key =
        bytes.try_into().map_err(|_| DbError::Column { column: "sealing_key".to_owned(), detail: "it is not 32 bytes long".to_owned() })?;
    Ok(Some((row.get("organization_id")?, PublicKey(key))))
}

/// How a device stands, also one that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub presence: Presence,
    /// Since when it is online or offline.
    pub since: Time,
    pub is_quarantined: bool,
    pub is_removed: bool,
}

pub async fn standing(db: &Db, id: DeviceId) -> Result<Option<Standing>, DbError> {
    let sql = sql!("SELECT presence, since, quarantined_at, removed_at FROM device WHERE id = $1");
    let Some(row) = db.row(sql, args![id]).await? else { return Ok(None) };
    Ok(Some(Standing {
        presence: if row.get::<String>("presence")? == "online" { Presence::Online } else { Presence::Offline },
        since: row.get("since")?,
        is_quarantined: row.get::<Option<i64>>("quarantined_at")?.is_some(),
        is_removed: row.get::<Option<i64>>("removed_at")?.is_some(),
    }))
}
