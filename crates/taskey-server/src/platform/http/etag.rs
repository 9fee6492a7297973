//! `ETag` and `If-Match`: the number of a thing's last change.

use http::{HeaderMap, header};
use taskey_proto::problem::Code;

use super::ApiError;

pub fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// The revision that the caller means to change; `None` where it does not say, or says `*`.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| ApiError::new(Code::PreconditionFailed, "If-Match holds an ETag as it was read, in its quotes."))
}

/// Like [`if_match`], where changing blindly is refused.
pub fn if_match_required(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    if !headers.contains_key(header::IF_MATCH) {
        return Err(ApiError::new(Code::PreconditionRequired, "Send If-Match with the ETag that you read, or `*`."));
    }
    if_match(headers)
}
