//! What must stay absent: calls against the order of the slices, slices in the platform, codes without a help page.

use std::fs;
use std::path::{Path, PathBuf};

use taskey_proto::problem::Code;

const ORDER: [&str; 10] = ["accounts", "devices", "secrets", "tasks", "runs", "calendars", "schedules", "inbox", "webhooks", "quiet"];

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn the_order_names_every_slice() {
    let mut slices: Vec<String> = fs::read_dir(source_folder().join("features"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut order = ORDER.map(str::to_owned).to_vec();
    slices.sort();
    order.sort();
    assert_eq!(slices, order);
}

#[test]
fn a_slice_calls_only_those_before_it() {
    for (index, slice) in ORDER.iter().enumerate() {
        for (path, text) in sources(&source_folder().join("features").join(slice)) {
            for later in &ORDER[index + 1..] {
                assert!(!text.contains(&format!("features::{later}")), "{} reaches {later}", path.display());
                assert!(!text.contains(&format!("super::super::{later}")), "{} reaches {later}", path.display());
            }
        }
    }
}

#[test]
fn the_platform_knows_no_slice() {
    for (path, text) in sources(&source_folder().join("platform")) {
        assert!(!text.contains("crate::features"), "{} knows a slice", path.display());
    }
}

#[test]
fn addresses_that_people_give_are_called_by_one_door() {
    let door = source_folder().join("platform/egress");
    for (path, text) in sources(&source_folder()) {
        assert!(path.starts_with(&door) || !text.contains("reqwest"), "{} makes requests of its own", path.display());
    }
}

#[test]
fn every_code_has_a_help_page_and_every_page_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in Code::ALL {
        let page = fs::read_to_string(folder.join(format!("{}.md", code.word()))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {}", code.word())), "docs/errors/{}.md is missing or begins otherwise", code.word());
    }
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let word = name.trim_end_matches(".md");
        assert!(word == "README" || Code::ALL.iter().any(|code| code.word() == word), "{name} explains no code");
    }
}
