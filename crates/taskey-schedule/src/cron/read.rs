//! Reading a cron expression: what is wrong is said by field, with what would be right.

use super::{Cron, Days, Weekdays};

/// With the five fields that each stands for.
pub(crate) const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// More than anyone writes, little enough to read at once.
const LEN_MAX: usize = 1_000;

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
    /// The number of the first name.
    first: u32,
}

const SECOND: Field = Field { name: "second", low: 0, high: 59, names: &[], first: 0 };
const MINUTE: Field = Field { name: "minute", low: 0, high: 59, names: &[], first: 0 };
const HOUR: Field = Field { name: "hour", low: 0, high: 23, names: &[], first: 0 };
const DAY: Field = Field { name: "day of month", low: 1, high: 31, names: &[], first: 0 };
const MONTH: Field = Field { name: "month", low: 1, high: 12, names: &MONTHS, first: 1 };
const WEEKDAY: Field = Field { name: "day of week", low: 0, high: 7, names: &WEEKDAYS, first: 0 };

impl Cron {
    /// Five fields or a nickname.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        read(text, false)
    }

    /// Six fields, the first of them the second.
    pub(crate) fn read_with_seconds(text: &str) -> Result<Self, String> {
        read(text, true)
    }
}

fn read(text: &str, seconds: bool) -> Result<Cron, String> {
    if text.len() > LEN_MAX {
        return Err(format!("longer than {LEN_MAX} bytes"));
    }
    let text = text.trim();
    if text.starts_with('@') {
        let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        return match known {
            Some((_, fields)) => five(fields),
            None => Err(format!("there is no `{text}`; there are @hourly, @daily, @weekly, @monthly and @yearly")),
        };
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match (fields.len(), seconds) {
        (5, false) => five(text),
        (6, true) => six(&fields),
        (5, true) => Err("with `seconds: true` there are six fields: second, minute, hour, day of month, month, day of week".to_owned()),
        (6, false) => Err("these are six fields; where the first is meant for seconds, add `seconds: true`".to_owned()),
        (0, _) => Err("it is empty; five fields are needed: minute, hour, day of month, month, day of week".to_owned()),
        (count, false) => Err(format!(
            "{count} field{}; five are needed: minute, hour, day of month, month, day of week",
            if count == 1 { "" } else { "s" }
        )),
        (count, true) => Err(format!(
            "{count} field{}; six are needed: second, minute, hour, day of month, month, day of week",
            if count == 1 { "" } else { "s" }
        )),
    }
}

fn five(text: &str) -> Result<Cron, String> {
    let mut fields = vec!["0"];
    fields.extend(text.split_ascii_whitespace());
    six(&fields)
}

fn six(fields: &[&str]) -> Result<Cron, String> {
    let [second, minute, hour, day, month, weekday] = fields else {
        return Err("six fields are needed".to_owned());
    };
    Ok(Cron {
        seconds: numbers(&SECOND, second)?,
        minutes: numbers(&MINUTE, minute)?,
        hours: numbers(&HOUR, hour)? as u32,
        days: days(day)?,
        months: numbers(&MONTH, month)? as u16,
        weekdays: weekdays(weekday)?,
        keeps_interval: minute.starts_with('*') || hour.starts_with('*'),
    })
}

/// A field of numbers alone, as bits.
fn numbers(field: &Field, text: &str) -> Result<u64, String> {
    let mut bits = 0;
    for item in text.split(',') {
        bits |= field.range(item)?;
    }
    Ok(bits)
}

fn days(text: &str) -> Result<Days, String> {
    let mut days = Days { starred: text.starts_with('*'), ..Days::default() };
    for item in text.split(',') {
        let upper = item.to_ascii_uppercase();
        match upper.as_str() {
            "L" => days.last = true,
            "LW" | "WL" => days.last_workday = true,
            _ => match upper.strip_suffix('W') {
                Some(day) if !day.is_empty() => days.nearest_workday |= 1 << DAY.number(day, item)?,
                _ => days.bits |= DAY.range(item)? as u32,
            },
        }
    }
    Ok(days)
}

fn weekdays(text: &str) -> Result<Weekdays, String> {
    let mut weekdays = Weekdays { starred: text.starts_with('*'), ..Weekdays::default() };
    for item in text.split(',') {
        let Some((day, which)) = item.split_once('#') else {
            let bits = WEEKDAY.range(item)?;
            weekdays.bits |= (bits | bits >> 7) as u8 & 0x7f;
            continue;
        };
        let bit = 1 << (WEEKDAY.number(day, item)? % 7);
        match which {
            "L" | "l" => weekdays.last |= bit,
            "1" | "2" | "3" | "4" | "5" => weekdays.nth[usize::from(which.as_bytes()[0] - b'1')] |= bit,
            _ => return Err(WEEKDAY.wrong(item, "after `#` comes 1 to 5, or L for the last of the month")),
        }
    }
    Ok(weekdays)
}

impl Field {
    /// `*`, `5`, `1-5`, each but the second with `/STEP`, as bits.
    fn range(&self, item: &str) -> Result<u64, String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (low, high) = if range == "*" {
            // 7 is Sunday a second time.
            (self.low, if self.high == 7 { 6 } else { self.high })
        } else if let Some((low, high)) = range.split_once('-') {
            let (low, mut high) = (self.number(low, item)?, self.number(high, item)?);
            // From some day to Sunday.
            if self.high == 7 && high == 0 && low > 0 {
                high = 7;
            }
            if low > high {
                return Err(self.wrong(item, "it ends before it begins; write it as two ranges with a comma"));
            }
            (low, high)
        } else {
            let number = self.number(range, item)?;
            if step.is_some() {
                return Err(self.wrong(item, &format!("a step needs a range: `{range}-{}/{}`", self.high, step.unwrap_or_default())));
            }
            (number, number)
        };
        let step = match step {
            None => 1,
            Some(step) => match step.parse::<u32>() {
                Ok(step) if step > 0 && step.to_string().len() <= 4 => step,
                _ => return Err(self.wrong(item, "a step is a number from 1 on")),
            },
        };
        Ok((low..=high).step_by(step as usize).fold(0, |bits, number| bits | 1 << number))
    }

    /// One number or name of `item`.
    fn number(&self, text: &str, item: &str) -> Result<u32, String> {
        if !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(number) if (self.low..=self.high).contains(&number) => Ok(number),
                _ => Err(self.wrong(item, &self.allowed())),
            };
        }
        if let Some(index) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(index as u32 + self.first);
        }
        let hint = match text {
            "?" => "write `*`".to_owned(),
            "H" | "h" | "~" => "a hash is not known here; spread devices with `splay`".to_owned(),
            _ => self.allowed(),
        };
        Err(self.wrong(item, &hint))
    }

    fn wrong(&self, item: &str, detail: &str) -> String {
        let item = if item.is_empty() { "nothing".to_owned() } else { format!("`{item}`") };
        format!("{}: {item}: {detail}", self.name)
    }

    fn allowed(&self) -> String {
        match self.name {
            "day of month" => {
                "allowed are 1 to 31, L (the last), LW (the last working day) and 15W (the working day nearest to the 15th)".to_owned()
            }
            "month" => "allowed are 1 to 12 and JAN to DEC".to_owned(),
            "day of week" => {
                "allowed are 0 to 7 (0 and 7 are Sunday), SUN to SAT, FRI#2 (the second Friday) and FRI#L (the last)".to_owned()
            }
            _ => format!("allowed are {} to {}", self.low, self.high),
        }
    }
}
