//! The guide's table of verbs and roles says what the code decides.

use std::fs;
use std::path::Path;

use taskey_proto::access::Role;
use taskey_server::features::accounts::{Need, Verb};

const HEADING: [&str; 9] = ["verb", "to", "where", "no access", "read-only", "self-service", "admin", "super user", "operator"];

/// The rows of the table, cell by cell.
fn table() -> Vec<Vec<String>> {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/people.md")).unwrap();
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.strip_prefix('|')?.strip_suffix('|')?;
        Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
    };
    let mut lines = guide.lines().skip_while(|line| cells(line).is_none_or(|row| row != HEADING));
    assert!(lines.next().is_some() && lines.next().is_some_and(|line| line.starts_with("|---")), "the table of verbs is gone");
    lines.map_while(cells).collect()
}

fn place(need: Need) -> &'static str {
    match need {
        Need::There(_) => "there",
        Need::Somewhere(_) => "somewhere",
        Need::Everywhere(_) => "everywhere",
        Need::OnItem(_) => "on its type",
        Need::OnSomeItem(_) => "on some item type",
        Need::SignedIn | Need::Super | Need::Operator => "-",
    }
}

/// Whether a role is enough, then whether being a super user is, then whether being an operator is.
fn enough(need: Need) -> [bool; 6] {
    let role = |role: Role| match need {
        Need::SignedIn => true,
        Need::There(needed) | Need::Somewhere(needed) | Need::Everywhere(needed) => role >= needed,
        Need::OnItem(needed) | Need::OnSomeItem(needed) => role >= needed,
        Need::Super | Need::Operator => false,
    };
    let [none, read_only, self_service, admin] = Role::ALL.map(role);
    [none, read_only, self_service, admin, need != Need::Operator, matches!(need, Need::SignedIn | Need::Operator)]
}

#[test]
fn the_guide_lists_every_verb_with_the_roles_that_may_do_it() {
    let rows = table();
    let verbs: Vec<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(verbs, Verb::ALL.iter().map(|verb| verb.word()).collect::<Vec<_>>(), "in the order of the code");
    for (row, verb) in rows.iter().zip(Verb::ALL) {
        assert_eq!(row.len(), HEADING.len(), "{row:?}");
        assert!(!row[1].is_empty(), "{} does not say what it is for", row[0]);
        assert_eq!(row[2], place(verb.need()), "where `{}` asks for a role", verb.word());
        let drawn: Vec<bool> = row[3..].iter().map(|cell| cell == "yes").collect();
        assert_eq!(drawn, enough(verb.need()), "who may do `{}`", verb.word());
        assert!(row[3..].iter().all(|cell| matches!(cell.as_str(), "yes" | "")), "{row:?}");
    }
}
