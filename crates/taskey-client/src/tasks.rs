//! Tasks. A task is named by its id or its name; who replaces one says which version is meant.

use reqwest::header::ETAG;
use serde::de::DeserializeOwned;
use taskey_proto::page::Page;
use taskey_proto::tasks::{Task, TaskSpec, TaskVersion};

use crate::transport::{Call, read_json};
use crate::{Client, ClientError, pages};

/// Something with the tag of the version that was read.
#[derive(Debug, Clone)]
pub struct Tagged<T> {
    pub value: T,
    /// For `If-Match`; `None` where the server sent none.
    pub etag: Option<String>,
}

impl<T: DeserializeOwned> Tagged<T> {
    pub(crate) async fn read(client: &Client, call: Call<'_>) -> Result<Self, ClientError> {
        let response = call.send().await?;
        let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { value: read_json(client.server(), response).await?, etag })
    }
}

impl Client {
    /// All tasks, or the first `limit`.
    pub async fn list_tasks(&self, limit: Option<usize>) -> Result<Page<Task>, ClientError> {
        pages::collect(limit, || self.get(&["tasks"])).await
    }

    pub async fn show_task(&self, task: &str) -> Result<Tagged<Task>, ClientError> {
        Tagged::read(self, self.get(&["tasks", task])).await
    }

    /// All versions of a task, newest first, or the first `limit`.
    pub async fn list_task_versions(&self, task: &str, limit: Option<usize>) -> Result<Page<TaskVersion>, ClientError> {
        pages::collect(limit, || self.get(&["tasks", task, "versions"])).await
    }

    pub async fn show_task_version(&self, task: &str, version: u32) -> Result<TaskVersion, ClientError> {
        self.get(&["tasks", task, "versions", &version.to_string()]).json_answer().await
    }

    pub async fn create_task(&self, spec: &TaskSpec) -> Result<Task, ClientError> {
        self.post(&["tasks"]).json(spec).json_answer().await
    }

    /// Stores a new version of a task, if `etag` is still the newest.
    pub async fn replace_task(&self, task: &str, spec: &TaskSpec, etag: &str) -> Result<Task, ClientError> {
        self.put(&["tasks", task]).if_match(etag).json(spec).json_answer().await
    }

    pub async fn remove_task(&self, task: &str) -> Result<(), ClientError> {
        self.delete(&["tasks", task]).no_answer().await
    }
}
