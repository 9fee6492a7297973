//! What can be done with runs: start and cancel.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::StatusCode;
use taskey_proto::access::Role;
use taskey_proto::crypto::sha256;
use taskey_proto::document::{
    AUTHORIZATION_CONTEXT, Authorization, DISPATCH_CONTEXT, Dispatch, Order, Proof, SignedDocument, TARGETS_NAMED_MAX, Tree, leaf,
};
use taskey_proto::id::{DeviceId, ExecutionId, NodeId, OrganizationId, RunId, UserId};
use taskey_proto::problem::{Code, FieldError, Reason};
use taskey_proto::runs::{
    Cause, DeviceRef, EXPIRES_DEFAULT, EXPIRES_MAX, Execution, Run, RunTask, StartRun, State, TARGETS_MAX, WhenOffline,
};
use taskey_proto::tasks::{Action, OnFailure, check_actions};
use taskey_proto::{Span, Time};

use super::delivery;
use super::jobs::QUEUED;
use super::model::{begin, final_state, open_state, report_by};
use super::store::{self, End, OpenExecution, RunRow, Until};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Verb};
use crate::features::devices::{Target, first_removed, scopes_of, targets};
use crate::features::secrets::missing;
use crate::features::tasks::{SignedTask, insert_document, load_task, named_secrets, signed_task};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::{ApiResult, check};

/// The number of a run's first try.
const FIRST: u32 = 1;
/// Executions changed in one transaction.
const CHUNK: usize = 200;

/// Starts a run and sends it to the devices that are online.
pub(super) async fn start_run(app: &App, permit: &Permit, start: StartRun, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    check(start_errors(&start))?;
    if app.quiet.is_on(&app.db).await? {
        let detail = "This server was restored from a backup and starts nothing until its operator ends that: `taskey quiet show`, then `taskey quiet end`.";
        return Err(ApiError::new(Code::Quiet, detail));
    }
    let organization = permit.organization();
    let task = task_to_run(app, permit, &start).await?;
    // Before anything is looked up: which secrets and devices there are is not for everybody.
    let permit = &may_start(permit, &start, &task)?;
    check_secrets(app, organization, &start, &task).await?;
    let targets = targets::resolve(app, permit, &start.targets, TARGETS_MAX).await?;
    check_targets(app, permit, &task, &targets).await?;
    let kind = if permit.principal().is_person() { "manual" } else { "api" };
    let origin = Origin {
        run: RunId::new(app.uuid()),
        cause: Cause { kind: kind.to_owned(), by: permit.principal().actor_name(), slot: None },
        user: Some(permit.principal().user),
    };
    let waiting = Waiting { when_offline: start.when_offline, expires_in: start.expires_in.unwrap_or(EXPIRES_DEFAULT) };
    let started = Started::prepare(app, origin, waiting, task, targets)?;
    let sending = started.to_send();
    let input = (Actor::from(permit), started, once);
    let answer = app
        .db
        .write(input, |tx, (actor, started, once)| {
            Box::pin(async move {
                if let Some(once) = once
                    && let Some(answer) = once.recall(tx).await?
                {
                    return Ok(answer);
                }
                started.insert(tx, actor).await?;
                let answer = Answer::new(StatusCode::ACCEPTED, Some(format!("/api/v1/runs/{}", started.run.id)), &started.run)?;
                if let Some(once) = once {
                    once.remember(tx, &answer, started.run.created_at).await?;
                }
                Ok::<_, ApiError>(answer)
            })
        })
        .await?;
    if !answer.replayed {
        send_started(app, sending).await;
    }
    Ok(answer)
}

/// After the commit: the orders of devices that are online.
pub(super) async fn send_started(app: &App, orders: Vec<Order>) {
    metrics::counter!("taskey_runs_started_total").increment(1);
    for order in orders {
        delivery::send_order(app, order).await;
    }
}

