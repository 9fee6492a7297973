//! One pass of a selector over an organization's devices, in pages: the database gives what may be seen, the selector is asked here.

use std::collections::HashMap;

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
    let mut selected = Vec::new();
    // No name is empty.
    let mut after = after.unwrap_or_default();
    loop {
        let rows = page(source, looker.sight, &after).await?;
        let is_last = rows.len() < PAGE;
        let candidates = rows.iter().map(|row| Candidate::read(row, selector)).collect::<Result<Vec<_>, _>>()?;
        let groups = match candidates.last() {
            Some(last) if selector.asks_groups() => groups_of_page(source, looker, &after, &last.target.name).await?,
            _ => HashMap::new(),
        };
        if let Some(last) = candidates.last() {
            after.clone_from(&last.target.name);
        }
        for candidate in candidates {
            let groups: Vec<&str> = groups.get(&candidate.target.id).into_iter().flatten().map(String::as_str).collect();
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

/// The names of the device groups of the devices on a page, as far as they may be seen.
async fn groups_of_page<S: Fn(DeviceGroupId) -> bool + Sync>(
    source: &mut impl Source,
    looker: &Looker<S>,
    after: &str,
    last: &str,
) -> Result<HashMap<DeviceId, Vec<String>>, DbError> {
    let sql = sql!(
        "SELECT m.device_id, g.id, g.name FROM device d JOIN device_group_member m ON m.device_id = d.id \
         JOIN device_group g ON g.id = m.device_group_id \
         WHERE d.organization_id = $1 AND d.removed_at IS NULL AND d.name > $2 AND d.name <= $3"
    );
    let mut groups: HashMap<DeviceId, Vec<String>> = HashMap::new();
    for row in source.rows(sql, args![looker.sight.organization, after, last]).await? {
        if (looker.sees_group)(row.get("id")?) {
            groups.entry(row.get("device_id")?).or_default().push(row.get("name")?);
        }
    }
    Ok(groups)
}
