//! Output that is too much for the line, told over HTTP with a credential of its own.
//!
//! Each upload is a task, so that a slow server holds up nothing else. A try begins by asking the server what it has, so that
//! one that broke off goes on where it was, also after a restart of the agent. One that fails in the end is given up: the
//! output then goes by the line.

use std::sync::Arc;

use taskey_proto::agent::{OutputStored, SEND_OUTPUT_LEN_MAX, SendOutput};
use taskey_proto::id::ExecutionId;
use taskey_proto::line::Chunk;
use tokio::sync::mpsc;

use crate::credential::{self, CredentialError};
use crate::http;
use crate::identity::{Identity, Keys};
use crate::outbox::Upload;
use crate::patience::patiently;
use crate::server_url::ServerUrl;
use crate::state_dir::StateDir;

#[derive(Clone)]
pub struct Uploader {
    pub state: StateDir,
    pub keys: Arc<Keys>,
    pub server: ServerUrl,
    pub uploaded: mpsc::UnboundedSender<Uploaded>,
}

#[derive(Debug)]
pub struct Uploaded {
    pub execution: ExecutionId,
    pub outcome: Result<(), CredentialError>,
}

impl Uploader {
    pub fn upload(&self, upload: Upload, identity: Identity) {
        let uploader = self.clone();
        tokio::spawn(async move {
            let outcome = patiently(|| uploader.try_once(&upload, &identity)).await;
            let _ = uploader.uploaded.send(Uploaded { execution: upload.execution, outcome });
        });
    }

    async fn try_once(&self, upload: &Upload, identity: &Identity) -> Result<(), CredentialError> {
        let credential = credential::obtain(&self.state, identity, &self.keys.signing, &self.server).await?;
        let bearer = Some(credential.text.as_str());
        let path = format!("/agent/v1/executions/{}/output", upload.execution);
        let stored: OutputStored = http::get(&self.server, &path, bearer).await?;
        let rest: Vec<&Chunk> = upload.chunks.iter().filter(|chunk| chunk.seq >= stored.next).collect();
        for batch in batches(&rest) {
            let body = SendOutput { chunks: batch.iter().map(|chunk| (*chunk).clone()).collect() };
            let _: OutputStored = http::post(&self.server, &path, bearer, &body).await?;
        }
        Ok(())
    }
}

/// Divides chunks, in their order, into what one request may hold.
fn batches<'a>(chunks: &'a [&'a Chunk]) -> impl Iterator<Item = &'a [&'a Chunk]> {
    let mut rest = chunks;
    std::iter::from_fn(move || {
        let mut len = 0;
        let fitting = rest.iter().take_while(|chunk| {
            len += chunk.data.len();
            len <= SEND_OUTPUT_LEN_MAX
        });
        let count = fitting.count().max(1).min(rest.len());
        let (batch, left) = rest.split_at(count);
        rest = left;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use taskey_proto::line::CHUNK_LEN_MAX;
    use taskey_proto::runs::Stream;

    use super::*;

    #[test]
    fn a_request_holds_as_many_chunks_as_it_may_and_each_goes_once() {
        let chunk = |seq| Chunk { seq, action: 0, stream: Stream::Output, data: vec![0; CHUNK_LEN_MAX] };
        let chunks: Vec<Chunk> = (1..=70).map(chunk).collect();
        let chunks: Vec<&Chunk> = chunks.iter().collect();
        let sizes: Vec<usize> = batches(&chunks).map(<[_]>::len).collect();
        assert_eq!(sizes, [32, 32, 6]);
        assert_eq!(batches(&chunks).flatten().map(|chunk| chunk.seq).collect::<Vec<_>>(), (1..=70).collect::<Vec<_>>());
        assert_eq!(batches(&[]).count(), 0);
    }
}
