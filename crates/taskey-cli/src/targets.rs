//! What something is for, as it is typed: `device:NAME`, `group:NAME`, or a selector such as `role=web and os!=alpine`. Several are joined.

use taskey_client::{Client, ClientError};
use taskey_proto::id::{DeviceGroupId, DeviceId};
use taskey_proto::runs::Targets;
use taskey_proto::selector::Selector;
use taskey_proto::tasks::name_problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Device(String),
    /// A device group.
    Group(String),
    Selector(Selector),
}

/// What stands in one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Several(Vec<Target>);

/// Reads an argument: targets with commas between them.
pub fn parse_targets(text: &str) -> Result<Several, String> {
    let pieces = split(text);
    let is_one = pieces.len() == 1;
    let located = |piece: &str, error: String| if is_one { error } else { format!("{}: {error}", piece.trim()) };
    pieces.into_iter().map(|piece| parse_target(piece).map_err(|error| located(piece, error))).collect::<Result<_, _>>().map(Several)
}

/// Parts it at commas, but not at those within parentheses or quotes: they belong to a selector.
fn split(text: &str) -> Vec<&str> {
    let (mut pieces, mut begin, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pieces.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[begin..]);
    pieces
}

fn parse_target(text: &str) -> Result<Target, String> {
    let named = |kind: &str, name: &str| match name_problem(name) {
        None => Ok(name.to_owned()),
        Some(_) if name.is_empty() => Err(format!("write {kind}:NAME")),
        Some(_) => Err(format!("`{name}` is no name; within a selector it is {}=NAME", if kind == "device" { "name" } else { kind })),
    };
    match text.trim().split_once(':') {
        Some(("device", name)) => named("device", name).map(Target::Device),
        Some(("group", name)) => named("group", name).map(Target::Group),
        _ => Selector::parse(text.trim())
            .map(Target::Selector)
            .map_err(|error| format!("{error} (write device:NAME, group:NAME or a selector)")),
    }
}

/// All of them, after the devices that were named by themselves.
pub fn join(devices: Vec<String>, targets: Vec<Several>) -> Targets {
    let mut joined = Targets { devices, ..Targets::default() };
    let mut selectors = Vec::new();
    for target in targets.into_iter().flat_map(|several| several.0) {
        match target {
            Target::Device(name) => joined.devices.push(name),
            Target::Group(name) => joined.groups.push(name),
            Target::Selector(selector) => selectors.push(selector),
        }
    }
    joined.selector = Selector::any(selectors).map(|selector| selector.to_string());
    joined
}

/// The same as one selector, for a list of devices. A selector knows no ids, so those are looked up.
pub async fn as_selector(client: &Client, targets: &[Several]) -> Result<Option<Selector>, ClientError> {
    let mut selectors = Vec::new();
    for target in targets.iter().flat_map(|several| &several.0) {
        selectors.push(match target {
            Target::Device(id) if id.parse::<DeviceId>().is_ok() => Selector::name(&client.show_device(id).await?.value.name),
            Target::Device(name) => Selector::name(name),
            Target::Group(id) if id.parse::<DeviceGroupId>().is_ok() => Selector::group(&client.show_device_group(id).await?.name),
            Target::Group(name) => Selector::group(name),
            Target::Selector(selector) => selector.clone(),
        });
    }
    Ok(Selector::any(selectors))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn typed(arguments: &[&str]) -> Result<Targets, clap::Error> {
        let cli = Cli::try_parse_from([&["taskey", "run", "hello"], arguments].concat())?;
        let Command::Run(args) = cli.command else { panic!("not a run") };
        Ok(args.targets())
    }

    #[test]
    fn targets_are_joined_by_repeating_and_by_comma() {
        let targets = typed(&["--device", "web-1", "--on", "group:eu,device:web-2", "--on", "group:us"]).unwrap();
        assert_eq!((targets.devices, targets.groups), (vec!["web-1".into(), "web-2".into()], vec!["eu".into(), "us".into()]));
        assert_eq!(typed(&["--on", "group:eu, device:web-2"]).unwrap().devices, ["web-2"]);
    }

    #[test]
    fn what_is_neither_a_device_nor_a_group_is_a_selector_and_its_own_commas_do_not_part_it() {
        let selector = |arguments: &[&str]| typed(arguments).unwrap().selector.unwrap();
        assert_eq!(selector(&["--on", "role=web and os!=alpine"]), "role=web and os!=alpine");
        let targets = typed(&["--on", "role in (web, \"a)b\"),group:eu, site=\"a,b\\\",c\" , device:db-1"]).unwrap();
        assert_eq!((targets.devices, targets.groups), (vec!["db-1".into()], vec!["eu".into()]));
        assert_eq!(targets.selector.as_deref(), Some("role in (web, \"a)b\") or site=\"a,b\\\",c\""));
        assert_eq!(selector(&["--on", "a=1 and b=2", "--on", "c or d"]), "a=1 and b=2 or c or d");
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_words_and_so_is_nothing() {
        for (text, told) in [
            ("group:", "write group:NAME"),
            ("device:", "write device:NAME"),
            ("group:eu and role=web", "`eu and role=web` is no name; within a selector it is group=NAME"),
            ("device:web-*", "`web-*` is no name; within a selector it is name=NAME"),
            ("tag:x", "with `:` in it (write device:NAME, group:NAME or a selector)"),
            ("role=web and", "column 13: expected"),
            ("group:eu,role=", "role=: column 6: expected a value, and the selector ends"),
            ("group:eu,", "column 1: expected"),
        ] {
            let error = typed(&["--on", text]).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(typed(&[]).unwrap_err().to_string().contains("--device"));
    }
}
