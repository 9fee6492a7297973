//! The outbox, with lines that come and go.

use super::*;
use taskey_proto::line::{ActionReport, CHUNK_LEN_MAX};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use uuid::Uuid;

fn execution(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

fn sync() -> Sync {
    Sync {
        agent_version: "1".to_owned(),
        protocol: 1,
        boot_id: String::new(),
        facts: BTreeMap::new(),
        policy: serde_json::Value::Null,
        held: vec![],
        assignment: None,
    }
}

fn report(number: u128) -> Finished {
    let action = ActionReport {
        kind: "COMMAND".to_owned(),
        state: State::Succeeded,
        code: Some(0),
        reason: None,
        started_at: None,
        finished_at: None,
        truncated: Default::default(),
    };
    Finished {
        execution: execution(number),
        state: State::Succeeded,
        reason: None,
        started_at: None,
        finished_at: Time::from_ms(1),
        isolation: None,
        actions: vec![action],
        chunks: vec![],
        slot: None,
    }
}

/// Everything that leaves at `now`, with its number.
fn drain(outbox: &mut Outbox, now: Instant, journal: Option<&Finished>) -> Vec<(u64, Up)> {
    let mut told = Vec::new();
    while let Some(message) = outbox.next(now, |_| journal.cloned(), std::iter::empty()) {
        assert!(message.payload.len() <= MESSAGE_LEN_MAX);
        told.push((message.number, serde_json::from_slice(&message.payload).unwrap()));
    }
    told
}

/// An outbox whose line is up and whose sync has left.
fn connected(now: Instant) -> Outbox {
    let mut outbox = Outbox::default();
    outbox.line_up(32, sync());
    let told = drain(&mut outbox, now, None);
    assert!(matches!(told[..], [(_, Up::Sync(_))]));
    outbox.acknowledged(told[0].0);
    outbox
}

#[test]
fn a_short_execution_is_told_by_its_end_alone() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"hello");
    assert!(drain(&mut outbox, now, None).is_empty());
    assert_eq!(outbox.next_due(), Some(now + START_HELD));
    outbox.finish(report(1));
    let told = drain(&mut outbox, now, None);
    let [(number, Up::Finished(finished))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(finished.chunks[0].data, b"hello");
    assert_eq!(outbox.acknowledged(*number), Some(Has::End(execution(1))));
    assert!(outbox.is_empty());
}

#[test]
fn a_longer_one_streams_at_its_pace_and_ends_without_what_was_sent() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"one");
    let later = now + START_HELD;
    let told = drain(&mut outbox, later, None);
    assert!(matches!(&told[..], [(_, Up::Started { .. }), (_, Up::Output { .. })]), "{told:?}");

    outbox.output(execution(1), 0, Stream::Output, b"two");
    assert!(drain(&mut outbox, later, None).is_empty());
    assert_eq!(outbox.next_due(), Some(later + OUTPUT_EVERY));
    assert_eq!(drain(&mut outbox, later + OUTPUT_EVERY, None).len(), 1);

    outbox.output(execution(1), 0, Stream::Error, b"three");
    let record = outbox.finish(report(1));
    assert_eq!(record.chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let told = drain(&mut outbox, later, None);
    let [(_, Up::Finished(finished))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(finished.chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [3]);
}

#[test]
fn an_end_is_over_only_when_all_that_was_sent_before_it_is_acknowledged() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"one");
    let told = drain(&mut outbox, now + START_HELD, None);
    outbox.finish(report(1));
    let end = drain(&mut outbox, now, None);
    assert_eq!(outbox.acknowledged(end[0].0), None);
    assert_eq!(outbox.acknowledged(told[0].0), None);
    assert_eq!(outbox.acknowledged(told[1].0), Some(Has::End(execution(1))));
}

#[test]
fn after_a_broken_line_everything_unacknowledged_goes_again_under_its_numbers() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"one");
    let later = now + START_HELD;
    drain(&mut outbox, later, None);
    outbox.line_down();
    outbox.output(execution(1), 0, Stream::Output, b"two");
    assert!(drain(&mut outbox, later + OUTPUT_EVERY, None).is_empty());
    assert_eq!(outbox.next_due(), None);

    outbox.line_up(32, sync());
    let told = drain(&mut outbox, later + OUTPUT_EVERY, None);
    let [(_, Up::Sync(_)), (_, Up::Started { .. }), (_, Up::Output { chunks: again, .. }), (_, Up::Output { chunks, .. })] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((again[0].seq, again[0].data.as_slice()), (1, b"one".as_slice()));
    assert_eq!((chunks[0].seq, chunks[0].data.as_slice()), (2, b"two".as_slice()));
}

#[test]
fn an_end_without_a_line_is_read_from_the_journal_when_the_line_is_back() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"one");
    let record = outbox.finish(report(1));

    outbox.line_up(32, sync());
    let told = drain(&mut outbox, now, Some(&record));
    let [(_, Up::Sync(_)), (number, Up::Finished(finished))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(finished.chunks[0].data, b"one");
    assert_eq!(outbox.acknowledged(*number), Some(Has::End(execution(1))));
}

/// An outbox with a line and an execution that has ended with more than a message holds, and its record in the journal.
fn with_much(now: Instant, number: u128, outbox: &mut Outbox) -> Finished {
    outbox.begin(execution(number), None);
    outbox.started(execution(number), Time::from_ms(1), "process_group", now);
    outbox.output(execution(number), 0, Stream::Output, &vec![b'x'; 10 * CHUNK_LEN_MAX]);
    outbox.finish(report(number))
}

