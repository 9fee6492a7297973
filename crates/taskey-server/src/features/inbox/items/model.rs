//! What may be done with an item, and what becomes of it. Pure: each verb changes a row in memory or says why not.

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::ItemId;
use taskey_proto::item_types::{Key, Mark};
use taskey_proto::items::{Fields, REASON_LEN_MAX, Resolution, ResolveItem};
use taskey_proto::problem::{Code, FieldError, Reason};

use super::index;
use super::store::ItemRow;
use super::view::role;
use crate::features::accounts::access::Access;
use crate::features::accounts::{Permit, Verb};
use crate::features::inbox::kind::Kind;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

/// Whether somebody may decide over an item in the state in which it is.
pub fn may_decide(permit: &Permit, row: &ItemRow, kind: &Kind) -> Result<(), Reason> {
    if role(permit, row) < Role::SelfService {
        return Err(Reason::new("role", format!("You may look at items of the type `{}`, and not decide.", row.type_name)));
    }
    let deciders = kind.spec.deciders(&row.state);
    let access = &permit.principal().access;
    if deciders.is_empty() || permit.is_super() || kind.is_in(access, deciders) {
        return Ok(());
    }
    Err(others_decide(&row.state, deciders))
}

/// Why somebody may not see items of a type, or decide over one as it is posted, whatever role they have: it is for certain groups.
pub fn shut_out(kind: &Kind, access: &Access, verb: Verb) -> Option<Reason> {
    let is_kept_from = |groups: &[String]| !groups.is_empty() && !access.is_super && !kind.is_in(access, groups);
    let seers = &kind.spec.access.may_see;
    if is_kept_from(seers) {
        let detail = format!("Items of the type `{}` are for the members of {} alone.", kind.spec.name, names(seers));
        return Some(Reason::new("may_see", detail));
    }
    let state = kind.spec.first_state();
    let deciders = kind.spec.deciders(state);
    (verb == Verb::DecideItems && is_kept_from(deciders)).then(|| others_decide(state, deciders))
}

fn others_decide(state: &str, deciders: &[String]) -> Reason {
    Reason::new("may_decide", format!("In the state `{state}` the members of {} decide.", names(deciders)))
}

fn names(groups: &[String]) -> String {
    groups.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(" and ")
}

/// Whether somebody may take an item back and change any of its fields: who posted it, and admins.
pub fn may_change(permit: &Permit, row: &ItemRow) -> bool {
    let is_posters = row.poster == Some(permit.principal().user) && role(permit, row) >= Role::SelfService;
    is_posters || role(permit, row) == Role::Admin
}

pub fn refuse(reason: Reason) -> ApiError {
    ApiError::new(Code::NotAllowed, reason.detail)
}

/// That an item can still be decided over, or who ended it.
pub fn still_open(row: &ItemRow, now: Time) -> ApiResult<()> {
    if row.is_open {
        return Ok(());
    }
    let ago = row.closed_at.map(|at| ago(at, now)).unwrap_or_default();
    let detail = match (&row.resolution, row.state.as_str(), row.merged_into) {
        (Some(resolution), ..) => format!("{} resolved it as `{}` {ago}.", resolution.by, resolution.name),
        (None, "merged", Some(other)) => format!("It became one with {other} {ago}: decide over that one."),
        (None, "timed_out", _) => format!("Nobody resolved it in time; it was over {ago}."),
        _ => match &row.reason_detail {
            Some(detail) => format!("It was over {ago}: {detail}"),
            None => format!("It was over {ago}."),
        },
    };
    Err(ApiError::new(Code::ItemOver, detail))
}

