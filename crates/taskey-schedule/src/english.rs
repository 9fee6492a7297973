//! Numbers, days and lists as people read them.

pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// More times of day than this are said by hours and minutes.
const TIMES_MAX: u32 = 6;

/// `a, b and c`
pub(crate) fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

pub(crate) fn and(items: &[String]) -> String {
    list(items, "and")
}

/// `1st`, `22nd`
pub(crate) fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

/// `second`, `last`, `second to last`, `10th`
pub(crate) fn place(number: i32) -> String {
    let word = |number: u32| match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        other => ordinal(other),
    };
    match number {
        -1 => "last".to_owned(),
        number if number < 0 => format!("{} to last", word(number.unsigned_abs())),
        number => word(number.unsigned_abs()),
    }
}

/// The numbers of the set bits.
pub(crate) fn members(bits: u64) -> impl Iterator<Item = u32> {
    (0..64).filter(move |number| bits >> number & 1 == 1)
}

/// Set bits with runs of three and more as `3 to 7`.
pub(crate) fn runs(bits: u64, name: impl Fn(u32) -> String) -> Vec<String> {
    let mut items = Vec::new();
    let mut number = 0;
    while number < 64 {
        let run = (bits >> number).trailing_ones();
        if run >= 3 {
            items.push(format!("{} to {}", name(number), name(number + run - 1)));
        } else {
            items.extend((number..number + run).map(&name));
        }
        number += run.max(1);
    }
    items
}

pub(crate) fn weekdays(bits: u64) -> String {
    match bits {
        0b011_1110 => "Monday to Friday".to_owned(),
        0b100_0001 => "Saturday and Sunday".to_owned(),
        // Sunday comes last.
        bits => and(&runs((bits & !1) | (bits & 1) << 7, |day| WEEKDAYS[day as usize % 7].to_owned())),
    }
}

pub(crate) fn months(bits: u64) -> String {
    and(&runs(bits, |month| MONTHS[month as usize - 1].to_owned()))
}

/// How far apart the bits are, where they go on evenly from 0 to the end of `len`.
fn step(bits: u64, len: u32) -> Option<u32> {
    let mut numbers = members(bits);
    let (first, second) = (numbers.next()?, numbers.next()?);
    let step = second - first;
    let even = first == 0 && len.is_multiple_of(step) && members(bits).eq((0..len).step_by(step as usize));
    (even && step > 1).then_some(step)
}

fn all(len: u32) -> u64 {
    (1 << len) - 1
}

/// `at 02:30`, `every 10 minutes from 08:00 to 17:59`, `at minutes 0 to 10 of every hour`: the times of a day, from bits of hours, minutes and
/// seconds.
pub(crate) fn times(hours: u64, minutes: u64, seconds: u64) -> String {
    if hours.count_ones() * minutes.count_ones() * seconds.count_ones() <= TIMES_MAX {
        let mut named = Vec::new();
        for hour in members(hours) {
            for minute in members(minutes) {
                named.extend(members(seconds).map(|second| clock(hour, minute, second)));
            }
        }
        return format!("at {}", and(&named));
    }
    let mut words = Vec::new();
    if seconds != 1 {
        words.push(unit_words(seconds, 60, "second"));
        if minutes != all(60) {
            words.push(format!("in {}", within(minutes, 60, "minute")));
        }
    } else if minutes == 1 {
        return match (step(hours, 24), hours == all(24)) {
            (_, true) => "every hour".to_owned(),
            (Some(step), _) => format!("every {step} hours, from 00:00 on"),
            _ => match span(hours) {
                Some((first, last)) => format!("every hour from {} to {}", clock(first, 0, 0), clock(last, 0, 0)),
                None => format!("at {}", and(&members(hours).map(|hour| clock(hour, 0, 0)).collect::<Vec<_>>())),
            },
        };
    } else {
        words.push(unit_words(minutes, 60, "minute"));
    }
    let is_whole = seconds != 1 || step(minutes, 60).is_some() || minutes == all(60);
    words.push(match (hours == all(24), span(hours)) {
        (true, _) if is_whole && (seconds == 1 || minutes == all(60)) => String::new(),
        (true, _) => "of every hour".to_owned(),
        (_, Some((first, last))) => format!("from {} to {}", clock(first, 0, 0), clock(last, 59, 0)),
        _ => format!("in {}", within(hours, 24, "hour")),
    });
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// The first and last of a set without holes.
fn span(bits: u64) -> Option<(u32, u32)> {
    let first = bits.trailing_zeros();
    let run = (bits >> first).trailing_ones();
    (bits.count_ones() == run).then(|| (first, first + run - 1))
}

/// `every minute`, `every 10 minutes`, `at minutes 5 and 35`
fn unit_words(bits: u64, len: u32, unit: &str) -> String {
    if bits == all(len) {
        return format!("every {unit}");
    }
    match step(bits, len) {
        Some(step) => format!("every {step} {unit}s"),
        None => format!("at {}", within(bits, len, unit)),
    }
}

/// `minute 5`, `minutes 5 and 35`, `every 2nd minute`
fn within(bits: u64, len: u32, unit: &str) -> String {
    if let Some(step) = step(bits, len) {
        return format!("every {} {unit}", ordinal(step));
    }
    let many = if bits.count_ones() == 1 { "" } else { "s" };
    format!("{unit}{many} {}", and(&runs(bits, |number| number.to_string())))
}

/// `02:30`, with seconds where there are any.
pub(crate) fn clock(hour: u32, minute: u32, second: u32) -> String {
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}
