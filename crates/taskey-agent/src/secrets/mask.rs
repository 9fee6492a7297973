//! Hiding secrets in output, before it leaves the device: as they are, each of their longer lines, in base64 and URL-encoded.
//!
//! This catches accidents, not malice: a program that has a secret can always write it in a form that nobody looks for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use taskey_proto::crypto::{base64, base64url};

/// What stands in a secret's place.
pub const MASKED: &[u8] = b"[masked]";
/// Shorter forms would hide what is no secret.
const FORM_LEN_MIN: usize = 4;
/// A line of a longer secret, such as a key in PEM, counts by itself from this length on.
const LINE_LEN_MIN: usize = 8;

/// The forms that are hidden, longest first.
#[derive(Clone, Default)]
pub struct Mask {
    forms: Arc<[Vec<u8>]>,
}

impl Mask {
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut forms = BTreeSet::new();
        for value in values {
            let lines = value.lines().filter(|line| line.len() >= LINE_LEN_MIN);
            for text in lines.chain([value, value.trim()]) {
                forms.extend(forms_of(text));
            }
        }
        let mut forms: Vec<Vec<u8>> = forms.into_iter().filter(|form| form.len() >= FORM_LEN_MIN).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms: forms.into() }
    }

    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Hides secrets in a text that is whole.
    pub fn hide(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut stream = MaskedStream::new(self.clone());
        let mut bytes = stream.take(text.as_bytes());
        bytes.extend(stream.finish());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn forms_of(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec()];
    // Base64 of something longer shows the text in one of three shifts; what its neighbours have a part in is left out.
    for shift in 0..3 {
        let shifted = [&[0; 2][..shift.min(2)], text.as_bytes()].concat();
        let first = (shift * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for encoded in [base64(&shifted), base64url(&shifted)] {
            forms.extend(encoded.as_bytes().get(first..last.max(first)).map(<[u8]>::to_vec));
        }
    }
    for (hex, space) in [(true, "%20"), (true, "+"), (false, "%20"), (false, "+")] {
        let mut encoded = String::new();
        for byte in text.bytes() {
            let _ = match byte {
                b' ' => write!(encoded, "{space}"),
                byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => write!(encoded, "{}", char::from(byte)),
                byte if hex => write!(encoded, "%{byte:02X}"),
                byte => write!(encoded, "%{byte:02x}"),
            };
        }
        forms.push(encoded.into_bytes());
    }
    forms
}

/// One stream of output on its way out. What may be the beginning of a secret is held until it is known whether it is.
pub struct MaskedStream {
    mask: Mask,
    held: Vec<u8>,
}

impl MaskedStream {
    pub fn new(mask: Mask) -> Self {
        Self { mask, held: Vec::new() }
    }

    /// The part that may leave now.
    pub fn take(&mut self, data: &[u8]) -> Vec<u8> {
        if self.mask.is_empty() {
            return data.to_vec();
        }
        self.held.extend_from_slice(data);
        let held = std::mem::take(&mut self.held);
        let (out, rest) = self.hide_in(&held, false);
        self.held = rest;
        out
    }

    /// What was held, at the end.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.hide_in(&held, true).0
    }

    /// What may leave, and what must wait.
    fn hide_in(&self, data: &[u8], is_end: bool) -> (Vec<u8>, Vec<u8>) {
        let mut out = Vec::with_capacity(data.len());
        let mut at = 0;
        while at < data.len() {
            let rest = &data[at..];
            // A longer form may still come true where a shorter one has: wait for it, or hide too little.
            let may_grow = !is_end && self.mask.forms.iter().any(|form| form.len() > rest.len() && form.starts_with(rest));
            if may_grow {
                return (out, rest.to_vec());
            }
            match self.mask.forms.iter().find(|form| rest.starts_with(form)) {
                Some(form) => {
                    out.extend_from_slice(MASKED);
                    at += form.len();
                }
                None => {
                    out.push(data[at]);
                    at += 1;
                }
            }
        }
        (out, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t/+ v\u{e4}lue";

    fn mask() -> Mask {
        Mask::new([SECRET].into_iter())
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let urls = ["s3cr3t%2F%2B%20v%C3%A4lue", "s3cr3t%2f%2b%20v%c3%a4lue", "s3cr3t%2F%2B+v%C3%A4lue"];
        for form in [SECRET].into_iter().chain(urls) {
            assert_eq!(mask().hide(&format!("a {form} b")), "a [masked] b", "{form}");
        }
        for before in ["", "x", "xy", "user:"] {
            for after in ["", "z", "zz", "zzz"] {
                let whole = format!("{before}{SECRET}{after}");
                for encoded in [base64(whole.as_bytes()), base64url(whole.as_bytes())] {
                    assert!(mask().hide(&encoded).contains("[masked]"), "{whole}: {encoded}");
                }
            }
        }
    }

    #[test]
    fn a_secret_is_found_however_output_is_cut_and_nothing_else_is_held() {
        let text = format!("before {SECRET} and {SECRET}{SECRET} after s3cr3t/ end");
        let expected = "before [masked] and [masked][masked] after s3cr3t/ end";
        for cut in 0..text.len() {
            let mut stream = MaskedStream::new(mask());
            let mut out = stream.take(&text.as_bytes()[..cut]);
            out.extend(stream.take(&text.as_bytes()[cut..]));
            out.extend(stream.finish());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "cut at {cut}");
        }
        assert_eq!(MaskedStream::new(mask()).take(b"first\n"), b"first\n");
    }

    #[test]
    fn each_line_of_a_long_secret_counts_and_one_that_ends_in_a_line_break_too() {
        let mask = Mask::new(["-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\n-----END KEY-----\n"].into_iter());
        assert_eq!(mask.hide("grep: MC4CAQAwBQYDK2Vw"), "grep: [masked]");
        assert_eq!(Mask::new(["token123\n"].into_iter()).hide("<token123>"), "<[masked]>");
        assert!(Mask::new(std::iter::empty()).is_empty());
    }
}
