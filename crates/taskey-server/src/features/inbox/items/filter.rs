//! What a list of items asks for, and which index answers it.

use serde::Deserialize;
use serde_json::Value;
use taskey_proto::Time;
use taskey_proto::devices::Labels;
use taskey_proto::item_types::{ItemTypeSpec, Key};
use taskey_proto::items::{Fields, Item};
use taskey_proto::selector::{Selector, Subject};
use utoipa::IntoParams;

use super::listing::{After, Base, Listing, Order, Residual, list};
use super::store::ItemRow;
use super::{index, search, view, words};
use crate::app::App;
use crate::features::accounts::{Permit, access_of};
use crate::features::inbox::types;
use crate::platform::http::ApiError;
use crate::platform::http::page::{LIMIT_DEFAULT, LIMIT_MAX, PageAnswer, after, page_of};
use crate::platform::http::problem::ApiResult;

/// Items that are looked at for one page, where a test has to be made on each.
const LOOKED_AT_MAX: usize = 10_000;
const AT_ONCE: usize = 500;
const SEARCH_CHARS_MAX: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Id or name of an item type.
    #[serde(rename = "type")]
    item_type: Option<String>,
    /// `open` (default), `closed`, `all`, or one of the states.
    state: Option<String>,
    /// `needs_me`, `mine`, `unassigned`, `overdue` or `snoozed`; of open items.
    queue: Option<String>,
    /// Id or user name, `me` or `nobody`.
    assignee: Option<String>,
    external_id: Option<String>,
    /// Words, each the beginning of one in the item's title, fields, external id or comments, whatever its case and accents.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Tests of fields, as `amount>100 and country=DE`; a test for the value of an indexed field is fast.
    #[serde(rename = "where")]
    wanted: Option<String>,
    /// `newest` (default), `oldest` or `due`.
    order: Option<String>,
    /// Items on a page, 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What a test may ask for beside fields.
const FACTS: [&str; 3] = ["state", "type", "title"];

/// A filter with everything in it looked up.
struct Wanted {
    listing: Listing,
    test: Option<Selector>,
}

pub async fn list_items(app: &App, permit: &Permit, filter: Filter) -> ApiResult<PageAnswer<Item>> {
    let wanted = read(app, permit, &filter).await?;
    let limit = filter.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let mut behind: Option<After> = after(filter.cursor.as_deref())?;
    if let Base::Words(_) = wanted.listing.base {
        search::index_all(&app.db).await?;
    }
    let now = app.now();
    let sight = permit.item_sight();
    let key = |row: &ItemRow| match wanted.listing.order {
        Order::Due => After { at: row.due_at.map_or(i64::MAX, Time::ms), id: row.id },
        Order::Newest | Order::Oldest => After { at: row.created_at.ms(), id: row.id },
    };
    let Some(test) = &wanted.test else {
        let rows = list(&app.db, sight, &wanted.listing, behind, limit + 1, now).await?;
        return Ok(shown(permit, limit, rows, key));
    };
    let mut found = Vec::new();
    for _ in 0..LOOKED_AT_MAX / AT_ONCE {
        let rows = list(&app.db, sight, &wanted.listing, behind, AT_ONCE, now).await?;
        let is_last = rows.len() < AT_ONCE;
        behind = rows.last().map(key);
        found.extend(rows.into_iter().filter(|row| passes(test, row)));
        if found.len() > limit || is_last {
            return Ok(shown(permit, limit, found, key));
        }
    }
    // Too many that do not pass: a short page, and the next one goes on where this one stopped looking.
    let items = found.iter().map(|row| view::shown(row, view::role(permit, row))).collect();
    let next = behind.map(|behind| taskey_proto::crypto::base64url(behind.to_string().as_bytes()));
    Ok(PageAnswer(taskey_proto::page::Page { items, next }))
}

fn shown(permit: &Permit, limit: usize, rows: Vec<ItemRow>, key: impl Fn(&ItemRow) -> After) -> PageAnswer<Item> {
    let PageAnswer(page) = page_of(limit, rows, key);
    let items = page.items.iter().map(|row| view::shown(row, view::role(permit, row))).collect();
    PageAnswer(taskey_proto::page::Page { items, next: page.next })
}

