//! Why somebody may or may not do something.

use taskey_proto::access::Explanation;

use crate::{Client, ClientError};

impl Client {
    /// Whether one may do a verb, on a device where one is named; for super users also whether somebody else may.
    pub async fn explain_access(&self, verb: &str, device: Option<&str>, user: Option<&str>) -> Result<Explanation, ClientError> {
        self.get(&["access", "explain"]).query("verb", verb).query_opt("device", device).query_opt("user", user).json_answer().await
    }
}
