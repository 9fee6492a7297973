//! One pass of a selector over an organization's devices, in pages: the database gives what may be seen, the selector is asked here.

use std::collections::HashMap;
use std::sync::Arc;

use taskey_proto::devices::Labels;
use taskey_proto::id::{DeviceGroupId, DeviceId};
use taskey_proto::selector::{Selector, Subject};

use super::super::store::Target;
use crate::features::accounts::Sight;
use crate::platform::db::{DbError, Row, Source};
use crate::{args, sees_device, sql};

/// Devices that are read at once. Between pages others get their turn.
const PAGE: usize = 500;

/// Who looks for devices.
pub(in super::super) struct Looker<S> {
    pub sight: Sight,
    /// Whether the name of a device group counts for them: a selector must not tell what is in a group that they may not see.
    pub sees_group: S,
}

/// The devices that match, by name, of those after `after`; at most `limit`.
pub(in super::super) async fn select<S: Fn(DeviceGroupId) -> bool + Sync>(
    source: &mut impl Source,
    looker: &Looker<S>,
    selector: &Selector,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Target>, DbError> {
    let groups = groups_asked(source, looker, selector).await?;
    let mut selected = Vec::new();
    // No name is empty.
    let mut after = after.unwrap_or_default();
    loop {
        let rows = page(source, looker.sight, &after).await?;
        let is_last = rows.len() < PAGE;
        let candidates = rows.iter().map(|row| Candidate::read(row, selector)).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = candidates.last() {
            after.clone_from(&last.target.name);
        }
        for candidate in candidates {
            let groups: Vec<&str> = groups.get(&candidate.target.id).into_iter().flatten().map(|name| &**name).collect();
            if selector.matches(&candidate.subject(&groups)) {
                selected.push(candidate.target);
                if selected.len() == limit {
                    return Ok(selected);
                }
            }
        }
        if is_last {
            return Ok(selected);
        }
        tokio::task::yield_now().await;
    }
}

struct Candidate {
    target: Target,
    labels: Labels,
    facts: Labels,
}

impl Candidate {
    fn read(row: &Row, selector: &Selector) -> Result<Self, DbError> {
        let target = Target { id: row.get("id")?, name: row.get("name")?, online: row.get::<String>("presence")? == "online" };
        let facts = if selector.asks_facts() { row.json("facts")? } else { Labels::new() };
        Ok(Self { target, labels: row.json("labels")?, facts })
    }

    fn subject<'a>(&'a self, groups: &'a [&'a str]) -> Subject<'a> {
        Subject { name: &self.target.name, labels: &self.labels, facts: &self.facts, groups, online: self.target.online }
    }
}

async fn page(source: &mut impl Source, sight: Sight, after: &str) -> Result<Vec<Row>, DbError> {
    let all_that_are_seen = sql!(
        "SELECT d.id, d.name, d.presence, d.labels, d.facts FROM device d \
         WHERE d.organization_id = $1 AND d.removed_at IS NULL AND d.name > $2 AND ",
        sees_device!("d.id", "$3"),
        " ORDER BY d.name LIMIT $4"
    );
    // As in the list of devices: who sees few has those few found first.
    let few_that_are_seen = sql!(
        "SELECT d.id, d.name, d.presence, d.labels, d.facts FROM device d \
         WHERE d.organization_id = $1 AND d.removed_at IS NULL AND d.name > $2 \
         AND d.id IN (SELECT m.device_id FROM group_member am JOIN group_override ao ON ao.group_id = am.group_id \
         AND ao.scope_kind = 'device_group' AND ao.role >= 1 JOIN device_group_member m ON m.device_group_id = ao.scope_id \
         WHERE am.user_id = $3) ORDER BY d.name LIMIT $4"
    );
    let sql = if sight.by_overrides_alone { few_that_are_seen } else { all_that_are_seen };
    source.rows(sql, args![sight.organization, after, sight.only, PAGE]).await
}

/// The device groups that the selector asks for, as far as they may be seen: by device, their names.
async fn groups_asked<S: Fn(DeviceGroupId) -> bool + Sync>(
    source: &mut impl Source,
    looker: &Looker<S>,
    selector: &Selector,
) -> Result<HashMap<DeviceId, Vec<Arc<str>>>, DbError> {
    let mut groups: HashMap<DeviceId, Vec<Arc<str>>> = HashMap::new();
    if !selector.asks_groups() {
        return Ok(groups);
    }
    let all = sql!("SELECT id, name FROM device_group WHERE organization_id = $1");
    let members = sql!("SELECT device_id FROM device_group_member WHERE device_group_id = $1 AND removed = 0");
    for row in source.rows(all, args![looker.sight.organization]).await? {
        let (id, name): (DeviceGroupId, String) = (row.get("id")?, row.get("name")?);
        if !(looker.sees_group)(id) || !selector.asks_group(&name) {
            continue;
        }
        let name: Arc<str> = name.into();
        for member in source.rows(members, args![id]).await? {
            groups.entry(member.get("device_id")?).or_default().push(name.clone());
        }
        tokio::task::yield_now().await;
    }
    Ok(groups)
}
