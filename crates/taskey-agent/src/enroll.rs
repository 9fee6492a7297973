//! Joining a server: `taskeyd enroll`.
//!
//! The token carries the trust. `enr_SECRET.FINGERPRINT` names the root of the server's TLS, on loopback without TLS its signing
//! key; `enr_SECRET.webpki` leaves it to the certificates that this machine trusts. Only to a server that is the right one
//! does the secret leave this machine, and from then on its signing key is pinned.

use std::fmt;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use taskey_proto::agent::{Enroll, Enrolled, ServerIdentity};
use taskey_proto::crypto::{CryptoError, same_bytes};
use taskey_proto::id::DeviceId;
use taskey_proto::tasks::{NAME_LEN_MAX, name_problem};

use crate::http::{self, HttpError};
use crate::identity::{Identity, IdentityError, Keys};
use crate::server_url::{ServerUrl, ServerUrlError, is_https};
use crate::state_dir::{Durability, StateDir, replace_file};
use crate::tls::Trust;
use crate::{VERSION, facts, policy};

/// Written at enrolment where the owner has not written a policy.
pub const SHIPPED_POLICY: &str = include_str!("../policy/10-default.toml");
const SHIPPED_POLICY_FILE: &str = "10-default.toml";
const FINGERPRINT_LEN: usize = 32;

/// An enrolment token, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// `enr_SECRET`, what is sent.
    secret: String,
    trust: TokenTrust,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TokenTrust {
    Fingerprint(String),
    WebPki,
}

#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    #[error("the token is not of the form enr_SECRET.FINGERPRINT; create one with `taskey enroll-tokens create`")]
    Token,
    #[error("this token is for a server behind a public certificate; use that server's https:// address, not {0}")]
    TokenNeedsTls(String),
    #[error("{0} is enrolled already, as {1}; remove that folder, or name another with --state")]
    AlreadyEnrolled(String, String),
    #[error("taskeyd runs on {0}; stop it first, since it would go on with the old keys")]
    Running(String),
    #[error("{0:?} cannot be the device's name: {1}")]
    Name(String, String),
    #[error(
        "the server at {server} has the key {found}, but the token was made by one with {expected}; nothing was sent. \
         Check the address and the token"
    )]
    WrongServer { server: String, found: String, expected: String },
    #[error("the server speaks version {found} of the agent protocol, this taskeyd speaks {}", taskey_proto::PROTOCOL)]
    Protocol { found: u32 },
    #[error(transparent)]
    Server(#[from] ServerUrlError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error("{path} cannot be written: {source}")]
    State { path: String, source: io::Error },
}

impl Token {
    pub fn parse(text: &str) -> Result<Self, EnrollError> {
        let (secret, fingerprint) = text.trim().split_once('.').ok_or(EnrollError::Token)?;
        if secret.strip_prefix("enr_").is_none_or(str::is_empty) || !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(EnrollError::Token);
        }
        if fingerprint == "webpki" {
            return Ok(Self { secret: secret.to_owned(), trust: TokenTrust::WebPki });
        }
        if fingerprint.len() != FINGERPRINT_LEN || !fingerprint.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(EnrollError::Token);
        }
        Ok(Self { secret: secret.to_owned(), trust: TokenTrust::Fingerprint(fingerprint.to_ascii_lowercase()) })
    }

    /// Whom to trust at an address.
    fn trust_at(&self, url: &str) -> Result<Trust, EnrollError> {
        match (&self.trust, is_https(url)) {
            (TokenTrust::Fingerprint(root), true) => Ok(Trust::Roots(vec![root.clone()])),
            (TokenTrust::WebPki, true) => Ok(Trust::WebPki(None)),
            (TokenTrust::Fingerprint(_), false) => Ok(Trust::Loopback),
            (TokenTrust::WebPki, false) => Err(EnrollError::TokenNeedsTls(url.to_owned())),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(enr_….{:?})", self.trust)
    }
}

