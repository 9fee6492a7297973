//! Reading recurrence rules: every part by name, and what RFC 5545 does not allow together.

use super::COUNT_MAX;

/// A long list of dates still fits.
const LEN_MAX: usize = 20_000;
const INTERVAL_MAX: u32 = 1_000_000;
const RULES_MAX: usize = 10;

/// What was written, not bound to a zone yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    pub(crate) start: Option<Moment>,
    pub(crate) rules: Vec<Parts>,
    pub(crate) dates: Vec<Moment>,
    pub(crate) excluded: Vec<Moment>,
}

/// A moment as iCalendar writes it; seconds on the wall clock or of UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Its midnight.
    Day(i64),
    Floating(i64),
    Zoned {
        zone: String,
        local: i64,
    },
    Instant(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// The parts of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) frequency: Frequency,
    pub(crate) interval: i64,
    pub(crate) count: Option<u32>,
    pub(crate) until: Option<Moment>,
    pub(crate) months: Vec<i32>,
    pub(crate) week_numbers: Vec<i32>,
    pub(crate) year_days: Vec<i32>,
    pub(crate) month_days: Vec<i32>,
    pub(crate) weekdays: Vec<Nth>,
    pub(crate) hours: Vec<i32>,
    pub(crate) minutes: Vec<i32>,
    pub(crate) seconds: Vec<i32>,
    pub(crate) positions: Vec<i32>,
    /// The day that a week begins with; 0 is Sunday.
    pub(crate) week_start: u32,
}

/// `FR`, `2FR`, `-1FR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nth {
    /// 0: every one.
    pub(crate) nth: i32,
    /// 0 is Sunday.
    pub(crate) weekday: u32,
}

impl Text {
    /// Lines `DTSTART`, `RRULE`, `RDATE` and `EXDATE`, or a rule alone; blanks and line ends part them alike.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > LEN_MAX {
            return Err(format!("longer than {LEN_MAX} bytes"));
        }
        let mut read = Text::default();
        for line in lines(text) {
            read.read_line(&line)?;
        }
        if read.rules.is_empty() && read.dates.is_empty() {
            return Err("there is no rule; write one as FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18".to_owned());
        }
        Ok(read)
    }

    /// Every moment of it but the ends of its rules.
    #[cfg(feature = "zones")]
    pub(crate) fn moments(&mut self) -> impl Iterator<Item = &mut Moment> {
        self.start.iter_mut().chain(&mut self.dates).chain(&mut self.excluded)
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        if starts_with(line, "FREQ=") || !line.contains(':') {
            return self.add_rule(line);
        }
        let (head, value) = line.split_once(':').unwrap_or((line, ""));
        let name = head.split(';').next().unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "RRULE" => self.add_rule(value),
            "DTSTART" if self.start.is_some() => Err("DTSTART is given twice".to_owned()),
            "DTSTART" => {
                let mut moments = read_moments(head, value)?;
                self.start = moments.pop();
                if moments.is_empty() { Ok(()) } else { Err("DTSTART is one moment".to_owned()) }
            }
            "RDATE" => {
                self.dates.extend(read_moments(head, value)?);
                Ok(())
            }
            "EXDATE" => {
                self.excluded.extend(read_moments(head, value)?);
                Ok(())
            }
            "EXRULE" => Err("EXRULE is not in RFC 5545 any more; write EXDATE, or a calendar".to_owned()),
            _ => Err(format!("there is no line `{name}`; there are DTSTART, RRULE, RDATE and EXDATE")),
        }
    }

    fn add_rule(&mut self, text: &str) -> Result<(), String> {
        if self.rules.len() == RULES_MAX {
            return Err(format!("at most {RULES_MAX} rules"));
        }
        self.rules.push(Parts::read(text)?);
        Ok(())
    }
}