fn start_errors(start: &StartRun) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match (&start.task, &start.actions) {
        (Some(_), Some(_)) => errors.push(FieldError::new("/actions", "name a task or give actions, not both")),
        (None, None) => errors.push(FieldError::new("/task", "name a task, or give actions")),
        (None, Some(actions)) => errors.extend(check_actions("/actions", actions)),
        (Some(_), None) => {}
    }
    errors.extend(targets::field_errors(&start.targets));
    if start.expires_in.is_some_and(|span| span.ms() == 0 || span > EXPIRES_MAX) {
        errors.push(FieldError::new("/expires_in", format!("more than 0s and at most {EXPIRES_MAX}")));
    }
    errors
}

async fn task_to_run(app: &App, permit: &Permit, start: &StartRun) -> ApiResult<SignedTask> {
    match (&start.task, &start.actions) {
        (Some(word), _) => task_named(app, permit.organization(), word).await,
        (None, actions) => {
            let actions = actions.as_deref().unwrap_or_default();
            signed_task(app, &exec_name(actions), OnFailure::Stop, actions)
        }
    }
}

pub(super) async fn task_named(app: &App, organization: OrganizationId, word: &str) -> ApiResult<SignedTask> {
    let found = load_task(app, organization, word).await?;
    found.ok_or_else(|| ApiError::invalid_field("/task", format!("there is no task `{word}`")))
}

/// Every secret that is named must be there: a run that lacks one could only fail, device by device.
async fn check_secrets(app: &App, organization: OrganizationId, start: &StartRun, task: &SignedTask) -> ApiResult<()> {
    let names = named_secrets(&task.bytes);
    let mut errors = Vec::new();
    for name in missing(&app.db, organization, names.iter().map(String::as_str)).await? {
        let pointer = match &start.actions {
            None => "/task".to_owned(),
            Some(actions) => secret_pointer(actions, name),
        };
        errors.push(FieldError::new(pointer, format!("there is no secret `{name}`; set it with `taskey secrets set {name} --stdin`")));
    }
    check(errors)
}

fn secret_pointer(actions: &[Action], name: &str) -> String {
    let places = actions
        .iter()
        .enumerate()
        .flat_map(|(index, action)| action.secrets().into_iter().map(move |(place, secret)| (format!("/actions/{index}{place}"), secret)));
    places.into_iter().find(|(_, secret)| *secret == name).map_or_else(|| "/actions".to_owned(), |(place, _)| place)
}

/// How a run of actions that are not a task is called: by its first program.
fn exec_name(actions: &[Action]) -> String {
    match actions.first() {
        Some(Action::Command(command)) => format!("exec {}", command.command),
        _ => "exec script".to_owned(),
    }
    .chars()
    .filter(|c| !c.is_control())
    .take(100)
    .collect()
}

/// Leave to start it anywhere at all. Actions that name secrets need an admin of the whole organization, since whoever writes the actions
/// can read what they are given.
fn may_start(permit: &Permit, start: &StartRun, task: &SignedTask) -> ApiResult<Permit> {
    if start.actions.is_none() {
        return Ok(permit.clone());
    }
    if !named_secrets(&task.bytes).is_empty() {
        permit.also(Verb::WriteSecrets)?;
    }
    permit.also(Verb::Exec)
}

/// What is started must be allowed on every device.
async fn check_targets(app: &App, permit: &Permit, task: &SignedTask, targets: &[Target]) -> ApiResult<()> {
    let refusals = refusals(app, permit, needed_role(task.self_service), targets).await?;
    refusals.into_iter().next().map_or(Ok(()), |(_, refusal)| Err(refusal))
}

/// A task that is not marked for self-service, and actions that are no task, need an admin on each device.
pub(super) fn needed_role(self_service: bool) -> Role {
    if self_service { Role::SelfService } else { Role::Admin }
}

