//! Lists of items that somebody gave a name.

use taskey_proto::id::{ItemViewId, OrganizationId, UserId};
use taskey_proto::items::{ItemView, SaveView};
use taskey_proto::problem::{Code, FieldError};

use crate::app::App;
use crate::features::accounts::Permit;
use crate::platform::db::{DbError, Row, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};
use crate::{args, sql};

const NAME_LEN_MAX: usize = 100;
const QUERY_LEN_MAX: usize = 4_000;
/// Views of one user.
const VIEWS_MAX: u64 = 100;
/// Views that one answer shows.
const SHOWN_MAX: usize = 1_000;

/// One's own, and those that others share; by name.
pub async fn list_views(app: &App, permit: &Permit) -> ApiResult<Vec<ItemView>> {
    let me = permit.principal().user;
    let sql = sql!(
        "SELECT v.id, v.name, v.query, v.is_shared, v.user_id, u.username FROM item_view v LEFT JOIN user_account u ON u.id = v.user_id \
         WHERE v.organization_id = $1 AND (v.user_id = $2 OR v.is_shared = 1) ORDER BY v.name, v.id LIMIT $3"
    );
    let rows = app.db.rows(sql, args![permit.organization(), me, SHOWN_MAX]).await?;
    Ok(rows.iter().map(|row| view(row, me)).collect::<Result<_, DbError>>()?)
}

fn view(row: &Row, me: UserId) -> Result<ItemView, DbError> {
    Ok(ItemView {
        id: row.get("id")?,
        name: row.get("name")?,
        query: row.get("query")?,
        shared: row.get("is_shared")?,
        created_by: row.get::<Option<String>>("username")?.unwrap_or_default(),
        own: row.get::<UserId>("user_id")? == me,
    })
}

struct Save {
    organization: OrganizationId,
    user: UserId,
    username: String,
    id: ItemViewId,
    view: SaveView,
    now: taskey_proto::Time,
}

/// Saves a view; one's own of the same name is replaced.
pub async fn save_view(app: &App, permit: &Permit, view: SaveView) -> ApiResult<ItemView> {
    let mut errors = Vec::new();
    if view.name.trim().is_empty() || view.name.chars().count() > NAME_LEN_MAX {
        errors.push(FieldError::new("/name", format!("1 to {NAME_LEN_MAX} characters")));
    }
    if view.query.len() > QUERY_LEN_MAX {
        errors.push(FieldError::new("/query", format!("at most {QUERY_LEN_MAX} bytes")));
    }
    check(errors)?;
    let principal = permit.principal();
    let save = Save {
        organization: permit.organization(),
        user: principal.user,
        username: principal.username.clone(),
        id: ItemViewId::new(app.uuid()),
        view,
        now: app.now(),
    };
    app.db.write(save, |tx, save| Box::pin(save_in(tx, save))).await
}

async fn save_in(tx: &mut Tx<'_>, save: &Save) -> ApiResult<ItemView> {
    let count = sql!("SELECT count(*) AS count FROM item_view WHERE organization_id = $1 AND user_id = $2");
    let count: u64 = tx.row(count, args![save.organization, save.user]).await?.ok_or(DbError::Aborted)?.get("count")?;
    if count >= VIEWS_MAX {
        return Err(ApiError::new(Code::Invalid, format!("You have {VIEWS_MAX} views; remove one first.")));
    }
    let sql = sql!(
        "INSERT INTO item_view (id, organization_id, user_id, name, query, is_shared, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (organization_id, user_id, name) DO UPDATE SET query = excluded.query, is_shared = excluded.is_shared"
    );
    let SaveView { name, query, shared } = &save.view;
    tx.execute(sql, args![save.id, save.organization, save.user, name, query, *shared, save.now]).await?;
    let found = sql!("SELECT id FROM item_view WHERE organization_id = $1 AND user_id = $2 AND name = $3");
    let row = tx.row(found, args![save.organization, save.user, name]).await?.ok_or(DbError::Aborted)?;
    let created_by = save.username.clone();
    Ok(ItemView { id: row.get("id")?, name: name.clone(), query: query.clone(), shared: *shared, created_by, own: true })
}

/// Removes one's own view.
pub async fn remove_view(app: &App, permit: &Permit, id: ItemViewId) -> ApiResult<()> {
    let input = (permit.organization(), permit.principal().user, id);
    app.db
        .write(input, |tx, (organization, user, id)| {
            Box::pin(async move {
                let sql = sql!("DELETE FROM item_view WHERE id = $1 AND organization_id = $2 AND user_id = $3");
                match tx.execute(sql, args![*id, *organization, *user]).await? {
                    0 => Err(ApiError::not_found("view of yours")),
                    _ => Ok(()),
                }
            })
        })
        .await
}
