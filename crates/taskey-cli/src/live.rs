//! What a device writes, passed on as it comes: each stream to its own, unchanged where no terminal could be driven by it.

use std::collections::HashMap;
use std::io;

use taskey_client::{Client, ClientError, OutputUpdate};
use taskey_proto::id::ExecutionId;
use taskey_proto::runs::{Execution, Stream};

use crate::output;
use crate::terminal::Filter;

/// Bytes of a line that are held back until its end comes; a longer one is cut in pieces.
const LINE_LEN_MAX: usize = 64 * 1024;

/// The two streams of one execution.
#[derive(Default)]
pub struct LiveOutput {
    /// Stands before every line where several devices write.
    prefix: Option<String>,
    lanes: HashMap<Stream, Lane>,
    /// Whether whoever read our stdout has gone.
    pub reader_left: bool,
    mid_line: bool,
}

impl LiveOutput {
    pub fn with_prefix(prefix: Option<String>) -> Self {
        Self { prefix, ..Self::default() }
    }

    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), io::Error> {
        let prefix = self.prefix.as_deref();
        let lane = self.lanes.entry(stream).or_insert_with(|| Lane::new(output::is_terminal(stream)));
        let ready = lane.push(bytes, prefix);
        self.pass_on(stream, &ready)
    }

    /// Writes what was held back.
    pub fn finish(&mut self) -> Result<(), io::Error> {
        for stream in [Stream::Output, Stream::Error] {
            if let Some(mut lane) = self.lanes.remove(&stream) {
                let rest = lane.finish(self.prefix.as_deref());
                self.pass_on(stream, &rest)?;
            }
        }
        Ok(())
    }

    /// On a terminal, ends the line that the device did not end, before we say something ourselves.
    pub fn end_line(&mut self) {
        if std::mem::take(&mut self.mid_line) && output::is_terminal(Stream::Output) && output::is_terminal(Stream::Error) {
            output::note("");
        }
    }

    fn pass_on(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), io::Error> {
        if bytes.is_empty() || (self.reader_left && stream == Stream::Output) {
            return Ok(());
        }
        self.mid_line = !bytes.ends_with(b"\n");
        match output::write_stream(stream, bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_left |= stream == Stream::Output;
                Ok(())
            }
            outcome => outcome,
        }
    }
}

/// One stream: made harmless where a terminal shows it, divided into lines where they get a prefix.
struct Lane {
    filter: Option<Filter>,
    line: Vec<u8>,
}

impl Lane {
    fn new(on_terminal: bool) -> Self {
        Self { filter: on_terminal.then(Filter::default), line: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8], prefix: Option<&str>) -> Vec<u8> {
        let harmless = match &mut self.filter {
            Some(filter) => filter.push(bytes).into_bytes(),
            None => bytes.to_vec(),
        };
        match prefix {
            Some(prefix) => self.take_lines(&harmless, prefix),
            None => harmless,
        }
    }

    fn finish(&mut self, prefix: Option<&str>) -> Vec<u8> {
        let rest = self.filter.as_mut().map(Filter::finish).unwrap_or_default();
        self.line.extend_from_slice(rest.as_bytes());
        let line = std::mem::take(&mut self.line);
        match prefix {
            Some(prefix) if !line.is_empty() => [prefix.as_bytes(), &line, b"\n"].concat(),
            _ => line,
        }
    }

    fn take_lines(&mut self, bytes: &[u8], prefix: &str) -> Vec<u8> {
        let mut ready = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            let ended = piece.ends_with(b"\n");
            if ended || self.line.len() > LINE_LEN_MAX {
                ready.extend_from_slice(prefix.as_bytes());
                ready.append(&mut self.line);
                if !ended {
                    ready.push(b'\n');
                }
            }
        }
        ready
    }
}

/// Something went wrong between the server and our own streams.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

impl From<FollowError> for crate::failure::Failure {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Client(error) => error.into(),
            FollowError::Write(error) => crate::failure::Failure::File("stdout".to_owned(), error),
        }
    }
}

/// Passes everything on that the execution writes until it is over, and returns it as it ended.
pub async fn follow(client: &Client, execution: ExecutionId, live: &mut LiveOutput) -> Result<Execution, FollowError> {
    let mut follower = client.follow_output(execution);
    let mut last = None;
    while let Some(update) = follower.next().await? {
        match update {
            OutputUpdate::Output(output) => live.write(output.stream, &output.data)?,
            OutputUpdate::Execution(execution) => last = Some(*execution),
        }
    }
    live.finish()?;
    match last {
        Some(execution) if execution.state.is_final() => Ok(execution),
        _ => Ok(client.show_execution(execution).await?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_not_changed_where_no_terminal_sees_them() {
        let mut lane = Lane::new(false);
        let bytes = [0xff, 0x1b, b'[', b'2', b'J', 0, b'\n', 0xc2];
        assert_eq!(lane.push(&bytes, None), bytes);
        assert_eq!(lane.finish(None), b"");
    }

    #[test]
    fn a_terminal_gets_pictures_of_control_characters() {
        let mut lane = Lane::new(true);
        assert_eq!(lane.push(b"a\x1b[2J\n\xe2\x82", None), "a\u{241b}[2J\n".as_bytes());
        assert_eq!(lane.finish(None), "\u{fffd}".as_bytes());
    }

    #[test]
    fn every_line_gets_the_prefix_once_however_it_comes() {
        let mut lane = Lane::new(false);
        assert_eq!(lane.push(b"one\ntw", Some("a | ")), b"a | one\n");
        assert_eq!(lane.push(b"o\n\nthree", Some("a | ")), b"a | two\na | \n");
        assert_eq!(lane.finish(Some("a | ")), b"a | three\n");
        assert_eq!(lane.finish(Some("a | ")), b"");
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut lane = Lane::new(false);
        let cut = lane.push(&vec![b'x'; LINE_LEN_MAX + 1], Some("a | "));
        assert_eq!(cut.len(), LINE_LEN_MAX + 1 + "a | \n".len());
    }
}
