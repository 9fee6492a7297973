//! One rule in one line, as it is typed to see what it does.

use taskey_proto::schedules::When;
use taskey_proto::{Span, Time};

use crate::cron::{Cron, NICKNAMES};
use crate::rrule::Text;

/// Reads a cron expression (with six fields where `seconds` says so), `@every 10s`, `@at 2030-01-01T00:00:00Z`, `@daily` and its like, `@boot`
/// (or `@reboot`), `@enroll` (or `@enrol`), or a recurrence rule that begins with `FREQ=`, `RRULE:` or `DTSTART`.
pub fn parse_expression(text: &str, seconds: bool) -> Result<When, String> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()));
    let lower = word.to_ascii_lowercase();
    let when = match lower.as_str() {
        "@every" => {
            let every: Span = rest.parse().map_err(|wrong| format!("@every: {wrong}"))?;
            if every < Span::from_secs(1) {
                return Err("@every: 1s is the least".to_owned());
            }
            When { every: Some(every), ..When::default() }
        }
        "@at" => {
            let at: Time = rest.parse().map_err(|wrong| format!("@at: {wrong}"))?;
            When { at: Some(at), ..When::default() }
        }
        "@boot" | "@reboot" if rest.is_empty() => When { boot: true, ..When::default() },
        "@enroll" | "@enrol" if rest.is_empty() => When { enroll: true, ..When::default() },
        _ if lower.starts_with('@') && !NICKNAMES.iter().any(|(name, _)| *name == lower) => {
            return Err(format!(
                "there is no `{word}`; there are @hourly, @daily, @weekly, @monthly, @yearly, @every 10s, @at TIME, @boot and @enroll"
            ));
        }
        _ if is_recurrence(&lower) => {
            Text::read(text)?;
            When { rrule: Some(text.to_owned()), ..When::default() }
        }
        _ => {
            if seconds { Cron::read_with_seconds(text) } else { Cron::read(text) }?;
            When { cron: Some(text.to_owned()), seconds, ..When::default() }
        }
    };
    Ok(when)
}

fn is_recurrence(lower: &str) -> bool {
    ["rrule", "freq=", "dtstart", "rdate", "exdate"].iter().any(|start| lower.starts_with(start))
}
