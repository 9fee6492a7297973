//! What a device reports, and what becomes of its output.
//!
//! What is read is written and read again as the same. Pieces put together keep each byte of each number once, in the order of the
//! numbers, whatever order they came in; their layout says where each byte went.

use std::collections::{BTreeMap, HashMap};

use taskey_proto::agent::SendOutput;
use taskey_proto::line::{Chunk, Down, Up};
use taskey_proto::runs::{STREAM_LEN_MAX, Stream};
use taskey_server::features::runs::output::layout::{self, Piece};
use taskey_server::features::runs::output::pieces::{Folded, within_caps};

use crate::golden;

/// The first byte says what the rest is: a message up, a message down, output over HTTP, or sizes of pieces.
pub fn run(input: &[u8]) {
    let Some((&kind, rest)) = input.split_first() else { return };
    match kind % 4 {
        0 => {
            if let Some(up) = same_again::<Up>(rest) {
                fold(&up);
            }
        }
        1 => drop(same_again::<Down>(rest)),
        2 => {
            if let Ok(sent) = serde_json::from_slice::<SendOutput>(rest) {
                put_together(&[], &sent.chunks);
            }
        }
        _ => cut(rest),
    }
}

fn same_again<T: serde::Serialize + for<'de> serde::Deserialize<'de> + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&read).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert_eq!(read, again);
    assert_eq!(written, serde_json::to_vec(&again).unwrap());
    Some(read)
}

fn fold(up: &Up) {
    let chunks = match up {
        Up::Output { chunks, .. } => chunks,
        Up::Finished(finished) => &finished.chunks,
        Up::Sync(_) | Up::Started { .. } | Up::Assigned(_) | Up::Unfired { .. } => return,
    };
    let (stored, last) = chunks.split_at(chunks.len() / 2);
    put_together(stored, last);
}

fn put_together(stored: &[Chunk], last: &[Chunk]) {
    // The database keeps one piece of each number.
    let stored: BTreeMap<u64, Chunk> = stored.iter().map(|chunk| (chunk.seq, chunk.clone())).collect();
    let stored: Vec<Chunk> = stored.into_values().collect();
    let folded = Folded::of(&stored, last);
    let mut kept: BTreeMap<u64, &Chunk> = BTreeMap::new();
    for chunk in stored.iter().chain(last) {
        kept.entry(chunk.seq).or_insert(chunk);
    }
    let pieces = layout::read(&folded.layout).expect("a layout of ours");
    assert_eq!(pieces.len(), kept.len());
    let mut taken: HashMap<(u32, Stream), usize> = HashMap::new();
    for (piece, chunk) in pieces.iter().zip(kept.values()) {
        assert_eq!((piece.position, piece.stream, piece.len), (chunk.action, chunk.stream, chunk.data.len() as u64));
        let from = taken.entry((piece.position, piece.stream)).or_default();
        let bytes = &folded.streams[&(piece.position, piece.stream)];
        assert_eq!(bytes[*from..*from + chunk.data.len()], chunk.data);
        *from += chunk.data.len();
    }
    for (stream, bytes) in &folded.streams {
        assert_eq!(taken.get(stream), Some(&bytes.len()));
    }
}

/// Five bytes a piece: which stream, and its length.
fn cut(bytes: &[u8]) {
    let (fives, _) = bytes.as_chunks::<5>();
    let piece = |[which, len @ ..]: &[u8; 5]| Piece {
        position: u32::from(which >> 1),
        stream: if which & 1 == 0 { Stream::Output } else { Stream::Error },
        len: u64::from(u32::from_be_bytes(*len) >> 8),
    };
    let pieces: Vec<Piece> = fives.iter().map(piece).collect();
    assert_eq!(layout::read(&layout::write(pieces.iter().copied())), Some(pieces.clone()));
    let kept = within_caps(pieces.clone());
    let mut left = kept.iter().peekable();
    let mut lens: HashMap<(u32, Stream), u64> = HashMap::new();
    for piece in &pieces {
        if left.next_if_eq(&piece).is_some() {
            *lens.entry((piece.position, piece.stream)).or_default() += piece.len;
        }
    }
    assert!(left.next().is_none(), "the order has changed");
    assert!(lens.values().all(|len| *len <= STREAM_LEN_MAX));
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (kind, names) in [
        (0, &["up_sync.json", "up_started.json", "up_output.json", "up_finished.json"][..]),
        (1, &["down_execute.json", "down_fetch.json", "down_cancel.json"]),
        (2, &["send_output.json"]),
    ] {
        seeds.extend(names.iter().map(|name| [&[kind][..], &compact(&golden(name))].concat()));
    }
    let chunk = |seq, action, stream| Chunk { seq, action, stream, data: b"one\n".to_vec() };
    let chunks = vec![chunk(2, 0, Stream::Error), chunk(1, 0, Stream::Output), chunk(2, 1, Stream::Output), chunk(3, 0, Stream::Output)];
    seeds.push([&[2][..], &serde_json::to_vec(&SendOutput { chunks }).unwrap()].concat());
    seeds.push(vec![3, 0, 0x0f, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 9, 1, 0, 0, 1, 0]);
    seeds
}

fn compact(json: &[u8]) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    serde_json::to_vec(&value).unwrap()
}
