use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::Time;
use crate::audit::AuditActor;
use crate::crypto::{SigningKey, hex};

struct World {
    key: SigningKey,
    entries: Vec<AuditEntry>,
}

fn organization() -> OrganizationId {
    OrganizationId::new(Uuid::from_u128(1))
}

fn entry(number: u64) -> AuditEntry {
    AuditEntry {
        seq: Some(number),
        at: Time::from_ms(number as i64 * 1_000),
        actor: AuditActor { kind: "user".to_owned(), id: "usr_1".to_owned(), name: "ann".to_owned(), user: None },
        address: String::new(),
        request: String::new(),
        action: "device.renamed".to_owned(),
        subject: format!("dev_{number}"),
        detail: json!({"after": format!("web-{number}")}),
        hash: None,
    }
}

/// Gives the entries from `first` on (counted from 0) the hashes that follow from what they say.
fn chain_from(entries: &mut [AuditEntry], first: usize) {
    let mut previous = if first == 0 { FIRST_PREVIOUS } else { read_hash(entries[first - 1].hash.as_deref().unwrap()).unwrap() };
    for entry in &mut entries[first..] {
        previous = entry_hash(organization(), &previous, entry.seq.unwrap(), entry);
        entry.hash = Some(hex(&previous));
    }
}

fn world(count: u64) -> World {
    let mut entries: Vec<AuditEntry> = (1..=count).map(entry).collect();
    chain_from(&mut entries, 0);
    World { key: SigningKey::generate().unwrap().0, entries }
}

impl World {
    fn head(&self) -> AuditHead {
        let last = self.entries.last().unwrap();
        let hash = read_hash(last.hash.as_deref().unwrap()).unwrap();
        AuditHead::sign(&self.key, organization(), last.seq.unwrap(), &hash, Time::from_ms(9))
    }

    /// What is found when the chain looks like that, and its head like this.
    fn found(&self, entries: &[AuditEntry], head: Option<AuditHead>) -> Vec<(Option<u64>, FindingKind)> {
        let mut verifier = Verifier::new(organization(), self.key.public_key());
        if let Some(head) = &head {
            verifier.expect_head(head, "the signed head");
        }
        entries.iter().for_each(|entry| verifier.take(entry));
        let report = verifier.finish(head, 0);
        assert_eq!(report.ok, report.findings.is_empty());
        report.findings.into_iter().map(|finding| (finding.seq, finding.kind)).collect()
    }
}

#[test]
fn a_whole_chain_and_an_empty_one_are_well() {
    let world = world(9);
    assert_eq!(world.found(&world.entries, Some(world.head())), []);
    assert_eq!(world.found(&[], None), []);
}

#[test]
fn an_entry_that_says_something_else_is_the_one_that_is_named() {
    let world = world(9);
    let changes: [fn(&mut AuditEntry); 4] = [
        |entry| entry.detail = json!({"after": "other"}),
        |entry| entry.actor.name = "bob".to_owned(),
        |entry| entry.at = Time::from_ms(1),
        |entry| entry.hash = Some("00".to_owned()),
    ];
    for change in changes {
        for place in [0, 4] {
            let mut entries = world.entries.clone();
            change(&mut entries[place]);
            let found = world.found(&entries, Some(world.head()));
            assert_eq!(found.first(), Some(&(Some(place as u64 + 1), FindingKind::Changed)), "{found:?}");
        }
    }
}

#[test]
fn what_is_gone_from_the_beginning_the_middle_and_the_end_is_named() {
    let world = world(9);
    for (gone, kind) in [(0, FindingKind::Missing), (4, FindingKind::Missing), (8, FindingKind::CutOff)] {
        let mut entries = world.entries.clone();
        entries.remove(gone);
        assert_eq!(world.found(&entries, Some(world.head())), [(Some(gone as u64 + 1), kind)]);
    }
    assert_eq!(world.found(&[], Some(world.head())), [(Some(1), FindingKind::CutOff)]);
}

