//! What users may do, remembered: read again only when the organization's rights have changed since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use taskey_proto::id::{OrganizationId, UserId};
use taskey_proto::users::User;

use super::access::Access;
use super::store;
use super::users::{no_user, user_of_organization};
use crate::app::App;
use crate::platform::db::{Db, DbError};
use crate::platform::http::problem::ApiResult;

/// Users remembered; beyond that all are forgotten and read again.
const USERS_MAX: usize = 10_000;

/// By user, with the revision of the organization's rights that it was read for. Whoever asks has just read that revision beside the
/// session or key, so what is remembered is never older than the request.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<UserId, (u64, Arc<Access>)>>);

impl Remembered {
    pub(super) async fn of(&self, mut db: &Db, user: UserId, revision: u64) -> Result<Arc<Access>, DbError> {
        if let Some((_, access)) = self.lock().get(&user).filter(|(known, _)| *known == revision) {
            return Ok(access.clone());
        }
        // Read after the revision was: it may be newer than that, never older.
        let access = Arc::new(store::access_of_user(&mut db, user).await?);
        let mut users = self.lock();
        if users.len() >= USERS_MAX {
            users.clear();
        }
        users.insert(user, (revision, access.clone()));
        Ok(access)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, (u64, Arc<Access>)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A user of an organization with what their groups give, read anew.
pub async fn access_of(app: &App, organization: OrganizationId, word: &str) -> ApiResult<(User, Access)> {
    let user = user_of_organization(&mut &app.db, organization, word).await?.ok_or_else(no_user)?.user;
    let access = store::access_of_user(&mut &app.db, user.id).await?;
    Ok((user, access))
}