/// Those of the devices on which one has not this role, each with why that is too little.
pub(super) async fn refusals<'a>(app: &App, permit: &Permit, role: Role, targets: &'a [Target]) -> ApiResult<Vec<(&'a Target, ApiError)>> {
    let ids: Vec<DeviceId> = targets.iter().map(|target| target.id).collect();
    // Who may do the same everywhere needs no look at where each of them is.
    let scopes = if permit.is_uniform() { HashMap::new() } else { scopes_of(&mut &app.db, &ids).await? };
    let refusal = |target: &'a Target| {
        let scopes = scopes.get(&target.id).map_or(&[][..], Vec::as_slice);
        permit.at_least(role, scopes, &target.name).err().map(|refusal| (target, refusal))
    };
    Ok(targets.iter().filter_map(refusal).collect())
}

/// Who or what starts a run.
pub(super) struct Origin {
    pub run: RunId,
    pub cause: Cause,
    pub user: Option<UserId>,
}

/// What becomes of a run's executions whose devices are offline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub when_offline: WhenOffline,
    pub expires_in: Span,
}

/// A run as it will be written: everything decided and signed before the transaction begins.
pub(super) struct Started {
    node: NodeId,
    epoch: u64,
    user: Option<UserId>,
    run: Run,
    task: SignedTask,
    authorization: SignedDocument,
    dispatch: SignedDocument,
    proofs: Vec<Proof>,
    until: Until,
    open_count: u64,
}

impl Started {
    pub(super) fn prepare(app: &App, origin: Origin, waiting: Waiting, task: SignedTask, targets: Vec<Target>) -> ApiResult<Self> {
        let now = app.now();
        let id = origin.run;
        let expires_at = now.plus_ms(waiting.expires_in.ms() as i64);
        let executions: Vec<Execution> = targets
            .into_iter()
            .map(|target| {
                let beginning = begin(target.online, waiting.when_offline);
                Execution {
                    id: ExecutionId::new(app.uuid()),
                    run: id,
                    device: DeviceRef { id: target.id, name: target.name },
                    finished_at: beginning.state.is_final().then_some(now),
                    state: beginning.state,
                    reason: beginning.reason,
                    created_at: now,
                    started_at: None,
                    isolation: None,
                    actions: Vec::new(),
                }
            })
            .collect();
        let tree = Tree::new(executions.iter().map(|execution| leaf(execution.id, execution.device.id, FIRST)).collect());
        let named = (executions.len() <= TARGETS_NAMED_MAX).then(|| executions.iter().map(|execution| execution.device.id).collect());
        let authorization =
            Authorization { task_digest: sha256(&task.bytes).to_vec(), devices: named, valid_from: now, valid_until: expires_at };
        let authorization = SignedDocument::sign(&app.keys.signing, AUTHORIZATION_CONTEXT, &authorization).map_err(ApiError::internal)?;
        let dispatch = Dispatch {
            run: id,
            authorization_digest: authorization.digest().to_vec(),
            epoch: app.epoch,
            number: FIRST,
            root: tree.root().to_vec(),
            issued_at: now,
            valid_until: expires_at,
        };
        let dispatch = SignedDocument::sign(&app.keys.signing, DISPATCH_CONTEXT, &dispatch).map_err(ApiError::internal)?;
        let states = || executions.iter().map(|execution| execution.state);
        let open_count = states().filter(|state| !state.is_final()).count() as u64;
        let state = if open_count == 0 { final_state(states()) } else { open_state(states()) };
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for state in states() {
            *counts.entry(state.word().to_owned()).or_default() += 1;
        }
        let run = Run {
            id,
            task: RunTask { id: task.id, name: task.name.clone(), version: task.version },
            cause: origin.cause,
            state,
            reason: None,
            created_at: now,
            finished_at: (open_count == 0).then_some(now),
            counts,
            executions: Some(executions),
        };
        let proofs = (0..run.executions.iter().flatten().count()).map(|index| tree.proof(index)).collect();
        let until = Until { expires_at, report_by: report_by(expires_at, task.timeout_ms) };
        Ok(Self { node: app.node, epoch: app.epoch, user: origin.user, run, task, authorization, dispatch, proofs, until, open_count })
    }

