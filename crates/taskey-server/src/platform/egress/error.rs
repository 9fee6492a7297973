//! Why a request was not made, or has no answer, in words that go to the people of an organization: hosts, never whole addresses,
//! for these may hold a secret.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::CONNECT_WITHIN;
use crate::platform::network::Network;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    #[error("{0}")]
    Url(String),
    #[error(
        "{place} is in {network}, which this server calls only where whoever runs it allows it: --egress-allow {address}, or TASKEY_EGRESS_ALLOW",
        place = place(.host, .address)
    )]
    Forbidden { host: String, address: IpAddr, network: Network },
    #[error("{host} has no address: {detail}")]
    NoAddress { host: String, detail: String },
    #[error("nothing listens at {host}")]
    Refused { host: String },
    #[error("there is no connection to {host} within {within:?}; a firewall may be in between", within = CONNECT_WITHIN)]
    NoConnection { host: String },
    #[error("{host} cannot be reached: {detail}")]
    Unreachable { host: String, detail: String },
    #[error("{host} has not answered within {within:?}")]
    TimedOut { host: String, within: Duration },
    #[error("there is no trusted connection to {host}: {detail}")]
    Tls { host: String, detail: String },
    #[error("{host} has not answered as HTTP: {detail}")]
    Broken { host: String, detail: String },
    #[error("this server cannot call others: {0}; over HTTPS it needs the root certificates of its machine (ca-certificates)")]
    NotReady(String),
}

impl EgressError {
    /// What a failed request to `host` means.
    pub(super) fn of(error: &reqwest::Error, host: &str) -> Self {
        let host = host.to_owned();
        let causes = || std::iter::successors(Some(error as &(dyn Error + 'static)), |cause| (**cause).source());
        // What the guard said, on its way through the client.
        if let Some(own) = causes().find_map(|cause| cause.downcast_ref::<EgressError>()) {
            return own.clone();
        }
        let io_errors = || causes().filter_map(|cause| cause.downcast_ref::<io::Error>());
        let detail = causes().last().map(ToString::to_string).unwrap_or_default();
        if let Some(error) = io_errors().find_map(tls_error) {
            return EgressError::Tls { host, detail: error.to_string() };
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => EgressError::NoConnection { host },
            (true, false) if io_errors().any(is_refusal) => EgressError::Refused { host },
            (true, false) => EgressError::Unreachable { host, detail },
            (false, _) => EgressError::Broken { host, detail },
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

/// A name with the address it leads to; an address stands for itself.
fn place(host: &str, address: &IpAddr) -> String {
    let address = address.to_string();
    if host.trim_matches(['[', ']']) == address { address } else { format!("{host} ({address})") }
}

/// The connectors wrap one `io::Error` in another, which its `source` then skips.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref::<rustls::Error>().or_else(|| inner.downcast_ref().and_then(tls_error))
}
