//! Output on its way: how much of a stream is kept, and how it is cut into chunks.
//!
//! The head of a stream and its end are kept, what is between is read and dropped, so that no process ever waits for a reader.
//! While data waits to be sent it is merged per stream; a chunk gets its number when it is cut, without gaps.

use std::collections::VecDeque;

use taskey_proto::line::{CHUNK_LEN_MAX, Chunk};
use taskey_proto::runs::{STREAM_LEN_KEPT, Stream};

/// Bytes of one execution's output that are held while they cannot be sent; beyond it output is dropped as truncated.
pub const HELD_LEN_MAX: usize = 8 * 1024 * 1024;

/// Bytes of a stream's beginning that are kept, and told as they come.
pub const HEAD_LEN: usize = 768 * 1024;
/// Bytes of its end that are kept, and told when it has ended.
pub const TAIL_LEN: usize = STREAM_LEN_KEPT as usize - HEAD_LEN;

/// One stream on its way through the cap: its head passes, of the rest the last is held.
#[derive(Debug, Default)]
pub struct Cap {
    head_len: usize,
    head_is_full: bool,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Cap {
    /// The part of `data` that belongs to the head.
    pub fn take<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let room = if self.head_is_full { 0 } else { HEAD_LEN - self.head_len };
        let mut kept = data.len().min(room);
        if kept < data.len() {
            self.head_is_full = true;
            // Not through the middle of a character, as far as this piece shows.
            while kept > 0 && is_inside(data[kept]) {
                kept -= 1;
            }
        }
        self.head_len += kept;
        self.hold(&data[kept..]);
        &data[..kept]
    }

    pub fn is_truncated(&self) -> bool {
        self.left_out > 0
    }

    /// What was held: the end of the stream, after a line that says how much is missing before it.
    pub fn finish(&mut self) -> Vec<u8> {
        if self.left_out > 0 {
            while self.tail.front().is_some_and(|byte| is_inside(*byte)) {
                self.tail.pop_front();
                self.left_out += 1;
            }
        }
        let tail: Vec<u8> = std::mem::take(&mut self.tail).into();
        match self.left_out {
            0 => tail,
            left_out => [format!("\n[{left_out} bytes left out]\n").as_bytes(), &tail].concat(),
        }
    }

    fn hold(&mut self, data: &[u8]) {
        let data = if data.len() > TAIL_LEN {
            self.left_out += (data.len() - TAIL_LEN) as u64;
            &data[data.len() - TAIL_LEN..]
        } else {
            data
        };
        let excess = (self.tail.len() + data.len()).saturating_sub(TAIL_LEN);
        self.tail.drain(..excess);
        self.left_out += excess as u64;
        self.tail.extend(data);
    }
}

/// Whether a byte is inside a UTF-8 character, not its first.
fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The output of one execution that the server has not acknowledged.
#[derive(Debug, Default)]
pub struct Unacknowledged {
    waiting: VecDeque<Piece>,
    /// Cut and sent, oldest first.
    sent: VecDeque<Chunk>,
    cut_count: u64,
    len: usize,
    /// Streams of which something had to be dropped.
    overflowed: Vec<(u32, Stream)>,
}

#[derive(Debug)]
struct Piece {
    action: u32,
    stream: Stream,
    data: Vec<u8>,
}

impl Unacknowledged {
    pub fn add(&mut self, action: u32, stream: Stream, mut data: &[u8]) {
        if self.len + data.len() > HELD_LEN_MAX {
            if !self.has_overflowed(action, stream) {
                self.overflowed.push((action, stream));
            }
            return;
        }
        self.len += data.len();
        while !data.is_empty() {
            let piece = self.piece_with_room(action, stream);
            let len = data.len().min(CHUNK_LEN_MAX - piece.data.len());
            piece.data.extend_from_slice(&data[..len]);
            data = &data[len..];
        }
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub fn has_overflowed(&self, action: u32, stream: Stream) -> bool {
        self.overflowed.contains(&(action, stream))
    }

    /// Cuts the next chunks, at least one if any data waits and not more than `len_max` bytes by `cost`.
    pub fn cut(&mut self, len_max: usize, cost: impl Fn(usize) -> usize) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut len = 0;
        while let Some(piece) = self.waiting.front() {
            len += cost(piece.data.len());
            if len > len_max && !chunks.is_empty() {
                break;
            }
            chunks.extend(self.cut_one());
        }
        self.sent.extend(chunks.iter().cloned());
        chunks
    }

    /// The server has all chunks from `first` to `last`.
    pub fn acknowledge(&mut self, first: u64, last: u64) {
        self.sent.retain(|chunk| !(first..=last).contains(&chunk.seq));
        self.len = self.waiting.iter().map(|piece| piece.data.len()).chain(self.sent.iter().map(|chunk| chunk.data.len())).sum();
    }

    /// Chunks that were sent over a line that broke, to be sent again.
    pub fn sent(&self) -> Vec<Chunk> {
        self.sent.iter().cloned().collect()
    }

    /// Ends the collection: everything that is not acknowledged, and how much of it was sent before.
    pub fn close(mut self) -> (Vec<Chunk>, usize) {
        let sent_count = self.sent.len();
        let mut chunks: Vec<Chunk> = std::mem::take(&mut self.sent).into();
        while let Some(chunk) = self.cut_one() {
            chunks.push(chunk);
        }
        (chunks, sent_count)
    }

