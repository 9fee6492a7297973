//! From names to addresses. Each is judged before anything is connected to, and what was judged is what is connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::error::EgressError;
use super::forbidden::{Allowed, find_forbidden};

/// Whoever knows the addresses of names. The ports are not looked at.
pub trait Names: Send + Sync {
    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The machine itself: its hosts file and its name servers.
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    }
}

/// Lets nobody have an address that may not be called.
#[derive(Clone)]
pub(super) struct Guard {
    names: Arc<dyn Names>,
    allowed: Arc<Allowed>,
}

impl Guard {
    pub(super) fn new(allowed: Allowed, names: Arc<dyn Names>) -> Self {
        Self { names, allowed: Arc::new(allowed) }
    }

    /// All addresses of a name; none where a single one is forbidden: the others may be there to let it in.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, EgressError> {
        let no_address = |detail: String| EgressError::NoAddress { host: host.to_owned(), detail };
        let addresses = self.names.lookup(host).await.map_err(|error| no_address(error.to_string()))?;
        if addresses.is_empty() {
            return Err(no_address("its name is known, but not where it is".to_owned()));
        }
        addresses.iter().try_for_each(|address| self.check(host, address.ip()))?;
        Ok(addresses)
    }

    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), EgressError> {
        match find_forbidden(address, &self.allowed) {
            None => Ok(()),
            Some(found) => Err(EgressError::Forbidden { host: host.to_owned(), address: found.address, network: found.network }),
        }
    }
}

/// The client asks once for each connection, and connects to what it is told here.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
