//! TLS for `https://` servers: rustls with ring, trusting what the machine trusts, or the roots that were given.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::ClientError;

/// The settings for a server at `scheme`.
///
/// Reading the machine's certificates takes longer than a whole command over plain HTTP, so it is done only where TLS is spoken.
/// With `roots`, in PEM, those alone are trusted.
pub(crate) fn config(scheme: &str, server: &str, roots: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| unreadable(server, error))?;
    if scheme != "https" {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    if let Some(pem) = roots {
        return Ok(builder.with_root_certificates(read_roots(pem)?).with_no_client_auth());
    }
    Ok(builder.with_platform_verifier().map_err(|error| unreadable(server, error))?.with_no_client_auth())
}

fn read_roots(pem: &[u8]) -> Result<RootCertStore, ClientError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate.map_err(|error| error.to_string()).and_then(|der| store.add(der).map_err(|error| error.to_string()));
        added.map_err(ClientError::InvalidRoots)?;
    }
    if store.is_empty() { Err(ClientError::InvalidRoots("there is no certificate in it".to_owned())) } else { Ok(store) }
}

fn unreadable(server: &str, error: rustls::Error) -> ClientError {
    ClientError::Unreachable { server: server.to_owned(), trouble: crate::Trouble::Tls, source: Box::new(error) }
}