    fn cut_one(&mut self) -> Option<Chunk> {
        let piece = self.waiting.pop_front()?;
        self.cut_count += 1;
        Some(Chunk { seq: self.cut_count, action: piece.action, stream: piece.stream, data: piece.data })
    }

    /// The newest waiting piece of a stream while it has room, else a new one.
    fn piece_with_room(&mut self, action: u32, stream: Stream) -> &mut Piece {
        let newest = self.waiting.iter().rposition(|piece| piece.action == action && piece.stream == stream);
        let at = match newest {
            Some(at) if self.waiting[at].data.len() < CHUNK_LEN_MAX => at,
            _ => {
                self.waiting.push_back(Piece { action, stream, data: Vec::new() });
                self.waiting.len() - 1
            }
        };
        &mut self.waiting[at]
    }
}

#[cfg(test)]
mod tests {
    use taskey_proto::runs::STREAM_LEN_MAX;

    use super::*;

    fn bytes(chunks: &[Chunk], stream: Stream) -> Vec<u8> {
        chunks.iter().filter(|chunk| chunk.stream == stream).flat_map(|chunk| chunk.data.clone()).collect()
    }

    fn kept(data: &[u8], piece_len: usize) -> (Vec<u8>, bool) {
        let mut cap = Cap::default();
        let mut kept = Vec::new();
        for piece in data.chunks(piece_len) {
            kept.extend_from_slice(cap.take(piece));
        }
        kept.extend(cap.finish());
        (kept, cap.is_truncated())
    }

    #[test]
    fn what_fits_is_kept_whole_however_it_comes() {
        let data: Vec<u8> = (0..HEAD_LEN + TAIL_LEN).map(|index| index as u8).collect();
        for piece_len in [1_000, 16 * 1024, data.len()] {
            assert!(kept(&data, piece_len) == (data.clone(), false), "{piece_len}");
        }
    }

    #[test]
    fn of_a_long_stream_the_beginning_and_the_end_are_kept_and_the_gap_is_told() {
        let data = ["first ".as_bytes(), &vec![b'x'; 3_000_000], b" last"].concat();
        for piece_len in [777, 16 * 1024, data.len()] {
            let (kept, truncated) = kept(&data, piece_len);
            let left_out = data.len() - HEAD_LEN - TAIL_LEN;
            let text = String::from_utf8(kept).unwrap();
            assert!(truncated && text.starts_with("first x") && text.ends_with("x last"));
            assert!(text.contains(&format!("x\n[{left_out} bytes left out]\nx")), "{piece_len}");
            assert!(text.len() as u64 <= STREAM_LEN_MAX);
        }
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let data = "\u{20ac}".repeat(1_000_000);
        let (kept, truncated) = kept(data.as_bytes(), 16 * 1024);
        assert!(truncated && std::str::from_utf8(&kept).is_ok());
    }

    #[test]
    fn chunks_are_numbered_without_gaps_over_both_streams() {
        let mut output = Unacknowledged::default();
        output.add(0, Stream::Output, b"a");
        output.add(0, Stream::Error, b"e");
        output.add(0, Stream::Output, b"b");
        let first = output.cut(usize::MAX, |len| len);
        output.add(1, Stream::Output, &vec![b'x'; CHUNK_LEN_MAX + 1]);
        let second = output.cut(usize::MAX, |len| len);
        assert_eq!(bytes(&first, Stream::Output), b"ab");
        assert_eq!(bytes(&first, Stream::Error), b"e");
        let all = [first, second].concat();
        assert_eq!(all.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(all.iter().all(|chunk| chunk.data.len() <= CHUNK_LEN_MAX));
    }

    #[test]
    fn what_is_not_acknowledged_is_there_at_the_end() {
        let mut output = Unacknowledged::default();
        output.add(0, Stream::Output, b"one");
        output.cut(usize::MAX, |len| len);
        output.add(0, Stream::Output, b"two");
        output.cut(usize::MAX, |len| len);
        output.add(0, Stream::Output, b"three");
        output.acknowledge(1, 1);
        assert_eq!(output.sent().len(), 1);
        let (chunks, sent_count) = output.close();
        assert_eq!(chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(sent_count, 1);
    }

    #[test]
    fn a_message_holds_as_many_chunks_as_fit_but_at_least_one() {
        let mut output = Unacknowledged::default();
        output.add(0, Stream::Output, &vec![b'x'; 3 * CHUNK_LEN_MAX]);
        assert_eq!(output.cut(2 * CHUNK_LEN_MAX, |len| len).len(), 2);
        assert_eq!(output.cut(1, |len| len).len(), 1);
        assert!(!output.has_waiting());
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut output = Unacknowledged::default();
        for action in 0..20 {
            output.add(action, Stream::Output, &vec![b'x'; STREAM_LEN_KEPT as usize]);
        }
        assert!(output.len <= HELD_LEN_MAX);
        assert!(!output.has_overflowed(7, Stream::Output));
        assert!(output.has_overflowed(19, Stream::Output));
    }
}
