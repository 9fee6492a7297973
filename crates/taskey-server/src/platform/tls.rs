//! TLS: taskey's own roots for agents, and which certificate is shown to whom.
//!
//! Agents ask by a reserved name ([`AGENT_TLS_NAME`]) and get a certificate under the oldest root, which they have pinned.
//! Everyone else gets the public certificate where one is given, else one for the public URL under the same root.
//!
//! `DATA/keys/root-N.key` (P-256, PKCS#8) and `root-N.crt` (PEM). A second root can be made before the first is retired:
//! challenges name them all, so that devices learn the new one while the old one is shown. Certificates are valid from 1970
//! to 9999: trust ends by retiring a root, and a device whose clock is wrong by years must still get in.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use taskey_proto::agent::{AGENT_TLS_NAME, MQTT_ALPN, root_fingerprint};

use super::clock::Clock;
use super::keys::{KeyError, read_key, write_key};

/// How often files are looked at for a change.
const LOOK_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("{path}: {detail}", path = path.display())]
    File { path: PathBuf, detail: String },
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("TLS cannot be set up: {0}")]
    Use(#[from] rustls::Error),
    #[error("{}: there is no root {number}", .folder.display())]
    NoRoot { folder: PathBuf, number: u32 },
    #[error("root {0} is the only one; make another first, and give devices the time to learn of it")]
    OnlyRoot(u32),
}

/// One of taskey's own roots.
pub struct Root {
    pub number: u32,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Root {
    /// A new root, and its certificate in PEM.
    fn make(number: u32) -> Result<(Self, String), TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = root_params(number).self_signed(&key)?;
        Ok((Self { number, certificate: certificate.der().clone(), key }, certificate.pem()))
    }

    pub fn fingerprint(&self) -> String {
        root_fingerprint(&self.certificate)
    }

    /// A certificate for these names, with the root behind it.
    fn issue(&self, names: Vec<String>) -> Result<CertifiedKey, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        params.not_before = date_time_ymd(1970, 1, 1);
        params.not_after = date_time_ymd(9999, 12, 31);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &Issuer::new(root_params(self.number), &self.key))?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(certified(chain, &PrivateKeyDer::Pkcs8(key.serialize_der().into()))?)
    }
}

