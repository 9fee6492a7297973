//! Secrets. A secret is named by its id or its name; its value goes in and never comes out.

use taskey_proto::page::Page;
use taskey_proto::secrets::{Secret, SetSecret};

use crate::{Client, ClientError, pages};

impl Client {
    /// All secrets, or the first `limit`.
    pub async fn list_secrets(&self, limit: Option<usize>) -> Result<Page<Secret>, ClientError> {
        pages::collect(limit, || self.get(&["secrets"])).await
    }

    /// Gives a secret a value, making it where there is none of that name.
    pub async fn set_secret(&self, secret: &str, set: &SetSecret) -> Result<Secret, ClientError> {
        self.put(&["secrets", secret]).json(set).json_answer().await
    }

    pub async fn remove_secret(&self, secret: &str) -> Result<(), ClientError> {
        self.delete(&["secrets", secret]).no_answer().await
    }
}