/// Joins the server at `url`; afterwards the state folder holds keys, identity and a policy.
pub async fn enroll(state: &StateDir, url: &str, token: &Token, name: Option<&str>) -> Result<Identity, EnrollError> {
    if Identity::exists(state) {
        let known = Identity::load(state)?;
        return Err(EnrollError::AlreadyEnrolled(state.path().display().to_string(), known.name));
    }
    let name = device_name(name)?;
    let trust = token.trust_at(url)?;
    let server = ServerUrl::parse(url, &trust)?.by_environment()?;

    let shown: ServerIdentity = http::get(&server, "/agent/v1/server", None).await?;
    check_server(&server, &shown, token)?;

    let keys = Keys::generate()?;
    // Before the server hears of the keys: an enrolled device whose keys were lost could never come back.
    state.create().and_then(|()| write_policy(state)).map_err(|source| failed(state.path(), source))?;
    keys.save(state)?;

    let asked = asking(token, name, &keys, None);
    let enrolled: Enrolled = http::post(&server, "/agent/v1/enroll", None, &asked).await?;
    let identity = identity(&server, &trust, shown, enrolled);
    identity.save(state)?;
    Ok(identity)
}

/// Gives this device new keys, with a token that was made for it. It stays who it is; its old keys open nothing any more.
pub async fn rekey(state: &StateDir, url: &str, token: &Token) -> Result<Identity, EnrollError> {
    let before = Identity::load(state)?;
    let busy = || EnrollError::Running(state.path().display().to_string());
    let _lock = state.lock().map_err(|source| failed(state.path(), source))?.ok_or_else(busy)?;
    let trust = token.trust_at(url)?;
    let server = ServerUrl::parse(url, &trust)?.by_environment()?;
    let shown: ServerIdentity = http::get(&server, "/agent/v1/server", None).await?;
    check_server(&server, &shown, token)?;
    let keys = Keys::generate()?;
    let asked = asking(token, before.name.clone(), &keys, Some(before.device));
    let enrolled: Enrolled = http::post(&server, "/agent/v1/enroll", None, &asked).await?;
    // From here on the old keys are void: if these are lost, another token has to be made.
    keys.save(state)?;
    let identity = identity(&server, &trust, shown, enrolled);
    identity.save(state)?;
    Ok(identity)
}

fn asking(token: &Token, name: String, keys: &Keys, device: Option<DeviceId>) -> Enroll {
    Enroll {
        token: token.secret.clone(),
        name,
        signing_key: keys.signing.public_key(),
        sealing_key: keys.sealing_public(),
        facts: facts::collect(),
        agent_version: VERSION.to_owned(),
        protocol: taskey_proto::PROTOCOL,
        device,
    }
}

fn identity(server: &ServerUrl, trust: &Trust, shown: ServerIdentity, enrolled: Enrolled) -> Identity {
    Identity {
        device: enrolled.device,
        name: enrolled.name,
        organization: enrolled.organization,
        server_url: server.to_string(),
        server: shown.server,
        server_key: shown.key,
        roots: if matches!(trust, Trust::Roots(_)) { shown.roots } else { Vec::new() },
        epoch: enrolled.epoch,
    }
}

/// Without TLS the signing key is what tells the right server.
fn check_server(server: &ServerUrl, shown: &ServerIdentity, token: &Token) -> Result<(), EnrollError> {
    let found = shown.key.fingerprint();
    if let (TokenTrust::Fingerprint(expected), None) = (&token.trust, server.tls())
        && !same_bytes(found.as_bytes(), expected.as_bytes())
    {
        return Err(EnrollError::WrongServer { server: server.to_string(), found, expected: expected.clone() });
    }
    if shown.protocol != taskey_proto::PROTOCOL {
        return Err(EnrollError::Protocol { found: shown.protocol });
    }
    Ok(())
}

/// The name asked for, or the machine's own with what a name may not hold replaced.
fn device_name(asked: Option<&str>) -> Result<String, EnrollError> {
    let name = match asked {
        Some(name) => name.to_owned(),
        None => name_from(&facts::hostname()),
    };
    match name_problem(&name) {
        Some(problem) => Err(EnrollError::Name(name, problem)),
        None => Ok(name),
    }
}

fn name_from(hostname: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = hostname.chars().map(allowed).take(NAME_LEN_MAX).collect();
    let name = name.trim_start_matches(['-', '.']);
    if name.is_empty() { "device".to_owned() } else { name.to_owned() }
}

fn write_policy(state: &StateDir) -> io::Result<()> {
    let folder = state.policy_dir();
    if !policy::files(folder).unwrap_or_default().is_empty() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    replace_file(&folder.join(SHIPPED_POLICY_FILE), SHIPPED_POLICY.as_bytes(), 0o600, Durability::Durable)
}

