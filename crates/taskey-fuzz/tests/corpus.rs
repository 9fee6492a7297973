//! What the fuzzer found worth keeping, replayed: every promise holds for every input that was ever of interest.

use std::path::{Path, PathBuf};

use taskey_fuzz::{TARGETS, Target};

fn corpus(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name)
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(corpus(target)).unwrap() {
        let path = entry.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        // A test shows what it printed only when it fails: the last line names the input.
        eprintln!("{}", path.display());
        (target.run)(&input);
        count += 1;
    }
    assert!(count >= (target.seeds)().len() / 2, "the corpus of {name} is nearly empty");
    for seed in (target.seeds)() {
        (target.run)(&seed);
    }
}

#[test]
fn a_hostile_client_gets_no_further_than_it_may() {
    replay("line_server");
}

#[test]
fn a_hostile_server_gets_no_further_than_it_may() {
    replay("line_agent");
}

#[test]
fn nothing_verifies_but_what_was_signed() {
    replay("documents");
}

#[test]
fn reports_are_read_as_they_were_written_and_pieces_keep_their_bytes() {
    replay("results");
}

#[test]
fn task_files_are_refused_with_a_place_or_read_as_they_are_written() {
    replay("task_files");
}

#[test]
fn short_texts_are_read_as_they_are_written() {
    replay("texts");
}

#[test]
fn every_target_has_its_program_and_its_corpus() {
    for target in TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fuzz/fuzz_targets/{}.rs", target.name));
        assert!(program.is_file(), "{}", program.display());
        assert!(corpus(&target).is_dir(), "{}", target.name);
    }
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")).unwrap();
    assert_eq!(folders.count(), TARGETS.len(), "a corpus without its target");
}
