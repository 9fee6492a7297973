//! Why somebody may or may not do something: one route that no slice owns, since it knows the devices, the item types, and who may do what
//! with them.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use taskey_proto::access::{DeviceGroupRef, Explanation, Grant, NamedDevice, NamedItemType, UserRef};
use taskey_proto::problem::{Code, Reason};
use taskey_proto::users::UserState;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::app::App;
use crate::features::accounts::access::{Access, Given};
use crate::features::accounts::{Api, Need, Permit, Principal, Scope, ScopeKind, Verb, access_of, judge, judge_user};
use crate::features::devices::groups::visible_group;
use crate::features::devices::{DeviceRow, find_device};
use crate::features::inbox::{Kind, shut_out, visible_type};
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
    /// Id or name of the item type that it is about, for verbs of items.
    item_type: Option<String>,
    /// Id or user name of somebody else; for super users.
    user: Option<String>,
}

/// What it is about.
enum Thing {
    Device(Box<DeviceRow>),
    ItemType(Arc<Kind>),
}

impl Thing {
    fn scopes(&self) -> Vec<Scope> {
        match self {
            Thing::Device(row) => row.scopes(),
            Thing::ItemType(kind) => vec![Scope::ItemType(kind.id)],
        }
    }

    /// How people call it.
    fn words(&self) -> String {
        match self {
            Thing::Device(row) => row.device.name.clone(),
            Thing::ItemType(kind) => format!("items of the type `{}`", kind.spec.name),
        }
    }
}

/// Tells why you, or somebody else, may or may not do something: which group, and which override, decides.
#[utoipa::path(get, path = "/api/v1/access/explain", tag = "access", params(Question),
    responses((status = 200, description = "Why", body = Explanation)))]
async fn explain_access(State(app): State<App>, permit: Permit, Query(question): Query<Question>) -> ApiResult<Json<Explanation>> {
    let verb = Verb::from_word(&question.verb).ok_or_else(|| unknown_verb(&question.verb))?;
    let thing = thing(&app, &permit, verb, &question).await?;
    let own = permit.principal();
    match question.user.filter(|word| *word != own.username && *word != own.user.to_string()) {
        None => {
            let places = places(&app, &permit, &own.access, verb, thing.as_ref()).await?;
            Ok(Json(explanation(own, None, verb, thing.as_ref(), &places)))
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
            let places = places(&app, &permit, &other.access, verb, thing.as_ref()).await?;
            Ok(Json(explanation(&other, Some(disabled), verb, thing.as_ref(), &places)))
        }
    }
}

async fn thing(app: &App, permit: &Permit, verb: Verb, question: &Question) -> ApiResult<Option<Thing>> {
    let is_of_items = verb.need().scopes() == ScopeKind::ItemType;
    let refused = |detail: String| Err(ApiError::new(Code::MalformedBody, detail));
    match (&question.device, &question.item_type) {
        (None, None) => Ok(None),
        (Some(_), _) if is_of_items => refused(format!("`{}` is done to items; name an item type instead of a device.", question.verb)),
        (_, Some(_)) if !is_of_items => refused(format!("`{}` is not done to items; ask without an item type.", question.verb)),
        (_, Some(word)) => Ok(Some(Thing::ItemType(visible_type(app, permit, word).await?))),
        (Some(word), None) => Ok(Some(Thing::Device(Box::new(find_device(&mut &app.db, permit, word).await?)))),
    }
}

/// Places that it is about, by name.
#[derive(Default)]
struct Places {
    device_groups: Vec<DeviceGroupRef>,
    item_types: Vec<NamedItemType>,
}

impl Places {
    fn device_group(&self, scope: Option<Scope>) -> Option<DeviceGroupRef> {
        let Some(Scope::DeviceGroup(id)) = scope else { return None };
        self.device_groups.iter().find(|group| group.id == id).cloned()
    }

    fn item_type(&self, scope: Option<Scope>) -> Option<NamedItemType> {
        let Some(Scope::ItemType(id)) = scope else { return None };
        self.item_types.iter().find(|item_type| item_type.id == id).cloned()
    }

