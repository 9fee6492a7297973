//! Why somebody may or may not do something: one route that no slice owns, since it knows the devices and who may do what with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use taskey_proto::access::{DeviceGroupRef, Explanation, Grant, NamedDevice, UserRef};
use taskey_proto::id::DeviceGroupId;
use taskey_proto::problem::{Code, Reason};
use taskey_proto::users::UserState;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::app::App;
use crate::features::accounts::access::{Access, Given};
use crate::features::accounts::{Api, Need, Permit, Principal, Scope, ScopeKind, Verb, access_of, judge, judge_user};
use crate::features::devices::groups::visible_group;
use crate::features::devices::{DeviceRow, find_device};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default().route(Verb::BeOneself, routes!(explain_access))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Question {
    /// Such as `runs.exec`; every verb is in the guide to access, and in `can` of `/api/v1/me`.
    verb: String,
    /// Id or name of the device that it is about.
    device: Option<String>,
    /// Id or user name of somebody else; for super users.
    user: Option<String>,
}

/// Tells why you, or somebody else, may or may not do something: which group, and which override, decides.
#[utoipa::path(get, path = "/api/v1/access/explain", tag = "access", params(Question),
    responses((status = 200, description = "Why", body = Explanation)))]
async fn explain_access(State(app): State<App>, permit: Permit, Query(question): Query<Question>) -> ApiResult<Json<Explanation>> {
    let verb = Verb::from_word(&question.verb).ok_or_else(|| unknown_verb(&question.verb))?;
    let device = match &question.device {
        Some(word) => Some(find_device(&mut &app.db, &permit, word).await?),
        None => None,
    };
    let own = permit.principal();
    match question.user.filter(|word| *word != own.username && *word != own.user.to_string()) {
        None => {
            let places = places(&app, &permit, &own.access, verb, device.as_ref()).await?;
            Ok(Json(explanation(own, None, verb, device.as_ref(), &places)))
        }
        Some(word) => {
            permit.also(Verb::ReadUsers)?;
            let (user, access) = access_of(&app, permit.organization(), &word).await?;
            let disabled = (user.state == UserState::Disabled)
                .then(|| Reason::new("disabled", format!("`{}` is disabled and let in nowhere.", user.username)));
            let other = Principal {
                user: user.id,
                username: user.username,
                name: user.name,
                operator: user.operator,
                access: Arc::new(access),
                ..own.clone()
            };
            let places = places(&app, &permit, &other.access, verb, device.as_ref()).await?;
            Ok(Json(explanation(&other, Some(disabled), verb, device.as_ref(), &places)))
        }
    }
}

/// The device groups that it is about: those of the device; without one, those in which something overrides a group's own role, as far
/// as whoever asks may see them.
async fn places(app: &App, permit: &Permit, access: &Access, verb: Verb, device: Option<&DeviceRow>) -> ApiResult<Vec<DeviceGroupRef>> {
    match (verb.need(), device) {
        (Need::There(_), Some(row)) => return Ok(row.groups.clone()),
        (Need::There(_) | Need::Somewhere(_), _) => {}
        _ => return Ok(Vec::new()),
    }
    let ids: BTreeSet<DeviceGroupId> = access.overridden(ScopeKind::DeviceGroup).filter_map(|given| device_group(given.scope)).collect();
    let mut places = Vec::new();
    for id in ids {
        places.extend(visible_group(app, permit, id).await?);
    }
    Ok(places)
}

fn device_group(scope: Option<Scope>) -> Option<DeviceGroupId> {
    match scope {
        Some(Scope::DeviceGroup(id)) => Some(id),
        Some(Scope::ItemType(_)) | None => None,
    }
}

/// `other`: it is about somebody else than who asks, and why that one is not let in at all.
fn explanation(
    principal: &Principal,
    other: Option<Option<Reason>>,
    verb: Verb,
    device: Option<&DeviceRow>,
    places: &[DeviceGroupRef],
) -> Explanation {
    let scopes = device.map(DeviceRow::scopes);
    let what = device.map_or("", |row| row.device.name.as_str());
    let mut judgement = match other {
        None => judge(principal, verb, scopes.as_deref(), what),
        Some(_) => judge_user(principal, verb, scopes.as_deref(), what),
    };
    if let Some(Some(shut_out)) = other {
        judgement.allowed = false;
        judgement.reason = shut_out;
    }
    let there = if matches!(verb.need(), Need::There(_)) { scopes.unwrap_or_default() } else { Vec::new() };
    Explanation {
        allowed: judgement.allowed,
        verb: verb.word().to_owned(),
        user: UserRef { id: principal.user, username: principal.username.clone() },
        needs: verb.need().word().to_owned(),
        has: judgement.has.to_owned(),
        reason: judgement.reason,
        grants: grants(&principal.access, verb, &there, places),
        device: device.map(|row| NamedDevice { id: row.device.id, name: row.device.name.clone() }),
    }
}

/// What every group gives, the most permissive first; that one counts, where it is a role that is needed and not a super user who asks.
fn grants(access: &Access, verb: Verb, there: &[Scope], places: &[DeviceGroupRef]) -> Vec<Grant> {
    let name_of = |id: DeviceGroupId| places.iter().find(|group| group.id == id).cloned();
    let mut given: Vec<Given<'_>> = access.given(there).collect();
    if there.is_empty() {
        let visible = |given: &Given<'_>| device_group(given.scope).is_some_and(|id| name_of(id).is_some());
        given.extend(access.overridden(verb.need().scopes()).filter(visible));
    }
    let by_role = !matches!(verb.need(), Need::SignedIn | Need::Super | Need::Operator);
    given.sort_by_key(|given| (std::cmp::Reverse(given.role), given.overridden));
    let grant = |(index, given): (usize, Given<'_>)| Grant {
        group: given.group.clone(),
        device_group: device_group(given.scope).and_then(name_of),
        role: given.role,
        overridden: given.overridden,
        counts: index == 0 && by_role && !access.is_super,
    };
    given.into_iter().enumerate().map(grant).collect()
}

fn unknown_verb(word: &str) -> ApiError {
    let known: Vec<_> = Verb::ALL.iter().map(|verb| verb.word()).collect();
    ApiError::new(Code::MalformedBody, format!("`{word}` is no verb; there are {}.", known.join(", ")))
}
