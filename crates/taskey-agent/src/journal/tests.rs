//! The journal across restarts.

use super::*;
use taskey_proto::line::Chunk;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{State, Stream};
use taskey_proto::schedules::SlotState;
use uuid::Uuid;

struct World {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(JOURNAL_FILE);
    World { _folder: folder, path }
}

fn execution(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

fn begun(number: u128) -> Begun {
    Begun {
        execution: execution(number),
        run: RunId::new(Uuid::from_u128(9)),
        valid_until: Time::from_ms(5_000),
        boot_id: "boot".to_owned(),
        started_at: Time::from_ms(1_000),
        kinds: vec!["COMMAND".to_owned()],
        slot: None,
    }
}

fn report(number: u128, output: &[u8]) -> Finished {
    Finished {
        execution: execution(number),
        state: State::Succeeded,
        reason: None,
        started_at: Some(Time::from_ms(1_000)),
        finished_at: Time::from_ms(2_000),
        isolation: Some("process_group".to_owned()),
        actions: vec![],
        chunks: vec![Chunk { seq: 1, action: 0, stream: Stream::Output, data: output.to_vec() }],
        slot: None,
    }
}

#[test]
fn what_had_begun_is_found_after_a_restart() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    journal.begin(begun(1)).unwrap();
    journal.note_process(execution(1), ProcessMark { pid: 77, born: 5 }).unwrap();
    drop(journal);

    let journal = Journal::open(&world.path).unwrap();
    let unfinished = journal.unfinished();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].begun, begun(1));
    assert_eq!(unfinished[0].processes, [ProcessMark { pid: 77, born: 5 }]);
    assert_eq!(journal.knows(execution(1)), Some(Known::Begun));
    assert_eq!(journal.knows(execution(2)), None);
}

#[test]
fn an_end_is_kept_with_its_output_until_it_is_acknowledged() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    journal.begin(begun(1)).unwrap();
    journal.finish(&report(1, b"hello"), Time::from_ms(5_000)).unwrap();
    journal.sync().unwrap();
    drop(journal);

    let mut journal = Journal::open(&world.path).unwrap();
    assert_eq!(journal.unacknowledged(), [execution(1)]);
    assert_eq!(journal.report(execution(1)).unwrap(), Some(report(1, b"hello")));
    journal.acknowledge(execution(1), Time::from_ms(3_000)).unwrap();
    drop(journal);

    let journal = Journal::open(&world.path).unwrap();
    assert!(journal.unacknowledged().is_empty());
    assert_eq!(journal.knows(execution(1)), Some(Known::Done));
    assert_eq!(journal.report(execution(1)).unwrap().unwrap().chunks, []);
}

#[test]
fn an_acknowledged_end_is_forgotten_once_its_order_is_no_longer_valid() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    for number in [1, 2] {
        journal.begin(begun(number)).unwrap();
        journal.finish(&report(number, b""), Time::from_ms(5_000)).unwrap();
    }
    journal.acknowledge(execution(1), Time::from_ms(3_000)).unwrap();
    assert_eq!(journal.knows(execution(1)), Some(Known::Done));
    journal.acknowledge(execution(2), Time::from_ms(5_000)).unwrap();
    assert_eq!(journal.knows(execution(1)), None);
}

#[test]
fn a_rewritten_journal_is_small_and_knows_the_same() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    journal.begin(begun(1)).unwrap();
    journal.note_process(execution(1), ProcessMark { pid: 77, born: 5 }).unwrap();
    journal.begin(begun(2)).unwrap();
    journal.finish(&report(2, b"kept"), Time::from_ms(5_000)).unwrap();
    let large = vec![b'x'; 300 * 1024];
    for number in 10..20 {
        journal.begin(begun(number)).unwrap();
        journal.finish(&report(number, &large), Time::from_ms(5_000)).unwrap();
        journal.acknowledge(execution(number), Time::from_ms(3_000)).unwrap();
    }
    drop(journal);
    assert!(std::fs::metadata(&world.path).unwrap().len() < 2 * COMPACT_LEN_MIN);

    let journal = Journal::open(&world.path).unwrap();
    assert_eq!(journal.unfinished()[0].processes, [ProcessMark { pid: 77, born: 5 }]);
    assert_eq!(journal.report(execution(2)).unwrap(), Some(report(2, b"kept")));
    assert!((10..20).all(|number| journal.knows(execution(number)) == Some(Known::Done)));
    assert_eq!(Journal::peek_held(&world.path).unwrap(), [execution(1), execution(2)]);
}