#[test]
fn much_output_goes_over_http_and_then_the_end_alone() {
    let now = Instant::now();
    let mut outbox = connected(now);
    let record = with_much(now, 1, &mut outbox);
    assert!(drain(&mut outbox, now, Some(&record)).is_empty());
    let upload = outbox.next_upload().unwrap();
    assert_eq!(upload.chunks, record.chunks);
    assert!(outbox.next_upload().is_none());
    // Meanwhile the line is free for others, and may break.
    outbox.begin(execution(2), None);
    let short = outbox.finish(report(2));
    assert_eq!(drain(&mut outbox, now, Some(&short)).len(), 1);
    outbox.line_up(32, sync());
    assert_eq!(drain(&mut outbox, now, Some(&short)).len(), 2);

    outbox.uploaded(execution(1), true);
    let told = drain(&mut outbox, now, Some(&record));
    let [(number, Up::Finished(finished))] = &told[..] else { panic!("{told:?}") };
    assert!(finished.chunks.is_empty());
    assert_eq!(outbox.acknowledged(*number), Some(Has::End(execution(1))));
}

#[test]
fn what_was_on_a_line_that_broke_is_told_again_beside_what_went_over_http() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"on the line");
    assert_eq!(drain(&mut outbox, now + START_HELD, None).len(), 2);
    outbox.output(execution(1), 0, Stream::Output, &vec![b'x'; 10 * CHUNK_LEN_MAX]);
    let record = outbox.finish(report(1));
    assert!(drain(&mut outbox, now, Some(&record)).is_empty());
    let upload = outbox.next_upload().unwrap();
    assert_eq!(upload.chunks[0].seq, 2, "the first piece is on its way by the line");
    // The line breaks, and nobody knows whether that piece has arrived.
    outbox.line_up(32, sync());
    outbox.uploaded(execution(1), true);
    let told = drain(&mut outbox, now, Some(&record));
    let Some((_, Up::Finished(finished))) = told.last() else { panic!("{told:?}") };
    assert_eq!(finished.chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [1]);
}

#[test]
fn output_that_http_does_not_take_goes_by_the_line() {
    let now = Instant::now();
    let mut outbox = connected(now);
    let record = with_much(now, 1, &mut outbox);
    drain(&mut outbox, now, Some(&record));
    outbox.next_upload().unwrap();
    outbox.uploaded(execution(1), false);
    let told = drain(&mut outbox, now, Some(&record));
    let mut seen = Vec::new();
    for (_, up) in &told {
        match up {
            Up::Output { chunks, .. } => seen.extend(chunks.iter().map(|chunk| chunk.seq)),
            Up::Finished(finished) => seen.extend(finished.chunks.iter().map(|chunk| chunk.seq)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, (1..=10).collect::<Vec<_>>());
    assert!(matches!(told.last(), Some((_, Up::Finished(_)))));
    let over: Vec<_> = told.iter().filter_map(|(number, _)| outbox.acknowledged(*number)).collect();
    assert_eq!(over, [Has::End(execution(1))]);
}

#[test]
fn one_upload_at_a_time_and_what_waits_for_its_turn_is_not_read_again_and_again() {
    let now = Instant::now();
    let mut outbox = connected(now);
    let records = [with_much(now, 1, &mut outbox), with_much(now, 2, &mut outbox)];
    let mut loaded = 0;
    let mut pump = |outbox: &mut Outbox| {
        let load = |execution| {
            loaded += 1;
            records.iter().find(|record| record.execution == execution).cloned()
        };
        outbox.next(now, load, std::iter::empty())
    };
    for _ in 0..5 {
        assert!(pump(&mut outbox).is_none());
    }
    assert_eq!(outbox.next_upload().unwrap().execution, execution(1));
    outbox.uploaded(execution(1), true);
    assert!(pump(&mut outbox).is_some());
    assert!(pump(&mut outbox).is_none());
    assert_eq!(outbox.next_upload().unwrap().execution, execution(2));
    assert!(loaded <= 2, "{loaded}");
}

#[test]
fn an_end_after_a_broken_line_still_has_the_chunks_that_were_open() {
    let now = Instant::now();
    let mut outbox = connected(now);
    outbox.begin(execution(1), None);
    outbox.started(execution(1), Time::from_ms(1), "process_group", now);
    outbox.output(execution(1), 0, Stream::Output, b"one");
    drain(&mut outbox, now + START_HELD, None);
    outbox.line_up(32, sync());
    outbox.finish(report(1));
    let told = drain(&mut outbox, now, None);
    let Some((_, Up::Finished(finished))) = told.last() else { panic!("{told:?}") };
    assert_eq!(finished.chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [1]);
}

#[test]
fn no_more_than_the_window_is_open() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    for number in 1..10 {
        let report = outbox.finish(report(number));
        outbox.keep(report);
    }
    outbox.line_up(4, sync());
    let told = drain(&mut outbox, now, None);
    assert_eq!(told.len(), 4);
    outbox.acknowledged(told[0].0);
    assert_eq!(drain(&mut outbox, now, None).len(), 1);
}

#[test]
fn slots_that_went_out_once_count_as_sent_also_after_the_line_broke() {
    let slots = Unfired {
        schedule: taskey_proto::id::ScheduleId::new(Uuid::from_u128(5)),
        revision: 1,
        at: Time::from_ms(1_000),
        until: Time::from_ms(1_000),
        count: 1,
        state: taskey_proto::schedules::SlotState::Skipped,
        reason: Reason::new("overlap", "An earlier one was running."),
    };
    let mut outbox = Outbox::default();
    outbox.restore_unfired(6);
    assert_eq!(outbox.unfired_sent(), 6);
    outbox.line_up(4, sync());
    drain(&mut outbox, Instant::now(), None);
    assert!(outbox.next(Instant::now(), |_| None, [(7, &slots)].into_iter()).is_some());
    outbox.line_down();
    assert_eq!(outbox.unfired_sent(), 7);
}
