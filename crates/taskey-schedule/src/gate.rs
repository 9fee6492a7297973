//! Windows and calendars: whether a slot may begin. They move no slot; whoever fires asks when its time, splay included, has come.
//!
//! A window is open while the clocks show a time within it. Where the clocks skip a part of it, it stays open later by as much, so that what
//! was due in that part finds it open. Where they show an hour twice, it is open both times.

use jiff::civil::{Date, DateTime};
use taskey_proto::Time;
use taskey_proto::schedules::document::{Period, Timing};
use taskey_proto::schedules::{Weekday, Window};

use crate::TimingError;
use crate::civil::{DAY, weekday_of};
use crate::zone::{Due, Zone, unwall};

/// Whether it may fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    Open,
    Blocked {
        /// `outside its windows` or `calendar NAME`.
        by: String,
        /// From when it may again; `None`: not for years.
        until: Option<Time>,
    },
}

/// Windows and blocked periods of a timing, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    windows: Vec<Hours>,
    /// By their beginning.
    blocked: Vec<Blocked>,
}

/// A window: weekdays, and seconds of the day on which it begins.
#[derive(Debug, Clone, Copy)]
struct Hours {
    /// Bit 0 is Sunday.
    weekdays: u8,
    from: i64,
    until: i64,
}

#[derive(Debug, Clone)]
struct Blocked {
    from: Time,
    until: Time,
    name: String,
}

/// So many blocked periods and closed windows in a row are looked through for an opening.
const HOPS_MAX: usize = 10_000;
/// An opening comes within a week, and a day more where one is left out.
const DAYS_SEARCHED: i64 = 9;

impl Blocks {
    pub(crate) fn read(timing: &Timing, zone: &Zone) -> Result<Self, TimingError> {
        let mut windows = Vec::with_capacity(timing.windows.len());
        for (index, window) in timing.windows.iter().enumerate() {
            windows.push(Hours::read(window).map_err(|(_, detail)| TimingError::Window { index, detail })?);
        }
        let mut blocked = Vec::with_capacity(timing.blocked.len());
        for period in &timing.blocked {
            blocked.push(Blocked::read(period, zone)?);
        }
        blocked.sort_by_key(|period| (period.from, period.until));
        Ok(Self { windows, blocked })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.blocked.is_empty()
    }

    pub(crate) fn gate(&self, at: Time, zone: &Zone) -> Gate {
        let by = match self.event_at(at) {
            Some(event) => format!("calendar {}", event.name),
            None if self.is_inside(at, zone) => return Gate::Open,
            None => "outside its windows".to_owned(),
        };
        Gate::Blocked { by, until: self.opens_after(at, zone) }
    }

    fn opens_after(&self, at: Time, zone: &Zone) -> Option<Time> {
        let mut at = at;
        for _ in 0..HOPS_MAX {
            if let Some(event) = self.event_at(at) {
                at = event.until;
            } else if self.is_inside(at, zone) {
                return Some(at);
            } else {
                at = self.window_after(at, zone)?;
            }
        }
        None
    }

    /// Of the events at that moment the one that lasts longest.
    fn event_at(&self, at: Time) -> Option<&Blocked> {
        let begun = self.blocked.partition_point(|event| event.from <= at);
        self.blocked[..begun].iter().filter(|event| event.until > at).max_by_key(|event| event.until)
    }

    fn is_inside(&self, at: Time, zone: &Zone) -> bool {
        if self.windows.is_empty() {
            return true;
        }
        let at = at.ms().div_euclid(1_000);
        let offset = zone.offset_at(at);
        let shown = at + offset;
        if self.spans(shown).any(|(from, until)| from <= shown && shown < until) {
            return true;
        }
        let Some((change, before)) = zone.change_before(at) else {
            return false;
        };
        let (skipped_from, skipped_until) = (change + before, change + offset);
        let unchanged = at + before;
        unchanged < skipped_until
            && self.spans(unchanged).any(|(from, until)| from < skipped_until && until > skipped_from && unchanged < until)
    }