    /// The orders of the devices that are online.
    pub(super) fn to_send(&self) -> Vec<Order> {
        let executions = self.run.executions.iter().flatten().zip(&self.proofs);
        executions
            .filter(|(execution, _)| execution.state == State::Dispatched)
            .map(|(execution, proof)| Order {
                execution: execution.id,
                device: execution.device.id,
                task: self.task.bytes.clone(),
                authorization: self.authorization.clone(),
                dispatch: self.dispatch.clone(),
                proof: proof.clone(),
                secrets: Vec::new(),
            })
            .collect()
    }

    pub(super) async fn insert(&self, tx: &mut Tx<'_>, actor: &Actor) -> ApiResult<()> {
        let (organization, now) = (actor.organization, self.run.created_at);
        insert_document(tx, organization, &self.task).await?;
        store::insert_run(tx, organization, &self.run, self.user, &self.task.digest, self.open_count).await?;
        let count = self.proofs.len() as u64;
        store::insert_run_document(tx, self.run.id, &self.authorization, &self.dispatch, count).await?;
        let executions: Vec<_> = self.run.executions.iter().flatten().zip(&self.proofs).collect();
        let devices: Vec<DeviceId> = executions.iter().map(|(execution, _)| execution.device.id).collect();
        if let Some(removed) = first_removed(tx, organization, &devices).await? {
            let name = executions.get(removed).map(|(execution, _)| execution.device.name.as_str()).unwrap_or_default();
            return Err(ApiError::new(Code::NotFound, format!("The device `{name}` was removed in the meantime.")));
        }
        for some in executions.chunks(store::EXECUTIONS_AT_ONCE) {
            store::insert_executions(tx, organization, some, self.until, self.epoch).await?;
        }
        let subject = self.run.id.to_string();
        let data = serde_json::json!({"task": self.run.task, "state": self.run.state, "devices": count});
        record(tx, actor, now, "run.started", &subject, &data).await?;
        // The node that sends the orders of the devices on its lines; the others see to theirs when they read this.
        let data = serde_json::json!({"task": self.run.task, "state": self.run.state, "devices": count, "node": self.node});
        tx.announce(Announce { organization, name: "run.started", subject: &subject, at: now, data: &data }).await?;
        if self.run.executions.iter().flatten().any(|execution| execution.state == State::Queued) {
            tx.wake(QUEUED.to_owned());
        }
        if self.open_count == 0 {
            tx.announce(Announce { organization, name: "run.finished", subject: &subject, at: now, data: &data }).await?;
        }
        Ok(())
    }
}

struct CancelInput {
    node: NodeId,
    permit: Permit,
    actor: Actor,
    run: RunId,
    now: Time,
}

/// Cancels what is still open: what waits ends at once, what was dispatched is ended by its device.
pub(super) async fn cancel_run(app: &App, permit: &Permit, run: RunId) -> ApiResult<()> {
    let by = permit.principal().actor_name();
    loop {
        let input = CancelInput { node: app.node, permit: permit.clone(), actor: Actor::from(permit), run, now: app.now() };
        let asked = app.db.write(input, |tx, input| Box::pin(cancel_some(tx, input))).await?;
        let is_done = asked.len() < CHUNK;
        for execution in asked {
            delivery::send_cancel(app, execution.device, execution.id, &by);
        }
        if is_done {
            return Ok(());
        }
    }
}

/// Cancels a bounded number; answers those whose devices are to be told.
async fn cancel_some(tx: &mut Tx<'_>, input: &CancelInput) -> ApiResult<Vec<OpenExecution>> {
    let organization = input.actor.organization;
    let row = store::run_of_organization(tx, input.permit.sight(), input.run).await?.ok_or_else(no_run)?;
    check_cancel(tx, &input.permit, &row).await?;
    if row.open_count == 0 {
        return Err(ApiError::new(Code::RunOver, format!("It ended as {}; there is nothing left to cancel.", row.run.state.word())));
    }
    let asked = cancel_executions(tx, input.run, &input.actor.name, input.now).await?;
    let subject = input.run.to_string();
    record(tx, &input.actor, input.now, "run.cancelled", &subject, &serde_json::json!({"asked": asked.len()})).await?;
    // The node that asks the devices on its lines; the others see to theirs.
    let data = serde_json::json!({"asked": asked.len(), "node": input.node});
    tx.announce(Announce { organization, name: "run.cancelled", subject: &subject, at: input.now, data: &data }).await?;
    Ok(asked)
}

