//! What to run a task on, as it is typed: `device:NAME` and `group:NAME`.

use taskey_proto::runs::Targets;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Device(String),
    /// A device group.
    Group(String),
}

/// Reads one of them. Whatever else is written is a selector, and there are none yet.
pub fn parse_target(text: &str) -> Result<Target, String> {
    match text.trim().split_once(':') {
        Some(("device", name)) if !name.is_empty() => Ok(Target::Device(name.to_owned())),
        Some(("group", name)) if !name.is_empty() => Ok(Target::Group(name.to_owned())),
        _ => Err("write device:NAME or group:NAME; selectors by label, such as role=web, are not built yet".to_owned()),
    }
}

/// All of them, after the devices that were named by themselves.
pub fn join(devices: Vec<String>, targets: Vec<Target>) -> Targets {
    let mut joined = Targets { devices, ..Targets::default() };
    for target in targets {
        match target {
            Target::Device(name) => joined.devices.push(name),
            Target::Group(name) => joined.groups.push(name),
        }
    }
    joined
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
    fn a_selector_is_refused_in_words_and_so_is_nothing() {
        for text in ["role=web", "web-1", "group:", "tag:x", "group:eu,role=web and os!=alpine"] {
            let error = typed(&["--on", text]).unwrap_err().to_string();
            assert!(error.contains("device:NAME or group:NAME"), "{error}");
        }
        assert!(typed(&[]).unwrap_err().to_string().contains("--device"));
    }
}
