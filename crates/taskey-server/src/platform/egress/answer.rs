//! What came back, as far as it is read: the status, when to come again, and the beginning of the body.

use std::future::Future;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use taskey_proto::Time;

/// An answer of any status; whether that is a success is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<RetryAfter>,
    /// The beginning of the body.
    pub head: Vec<u8>,
    /// Whether `head` is all of it: false where more came than is kept, and where it was slow or broke off.
    pub is_whole: bool,
    /// From the call to the end of what was read.
    pub duration: Duration,
}

/// When the other side asks to be called again (RFC 9110, section 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Secs(u64),
    At(Time),
}

impl RetryAfter {
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers.get(RETRY_AFTER)?.to_str().ok()?.trim())
    }

    fn read(value: &str) -> Option<Self> {
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return value.parse().ok().map(RetryAfter::Secs);
        }
        let instant = DateTimeParser::new().parse_timestamp(value).ok()?;
        Some(RetryAfter::At(Time::from_ms(instant.as_millisecond())))
    }

    /// How long that is from `now` on; nothing where it has passed. It may be absurdly long.
    pub fn delay(self, now: Time) -> Duration {
        match self {
            RetryAfter::Secs(secs) => Duration::from_secs(secs),
            RetryAfter::At(at) => Duration::from_millis(u64::try_from(at.since_ms(now)).unwrap_or(0)),
        }
    }
}

/// Reads the body's first `len_max` bytes until the deadline; says whether that was all. What is left ends with the connection.
pub(super) async fn read_head(mut response: Response, len_max: usize, deadline: impl Future<Output = ()>) -> (Vec<u8>, bool) {
    let mut head = Vec::new();
    tokio::pin!(deadline);
    loop {
        let chunk = tokio::select! {
            biased;
            chunk = response.chunk() => chunk,
            () = &mut deadline => return (head, false),
        };
        let Ok(chunk) = chunk else { return (head, false) };
        let Some(bytes) = chunk else { return (head, true) };
        let room = len_max - head.len();
        head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return (head, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use futures_util::StreamExt as _;
    use futures_util::stream;
    use tokio::sync::Notify;

    use super::*;

    fn response(body: reqwest::Body) -> Response {
        http::Response::new(body).into()
    }

    #[tokio::test]
    async fn of_a_body_its_beginning_is_kept() {
        for (len_max, kept, whole) in [(20, "twelve bytes", true), (12, "twelve bytes", true), (11, "twelve byte", false), (0, "", false)] {
            let (head, is_whole) = read_head(response("twelve bytes".into()), len_max, std::future::pending()).await;
            assert_eq!((String::from_utf8(head).unwrap().as_str(), is_whole), (kept, whole), "{len_max}");
        }
    }

    #[tokio::test]
    async fn what_a_slow_body_gave_until_the_deadline_is_kept() {
        let stalls = Arc::new(Notify::new());
        let stalled = stalls.clone();
        let never = stream::poll_fn(move |_| {
            stalls.notify_one();
            std::task::Poll::<Option<Result<&'static str, Infallible>>>::Pending
        });
        let body = reqwest::Body::wrap_stream(stream::iter([Ok("so "), Ok("far")]).chain(never));
        let (head, is_whole) = read_head(response(body), 100, stalled.notified()).await;
        assert_eq!((head.as_slice(), is_whole), (b"so far".as_slice(), false));
    }

    #[tokio::test]
    async fn what_came_before_a_body_broke_off_is_kept() {
        let pieces = [Ok("so far"), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
        let body = reqwest::Body::wrap_stream(stream::iter(pieces));
        let (head, is_whole) = read_head(response(body), 100, std::future::pending()).await;
        assert_eq!((head.as_slice(), is_whole), (b"so far".as_slice(), false));
    }

    #[test]
    fn when_to_come_again_is_a_number_of_seconds_or_a_date() {
        let now: Time = "1994-11-06T08:49:07Z".parse().unwrap();
        let delay = |value: &str| RetryAfter::read(value).map(|after| after.delay(now).as_secs());
        assert_eq!(delay("120"), Some(120));
        assert_eq!(delay("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(delay("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "it has passed");
        for wrong in ["", "-1", "+5", "1.5", "soon", "99999999999999999999999"] {
            assert_eq!(delay(wrong), None, "{wrong}");
        }
    }
}
