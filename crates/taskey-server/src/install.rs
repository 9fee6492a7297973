//! What a machine needs to become a device: the script `/install.sh` and the agent's binaries, public and outside the API's document.
//!
//! The server's own binary holds no agent. It looks for `taskeyd-linux-ARCHITECTURE` in its folders of agents whenever it is asked, and writes their
//! digests into the script, which refuses any other binary. Nothing here is secret, and no token passes here: the script hands its token to `taskeyd enroll`.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as InPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::crypto::hex;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::app::App;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::platform::tls::AgentTrust;

const SCRIPT: &str = include_str!("../../../deploy/install/install.sh");
const UNIT: &str = include_str!("../../../deploy/systemd/taskeyd.service");
const POLICY: &str = include_str!("../../taskey-agent/policy/10-default.toml");
const SHIPPED_POLICIES: &str = include_str!("../../../deploy/deb/taskey-agent/shipped-policies");
/// Where the package of the server puts the agent.
const PACKAGED: &str = "/usr/share/taskey/agents";
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];
const PIECE_LEN: usize = 64 * 1024;

/// Whether people can be told to type `curl SERVER/install.sh` on a device, or have to bring the script there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Direct,
    /// The server shows a certificate under its own root, which no device trusts by itself.
    ByHand,
}

pub fn routes() -> Router<App> {
    Router::new().route("/install.sh", get(script)).route("/install/{name}", get(binary))
}

/// What to type to install an agent and enrol a machine, the token aside; `None` where the server has no agent to give.
pub fn command(app: &App) -> Option<String> {
    ARCHITECTURES.iter().any(|architecture| app.agents.find(architecture).is_some()).then(|| match reach(&app.agent_trust) {
        Reach::Direct => format!("curl -fsSL {}/install.sh -o install.sh\nsudo sh install.sh", app.public_url),
        Reach::ByHand => "taskey install-script | ssh root@DEVICE 'cat >install.sh'\nssh -t root@DEVICE sh install.sh".to_owned(),
    })
}

fn reach(trust: &AgentTrust) -> Reach {
    if own_root(trust).is_some() { Reach::ByHand } else { Reach::Direct }
}

fn own_root(trust: &AgentTrust) -> Option<String> {
    match trust {
        AgentTrust::Roots(certificates) => certificates.root_of_everyone(),
        AgentTrust::SigningKey | AgentTrust::WebPki => None,
    }
}

/// The agent's binaries that this server can give.
pub struct Agents {
    /// The first that has a binary gives it.
    folders: Vec<PathBuf>,
    /// By path, each with what told the file when it was read.
    digests: Mutex<HashMap<PathBuf, (Mark, String)>>,
}

/// Tells whether a file is still the one that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    inode: u64,
    len: u64,
    /// Seconds, and nanoseconds beside them.
    modified_at: (i64, i64),
}

impl Agents {
    /// Those in `named`, or where none is named in the data folder and where the package puts them.
    pub fn new(named: Option<&Path>, data: &Path) -> Self {
        let folders = named.map_or_else(|| vec![data.join("agents"), PACKAGED.into()], |named| vec![named.to_owned()]);
        Self { folders, digests: Mutex::default() }
    }

    fn find(&self, architecture: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| folder.join(file_name(architecture))).find(|path| path.is_file())
    }

    /// An agent's SHA-256, in hex; each file is read once.
    async fn digest(&self, path: &Path) -> io::Result<String> {
        let known = self.known().get(path).cloned();
        let file = path.to_owned();
        let (mark, digest) = tokio::task::spawn_blocking(move || digest_of(&file, known)).await.map_err(io::Error::other)??;
        self.known().insert(path.to_owned(), (mark, digest.clone()));
        Ok(digest)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, (Mark, String)>> {
        self.digests.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn digest_of(path: &Path, known: Option<(Mark, String)>) -> io::Result<(Mark, String)> {
    let mut file = std::fs::File::open(path)?;
    let mark = Mark::of(&file.metadata()?);
    if let Some(known) = known.filter(|(of, _)| *of == mark) {
        return Ok(known);
    }
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut piece = vec![0; PIECE_LEN];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((mark, hex(context.finish().as_ref()))),
            len => context.update(&piece[..len]),
        }
    }
}

impl Mark {
    fn of(file: &Metadata) -> Self {
        Self { inode: file.ino(), len: file.len(), modified_at: (file.mtime(), file.mtime_nsec()) }
    }
}

fn file_name(architecture: &str) -> String {
    format!("taskeyd-linux-{architecture}")
}

