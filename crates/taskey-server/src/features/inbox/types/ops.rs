//! What can be done with item types, one function a verb.

use std::sync::Arc;

use http::StatusCode;
use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{ItemTypeId, OrganizationId};
use taskey_proto::item_types::{CheckItemType, CheckedItemType, ItemType, ItemTypeSpec, ItemTypeVersion, check_item_type};
use taskey_proto::items::Fields;
use taskey_proto::problem::{Code, FieldError};

use super::store::{self, NewVersion, TypeRow};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Scope, raise_revision};
use crate::features::inbox::kind::{Kind, Named};
use crate::platform::db::events::Announce;
use crate::platform::db::{Source, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::{ApiResult, check};

struct Write {
    actor: Actor,
    permit: Permit,
    id: ItemTypeId,
    spec: ItemTypeSpec,
    named: Named,
    once: Option<Arc<Once>>,
    now: Time,
}

/// Checks all that can be wrong with a type but for its name being taken; compiled.
async fn checked(app: &App, organization: OrganizationId, spec: &ItemTypeSpec) -> ApiResult<Kind> {
    let mut errors = check_item_type(spec);
    let mut lists = vec![("/access/may_see".to_owned(), &spec.access.may_see), ("/access/may_decide".to_owned(), &spec.access.may_decide)];
    lists.extend(spec.states.iter().map(|(name, state)| (format!("/states/{name}/may_decide"), &state.may_decide)));
    let names: Vec<&String> = lists.iter().flat_map(|(_, names)| names.iter()).collect();
    let groups = store::groups_named(&mut &app.db, organization, &names).await?;
    for (at, names) in lists {
        let missing = names.iter().enumerate().filter(|(_, name)| !groups.contains_key(*name));
        errors.extend(missing.map(|(index, name)| FieldError::new(format!("{at}/{index}"), format!("there is no group `{name}`"))));
    }
    let mut named = Named { groups, webhook: None };
    if let Some(word) = &spec.webhook {
        named.webhook = store::webhook_named(&app.db, organization, word).await?;
        if named.webhook.is_none() {
            errors.push(FieldError::new("/webhook", format!("there is no webhook `{word}`")));
        }
    }
    match Kind::compile(ItemTypeId::new(app.uuid()), 0, spec.clone(), named) {
        Ok(kind) => {
            errors.extend(kind.template_errors());
            check(errors)?;
            Ok(kind)
        }
        Err(more) => {
            errors.extend(more);
            Err(ApiError::invalid(errors))
        }
    }
}

pub(super) async fn create_item_type(app: &App, permit: &Permit, spec: ItemTypeSpec, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    let named = checked(app, permit.organization(), &spec).await?.named;
    let id = ItemTypeId::new(app.uuid());
    let write = Write { actor: Actor::from(permit), permit: permit.clone(), id, spec, named, once, now: app.now() };
    app.db
        .write(write, |tx, write| {
            Box::pin(async move {
                if let Some(once) = &write.once
                    && let Some(answer) = once.recall(tx).await?
                {
                    return Ok(answer);
                }
                refuse_taken(tx, write, None).await?;
                store::insert_type(tx, &new_version(write, write.id, 1)).await?;
                announce(tx, &write.actor, write.now, "item_type.created", write.id, &write.spec.name, 1).await?;
                let row = load(tx, write.actor.organization, write.id).await?;
                let shown = shown(row, &write.permit);
                let answer = Answer::new(StatusCode::CREATED, Some(format!("/api/v1/item-types/{}", shown.id)), &shown)?;
                if let Some(once) = &write.once {
                    once.remember(tx, &answer, write.now).await?;
                }
                Ok(answer)
            })
        })
        .await
}

/// Makes the next version, unless nothing changed. Items keep theirs until they are moved.
pub(super) async fn replace_item_type(
    app: &App,
    permit: &Permit,
    word: String,
    spec: ItemTypeSpec,
    if_match: Option<u64>,
) -> ApiResult<ItemType> {
    let named = checked(app, permit.organization(), &spec).await?.named;
    let id = ItemTypeId::new(app.uuid());
    let write = Write { actor: Actor::from(permit), permit: permit.clone(), id, spec, named, once: None, now: app.now() };
    app.db
        .write((write, word, if_match), |tx, (write, word, if_match)| {
            Box::pin(async move {
                let before = find(tx, &write.permit, word).await?;
                if if_match.is_some_and(|version| version != u64::from(before.version)) {
                    return Err(ApiError::new(Code::PreconditionFailed, "Read the item type again and decide anew."));
                }
                let named = store::version_spec(tx, before.id, before.version).await?.map(|(_, named)| named);
                if before.spec == write.spec && named.as_ref() == Some(&write.named) {
                    return Ok(shown(before, &write.permit));
                }
                refuse_taken(tx, write, Some(before.id)).await?;
                let version = before.version + 1;
                store::update_type(tx, &new_version(write, before.id, version)).await?;
                announce(tx, &write.actor, write.now, "item_type.changed", before.id, &write.spec.name, version).await?;
                Ok(shown(load(tx, write.actor.organization, before.id).await?, &write.permit))
            })
        })
        .await
}

/// Removes a type of which no item is open. What is over keeps the version that it had.
pub(super) async fn remove_item_type(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), permit.clone(), word, app.now());
    app.db
        .write(input, |tx, (actor, permit, word, now)| {
            Box::pin(async move {
                let row = find(tx, permit, word).await?;
                if row.open_count > 0 {
                    let items = if row.open_count == 1 { "item of it is".to_owned() } else { "items of it are".to_owned() };
                    let detail = format!("{} {items} open. Resolve or cancel what is open first.", row.open_count);
                    return Err(ApiError::new(Code::InUse, detail));
                }
                store::remove_type(tx, row.id, *now).await?;
                announce(tx, actor, *now, "item_type.removed", row.id, &row.spec.name, row.version).await
            })
        })
        .await
}

