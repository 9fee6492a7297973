//! Quiet: a restored server that waits for its operator.

use taskey_proto::quiet::{EndQuiet, Quiet, QuietEnded};

use crate::{Client, ClientError};

impl Client {
    pub async fn show_quiet(&self) -> Result<Quiet, ClientError> {
        self.get(&["quiet"]).json_answer().await
    }

    /// Lets the server go on.
    pub async fn end_quiet(&self, end: &EndQuiet) -> Result<QuietEnded, ClientError> {
        self.post(&["quiet", "end"]).json(end).json_answer().await
    }
}
