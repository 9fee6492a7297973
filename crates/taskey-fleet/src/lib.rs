//! Thousands of simulated devices in one process, and what they make of a server: `taskey bench`.
//!
//! A simulated device is the real agent: it enrols, holds its line over TLS, verifies what is signed, asks its policy, keeps a
//! journal and reports. Two things are not real. An action starts no process, it succeeds at once; and the journal is in memory,
//! since ten thousand devices have ten thousand disks and this machine has one.
//!
//! The server is one of the bench's own, started for it in a folder that goes with it, so that its memory and processor time can
//! be read and it can be started anew; or one that runs already, of which only what can be seen from outside is measured. Beside
//! the figures stands a floor, taken in the same run: the same number of bare clients at Mosquitto, over TLS, each getting one
//! message and answering it.

mod figures;
mod fleet;
mod floor;
mod own_server;
mod process;
mod story;

pub use figures::{Figure, Report};
pub use story::{Options, Subject, measure};
