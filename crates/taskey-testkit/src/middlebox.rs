//! What stands between devices and a server on the networks of others: a gateway that lets plain HTTP requests through and nothing else,
//! and a proxy that is asked for tunnels.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use taskey_proto::crypto::base64;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

const HEAD_LEN_MAX: usize = 64 * 1024;

/// Something that listens on a free port of loopback, on a thread of its own, for as long as the test runs.
fn listen<Work>(serve: impl Fn(TcpStream) -> Work + Send + 'static) -> anyhow::Result<u16>
where
    Work: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                // Whoever goes away in the middle is what some tests are about.
                tokio::spawn(serve(stream));
            }
        })
    });
    Ok(port)
}

/// What a gateway does where a client asks for another protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrades {
    Refuse(u16),
    HangUp,
    /// Lets them through, and cuts them before they are of any use.
    CutSoon,
    Pass,
}

const CUT_AFTER: Duration = Duration::from_millis(300);

/// A gateway that passes on requests one by one, whole, by the name that the server knows, and has its own mind about upgrades.
pub struct Gateway {
    pub url: String,
    shared: Arc<Mutex<GatewayState>>,
}

struct GatewayState {
    upgrades: Upgrades,
    /// The next answer that holds this is not passed on.
    to_lose: Option<String>,
    lost_count: usize,
    upgrade_count: usize,
}

