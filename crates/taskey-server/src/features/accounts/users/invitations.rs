//! Links that set a password, once.

use taskey_proto::Time;
use taskey_proto::crypto::{self, base64url};
use taskey_proto::id::{OrganizationId, UserId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::users::{AcceptInvitation, Invitation, OpenedInvitation};

use super::store;
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::ops::{Entry, insert_entry, new_session, token_hash};
use crate::features::accounts::store::{delete_sessions_of_user, delete_signed_in_keys, raise_revision, set_signed_in_at};
use crate::features::accounts::{Permit, password};
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::guard::RequestContext;
use crate::platform::http::problem::{ApiResult, check};

const FIRST_VALID_MS: i64 = 7 * 86_400_000;
/// Of a link that replaces a password: who lost one is waiting for it.
const REPLACING_VALID_MS: i64 = 86_400_000;

/// The secret of a link. The database gets its hash.
#[derive(Clone)]
pub struct Token(String);

/// A link that was just made.
#[derive(Clone)]
pub struct Link {
    pub token: Token,
    pub expires_at: Time,
}

impl Token {
    pub(crate) fn new() -> ApiResult<Self> {
        Ok(Self(format!("inv_{}", base64url(&crypto::random::<24>().map_err(ApiError::internal)?))))
    }

    /// A new link for a user, which voids the one before.
    pub(crate) async fn store(
        &self,
        tx: &mut Tx<'_>,
        organization: OrganizationId,
        user: UserId,
        has_password: bool,
        now: Time,
    ) -> Result<Link, DbError> {
        let expires_at = now.plus_ms(if has_password { REPLACING_VALID_MS } else { FIRST_VALID_MS });
        store::put_invitation(tx, organization, user, &token_hash(&self.0), now, expires_at).await?;
        Ok(Link { token: self.clone(), expires_at })
    }
}

impl Link {
    /// As it is sent. What follows the `#` stays in the browser: no server, proxy or log sees it.
    pub fn invitation(&self, app: &App) -> Invitation {
        Invitation { link: format!("{}/invite#{}", app.public_url, self.token.0), expires_at: self.expires_at }
    }
}

/// Makes a new link for a user.
pub(super) async fn invite_user(app: &App, permit: &Permit, word: String) -> ApiResult<Invitation> {
    let input = (permit.clone(), word, Token::new()?, app.now());
    let link = app
        .db
        .write(input, |tx, (permit, word, token, now)| {
            Box::pin(async move {
                let found = store::user_of_organization(tx, permit.organization(), word).await?.ok_or_else(super::ops::no_user)?;
                // Whoever has the link gets in as them.
                super::ops::spare_operator(permit, &found.user)?;
                renew_invitation(tx, &Actor::from(&*permit), word, token, *now).await
            })
        })
        .await?;
    Ok(link.invitation(app))
}

/// Makes a new link for a user, within an op.
pub async fn renew_invitation(tx: &mut Tx<'_>, actor: &Actor, word: &str, token: &Token, now: Time) -> ApiResult<Link> {
    let found = store::user_of_organization(tx, actor.organization, word).await?.ok_or_else(super::ops::no_user)?;
    let link = token.store(tx, actor.organization, found.user.id, found.has_password, now).await?;
    let detail = serde_json::json!({"username": found.user.username, "expires_at": link.expires_at});
    record(tx, actor, now, "user.invited", &found.user.id.to_string(), &detail).await?;
    Ok(link)
}

/// Tells whose password a link sets, to whoever has it.
pub(super) async fn open(app: &App, token: &str) -> ApiResult<OpenedInvitation> {
    let found = store::invited(&mut &app.db, &token_hash(token), app.now()).await?.ok_or_else(invalid)?;
    Ok(OpenedInvitation {
        username: found.username,
        name: found.name,
        organization: found.organization_name,
        has_password: found.has_password,
        expires_at: found.expires_at,
    })
}

struct AcceptInput {
    token_hash: String,
    password_hash: String,
    entry: Entry,
    context: RequestContext,
    now: Time,
}

/// Sets the password and signs in. Whoever was signed in with the old one is not any more.
pub(super) async fn accept(app: &App, context: &RequestContext, accept: AcceptInvitation) -> ApiResult<Entry> {
    let now = app.now();
    let token_hash = token_hash(&accept.token);
    let found = store::invited(&mut &app.db, &token_hash, now).await?.ok_or_else(invalid)?;
    let problem = super::ops::password_error(&accept.password, &found.username, &found.organization_name);
    check(problem.into_iter().map(|detail| FieldError::new("/password", detail)).collect())?;
    let entry = new_session(app, context, now)?;
    let password_hash = password::hash(&app.hasher, accept.password).await?;
    let input = AcceptInput { token_hash, password_hash, entry: entry.clone(), context: context.clone(), now };
    app.db.write(input, |tx, input| Box::pin(accept_in(tx, input))).await?;
    Ok(entry)
}

async fn accept_in(tx: &mut Tx<'_>, input: &AcceptInput) -> ApiResult<()> {
    let found = store::invited(tx, &input.token_hash, input.now).await?.ok_or_else(invalid)?;
    store::delete_invitation(tx, found.user).await?;
    store::update_password(tx, found.user, &input.password_hash).await?;
    delete_sessions_of_user(tx, found.user, None).await?;
    delete_signed_in_keys(tx, found.user, None).await?;
    insert_entry(tx, found.organization, found.user, &input.entry, input.now).await?;
    set_signed_in_at(tx, found.user, input.now).await?;
    raise_revision(tx, found.organization).await?;
    let actor = Actor::user(found.organization, found.user, &found.username, &input.context);
    let detail = serde_json::json!({"first": !found.has_password, "by": "invitation"});
    Ok(record(tx, &actor, input.now, "user.password_set", &found.user.to_string(), &detail).await?)
}

fn invalid() -> ApiError {
    ApiError::new(Code::InvalidInvitation, "Ask for a new link; a link works once, until it expires or a newer one is made.")
}
