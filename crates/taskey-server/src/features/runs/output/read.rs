//! What executions have written, read as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use taskey_proto::id::{ExecutionId, OrganizationId};
use taskey_proto::runs::Stream;

use super::store;
use crate::platform::db::{Db, DbError};

const CHUNKS_AT_ONCE: usize = 256;
/// Contents up to this, in bytes, are remembered while one answer is put together: many executions may share them.
const REMEMBERED_LEN_MAX: usize = 64 * 1024;

/// Reads the output of several executions of one organization, up to a number of bytes altogether.
pub struct Reader<'a> {
    db: &'a Db,
    organization: OrganizationId,
    budget: usize,
    remembered: HashMap<String, Arc<[u8]>>,
}

/// The streams of one execution, by action and stream.
#[derive(Default)]
pub struct Streams(HashMap<(u32, Stream), StreamBytes>);

#[derive(Default)]
pub struct StreamBytes {
    pub bytes: Vec<u8>,
    /// Whether the budget did not allow for all of it.
    pub is_cut: bool,
}

impl Streams {
    pub fn take(&mut self, position: u32, stream: Stream) -> StreamBytes {
        self.0.remove(&(position, stream)).unwrap_or_default()
    }
}

/// Where an execution's output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It wrote nothing.
    Nowhere,
    Chunks,
    Contents,
}

impl<'a> Reader<'a> {
    pub fn new(db: &'a Db, organization: OrganizationId, budget: usize) -> Self {
        Self { db, organization, budget, remembered: HashMap::new() }
    }

    pub async fn read(&mut self, execution: ExecutionId, place: Place) -> Result<Streams, DbError> {
        match place {
            Place::Nowhere => Ok(Streams::default()),
            Place::Contents => self.contents_of(execution).await,
            Place::Chunks => {
                let budget = self.budget;
                let streams = self.chunks_of(execution).await?;
                // It may have been folded meanwhile, and then some pieces may have been missed.
                if store::layout_of(self.db, execution).await?.is_none() {
                    return Ok(streams);
                }
                self.budget = budget;
                self.contents_of(execution).await
            }
        }
    }

    async fn contents_of(&mut self, execution: ExecutionId) -> Result<Streams, DbError> {
        let mut streams = Streams::default();
        for stored in store::streams_of(self.db, execution).await? {
            let bytes = match self.budget {
                0 => StreamBytes { bytes: Vec::new(), is_cut: stored.len > 0 },
                _ => self.content(&stored.digest).await.map(|content| self.spend(&content))?,
            };
            streams.0.insert((stored.position, stored.stream), bytes);
        }
        Ok(streams)
    }

    async fn content(&mut self, digest: &str) -> Result<Arc<[u8]>, DbError> {
        if let Some(content) = self.remembered.get(digest) {
            return Ok(content.clone());
        }
        let content: Arc<[u8]> = store::content(self.db, self.organization, digest).await?.into();
        if content.len() <= REMEMBERED_LEN_MAX {
            self.remembered.insert(digest.to_owned(), content.clone());
        }
        Ok(content)
    }

    async fn chunks_of(&mut self, execution: ExecutionId) -> Result<Streams, DbError> {
        let mut streams = Streams::default();
        let mut after = 0;
        loop {
            let chunks = store::chunks_after(self.db, execution, after, CHUNKS_AT_ONCE).await?;
            for chunk in &chunks {
                after = chunk.seq;
                let spent = self.spend(&chunk.data);
                let stream = streams.0.entry((chunk.action, chunk.stream)).or_default();
                stream.bytes.extend_from_slice(&spent.bytes);
                stream.is_cut |= spent.is_cut;
            }
            if chunks.len() < CHUNKS_AT_ONCE {
                return Ok(streams);
            }
        }
    }

    fn spend(&mut self, bytes: &[u8]) -> StreamBytes {
        let room = bytes.len().min(self.budget);
        self.budget -= room;
        StreamBytes { bytes: bytes[..room].to_vec(), is_cut: room < bytes.len() }
    }
}
