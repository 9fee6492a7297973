//! Reading a selector: characters to words and signs, and those to an expression.

use super::number::Dotted;
use super::{Compare, Expr, Glob, KEYWORDS, Key, SELECTOR_DEPTH_MAX, SELECTOR_LEN_MAX, SelectorError, Test};

/// Whether a value needs no quotes.
pub(super) fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_char) && !KEYWORDS.contains(&text)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+' | '%')
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')
}

pub(super) fn selector(text: &str) -> Result<Expr, SelectorError> {
    let too_long = || SelectorError { column: 1, detail: format!("a selector has at most {SELECTOR_LEN_MAX} bytes") };
    if text.len() > SELECTOR_LEN_MAX {
        return Err(too_long());
    }
    let mut reader = Reader { tokens: tokens(text)?, next: 0, depth: 0 };
    let expr = reader.any()?;
    if reader.peek().is_some() {
        return Err(reader.expected("`and`, `or`, or the end"));
    }
    // The normal form may be longer, and has to be read as well.
    if expr.to_string().len() > SELECTOR_LEN_MAX { Err(too_long()) } else { Ok(expr) }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Without quotes: a keyword, a key, a value. May hold `*`, which only a pattern may.
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
    Sign(Sign),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Is,
    IsNot,
    Like,
    Compare(Compare),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Token::Word(word) => format!("`{word}`"),
            Token::Quoted(text) => format!("\"{text}\""),
            Token::Open => "`(`".to_owned(),
            Token::Close => "`)`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::Sign(Sign::Is) => "`=`".to_owned(),
            Token::Sign(Sign::IsNot) => "`!=`".to_owned(),
            Token::Sign(Sign::Like) => "`~`".to_owned(),
            Token::Sign(Sign::Compare(Compare::Less)) => "`<`".to_owned(),
            Token::Sign(Sign::Compare(Compare::AtMost)) => "`<=`".to_owned(),
            Token::Sign(Sign::Compare(Compare::More)) => "`>`".to_owned(),
            Token::Sign(Sign::Compare(Compare::AtLeast)) => "`>=`".to_owned(),
        }
    }
}

/// A token, with the columns of its first character and after its last.
struct Placed {
    token: Token,
    column: usize,
    end: usize,
}

/// Characters with their columns.
struct Chars<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    column: usize,
}

impl Chars<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.column += usize::from(next.is_some());
        next
    }

    fn next_if(&mut self, wanted: impl FnOnce(&char) -> bool) -> Option<char> {
        let next = self.rest.next_if(wanted);
        self.column += usize::from(next.is_some());
        next
    }

    fn follows(&mut self, wanted: char) -> bool {
        self.next_if(|c| *c == wanted).is_some()
    }
}

fn tokens(text: &str) -> Result<Vec<Placed>, SelectorError> {
    let mut tokens = Vec::new();
    let mut chars = Chars { rest: text.chars().peekable(), column: 1 };
    loop {
        let column = chars.column;
        let Some(c) = chars.next() else { return Ok(tokens) };
        if !c.is_whitespace() {
            let token = token(c, column, &mut chars)?;
            tokens.push(Placed { token, column, end: chars.column });
        }
    }
}

