//! Why a schedule fires at an instant, or does not.

use taskey_proto::Time;
use taskey_proto::schedules::{Dst, Firing};

use crate::gate::Gate;
use crate::timetable::Timetable;
use crate::zone::Zone;

/// What a schedule says about one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The slot at this instant, if there is one.
    pub firing: Option<Firing>,
    /// The first rule that names it: its place among the rules, and its words.
    pub rule: Option<usize>,
    pub words: String,
    pub zone: String,
    /// The instant as the clocks there show it.
    pub local: String,
    /// What a change of the clocks has to do with it, in a sentence.
    pub note: Option<String>,
    /// Whether it may begin then.
    pub gate: Gate,
}

impl Timetable {
    /// Whether windows and calendars let it fire at `at`.
    pub fn gate(&self, at: Time) -> Gate {
        self.blocks.gate(at, &self.zone)
    }

    /// Whether there are neither windows nor calendars.
    pub fn is_always_open(&self) -> bool {
        self.blocks.is_empty()
    }

    pub fn explain(&self, at: Time) -> Explanation {
        let before = at.plus_ms(-1);
        let firing = self.next(before).filter(|firing| firing.at == at);
        let named = |firing: &Firing| self.rules.iter().position(|rule| rule.next(&self.zone, before) == Some(*firing));
        let rule = firing.as_ref().and_then(named);
        Explanation {
            firing,
            rule,
            words: rule.map_or_else(|| "No rule names this instant.".to_owned(), |index| self.words[index].clone()),
            zone: self.zone.name().to_owned(),
            local: self.zone.local(at),
            note: firing.and_then(|firing| note(firing, &self.zone)),
            gate: self.gate(at),
        }
    }
}

fn note(firing: Firing, zone: &Zone) -> Option<String> {
    let at = firing.at.ms().div_euclid(1_000);
    match firing.dst? {
        Dst::Gap => {
            let (_, before) = zone.change_before(at)?;
            Some(format!(
                "The clocks went from {} to {}, so that the time it is due at did not exist; it fires right after.",
                clock(at + before),
                clock(zone.shown(at))
            ))
        }
        Dst::Overlap => Some(format!("The clocks show {} twice that day; it fires the first time only.", clock(zone.shown(at)))),
    }
}

/// `02:30`
fn clock(local: i64) -> String {
    let minutes = local.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
