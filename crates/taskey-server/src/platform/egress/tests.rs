//! The door from outside: a server of our own on loopback stands for what must not be reached, and names are answered by a script.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::names::{Guard, Names};
use super::{Allowed, Answer, Egress, EgressError, Limits, RetryAfter};

/// Every one of them is or hides an address that the server does not call.
const TRAPS: [&str; 30] = [
    "http://127.0.0.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://%31%32%37.0.0.1/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "https://127.0.0.1:8443/hook",
    "http://0/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://100.64.0.1/",
    "http://10.0.0.1:8080/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/",
];

/// Gives the next of its answers to each lookup, and none when they are over.
struct Scripted(Mutex<VecDeque<&'static [&'static str]>>);

impl Scripted {
    fn new(answers: &[&'static [&'static str]]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.iter().copied().collect())))
    }

    fn left_count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Names for Scripted {
    fn lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            let texts = answer.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
            Ok(texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())
        })
    }
}

fn allowed(list: &str) -> Allowed {
    Allowed::read(&[list.to_owned()]).unwrap()
}

fn guard(list: &str, answers: &[&'static [&'static str]]) -> Guard {
    Guard::new(allowed(list), Scripted::new(answers))
}

/// One that may call this machine by 127.0.0.1 alone.
fn local() -> Egress {
    Egress::new(allowed("127.0.0.1"))
}

