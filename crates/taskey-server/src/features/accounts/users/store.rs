//! Queries on users and their invitations.

use std::collections::HashMap;

use taskey_proto::Time;
use taskey_proto::access::GroupRef;
use taskey_proto::id::{OrganizationId, UserId};
use taskey_proto::users::{User, UserState};

use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

/// A user with the number of the last change.
pub struct UserRow {
    pub user: User,
    pub revision: u64,
    pub has_password: bool,
}

/// A user by id or user name.
pub(crate) async fn user_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<UserRow>, DbError> {
    let sql = sql!(
        "SELECT id, organization_id, username, name, password_hash, operator, disabled_at, created_at, time_zone, language, signed_in_at, \
         revision FROM user_account WHERE organization_id = $1 AND id = COALESCE( \
         (SELECT id FROM user_account WHERE id = $2 AND organization_id = $1), \
         (SELECT id FROM user_account WHERE organization_id = $1 AND username = $2))"
    );
    let Some(row) = source.row(sql, args![organization, word]).await? else { return Ok(None) };
    let mut found = user_row(&row)?;
    let username = found.user.username.clone();
    add_groups(source, organization, std::slice::from_mut(&mut found.user), &username, &username).await?;
    Ok(Some(found))
}

/// The organization's users after `after`, by user name, at most `limit`; of one state, of one group, or all.
pub(crate) async fn users_of_organization(
    mut db: &Db,
    organization: OrganizationId,
    group: Option<&str>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<User>, DbError> {
    let sql = sql!(
        "SELECT id, organization_id, username, name, password_hash, operator, disabled_at, created_at, time_zone, language, signed_in_at, \
         revision FROM user_account u WHERE organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR username > $2) \
         AND (CAST($3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM group_member m WHERE m.user_id = u.id AND m.group_id = $3)) \
         ORDER BY username LIMIT $4"
    );
    let rows = db.rows(sql, args![organization, after, group, limit]).await?;
    let mut users = rows.iter().map(|row| Ok(user_row(row)?.user)).collect::<Result<Vec<_>, DbError>>()?;
    if let (Some(first), Some(last)) = (users.first(), users.last()) {
        let (first, last) = (first.username.clone(), last.username.clone());
        add_groups(&mut db, organization, &mut users, &first, &last).await?;
    }
    Ok(users)
}

fn user_row(row: &Row) -> Result<UserRow, DbError> {
    let has_password = !row.get::<String>("password_hash")?.is_empty();
    let state = match row.get::<Option<Time>>("disabled_at")? {
        Some(_) => UserState::Disabled,
        None if has_password => UserState::Active,
        None => UserState::Invited,
    };
    let user = User {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        username: row.get("username")?,
        name: row.get("name")?,
        state,
        is_super: false,
        operator: row.get("operator")?,
        groups: Vec::new(),
        time_zone: row.get("time_zone")?,
        language: row.get("language")?,
        created_at: row.get("created_at")?,
        signed_in_at: row.get("signed_in_at")?,
    };
    Ok(UserRow { user, revision: row.get("revision")?, has_password })
}

/// Adds their groups to users whose names lie between these two.
async fn add_groups(
    source: &mut impl Source,
    organization: OrganizationId,
    users: &mut [User],
    first: &str,
    last: &str,
) -> Result<(), DbError> {
    let sql = sql!(
        "SELECT m.user_id, g.id, g.name, g.is_super FROM user_account u JOIN group_member m ON m.user_id = u.id \
         JOIN user_group g ON g.id = m.group_id WHERE u.organization_id = $1 AND u.username >= $2 AND u.username <= $3 ORDER BY g.name"
    );
    let mut places: HashMap<UserId, &mut User> = users.iter_mut().map(|user| (user.id, user)).collect();
    for row in source.rows(sql, args![organization, first, last]).await? {
        let Some(user) = places.get_mut(&row.get("user_id")?) else { continue };
        if row.get("is_super")? {
            user.is_super = true;
        } else {
            user.groups.push(GroupRef { id: row.get("id")?, name: row.get("name")? });
        }
    }
    Ok(())
}

pub(crate) struct NewUser<'a> {
    pub id: UserId,
    pub organization: OrganizationId,
    pub username: &'a str,
    pub name: &'a str,
    /// Empty: there is none yet.
    pub password_hash: &'a str,
    pub operator: bool,
    pub time_zone: &'a str,
    pub language: &'a str,
}

pub(crate) async fn insert_user(tx: &mut Tx<'_>, user: &NewUser<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO user_account (id, organization_id, username, name, password_hash, operator, created_at, time_zone, language) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let who = args![user.id, user.organization, user.username, user.name, user.password_hash, user.operator, now];
    tx.execute(sql, [who, args![user.time_zone, user.language]].concat()).await.map(|_| ())
}

pub(super) async fn username_taken(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    username: &str,
    except: Option<UserId>,
) -> Result<bool, DbError> {
    let sql =
        sql!("SELECT 1 AS one FROM user_account WHERE organization_id = $1 AND username = $2 AND (CAST($3 AS TEXT) IS NULL OR id <> $3)");
    Ok(tx.row(sql, args![organization, username, except]).await?.is_some())
}

/// Writes what an edit changes.
pub(crate) async fn set_profile(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    let sql =
        sql!("UPDATE user_account SET username = $2, name = $3, time_zone = $4, language = $5, revision = revision + 1 WHERE id = $1");
    tx.execute(sql, args![user.id, &user.username, &user.name, &user.time_zone, &user.language]).await.map(|_| ())
}

