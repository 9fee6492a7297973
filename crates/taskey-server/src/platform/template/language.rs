//! What of Jinja a template may say. An operator or a filter that makes long texts of short ones would let one organization's type fill
//! the memory of all: so texts are not put together within an expression, nothing is named but by `for`, lists that are written out are
//! short, and there are only the filters below, none of which makes more than [`LEN_MAX`] bytes of a field. Together they look at
//! [`LOOKED_AT_MAX`] bytes at most: a loop could have a filter look at a long text again and again.

use std::borrow::Cow;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, filters, tests};

use super::LEN_MAX;

/// Steps that a template may take.
const FUEL: u64 = 50_000;
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// Bytes of a template, and of one piece of code in it: its reader goes down the stack with each operator.
const TEMPLATE_LEN_MAX: usize = 20_000;
const CODE_LEN_MAX: usize = 500;
/// Commas in one piece of code.
const COMMAS_MAX: usize = 20;
const ELIFS_MAX: usize = 50;
/// Bytes of text, or parts of a list, that the filters of a template look at.
const LOOKED_AT_MAX: usize = 1024 * 1024;
/// Digits behind the point.
const DIGITS_MAX: usize = 12;

pub fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("abs", filters::abs);
    environment.add_filter("bool", filters::bool);
    environment.add_filter("capitalize", capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("fixed", fixed);
    environment.add_filter("float", filters::float);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", lower);
    environment.add_filter("replace", replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("times", times);
    environment.add_filter("title", title);
    environment.add_filter("tojson", tojson);
    environment.add_filter("trim", trim);
    environment.add_filter("upper", upper);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("even", tests::is_even);
    environment.add_test("in", tests::is_in);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", tests::is_number);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("string", tests::is_string);
    environment.add_test("undefined", tests::is_undefined);
    environment
}

/// What a template says that it may not.
pub fn problem_of(template: &str) -> Option<String> {
    if template.len() > TEMPLATE_LEN_MAX {
        return Some(format!("at most {TEMPLATE_LEN_MAX} bytes"));
    }
    let mut elifs = 0;
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let (end, is_statement) = match rest.as_bytes().get(1) {
            Some(b'#') => {
                // Of a comment that does not end the template's reader says more.
                rest = rest[2..].find("#}").map_or("", |end| &rest[end + 4..]);
                continue;
            }
            Some(b'{') => ("}}", false),
            Some(b'%') => ("%}", true),
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let code = &rest[2..];
        let statement = if is_statement { Some(statement_of(code)) } else { None };
        elifs += usize::from(statement == Some("elif"));
        if elifs > ELIFS_MAX {
            return Some(format!("at most {ELIFS_MAX} elif"));
        }
        if let Some(unknown) = statement.filter(|word| !STATEMENTS.contains(word)) {
            return Some(format!("`{unknown}` is not for templates; there are if, elif, else and for"));
        }
        // What `for` names is a part of what there was: a list that is written out could hold one thing many times.
        let commas_max = if statement == Some("for") { 0 } else { COMMAS_MAX };
        match read_code(code, Some(end), commas_max) {
            Ok(len) if statement == Some("for") && code[..len].split_whitespace().any(|word| word.starts_with("recursive")) => {
                return Some("`recursive` is not for templates".to_owned());
            }
            Ok(len) => rest = &code[len..],
            Err(problem) => return Some(problem),
        }
    }
    None
}

/// The same of an expression without its braces.
pub fn problem_of_expression(expression: &str) -> Option<String> {
    if expression.len() > TEMPLATE_LEN_MAX {
        return Some(format!("at most {TEMPLATE_LEN_MAX} bytes"));
    }
    read_code(expression, None, COMMAS_MAX).err()
}

/// The word that a statement begins with.
fn statement_of(code: &str) -> &str {
    let word = code.trim_start_matches(['-', '+']).trim_start();
    let len = word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(word.len());
    &word[..len]
}

/// Looks through an expression or a statement; the bytes up to behind its `end`.
fn read_code(code: &str, end: Option<&str>, commas_max: usize) -> Result<usize, String> {
    let bytes = code.as_bytes();
    let (mut at, mut open, mut len, mut commas) = (0, 0_i32, 0, 0);
    while at < bytes.len() {
        len += 1;
        if len > CODE_LEN_MAX {
            return Err(format!("at most {CODE_LEN_MAX} bytes in one pair of braces"));
        }
        if open == 0 && end.is_some_and(|end| code.as_bytes()[at..].starts_with(end.as_bytes())) {
            return Ok(at + 2);
        }
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = end_of_text(bytes, at, quote),
            b'(' | b'[' => open += 1,
            b')' | b']' => open -= 1,
            b'*' => return Err("`*` is not for templates; a number is multiplied by `amount | times(100)`".to_owned()),
            b'~' | b'+' => return Err(format!("`{}` is not for templates; what stands side by side is one text", bytes[at] as char)),
            b',' => {
                commas += 1;
                if commas > commas_max {
                    return Err(format!("at most {commas_max} commas here"));
                }
            }
            b':' => return Err("`:` is not for templates".to_owned()),
            b'-' if bytes.get(at + 1) == Some(&b'-') => return Err("`--` is not for templates".to_owned()),
            b'.' if code[at + 1..].trim_start().starts_with("cycle") => return Err("`cycle` is not for templates".to_owned()),
            b'{' | b'}' => return Err("a brace in an expression; is one before it not closed?".to_owned()),
            _ => {}
        }
        at += 1;
    }
    // Of one that does not end the template's reader says more.
    Ok(bytes.len())
}

