//! The live output of one execution, resumed where it stopped when the connection breaks.

use std::time::Duration;

use taskey_proto::id::ExecutionId;
use taskey_proto::runs::{Execution, OutputEvent};

use crate::sse::{SseEvent, SseStream};
use crate::{Client, ClientError};

/// Pauses before each new attempt in a row; together a little more than a server takes to start again.
const RECONNECT_PAUSES_MS: [u64; 7] = [100, 200, 400, 800, 1_600, 3_200, 6_400];

#[derive(Debug, Clone)]
pub enum OutputUpdate {
    Output(OutputEvent),
    /// The execution as it is now; comes first, and with each change of its state.
    Execution(Box<Execution>),
}

/// Hands out what one execution writes, each piece once and in order.
pub struct OutputFollower {
    client: Client,
    execution: ExecutionId,
    follow: bool,
    /// The number of the last piece that was handed out.
    seq: u64,
    stream: Option<SseStream>,
    failures: usize,
    ended: bool,
}

impl OutputFollower {
    pub(crate) fn new(client: Client, execution: ExecutionId, follow: bool) -> Self {
        Self { client, execution, follow, seq: 0, stream: None, failures: 0, ended: false }
    }

    /// The next piece of news; `None` after the end. May be dropped and called again without losing anything.
    pub async fn next(&mut self) -> Result<Option<OutputUpdate>, ClientError> {
        while !self.ended {
            match self.step().await {
                Ok(Some(update)) => return Ok(Some(update)),
                Ok(None) => {}
                Err(ClientError::Unreachable { .. }) if self.failures < RECONNECT_PAUSES_MS.len() => {
                    self.stream = None;
                    let pause = RECONNECT_PAUSES_MS[self.failures];
                    self.failures += 1;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn step(&mut self) -> Result<Option<OutputUpdate>, ClientError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => empty.insert(connect(&self.client, self.execution, self.follow, self.seq).await?),
        };
        let Some(event) = stream.next().await? else {
            return Err(self.broken_off());
        };
        self.read(&event)
    }

    fn read(&mut self, event: &SseEvent) -> Result<Option<OutputUpdate>, ClientError> {
        match event.event.as_str() {
            "output" => {
                let output: OutputEvent = self.parse(event)?;
                if output.seq <= self.seq {
                    return Ok(None);
                }
                self.seq = output.seq;
                self.failures = 0;
                Ok(Some(OutputUpdate::Output(output)))
            }
            "execution" => Ok(Some(OutputUpdate::Execution(Box::new(self.parse(event)?)))),
            "end" => {
                self.ended = true;
                self.stream = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, event: &SseEvent) -> Result<T, ClientError> {
        serde_json::from_str(&event.data).map_err(|error| ClientError::Unexpected {
            server: self.client.server().to_owned(),
            status: 200,
            detail: format!("an `{}` event cannot be read ({error})", event.event),
        })
    }

    fn broken_off(&self) -> ClientError {
        ClientError::Unreachable {
            server: self.client.server().to_owned(),
            trouble: crate::Trouble::Broken,
            source: "the stream ended before the execution did".into(),
        }
    }
}

async fn connect(client: &Client, execution: ExecutionId, follow: bool, seq: u64) -> Result<SseStream, ClientError> {
    let last = (seq > 0).then(|| seq.to_string());
    let call = client.get(&["executions", &execution.to_string(), "output"]);
    let call = if follow { call } else { call.query("follow", false) };
    call.events_after(last.as_deref()).await
}
