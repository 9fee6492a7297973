//! Why somebody may or may not do something.

use taskey_proto::access::Explanation;

use crate::{Client, ClientError};

/// What is asked about access.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessQuestion<'a> {
    /// Such as `runs.exec`.
    pub verb: &'a str,
    /// Id or name.
    pub device: Option<&'a str>,
    /// Id or name.
    pub item_type: Option<&'a str>,
    /// Somebody else, by id or user name; for super users.
    pub user: Option<&'a str>,
}

impl Client {
    /// Whether one may do a verb, on a device or on items of a type where one is named, and why.
    pub async fn explain_access(&self, question: AccessQuestion<'_>) -> Result<Explanation, ClientError> {
        let AccessQuestion { verb, device, item_type, user } = question;
        let request = self.get(&["access", "explain"]).query("verb", verb).query_opt("device", device);
        request.query_opt("item_type", item_type).query_opt("user", user).json_answer().await
    }
}
