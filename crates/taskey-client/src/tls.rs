//! TLS for `https://` servers: rustls with ring, trusting what the machine trusts.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::ClientError;

/// The settings for a server at `scheme`.
///
/// Reading the machine's certificates takes longer than a whole command over plain HTTP, so it is done only where TLS is spoken.
pub(crate) fn config(scheme: &str, server: &str) -> Result<ClientConfig, ClientError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| unreadable(server, error))?;
    if scheme != "https" {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    Ok(builder.with_platform_verifier().map_err(|error| unreadable(server, error))?.with_no_client_auth())
}

fn unreadable(server: &str, error: rustls::Error) -> ClientError {
    ClientError::Unreachable { server: server.to_owned(), trouble: crate::Trouble::Tls, source: Box::new(error) }
}
