//! What can be done with one item, one function a verb: load, decide, write, announce.

use std::sync::Arc;

use serde_json::{Value, json};
use taskey_proto::access::Role;
use taskey_proto::id::{ItemId, UserId};
use taskey_proto::item_types::OPEN;
use taskey_proto::items::{
    AddComment, AssignItem, COMMENT_LEN_MAX, CancelItem, Item, LogEntry, MoveItem, PersonRef, ResolveItem, SnoozeItem, UpdateItem,
};
use taskey_proto::problem::{Code, Reason};
use taskey_proto::users::UserState;

use super::change::{Ctx, Happened, write_change};
use super::store::{self, ItemRow};
use super::{model, view};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Scope, access_of};
use crate::features::inbox::kind::Kind;
use crate::features::inbox::{timeouts, types};
use crate::platform::db::{Op, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

/// So far ahead an item may be snoozed.
const SNOOZE_MAX_MS: i64 = 366 * 86_400_000;
/// So long a word that somebody looks at an item is good.
const LOOKING_MS: i64 = 45_000;
/// How often an item is read again whose type's version changed meanwhile.
const TRIES: usize = 5;

/// One change as an op sees it: who, on what, and what is asked.
struct Acting<V> {
    ctx: Ctx,
    permit: Permit,
    id: ItemId,
    kind: Arc<Kind>,
    ask: V,
}

impl<V> Acting<V> {
    fn by(&self) -> String {
        let principal = self.permit.principal();
        if principal.is_person() && !principal.name.is_empty() { principal.name.clone() } else { principal.actor_name() }
    }
}

/// What becomes of an item: `None` where nothing does.
type Outcome = ApiResult<Option<Happened>>;

/// Runs one change: the item's row under the transaction, the version of its type that it keeps, one verb, one entry of its log.
async fn change<V: Clone + Send + Sync + 'static>(
    app: &App,
    permit: &Permit,
    id: ItemId,
    ask: V,
    op: Op<Acting<V>, Option<Item>, ApiError>,
) -> ApiResult<Item> {
    for _ in 0..TRIES {
        let row = find(app, permit, id).await?;
        let kind = types::kind_of(app, row.item_type, row.type_version).await?;
        let ctx = Ctx::new(Actor::from(permit), app.now()).map_err(ApiError::internal)?;
        let acting = Acting { ctx, permit: permit.clone(), id, kind, ask: ask.clone() };
        if let Some(item) = app.db.write(acting, op).await? {
            return Ok(item);
        }
    }
    Err(ApiError::new(Code::Unavailable, "The item is being moved to another version of its type; try again in a moment."))
}

/// The item in the transaction; `None` where it keeps another version of its type by now.
async fn load<V: Sync>(tx: &mut Tx<'_>, acting: &Acting<V>) -> ApiResult<Option<ItemRow>> {
    let row = store::item_of_organization(tx, acting.permit.item_sight(), acting.id).await?.ok_or_else(no_item)?;
    Ok(Some(row).filter(|row| row.type_version == acting.kind.version))
}

/// Writes what happened and shows the item as it is now.
async fn written<V: Sync>(tx: &mut Tx<'_>, acting: &Acting<V>, row: &mut ItemRow, happened: Option<Happened>) -> ApiResult<Option<Item>> {
    if let Some(happened) = happened {
        write_change(tx, &acting.ctx, row, happened).await?;
    }
    Ok(Some(view::shown(row, view::role(&acting.permit, row))))
}

/// Defines an op: `$row` is the item, `$acting` what is asked of it; the body says what happened.
macro_rules! op {
    (|$tx:ident, $row:ident, $acting:ident| $body:expr) => {
        |$tx, $acting| {
            Box::pin(async move {
                let Some(mut row) = load($tx, $acting).await? else { return Ok(None) };
                let $row = &mut row;
                let happened: Outcome = $body;
                let happened = happened?;
                written($tx, $acting, &mut row, happened).await
            })
        }
    };
}

fn happened(action: &'static str, event: &'static str, prev_state: String, change: Value) -> Outcome {
    Ok(Some(Happened { action, event, prev_state: Some(prev_state), change }))
}

