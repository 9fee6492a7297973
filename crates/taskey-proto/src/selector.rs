//! Selectors: which devices something is for, by their labels and facts, as `role=web and distribution!=alpine`.
//!
//! The grammar stands in `docs/reference/selectors.md`. A device that lacks a key fails every test of it but `!=` and `not in`. What was read
//! is written in one normal form, which is read as the same.

mod number;
mod read;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use number::Dotted;

use crate::devices::Labels;

/// Bytes of a selector, as it is written and in its normal form.
pub const SELECTOR_LEN_MAX: usize = 2_000;
/// Parentheses and `not` within each other.
pub const SELECTOR_DEPTH_MAX: usize = 32;

/// Words that mean something by themselves: a key or a value that is called so stands behind `label.` or `fact.`, or in quotes.
const KEYWORDS: [&str; 4] = ["and", "or", "not", "in"];

/// A selector that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Expr);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expr {
    /// One of them, at least two.
    Any(Vec<Expr>),
    /// Each of them, at least two.
    All(Vec<Expr>),
    Not(Box<Expr>),
    Test(Key, Test),
}

/// What of a device is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// The label of that name, or, where there is none, the fact.
    Either(String),
    Label(String),
    Fact(String),
    Name,
    /// The names of its device groups: one that passes is enough.
    Group,
    Online,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Is(String),
    IsNot(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Like(Glob),
    Compare(Compare, Dotted),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What numbers with dots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// As of versions: 5.9 is less than 5.25.
    Dotted,
    /// Decimal ones: 5.9 is more than 5.25.
    Amounts,
}

/// A text in which each `*` stands for any characters, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Glob(String);

/// Where a selector cannot be read, and what should stand there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {detail}")]
pub struct SelectorError {
    /// In characters, from 1.
    pub column: usize,
    pub detail: String,
}

/// A device as a selector sees it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub name: &'a str,
    pub labels: &'a Labels,
    pub facts: &'a Labels,
    /// Names of the device groups that it is in, as far as whoever asks may know.
    pub groups: &'a [&'a str],
    pub online: bool,
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        read::selector(text).map(Self)
    }

    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.0.matches(subject, Numbers::Dotted)
    }

    /// The same where numbers are amounts and no versions: 5.9 is more than 5.25.
    pub fn matches_amounts(&self, subject: &Subject<'_>) -> bool {
        self.0.matches(subject, Numbers::Amounts)
    }

    /// The keys that stand in it by themselves.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        self.0.add_keys(&mut keys);
        keys
    }

    /// Whether it matters for any device that it is in the device group of this name: who is in the others need not be read.
    pub fn asks_group(&self, name: &str) -> bool {
        self.0.asks(&|key, test| *key == Key::Group && test.distinguishes(name))
    }

    /// Whether it asks for device groups at all.
    pub fn asks_groups(&self) -> bool {
        self.0.asks(&|key, _| *key == Key::Group)
    }

    /// Whether it may ask for facts.
    pub fn asks_facts(&self) -> bool {
        self.0.asks(&|key, _| matches!(key, Key::Either(_) | Key::Fact(_)))
    }

    /// The key, where it asks for nothing but that there is a label or a fact of that name.
    pub fn only_key(&self) -> Option<&str> {
        match &self.0 {
            Expr::Test(Key::Either(key), Test::Exists) => Some(key),
            _ => None,
        }
    }

    /// Keys with the value that each has to have, in whatever matches.
    pub fn demanded(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = match &self.0 {
            Expr::All(parts) => &parts[..],
            other => std::slice::from_ref(other),
        };
        parts.iter().filter_map(|part| match part {
            Expr::Test(Key::Either(key) | Key::Label(key), Test::Is(value)) => Some((key.as_str(), value.as_str())),
            _ => None,
        })
    }

    /// What matches one of these.
    pub fn any(selectors: impl IntoIterator<Item = Selector>) -> Option<Self> {
        let parts: Vec<Expr> = selectors.into_iter().map(|selector| selector.0).collect();
        (!parts.is_empty()).then(|| Self(Expr::any(parts)))
    }

    /// The devices of this name.
    pub fn name(name: &str) -> Self {
        Self(Expr::Test(Key::Name, Test::Is(name.to_owned())))
    }

    /// The devices in the device group of this name.
    pub fn group(name: &str) -> Self {
        Self(Expr::Test(Key::Group, Test::Is(name.to_owned())))
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

impl Expr {
    /// Parts of parts are parts: what parentheses say nothing about has one form.
    fn any(parts: Vec<Expr>) -> Expr {
        let parts = parts.into_iter().flat_map(|part| match part {
            Expr::Any(inner) => inner,
            other => vec![other],
        });
        only(parts.collect(), Expr::Any)
    }

    fn all(parts: Vec<Expr>) -> Expr {
        let parts = parts.into_iter().flat_map(|part| match part {
            Expr::All(inner) => inner,
            other => vec![other],
        });
        only(parts.collect(), Expr::All)
    }

    fn matches(&self, subject: &Subject<'_>, numbers: Numbers) -> bool {
        match self {
            Expr::Any(parts) => parts.iter().any(|part| part.matches(subject, numbers)),
            Expr::All(parts) => parts.iter().all(|part| part.matches(subject, numbers)),
            Expr::Not(inner) => !inner.matches(subject, numbers),
            Expr::Test(key, test) => key.passes(test, subject, numbers),
        }
    }

    fn add_keys<'a>(&'a self, keys: &mut Vec<&'a str>) {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().for_each(|part| part.add_keys(keys)),
            Expr::Not(inner) => inner.add_keys(keys),
            Expr::Test(Key::Either(key) | Key::Label(key) | Key::Fact(key), _) => keys.push(key),
            Expr::Test(Key::Name | Key::Group | Key::Online, _) => {}
        }
    }

    fn asks(&self, wanted: &impl Fn(&Key, &Test) -> bool) -> bool {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().any(|part| part.asks(wanted)),
            Expr::Not(inner) => inner.asks(wanted),
            Expr::Test(key, test) => wanted(key, test),
        }
    }
}

