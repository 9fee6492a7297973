//! The order in which the pieces of an execution's output came, as text: `0o12,0e5` is 12 bytes of action 0's output, then 5 of
//! its error. The first piece is number 1, as on the line.

use taskey_proto::runs::Stream;

/// One piece without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The action, from 0.
    pub position: u32,
    pub stream: Stream,
    /// Bytes.
    pub len: u64,
}

pub fn write(pieces: impl IntoIterator<Item = Piece>) -> String {
    let mut text = String::new();
    for Piece { position, stream, len } in pieces {
        let letter = match stream {
            Stream::Output => 'o',
            Stream::Error => 'e',
        };
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&format!("{position}{letter}{len}"));
    }
    text
}

/// `None` for what [`write()`] did not write.
pub fn read(text: &str) -> Option<Vec<Piece>> {
    text.split(',').filter(|piece| !piece.is_empty()).map(read_piece).collect()
}

fn read_piece(text: &str) -> Option<Piece> {
    let (stream, (position, len)) = match text.split_once('o') {
        Some(halves) => (Stream::Output, halves),
        None => (Stream::Error, text.split_once('e')?),
    };
    Some(Piece { position: position.parse().ok()?, stream, len: len.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_read_as_it_was_written() {
        let pieces = vec![
            Piece { position: 0, stream: Stream::Output, len: 12 },
            Piece { position: 0, stream: Stream::Error, len: 5 },
            Piece { position: 49, stream: Stream::Output, len: 32_768 },
        ];
        assert_eq!(write(pieces.clone()), "0o12,0e5,49o32768");
        assert_eq!(read("0o12,0e5,49o32768"), Some(pieces));
        assert_eq!(read(""), Some(Vec::new()));
        for wrong in ["x", "0o", "o1", "0o1,e", "-1o2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
