//! `taskeyd doctor`: what is wrong with this device, and what to do about it.
//!
//! It looks at one thing after the other, from the disk to the server's word on this device, and asks nothing that cannot be
//! answered any more: without an identity there is no server to ask. Nothing is changed, but a credential is used up.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use taskey_proto::Time;
use taskey_proto::agent::ServerIdentity;
use taskey_proto::doctor::{Finding, Verdict};
use taskey_proto::id::ExecutionId;
use taskey_proto::tasks::Limits;

use crate::cell::Cells;
use crate::connect::{self, ProxyFailure};
use crate::credential::{self, CredentialError, newest_time};
use crate::http::{self, HttpError};
use crate::identity::{Identity, IdentityError, Keys};
use crate::line::Way;
use crate::policy;
use crate::server_url::{ServerUrl, ServerUrlError};
use crate::state_dir::StateDir;
use crate::status::Status;
use crate::users::Users;

/// Free space below which the journal is in danger, and below which it is nearly over, in bytes.
const SPACE_LOW: u64 = 256 << 20;
const SPACE_OUT: u64 = 16 << 20;
/// How far the machine's clock may be from the server's before it is worth a word, in milliseconds.
const CLOCK_OFF_MS: i64 = 60_000;

/// Looks at everything that can be looked at.
pub async fn examine(state: &StateDir, users: &Users) -> Vec<Finding> {
    let mut findings = vec![disk(state.path()), policy(state), commands_user(state, users), limits(state)];
    match Identity::load(state) {
        Ok(identity) => {
            findings.push(Finding::ok("enrolled", format!("{} ({}) of {}", identity.name, identity.device, identity.organization)));
            findings.push(agent(state));
            findings.extend(server(state, &identity).await);
        }
        Err(error @ IdentityError::NotEnrolled(_)) => {
            findings.push(Finding::problem(
                "enrolled",
                error.to_string(),
                "make a token with `taskey enroll-tokens create`, then run `taskeyd enroll`",
            ));
        }
        Err(error) => findings.push(Finding::problem(
            "enrolled",
            error.to_string(),
            "restore the state folder, or enroll this machine anew in an empty one",
        )),
    }
    findings
}

fn disk(path: &Path) -> Finding {
    // The folder may be still to be made: its nearest parent has the same disk.
    let Some(there) = path.ancestors().find(|folder| folder.exists()) else {
        return Finding::problem("disk", format!("{} cannot be looked at", path.display()), "name the state folder with --state");
    };
    match rustix::fs::statvfs(there) {
        Err(error) => {
            Finding::problem("disk", format!("{}: {error}", there.display()), "mount the disk, or name another folder with --state")
        }
        Ok(disk) => {
            let free = disk.f_bavail * disk.f_frsize;
            let detail = format!("{} MiB free for {}", free >> 20, path.display());
            match free {
                ..SPACE_OUT => Finding::problem("disk", detail, "make room: without the journal nothing runs"),
                SPACE_OUT..SPACE_LOW => Finding::warning("disk", detail, "make room: output that waits for the server lies there"),
                _ => Finding::ok("disk", detail),
            }
        }
    }
}

fn policy(state: &StateDir) -> Finding {
    match policy::load(state.policy_dir()) {
        Ok(policy) => Finding::ok("policy", format!("{} as {}", policy.allow_actions.join(" "), policy.run_as.join(" "))),
        Err(error) => {
            let advice = format!("write or mend the files in {}; until then nothing runs", state.policy_dir().display());
            Finding::problem("policy", error.to_string(), advice)
        }
    }
}

/// As whom commands run that name no user.
fn commands_user(state: &StateDir, users: &Users) -> Finding {
    let Ok(policy) = policy::load(state.policy_dir()) else {
        return Finding::warning("user", "not known without a policy", "mend the policy first");
    };
    match policy.choose_user(None, &users.own(), users) {
        Ok(user) => Finding::ok("user", format!("commands that name no user run as {user}")),
        Err(refusal) => Finding::warning(
            "user",
            refusal.to_string(),
            "make the user `taskey`, or name another in `run_as` of the policy; else every action has to name one",
        ),
    }
}

fn limits(state: &StateDir) -> Finding {
    let some = Limits { tasks: Some(1), ..Limits::default() };
    match Cells::find(state.path()).word(&some) {
        "process_group" => Finding::warning(
            "limits",
            "control groups are not to be had here: actions with limits are refused",
            "give the agent a subtree of its own (`Delegate=yes` in its systemd unit), if limits are wanted",
        ),
        word => Finding::ok("limits", format!("by {word}")),
    }
}