/// What does not begin as a line does goes on with the one before.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in text.split_whitespace() {
        let begins = ["FREQ=", "RRULE", "DTSTART", "RDATE", "EXDATE", "EXRULE"].iter().any(|name| starts_with(piece, name));
        match lines.last_mut() {
            Some(line) if !begins => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The moments of a line such as `EXDATE;TZID=Europe/Berlin:20260101T090000,20260102T090000`, from what is before and after its colon.
pub(crate) fn read_moments(head: &str, value: &str) -> Result<Vec<Moment>, String> {
    let mut parameters = head.split(';');
    let name = parameters.next().unwrap_or_default().to_ascii_uppercase();
    let mut tzid = None;
    for parameter in parameters {
        match parameter.split_once('=') {
            Some((key, zone)) if key.eq_ignore_ascii_case("TZID") => tzid = Some(zone.trim_matches('"')),
            Some((key, kind)) if key.eq_ignore_ascii_case("VALUE") && kind.eq_ignore_ascii_case("PERIOD") => {
                return Err(format!("{name}: periods are not read; write their beginnings"));
            }
            Some(_) => {}
            None => return Err(format!("{name}: `{parameter}` is not a parameter")),
        }
    }
    value
        .split(',')
        .map(|text| {
            let text = text.trim();
            Moment::read(text, tzid).ok_or_else(|| format!("{name}: `{text}` is not a time; write 20260131T090000, with Z for UTC"))
        })
        .collect()
}

impl Parts {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut seen: Vec<String> = Vec::new();
        let mut frequency = None;
        let mut parts = Parts {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            week_numbers: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            weekdays: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            seconds: Vec::new(),
            positions: Vec::new(),
            week_start: 1,
        };
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
            let (key, value) = (key.trim().to_ascii_uppercase(), value.trim());
            if seen.contains(&key) {
                return Err(format!("{key} is given twice"));
            }
            match key.as_str() {
                "FREQ" => frequency = Some(read_frequency(value)?),
                "INTERVAL" => parts.interval = i64::from(read_number(&key, value, INTERVAL_MAX)?),
                "COUNT" => parts.count = Some(read_number(&key, value, COUNT_MAX)?),
                "UNTIL" => {
                    let wrong = || format!("UNTIL: `{value}` is not a time; write 20260131T090000Z or 20260131");
                    parts.until = Some(Moment::read(value, None).ok_or_else(wrong)?);
                }
                "WKST" => parts.week_start = read_weekday(value).ok_or_else(|| format!("WKST: `{value}` is not one of {WEEKDAYS}"))?,
                "BYMONTH" => parts.months = read_list(&key, value, 1, 12, Sign::Plus)?,
                "BYWEEKNO" => parts.week_numbers = read_list(&key, value, 1, 53, Sign::Both)?,
                "BYYEARDAY" => parts.year_days = read_list(&key, value, 1, 366, Sign::Both)?,
                "BYMONTHDAY" => parts.month_days = read_list(&key, value, 1, 31, Sign::Both)?,
                "BYDAY" => parts.weekdays = value.split(',').map(read_nth).collect::<Result<_, _>>()?,
                "BYHOUR" => parts.hours = read_list(&key, value, 0, 23, Sign::Plus)?,
                "BYMINUTE" => parts.minutes = read_list(&key, value, 0, 59, Sign::Plus)?,
                "BYSECOND" => parts.seconds = read_list(&key, value, 0, 59, Sign::Plus)?,
                "BYSETPOS" => parts.positions = read_list(&key, value, 1, 366, Sign::Both)?,
                _ => {
                    return Err(format!(
                        "there is no part `{key}`; there are FREQ, INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY, \
                         BYHOUR, BYMINUTE, BYSECOND and BYSETPOS"
                    ));
                }
            }
            seen.push(key);
        }
        parts.frequency = frequency.ok_or("FREQ is needed: YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY")?;
        match parts.problem() {
            Some(problem) => Err(problem.to_owned()),
            None => Ok(parts),
        }
    }

    /// What RFC 5545 does not allow together.
    fn problem(&self) -> Option<&'static str> {
        use Frequency::{Daily, Monthly, Weekly, Yearly};
        let frequency = self.frequency;
        if self.count.is_some() && self.until.is_some() {
            return Some("COUNT and UNTIL do not go together");
        }
        if !self.week_numbers.is_empty() && frequency != Yearly {
            return Some("BYWEEKNO goes with FREQ=YEARLY only");
        }
        if !self.year_days.is_empty() && matches!(frequency, Daily | Weekly | Monthly) {
            return Some("BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY");
        }
        if !self.month_days.is_empty() && frequency == Weekly {
            return Some("BYMONTHDAY does not go with FREQ=WEEKLY");
        }
        let numbered = self.weekdays.iter().any(|day| day.nth != 0);
        if numbered && !matches!(frequency, Monthly | Yearly) {
            return Some("a number in BYDAY goes with FREQ=MONTHLY and YEARLY only");
        }
        if numbered && !self.week_numbers.is_empty() {
            return Some("a number in BYDAY does not go with BYWEEKNO");
        }
        let other = [&self.months, &self.week_numbers, &self.year_days, &self.month_days, &self.hours, &self.minutes, &self.seconds];
        if !self.positions.is_empty() && self.weekdays.is_empty() && other.iter().all(|list| list.is_empty()) {
            return Some("BYSETPOS needs another BY part to choose from");
        }
        None
    }
}

const WEEKDAYS: &str = "SU, MO, TU, WE, TH, FR, SA";

fn read_frequency(text: &str) -> Result<Frequency, String> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "SECONDLY" => Frequency::Secondly,
        "MINUTELY" => Frequency::Minutely,
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return Err(format!("FREQ: `{text}` is not YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY")),
    })
}

fn read_number(key: &str, text: &str, max: u32) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(number) if (1..=max).contains(&number) && !text.starts_with('+') => Ok(number),
        _ => Err(format!("{key}: `{text}` is not a number from 1 to {max}")),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Both,
}

fn read_list(key: &str, text: &str, low: i32, high: i32, sign: Sign) -> Result<Vec<i32>, String> {
    let mut numbers = Vec::new();
    for item in text.split(',') {
        let item = item.trim();
        match item.parse::<i32>() {
            Ok(number) if (low..=high).contains(&number) => numbers.push(number),
            Ok(number) if sign == Sign::Both && (-high..=-low).contains(&number) => numbers.push(number),
            _ if sign == Sign::Both => {
                return Err(format!("{key}: `{item}` is not a number from {low} to {high}, or from -{high} to -{low}"));
            }
            _ => return Err(format!("{key}: `{item}` is not a number from {low} to {high}")),
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

fn read_nth(text: &str) -> Result<Nth, String> {
    let text = text.trim();
    let wrong = || format!("BYDAY: `{text}` is not one of {WEEKDAYS}, or with a number in front as 2FR or -1FR");
    let split = text.len().checked_sub(2).filter(|split| text.is_char_boundary(*split)).ok_or_else(wrong)?;
    let (number, day) = text.split_at(split);
    let weekday = read_weekday(day).ok_or_else(wrong)?;
    let nth = if number.is_empty() { 0 } else { number.parse().map_err(|_| wrong())? };
    let possible = (number.is_empty() && nth == 0) || (nth != 0 && (-53..=53).contains(&nth));
    if possible { Ok(Nth { nth, weekday }) } else { Err(wrong()) }
}

fn read_weekday(text: &str) -> Option<u32> {
    let index = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"].iter().position(|day| day.eq_ignore_ascii_case(text))?;
    Some(index as u32)
}
