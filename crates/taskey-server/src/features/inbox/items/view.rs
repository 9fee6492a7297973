//! Items as the API shows them.

use serde_json::Value;
use taskey_proto::access::Role;
use taskey_proto::items::{Choice, Duplicate, Item, ItemTypeRef, PersonRef, Sheet, StateRef};
use taskey_proto::problem::Reason;

use super::model;
use super::store::ItemRow;
use crate::features::accounts::{Permit, Scope};
use crate::features::inbox::kind::Kind;

/// An item without what is only told of one.
pub fn shown(row: &ItemRow, role: Role) -> Item {
    let reason = row.reason_code.as_ref().map(|code| Reason::new(code, row.reason_detail.clone().unwrap_or_default()));
    Item {
        id: row.id,
        item_type: ItemTypeRef { id: row.item_type, name: row.type_name.clone(), version: row.type_version },
        title: row.title.clone(),
        state: row.state.clone(),
        is_open: row.is_open,
        resolution: row.resolution.clone(),
        reason,
        fields: row.fields.clone(),
        external_id: row.external_id.clone(),
        assignee: row.assignee.clone(),
        due_at: row.due_at,
        snoozed_until: row.snoozed_until,
        merged_into: row.merged_into,
        comment_count: row.comment_count,
        created_at: row.created_at,
        created_by: row.created_by.clone(),
        updated_at: row.updated_at,
        closed_at: row.closed_at,
        erased_at: row.erased_at,
        version: row.version,
        seq: row.seq,
        role,
        sheet: None,
    }
}

/// An item as it is told to applications: without what depends on who looks.
pub fn snapshot(row: &ItemRow) -> Value {
    let mut value = serde_json::to_value(shown(row, Role::None)).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("role");
    }
    value
}

pub fn role(permit: &Permit, row: &ItemRow) -> Role {
    if permit.is_super() { Role::Admin } else { permit.role_in(&[Scope::ItemType(row.item_type)]) }
}

/// What is known of an item beside its row.
pub struct Beside {
    pub newest_version: u32,
    pub viewers: Vec<PersonRef>,
    pub duplicates: Vec<Duplicate>,
}

/// What a person needs to decide.
pub fn sheet(permit: &Permit, row: &ItemRow, kind: &Kind, beside: Beside) -> Sheet {
    let Beside { newest_version, viewers, duplicates } = beside;
    let label = |state: &str| {
        let label = kind.spec.states.get(state).and_then(|state| state.label.clone());
        StateRef { name: state.to_owned(), label: label.unwrap_or_else(|| state.replace(['_', '-'], " ")) }
    };
    let is_there = row.is_open && row.erased_at.is_none();
    let choices = kind.spec.choices(&row.state).filter(|_| is_there).map(|(name, resolution)| Choice {
        name: name.to_owned(),
        label: kind.label(name, resolution, &row.fields),
        refusal: resolution.refusal,
        reasons: resolution.reasons.clone(),
        reason_required: resolution.reason_required,
        form: resolution.form.clone(),
        confirm: kind.confirm(name, resolution, &row.fields),
    });
    Sheet {
        text: if row.erased_at.is_some() { None } else { kind.text(&row.fields).and_then(Result::ok) },
        schema: kind.spec.fields.clone(),
        choices: choices.collect(),
        moves: if is_there { kind.spec.moves(&row.state).into_iter().map(label).collect() } else { Vec::new() },
        why_not: model::may_decide(permit, row, kind).err(),
        may_change: is_there && model::may_change(permit, row),
        newest_version,
        viewers,
        duplicates,
    }
}
