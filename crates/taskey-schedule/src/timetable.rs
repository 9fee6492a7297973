//! The rules of a schedule as one: a moment that several of them name is one slot.

use taskey_proto::Time;
use taskey_proto::schedules::document::{Timing, ZoneRules};
use taskey_proto::schedules::{Firing, When};

use crate::TimingError;
use crate::cron::Cron;
use crate::every::Every;
use crate::gate::Blocks;
use crate::rrule::{Recurrence, Text};
use crate::walk;
use crate::words::rule_words;
use crate::zone::Zone;

/// A compiled [`Timing`].
#[derive(Debug, Clone)]
pub struct Timetable {
    pub(crate) rules: Vec<Rule>,
    /// Of each rule.
    pub(crate) words: Vec<String>,
    pub(crate) zone: Zone,
    pub(crate) blocks: Blocks,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
}

#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Cron(Box<Cron>),
    Every(Every),
    Recurrence(Box<Recurrence>),
    At(Time),
    Boot,
    Enroll,
}

impl Timetable {
    /// `device_zone` is used where the timing says [`ZoneRules::Device`].
    pub fn new(timing: &Timing, device_zone: &Zone) -> Result<Self, TimingError> {
        let zone = match &timing.zone {
            ZoneRules::Device => device_zone.clone(),
            ZoneRules::Named { name, tzif } => Zone::from_tzif(name, tzif)?,
        };
        let mut rules = Vec::with_capacity(timing.rules.len());
        for (index, when) in timing.rules.iter().enumerate() {
            rules.push(Rule::read(when, timing.anchor, &zone).map_err(|detail| TimingError::Rule { index, detail })?);
        }
        let blocks = Blocks::read(timing, &zone)?;
        let words = timing.rules.iter().map(rule_words).collect();
        Ok(Self { rules, words, zone, blocks, starts_at: timing.starts_at, ends_at: timing.ends_at })
    }

    /// The first slot later than `after`; `None` where there will be none again. Starts of the device and its enrolment are not known here.
    pub fn next(&self, after: Time) -> Option<Firing> {
        let after = self.not_before_start(after);
        let next = self.rules.iter().filter_map(|rule| rule.next(&self.zone, after)).reduce(walk::earlier)?;
        self.before_end(next)
    }

    /// Every slot later than `after`, in order.
    pub fn upcoming(&self, after: Time) -> impl Iterator<Item = Firing> + '_ {
        let after = self.not_before_start(after);
        // What each rule names next, so that only those are asked again whose slot was taken.
        let mut heads: Vec<Option<Firing>> = self.rules.iter().map(|rule| rule.next(&self.zone, after)).collect();
        std::iter::from_fn(move || {
            let next = heads.iter().copied().flatten().reduce(walk::earlier)?;
            for (head, rule) in heads.iter_mut().zip(&self.rules) {
                if head.is_some_and(|head| head.at == next.at) {
                    *head = rule.next(&self.zone, next.at);
                }
            }
            self.before_end(next)
        })
    }

    /// How many slots are later than `after` and not later than `until`, counted up to `max`.
    pub fn count(&self, after: Time, until: Time, max: u64) -> u64 {
        if let [Rule::Every(every)] = self.rules.as_slice() {
            let until = self.ends_at.map_or(until, |ends_at| until.min(ends_at.plus_ms(-1)));
            return every.count(self.not_before_start(after), until).min(max);
        }
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        self.upcoming(after).take_while(|firing| firing.at <= until).take(max).count() as u64
    }

    /// The newest slots that are later than `after` and not later than `until`, oldest first, at most `max`.
    pub fn newest(&self, after: Time, until: Time, max: usize) -> Vec<Firing> {
        let mut newest = Vec::new();
        self.collect_newest(after, until, max, &mut newest);
        newest.reverse();
        newest
    }

    /// Adds the newest slots of a range, newest first. A range with many more than are wanted is halved instead of being walked through.
    fn collect_newest(&self, after: Time, until: Time, max: usize, newest: &mut Vec<Firing>) {
        let wanted = max.saturating_sub(newest.len());
        if wanted == 0 || until <= after {
            return;
        }
        let crowd = wanted.saturating_mul(2).saturating_add(16);
        let slots: Vec<Firing> = self.upcoming(after).take_while(|firing| firing.at <= until).take(crowd).collect();
        if slots.len() < crowd {
            newest.extend(slots.into_iter().rev().take(wanted));
            return;
        }
        let middle = after.plus_ms(until.since_ms(after) / 2);
        if middle == after {
            newest.extend(slots.into_iter().rev().take(wanted));
            return;
        }
        self.collect_newest(middle, until, max, newest);
        self.collect_newest(after, middle, max, newest);
    }

    /// Whether it fires when a device starts.
    pub fn has_boot(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Boot))
    }

    /// Whether it fires when a device first holds it.
    pub fn has_enroll(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Enroll))
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    fn not_before_start(&self, after: Time) -> Time {
        self.starts_at.map_or(after, |starts_at| after.max(starts_at.plus_ms(-1)))
    }

    pub(crate) fn before_end(&self, firing: Firing) -> Option<Firing> {
        self.ends_at.is_none_or(|ends_at| firing.at < ends_at).then_some(firing)
    }
}

impl Rule {
    pub(crate) fn read(when: &When, anchor: Time, zone: &Zone) -> Result<Self, String> {
        if let Some(text) = &when.cron {
            let cron = if when.seconds { Cron::read_with_seconds(text) } else { Cron::read(text) };
            return cron.map(Box::new).map(Rule::Cron);
        }
        if let Some(span) = when.every {
            return Every::new(anchor, span).map(Rule::Every).ok_or_else(|| "every nothing is not possible".to_owned());
        }
        if let Some(at) = when.at {
            return Ok(Rule::At(at));
        }
        if let Some(text) = &when.rrule {
            return Recurrence::bind(&Text::read(text)?, anchor, zone).map(Box::new).map(Rule::Recurrence);
        }
        if when.boot {
            return Ok(Rule::Boot);
        }
        if when.enroll {
            return Ok(Rule::Enroll);
        }
        Err("it does not say when".to_owned())
    }

    pub(crate) fn next(&self, zone: &Zone, after: Time) -> Option<Firing> {
        match self {
            Rule::Cron(cron) => walk::next(cron.as_ref(), zone, after),
            Rule::Every(every) => every.next(after).map(unmoved),
            Rule::Recurrence(recurrence) => recurrence.next(zone, after),
            Rule::At(at) => (*at > after).then_some(unmoved(*at)),
            Rule::Boot | Rule::Enroll => None,
        }
    }
}

pub(crate) fn unmoved(at: Time) -> Firing {
    Firing { at, dst: None }
}