fn token(c: char, column: usize, chars: &mut Chars<'_>) -> Result<Token, SelectorError> {
    let wrong = |detail: &str| Err(SelectorError { column, detail: detail.to_owned() });
    Ok(match c {
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        '=' if chars.follows('=') => return wrong("write a single `=`"),
        '=' if chars.follows('~') => return wrong("write `~` alone"),
        '=' => Token::Sign(Sign::Is),
        '~' => Token::Sign(Sign::Like),
        '!' if chars.follows('=') => Token::Sign(Sign::IsNot),
        '!' if chars.follows('~') => return wrong("write `not` before the key, and `~` alone"),
        '!' => return wrong("write `not`"),
        '<' if chars.follows('=') => Token::Sign(Sign::Compare(Compare::AtMost)),
        '<' => Token::Sign(Sign::Compare(Compare::Less)),
        '>' if chars.follows('=') => Token::Sign(Sign::Compare(Compare::AtLeast)),
        '>' => Token::Sign(Sign::Compare(Compare::More)),
        '&' => return wrong("write `and`"),
        '|' => return wrong("write `or`"),
        '\'' => return wrong("write double quotes"),
        '"' => Token::Quoted(quoted(chars, column)?),
        c if is_word_char(c) || c == '*' => {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| is_word_char(*c) || *c == '*') {
                word.push(c);
            }
            Token::Word(word)
        }
        c if c.is_control() => return wrong(NO_CONTROLS),
        c => return wrong(&format!("a value with `{c}` in it has to stand in double quotes")),
    })
}

const NO_CONTROLS: &str = "no label and no fact holds a control character";

/// What stands up to the closing quote; `\"` and `\\` are a quote and a backslash.
fn quoted(chars: &mut Chars<'_>, opened: usize) -> Result<String, SelectorError> {
    let mut text = String::new();
    loop {
        let column = chars.column;
        let wrong = |detail: &str| Err(SelectorError { column, detail: detail.to_owned() });
        match chars.next() {
            None => return Err(SelectorError { column: opened, detail: "the quote that is opened here is not closed".to_owned() }),
            Some('"') => return Ok(text),
            Some('\\') => match chars.next() {
                Some(c @ ('"' | '\\')) => text.push(c),
                _ => return wrong("after a backslash stands `\"` or another backslash"),
            },
            Some(c) if c.is_control() => return wrong(NO_CONTROLS),
            Some(c) => text.push(c),
        }
    }
}

struct Reader {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn wrong(&self, detail: impl Into<String>) -> SelectorError {
        let end = || self.tokens.last().map_or(1, |last| last.end);
        SelectorError { column: self.tokens.get(self.next).map_or_else(end, |placed| placed.column), detail: detail.into() }
    }

    fn expected(&self, what: &str) -> SelectorError {
        match self.peek() {
            Some(token) => self.wrong(format!("expected {what}, found {}", token.shown())),
            None => self.wrong(format!("expected {what}, and the selector ends")),
        }
    }

