//! A way back in for whoever has the host: a lost super user.

use taskey_proto::Time;
use taskey_proto::problem::Code;

use super::audit::Actor;
use super::groups::{join, super_group};
use super::organizations::find_organization;
use super::store::raise_revision;
use super::users::{
    Link, Token, find_users, first_super, has_operator, renew_invitation, set_disabled, set_operator, user_of_organization,
};
use crate::app::App;
use crate::platform::db::Tx;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Who gets in again, and by which link.
#[derive(Clone)]
pub struct Recovery {
    pub organization: String,
    pub username: String,
    pub link: Link,
}

struct Input {
    organization: Option<String>,
    username: Option<String>,
    token: Token,
    now: Time,
}

/// Enables a user, makes them a super user, an operator where none is left, and makes a link that sets a new password.
pub async fn recover_user(app: &App, organization: Option<&str>, username: Option<&str>) -> ApiResult<Recovery> {
    let (organization, username) = (organization.map(str::to_owned), username.map(str::to_owned));
    let input = Input { organization, username, token: Token::new()?, now: app.now() };
    app.db.write(input, |tx, input| Box::pin(recover_in(tx, input))).await
}

async fn recover_in(tx: &mut Tx<'_>, input: &Input) -> ApiResult<Recovery> {
    let named = input.organization.as_deref();
    let (organization, user) = match &input.username {
        None => first_super(tx, named).await?.ok_or_else(|| missing("There is no super user; name a user with --username."))?,
        Some(username) => match find_users(tx, named, username).await?[..] {
            [found] => found,
            [] => return Err(missing("There is no such user; `--organization` and `--username` are names as they are.")),
            _ => return Err(missing("There are several users of that name; add --organization NAME.")),
        },
    };
    set_disabled(tx, user, None).await?;
    let group = super_group(tx, organization).await?;
    join(tx, group, user).await?;
    if !has_operator(tx).await? {
        set_operator(tx, user).await?;
    }
    raise_revision(tx, organization).await?;
    let word = user.to_string();
    let username = user_of_organization(tx, organization, &word).await?.ok_or_else(super::users::no_user)?.user.username;
    let actor = Actor::without_request(organization, "host", String::new(), "host".to_owned(), String::new());
    let link = renew_invitation(tx, &actor, &word, &input.token, input.now).await?;
    let organization = find_organization(tx, &organization.to_string()).await?.map(|found| found.name).unwrap_or_default();
    Ok(Recovery { organization, username, link })
}

fn missing(detail: &str) -> ApiError {
    ApiError::new(Code::NotFound, detail)
}