#[test]
fn an_execution_whose_end_could_not_be_written_is_still_known() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    journal.begin(begun(1)).unwrap();
    journal.acknowledge(execution(1), Time::from_ms(3_000)).unwrap();
    assert_eq!(journal.knows(execution(1)), Some(Known::Begun));
    assert!(journal.unfinished().is_empty());
}

#[test]
fn a_journal_that_is_not_there_holds_nothing() {
    let world = world();
    assert_eq!(Journal::peek_held(&world.path).unwrap(), []);
}

#[test]
fn the_oldest_output_is_dropped_where_too_much_waits_and_says_so() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    let large = vec![b'x'; 40 * 1024];
    for number in 1..=10 {
        journal.begin(begun(number)).unwrap();
        journal.finish(&report(number, &large), Time::from_ms(5_000)).unwrap();
    }
    assert_eq!(journal.shorten(400 * 1024).unwrap(), 3);
    assert_eq!(journal.shorten(400 * 1024).unwrap(), 0);
    drop(journal);

    let journal = Journal::open(&world.path).unwrap();
    assert_eq!(journal.unacknowledged().len(), 10, "every end is still told");
    let said = |number| journal.report(execution(number)).unwrap().unwrap().chunks.remove(0).data;
    for number in 1..=3 {
        assert_eq!(said(number), DROPPED.as_bytes());
    }
    assert_eq!(said(4), large);
}

#[test]
fn a_journal_in_memory_does_what_one_in_a_file_does() {
    let mut journal = Journal::in_memory();
    let large = vec![b'x'; 300 * 1024];
    for number in 1..=10 {
        journal.begin(begun(number)).unwrap();
        journal.finish(&report(number, &large), Time::from_ms(5_000)).unwrap();
        journal.sync().unwrap();
        if number > 1 {
            journal.acknowledge(execution(number), Time::from_ms(3_000)).unwrap();
        }
    }
    assert_eq!(journal.unacknowledged(), [execution(1)]);
    assert_eq!(journal.report(execution(1)).unwrap(), Some(report(1, &large)));
    assert_eq!(journal.knows(execution(2)), Some(Known::Done));
}

fn skipped(at: i64) -> Unfired {
    Unfired {
        schedule: ScheduleId::new(Uuid::from_u128(5)),
        revision: 1,
        at: Time::from_ms(at),
        until: Time::from_ms(at),
        count: 1,
        state: SlotState::Skipped,
        reason: Reason::new("overlap", "An earlier one was running."),
    }
}

#[test]
fn slots_in_a_row_are_one_record_until_the_server_may_know_it() {
    let world = world();
    let mut journal = Journal::open(&world.path).unwrap();
    let since =
        Progress { revision: 1, since: Time::from_ms(0), settled: Time::from_ms(0), boot_id: None, enrolled: false, completed: false };
    journal.set_progress(skipped(0).schedule, Some(since)).unwrap();
    journal.unfired(&skipped(1_000), 0).unwrap();
    journal.unfired(&skipped(2_000), 0).unwrap();
    assert_eq!(journal.unfired_number(), 1);
    let sent = journal.unfired_number();
    drop(journal);

    let mut journal = Journal::open(&world.path).unwrap();
    assert_eq!(journal.unfired_number(), sent);
    journal.unfired(&skipped(3_000), sent).unwrap();
    journal.unfired(&skipped(4_000), sent).unwrap();
    let told: Vec<_> = journal.unfired_waiting().map(|(number, slots)| (number, slots.at.ms(), slots.until.ms(), slots.count)).collect();
    assert_eq!(told, [(1, 1_000, 2_000, 2), (2, 3_000, 4_000, 2)]);
}