    fn any(&mut self) -> Result<Expr, SelectorError> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self) -> Result<Expr, SelectorError> {
        let mut parts = vec![self.part()?];
        while self.take_word("and") {
            parts.push(self.part()?);
        }
        Ok(Expr::all(parts))
    }

    fn part(&mut self) -> Result<Expr, SelectorError> {
        let denied = self.is_word("not");
        if !denied && self.peek() != Some(&Token::Open) {
            return self.test();
        }
        if self.depth == SELECTOR_DEPTH_MAX {
            return Err(self.wrong(format!("at most {SELECTOR_DEPTH_MAX} parentheses and `not` within each other")));
        }
        self.next += 1;
        self.depth += 1;
        let inner = if denied { self.part()? } else { self.any()? };
        self.depth -= 1;
        if denied {
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.take(&Token::Close) { Ok(inner) } else { Err(self.expected("`and`, `or` or `)`")) }
    }

    fn test(&mut self) -> Result<Expr, SelectorError> {
        let key = self.key()?;
        let at_sign = self.next;
        let test = if let Some(Token::Sign(sign)) = self.peek() {
            let sign = *sign;
            self.next += 1;
            self.signed(sign)?
        } else if self.take_word("in") {
            Test::In(self.list()?)
        } else if self.take_word("not") {
            if !self.take_word("in") {
                return Err(self.expected("`in`"));
            }
            Test::NotIn(self.list()?)
        } else if matches!(self.peek(), None | Some(Token::Close)) || self.is_word("and") || self.is_word("or") {
            Test::Exists
        } else {
            return Err(self.expected("a sign such as `=`, `and`, `or`, or the end"));
        };
        if let Some(detail) = unfit(&key, &test) {
            self.next = at_sign;
            return Err(self.wrong(detail));
        }
        Ok(Expr::Test(key, test))
    }

    fn signed(&mut self, sign: Sign) -> Result<Test, SelectorError> {
        match sign {
            Sign::Is => self.value().map(Test::Is),
            Sign::IsNot => self.value().map(Test::IsNot),
            Sign::Like => match self.peek() {
                Some(Token::Word(word)) if word.contains('*') => {
                    let pattern = word.clone();
                    self.next += 1;
                    Ok(Test::Like(Glob(pattern)))
                }
                _ => self.value().map(|pattern| Test::Like(Glob(pattern))),
            },
            Sign::Compare(how) => {
                let number = match self.peek() {
                    Some(Token::Word(text) | Token::Quoted(text)) => Dotted::parse(text),
                    _ => None,
                };
                let number = number.ok_or_else(|| self.expected("a number, as 4 or 5.10"))?;
                self.next += 1;
                Ok(Test::Compare(how, number))
            }
        }
    }

    fn key(&mut self) -> Result<Key, SelectorError> {
        let what = "the name of a label or a fact, `not` or `(`";
        let Some(Token::Word(word)) = self.peek() else { return Err(self.expected(what)) };
        if KEYWORDS.contains(&word.as_str()) {
            return Err(self.expected(what));
        }
        if let Some(odd) = word.chars().find(|c| !is_key_char(*c)) {
            return Err(self.wrong(format!("expected {what}; `{word}` is none, with `{odd}` in it")));
        }
        let key = match (word.as_str(), word.split_once('.')) {
            ("name", _) => Key::Name,
            ("group", _) => Key::Group,
            ("online", _) => Key::Online,
            (_, Some(("label" | "fact", ""))) => return Err(self.wrong(format!("expected a name after `{word}`"))),
            (_, Some(("label", key))) => Key::Label(key.to_owned()),
            (_, Some(("fact", key))) => Key::Fact(key.to_owned()),
            (key, _) => Key::Either(key.to_owned()),
        };
        self.next += 1;
        Ok(key)
    }

    fn value(&mut self) -> Result<String, SelectorError> {
        let value = match self.peek() {
            Some(Token::Quoted(text)) => text.clone(),
            Some(Token::Word(word)) if word.contains('*') => {
                return Err(self.wrong(format!("`*` stands for any characters after `~` alone; write `~{word}`, or double quotes")));
            }
            Some(Token::Word(word)) if KEYWORDS.contains(&word.as_str()) => {
                return Err(self.wrong(format!("expected a value; `{word}` is one in double quotes alone")));
            }
            Some(Token::Word(word)) => word.clone(),
            _ => return Err(self.expected("a value")),
        };
        self.next += 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Vec<String>, SelectorError> {
        if !self.take(&Token::Open) {
            return Err(self.expected("`(`"));
        }
        let mut values = vec![self.value()?];
        while self.take(&Token::Comma) {
            values.push(self.value()?);
        }
        if self.take(&Token::Close) { Ok(values) } else { Err(self.expected("`,` or `)`")) }
    }
}

/// Why a key that is no label and no fact cannot be tested like this.
fn unfit(key: &Key, test: &Test) -> Option<&'static str> {
    let is_truth = |value: &String| matches!(value.as_str(), "true" | "false");
    match (key, test) {
        (Key::Name | Key::Group, Test::Compare(..)) => Some("a name is no number; test it with `=`, `!=`, `in` or `~`"),
        (Key::Name, Test::Exists) => Some("every device has a name; test it with `=`, `!=`, `in` or `~`"),
        (Key::Online, Test::Exists) => None,
        (Key::Online, Test::Is(value) | Test::IsNot(value)) if is_truth(value) => None,
        (Key::Online, _) => Some("`online` stands alone, or is `true` or `false`"),
        _ => None,
    }
}