fn may_decide<V>(acting: &Acting<V>, row: &ItemRow) -> ApiResult<()> {
    acting.permit.there(&[Scope::ItemType(row.item_type)], &format!("items of the type `{}`", row.type_name))?;
    model::may_decide(&acting.permit, row, &acting.kind).map_err(model::refuse)
}

/// Resolves an item. Of two who decide at once one wins, and the other is told who.
pub async fn resolve_item(app: &App, permit: &Permit, id: ItemId, decision: ResolveItem, if_match: Option<u64>) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        (decision, if_match),
        op!(|tx, row, acting| {
            let (decision, if_match) = &acting.ask;
            may_decide(acting, row)?;
            model::still_open(row, acting.ctx.now)?;
            model::as_shown(row, *if_match)?;
            let before = row.state.clone();
            let change = model::resolve(row, &acting.kind, decision, &acting.by(), acting.ctx.now)?;
            let detail = json!({"resolution": decision.resolution, "type": row.type_name, "seq": row.seq + 1});
            record(tx, &acting.ctx.actor, acting.ctx.now, "item.resolved", &row.id.to_string(), &detail).await?;
            happened("resolved", "item.resolved", before, change)
        }),
    )
    .await
}

/// Takes an item back: for who posted it, and admins.
pub async fn cancel_item(app: &App, permit: &Permit, id: ItemId, ask: CancelItem) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        ask,
        op!(|tx, row, acting| {
            if !model::may_change(&acting.permit, row) {
                return Err(ApiError::new(Code::NotAllowed, "An item is cancelled by whoever posted it, or by an admin."));
            }
            model::still_open(row, acting.ctx.now)?;
            check(model::too_long("/reason", &acting.ask.reason).into_iter().collect())?;
            let said = model::given(&acting.ask.reason).map(|reason| format!(": {reason}")).unwrap_or_else(|| ".".to_owned());
            let reason = Reason::new("cancelled", format!("{} cancelled it{said}", acting.by()));
            let before = row.state.clone();
            let change = model::end(row, &acting.kind, "cancelled", reason, acting.ctx.now);
            let detail = json!({"type": row.type_name, "seq": row.seq + 1});
            record(tx, &acting.ctx.actor, acting.ctx.now, "item.cancelled", &row.id.to_string(), &detail).await?;
            happened("cancelled", "item.cancelled", before, change)
        }),
    )
    .await
}

/// Changes fields: all of them for who posted it and admins, those that are marked so for who may decide.
pub async fn update_item(app: &App, permit: &Permit, id: ItemId, ask: UpdateItem, if_match: Option<u64>) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        (ask, if_match),
        op!(|tx, row, acting| {
            let (ask, if_match) = &acting.ask;
            let anything = model::may_change(&acting.permit, row);
            if !anything {
                may_decide(acting, row)?;
            }
            model::still_open(row, acting.ctx.now)?;
            model::as_shown(row, *if_match)?;
            match model::update(row, &acting.kind, &ask.fields, ask.due_at, anything)? {
                None => Ok(None),
                Some(change) => {
                    row.snoozed_until = None;
                    if row.timeout_at.is_some() {
                        tx.wake(timeouts::TOPIC.to_owned());
                    }
                    happened("updated", "item.updated", row.state.clone(), change)
                }
            }
        }),
    )
    .await
}

/// Moves an open item to another of its type's states.
pub async fn move_item(app: &App, permit: &Permit, id: ItemId, ask: MoveItem, if_match: Option<u64>) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        (ask, if_match),
        op!(|tx, row, acting| {
            let (ask, if_match) = &acting.ask;
            may_decide(acting, row)?;
            model::still_open(row, acting.ctx.now)?;
            model::as_shown(row, *if_match)?;
            let before = row.state.clone();
            let change = model::move_to(row, &acting.kind, &ask.state, model::given(&ask.reason))?;
            row.snoozed_until = None;
            happened("moved", "item.moved", before, change)
        }),
    )
    .await
}

