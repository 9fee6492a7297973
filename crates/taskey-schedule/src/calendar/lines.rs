//! The lines of an iCalendar file: unfolded, and taken apart into name, parameters and value.

/// One property, with the number of its first line.
pub(super) struct Line {
    pub(super) number: usize,
    /// In capitals.
    pub(super) name: String,
    /// Name and parameters, as written.
    pub(super) head: String,
    pub(super) value: String,
}

/// A line that begins with a blank goes on with the one before.
pub(super) fn unfold(text: &str) -> Vec<Line> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_end_matches('\r');
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => whole.push((index + 1, line.to_owned())),
        }
    }
    whole.into_iter().map(|(number, line)| split(number, &line)).collect()
}

fn split(number: usize, line: &str) -> Line {
    // A colon may be part of a quoted parameter.
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    });
    let (head, value) = colon.map_or((line, ""), |(at, _)| (&line[..at], &line[at + 1..]));
    let name = head.split(';').next().unwrap_or_default().trim().to_ascii_uppercase();
    Line { number, name, head: head.to_owned(), value: value.trim().to_owned() }
}

/// `\,`, `\;`, `\\` and `\n` in a text, for one line.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

/// `P1D`, `PT1H30M`, `P2W` in seconds.
pub(super) fn read_duration(text: &str) -> Option<i64> {
    let mut rest = text.trim_start_matches('+').strip_prefix(['P', 'p'])?;
    let mut total: i64 = 0;
    let mut in_time = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            in_time = true;
            rest = after;
            continue;
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let mut letters = rest[digits..].chars();
        let size = match (letters.next()?.to_ascii_uppercase(), in_time) {
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        total = number.checked_mul(size).and_then(|seconds| total.checked_add(seconds))?;
        rest = letters.as_str();
    }
    Some(total)
}