fn agent(state: &StateDir) -> Finding {
    let start = "start it: `systemctl start taskeyd`, or `taskeyd run`";
    match Status::read(state) {
        Ok(Status { way: Some(Way::Poll), .. }) => {
            Finding::ok("agent", "runs, and its line is up, by poll: MQTT does not get through to the server, calls over HTTP do")
        }
        Ok(Status { way: Some(way), .. }) => Finding::ok("agent", format!("runs, and its line is up, by {}", way.word())),
        Ok(status) if status.running => {
            let why = status.detail.unwrap_or_else(|| status.line.to_owned());
            Finding::warning("agent", format!("runs without a line: {why}"), "what follows says where it ends")
        }
        Ok(_) => Finding::warning("agent", "does not run", start),
        Err(error) => Finding::problem("agent", error.to_string(), start),
    }
}

async fn server(state: &StateDir, identity: &Identity) -> Vec<Finding> {
    let newest = newest_time(state);
    let server = match identity.server_url((newest.ms() > 0).then_some(newest)) {
        Ok(server) => server,
        Err(error @ IdentityError::Server(ServerUrlError::Proxy(_))) => {
            return vec![Finding::problem("proxy", error.to_string(), "mend that variable, in the agent's unit too")];
        }
        Err(error) => return vec![Finding::problem("server", error.to_string(), "enroll this machine anew")],
    };
    let mut findings: Vec<Finding> = other_proxy(state, &server).into_iter().collect();
    findings.extend(reach(&server).await);
    if findings.iter().any(|finding| finding.verdict == Verdict::Problem) {
        return findings;
    }
    let shown: ServerIdentity = match http::get(&server, "/agent/v1/server", None).await {
        Ok(shown) => shown,
        Err(error) => {
            let advice = if server.tls().is_some() {
                "check what answers there: its certificate is not one that this device trusts, or it is no taskey"
            } else {
                "check what answers there"
            };
            findings.push(Finding::problem("answer", error.to_string(), advice));
            return findings;
        }
    };
    if shown.key != identity.server_key {
        let detail = format!("{server} is another server than the one that this device joined");
        findings.push(Finding::problem("answer", detail, "check the address, or enroll this machine anew"));
        return findings;
    }
    if shown.protocol < taskey_proto::PROTOCOL {
        let detail = format!("the server speaks protocol {}, this taskeyd {}", shown.protocol, taskey_proto::PROTOCOL);
        findings.push(Finding::warning("answer", detail, "update the server"));
    } else {
        findings.push(Finding::ok("answer", format!("it is the server that this device joined, and speaks protocol {}", shown.protocol)));
    }
    findings.extend(word_on_us(state, identity, &server).await);
    findings
}

/// The environment of whoever asks is not that of the agent, which a service manager starts.
fn other_proxy(state: &StateDir, server: &ServerUrl) -> Option<Finding> {
    let status = Status::read(state).ok().filter(|status| status.running)?;
    let own = server.proxy().map(ToString::to_string);
    let word = |proxy: &Option<String>| proxy.as_ref().map_or("no proxy".to_owned(), |proxy| format!("the proxy {proxy}"));
    let detail = format!("the agent uses {}, and this check {}", word(&status.proxy), word(&own));
    let advice = "give both the same variables (https_proxy and so on): the agent has those of its unit; what follows holds for this check";
    (own != status.proxy).then(|| Finding::warning("proxy", detail, advice))
}

/// The way to the server, with a word on the proxy where one is used.
async fn reach(server: &ServerUrl) -> Vec<Finding> {
    let begun = Instant::now();
    let reached = connect::reach(server).await;
    let ms = begun.elapsed().as_millis();
    let Some(proxy) = server.proxy() else {
        return vec![match reached {
            Ok(stream) => {
                let address = stream.peer_addr().map(|address| format!(" at {address}")).unwrap_or_default();
                Finding::ok("server", format!("{server} is reached{address} in {ms} ms"))
            }
            Err(error) => {
                Finding::problem("server", error.to_string(), "check its name, that it runs, and every firewall on the way to that port")
            }
        }];
    };
    let used = Finding::ok("proxy", format!("{proxy} is used (of {})", proxy.variable()));
    match reached {
        Ok(_) => vec![used, Finding::ok("server", format!("the proxy gets through to {server} in {ms} ms"))],
        Err(HttpError::Proxy { failure: failure @ ProxyFailure::Gateway { .. }, .. }) => {
            let advice = "check the server's name, that it runs, and the proxy's way to it";
            vec![used, Finding::problem("server", format!("the proxy {proxy} {failure}"), advice)]
        }
        Err(error) => {
            let advice = match &error {
                HttpError::Proxy { failure: ProxyFailure::Unreachable(_), .. } => {
                    format!("check that address in {}, or name the server in no_proxy", proxy.variable())
                }
                HttpError::Proxy { failure: ProxyFailure::WantsCredentials | ProxyFailure::WrongCredentials, .. } => {
                    format!("put user and password into {}, as http://USER:PASSWORD@HOST:PORT", proxy.variable())
                }
                HttpError::Proxy { failure: ProxyFailure::Denied { .. }, .. } => {
                    format!("have {} allowed there for CONNECT, or name the server in no_proxy", server.target())
                }
                _ => format!("check that {} names an HTTP proxy", proxy.variable()),
            };
            vec![Finding::problem("proxy", error.to_string(), advice)]
        }
    }
}