/// Ends what waits of a run, and marks what its devices are to end; answers the latter.
async fn cancel_executions(tx: &mut Tx<'_>, run: RunId, by: &str, now: Time) -> Result<Vec<OpenExecution>, DbError> {
    let open: Vec<_> = store::open_executions_of_run(tx, run, CHUNK).await?;
    let mut asked = Vec::new();
    for execution in open.into_iter().filter(|execution| execution.cancelled_by.is_none()) {
        store::set_cancelled_by(tx, execution.id, by).await?;
        // What waits on its device for its time to come, or has begun there unheard, is ended by the device.
        if execution.state == State::Queued {
            let reason = Reason::new("cancelled", format!("Cancelled by {by} before it was sent."));
            end_execution(tx, &execution, &End::by_server(State::Cancelled, reason, now), now).await?;
        } else {
            asked.push(execution);
        }
    }
    Ok(asked)
}

/// Cancels what is open of a run, without anybody's leave: for the server itself.
pub(super) async fn cancel_open(app: &App, run: RunId, by: &str) -> Result<(), DbError> {
    loop {
        let input = (run, by.to_owned(), app.now());
        let asked = app.db.write(input, |tx, (run, by, now)| Box::pin(cancel_executions(tx, *run, by, *now))).await?;
        let is_done = asked.len() < CHUNK;
        for execution in asked {
            delivery::send_cancel(app, execution.device, execution.id, by);
        }
        if is_done {
            return Ok(());
        }
    }
}

/// One's own run is cancelled with what it took to start it; another one's by an admin.
async fn check_cancel(tx: &mut Tx<'_>, permit: &Permit, row: &RunRow) -> ApiResult<()> {
    let user = permit.principal().user;
    let role = if row.user == Some(user) { Role::SelfService } else { Role::Admin };
    if permit.is_uniform() {
        return permit.at_least(role, &[], "its devices");
    }
    let Some(beyond) = store::device_beyond(tx, row.run.id, user, role).await? else { return Ok(()) };
    let scopes = scopes_of(tx, &[beyond.id]).await?.remove(&beyond.id).unwrap_or_default();
    permit.at_least(role, &scopes, &beyond.name)
}

/// Writes the end of an execution and, with the last one, that of its run. The one place where either happens.
pub(super) async fn end_execution(tx: &mut Tx<'_>, execution: &OpenExecution, end: &End, now: Time) -> Result<(), DbError> {
    store::set_ended(tx, execution.id, end).await?;
    tx.wake(execution.id.to_string());
    // An end that corrects an earlier one was counted then.
    let (left, whole) = if execution.state.is_final() {
        (store::open_count(tx, execution.run).await?, false)
    } else {
        let left = store::count_down(tx, execution.run, end, now).await?;
        (left.open_count, left.target_count == 1)
    };
    metrics::counter!("taskey_executions_ended_total", "state" => end.state.word()).increment(1);
    let (organization, subject) = (execution.organization, execution.run.to_string());
    if left > 0 {
        let data = serde_json::json!({"execution": execution.id, "state": end.state});
        return tx.announce(Announce { organization, name: "run.changed", subject: &subject, at: now, data: &data }).await;
    }
    let (state, counts) = if whole {
        (end.state, BTreeMap::from([(end.state.word().to_owned(), 1)]))
    } else {
        let counts = store::counts_of_run(tx, None, execution.run).await?;
        let state = final_state(counts.keys().filter_map(|word| State::from_word(word)));
        store::set_run_over(tx, execution.run, state, now).await?;
        (state, counts)
    };
    let data = serde_json::json!({"state": state, "counts": counts});
    tx.announce(Announce { organization, name: "run.finished", subject: &subject, at: now, data: &data }).await
}

pub(super) fn no_run() -> ApiError {
    ApiError::not_found("run")
}