fn ago(at: Time, now: Time) -> String {
    let secs = (now.ms() - at.ms()).max(0) / 1_000;
    let (count, unit) = match secs {
        0..60 => return "just now".to_owned(),
        60..3_600 => (secs / 60, "minute"),
        3_600..86_400 => (secs / 3_600, "hour"),
        _ => (secs / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit} ago") } else { format!("{count} {unit}s ago") }
}

/// That what is decided on is what was shown.
pub fn as_shown(row: &ItemRow, if_match: Option<u64>) -> ApiResult<()> {
    match if_match {
        Some(version) if version != u64::from(row.version) => {
            Err(ApiError::new(Code::PreconditionFailed, "It has changed since it was read. Look at it again and decide anew."))
        }
        _ => Ok(()),
    }
}

/// Resolves an item; what changed.
pub fn resolve(row: &mut ItemRow, kind: &Kind, decision: &ResolveItem, by: &str, now: Time) -> ApiResult<Value> {
    let Some((name, spec)) = kind.spec.resolutions.iter().find(|(name, _)| *name == decision.resolution) else {
        let known = kind.spec.resolutions.names().collect::<Vec<_>>().join(", ");
        return Err(ApiError::invalid_field("/resolution", format!("there is no resolution `{}`; there are {known}", decision.resolution)));
    };
    if !kind.spec.choices(&row.state).any(|(choice, _)| choice == name) {
        let detail = format!("`{name}` cannot be chosen while the item is `{}`, but in {}", row.state, spec.from.join(", "));
        return Err(ApiError::invalid_field("/resolution", detail));
    }
    let reason = given(&decision.reason);
    let mut errors = kind.answer_errors("/answers", name, &decision.answers);
    if spec.reason_required && reason.is_none() {
        let known = if spec.reasons.is_empty() { String::new() } else { format!("; usual ones are {}", spec.reasons.join(", ")) };
        errors.push(FieldError::new("/reason", format!("give a reason{known}")));
    }
    errors.extend(too_long("/reason", &reason));
    check(errors)?;
    let resolution = Resolution {
        name: name.to_owned(),
        label: kind.label(name, spec, &row.fields),
        refusal: spec.refusal,
        reason,
        answers: decision.answers.clone(),
        by: by.to_owned(),
        at: now,
    };
    row.resolution = Some(resolution.clone());
    close(row, kind, "resolved", now);
    Ok(json!({"resolution": resolution}))
}

/// Ends an item.
pub fn close(row: &mut ItemRow, kind: &Kind, state: &str, now: Time) {
    row.state = state.to_owned();
    row.is_open = false;
    row.closed_at = Some(now);
    row.snoozed_until = None;
    row.erase_at = Some(now.plus_ms(i64::try_from(kind.spec.retention().ms()).unwrap_or(i64::MAX / 2)));
    row.version += 1;
}

/// Ends an item that nobody resolved.
pub fn end(row: &mut ItemRow, kind: &Kind, state: &str, reason: Reason, now: Time) -> Value {
    let change = json!({"reason": reason});
    row.reason_code = Some(reason.code);
    row.reason_detail = Some(reason.detail);
    close(row, kind, state, now);
    change
}

/// Lets an item become one with another one.
pub fn merge(row: &mut ItemRow, kind: &Kind, into: ItemId, now: Time) -> Value {
    row.merged_into = Some(into);
    row.reason_code = Some("merged".to_owned());
    row.reason_detail = Some(format!("It became one with {into}."));
    close(row, kind, "merged", now);
    json!({"merged_into": into})
}

/// Moves an item to another state.
pub fn move_to(row: &mut ItemRow, kind: &Kind, state: &str, reason: Option<String>) -> ApiResult<Value> {
    let moves = kind.spec.moves(&row.state);
    if !moves.contains(&state) {
        let known = if moves.is_empty() { "nowhere".to_owned() } else { moves.join(", ") };
        return Err(ApiError::invalid_field("/state", format!("from `{}` it may be moved to {known}", row.state)));
    }
    check(too_long("/reason", &reason).into_iter().collect())?;
    let before = std::mem::replace(&mut row.state, state.to_owned());
    row.version += 1;
    Ok(json!({"before": {"state": before}, "after": {"state": state}, "reason": reason}))
}

/// Changes fields; `null` removes one. `anything`: also what is not marked as editable.
pub fn update(row: &mut ItemRow, kind: &Kind, changed: &Fields, due_at: Option<Option<Time>>, anything: bool) -> ApiResult<Option<Value>> {
    if !anything {
        let fixed = changed.keys().filter(|name| !Key::parse(name).has(Mark::Editable)).map(|name| format!("/fields/{name}"));
        let fixed = fixed.chain(due_at.map(|_| "/due_at".to_owned()));
        let errors: Vec<_> = fixed.map(|at| FieldError::new(at, "for its poster and admins")).collect();
        if let Some(first) = errors.first() {
            let detail = format!("Only whoever posted it and admins may change {}.", first.pointer);
            return Err(ApiError { errors, ..ApiError::new(Code::NotAllowed, detail) });
        }
    }
    let mut fields = row.fields.clone();
    for (name, value) in changed {
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    check(kind.field_errors("/fields", &fields))?;
    let names: Vec<&String> = changed.keys().filter(|name| row.fields.get(*name) != fields.get(*name)).collect();
    let due = due_at.filter(|due| *due != row.due_at);
    if names.is_empty() && due.is_none() {
        return Ok(None);
    }
    let pick = |from: &Fields| -> serde_json::Map<String, Value> {
        names.iter().filter_map(|name| Some(((*name).clone(), from.get(*name)?.clone()))).collect()
    };
    let mut change = json!({"before": pick(&row.fields), "after": pick(&fields)});
    if let Some(due_at) = due {
        change["due_at"] = json!({"before": row.due_at, "after": due_at});
        row.due_at = due_at;
        row.timeout_at = kind.timeout_at(due_at);
    }
    row.title = kind.title(&fields).map_err(|error| ApiError::invalid(vec![error]))?;
    row.indexed = index::all_indexed(&kind.spec, &fields);
    row.merge_hash = index::merge_hash(&kind.spec, &fields);
    row.fields = fields;
    row.version += 1;
    Ok(Some(change))
}

/// A text that says something.
pub fn given(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub fn too_long(pointer: &str, text: &Option<String>) -> Option<FieldError> {
    let is_long = text.as_ref().is_some_and(|text| text.len() > REASON_LEN_MAX);
    is_long.then(|| FieldError::new(pointer, format!("at most {REASON_LEN_MAX} bytes")))
}