/// Says something about an item, for the team or for whoever it is about too.
pub async fn comment_item(app: &App, permit: &Permit, id: ItemId, ask: AddComment) -> ApiResult<LogEntry> {
    if ask.text.trim().is_empty() || ask.text.len() > COMMENT_LEN_MAX {
        return Err(ApiError::invalid_field("/text", format!("1 to {COMMENT_LEN_MAX} bytes that say something")));
    }
    let item = change(
        app,
        permit,
        id,
        ask,
        op!(|tx, row, acting| {
            acting.permit.there(&[Scope::ItemType(row.item_type)], &format!("items of the type `{}`", row.type_name))?;
            refuse_erased(row)?;
            row.comment_count += 1;
            row.snoozed_until = None;
            let change = json!({"text": acting.ask.text, "public": acting.ask.public});
            happened("commented", "item.commented", row.state.clone(), change)
        }),
    )
    .await?;
    let entry = store::log(&mut &app.db, id, item.seq - 1, 1).await?.pop();
    entry.map(|entry| entry.shown).ok_or_else(|| ApiError::internal("a comment that was written is not there"))
}

/// Gives an item to somebody, or to nobody; only if it is still whose it was said to be.
pub async fn assign_item(app: &App, permit: &Permit, id: ItemId, ask: AssignItem) -> ApiResult<Item> {
    let row = find(app, permit, id).await?;
    let kind = types::kind_of(app, row.item_type, row.type_version).await?;
    let assignee = match &ask.assignee {
        Some(word) => Some(assignable(app, permit, &kind, word, "/assignee").await?),
        None => None,
    };
    let instead_of = match ask.instead_of.as_deref() {
        None => None,
        Some("nobody") => Some(None),
        Some("me") => Some(Some(permit.principal().user)),
        Some(word) => Some(Some(access_of(app, permit.organization(), word).await?.0.id)),
    };
    check(model::too_long("/note", &ask.note).into_iter().collect())?;
    let note = model::given(&ask.note);
    change(
        app,
        permit,
        id,
        (assignee, instead_of, note),
        op!(|tx, row, acting| {
            let (assignee, instead_of, note) = &acting.ask;
            may_decide(acting, row)?;
            model::still_open(row, acting.ctx.now)?;
            let has: Option<UserId> = row.assignee.as_ref().map(|person| person.id);
            if instead_of.is_some_and(|expected| expected != has) {
                let detail = match &row.assignee {
                    Some(person) => format!("{} has it.", person.name),
                    None => "Nobody has it any more.".to_owned(),
                };
                return Err(ApiError::new(Code::ItemTaken, detail));
            }
            if *assignee == row.assignee && note.is_none() {
                return written(tx, acting, row, None).await;
            }
            if *assignee != row.assignee {
                let change = json!({"before": {"assignee": row.assignee}, "after": {"assignee": assignee}});
                row.assignee.clone_from(assignee);
                row.snoozed_until = None;
                let assigned = Happened { action: "assigned", event: "item.assigned", prev_state: Some(row.state.clone()), change };
                write_change(tx, &acting.ctx, row, assigned).await?;
            }
            match note {
                None => Ok(None),
                Some(note) => {
                    row.comment_count += 1;
                    happened("commented", "item.commented", row.state.clone(), json!({"text": note, "public": false}))
                }
            }
        }),
    )
    .await
}

/// Puts an item out of the way until a moment, or back.
pub async fn snooze_item(app: &App, permit: &Permit, id: ItemId, ask: SnoozeItem) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        ask,
        op!(|tx, row, acting| {
            acting.permit.there(&[Scope::ItemType(row.item_type)], &format!("items of the type `{}`", row.type_name))?;
            model::still_open(row, acting.ctx.now)?;
            let now = acting.ctx.now;
            if acting.ask.until.is_some_and(|until| until <= now || until > now.plus_ms(SNOOZE_MAX_MS)) {
                return Err(ApiError::invalid_field("/until", "a moment to come, within a year"));
            }
            if row.snoozed_until == acting.ask.until {
                return written(tx, acting, row, None).await;
            }
            let change = json!({"before": {"snoozed_until": row.snoozed_until}, "after": {"snoozed_until": acting.ask.until}});
            row.snoozed_until = acting.ask.until;
            happened("snoozed", "item.snoozed", row.state.clone(), change)
        }),
    )
    .await
}

