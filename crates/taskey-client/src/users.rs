//! Users and the browsers they are signed in with. A user is named by its id or its user name.

use taskey_proto::accounts::Session;
use taskey_proto::id::SessionId;
use taskey_proto::page::Page;
use taskey_proto::users::{CreateUser, CreatedUser, EditUser, Invitation, User};

use crate::{Client, ClientError, pages};

impl Client {
    /// All users, or the first `limit`.
    pub async fn list_users(&self, limit: Option<usize>) -> Result<Page<User>, ClientError> {
        pages::collect(limit, || self.get(&["users"])).await
    }

    pub async fn create_user(&self, user: &CreateUser) -> Result<CreatedUser, ClientError> {
        self.post(&["users"]).json(user).json_answer().await
    }

    pub async fn show_user(&self, user: &str) -> Result<User, ClientError> {
        self.get(&["users", user]).json_answer().await
    }

    pub async fn edit_user(&self, user: &str, edit: &EditUser) -> Result<User, ClientError> {
        self.patch(&["users", user]).json(edit).json_answer().await
    }

    /// Removes a user with their keys and sessions.
    pub async fn remove_user(&self, user: &str) -> Result<(), ClientError> {
        self.delete(&["users", user]).no_answer().await
    }

    /// A link by which a user sets a password, once; it voids the one before.
    pub async fn invite_user(&self, user: &str) -> Result<Invitation, ClientError> {
        self.post(&["users", user, "invitations"]).json_answer().await
    }

    /// Where a user is signed in with a browser: all of them, or the first `limit`.
    pub async fn list_user_sessions(&self, user: &str, limit: Option<usize>) -> Result<Page<Session>, ClientError> {
        pages::collect(limit, || self.get(&["users", user, "sessions"])).await
    }

    /// Signs a user out of one browser, or of every one.
    pub async fn end_user_sessions(&self, user: &str, session: Option<SessionId>) -> Result<(), ClientError> {
        match session {
            Some(session) => self.delete(&["users", user, "sessions", &session.to_string()]),
            None => self.delete(&["users", user, "sessions"]),
        }
        .no_answer()
        .await
    }
}
