//! Accounts: the instance, set-up, signing in and out, oneself, API keys.

use taskey_proto::accounts::{ApiKey, ChangePassword, CreateKey, CreatedKey, Instance, Me, Session, Setup, SignIn, SignedIn};
use taskey_proto::id::{KeyId, SessionId};
use taskey_proto::page::Page;

use crate::{Client, ClientError, pages};

impl Client {
    pub async fn show_instance(&self) -> Result<Instance, ClientError> {
        self.get(&["instance"]).json_answer().await
    }

    pub async fn setup(&self, setup: &Setup) -> Result<SignedIn, ClientError> {
        self.post(&["setup"]).json(setup).json_answer().await
    }

    pub async fn sign_in(&self, sign_in: &SignIn) -> Result<SignedIn, ClientError> {
        self.post(&["sessions"]).json(sign_in).json_answer().await
    }

    /// Ends what this client is signed in with: the API key is removed.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        self.delete(&["sessions", "current"]).no_answer().await
    }

    pub async fn show_me(&self) -> Result<Me, ClientError> {
        self.get(&["me"]).json_answer().await
    }

    /// Changes one's own password; every other browser and command line of one's own is signed out.
    pub async fn change_password(&self, change: &ChangePassword) -> Result<(), ClientError> {
        self.post(&["me", "password"]).json(change).no_answer().await
    }

    /// Where one is signed in with a browser: all of them, or the first `limit`.
    pub async fn list_sessions(&self, limit: Option<usize>) -> Result<Page<Session>, ClientError> {
        pages::collect(limit, || self.get(&["me", "sessions"])).await
    }

    /// Signs oneself out of one browser.
    pub async fn end_session(&self, session: SessionId) -> Result<(), ClientError> {
        self.delete(&["me", "sessions", &session.to_string()]).no_answer().await
    }

    /// All keys, or the first `limit`.
    pub async fn list_keys(&self, limit: Option<usize>) -> Result<Page<ApiKey>, ClientError> {
        pages::collect(limit, || self.get(&["keys"])).await
    }

    pub async fn create_key(&self, key: &CreateKey) -> Result<CreatedKey, ClientError> {
        self.post(&["keys"]).json(key).json_answer().await
    }

    pub async fn remove_key(&self, key: KeyId) -> Result<(), ClientError> {
        self.delete(&["keys", &key.to_string()]).no_answer().await
    }
}