/// One part stands for itself.
fn only(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

impl Key {
    fn passes(&self, test: &Test, subject: &Subject<'_>, numbers: Numbers) -> bool {
        let online = if subject.online { "true" } else { "false" };
        match self {
            Key::Either(key) => test.holds(subject.labels.get(key).or_else(|| subject.facts.get(key)).map(String::as_str), numbers),
            Key::Label(key) => test.holds(subject.labels.get(key).map(String::as_str), numbers),
            Key::Fact(key) => test.holds(subject.facts.get(key).map(String::as_str), numbers),
            Key::Name => test.holds([subject.name], numbers),
            Key::Group => test.holds(subject.groups.iter().copied(), numbers),
            Key::Online if *test == Test::Exists => subject.online,
            Key::Online => test.holds([online], numbers),
        }
    }
}

impl Test {
    /// Whether one of the values passes; of a test that denies, whether none is what it denies.
    fn holds<'a>(&self, values: impl IntoIterator<Item = &'a str>, numbers: Numbers) -> bool {
        let mut values = values.into_iter();
        match self {
            Test::Exists => values.next().is_some(),
            Test::Is(wanted) => values.any(|value| value == wanted),
            Test::IsNot(unwanted) => !values.any(|value| value == unwanted),
            Test::In(wanted) => values.any(|value| wanted.iter().any(|wanted| wanted == value)),
            Test::NotIn(unwanted) => !values.any(|value| unwanted.iter().any(|unwanted| unwanted == value)),
            Test::Like(glob) => values.any(|value| glob.matches(value)),
            Test::Compare(how, bound) => values.any(|value| bound.order_of(value, numbers).is_some_and(|order| how.holds(order))),
        }
    }

    /// Whether a thing that has this value can come out otherwise than one that has none.
    fn distinguishes(&self, value: &str) -> bool {
        self.holds([value], Numbers::Dotted) != self.holds([], Numbers::Dotted)
    }
}

impl Compare {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Compare::Less => order.is_lt(),
            Compare::AtMost => order.is_le(),
            Compare::More => order.is_gt(),
            Compare::AtLeast => order.is_ge(),
        }
    }
}

impl Glob {
    /// In time that grows with the two lengths: each piece is looked for once, from where the one before it ended.
    fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(text) = text.strip_prefix(first) else { return false };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(mut text) = text.strip_suffix(last) else { return false };
        for piece in middle.split('*') {
            match text.find(piece) {
                Some(at) => text = &text[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `and` holds together more than `or`.
            Expr::Any(parts) => write_joined(f, parts, " or ", |_| false),
            Expr::All(parts) => write_joined(f, parts, " and ", |part| matches!(part, Expr::Any(_))),
            Expr::Not(inner) => match &**inner {
                Expr::Any(_) | Expr::All(_) => write!(f, "not ({inner})"),
                inner => write!(f, "not {inner}"),
            },
            Expr::Test(key, test) => write!(f, "{key}{test}"),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], between: &str, in_parentheses: fn(&Expr) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if in_parentheses(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Either(key) => f.write_str(key),
            Key::Label(key) => write!(f, "label.{key}"),
            Key::Fact(key) => write!(f, "fact.{key}"),
            Key::Name => f.write_str("name"),
            Key::Group => f.write_str("group"),
            Key::Online => f.write_str("online"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Exists => Ok(()),
            Test::Is(value) => write!(f, "={}", Written(value)),
            Test::IsNot(value) => write!(f, "!={}", Written(value)),
            Test::In(values) => write_list(f, " in (", values),
            Test::NotIn(values) => write_list(f, " not in (", values),
            Test::Like(Glob(pattern)) if read::is_bare(&pattern.replace('*', "x")) => write!(f, "~{pattern}"),
            Test::Like(Glob(pattern)) => write!(f, "~{}", Quoted(pattern)),
            Test::Compare(how, bound) => {
                let sign = match how {
                    Compare::Less => "<",
                    Compare::AtMost => "<=",
                    Compare::More => ">",
                    Compare::AtLeast => ">=",
                };
                write!(f, "{sign}{bound}")
            }
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, before: &str, values: &[String]) -> fmt::Result {
    f.write_str(before)?;
    for (index, value) in values.iter().enumerate() {
        write!(f, "{}{}", if index > 0 { ", " } else { "" }, Written(value))?;
    }
    f.write_str(")")
}

/// A value: bare where it can be.
struct Written<'a>(&'a str);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if read::is_bare(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
