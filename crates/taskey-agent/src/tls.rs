//! TLS to the server: whom the agent trusts, and how it asks.
//!
//! A device that has pinned roots of the server asks by a reserved name and looks at nothing else: the last certificate of the
//! chain must have a pinned fingerprint, the first must be signed under it. Behind a public certificate the machine's own
//! trust decides; where its clock says that the certificate is not valid, the newest time that the server has signed is
//! asked once more, since a clock may be wrong by years.

use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustls_platform_verifier::BuilderVerifierExt as _;
use taskey_proto::Time;
use taskey_proto::agent::{AGENT_TLS_NAME, MQTT_ALPN, root_fingerprint};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// What makes a server the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Plain HTTP on loopback: TLS is not spoken.
    Loopback,
    /// One of these roots, by their fingerprints.
    Roots(Vec<String>),
    /// A certificate that this machine trusts. The time is the newest that the server has signed, if any.
    WebPki(Option<Time>),
}

/// TLS as it is spoken to one server. Copies share what is learned.
#[derive(Clone)]
pub struct Tls {
    http: TlsConnector,
    line: TlsConnector,
    /// Under `Roots`: the fingerprints, which a signed challenge may replace.
    roots: Option<Arc<RwLock<Vec<String>>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl Tls {
    /// `None` where TLS is not spoken.
    pub fn new(trust: &Trust) -> Result<Option<Self>, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let (config, roots) = match trust {
            Trust::Loopback => return Ok(None),
            Trust::Roots(fingerprints) => {
                let roots = Arc::new(RwLock::new(fingerprints.clone()));
                let verifier = RootVerifier { roots: roots.clone(), provider };
                (builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(), Some(roots))
            }
            Trust::WebPki(newest) => {
                let platform = builder.with_platform_verifier()?.with_no_client_auth();
                match newest {
                    None => (platform, None),
                    Some(newest) => (patient(platform, *newest, provider)?, None),
                }
            }
        };
        let with_protocols = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        Ok(Some(Self { http: with_protocols(&[b"http/1.1"]), line: with_protocols(&[MQTT_ALPN, b"http/1.1"]), roots }))
    }

    /// For requests.
    pub fn http(&self) -> &TlsConnector {
        &self.http
    }

    /// For the line: MQTT at once where the server's end of TLS offers it, else HTTP for a WebSocket.
    pub fn line(&self) -> &TlsConnector {
        &self.line
    }

    /// The name to ask for.
    pub fn name(&self, host: &str) -> Option<ServerName<'static>> {
        let name = if self.roots.is_some() { AGENT_TLS_NAME } else { host.trim_start_matches('[').trim_end_matches(']') };
        ServerName::try_from(name.to_owned()).ok()
    }

    /// Trusts these roots from now on, and no others. The pinned server has signed them.
    pub fn trust_roots(&self, fingerprints: &[String]) {
        if let Some(roots) = &self.roots {
            *roots.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = fingerprints.to_vec();
        }
    }
}

#[derive(Debug)]
struct RootVerifier {
    roots: Arc<RwLock<Vec<String>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for RootVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (root, between) = intermediates.split_last().ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let found = root_fingerprint(root);
        let trusted = self.roots.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        if !trusted.contains(&found) {
            return Err(Error::General(format!("its root is {found}, and this device trusts {}", trusted.join(" and "))));
        }
        let mut store = RootCertStore::empty();
        store.add(root.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), self.provider.clone()).build();
        let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, between, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The machine's trust, asked a second time with the newest signed time where its clock is what the certificate fails by.
fn patient(platform: ClientConfig, newest: Time, provider: Arc<CryptoProvider>) -> Result<ClientConfig, Error> {
    let inner = Arc::new(rustls_platform_verifier::Verifier::new(provider)?);
    let newest = UnixTime::since_unix_epoch(Duration::from_millis(newest.ms().max(0) as u64));
    let mut config = platform;
    config.dangerous().set_certificate_verifier(Arc::new(PatientVerifier { inner, newest }));
    Ok(config)
}

#[derive(Debug)]
struct PatientVerifier {
    inner: Arc<dyn ServerCertVerifier>,
    newest: UnixTime,
}

impl ServerCertVerifier for PatientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_clock = self.inner.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let is_untimely = |error: &Error| {
            use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
            matches!(error, Error::InvalidCertificate(Expired | NotValidYet | ExpiredContext { .. } | NotValidYetContext { .. }))
        };
        match by_clock {
            Err(error) if is_untimely(&error) => self.inner.verify_server_cert(end_entity, intermediates, name, ocsp, self.newest),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