fn root_params(number: u32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("taskey root {number}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    params
}

fn certified(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<CertifiedKey, rustls::Error> {
    let certified = CertifiedKey::new(chain, ring::sign::any_supported_type(key)?);
    certified.keys_match()?;
    Ok(certified)
}

fn root_files(data: &Path, number: u32) -> (PathBuf, PathBuf) {
    let folder = data.join("keys");
    (folder.join(format!("root-{number}.key")), folder.join(format!("root-{number}.crt")))
}

/// The roots below `data` that are not retired, the oldest first; a first one is made where there never was any.
pub fn open_roots(data: &Path) -> Result<Vec<Root>, TlsError> {
    let roots = read_roots(data)?;
    if roots.is_empty() {
        return Ok(vec![add_root(data)?]);
    }
    Ok(roots)
}

pub(crate) fn read_roots(data: &Path) -> Result<Vec<Root>, TlsError> {
    root_numbers(data, "key")?.into_iter().map(|number| read_root(data, number)).collect()
}

fn read_root(data: &Path, number: u32) -> Result<Root, TlsError> {
    let (key_path, certificate_path) = root_files(data, number);
    let damaged = |path: &Path, detail: String| TlsError::File { path: path.to_owned(), detail };
    let der = read_key(&key_path)?.ok_or(TlsError::NoRoot { folder: data.join("keys"), number })?;
    let key = KeyPair::try_from(der.as_slice()).map_err(|error| damaged(&key_path, error.to_string()))?;
    let certificate = CertificateDer::from_pem_file(&certificate_path).map_err(|error| damaged(&certificate_path, error.to_string()))?;
    Ok(Root { number, certificate, key })
}

/// Numbers of the roots whose file of that kind is there, ascending.
fn root_numbers(data: &Path, ending: &str) -> Result<Vec<u32>, TlsError> {
    let folder = data.join("keys");
    let failed = |error: std::io::Error| TlsError::File { path: folder.clone(), detail: error.to_string() };
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let number: Option<u32> =
            name.to_str().and_then(|name| name.strip_prefix("root-")?.strip_suffix(&format!(".{ending}"))?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a further root; a running server takes it up within a minute.
pub fn add_root(data: &Path) -> Result<Root, TlsError> {
    let used = [root_numbers(data, "key")?, root_numbers(data, "retired")?].concat();
    let (root, pem) = Root::make(used.into_iter().max().unwrap_or(0) + 1)?;
    let (key_path, certificate_path) = root_files(data, root.number);
    std::fs::write(&certificate_path, pem).map_err(|error| TlsError::File { path: certificate_path, detail: error.to_string() })?;
    write_key(&key_path, &root.key.serialize_der())?;
    Ok(root)
}

/// Takes a root out of use. Devices that know no other cannot come back.
pub fn retire_root(data: &Path, number: u32) -> Result<(), TlsError> {
    let numbers = root_numbers(data, "key")?;
    let (key_path, _) = root_files(data, number);
    match numbers[..] {
        _ if !numbers.contains(&number) => Err(TlsError::NoRoot { folder: data.join("keys"), number }),
        [only] => Err(TlsError::OnlyRoot(only)),
        _ => std::fs::rename(&key_path, key_path.with_extension("retired"))
            .map_err(|error| TlsError::File { path: key_path, detail: error.to_string() }),
    }
}

/// A certificate from files, for everyone who is not an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFiles {
    /// PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

impl PublicFiles {
    pub(crate) fn load(&self) -> Result<CertifiedKey, TlsError> {
        let failed = |path: &Path, detail: String| TlsError::File { path: path.to_owned(), detail };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect);
        let chain = chain.map_err(|error| failed(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(failed(&self.certificate, "there is no certificate in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| failed(&self.key, error.to_string()))?;
        certified(chain, &key).map_err(|error| failed(&self.key, format!("it does not go with {}: {error}", self.certificate.display())))
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}

/// What a server shows, kept up to date with its files.
pub struct Certificates {
    data: PathBuf,
    public: Option<PublicFiles>,
    /// Names of the certificate that is made where no public one is given.
    names: Vec<String>,
    shown: RwLock<Shown>,
}

struct Shown {
    agent: Arc<CertifiedKey>,
    public: Arc<CertifiedKey>,
    /// PEM.
    root: String,
    /// Of all roots, the shown one first.
    fingerprints: Vec<String>,
}

impl Certificates {
    pub fn open(data: &Path, public: Option<PublicFiles>, names: Vec<String>) -> Result<Self, TlsError> {
        let shown = Shown::load(data, public.as_ref(), &names)?;
        Ok(Self { data: data.to_owned(), public, names, shown: RwLock::new(shown) })
    }

    /// Fingerprints of the roots that agents may trust, the one in use first.
    pub fn fingerprints(&self) -> Vec<String> {
        self.read(|shown| shown.fingerprints.clone())
    }

    /// The root, in PEM, under which everyone is shown a certificate; `None` where a public one is given.
    pub fn root_of_everyone(&self) -> Option<String> {
        self.public.is_none().then(|| self.read(|shown| shown.root.clone()))
    }

    /// TLS for the main port: HTTP, and MQTT for agents that choose it.
    pub fn https(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        self.config(vec![MQTT_ALPN.to_vec(), b"http/1.1".to_vec()])
    }

    /// TLS for a port that speaks MQTT alone.
    pub fn mqtts(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        self.config(vec![MQTT_ALPN.to_vec()])
    }

    fn config(self: &Arc<Self>, protocols: Vec<Vec<u8>>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(Resolver(self.clone())));
        config.alpn_protocols = protocols;
        // A device that comes back connects twice, for its challenge and for its line: the second handshake is short.
        config.ticketer = ring::Ticketer::new()?;
        config.send_tls13_tickets = 1;
        Ok(Arc::new(config))
    }

    /// Takes up what changes: renewed public certificates, new and retired roots. What cannot be read leaves things as they are.
    pub async fn keep_fresh(self: Arc<Self>, clock: Clock) {
        let mut seen = self.marks();
        loop {
            clock.sleep(LOOK_EVERY).await;
            let marks = self.marks();
            if marks == seen {
                continue;
            }
            match Shown::load(&self.data, self.public.as_ref(), &self.names) {
                Ok(fresh) => {
                    *self.shown.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = fresh;
                    tracing::info!("certificates were read anew");
                    seen = marks;
                }
                Err(error) => tracing::error!(%error, "the changed certificates are not used; the earlier ones stay"),
            }
        }
    }

    /// What tells whether a file has changed.
    fn marks(&self) -> (Option<[Option<SystemTime>; 2]>, Vec<u32>) {
        (self.public.as_ref().map(PublicFiles::changed_at), root_numbers(&self.data, "key").unwrap_or_default())
    }

    fn read<T>(&self, read: impl FnOnce(&Shown) -> T) -> T {
        read(&self.shown.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Shown {
    fn load(data: &Path, public: Option<&PublicFiles>, names: &[String]) -> Result<Self, TlsError> {
        let roots = open_roots(data)?;
        let root = roots.first().ok_or(TlsError::NoRoot { folder: data.join("keys"), number: 1 })?;
        let public = match public {
            Some(files) => files.load()?,
            None => root.issue(names.to_vec())?,
        };
        let (_, root_file) = root_files(data, root.number);
        let root_pem =
            std::fs::read_to_string(&root_file).map_err(|error| TlsError::File { path: root_file, detail: error.to_string() })?;
        Ok(Self {
            root: root_pem,
            agent: Arc::new(root.issue(vec![AGENT_TLS_NAME.to_owned()])?),
            public: Arc::new(public),
            fingerprints: roots.iter().map(Root::fingerprint).collect(),
        })
    }
}

/// By what devices that enroll now are to know this server.
#[derive(Clone)]
pub enum AgentTrust {
    /// Plain HTTP on loopback: by the fingerprint of the signing key.
    SigningKey,
    /// taskey's own TLS: by the fingerprint of a root.
    Roots(Arc<Certificates>),
    /// Behind a proxy with a public certificate: as everyone does.
    WebPki,
}

impl AgentTrust {
    /// Fingerprints of the roots that devices may trust; the one in use first.
    pub fn roots(&self) -> Vec<String> {
        match self {
            AgentTrust::Roots(certificates) => certificates.fingerprints(),
            AgentTrust::SigningKey | AgentTrust::WebPki => Vec::new(),
        }
    }
}

struct Resolver(Arc<Certificates>);

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_agent = hello.server_name() == Some(AGENT_TLS_NAME);
        Some(self.0.read(|shown| if is_agent { shown.agent.clone() } else { shown.public.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("keys")).unwrap();
        folder
    }

    #[test]
    fn the_first_root_is_made_once_and_the_oldest_is_shown() {
        let folder = data();
        let first = open_roots(folder.path()).unwrap()[0].fingerprint();
        assert_eq!(open_roots(folder.path()).unwrap()[0].fingerprint(), first);
        let second = add_root(folder.path()).unwrap();
        let certificates = Certificates::open(folder.path(), None, vec!["localhost".to_owned()]).unwrap();
        assert_eq!(certificates.fingerprints(), [first.clone(), second.fingerprint()]);
        retire_root(folder.path(), 1).unwrap();
        let roots = open_roots(folder.path()).unwrap();
        assert_eq!(roots.iter().map(|root| root.number).collect::<Vec<_>>(), [2]);
        assert_eq!(add_root(folder.path()).unwrap().number, 3, "a number is not used again");
    }

    #[test]
    fn the_last_root_and_one_that_is_not_there_cannot_be_retired() {
        let folder = data();
        open_roots(folder.path()).unwrap();
        assert!(matches!(retire_root(folder.path(), 1), Err(TlsError::OnlyRoot(1))));
        assert!(matches!(retire_root(folder.path(), 7), Err(TlsError::NoRoot { number: 7, .. })));
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_belong_together_are_refused() {
        let folder = data();
        let made = |name: &str| {
            let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
            let path = folder.path().join(name);
            std::fs::write(path.with_extension("crt"), made.cert.pem()).unwrap();
            std::fs::write(path.with_extension("key"), made.signing_key.serialize_pem()).unwrap();
        };
        made("one");
        made("two");
        let files =
            |certificate: &str, key: &str| PublicFiles { certificate: folder.path().join(certificate), key: folder.path().join(key) };
        assert!(files("one.crt", "one.key").load().is_ok());
        let error = files("one.crt", "two.key").load().unwrap_err().to_string();
        assert!(error.contains("it does not go with"), "{error}");
        assert!(files("one.key", "one.key").load().is_err());
    }
}