async fn read(app: &App, permit: &Permit, filter: &Filter) -> ApiResult<Wanted> {
    let kind = match &filter.item_type {
        Some(word) => Some(types::visible_kind(app, permit, word).await?),
        None => None,
    };
    let (me, now) = (permit.principal().user, app.now());
    let mut residual = Residual { external_hash: filter.external_id.as_deref().map(index::external_hash), ..Residual::default() };
    match filter.state.as_deref() {
        None | Some("open") => residual.is_open = Some(true),
        Some("closed") => residual.is_open = Some(false),
        Some("all") => {}
        Some(state) => residual.state = Some(state.to_owned()),
    }
    let mut assigned = None;
    match filter.assignee.as_deref() {
        None => {}
        Some("nobody") => residual.assignee = Some(String::new()),
        Some("me") => assigned = Some(me),
        Some(word) => assigned = Some(access_of(app, permit.organization(), word).await.map_err(|_| no_assignee(word))?.0.id),
    }
    match filter.queue.as_deref() {
        None => {}
        Some("needs_me") => {
            residual.free_or_of = Some(me);
            residual.snoozed = Some(false);
        }
        Some("mine") => assigned = Some(me),
        Some("unassigned") => residual.assignee = Some(String::new()),
        Some("overdue") => residual.due_before = Some(now),
        Some("snoozed") => residual.snoozed = Some(true),
        Some(other) => {
            let known = "needs_me, mine, unassigned, overdue, snoozed";
            return Err(ApiError::invalid_field("/queue", format!("there is no queue `{other}`; there are {known}")));
        }
    }
    if filter.queue.is_some() {
        residual.is_open = Some(true);
    }
    let order = match filter.order.as_deref() {
        None | Some("newest") => Order::Newest,
        Some("oldest") => Order::Oldest,
        Some("due") => Order::Due,
        Some(other) => {
            return Err(ApiError::invalid_field("/order", format!("there is no order `{other}`; there are newest, oldest, due")));
        }
    };
    let test = filter.wanted.as_deref().map(Selector::parse).transpose();
    let test = test.map_err(|error| ApiError::invalid_field("/where", error.to_string()))?;
    if let (Some(kind), Some(test)) = (&kind, &test) {
        let is_field = |key: &str| kind.spec.fields.properties.names().any(|name| name == key || Key::parse(name).name == key);
        if let Some(unknown) = test.keys().into_iter().find(|key| !FACTS.contains(key) && !is_field(key)) {
            let detail = format!("items of the type `{}` have no field `{unknown}`", kind.spec.name);
            return Err(ApiError::invalid_field("/where", detail));
        }
    }
    let indexed = kind.as_ref().zip(test.as_ref()).and_then(|(kind, test)| indexed_field(&kind.spec, test));
    let is_open = residual.is_open == Some(true);
    let base = match (filter.q.as_deref().map(|text| searched(permit, text)).transpose()?, indexed) {
        (Some(words), _) => Base::Words(words),
        _ if order == Order::Due && is_open => Base::OpenByDue,
        _ if order == Order::Due && residual.is_open == Some(false) => Base::ClosedByDue,
        _ if order == Order::Due => Base::ByDue,
        (None, Some((place, value))) => Base::Field(place, value),
        (None, None) => match (filter.queue.as_deref(), assigned) {
            (None | Some("unassigned"), None) if kind.is_none() && is_open && residual.assignee.is_some() => Base::Unassigned,
            (Some("overdue"), _) => Base::Overdue(now),
            (Some("snoozed"), _) => Base::Snoozed(now),
            (_, Some(user)) if is_open => Base::Assigned(user),
            _ => match (kind.is_some(), residual.is_open) {
                (true, Some(true)) => Base::OpenOfType,
                (true, Some(false)) => Base::ClosedOfType,
                (true, None) => Base::Type,
                (false, Some(true)) => Base::Open,
                (false, Some(false)) => Base::Closed,
                (false, None) => Base::Organization,
            },
        },
    };
    residual.of_type = kind.as_ref().map(|kind| kind.id);
    if let Some(user) = assigned {
        residual.assignee = Some(user.to_string());
    }
    Ok(Wanted { listing: Listing { base, residual, order }, test })
}

fn searched(permit: &Permit, text: &str) -> ApiResult<String> {
    if text.chars().count() > SEARCH_CHARS_MAX {
        return Err(ApiError::invalid_field("/q", format!("at most {SEARCH_CHARS_MAX} characters")));
    }
    words::query(permit.organization(), text).ok_or_else(|| ApiError::invalid_field("/q", "a word to look for"))
}

fn no_assignee(word: &str) -> ApiError {
    ApiError::invalid_field("/assignee", format!("there is no user `{word}`"))
}

/// An indexed field of which a test demands one value: its place, and the value as it is indexed.
fn indexed_field(spec: &ItemTypeSpec, test: &Selector) -> Option<(usize, String)> {
    for (key, word) in test.demanded() {
        let place = spec.indexed.iter().position(|name| name == key || Key::parse(name).name == key);
        let Some(place) = place else { continue };
        let kind = spec.fields.properties.get(&spec.indexed[place]).and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let wanted = match kind {
            Some("string") => 's',
            Some("number" | "integer") => 'n',
            Some("boolean") => 'b',
            _ => continue,
        };
        if let Some(value) = index::readings(word).into_iter().find(|reading| reading.starts_with(wanted)) {
            return Some((place, value));
        }
    }
    None
}

fn passes(test: &Selector, row: &ItemRow) -> bool {
    let fields = field_words(&row.fields);
    let facts: Labels = [("state", row.state.clone()), ("type", row.type_name.clone()), ("title", row.title.clone())]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    test.matches_amounts(&Subject { name: &row.title, labels: &fields, facts: &facts, groups: &[], online: false })
}

/// Fields as a filter sees them: each by what people call it, as text.
pub fn field_words(fields: &Fields) -> Labels {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        // `240.0` is what somebody means who writes 240.
        Value::Number(number) => number
            .as_f64()
            .map(|number| number.to_string())
            .filter(|_| !number.is_u64() && !number.is_i64())
            .or_else(|| Some(number.to_string())),
        other => Some(other.to_string()),
    };
    fields.iter().filter_map(|(name, value)| Some((Key::parse(name).name.to_owned(), word(value)?))).collect()
}
