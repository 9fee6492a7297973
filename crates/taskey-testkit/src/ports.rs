//! Ports that a test may name before anybody listens on them, and listen on again after a restart.

use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::Mutex;

use anyhow::Context as _;

/// Below those that Linux gives to whoever connects or asks for any port.
const RANGE: Range<u16> = 20_000..32_000;

/// A port of 127.0.0.1 that is this process's until it ends.
pub fn free_port() -> anyhow::Result<u16> {
    static LOCKED: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let mut locked = LOCKED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let folder = std::env::temp_dir().join(format!("taskey-test-ports-{}", rustix::process::getuid().as_raw()));
    std::fs::create_dir_all(&folder)?;
    let count = u32::from(RANGE.end - RANGE.start);
    // Tests that start at the same time begin to look at different places.
    let first = std::process::id().wrapping_mul(31) % count;
    for at in (0..count).map(|step| (first + step) % count) {
        let port = RANGE.start + u16::try_from(at)?;
        let file = File::create(folder.join(port.to_string()))?;
        if file.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            locked.push(file);
            return Ok(port);
        }
    }
    None.context("no port is free on 127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once() {
        let (one, two) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, two);
        assert!(RANGE.contains(&one) && RANGE.contains(&two));
        TcpListener::bind(("127.0.0.1", one)).unwrap();
    }
}
