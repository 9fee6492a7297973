//! The simulated devices.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use taskey_agent::agent::{self, Config};
use taskey_agent::enroll::{SHIPPED_POLICY, Token, enroll};
use taskey_agent::executor::{News, Outcome, Scene};
use taskey_agent::state_dir::StateDir;
use taskey_agent::users::User;
use taskey_client::Client;
use taskey_proto::devices::{CreateEnrollToken, Labels};
use taskey_proto::runs::{State, Truncated};
use taskey_proto::tasks::Action;
use taskey_proto::{Span, id::DeviceId};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Devices that enrol at a time.
const ENROLLING_MAX: usize = 32;
const TOKEN_TTL: Span = Span::from_secs(3_600);
/// Uses of one token at most.
const TOKEN_USES_MAX: usize = 10_000;
const GATHER_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub struct Fleet {
    pub devices: Vec<DeviceId>,
    stop: watch::Sender<bool>,
    agents: JoinSet<()>,
}

impl Fleet {
    /// Enrols devices named `bench-1`, `bench-2` … and runs their agents.
    pub async fn start(client: &Client, folder: &Path, count: usize) -> anyhow::Result<Self> {
        let policy = folder.join("policy.d");
        std::fs::create_dir_all(&policy)?;
        std::fs::write(policy.join("10-default.toml"), SHIPPED_POLICY)?;
        let mut tokens = Vec::new();
        for first in (0..count).step_by(TOKEN_USES_MAX) {
            let uses = (count - first).min(TOKEN_USES_MAX) as u32;
            let asked = CreateEnrollToken {
                uses,
                ttl: TOKEN_TTL,
                labels: Labels::from([("bench".to_owned(), "yes".to_owned())]),
                groups: Vec::new(),
            };
            let made = client.create_enroll_token(&asked).await?;
            tokens.push(Arc::new(Token::parse(&made.token).context("the server's token")?));
        }
        let (stop, stopped) = watch::channel(false);
        let mut fleet = Self { devices: Vec::with_capacity(count), stop, agents: JoinSet::new() };
        let server = client.server();
        let enrolling = stream::iter((0..count).map(|number| {
            let state = StateDir::simulated(folder.join(format!("device-{number}")), policy.clone());
            let token = tokens[number / TOKEN_USES_MAX].clone();
            async move {
                let name = format!("bench-{}", number + 1);
                let identity = enroll(&state, server, &token, Some(&name)).await?;
                anyhow::Ok((identity.device, state))
            }
        }));
        let mut enrolled = enrolling.buffer_unordered(ENROLLING_MAX);
        while let Some((device, state)) = enrolled.try_next().await? {
            fleet.devices.push(device);
            let mut stopped = stopped.clone();
            let config = Config { simulated: Some(pretend), ..Config::new(state) };
            fleet.agents.spawn(async move {
                let shutdown = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
                // It ends early only where its state cannot be read; the device is then missing among the lines.
                let _ = agent::run(config, shutdown).await;
            });
        }
        Ok(fleet)
    }

    /// Waits until the server counts every device's line.
    pub async fn gather(&self, client: &Client) -> anyhow::Result<()> {
        let wanted = self.devices.len();
        let all = async {
            while lines(client).await < wanted {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(GATHER_WITHIN, all).await.is_err() {
            bail!("only {} of {wanted} devices are connected", lines(client).await);
        }
        Ok(())
    }

    /// Stops every agent.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.agents.join_next().await.is_some() {}
    }
}

/// How many lines the server holds; none while it cannot be asked.
async fn lines(client: &Client) -> usize {
    client.read_metric("taskey_lines").await.ok().flatten().map_or(0, |lines| lines as usize)
}

/// What a simulated device does: it says a word, and is done.
fn pretend<'a>(_: &'a Action, _: &'a User, scene: &'a Scene<'a>) -> BoxFuture<'a, Outcome> {
    Box::pin(async move {
        let started_at = scene.time.now();
        (scene.tell)(News::Started(started_at));
        (scene.tell)(News::Output(taskey_proto::runs::Stream::Output, b"done\n"));
        Outcome { state: State::Succeeded, code: Some(0), reason: None, truncated: Truncated::default(), started_at: Some(started_at) }
    })
}
