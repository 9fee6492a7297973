//! The log of an item as it grows: what `GET /api/v1/items/{item}/events` streams.

use taskey_proto::id::ItemId;
use taskey_proto::items::LogEntry;

use crate::sse::SseStream;
use crate::{Client, ClientError};

/// Hands out entries of a log, each once and in order, until the connection ends.
pub struct ItemLog {
    server: String,
    stream: SseStream,
}

impl Client {
    /// The log of an item, from behind number `after` or from its beginning.
    pub async fn follow_item_log(&self, item: ItemId, after: Option<u64>) -> Result<ItemLog, ClientError> {
        let after = after.map(|seq| seq.to_string());
        let stream = self.get(&["items", &item.to_string(), "events"]).events_after(after.as_deref()).await?;
        Ok(ItemLog { server: self.server().to_owned(), stream })
    }
}

impl ItemLog {
    /// The next entry; `None` when the server ended the stream. May be dropped and called again.
    pub async fn next(&mut self) -> Result<Option<LogEntry>, ClientError> {
        let Some(event) = self.stream.next().await? else { return Ok(None) };
        let unreadable = |error: serde_json::Error| ClientError::Unexpected {
            server: self.server.clone(),
            status: 200,
            detail: format!("an entry of the log cannot be read ({error})"),
        };
        serde_json::from_str(&event.data).map(Some).map_err(unreadable)
    }
}
