//! Server-sent events (WHATWG HTML, section 9.2): a parser without input or output, and the stream over a response.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::{ClientError, Trouble};

/// The server says something at least every 15 seconds; three silences in a row mean that the line is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Bytes of one event; far above what the server sends.
const EVENT_LEN_MAX: usize = 8 * 1024 * 1024;

/// One event. `event` is `message` where the sender named none; `id` is the last one seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    pub event: String,
    pub id: String,
    pub data: String,
}

/// Takes bytes as they come and hands out whole events.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    /// The last byte ended a line as CR; an LF right after it belongs to it.
    after_cr: bool,
    started: bool,
    event: String,
    id: String,
    data: Option<String>,
    done: VecDeque<SseEvent>,
}

impl SseParser {
    /// Whether the bytes were taken; `false` once an event is longer than any that taskey sends.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let ends_cr_lf = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if ends_cr_lf => {}
                b'\n' => self.end_line(),
                b'\r' => {
                    self.after_cr = true;
                    self.end_line();
                }
                _ => self.line.push(byte),
            }
        }
        self.line.len() + self.data.as_ref().map_or(0, String::len) <= EVENT_LEN_MAX
    }

    pub fn next_event(&mut self) -> Option<SseEvent> {
        self.done.pop_front()
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let first = !std::mem::replace(&mut self.started, true);
        let line = if first { text.trim_start_matches('\u{feff}') } else { &text };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = value.to_owned(),
            "id" if !value.contains('\0') => self.id = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments have an empty field; `retry` and unknown fields do not concern us.
            _ => {}
        }
    }

    fn end_event(&mut self) {
        let named = std::mem::take(&mut self.event);
        let Some(data) = self.data.take() else { return };
        let event = if named.is_empty() { "message".to_owned() } else { named };
        self.done.push_back(SseEvent { event, id: self.id.clone(), data });
    }
}

/// The events of one response.
pub(crate) struct SseStream {
    server: String,
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    parser: SseParser,
}

impl SseStream {
    pub(crate) fn new(server: String, response: reqwest::Response) -> Self {
        let bytes = response.bytes_stream().map(|piece| piece.map(|bytes| bytes.to_vec())).boxed();
        Self { server, bytes, parser: SseParser::default() }
    }

    /// The next event; `None` when the server ended the stream. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Option<SseEvent>, ClientError> {
        loop {
            if let Some(event) = self.parser.next_event() {
                return Ok(Some(event));
            }
            let piece = match tokio::time::timeout(SILENCE_MAX, self.bytes.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => return Err(self.broken(Trouble::of(&error), error)),
                Ok(None) => return Ok(None),
                Err(silence) => return Err(self.broken(Trouble::Timeout, silence)),
            };
            if !self.parser.push(&piece) {
                let detail = format!("an event of more than {EVENT_LEN_MAX} bytes");
                return Err(ClientError::Unexpected { server: self.server.clone(), status: 200, detail });
            }
        }
    }

    fn broken(&self, trouble: Trouble, source: impl std::error::Error + Send + Sync + 'static) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), trouble, source: Box::new(source) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events_of(pieces: &[&[u8]]) -> Vec<SseEvent> {
        let mut parser = SseParser::default();
        for piece in pieces {
            assert!(parser.push(piece));
        }
        std::iter::from_fn(|| parser.next_event()).collect()
    }

    fn event(event: &str, id: &str, data: &str) -> SseEvent {
        SseEvent { event: event.to_owned(), id: id.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn an_event_has_a_name_an_id_and_data_of_several_lines() {
        let events = events_of(&[b"event: output\nid: 7\ndata: one\ndata:two\n\ndata: next\n\n"]);
        assert_eq!(events, [event("output", "7", "one\ntwo"), event("message", "7", "next")]);
    }

    #[test]
    fn every_way_of_cutting_the_bytes_gives_the_same_events() {
        let text = "\u{feff}id: 1\r\nevent: a\r\ndata: gr\u{fc}n\r\n\r\n: alive\rdata: b\r\rdata\n\n".as_bytes();
        let whole = events_of(&[text]);
        assert_eq!(whole, [event("a", "1", "gr\u{fc}n"), event("message", "1", "b"), event("message", "1", "")]);
        for cut in 0..text.len() {
            assert_eq!(events_of(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn comments_unknown_fields_and_an_unfinished_event_give_nothing() {
        assert_eq!(events_of(&[b": alive\n\nretry: 10\nfoo: bar\n\nevent: x\n\ndata: unfinished\n"]), []);
    }

    #[test]
    fn an_id_with_a_nul_is_ignored() {
        assert_eq!(events_of(&[b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"])[1].id, "1");
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = SseParser::default();
        assert!(!parser.push(&vec![b'x'; EVENT_LEN_MAX + 1]));
    }
}