async fn script(State(app): State<App>) -> ApiResult<Response> {
    let mut digests = Vec::new();
    for architecture in ARCHITECTURES {
        digests.push(match app.agents.find(architecture) {
            Some(path) => app.agents.digest(&path).await.map_err(ApiError::internal)?,
            None => String::new(),
        });
    }
    let text = render(&app.public_url, [&digests[0], &digests[1]], own_root(&app.agent_trust).as_deref());
    // Shown, not saved, to who opens it in a browser: it is there to be read.
    let headers = [(header::CONTENT_TYPE, "text/x-shellscript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, text).into_response())
}

fn render(server: &str, digests: [&str; 2], root: Option<&str>) -> String {
    let policies: Vec<&str> = SHIPPED_POLICIES.lines().filter(|line| !line.starts_with('#')).collect();
    let words = [
        ("SERVER", server),
        ("VERSION", env!("CARGO_PKG_VERSION")),
        ("SHA256_X86_64", digests[0]),
        ("SHA256_AARCH64", digests[1]),
        ("SHIPPED_POLICIES", &policies.join(" ")),
        ("OWN_ROOT", if root.is_some() { "yes" } else { "no" }),
    ];
    let script = words.iter().fold(SCRIPT.to_owned(), |script, (name, value)| script.replace(&format!("'@{name}@'"), &quoted(value)));
    let texts = [("ROOT", root.unwrap_or_default()), ("POLICY", POLICY), ("UNIT", &unit())];
    texts.iter().fold(script, |script, (name, text)| script.replace(&format!("\n@{name}@\n"), &format!("\n{}\n", text.trim_end())))
}

/// The unit of the package, for a binary that no package brings.
fn unit() -> String {
    let lines = UNIT.lines().filter(|line| !line.starts_with("Documentation="));
    lines.map(|line| line.replace("/usr/bin/taskeyd", "/usr/local/bin/taskeyd") + "\n").collect()
}

/// One word of a shell, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

async fn binary(State(app): State<App>, InPath(name): InPath<String>, headers: HeaderMap) -> ApiResult<Response> {
    let asked = ARCHITECTURES.into_iter().find(|architecture| file_name(architecture) == name);
    let path = asked.and_then(|architecture| app.agents.find(architecture)).ok_or_else(|| ApiError::not_found("agent"))?;
    let etag = format!("\"{}\"", app.agents.digest(&path).await.map_err(ApiError::internal)?);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let file = File::open(&path).await.map_err(ApiError::internal)?;
    let len = file.metadata().await.map_err(ApiError::internal)?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, len.to_string()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, etag),
    ];
    Ok((headers, Body::from_stream(futures_util::stream::try_unfold(file.take(len), next_piece))).into_response())
}

async fn next_piece(mut file: tokio::io::Take<File>) -> io::Result<Option<(Bytes, tokio::io::Take<File>)>> {
    let mut piece = BytesMut::with_capacity(PIECE_LEN);
    let len = file.read_buf(&mut piece).await?;
    Ok((len > 0).then(|| (piece.freeze(), file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_script_is_left_to_fill_in() {
        let script = render("https://tasks.example.org", ["aa", ""], Some("-----BEGIN CERTIFICATE-----\n"));
        for name in SCRIPT.split('@').filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
            assert!(!script.contains(&format!("@{name}@")), "{name}");
        }
        assert!(!script.contains("@SHA256"));
        for line in ["SERVER='https://tasks.example.org'", "SHA256_X86_64='aa'", "SHA256_AARCH64=''", "OWN_ROOT='yes'", "[Service]"] {
            assert!(script.lines().any(|found| found == line), "{line}");
        }
        assert!(script.ends_with("\nmain \"$@\"\n"), "half a script does nothing");
    }

    #[test]
    fn the_unit_is_the_packages_with_the_binary_where_the_script_puts_it() {
        let changed: Vec<(&str, String)> =
            UNIT.lines().map(|line| (line, line.replace("/usr/bin/", "/usr/local/bin/"))).filter(|(line, new)| line != new).collect();
        assert_eq!(changed, [("ExecStart=/usr/bin/taskeyd run", "ExecStart=/usr/local/bin/taskeyd run".to_owned())]);
        assert!(unit().contains("\nExecStart=/usr/local/bin/taskeyd run\n") && !unit().contains("Documentation="));
    }

    #[test]
    fn an_address_is_one_word_of_the_script_whatever_it_holds() {
        let script = render("https://a'$(id)'b", ["", ""], None);
        assert!(script.contains(r"SERVER='https://a'\''$(id)'\''b'"));
    }

    #[tokio::test]
    async fn a_binary_that_was_replaced_has_another_digest() {
        let folder = tempfile::tempdir().unwrap();
        let agents = Agents::new(Some(folder.path()), Path::new("/nonexistent"));
        assert_eq!(agents.find("x86_64"), None);
        let path = folder.path().join("taskeyd-linux-x86_64");
        std::fs::write(&path, "one").unwrap();
        let found = agents.find("x86_64").unwrap();
        let first = agents.digest(&found).await.unwrap();
        assert_eq!(first, hex(&taskey_proto::crypto::sha256(b"one")));
        assert_eq!(agents.digest(&found).await.unwrap(), first);
        let beside = folder.path().join("new");
        std::fs::write(&beside, "two").unwrap();
        std::fs::rename(&beside, &path).unwrap();
        assert_eq!(agents.digest(&found).await.unwrap(), hex(&taskey_proto::crypto::sha256(b"two")));
    }
}