pub(super) async fn list_item_types(app: &App, permit: &Permit, after: Option<String>, limit: usize) -> ApiResult<Vec<ItemType>> {
    let rows = store::types_of_organization(&app.db, permit.item_sight(), after, limit).await?;
    Ok(rows.into_iter().map(|row| shown(row, permit)).collect())
}

pub(super) async fn show_item_type(app: &App, permit: &Permit, word: &str) -> ApiResult<ItemType> {
    Ok(shown(find(&mut &app.db, permit, word).await?, permit))
}

pub(super) async fn list_versions(
    app: &App,
    permit: &Permit,
    word: &str,
    before: Option<u32>,
    limit: usize,
) -> ApiResult<Vec<ItemTypeVersion>> {
    let row = find(&mut &app.db, permit, word).await?;
    Ok(store::versions_of_type(&app.db, row.id, before, limit).await?)
}

pub(super) async fn show_version(app: &App, permit: &Permit, word: &str, version: u32) -> ApiResult<ItemTypeVersion> {
    let row = find(&mut &app.db, permit, word).await?;
    let found = store::versions_of_type(&app.db, row.id, Some(version.saturating_add(1)), 1).await?.pop();
    found.filter(|found| found.version == version).ok_or_else(|| ApiError::not_found("version"))
}

/// What storing a type would do, and how an item of it would read.
pub(super) async fn check_type(app: &App, permit: &Permit, question: CheckItemType) -> ApiResult<CheckedItemType> {
    let kind = checked(app, permit.organization(), &question.spec).await.map_err(|error| error.under("/spec"))?;
    let existing = store::type_of_organization(&mut &app.db, permit.organization(), &question.spec.name).await?;
    let outcome = match existing {
        None => "created",
        Some(row) if row.spec == question.spec => "unchanged",
        Some(_) => "changed",
    };
    let mut checked = CheckedItemType { outcome: outcome.to_owned(), title: None, text: None, labels: Default::default() };
    if let Some(fields) = question.fields {
        let fields: Fields = serde_json::from_value(fields).map_err(|error| ApiError::invalid_field("/fields", error.to_string()))?;
        check(kind.field_errors("/fields", &fields))?;
        let under = |error: FieldError| ApiError::invalid(vec![error]).under("/spec");
        checked.title = Some(kind.title(&fields).map_err(under)?);
        checked.text = kind.text(&fields).transpose().map_err(under)?;
        checked.labels = kind.labels(&fields);
    }
    Ok(checked)
}

