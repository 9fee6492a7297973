//! What comes from devices is not to be trusted with the terminal: control characters are shown, not obeyed.

/// Makes a stream of bytes safe to look at, piece by piece: text stays, controls become their pictures, broken UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub struct Filter {
    /// The beginning of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl Filter {
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut input = std::mem::take(&mut self.rest);
        input.extend_from_slice(bytes);
        let keep = unfinished_len(&input);
        self.rest = input.split_off(input.len() - keep);
        visible(&String::from_utf8_lossy(&input))
    }

    /// What is left at the end of the stream.
    pub fn finish(&mut self) -> String {
        visible(&String::from_utf8_lossy(&std::mem::take(&mut self.rest)))
    }
}

/// The text with every control character but line feed, tab and carriage return made visible.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t' | '\r') { c } else { picture(c) }).collect()
}

/// The text on one line: for cells of a table and lines of a report.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t' | '\r') { ' ' } else { picture(c) }).collect()
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // C1 controls, and the marks that turn the direction of what follows.
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => c,
    }
}

/// How many bytes at the end are the beginning of a character that is not complete.
fn unfinished_len(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let needed = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needed > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_is_shown_and_not_obeyed() {
        let mut filter = Filter::default();
        assert_eq!(filter.push(b"a\x1b[2Jb\x07\x7f\tc\r\n"), "a\u{241b}[2Jb\u{2407}\u{2421}\tc\r\n");
        assert_eq!(filter.push("\u{9b}31m\u{202e}".as_bytes()), "\u{fffd}31m\u{fffd}");
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        let text = "gr\u{fc}n \u{20ac} \u{1f600}!";
        for cut in 0..text.len() {
            let mut filter = Filter::default();
            let shown = filter.push(&text.as_bytes()[..cut]) + &filter.push(&text.as_bytes()[cut..]) + &filter.finish();
            assert_eq!(shown, text, "cut at {cut}");
        }
    }

    #[test]
    fn broken_bytes_are_replaced_and_a_split_control_is_caught() {
        let mut filter = Filter::default();
        assert_eq!(filter.push(&[0xff, b'a', 0xc2]), "\u{fffd}a");
        assert_eq!(filter.push(&[0x9b]), "\u{fffd}");
        assert_eq!(filter.push(&[0xe2, 0x82]), "");
        assert_eq!(filter.finish(), "\u{fffd}");
    }
}
