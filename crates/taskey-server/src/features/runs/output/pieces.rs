//! Pieces put together, without a database.

use std::collections::{BTreeMap, HashSet};

use taskey_proto::line::Chunk;
use taskey_proto::runs::{STREAM_LEN_MAX, Stream};

use super::layout::{self, Piece};

/// A little output, put together in memory.
pub struct Folded {
    pub layout: String,
    /// By action and stream.
    pub streams: BTreeMap<(u32, Stream), Vec<u8>>,
}

impl Folded {
    /// A piece that is in both was sent twice.
    pub fn of(stored: &[Chunk], last: &[Chunk]) -> Self {
        let known: HashSet<u64> = stored.iter().map(|chunk| chunk.seq).collect();
        let mut chunks: Vec<&Chunk> = stored.iter().chain(last.iter().filter(|chunk| !known.contains(&chunk.seq))).collect();
        chunks.sort_by_key(|chunk| chunk.seq);
        chunks.dedup_by_key(|chunk| chunk.seq);
        let mut streams: BTreeMap<(u32, Stream), Vec<u8>> = BTreeMap::new();
        for chunk in &chunks {
            streams.entry((chunk.action, chunk.stream)).or_default().extend_from_slice(&chunk.data);
        }
        let piece = |chunk: &&Chunk| Piece { position: chunk.action, stream: chunk.stream, len: chunk.data.len() as u64 };
        Self { layout: layout::write(chunks.iter().map(piece)), streams }
    }
}

/// A device that keeps to its caps has no piece beyond them; one that does not loses what is.
pub fn within_caps(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut lens: BTreeMap<(u32, Stream), u64> = BTreeMap::new();
    let mut kept = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let len = lens.entry((piece.position, piece.stream)).or_default();
        let fits = *len + piece.len <= STREAM_LEN_MAX;
        // Once one does not fit, none that follows would be in its place.
        *len = if fits { *len + piece.len } else { STREAM_LEN_MAX + 1 };
        if fits {
            kept.push(piece);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(seq: u64, action: u32, stream: Stream, data: &str) -> Chunk {
        Chunk { seq, action, stream, data: data.as_bytes().to_vec() }
    }

    #[test]
    fn pieces_become_streams_in_their_order_each_once() {
        let stored = [chunk(1, 0, Stream::Output, "one "), chunk(3, 0, Stream::Output, "three")];
        let last = [chunk(3, 0, Stream::Output, "three"), chunk(2, 0, Stream::Error, "two"), chunk(4, 1, Stream::Output, "four")];
        let folded = Folded::of(&stored, &last);
        assert_eq!(folded.layout, "0o4,0e3,0o5,1o4");
        assert_eq!(folded.streams[&(0, Stream::Output)], b"one three");
        assert_eq!(folded.streams[&(0, Stream::Error)], b"two");
        assert_eq!(folded.streams[&(1, Stream::Output)], b"four");
    }

    #[test]
    fn what_a_stream_has_beyond_its_cap_is_left_out() {
        let piece = |len| Piece { position: 0, stream: Stream::Output, len };
        let kept = within_caps(vec![piece(STREAM_LEN_MAX - 1), piece(2), piece(1), Piece { position: 1, ..piece(3) }]);
        assert_eq!(kept, [piece(STREAM_LEN_MAX - 1), Piece { position: 1, ..piece(3) }]);
    }
}
