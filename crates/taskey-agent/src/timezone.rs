//! The device's own time zone, for schedules that go by it.

use std::path::Path;

use taskey_schedule::Zone;

use crate::warning;

const LOCALTIME: &str = "/etc/localtime";
const ZONEINFO: &str = "/usr/share/zoneinfo";

/// The zone of this machine as it is set now; UTC where it is not set, or cannot be read.
pub fn own() -> Zone {
    let (name, path) = match std::env::var("TZ").ok().filter(|name| is_name(name)) {
        Some(name) => (name.clone(), Path::new(ZONEINFO).join(name)),
        None => (localtime_name(), LOCALTIME.into()),
    };
    match std::fs::read(&path) {
        Ok(tzif) => Zone::from_tzif(&name, &tzif).unwrap_or_else(|error| {
            warning!("the time zone in {} cannot be read, schedules by the device's zone go by UTC: {error}", path.display());
            Zone::utc()
        }),
        Err(_) => Zone::utc(),
    }
}

/// `/etc/localtime` is by custom a link to the zone's file.
fn localtime_name() -> String {
    let link = std::fs::read_link(LOCALTIME).unwrap_or_default();
    let text = link.to_string_lossy();
    text.split_once("zoneinfo/").map_or_else(|| "local".to_owned(), |(_, name)| name.to_owned())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['/', '.', ':']) && !name.contains("..") && Path::new(ZONEINFO).join(name).is_file()
}