async fn post(egress: &Egress, url: &str) -> Result<Answer, EgressError> {
    egress.post(url, HeaderMap::new(), "{}", Limits::default()).await
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Answers every post of `{}` with the same bytes, one for each connection; tells what was asked.
async fn receiver(answer: &'static str) -> (u16, mpsc::UnboundedReceiver<String>) {
    let (listener, port) = listen().await;
    let (heard, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = heard.send(read_post(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, requests)
}

async fn read_post(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") && stream.read_buf(&mut request).await.unwrap() > 0 {}
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn a_post_arrives_with_its_headers_and_body_and_its_answer_comes_back() {
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlater";
    let (port, mut requests) = receiver(answer).await;
    let egress = local();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    let url = format!("http://127.0.0.1:{port}/hook?x=1");
    for _ in 0..2 {
        let answer = egress.post(&url, headers.clone(), "{}", Limits::default()).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (503, Some(RetryAfter::Secs(7))));
        assert_eq!((answer.head.as_slice(), answer.is_whole), (b"later".as_slice(), true));
        let request = requests.recv().await.unwrap().to_ascii_lowercase();
        assert!(request.starts_with("post /hook?x=1 http/1.1\r\n"), "{request}");
        assert!(request.contains("webhook-id: msg_1\r\n") && request.contains("user-agent: taskey/"), "{request}");
        assert!(!request.contains("cookie"), "{request}");
    }
}

#[tokio::test]
async fn no_spelling_of_an_address_gets_past_the_guard() {
    let egress = Egress::with_names(Allowed::default(), Scripted::new(&[]));
    for url in TRAPS {
        assert!(egress.check_url(url).unwrap_err().contains("which this server calls only where"), "{url}");
        let error = post(&egress, url).await.unwrap_err();
        assert!(matches!(error, EgressError::Forbidden { .. }), "{url}: {error}");
    }
    for url in ["https://example.org/hook", "http://8.8.8.8/", "http://[2606:4700::1111]:8080/x?y", "https://bücher.example/"] {
        assert!(egress.check_url(url).is_ok(), "{url}");
    }
}

#[test]
fn what_is_stored_is_an_address_that_can_be_called_and_holds_no_password() {
    let egress = Egress::new(Allowed::default());
    for wrong in [
        "",
        "example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org:70/",
        "http://",
        "https://me:secret@example.org/",
        "https://token@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://[fe80::1%25eth0]/",
        "http://256.256.256.256/",
        "https://{{host}}/",
    ] {
        let told = egress.check_url(wrong).unwrap_err();
        assert!(!told.contains("secret"), "{told}");
    }
    assert_eq!(egress.check_url(" HTTPS://Example.ORG:443/a/../b ").unwrap().as_str(), "https://example.org/b");
}

#[tokio::test]
async fn an_allowed_network_opens_itself_alone() {
    let (port, mut requests) = receiver("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
    assert_eq!(post(&local(), &format!("http://127.0.0.1:{port}/")).await.unwrap().status, 204);
    assert_eq!(post(&local(), &format!("http://[::ffff:127.0.0.1]:{port}/")).await.unwrap().status, 204);
    for elsewhere in ["127.0.0.2", "[::1]", "10.0.0.1", "169.254.169.254"] {
        let error = post(&local(), &format!("http://{elsewhere}:{port}/")).await.unwrap_err();
        assert!(matches!(error, EgressError::Forbidden { .. }), "{elsewhere}: {error}");
    }
    requests.close();
    assert!(requests.recv().await.is_some() && requests.recv().await.is_some() && requests.recv().await.is_none());
}

#[tokio::test]
async fn the_machines_own_name_is_forbidden_as_its_address_is() {
    let (port, _requests) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let error = post(&Egress::new(Allowed::default()), &format!("http://localhost:{port}/")).await.unwrap_err();
    let EgressError::Forbidden { host, address, .. } = error else { panic!("{error}") };
    assert!(host == "localhost" && address.is_loopback());
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_a_moment_later_is_not_called_there() {
    let (port, mut requests) = receiver("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
    let names = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]]);
    let egress = Egress::with_names(allowed("127.0.0.1"), names.clone());
    let url = format!("http://rebinds.example:{port}/");
    assert_eq!(post(&egress, &url).await.unwrap().status, 204);
    assert_eq!(names.left_count(), 2, "what was judged is what was called: the name is looked up once");
    let error = post(&egress, &url).await.unwrap_err();
    assert!(matches!(&error, EgressError::Forbidden { host, .. } if host == "rebinds.example"), "{error}");
    assert_eq!(post(&egress, &url).await.unwrap().status, 204);
    assert_eq!(names.left_count(), 0);
    requests.close();
    assert!(requests.recv().await.is_some() && requests.recv().await.is_some() && requests.recv().await.is_none());
}

#[tokio::test]
async fn a_public_name_that_turns_private_is_refused() {
    let guard = guard("", &[&["93.184.215.14"], &["127.0.0.1"], &["93.184.215.14"]]);
    let public: IpAddr = "93.184.215.14".parse().unwrap();
    assert_eq!(guard.addresses("rebinds.example").await, Ok(vec![SocketAddr::new(public, 0)]));
    let error = guard.addresses("rebinds.example").await.unwrap_err();
    assert!(matches!(error, EgressError::Forbidden { .. }), "{error}");
    assert!(guard.addresses("rebinds.example").await.is_ok());
}

#[tokio::test]
async fn one_forbidden_address_among_public_ones_forbids_the_name() {
    let both: &[&'static [&'static str]] =
        &[&["93.184.215.14", "10.0.0.5"], &["2606:4700::1111", "::ffff:169.254.169.254"], &["64:ff9b::1", "93.184.215.14"]];
    let guard = guard("", both);
    for _ in both {
        let error = guard.addresses("both.example").await.unwrap_err();
        assert!(matches!(error, EgressError::Forbidden { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_allow_and_how() {
    let told = guard("10.0.0.0/24", &[&["10.0.0.5", "10.0.7.5"]]).addresses("hooks.lan").await.unwrap_err().to_string();
    assert!(told.starts_with("hooks.lan (10.0.7.5) is in 10.0.0.0/8, "), "{told}");
    assert!(told.contains("--egress-allow 10.0.7.5") && told.contains("TASKEY_EGRESS_ALLOW"), "{told}");
    let told = Egress::new(Allowed::default()).check_url("http://[::ffff:7f00:1]/").unwrap_err();
    assert!(told.starts_with("[::ffff:7f00:1] (127.0.0.1) is in 127.0.0.0/8, "), "{told}");
    let told = Egress::new(Allowed::default()).check_url("http://[fd00::5]/").unwrap_err();
    assert!(told.starts_with("fd00::5 is in fc00::/7, "), "{told}");
}

#[tokio::test]
async fn a_redirection_is_an_answer_and_is_not_followed() {
    let names = Scripted::new(&[]);
    let egress = Egress::with_names(allowed("127.0.0.1"), names);
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ] {
        let (port, mut requests) = receiver(answer).await;
        let status = post(&egress, &format!("http://127.0.0.1:{port}/")).await.unwrap().status;
        assert!(answer.contains(&status.to_string()), "{answer}");
        requests.close();
        assert!(requests.recv().await.is_some() && requests.recv().await.is_none(), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let (listener, port) = listen().await;
    let limits = Limits { time_max: Duration::from_millis(50), ..Limits::default() };
    let error = local().post(&format!("http://127.0.0.1:{port}/"), HeaderMap::new(), "{}", limits).await.unwrap_err();
    assert_eq!(error, EgressError::TimedOut { host: format!("127.0.0.1:{port}"), within: limits.time_max });
    drop(listener);
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_its_limit_and_cut_off() {
    let (listener, port) = listen().await;
    let flood = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_post(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let limits = Limits { answer_len_max: 10_000, ..Limits::default() };
    let answer = local().post(&format!("http://127.0.0.1:{port}/"), HeaderMap::new(), "{}", limits).await.unwrap();
    assert_eq!((answer.status, answer.head.len(), answer.is_whole), (200, 10_000, false));
    // It can write no more only because the connection is closed.
    flood.await.unwrap();
}

#[tokio::test]
async fn what_went_wrong_is_told_by_what_can_be_done_about_it() {
    let (listener, port) = listen().await;
    drop(listener);
    let error = post(&local(), &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert_eq!(error, EgressError::Refused { host: format!("127.0.0.1:{port}") });

    let egress = Egress::with_names(Allowed::default(), Scripted::new(&[&[]]));
    for _ in 0..2 {
        let error = post(&egress, "http://nowhere.example/").await.unwrap_err();
        assert!(matches!(&error, EgressError::NoAddress { host, .. } if host == "nowhere.example"), "{error}");
    }

    let (port, _requests) = receiver("SMTP ready\r\n\r\n").await;
    let error = post(&local(), &format!("http://127.0.0.1:{port}/secret")).await.unwrap_err();
    assert!(matches!(error, EgressError::Broken { .. }) && !error.to_string().contains("secret"), "{error}");
}

/// On a machine that has no root certificates at all it is refused before that.
fn is_about_trust(error: &EgressError) -> bool {
    matches!(error, EgressError::Tls { .. } | EgressError::NotReady(_))
}

#[tokio::test]
async fn a_certificate_that_the_machine_does_not_trust_is_refused() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = acceptor.accept(stream).await;
    });
    let error = post(&local(), &format!("https://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(is_about_trust(&error), "{error}");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told_as_such() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        read_to_end(stream).await;
    });
    let error = post(&local(), &format!("https://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(is_about_trust(&error), "{error}");
}

async fn read_to_end(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}
