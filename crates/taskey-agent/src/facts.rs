//! What the agent tells about its machine: short texts that selectors can use.

use std::collections::HashMap;
use std::path::Path;

use taskey_proto::devices::{LABEL_VALUE_LEN_MAX, Labels};

/// Reads the facts anew; what cannot be found out is left out.
pub fn collect() -> Labels {
    let system = rustix::system::uname();
    let release = os_release(Path::new("/etc/os-release"));
    let facts = [
        ("os", Some("linux".to_owned())),
        ("kernel", Some(system.release().to_string_lossy().into_owned())),
        ("arch", Some(system.machine().to_string_lossy().into_owned())),
        ("hostname", Some(hostname())),
        ("distribution", release.get("ID").cloned()),
        ("distribution_version", release.get("VERSION_ID").cloned()),
        ("cpus", std::thread::available_parallelism().ok().map(|count| count.to_string())),
        ("memory_bytes", memory_bytes().map(|bytes| bytes.to_string())),
        ("agent_user", crate::users::own_name()),
    ];
    facts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), fit(&value?)))).filter(|(_, value)| !value.is_empty()).collect()
}

pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Changes with every start of the machine.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn os_release(path: &Path) -> HashMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
        .collect()
}

fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Facts are held to the rules of labels.
fn fit(value: &str) -> String {
    let mut fitting: String = value.chars().filter(|c| !c.is_control()).collect();
    while fitting.len() > LABEL_VALUE_LEN_MAX {
        fitting.pop();
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_of_this_machine_keep_the_rules_of_labels() {
        let facts = collect();
        assert_eq!(taskey_proto::devices::check_labels("/facts", &facts), []);
        for key in ["os", "kernel", "arch", "hostname", "cpus", "memory_bytes"] {
            assert!(facts.contains_key(key), "{key}");
        }
        assert!(!boot_id().is_empty());
    }
}
