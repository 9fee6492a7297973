//! Drivers and fakes for tests: private databases, a server in this process, a device on its line, and the real binaries.
//!
//! Everything starts on free ports of loopback and ends with the test. Nothing sleeps: tests wait on what they see.

pub mod clockwork;
pub mod device;
pub mod echo;
pub mod middlebox;
pub mod node;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod python;
pub mod server;
pub mod soak;
pub mod store;

pub use device::FakeDevice;
pub use server::TestServer;
pub use store::Engine;

use std::time::Duration;

/// How long a test waits for what it expects; only a failing test ever waits so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One test for each database: `on_both! { async fn a_thing_holds(engine: Engine) { … } }`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn holds($engine: $crate::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                holds($crate::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                holds($crate::Engine::Postgres).await;
            }
        }
    )*};
}

/// Looks again and again until there is an answer; when there is none in time, fails with what was in the way last.
pub async fn eventually<T>(mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(why) => assert!(tokio::time::Instant::now() < until, "it never was so: {why}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Looks again and again until it is so; between two looks others get their turn.
pub async fn wait_for(mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it never was so");
}