    /// Windows, as times on the wall clock, that may hold this one.
    fn spans(&self, local: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let today = local.div_euclid(DAY);
        self.windows.iter().flat_map(move |hours| [today - 1, today].into_iter().filter_map(|day| hours.on(day)))
    }

    /// When a window opens next.
    fn window_after(&self, at: Time, zone: &Zone) -> Option<Time> {
        let at = at.ms().div_euclid(1_000);
        let today = zone.shown(at).div_euclid(DAY);
        let last = at + DAYS_SEARCHED * DAY;
        let mut openings = Vec::new();
        for day in today - 1..=today + DAYS_SEARCHED {
            for (from, _) in self.windows.iter().filter_map(|hours| hours.on(day)) {
                openings.push(zone.instant_of(from));
                if let Due::Twice(first) = zone.due(from)
                    && let Some(change) = zone.change_after(first)
                {
                    openings.push(from - zone.offset_at(change));
                }
            }
        }
        let mut change = zone.change_after(at).filter(|change| *change < last);
        while let Some(at) = change {
            openings.push(at);
            change = zone.change_after(at).filter(|change| *change < last);
        }
        openings.sort_unstable();
        let open = openings.into_iter().filter(|opening| *opening > at).map(|opening| Time::from_ms(opening * 1_000));
        open.into_iter().find(|opening| self.is_inside(*opening, zone))
    }
}

impl Hours {
    /// On failure the field that is wrong.
    fn read(window: &Window) -> Result<Self, (&'static str, String)> {
        let from = time_of_day(&window.from).filter(|from| *from < DAY).ok_or_else(|| ("from", wrong_time("00:00 to 23:59")))?;
        let until = time_of_day(&window.until).ok_or_else(|| ("until", wrong_time("00:01 to 24:00")))?;
        if from == until {
            return Err(("until", "it ends when it begins; the whole day is 00:00 to 24:00".to_owned()));
        }
        let until = if until < from { until + DAY } else { until };
        let weekdays = window.days.iter().fold(0, |bits, day| bits | 1 << number_of(*day));
        Ok(Self { weekdays: if weekdays == 0 { 0x7f } else { weekdays }, from, until })
    }

    /// The window that begins on a day, as times on the wall clock.
    fn on(self, day: i64) -> Option<(i64, i64)> {
        (self.weekdays & (1 << weekday_of(day)) != 0).then_some((day * DAY + self.from, day * DAY + self.until))
    }
}

/// What is wrong with a window, and in which of its fields.
#[cfg(feature = "zones")]
pub(crate) fn window_problem(window: &Window) -> Option<(&'static str, String)> {
    Hours::read(window).err()
}

fn wrong_time(range: &str) -> String {
    format!("not a time of day; write {range}, as in 08:30")
}

/// Sunday is 0.
pub(crate) fn number_of(day: Weekday) -> u32 {
    match day {
        Weekday::Sun => 0,
        Weekday::Mon => 1,
        Weekday::Tue => 2,
        Weekday::Wed => 3,
        Weekday::Thu => 4,
        Weekday::Fri => 5,
        Weekday::Sat => 6,
    }
}

/// `HH:MM` in seconds.
fn time_of_day(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i64>().ok())?;
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 3_600 + minute * 60)
}

impl Blocked {
    fn read(period: &Period, zone: &Zone) -> Result<Self, TimingError> {
        let wrong = || TimingError::Period { name: period.name.clone(), from: period.from.clone(), until: period.until.clone() };
        let from = moment(&period.from, zone).ok_or_else(wrong)?;
        let until = moment(&period.until, zone).ok_or_else(wrong)?;
        Ok(Self { from, until, name: period.name.clone() })
    }
}

/// An instant with its offset, a time on the wall clock, or a day's beginning.
pub(crate) fn moment(text: &str, zone: &Zone) -> Option<Time> {
    if let Ok(time) = text.parse::<Time>() {
        return Some(time);
    }
    let wall = text.parse::<DateTime>().ok().or_else(|| text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
    Some(Time::from_ms(zone.instant_of(unwall(wall)?) * 1_000))
}