/// What the server says of this device, and of the time.
async fn word_on_us(state: &StateDir, identity: &Identity, server: &ServerUrl) -> Vec<Finding> {
    let keys = match Keys::load(state) {
        Ok(keys) => keys,
        Err(error) => {
            return vec![Finding::problem(
                "keys",
                error.to_string(),
                "restore the state folder, or give this device new keys with `taskey devices rekey`",
            )];
        }
    };
    let credential = match credential::obtain(state, identity, &keys.signing, server).await {
        Ok(credential) => credential,
        Err(error) => {
            let advice = match &error {
                CredentialError::OldEpoch { .. } => {
                    "another restore of this server has been in touch with this device; its operator restores again with `--epoch` above that number"
                }
                CredentialError::Counter(_) => "make the state folder writable for the agent, and make room",
                _ => "check that this is the server that this device joined",
            };
            return vec![Finding::problem("sign-in", error.to_string(), advice)];
        }
    };
    let mut findings = vec![clock(credential.server_time)];
    // An execution that nobody has: the answer tells whether this device may ask at all.
    let nothing = ExecutionId::new(Default::default());
    let asked: Result<serde_json::Value, _> = http::get(server, &format!("/agent/v1/orders/{nothing}"), Some(&credential.text)).await;
    findings.push(match asked {
        Ok(_) | Err(HttpError::Refused { status: 404, .. }) => Finding::ok("sign-in", "the server lets this device in"),
        Err(HttpError::Refused { detail, .. }) => Finding::problem(
            "sign-in",
            detail,
            "if it was removed there, enroll it anew; if it is in quarantine, give it new keys with `taskey devices rekey`",
        ),
        Err(error) => Finding::problem("sign-in", error.to_string(), "try again, and look at the server's log"),
    });
    findings
}

fn clock(server_time: Time) -> Finding {
    let own = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let off_ms = own - server_time.ms();
    if off_ms.abs() <= CLOCK_OFF_MS {
        return Finding::ok("clock", "agrees with the server's");
    }
    let detail = format!("{} s {} the server's", off_ms.abs() / 1_000, if off_ms > 0 { "ahead of" } else { "behind" });
    Finding::warning("clock", detail, "set it: taskey goes by the server's time, but commands and certificates go by this one")
}

/// For people: a line for each finding, and what to do below it.
pub fn table(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let verdict = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "PROBLEM",
        };
        let advice = finding.advice.as_ref().map(|advice| format!("{:>19} {advice}\n", "->")).unwrap_or_default();
        format!("{:<10}{verdict:<9} {}\n{advice}", finding.check, finding.detail)
    };
    findings.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, StateDir) {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().join("state")));
        (folder, state)
    }

    #[tokio::test]
    async fn a_machine_that_is_not_enrolled_is_told_what_to_do_and_no_server_is_asked() {
        let (_folder, state) = state();
        let findings = examine(&state, &Users::default()).await;
        let of = |check: &str| findings.iter().find(|finding| finding.check == check).unwrap();
        assert_eq!((of("disk").verdict, of("policy").verdict, of("enrolled").verdict), (Verdict::Ok, Verdict::Problem, Verdict::Problem));
        assert!(of("enrolled").advice.as_ref().unwrap().contains("taskeyd enroll"));
        assert!(findings.iter().all(|finding| finding.check != "server"));
        assert!(table(&findings).contains("policy    PROBLEM"));
    }

    #[test]
    fn a_clock_is_judged_by_the_servers_time() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        assert_eq!(clock(Time::from_ms(now)).verdict, Verdict::Ok);
        let behind = clock(Time::from_ms(now + 3_600_500));
        assert_eq!((behind.verdict, behind.detail.as_str()), (Verdict::Warning, "3600 s behind the server's"));
        assert!(clock(Time::from_ms(0)).detail.contains("ahead of"));
    }
}