#[test]
fn contents_that_were_swapped_are_said_to_be_moved() {
    let world = world(9);
    for (one, other) in [(2, 6), (2, 3), (0, 8)] {
        let mut entries = world.entries.clone();
        entries.swap(one, other);
        for at in [one, other] {
            (entries[at].seq, entries[at].hash) = (world.entries[at].seq, world.entries[at].hash.clone());
        }
        let (one, other) = (one as u64 + 1, other as u64 + 1);
        assert_eq!(world.found(&entries, Some(world.head())), [(Some(one), FindingKind::Moved), (Some(other), FindingKind::Moved)]);
    }
}

#[test]
fn entries_that_changed_places_with_their_hashes_are_moved_and_those_after_them_are_not_blamed() {
    let world = world(9);
    for (one, other) in [(2, 6), (2, 3)] {
        let mut entries = world.entries.clone();
        entries.swap(one, other);
        (entries[one].seq, entries[other].seq) = (Some(one as u64 + 1), Some(other as u64 + 1));
        let (one, other) = (one as u64 + 1, other as u64 + 1);
        assert_eq!(world.found(&entries, Some(world.head())), [(Some(one), FindingKind::Moved), (Some(other), FindingKind::Moved)]);
    }
}

#[test]
fn renumbering_does_not_hide_what_was_removed() {
    let world = world(9);
    let mut entries = world.entries.clone();
    entries.remove(3);
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.seq = Some(place as u64 + 1);
    }
    let found = world.found(&entries, Some(world.head()));
    assert_eq!(found[..2], [(Some(4), FindingKind::Changed), (Some(5), FindingKind::Moved)], "{found:?}");
    assert_eq!(found.last(), Some(&(Some(9), FindingKind::CutOff)), "{found:?}");
}

#[test]
fn who_computes_all_hashes_anew_is_caught_by_the_signed_head() {
    let world = world(9);
    let mut entries = world.entries.clone();
    entries[4].detail = json!({"after": "other"});
    chain_from(&mut entries, 4);
    assert_eq!(world.found(&entries, Some(world.head())), [(Some(9), FindingKind::Rewritten)]);
    let forged = AuditHead { hash: entries[8].hash.clone().unwrap(), ..world.head() };
    assert_eq!(world.found(&entries, Some(forged)), [(Some(9), FindingKind::Signature)]);
    assert_eq!(world.found(&entries, None), [(None, FindingKind::Signature)]);
    let other = AuditHead::sign(&SigningKey::generate().unwrap().0, organization(), 9, &[1; 32], Time::from_ms(9));
    assert_eq!(world.found(&entries, Some(other)), [(Some(9), FindingKind::Signature)]);
}

#[test]
fn what_is_added_behind_the_head_is_not_covered() {
    let world = world(9);
    let mut entries = world.entries.clone();
    entries.push(entry(10));
    chain_from(&mut entries, 9);
    assert_eq!(world.found(&entries, Some(world.head())), [(Some(10), FindingKind::NotCovered)]);
}

#[test]
fn a_head_that_is_known_from_elsewhere_finds_a_log_that_was_turned_back() {
    let world = world(9);
    let (third, ninth) = (world.entries[2].hash.clone().unwrap(), world.entries[8].hash.clone().unwrap());
    let cut = World { key: SigningKey::from_pkcs8(&SigningKey::generate().unwrap().1).unwrap(), entries: world.entries[..5].to_vec() };
    let found = |seq: u64, hash: &str| {
        let mut verifier = Verifier::new(organization(), cut.key.public_key());
        verifier.expect(seq, read_hash(hash).unwrap(), "a device");
        cut.entries.iter().for_each(|entry| verifier.take(entry));
        let report = verifier.finish(Some(cut.head()), 0);
        report.findings.into_iter().map(|finding| (finding.seq, finding.kind)).collect::<Vec<_>>()
    };
    assert_eq!(found(3, &third), []);
    assert_eq!(found(9, &ninth), [(Some(6), FindingKind::CutOff)]);
    assert_eq!(found(3, &ninth), [(Some(3), FindingKind::Rewritten)]);
}

#[test]
fn of_a_great_many_findings_the_first_are_listed_and_the_rest_is_counted() {
    let world = world(3_000);
    let mut entries = world.entries.clone();
    entries.iter_mut().for_each(|entry| entry.actor.name = "bob".to_owned());
    let found = world.found(&entries, Some(world.head()));
    assert_eq!((found.len(), found.last()), (FINDINGS_MAX + 1, Some(&(None, FindingKind::More))));
}