/// Ends an item as the same as another one, which stays open.
pub async fn merge_item(app: &App, permit: &Permit, id: ItemId, into: ItemId) -> ApiResult<Item> {
    change(
        app,
        permit,
        id,
        into,
        op!(|tx, row, acting| {
            may_decide(acting, row)?;
            model::still_open(row, acting.ctx.now)?;
            if acting.ask == row.id {
                return Err(ApiError::invalid_field("/into", "an item cannot become one with itself"));
            }
            let canonical = store::item_of_organization(tx, acting.permit.item_sight(), acting.ask).await?;
            let canonical = canonical.ok_or_else(|| ApiError::invalid_field("/into", "there is no such item"))?;
            if let Some(further) = canonical.merged_into {
                return Err(ApiError::invalid_field("/into", format!("that one became one with {further}; name that")));
            }
            if !canonical.is_open {
                return Err(ApiError::invalid_field("/into", "that one is over: name one that is open"));
            }
            let before = row.state.clone();
            let change = model::merge(row, &acting.kind, acting.ask, acting.ctx.now);
            happened("merged", "item.merged", before, change)
        }),
    )
    .await
}

/// Notes that somebody looks at an item.
pub async fn look_at_item(app: &App, permit: &Permit, id: ItemId) -> ApiResult<()> {
    find(app, permit, id).await?;
    let (user, now) = (permit.principal().user, app.now());
    let input = (permit.organization(), id, user, now);
    app.db
        .write(input, |tx, (organization, id, user, now)| {
            Box::pin(async move {
                if store::look_at(tx, *id, *user, now.plus_ms(LOOKING_MS), *now).await? {
                    let subject = id.to_string();
                    let data = json!({"user": user});
                    let event = crate::platform::db::events::Announce {
                        organization: *organization,
                        name: "item.viewed",
                        subject: &subject,
                        at: *now,
                        data: &data,
                    };
                    tx.announce(event).await?;
                }
                Ok(())
            })
        })
        .await
}

/// An item that somebody may see.
pub async fn find(app: &App, permit: &Permit, id: ItemId) -> ApiResult<ItemRow> {
    store::item_of_organization(&mut &app.db, permit.item_sight(), id).await?.ok_or_else(no_item)
}

/// Somebody who may be given an item of a type: who is let in and may decide over some of its states at least.
pub async fn assignable(app: &App, permit: &Permit, kind: &Kind, word: &str, at: &str) -> ApiResult<PersonRef> {
    if word == "me" {
        let principal = permit.principal();
        return Ok(store::person(principal.user, Some(principal.name.clone()), Some(principal.username.clone())));
    }
    let (user, access) =
        access_of(app, permit.organization(), word).await.map_err(|_| ApiError::invalid_field(at, format!("there is no user `{word}`")))?;
    let seers = &kind.spec.access.may_see;
    let sees = seers.is_empty() || kind.is_in(&access, seers);
    let states: Vec<&str> = if kind.spec.states.is_empty() { vec![OPEN] } else { kind.spec.states.names().collect() };
    let decides = states.into_iter().map(|state| kind.spec.deciders(state)).any(|groups| groups.is_empty() || kind.is_in(&access, groups));
    let may = access.is_super || (sees && decides && access.role_in(&[Scope::ItemType(kind.id)]) >= Role::SelfService);
    if user.state == UserState::Disabled || !may {
        return Err(ApiError::invalid_field(at, format!("`{}` may not resolve items of the type `{}`", user.username, kind.spec.name)));
    }
    Ok(store::person(user.id, Some(user.name), Some(user.username)))
}

fn refuse_erased(row: &ItemRow) -> ApiResult<()> {
    match row.erased_at {
        None => Ok(()),
        Some(at) => Err(ApiError::new(Code::ItemOver, format!("Its content was removed at {at}, after its type's time of retention."))),
    }
}

pub fn no_item() -> ApiError {
    ApiError::not_found("item")
}
