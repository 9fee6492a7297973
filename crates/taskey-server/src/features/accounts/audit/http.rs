//! The audit log over HTTP.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use taskey_proto::Time;
use taskey_proto::audit::{AuditChain, AuditEntry};
use taskey_proto::id::{DeviceId, KeyId, OrganizationId, UserId};
use taskey_proto::page::Page;
use taskey_proto::problem::FieldError;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::remembered::Remembered;
use super::store::{self, Place};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::db::{Db, DbError};
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::{ApiResult, check};

const CHAIN_LIMIT_MAX: usize = 1_000;
/// Unsealed rows that are shown with the chain.
const TAIL_LEN: usize = 20;

pub fn api() -> Api {
    Api::default().route(Verb::ReadAudit, routes!(list_audit)).route(Verb::ReadAudit, routes!(show_audit_chain))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Id of a user (with all that their keys did), a key or a device; or a name as it was then.
    actor: Option<String>,
    /// Such as `device.removed`, or `device.*` for all of a kind.
    action: Option<String>,
    /// Id of what it was done to.
    subject: Option<String>,
    /// Not before this.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Not after this.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
}

/// What was done in the organization, and what was refused.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Paging, Filter),
    responses((status = 200, description = "Entries, newest first", body = Page<AuditEntry>)))]
async fn list_audit(
    State(app): State<App>,
    permit: Permit,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> ApiResult<PageAnswer<AuditEntry>> {
    let mut errors = Vec::new();
    let since = time("since", filter.since.as_deref(), &mut errors);
    let until = time("until", filter.until.as_deref(), &mut errors);
    check(errors)?;
    let until = Place { at: until.unwrap_or(Time::from_ms(i64::MAX)), id: i64::MAX };
    let before = paging.after::<Place>()?.map_or(until, |seen| seen.min(until));
    let filter = read_filter(&app.db, permit.organization(), filter, since).await?;
    let rows = store::list(&mut &app.db, permit.organization(), &filter, before, paging.limit() + 1).await?;
    let PageAnswer(page) = paging.page(rows, |row| Place { at: row.entry.at, id: row.id });
    Ok(PageAnswer(Page { items: page.items.into_iter().map(|row| row.entry).collect(), next: page.next }))
}

fn time(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Time> {
    match text?.parse() {
        Ok(time) => Some(time),
        Err(error) => {
            errors.push(FieldError::new(format!("/{name}"), format!("{error}")));
            None
        }
    }
}

async fn read_filter(db: &Db, organization: OrganizationId, filter: Filter, since: Option<Time>) -> Result<store::Filter, DbError> {
    let mut read = store::Filter { subject: filter.subject, since, ..Default::default() };
    if let Some(actor) = filter.actor {
        if let Ok(user) = actor.parse::<UserId>() {
            read.user = Some(user);
        } else if actor.parse::<KeyId>().is_ok() || actor.parse::<DeviceId>().is_ok() {
            read.actor_id = Some(actor);
        } else if let Some(user) = store::user_named(&mut &*db, organization, &actor).await? {
            read.user = Some(user);
        } else {
            read.actor_name = Some(actor);
        }
    }
    match filter.action {
        Some(action) if action.ends_with('.') => read.noun = Some(action),
        Some(action) => match action.strip_suffix('*') {
            Some(noun) if noun.ends_with('.') => read.noun = Some(noun.to_owned()),
            _ => read.action = Some(action),
        },
        None => {}
    }
    Ok(read)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Piece {
    /// The `seq` of the last entry that was read; 0 for the beginning.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// Entries at most, 1 to 1000; default 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A piece of the organization's chain of sealed entries, with its signed head.
#[utoipa::path(get, path = "/api/v1/audit/chain", tag = "audit", params(Piece),
    responses((status = 200, description = "Entries in the order of the chain, and what to hold them against", body = AuditChain)))]
async fn show_audit_chain(State(app): State<App>, permit: Permit, Query(piece): Query<Piece>) -> ApiResult<Json<AuditChain>> {
    let (organization, key) = (permit.organization(), app.keys.signing.public_key());
    let limit = piece.limit.unwrap_or(CHAIN_LIMIT_MAX).clamp(1, CHAIN_LIMIT_MAX);
    let after = piece.after.unwrap_or(0).min(i64::MAX as u64);
    let db = &mut &app.db;
    // In this order: whatever is sealed meanwhile, no row is neither in the tail nor sealed, and the head covers the items.
    let unsealed = store::unsealed_count(db, organization).await?;
    let tail = store::unsealed(db, organization, TAIL_LEN).await?;
    let items = store::chain(db, organization, after, limit).await?;
    let head = store::head(db, organization, key).await?;
    let remembered = Remembered::read(&app.data, &key).of(organization).cloned();
    let entries = |rows: Vec<store::Stored>| rows.into_iter().map(|row| row.entry).collect();
    Ok(Json(AuditChain { organization, items: entries(items), head, remembered, unsealed, tail: entries(tail) }))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.ms(), self.id)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('-').ok_or(())?;
        Ok(Self { at: Time::from_ms(at.parse().map_err(|_| ())?), id: id.parse().map_err(|_| ())? })
    }
}
