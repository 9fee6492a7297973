//! One stream, byte for byte, or a part of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use taskey_proto::id::{ExecutionId, OrganizationId};
use taskey_proto::problem::Code;
use taskey_proto::runs::{STREAM_LEN_MAX, Stream};

use super::read::Place;
use super::store;
use crate::platform::db::{Db, DbError};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

const CHUNKS_AT_ONCE: usize = 64;

/// What a stream holds by now.
pub struct Found {
    bytes: Vec<u8>,
    /// SHA-256, once nothing more can come.
    digest: Option<String>,
}

/// Reads what an action has written to a stream; `place` is where the execution's output was when it was looked up.
pub async fn of_stream(
    db: &Db,
    organization: OrganizationId,
    execution: ExecutionId,
    place: Place,
    action: u32,
    stream: Stream,
) -> Result<Found, DbError> {
    if place == Place::Chunks {
        let bytes = so_far(db, execution, action, stream).await?;
        // It may have been folded meanwhile, and then some pieces may have been missed.
        if store::layout_of(db, execution).await?.is_none() {
            return Ok(Found { bytes, digest: None });
        }
    }
    let stored = store::streams_of(db, execution).await?.into_iter().find(|stored| (stored.position, stored.stream) == (action, stream));
    Ok(match stored {
        None => Found { bytes: Vec::new(), digest: None },
        Some(stored) => Found { bytes: store::content(db, organization, &stored.digest).await?, digest: Some(stored.digest) },
    })
}

async fn so_far(db: &Db, execution: ExecutionId, action: u32, stream: Stream) -> Result<Vec<u8>, DbError> {
    let mut bytes = Vec::new();
    let mut after = 0;
    while (bytes.len() as u64) < STREAM_LEN_MAX {
        let chunks = store::chunks_of_stream_after(db, execution, action, stream, after, CHUNKS_AT_ONCE).await?;
        let Some(last) = chunks.last() else { break };
        after = last.seq;
        for chunk in &chunks {
            bytes.extend_from_slice(&chunk.data);
        }
    }
    Ok(bytes)
}

/// A part of a body, as `Range` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From this byte to the end, or to that byte, both from 0.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// The one range of a request. What is not understood, and more than one, is as if nothing was asked (RFC 9110, 14.2).
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.trim();
        let (first, last) = text.split_once('-')?;
        let number = |text: &str| text.parse::<u64>().ok();
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// First and last byte of `len`, or `None` where no byte is in the range.
    pub fn within(self, len: u64) -> Option<(u64, u64)> {
        let end = len.checked_sub(1)?;
        let (first, last) = match self {
            Self::From(first, last) => (first, last.unwrap_or(end).min(end)),
            Self::Last(count) => (len.saturating_sub(count), end),
        };
        (first <= last).then_some((first, last))
    }
}

/// Answers with the bytes as a download of that name, which has no quotes.
pub fn answer(found: Found, range: Option<ByteRange>, name: &str) -> ApiResult<Response> {
    let len = found.bytes.len() as u64;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    insert_text(&mut headers, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    if let Some(digest) = &found.digest {
        insert_text(&mut headers, header::ETAG, &format!("\"{digest}\""));
    }
    let Some(range) = range else { return Ok((headers, found.bytes).into_response()) };
    match range.within(len) {
        Some((first, last)) => {
            insert_text(&mut headers, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{len}"));
            let part = found.bytes[first as usize..=last as usize].to_vec();
            Ok((StatusCode::PARTIAL_CONTENT, headers, part).into_response())
        }
        None => {
            let error = ApiError::new(Code::RangeNotSatisfiable, format!("It has {len} bytes so far, and none of them is in that range."));
            let mut headers = HeaderMap::new();
            insert_text(&mut headers, header::CONTENT_RANGE, &format!("bytes */{len}"));
            Ok((headers, error).into_response())
        }
    }
}

fn insert_text(headers: &mut HeaderMap, name: header::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<ByteRange> {
        let mut headers = HeaderMap::new();
        insert_text(&mut headers, header::RANGE, text);
        ByteRange::from_headers(&headers)
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 9110, 14.1.2, of a body of 10,000 bytes.
        assert_eq!(asked("bytes=0-499").unwrap().within(10_000), Some((0, 499)));
        assert_eq!(asked("bytes=500-999").unwrap().within(10_000), Some((500, 999)));
        assert_eq!(asked("bytes=-500").unwrap().within(10_000), Some((9_500, 9_999)));
        assert_eq!(asked("bytes=9500-").unwrap().within(10_000), Some((9_500, 9_999)));
    }

    #[test]
    fn a_range_is_cut_to_what_there_is_or_has_nothing() {
        assert_eq!(asked("bytes=5-99").unwrap().within(10), Some((5, 9)));
        assert_eq!(asked("bytes=-99").unwrap().within(10), Some((0, 9)));
        assert_eq!(asked("bytes=10-").unwrap().within(10), None);
        assert_eq!(asked("bytes=-0").unwrap().within(10), None);
        assert_eq!(asked("bytes=0-").unwrap().within(0), None);
    }

    #[test]
    fn what_is_not_understood_is_as_if_nothing_was_asked() {
        for text in ["bytes=5-4", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=", "bytes=-"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }
}