/// The newest version of a type by id or name, ready for use. A permit is no older than its request, so what was read for its revision
/// of the organization holds.
pub(in super::super) async fn named_kind(app: &App, permit: &Permit, word: &str) -> ApiResult<Option<Arc<Kind>>> {
    let (organization, revision) = (permit.organization(), permit.principal().revision);
    if let Some(kind) = app.kinds.named(organization, word, revision) {
        return Ok(Some(kind));
    }
    let kind = kind_now(app, organization, word).await?;
    if let Some(kind) = &kind {
        app.kinds.remember_name(organization, word, revision, kind.clone());
    }
    Ok(kind)
}

/// The same, read anew.
pub(in super::super) async fn kind_now(app: &App, organization: OrganizationId, word: &str) -> ApiResult<Option<Arc<Kind>>> {
    match store::newest_version(&app.db, organization, word).await? {
        Some((id, version)) => kind_of(app, id, version).await.map(Some),
        None => Ok(None),
    }
}

/// The same, of a type of which somebody may see items.
pub(in super::super) async fn visible_kind(app: &App, permit: &Permit, word: &str) -> ApiResult<Arc<Kind>> {
    let kind = named_kind(app, permit, word).await?;
    kind.filter(|kind| sees_type(permit, kind)).ok_or_else(no_item_type)
}

/// A version of a type, ready for use.
pub(in super::super) async fn kind_of(app: &App, id: ItemTypeId, version: u32) -> ApiResult<Arc<Kind>> {
    if let Some(kind) = app.kinds.get(id, version) {
        return Ok(kind);
    }
    let (spec, named) = store::version_spec(&mut &app.db, id, version).await?.ok_or_else(no_item_type)?;
    // It was compiled before it was stored; an older program may have taken what this one does not.
    let kind =
        Kind::compile(id, version, spec, named).map_err(|errors| ApiError::internal(format!("item type {id} v{version}: {errors:?}")))?;
    Ok(app.kinds.remember(kind))
}

/// Whether somebody may know of items of a type.
pub(in super::super) fn sees_type(permit: &Permit, kind: &Kind) -> bool {
    let seers = &kind.spec.access.may_see;
    let is_let_in = seers.is_empty() || permit.is_super() || kind.is_in(&permit.principal().access, seers);
    is_let_in && permit.sees(&[Scope::ItemType(kind.id)])
}

pub(super) async fn find(source: &mut impl Source, permit: &Permit, word: &str) -> ApiResult<TypeRow> {
    store::type_of_sight(source, permit.item_sight(), word).await?.ok_or_else(no_item_type)
}

async fn load(tx: &mut Tx<'_>, organization: OrganizationId, id: ItemTypeId) -> ApiResult<TypeRow> {
    store::type_of_organization(tx, organization, &id.to_string()).await?.ok_or_else(no_item_type)
}

fn new_version<'a>(write: &'a Write, id: ItemTypeId, version: u32) -> NewVersion<'a> {
    let Write { actor, spec, named, now, .. } = write;
    NewVersion { id, organization: actor.organization, version, spec, named, by: &actor.name, now: *now }
}

async fn refuse_taken(tx: &mut Tx<'_>, write: &Write, except: Option<ItemTypeId>) -> ApiResult<()> {
    if store::name_taken(tx, write.actor.organization, &write.spec.name, except).await? {
        return Err(ApiError::new(Code::NameTaken, format!("Another item type is called `{}`.", write.spec.name)));
    }
    Ok(())
}

async fn announce(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Time,
    name: &'static str,
    id: ItemTypeId,
    type_name: &str,
    version: u32,
) -> ApiResult<()> {
    let subject = id.to_string();
    let data = serde_json::json!({"name": type_name, "version": version});
    record(tx, actor, now, name, &subject, &data).await?;
    raise_revision(tx, actor.organization).await?;
    Ok(tx.announce(Announce { organization: actor.organization, name, subject: &subject, at: now, data: &data }).await?)
}

fn shown(row: TypeRow, permit: &Permit) -> ItemType {
    let role = if permit.is_super() { Role::Admin } else { permit.role_in(&[Scope::ItemType(row.id)]) };
    ItemType {
        id: row.id,
        name: row.spec.name.clone(),
        version: row.version,
        spec: row.spec,
        open_count: row.open_count,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        role,
    }
}

pub(in super::super) fn no_item_type() -> ApiError {
    ApiError::not_found("item type")
}
