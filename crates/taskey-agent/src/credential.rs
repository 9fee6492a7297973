//! Signing in without trusting the device's clock: the server gives a signed nonce, the device signs it with a counter.
//!
//! The counter is on disk before a credential is used, under a lock of its own that is held while the nonce is asked for, because
//! `taskeyd run` and `taskeyd credential` count in the same file. The newest signed time lies beside it: an old challenge, replayed to a
//! restarted agent, cannot turn its time back.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::agent::{AskChallenge, AskedChallenge, CHALLENGE_CONTEXT, Challenge, CredentialClaim, make_credential};
use taskey_proto::crypto::SigningKey;
use taskey_proto::document::{DocumentError, SignedDocument};
use tokio::time::{Instant, sleep};

use crate::http::{self, HttpError};
use crate::identity::{Identity, IdentityError};
use crate::server_url::ServerUrl;
use crate::state_dir::{Durability, Lock, StateDir, replace_file};

const COUNTER_FILE: &str = "counter.json";
const COUNTER_LOCK: &str = "counter.lock";
const LOCK_TIME_MAX: Duration = Duration::from_secs(30);
const LOCK_LOOK_EVERY: Duration = Duration::from_millis(10);

/// A credential, and what the server said on the way.
pub struct Credential {
    pub text: String,
    pub server_time: Time,
    pub epoch: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the challenge is not believed: {0}")]
    Challenge(#[from] DocumentError),
    #[error("the challenge is for another device or from another server")]
    Foreign,
    #[error("the challenge is of epoch {found}, but this device has seen {known}: the server runs on an older copy of its database")]
    OldEpoch { found: u64, known: u64 },
    #[error("the counter cannot be written: {0}")]
    Counter(#[from] io::Error),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the credential cannot be made: {0}")]
    Make(#[from] serde_json::Error),
}

/// Asks for a challenge and answers it.
pub async fn obtain(state: &StateDir, identity: &Identity, key: &SigningKey, server: &ServerUrl) -> Result<Credential, CredentialError> {
    // Whoever asks later must count higher, or the server takes the two for copies of one another.
    let lock = wait_for_lock(state).await?;
    let asked: AskedChallenge = http::post(server, "/agent/v1/challenge", None, &AskChallenge { device: identity.device }).await?;
    let challenge = check(identity, &asked.challenge)?;
    let counter = count_up(state, challenge.time)?;
    drop(lock);
    let learned = learn(identity, &challenge);
    if learned != *identity {
        server.trust_roots(&learned.roots);
        learned.save(state)?;
    }
    let claim = CredentialClaim { device: identity.device, server: identity.server, nonce: challenge.nonce, counter };
    Ok(Credential { text: make_credential(key, &claim)?, server_time: challenge.time, epoch: challenge.epoch })
}

/// The identity with what a challenge tells: the epoch, and the server's roots where this device trusts by roots at all.
fn learn(identity: &Identity, challenge: &Challenge) -> Identity {
    let by_roots = !identity.roots.is_empty() && !challenge.roots.is_empty();
    let roots = if by_roots { challenge.roots.clone() } else { identity.roots.clone() };
    Identity { epoch: challenge.epoch, roots, ..identity.clone() }
}

/// The newest signed time that this device has seen, in this life or an earlier one.
pub fn newest_time(state: &StateDir) -> Time {
    read_counter(state).map_or(Time::from_ms(0), |counter| counter.newest)
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Counter {
    counter: u64,
    newest: Time,
}

fn check(identity: &Identity, document: &SignedDocument) -> Result<Challenge, CredentialError> {
    let challenge: Challenge = document.open(&identity.server_key, CHALLENGE_CONTEXT, "challenge")?;
    if challenge.device != identity.device || challenge.server != identity.server {
        return Err(CredentialError::Foreign);
    }
    if challenge.epoch < identity.epoch {
        return Err(CredentialError::OldEpoch { found: challenge.epoch, known: identity.epoch });
    }
    Ok(challenge)
}

/// The next number, durable before it is returned. Only for who holds the lock.
fn count_up(state: &StateDir, signed: Time) -> io::Result<u64> {
    let before = match read_counter(state) {
        Ok(counter) => counter,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Counter { counter: 0, newest: Time::from_ms(0) },
        Err(error) => return Err(error),
    };
    let after = Counter { counter: before.counter + 1, newest: before.newest.max(signed) };
    replace_file(&state.file(COUNTER_FILE), &serde_json::to_vec(&after)?, 0o600, Durability::Durable)?;
    Ok(after.counter)
}

/// The right to ask and to count, until it is dropped. Others have it for as long as one request takes.
async fn wait_for_lock(state: &StateDir) -> io::Result<Lock> {
    let give_up_at = Instant::now() + LOCK_TIME_MAX;
    loop {
        match state.try_lock(COUNTER_LOCK)? {
            Some(lock) => return Ok(lock),
            None if Instant::now() < give_up_at => sleep(LOCK_LOOK_EVERY).await,
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn read_counter(state: &StateDir) -> io::Result<Counter> {
    Ok(serde_json::from_slice(&std::fs::read(state.file(COUNTER_FILE))?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskey_proto::id::{DeviceId, InstanceId};
    use uuid::Uuid;

    struct World {
        key: SigningKey,
        identity: Identity,
    }

    fn world() -> World {
        let (key, _) = SigningKey::generate().unwrap();
        let identity = Identity {
            device: DeviceId::new(Uuid::from_u128(1)),
            name: "web-1".to_owned(),
            organization: "acme".to_owned(),
            server_url: "http://127.0.0.1:1".to_owned(),
            server: InstanceId::new(Uuid::from_u128(2)),
            server_key: key.public_key(),
            roots: vec!["r1".to_owned()],
            epoch: 3,
        };
        World { key, identity }
    }

    fn challenge(world: &World) -> Challenge {
        Challenge {
            device: world.identity.device,
            server: world.identity.server,
            epoch: 3,
            nonce: "n".to_owned(),
            time: Time::from_ms(1_000),
            roots: Vec::new(),
        }
    }

    fn verdict(world: &World, key: &SigningKey, challenge: &Challenge) -> Result<Challenge, CredentialError> {
        check(&world.identity, &SignedDocument::sign(key, CHALLENGE_CONTEXT, challenge).unwrap())
    }

    #[test]
    fn a_challenge_counts_only_from_the_pinned_server_for_this_device_and_epoch() {
        let world = world();
        let (other, _) = SigningKey::generate().unwrap();
        assert!(verdict(&world, &world.key, &challenge(&world)).is_ok());
        assert!(matches!(verdict(&world, &other, &challenge(&world)), Err(CredentialError::Challenge(_))));
        let foreign = Challenge { device: DeviceId::new(Uuid::from_u128(9)), ..challenge(&world) };
        assert!(matches!(verdict(&world, &world.key, &foreign), Err(CredentialError::Foreign)));
        let old = Challenge { epoch: 2, ..challenge(&world) };
        assert!(matches!(verdict(&world, &world.key, &old), Err(CredentialError::OldEpoch { found: 2, known: 3 })));
        assert!(verdict(&world, &world.key, &Challenge { epoch: 4, ..challenge(&world) }).is_ok());
    }

    #[test]
    fn roots_are_learned_only_where_trust_goes_by_roots() {
        let world = world();
        let told = Challenge { roots: vec!["r1".to_owned(), "r2".to_owned()], ..challenge(&world) };
        assert_eq!(learn(&world.identity, &told).roots, ["r1", "r2"]);
        assert_eq!(learn(&world.identity, &challenge(&world)).roots, ["r1"], "a server without roots takes none away");
        let public = Identity { roots: Vec::new(), ..world.identity.clone() };
        assert!(learn(&public, &told).roots.is_empty());
    }

    #[test]
    fn the_counter_goes_up_and_the_newest_time_never_back() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        assert_eq!(newest_time(&state), Time::from_ms(0));
        assert_eq!(count_up(&state, Time::from_ms(5_000)).unwrap(), 1);
        assert_eq!(count_up(&state, Time::from_ms(1_000)).unwrap(), 2);
        assert_eq!(newest_time(&state), Time::from_ms(5_000));
    }

    #[test]
    fn a_damaged_counter_is_an_error_and_not_a_new_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        std::fs::write(state.file(COUNTER_FILE), b"{").unwrap();
        assert!(count_up(&state, Time::from_ms(1)).is_err());
    }
}
