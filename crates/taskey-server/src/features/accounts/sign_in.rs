//! Whose user name and password it is. The answer, and how long it takes, never tell whether the name exists.

use taskey_proto::Time;
use taskey_proto::accounts::SignIn;
use taskey_proto::problem::Code;

use super::audit::{Actor, record};
use super::store::{self, Candidate};
use super::throttle::{Closed, Guess, JustClosed, Throttle};
use super::{hasher::Hasher, password};
use crate::app::App;
use crate::platform::db::DbError;
use crate::platform::http::ApiError;
use crate::platform::http::guard::RequestContext;
use crate::platform::http::problem::ApiResult;

/// The one user whose name and password these are.
pub(super) async fn prove(app: &App, context: &RequestContext, sign_in: &SignIn, now: Time) -> ApiResult<Candidate> {
    let guess = Guess::new(&sign_in.username, &context.address);
    let candidates = store::users_named(&app.db, &sign_in.username, sign_in.organization.as_deref()).await?;
    let known: Vec<Candidate> = candidates.clone();
    match try_password(&app.hasher, &app.sign_in_throttle, guess, sign_in.password.clone(), candidates, now).await? {
        Outcome::Proven(candidate) => Ok(candidate),
        Outcome::Closed(closed) => Err(too_many(closed, now)),
        Outcome::Wrong(closed) => {
            if closed.address.is_some() {
                tracing::warn!(address = context.address, "fifty failures to sign in; it is closed for five minutes");
            }
            note_refusal(app, context, &known, &sign_in.username, closed, now);
            let detail = "Check both; where the same user name exists in several organizations, name the organization too.";
            Err(ApiError::new(Code::InvalidCredentials, detail))
        }
    }
}

enum Outcome {
    Proven(Candidate),
    Wrong(JustClosed),
    /// No password was looked at.
    Closed(Closed),
}

async fn try_password(
    hasher: &Hasher,
    throttle: &Throttle,
    guess: Guess,
    password: String,
    candidates: Vec<Candidate>,
    now: Time,
) -> ApiResult<Outcome> {
    let users: Vec<_> = candidates.iter().map(|candidate| candidate.user).collect();
    // What is closed does not wait for its turn.
    if let Err(closed) = throttle.admit(&guess, &users, now) {
        return Ok(Outcome::Closed(closed));
    }
    let throttle = throttle.clone();
    // Asked again, and counted, where the password is looked at: many guesses that are sent at once all find it open when they come.
    let work = move || {
        let admitted = match throttle.admit(&guess, &users, now) {
            Ok(admitted) => admitted,
            Err(closed) => return Outcome::Closed(closed),
        };
        let mut matching: Vec<Candidate> = Vec::new();
        if admitted.is_empty() {
            password::matches(&password, None);
        }
        for candidate in candidates.into_iter().filter(|candidate| admitted.contains(&candidate.user)) {
            if password::matches(&password, Some(&candidate.password_hash)) {
                matching.push(candidate);
            }
        }
        match (matching.pop(), matching.is_empty()) {
            (Some(only), true) => {
                throttle.succeeded(&guess, only.user, now);
                Outcome::Proven(only)
            }
            _ => Outcome::Wrong(throttle.failed(&guess, now)),
        }
    };
    hasher.run(work).await
}

/// The same words for every reason: which it was would say more about a name than somebody who does not know its password should hear.
fn too_many(closed: Closed, now: Time) -> ApiError {
    let secs = closed.retry_after_secs(now);
    let wait = if secs > 90 { format!("{} minutes", secs.div_ceil(60)) } else { format!("{secs} seconds") };
    let detail = format!("Too many failures to sign in, and no password is looked at meanwhile; try again in {wait}.");
    ApiError::new(Code::TooManyAttempts, detail).retry_after(secs)
}

/// Writes the refusal into the log of those whose name it was, after the answer: waiting for it would tell that there is such a user.
fn note_refusal(app: &App, context: &RequestContext, known: &[Candidate], username: &str, closed: JustClosed, now: Time) {
    for candidate in known {
        let actor = Actor {
            organization: candidate.organization,
            kind: "system",
            id: String::new(),
            name: String::new(),
            user: None,
            address: context.address.clone(),
            request: context.id.to_string(),
        };
        let (db, user, username) = (app.db.clone(), candidate.user.to_string(), username.to_owned());
        tokio::spawn(async move {
            let noted: Result<(), DbError> = db
                .write((actor, user, username, closed, now), |tx, (actor, user, username, closed, now)| {
                    Box::pin(async move {
                        let detail = serde_json::json!({"username": username});
                        record(tx, actor, *now, "user.sign_in_refused", user, &detail).await?;
                        for (from, closed) in [("here", closed.here), ("everywhere", closed.everywhere)] {
                            let Some(closed) = closed else { continue };
                            let detail = serde_json::json!({"username": username, "from": from, "until": closed.until});
                            record(tx, actor, *now, "user.locked", user, &detail).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            if let Err(error) = noted {
                tracing::warn!(%error, "a refusal to sign in was not written to the audit log");
            }
        });
    }
}
