//! Whether a server runs here, and whether others reach it by the name they are given.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use taskey_proto::Time;
use taskey_proto::agent::ServerIdentity;
use taskey_proto::crypto::SigningKey;
use taskey_proto::doctor::{Finding, Verdict};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::folder::judge;
use crate::config::Config;

const TIME_MAX: Duration = Duration::from_secs(5);
const ANSWER_LEN_MAX: u64 = 64 * 1024;

pub async fn examine(config: &Config, signing: Option<&SigningKey>, now: Time) -> Vec<Finding> {
    let own = match config.listen.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), config.listen.port()),
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::from(std::net::Ipv6Addr::LOCALHOST), config.listen.port()),
        _ => config.listen,
    };
    if config.listen.port() == 0 || !matches!(timeout(TIME_MAX, TcpStream::connect(own)).await, Ok(Ok(_))) {
        let detail = format!("none listens at {}", config.listen);
        return vec![Finding::warning(
            "server",
            detail,
            "start it: `systemctl start taskey`, or `taskey serve`; how it is reached shows then",
        )];
    }
    let scheme = if config.tls { "https" } else { "http" };
    let url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{own}"));
    let mut findings = vec![Finding::ok("server", format!("something listens at {}", config.listen))];
    let reached = match reach(&url, &mut findings, now).await {
        Ok(body) => body,
        Err(finding) => {
            findings.push(*finding);
            return findings;
        }
    };
    findings.push(match serde_json::from_str::<ServerIdentity>(&reached) {
        Err(_) => Finding::problem(
            "answer",
            format!("{url} answers, but not as a taskey server"),
            "check what the name leads to, and the proxy in between",
        ),
        Ok(shown) if signing.is_some_and(|key| key.public_key() != shown.key) => Finding::problem(
            "answer",
            format!("{url} is another taskey server than this one"),
            "check what the name leads to; a copy of this server may run elsewhere",
        ),
        Ok(_) => Finding::ok("answer", format!("{url} is this server")),
    });
    findings
}

/// Asks for the server's identity: name, connection, TLS and HTTP, each with its own word.
async fn reach(url: &str, findings: &mut Vec<Finding>, now: Time) -> Result<String, Box<Finding>> {
    let problem = |check, detail: String, advice: &str| Box::new(Finding::problem(check, detail, advice));
    let uri: http::Uri = url.parse().map_err(|_| problem("name", format!("{url} is no address"), "mend public_url"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let addresses: Vec<SocketAddr> = match timeout(TIME_MAX, lookup_host((host.clone(), port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(problem("name", format!("{host} has no address: {error}"), "check the name and its DNS records")),
        Err(_) => return Err(problem("name", format!("{host} was not resolved in time"), "check this machine's DNS")),
    };
    let Some(address) = addresses.first() else {
        return Err(problem("name", format!("{host} has no address"), "check the name and its DNS records"));
    };
    findings.push(Finding::ok("name", format!("{host} is {address}")));
    let unreached = |why: String| {
        problem(
            "connection",
            format!("{address}: {why}"),
            "check the proxy or the firewall on the way; some networks do not lead back to themselves",
        )
    };
    let stream = match timeout(TIME_MAX, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(unreached(error.to_string())),
        Err(_) => return Err(unreached(format!("no connection within {} s", TIME_MAX.as_secs()))),
    };
    findings.push(Finding::ok("connection", format!("{address} takes connections")));
    let unanswered =
        |error: std::io::Error| problem("http", format!("{url}: {error}"), "check that a taskey server or its proxy is behind that port");
    let answer = if is_tls {
        let name = ServerName::try_from(host.clone()).map_err(|_| problem("tls", format!("{host} is no name"), "mend public_url"))?;
        let failed = |error: std::io::Error| problem("tls", format!("{host}: {error}"), "check that this port speaks TLS");
        let connecting = tokio_rustls::TlsConnector::from(Arc::new(any_certificate())).connect(name, stream);
        let stream = timeout(TIME_MAX, connecting).await.map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?.map_err(failed)?;
        if let Some(shown) = stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
            let judged = Finding { check: "tls", ..judge(shown, Some(url), now) };
            if judged.verdict == Verdict::Problem {
                return Err(Box::new(judged));
            }
            findings.push(judged);
        }
        timeout(TIME_MAX, ask(stream, &uri)).await
    } else {
        timeout(TIME_MAX, ask(stream, &uri)).await
    };
    let answer = answer.map_err(|_| unanswered(std::io::ErrorKind::TimedOut.into()))?.map_err(unanswered)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        let advice = "check that the proxy passes every path on, and the name in `Host` as it is";
        return Err(problem("http", format!("{url}/agent/v1/server answers {status}"), advice));
    }
    Ok(body.to_owned())
}

/// HTTP/1.0, so that the answer ends with the connection and comes in one piece.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, uri: &http::Uri) -> std::io::Result<String> {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    stream.write_all(format!("GET /agent/v1/server HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // Some end the connection without a word of TLS; what came is what counts.
    let read = stream.take(ANSWER_LEN_MAX).read_to_end(&mut answer).await;
    if answer.is_empty() {
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Takes every certificate: it is looked at afterwards, and what the answer says is held against the signing key.
fn any_certificate() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("ring speaks TLS 1.2 and 1.3");
    builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(schemes))).with_no_client_auth()
}

#[derive(Debug)]
struct Anyone(Vec<SignatureScheme>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