    fn has(&self, scope: Option<Scope>) -> bool {
        self.device_group(scope).is_some() || self.item_type(scope).is_some()
    }
}

fn named(kind: &Kind) -> NamedItemType {
    NamedItemType { id: kind.id, name: kind.spec.name.clone() }
}

/// The places that it is about: the device's groups, or the item type; without one, those in which something overrides a group's own role,
/// as far as whoever asks may see them.
async fn places(app: &App, permit: &Permit, access: &Access, verb: Verb, thing: Option<&Thing>) -> ApiResult<Places> {
    let mut places = Places::default();
    match (verb.need(), thing) {
        (Need::There(_), Some(Thing::Device(row))) => places.device_groups.clone_from(&row.groups),
        (_, Some(Thing::ItemType(kind))) => places.item_types.push(named(kind)),
        (Need::There(_) | Need::Somewhere(_) | Need::OnItem(_) | Need::OnSomeItem(_), _) => {
            let scopes: HashSet<Scope> = access.overridden(verb.need().scopes()).filter_map(|given| given.scope).collect();
            for scope in scopes {
                match scope {
                    Scope::DeviceGroup(id) => places.device_groups.extend(visible_group(app, permit, id).await?),
                    Scope::ItemType(id) => match visible_type(app, permit, &id.to_string()).await {
                        Ok(kind) => places.item_types.push(named(&kind)),
                        Err(error) if error.code == Code::NotFound => {}
                        Err(error) => return Err(error),
                    },
                }
            }
        }
        _ => {}
    }
    Ok(places)
}

/// `other`: it is about somebody else than who asks, and why that one is not let in at all.
fn explanation(principal: &Principal, other: Option<Option<Reason>>, verb: Verb, thing: Option<&Thing>, places: &Places) -> Explanation {
    let scopes = thing.map(Thing::scopes);
    let what = thing.map(Thing::words).unwrap_or_default();
    let mut judgement = match other {
        None => judge(principal, verb, scopes.as_deref(), &what),
        Some(_) => judge_user(principal, verb, scopes.as_deref(), &what),
    };
    let kept_from = match thing {
        Some(Thing::ItemType(kind)) if judgement.allowed => shut_out(kind, &principal.access, verb),
        _ => None,
    };
    if let Some(shut_out) = other.flatten().or(kept_from) {
        judgement.allowed = false;
        judgement.reason = shut_out;
    }
    let is_there = matches!(verb.need(), Need::There(_) | Need::OnItem(_));
    let there = if is_there { scopes.unwrap_or_default() } else { Vec::new() };
    let (device, item_type) = match thing {
        Some(Thing::Device(row)) => (Some(NamedDevice { id: row.device.id, name: row.device.name.clone() }), None),
        Some(Thing::ItemType(kind)) => (None, Some(named(kind))),
        None => (None, None),
    };
    Explanation {
        allowed: judgement.allowed,
        verb: verb.word().to_owned(),
        user: UserRef { id: principal.user, username: principal.username.clone() },
        needs: verb.need().word().to_owned(),
        has: judgement.has.to_owned(),
        reason: judgement.reason,
        grants: grants(&principal.access, verb, &there, places),
        device,
        item_type,
    }
}

/// What every group gives, the most permissive first; that one counts, where it is a role that is needed and not a super user who asks.
fn grants(access: &Access, verb: Verb, there: &[Scope], places: &Places) -> Vec<Grant> {
    let mut given: Vec<Given<'_>> = access.given(there).collect();
    if there.is_empty() {
        given.extend(access.overridden(verb.need().scopes()).filter(|given| places.has(given.scope)));
    }
    let by_role = !matches!(verb.need(), Need::SignedIn | Need::Super | Need::Operator);
    given.sort_by_key(|given| (std::cmp::Reverse(given.role), given.overridden));
    let grant = |(index, given): (usize, Given<'_>)| Grant {
        group: given.group.clone(),
        device_group: places.device_group(given.scope),
        item_type: places.item_type(given.scope),
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