/// Where the text that begins at `at` has its last quote.
fn end_of_text(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut at = at + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

fn refused(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn short(text: String) -> Result<String, Error> {
    if text.len() > LEN_MAX { Err(refused(format!("it makes more than {LEN_MAX} bytes"))) } else { Ok(text) }
}

/// `19.9 | fixed(2)` is `19.90`.
fn fixed(number: f64, digits: usize) -> Result<String, Error> {
    if digits > DIGITS_MAX {
        return Err(refused(format!("at most {DIGITS_MAX} digits behind the point")));
    }
    Ok(format!("{number:.digits$}"))
}

fn times(number: Value, by: Value) -> Result<Value, Error> {
    let whole = number.as_i64().zip(by.as_i64()).and_then(|(number, by)| number.checked_mul(by));
    if let Some(product) = whole {
        return Ok(Value::from(product));
    }
    let (number, by) = (f64::try_from(number)?, f64::try_from(by)?);
    Ok(Value::from(number * by))
}

/// What the filters of a template have looked at.
#[derive(Default)]
struct LookedAt(usize);

fn look_at(state: &mut State, len: usize) -> Result<(), Error> {
    let LookedAt(sum) = state.get_or_insert_extension(LookedAt::default());
    *sum = sum.saturating_add(len);
    if *sum > LOOKED_AT_MAX { Err(refused(format!("its filters look at more than {LOOKED_AT_MAX} bytes"))) } else { Ok(()) }
}

fn capitalize(state: &mut State, text: Cow<'_, str>) -> Result<String, Error> {
    look_at(state, text.len())?;
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    Ok(first.chain(letters.as_str().to_lowercase().chars()).collect())
}

fn lower(state: &mut State, text: Cow<'_, str>) -> Result<String, Error> {
    look_at(state, text.len())?;
    Ok(text.to_lowercase())
}

fn title(state: &mut State, text: Cow<'_, str>) -> Result<String, Error> {
    look_at(state, text.len())?;
    Ok(filters::title(text))
}

fn trim(state: &mut State, text: Cow<'_, str>) -> Result<String, Error> {
    look_at(state, text.len())?;
    Ok(text.trim().to_owned())
}

fn upper(state: &mut State, text: Cow<'_, str>) -> Result<String, Error> {
    look_at(state, text.len())?;
    Ok(text.to_uppercase())
}

fn join(state: &mut State, values: Value, between: Option<Cow<'_, str>>) -> Result<String, Error> {
    let mut text = String::new();
    for (index, value) in values.try_iter()?.enumerate() {
        if index > 0 {
            text.push_str(between.as_deref().unwrap_or_default());
        }
        let value = value.to_string();
        look_at(state, value.len() + 1)?;
        text.push_str(&value);
        text = short(text)?;
    }
    Ok(text)
}

fn replace(state: &mut State, text: Cow<'_, str>, from: Cow<'_, str>, to: Cow<'_, str>) -> Result<String, Error> {
    if from.is_empty() {
        return Err(refused("there is nothing to replace in an empty text"));
    }
    look_at(state, text.len())?;
    let len = text.matches(&*from).count().saturating_mul(to.len()).saturating_add(text.len());
    if len > LEN_MAX {
        return Err(refused(format!("it makes more than {LEN_MAX} bytes")));
    }
    Ok(text.replace(&*from, &to))
}

/// As JSON. In a text between quotes, it is the text with what JSON escapes.
fn tojson(state: &mut State, value: Value) -> Result<String, Error> {
    let text = serde_json::to_string(&value).map_err(|error| refused(error.to_string()))?;
    look_at(state, text.len())?;
    short(text)
}