impl Gateway {
    /// In front of the server at `address`.
    pub fn start(address: &str, upgrades: Upgrades) -> anyhow::Result<Self> {
        let state = GatewayState { upgrades, to_lose: None, lost_count: 0, upgrade_count: 0 };
        let shared = Arc::new(Mutex::new(state));
        let (state, address) = (shared.clone(), address.to_owned());
        let port = listen(move |stream| pass_requests(BufStream::new(stream), address.clone(), state.clone()))?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), shared })
    }

    /// Drops the next answer that holds `text`, and the connection with it.
    pub fn lose_next(&self, text: &str) {
        lock(&self.shared).to_lose = Some(text.to_owned());
    }

    /// From now on upgrades pass.
    pub fn let_upgrades_through(&self) {
        lock(&self.shared).upgrades = Upgrades::Pass;
    }

    pub fn lost_count(&self) -> usize {
        lock(&self.shared).lost_count
    }

    /// How often somebody asked for another protocol.
    pub fn upgrade_count(&self) -> usize {
        lock(&self.shared).upgrade_count
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

async fn pass_requests(mut client: BufStream<TcpStream>, address: String, state: Arc<Mutex<GatewayState>>) -> anyhow::Result<()> {
    loop {
        let request = Head::read(&mut client).await?;
        if request.header("upgrade").is_some() {
            let upgrades = {
                let mut state = lock(&state);
                state.upgrade_count += 1;
                state.upgrades
            };
            return answer_upgrade(client, &request, &address, upgrades).await;
        }
        let body = request.body(&mut client).await?;
        let mut server = BufStream::new(TcpStream::connect(&address).await?);
        server.write_all(request.with_host(&address).as_bytes()).await?;
        server.write_all(&body).await?;
        server.flush().await?;
        let answered = async {
            let answer = Head::read(&mut server).await?;
            let body = answer.body(&mut server).await?;
            anyhow::Ok((answer, body))
        };
        let (answer, body) = tokio::select! {
            answered = answered => answered?,
            // Requests come one after the other: what comes now can only be the end.
            _ = client.fill_buf() => return Ok(()),
        };
        let is_lost = {
            let mut state = lock(&state);
            let text = String::from_utf8_lossy(&body);
            let is_lost = state.to_lose.as_ref().is_some_and(|to_lose| text.contains(to_lose.as_str()));
            if is_lost {
                state.to_lose = None;
                state.lost_count += 1;
            }
            is_lost
        };
        if is_lost {
            return Ok(());
        }
        client.write_all(answer.text.as_bytes()).await?;
        client.write_all(&body).await?;
        client.flush().await?;
    }
}

async fn answer_upgrade(mut client: BufStream<TcpStream>, request: &Head, address: &str, upgrades: Upgrades) -> anyhow::Result<()> {
    if upgrades == Upgrades::HangUp {
        return Ok(());
    }
    if let Upgrades::Refuse(status) = upgrades {
        client.write_all(format!("HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nNo").as_bytes()).await?;
        return Ok(client.flush().await?);
    }
    let mut server = TcpStream::connect(address).await?;
    server.write_all(request.with_host(address).as_bytes()).await?;
    let passed = copy_bidirectional(&mut client, &mut server);
    if upgrades == Upgrades::CutSoon {
        // The end of its time is what this one is about.
        let _ = tokio::time::timeout(CUT_AFTER, passed).await;
    } else {
        passed.await?;
    }
    Ok(())
}

/// The head of a request or an answer.
struct Head {
    text: String,
}

impl Head {
    async fn read(stream: &mut BufStream<TcpStream>) -> anyhow::Result<Self> {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            ensure!(stream.read_line(&mut text).await? > 0, "closed");
            ensure!(
                text.len() < HEAD_LEN_MAX
                    && text.lines().next().is_some_and(|line| line.contains(" HTTP/1.") || line.starts_with("HTTP/1.")),
                "not HTTP"
            );
        }
        Ok(Self { text })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    async fn body(&self, stream: &mut BufStream<TcpStream>) -> anyhow::Result<Vec<u8>> {
        ensure!(self.header("transfer-encoding").is_none(), "bodies of a length that is said are passed on, no others");
        let mut body = vec![0; self.header("content-length").unwrap_or("0").parse()?];
        stream.read_exact(&mut body).await?;
        Ok(body)
    }

    /// The same, asking for the server by the name that it knows, on a connection for this request alone.
    fn with_host(&self, host: &str) -> String {
        let kept = self.text.trim_end().lines().filter(|line| !line.to_ascii_lowercase().starts_with("host:"));
        kept.map(|line| format!("{line}\r\n")).collect::<String>() + &format!("host: {host}\r\n\r\n")
    }
}

/// A proxy that opens tunnels to the names that it knows, for whoever has the credentials.
pub struct ConnectProxy {
    pub port: u16,
    shared: Arc<Mutex<ProxyState>>,
}

struct ProxyState {
    /// Name and port that is asked for, and the address behind it.
    names: Vec<(String, String)>,
    /// `USER:PASSWORD`.
    credentials: Option<String>,
    /// Answered instead of a tunnel.
    refuse_with: Option<u16>,
    asked: Vec<String>,
}

impl ConnectProxy {
    pub fn start(credentials: Option<&str>) -> anyhow::Result<Self> {
        let state = ProxyState { names: Vec::new(), credentials: credentials.map(str::to_owned), refuse_with: None, asked: Vec::new() };
        let shared = Arc::new(Mutex::new(state));
        let state = shared.clone();
        let port = listen(move |stream| open_tunnel(BufStream::new(stream), state.clone()))?;
        Ok(Self { port, shared })
    }

    /// Makes a name and port known that nobody else knows.
    pub fn add_name(&self, name: &str, address: &str) {
        lock(&self.shared).names.push((name.to_owned(), address.to_owned()));
    }

    pub fn refuse_with(&self, status: Option<u16>) {
        lock(&self.shared).refuse_with = status;
    }

    /// What it was asked for by who had the credentials.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared).asked.clone()
    }
}

async fn open_tunnel(mut client: BufStream<TcpStream>, state: Arc<Mutex<ProxyState>>) -> anyhow::Result<()> {
    let request = Head::read(&mut client).await?;
    let target = request.text.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).context("a CONNECT")?.to_owned();
    let verdict = {
        let mut state = lock(&state);
        let wanted = state.credentials.as_ref().map(|plain| format!("Basic {}", base64(plain.as_bytes())));
        if wanted.as_deref() != request.header("proxy-authorization") {
            Err(407)
        } else if let Some(status) = state.refuse_with {
            Err(status)
        } else {
            state.asked.push(target.clone());
            let known = state.names.iter().find(|(name, _)| *name == target);
            known.map(|(_, address)| address.clone()).ok_or(502)
        }
    };
    let address = match verdict {
        Ok(address) => address,
        Err(status) => {
            client.write_all(format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").as_bytes()).await?;
            client.flush().await?;
            bail!("refused");
        }
    };
    let mut server = TcpStream::connect(address).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    client.flush().await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