pub(crate) async fn set_disabled(tx: &mut Tx<'_>, user: UserId, since: Option<Time>) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE user_account SET disabled_at = $2 WHERE id = $1"), args![user, since]).await.map(|_| ())
}

pub(crate) async fn update_password(tx: &mut Tx<'_>, user: UserId, password_hash: &str) -> Result<(), DbError> {
    let sql = sql!("UPDATE user_account SET password_hash = $2, revision = revision + 1 WHERE id = $1");
    tx.execute(sql, args![user, password_hash]).await.map(|_| ())
}

/// Makes somebody an operator of the server.
pub(crate) async fn set_operator(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE user_account SET operator = 1 WHERE id = $1"), args![user]).await.map(|_| ())
}

/// Removes a user's row and everything that lets the user in.
pub(super) async fn delete_user(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM session WHERE user_id = $1"), args![user]).await?;
    tx.execute(sql!("DELETE FROM api_key WHERE user_id = $1"), args![user]).await?;
    tx.execute(sql!("DELETE FROM invitation WHERE user_id = $1"), args![user]).await?;
    tx.execute(sql!("DELETE FROM group_member WHERE user_id = $1"), args![user]).await?;
    tx.execute(sql!("DELETE FROM user_account WHERE id = $1"), args![user]).await.map(|_| ())
}

/// Super users who can sign in.
pub(super) async fn count_supers(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<u64, DbError> {
    let sql = sql!(
        "SELECT count(*) AS count FROM user_group g JOIN group_member m ON m.group_id = g.id JOIN user_account u ON u.id = m.user_id \
         WHERE g.organization_id = $1 AND g.is_super = 1 AND u.disabled_at IS NULL AND u.password_hash <> ''"
    );
    tx.row(sql, args![organization]).await?.ok_or(DbError::Aborted)?.get("count")
}

/// The users of a name, in one organization or in all of them, at most two.
pub(crate) async fn find_users(
    tx: &mut Tx<'_>,
    organization: Option<&str>,
    username: &str,
) -> Result<Vec<(OrganizationId, UserId)>, DbError> {
    let sql = sql!(
        "SELECT u.id, u.organization_id FROM user_account u JOIN organization o ON o.id = u.organization_id \
         WHERE u.username = $1 AND (CAST($2 AS TEXT) IS NULL OR o.name = $2) ORDER BY u.id LIMIT 2"
    );
    let rows = tx.rows(sql, args![username, organization]).await?;
    rows.iter().map(|row| Ok((row.get("organization_id")?, row.get("id")?))).collect()
}

/// Whether an operator is left who is let in.
pub(crate) async fn has_operator(tx: &mut Tx<'_>) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM user_account WHERE operator = 1 AND disabled_at IS NULL LIMIT 1");
    Ok(tx.row(sql, args![]).await?.is_some())
}

/// The first super user of an organization, or of the first one: an operator before others.
pub(crate) async fn first_super(tx: &mut Tx<'_>, organization: Option<&str>) -> Result<Option<(OrganizationId, UserId)>, DbError> {
    let sql = sql!(
        "SELECT u.id, u.organization_id FROM user_account u JOIN organization o ON o.id = u.organization_id \
         JOIN group_member m ON m.user_id = u.id JOIN user_group g ON g.id = m.group_id AND g.is_super = 1 \
         WHERE (CAST($1 AS TEXT) IS NULL OR o.name = $1) ORDER BY u.operator DESC, o.id, u.id LIMIT 1"
    );
    let Some(row) = tx.row(sql, args![organization]).await? else { return Ok(None) };
    Ok(Some((row.get("organization_id")?, row.get("id")?)))
}

/// Replaces a user's invitation.
pub(super) async fn put_invitation(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    user: UserId,
    token_hash: &str,
    now: Time,
    expires_at: Time,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO invitation (user_id, organization_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at"
    );
    tx.execute(sql, args![user, organization, token_hash, now, expires_at]).await.map(|_| ())
}

pub(super) struct Invited {
    pub organization: OrganizationId,
    pub organization_name: String,
    pub user: UserId,
    pub username: String,
    pub name: String,
    pub has_password: bool,
    pub expires_at: Time,
}

/// Whom an invitation is for, while it is valid and its user is let in.
pub(super) async fn invited(source: &mut impl Source, token_hash: &str, now: Time) -> Result<Option<Invited>, DbError> {
    let sql = sql!(
        "SELECT i.expires_at, u.id, u.username, u.name, u.password_hash, o.id AS organization_id, o.name AS organization_name \
         FROM invitation i JOIN user_account u ON u.id = i.user_id JOIN organization o ON o.id = u.organization_id \
         WHERE i.token_hash = $1 AND i.expires_at > $2 AND u.disabled_at IS NULL AND o.disabled_at IS NULL"
    );
    let Some(row) = source.row(sql, args![token_hash, now]).await? else { return Ok(None) };
    Ok(Some(Invited {
        organization: row.get("organization_id")?,
        organization_name: row.get("organization_name")?,
        user: row.get("id")?,
        username: row.get("username")?,
        name: row.get("name")?,
        has_password: !row.get::<String>("password_hash")?.is_empty(),
        expires_at: row.get("expires_at")?,
    }))
}

pub(super) async fn delete_invitation(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM invitation WHERE user_id = $1"), args![user]).await.map(|_| ())
}
