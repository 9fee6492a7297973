//! The agent's log: one line an event, to stderr, where the service manager picks it up.
//!
//! The time in front is the machine's own and only for the reader; no decision rests on it.

use std::fmt::Arguments;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use taskey_proto::Time;

static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// Nothing is written any more by this process, which is not one agent but plays thousands.
pub fn silence() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// Something that the owner of the device may want to know.
pub fn info(what: Arguments<'_>) {
    write("info", what);
}

/// Something that does not work as it should.
pub fn warn(what: Arguments<'_>) {
    write("warn", what);
}

fn write(level: &str, what: Arguments<'_>) {
    if IS_SILENT.load(Ordering::Relaxed) {
        return;
    }
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX));
    // A log that cannot be written is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{now} {level} {what}");
}

#[macro_export]
macro_rules! info {
    ($($what:tt)*) => { $crate::log::info(format_args!($($what)*)) };
}

#[macro_export]
macro_rules! warning {
    ($($what:tt)*) => { $crate::log::warn(format_args!($($what)*)) };
}
