//! The live events of the organization: what `GET /api/v1/events` streams.

use serde::Deserialize;
use taskey_proto::Time;

use crate::sse::SseStream;
use crate::{Client, ClientError};

/// Something that happened.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// Where it stands in the stream; what comes after it is asked for with this.
    #[serde(skip)]
    pub cursor: String,
    /// Such as `device.online` or `run.finished`.
    pub name: String,
    /// The id of the device, run, task or key it is about.
    pub subject: String,
    pub at: Time,
    pub data: serde_json::Value,
}

/// Hands out events until the connection ends.
pub struct Events {
    server: String,
    stream: SseStream,
}

impl Client {
    /// The events after `cursor`, or from now on.
    pub async fn follow_events(&self, cursor: Option<&str>) -> Result<Events, ClientError> {
        let stream = self.get(&["events"]).events_after(cursor).await?;
        Ok(Events { server: self.server().to_owned(), stream })
    }
}

impl Events {
    /// The next event; `None` when the server ended the stream. May be dropped and called again.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        let Some(event) = self.stream.next().await? else { return Ok(None) };
        let unreadable = |error: serde_json::Error| ClientError::Unexpected {
            server: self.server.clone(),
            status: 200,
            detail: format!("an event cannot be read ({error})"),
        };
        let parsed: Event = serde_json::from_str(&event.data).map_err(unreadable)?;
        Ok(Some(Event { cursor: event.id, ..parsed }))
    }
}
