//! The floors' agent, a process of its own: takes an order, starts the command, waits, reports.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Order, Report, topics};
use crate::mqtt;

/// The argument by which the bench starts itself as this.
pub const COMMAND: &str = "floor-agent";

/// Works until the broker hangs up.
pub fn run(broker_port: u16, name: &str) -> anyhow::Result<()> {
    let (orders, reports) = topics(name);
    let (publisher, mut inbox) = mqtt::connect(broker_port, &format!("agent-{name}"), &orders)?;
    writeln!(std::io::stdout(), "ready: {name}")?;
    loop {
        let order: Order = serde_json::from_slice(&inbox.receive()?)?;
        // Without anything to do between fork and exec, this is posix_spawn.
        let status = Command::new(&order.program).args(&order.arguments).stdin(Stdio::null()).status();
        let code = status.map_or(127, |status| status.code().unwrap_or(128));
        publisher.publish(&reports, &serde_json::to_vec(&Report { id: order.id, code })?)?;
    }
}
