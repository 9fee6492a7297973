//! Short texts that people and programs write: ids, times, lengths, amounts, names, URLs, policies, layouts, ranges, selectors.
//!
//! What is read is written and read again as the same, and nothing that is read holds more than it may.

use std::path::Path;

use taskey_agent::errand::hosts::HostRules;
use taskey_agent::errand::http::Url;
use taskey_agent::policy;
use taskey_proto::devices::Labels;
use taskey_proto::id::{DeviceId, ExecutionId, RunId, TaskId};
use taskey_proto::selector::{SELECTOR_LEN_MAX, Selector, Subject};
use taskey_proto::size::Size;
use taskey_proto::tasks::{NAME_LEN_MAX, name_problem};
use taskey_proto::{Span, Time};
use taskey_server::features::runs::output::bytes::ByteRange;
use taskey_server::features::runs::output::layout;

/// The first byte says what the rest is.
pub fn run(input: &[u8]) {
    let Some((&kind, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match kind % 10 {
        0 => ids(text),
        1 => drop(same_again::<Time>(text)),
        2 => drop(same_again::<Span>(text)),
        3 => drop(same_again::<Size>(text)),
        4 => name(text),
        5 => url(text),
        6 => policies(text),
        7 => layouts(text),
        8 => range(text),
        _ => selector(text),
    }
}

fn same_again<T: std::str::FromStr + std::fmt::Display + PartialEq>(text: &str) -> Option<String> {
    let read: T = text.parse().ok()?;
    let written = read.to_string();
    assert!(written.parse::<T>().is_ok_and(|again| again == read), "{text} became {written}");
    Some(written)
}

/// An id has one spelling.
fn ids(text: &str) {
    for written in [same_again::<DeviceId>(text), same_again::<ExecutionId>(text), same_again::<RunId>(text), same_again::<TaskId>(text)] {
        assert!(written.is_none_or(|written| written == text));
    }
}

fn name(text: &str) {
    match name_problem(text) {
        Some(problem) => assert!(!problem.is_empty()),
        None => {
            assert!((1..=NAME_LEN_MAX).contains(&text.chars().count()));
            assert!(!text.contains(['/', '\\', '\0', ' ', '\n', '"']) && !text.starts_with('-'));
        }
    }
}

/// A URL, and after a line break a `Location` to be followed from there.
fn url(text: &str) {
    let (text, location) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(url) = Url::parse(text) else { return };
    let check = |url: &Url| {
        assert!(!url.host.is_empty() && !url.host.contains(['/', '@', '?', '#', ' ']), "{url:?}");
        assert!(url.target.starts_with('/') && !url.target.contains([' ', '\r', '\n', '#']), "{url:?}");
        assert_eq!(Url::parse(&url.to_string()).as_ref(), Ok(url), "{url}");
        // A host is either named by a policy or it is not, in whatever letters.
        let rules = HostRules(vec![url.host.trim_end_matches('.').to_ascii_uppercase()]);
        assert!(rules.check(&url.host, url.port).is_ok(), "{url:?}");
    };
    check(&url);
    if let Ok(next) = url.join(location) {
        check(&next);
        assert!(location.contains("//") || url.same_host(&next), "{location} led from {url} to {next}");
    }
}

/// Files of a policy, one after the other.
fn policies(text: &str) {
    let files = text.split("\n---\n").map(|text| Ok((Path::new("10-own.toml"), text.to_owned())));
    match policy::merge(files) {
        Ok(policy) => {
            assert!(policy.max_concurrent >= 1);
            assert!(policy.check_action("COMMAND").is_err() || text.contains("allow_actions"));
            assert!(policy.check_signer().is_err() || text.contains("signers"));
            let _ = HostRules(policy.http_hosts).check("example.org", 443);
        }
        Err(error) => assert!(error.to_string().starts_with("10-own.toml: "), "{error}"),
    }
}

fn layouts(text: &str) {
    let Some(pieces) = layout::read(text) else { return };
    assert_eq!(layout::read(&layout::write(pieces.iter().copied())), Some(pieces));
}

fn range(text: &str) {
    let mut headers = http::HeaderMap::new();
    let Ok(value) = http::HeaderValue::from_str(text) else { return };
    headers.insert(http::header::RANGE, value);
    let Some(range) = ByteRange::from_headers(&headers) else { return };
    for len in [0, 1, 10, u64::MAX] {
        if let Some((first, last)) = range.within(len) {
            assert!(first <= last && last < len, "{first}-{last} of {len}");
        }
    }
}

fn selector(text: &str) {
    let read = match Selector::parse(text) {
        Ok(read) => read,
        Err(error) => return assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}"),
    };
    let written = same_again::<Selector>(text).unwrap_or_default();
    assert!(written.len() <= SELECTOR_LEN_MAX, "{written}");
    let labels = Labels::from([("role".to_owned(), "web".to_owned()), ("rack".to_owned(), "3.1".to_owned())]);
    let subject = Subject { name: "web-1", labels: &labels, facts: &labels, groups: &["eu"], online: true };
    if let Ok(opposite) = Selector::parse(&format!("not ({written})")) {
        assert_ne!(read.matches(&subject), opposite.matches(&subject), "{written}");
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let texts: [(u8, &[&str]); 10] = [
        (
            0,
            &[
                "dev_00000000000000000000000001",
                "run_7zzzzzzzzzzzzzzzzzzzzzzzzz",
                "exe_01jd2v0q8rf7x9d2k3m4n5p6q7",
                "tsk_80000000000000000000000000",
            ],
        ),
        (1, &["2026-11-21T05:31:03.007Z", "1970-01-01T00:00:00+01:00", "9999-12-30T21:59:59.999Z", "2026-11-21t05:31:60,5-23:59[UTC]"]),
        (2, &["500ms", "1d1h1m1s1ms", "0s", "18446744073709551615ms", "1h 30m"]),
        (3, &["512M", "1000", "16777215G", "64K "]),
        (4, &["web-1.eu", "-x", "Grüße", "a/b"]),
        (
            5,
            &[
                "https://[::1]:8443/?x",
                "http://example.org:80/a?b=c\nz?w=2",
                "https://a.example:8443/x/y?q=1\n//b.example/z#part",
                "http://me:secret@a/",
                "http://[::ffff:1.2.3.4]/\n?",
                "HTTP://EXAMPLE.org.:065535",
                "http://f[f:2.3.4]/\n?",
                "http://a:99999/",
                "http://*2/",
            ],
        ),
        (
            6,
            &[
                "run_as = [\"root\"]\nmax_concurrent = 0\n---\nallow_actions = [\"COMMAND\"]",
                "max_concurrent = -1",
                "signers = [\"server\"]",
                taskey_agent::enroll::SHIPPED_POLICY,
            ],
        ),
        (7, &["0o12,0e5,49o32768", "", "0o1,,e"]),
        (8, &["bytes=0-499", "bytes=-500", "bytes=9500-", "bytes=18446744073709551615-"]),
        (
            9,
            &[
                "role=web and os!=alpine",
                "not (name~web-* or group in (eu, \"a b\")) and rack>=3.0 or label.in not in (x)",
                "online and fact.kernel~\"*amd64\"",
                "a==b",
                "((a)",
            ],
        ),
    ];
    texts.iter().flat_map(|(kind, texts)| texts.iter().map(|text| [&[*kind][..], text.as_bytes()].concat())).collect()
}
