//! `READ_FILE` and `HTTP_REQUEST`: an errand of the agent, run like any other program.

use std::ffi::OsString;
use std::os::fd::OwnedFd;

use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use taskey_proto::tasks::{ActionCommon, Header, HttpRequest, KeyValue, ReadFile};

use super::{Outcome, Scene, process};
use crate::errand::http::HeaderLine;
use crate::errand::{self, Errand, HttpErrand, ReadErrand, Verdict};
use crate::spawn::Launch;
use crate::users::User;

const FORM: &str = "application/x-www-form-urlencoded";

pub async fn read_file(file: &ReadFile, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let errand = ReadErrand { path: (&file.path).into(), len_max: file.len_max(), rules: scene.rules.paths.clone() };
    run(Errand::Read(errand), common, user, scene).await
}

pub async fn http_request(request: &HttpRequest, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    match http_errand(request, scene) {
        Ok(errand) => run(Errand::Http(errand), common, user, scene).await,
        Err(reason) => Outcome::not_started(State::Failed, reason),
    }
}

fn http_errand(request: &HttpRequest, scene: &Scene<'_>) -> Result<HttpErrand, Reason> {
    let value_of = |pair: &KeyValue| scene.secrets.value_of(pair).map(str::to_owned);
    let header = |header: &Header| -> Result<HeaderLine, Reason> {
        Ok(match header {
            Header::Line(line) => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                HeaderLine { name: name.to_owned(), value: value.trim().to_owned(), private: false }
            }
            Header::Pair(pair) => HeaderLine { name: pair.key.clone(), value: value_of(pair)?, private: pair.secret.is_some() },
        })
    };
    let mut headers = request.headers.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    if let Some(broken) = headers.iter().find(|line| line.value.contains(['\r', '\n', '\0'])) {
        return Err(Reason::new("bad_header", format!("the value of {} holds a line break", broken.name)));
    }
    let mut body = request.body.as_ref().map(|body| body.clone().into_bytes());
    if !request.form.is_empty() {
        let fields = request.form.iter().map(|pair| Ok((pair.key.as_str(), value_of(pair)?))).collect::<Result<Vec<_>, Reason>>()?;
        body = Some(form_body(&fields).into_bytes());
        if !headers.iter().any(|line| line.name.eq_ignore_ascii_case("content-type")) {
            headers.push(HeaderLine { name: "Content-Type".to_owned(), value: FORM.to_owned(), private: false });
        }
    }
    Ok(HttpErrand {
        method: request.request_method.word().to_owned(),
        url: request.request_url.clone(),
        headers,
        body,
        expect_status: request.expect_status.clone(),
        follow_redirects: request.follow_redirects,
        hosts: scene.rules.hosts.clone(),
    })
}

/// Fields as the URL standard writes them in a form: space as `+`, everything but letters, digits and `*-._` as `%XX`.
fn form_body(fields: &[(&str, String)]) -> String {
    let encode = |text: &str| {
        let byte = |byte: u8| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    fields.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect::<Vec<_>>().join("&")
}

async fn run(errand: Errand, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let files = serde_json::to_vec(&errand).map_err(Into::into).and_then(|text| {
        let errand = errand::nameless_file("taskey-errand", &text, true)?;
        let verdict = errand::nameless_file("taskey-verdict", b"", false)?;
        // The process gets files of its own, for its copy of the verdict ends with it.
        Ok::<_, std::io::Error>((verdict.try_clone()?, errand, verdict))
    });
    let (verdict, own_errand, own_verdict) = match files {
        Ok(files) => files,
        Err(error) => return Outcome::not_started(State::Failed, Reason::new("start_failed", format!("no file for the errand: {error}"))),
    };
    let environment = own_environment();
    let common = ActionCommon { environment: &environment, ..common };
    let launch = Launch {
        program: scene.own_program.as_os_str().to_owned(),
        arguments: errand::arguments(&own_errand, &own_verdict),
        common,
        inherited: vec![OwnedFd::from(own_errand), OwnedFd::from(own_verdict)],
        secrets: scene.secrets,
        name: OsString::from("the agent's own program"),
    };
    let outcome = process::run(launch, user, scene).await;
    if outcome.started_at.is_none() || matches!(outcome.state, State::TimedOut | State::Cancelled) {
        // An exit code would say nothing: this is not a program of the device.
        return Outcome { code: None, ..outcome };
    }
    match errand::read_verdict(&verdict) {
        Some(verdict) => judged(outcome, verdict),
        None => {
            let detail = outcome.reason.map_or_else(|| "it ended without a verdict".to_owned(), |reason| reason.detail);
            let reason = Reason::new("errand_failed", format!("the agent's own process broke: {detail}"));
            Outcome { state: State::Failed, code: None, reason: Some(reason), ..outcome }
        }
    }
}

/// Where the device's owner has told the agent to look for certificates, errands look too.
fn own_environment() -> Vec<KeyValue> {
    let names = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter();
    names.filter_map(|name| Some(KeyValue { key: name.to_owned(), value: Some(std::env::var(name).ok()?), secret: None })).collect()
}

fn judged(outcome: Outcome, verdict: Verdict) -> Outcome {
    let mut truncated = outcome.truncated;
    truncated.output |= verdict.truncated;
    Outcome { state: verdict.state, code: verdict.code, reason: verdict.reason, truncated, started_at: outcome.started_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_the_standard_says() {
        let fields = [("a b", "1&2=3".to_owned()), ("\u{e4}", "*-._~".to_owned()), ("a b", String::new())];
        assert_eq!(form_body(&fields), "a+b=1%262%3D3&%C3%A4=*-._%7E&a+b=");
    }
}