fn failed(path: &Path, source: io::Error) -> EnrollError {
    EnrollError::State { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use taskey_proto::crypto::SigningKey;
    use taskey_proto::id::InstanceId;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use uuid::Uuid;

    const FINGERPRINT: &str = "00112233445566778899aabbccddeeff";

    /// Answers each request with the next body, and remembers everything it was sent.
    async fn listener(bodies: Vec<String>) -> (String, Arc<Mutex<String>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(String::new()));
        let ears = heard.clone();
        tokio::spawn(async move {
            for body in bodies {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    let len = stream.read(&mut piece).await.unwrap();
                    request.extend_from_slice(&piece[..len]);
                }
                ears.lock().unwrap().push_str(&String::from_utf8_lossy(&request));
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (url, heard)
    }

    fn is_whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let len = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(|len| len.parse().unwrap()));
        body.len() >= len.unwrap_or(0usize)
    }

    fn server_identity(key: &SigningKey) -> String {
        let identity = ServerIdentity {
            server: InstanceId::new(Uuid::from_u128(2)),
            key: key.public_key(),
            protocol: taskey_proto::PROTOCOL,
            roots: Vec::new(),
        };
        serde_json::to_string(&identity).unwrap()
    }

    #[test]
    fn a_token_is_a_secret_and_a_fingerprint() {
        let token = Token::parse(&format!(" enr_abc.{FINGERPRINT}\n")).unwrap();
        assert_eq!((token.secret.as_str(), &token.trust), ("enr_abc", &TokenTrust::Fingerprint(FINGERPRINT.to_owned())));
        assert!(!format!("{token:?}").contains("abc"));
        for text in ["", "enr_abc", "enr_.00112233445566778899aabbccddeeff", "abc.00112233445566778899aabbccddeeff", "enr_abc.0011"] {
            assert!(matches!(Token::parse(text), Err(EnrollError::Token)), "{text}");
        }
        let public = Token::parse("enr_abc.webpki").unwrap();
        assert!(matches!(public.trust_at("http://127.0.0.1:1"), Err(EnrollError::TokenNeedsTls(_))));
        assert_eq!(public.trust_at("https://a.example").unwrap(), Trust::WebPki(None));
        assert_eq!(token.trust_at("HTTPS://a.example").unwrap(), Trust::Roots(vec![FINGERPRINT.to_owned()]));
    }

    #[test]
    fn a_hostname_becomes_a_name() {
        assert_eq!(name_from("web 1.eu"), "web-1.eu");
        assert_eq!(name_from("-"), "device");
    }

    #[tokio::test]
    async fn a_server_with_another_key_never_hears_the_secret() {
        let (key, _) = SigningKey::generate().unwrap();
        let (url, heard) = listener(vec![server_identity(&key), String::new()]).await;
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().join("state")));
        let token = Token::parse(&format!("enr_secretsecret.{FINGERPRINT}")).unwrap();

        let error = enroll(&state, &url, &token, Some("web-1")).await.unwrap_err();

        assert!(matches!(error, EnrollError::WrongServer { .. }), "{error}");
        assert!(heard.lock().unwrap().starts_with("GET /agent/v1/server"));
        assert!(!heard.lock().unwrap().contains("secretsecret"));
        assert!(!state.path().exists());
    }

    #[tokio::test]
    async fn an_enrolled_device_has_an_identity_and_a_policy_and_is_not_enrolled_twice() {
        let (key, _) = SigningKey::generate().unwrap();
        let enrolled = Enrolled {
            device: DeviceId::new(Uuid::from_u128(7)),
            name: "web-1-2".to_owned(),
            organization: "acme".to_owned(),
            server: InstanceId::new(Uuid::from_u128(2)),
            epoch: 1,
        };
        let (url, heard) = listener(vec![server_identity(&key), serde_json::to_string(&enrolled).unwrap()]).await;
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().join("state")));
        let token = Token::parse(&format!("enr_secretsecret.{}", key.public_key().fingerprint())).unwrap();

        let identity = enroll(&state, &url, &token, Some("web-1")).await.unwrap();

        assert_eq!(identity.name, "web-1-2");
        assert_eq!(Identity::load(&state).unwrap(), identity);
        assert!(heard.lock().unwrap().contains("enr_secretsecret"));
        assert!(!heard.lock().unwrap().contains(&key.public_key().fingerprint()));
        assert_eq!(std::fs::read_to_string(state.policy_dir().join(SHIPPED_POLICY_FILE)).unwrap(), SHIPPED_POLICY);
        assert!(matches!(enroll(&state, &url, &token, None).await, Err(EnrollError::AlreadyEnrolled(..))));
    }
}
