//! The agent as a whole, in process, against a server that speaks the real line.

mod process;
mod server;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use server::{Server, now};
use taskey_agent::Config;
use taskey_agent::identity::{Identity, Keys};
use taskey_agent::state_dir::StateDir;
use taskey_agent::status::Status;
use taskey_proto::Time;
use taskey_proto::agent::SendOutput;
use taskey_proto::crypto::sha256;
use taskey_proto::document::{
    AUTHORIZATION_CONTEXT, Authorization, CANCEL_CONTEXT, Cancel, DISPATCH_CONTEXT, Dispatch, Order, SignedDocument, TaskDocument, Tree,
    leaf,
};
use taskey_proto::id::{DeviceId, ExecutionId, RunId};
use taskey_proto::line::{CHUNK_LEN_MAX, Down, Finished, Up};
use taskey_proto::runs::State;
use taskey_proto::tasks::OnFailure;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A device and its server; the agent is started by [`World::start`].
struct World {
    folder: tempfile::TempDir,
    state: StateDir,
    server: Server,
    number: u128,
    /// When orders are signed.
    time: Time,
}

struct Agent {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), taskey_agent::RunError>>,
}

impl Agent {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it at once, as a power cut would.
    async fn cut(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::new(Some(folder.path().join("state")));
    state.create().unwrap();
    let keys = Keys::generate().unwrap();
    keys.save(&state).unwrap();
    let server = Server::start(DeviceId::new(Uuid::from_u128(1)), keys.signing.public_key()).await;
    let identity = Identity {
        device: server.device,
        name: "web-1".to_owned(),
        organization: "acme".to_owned(),
        server_url: server.url.clone(),
        server: server.id,
        server_key: server.key.public_key(),
        roots: Vec::new(),
        epoch: 1,
    };
    identity.save(&state).unwrap();
    std::fs::create_dir(state.policy_dir()).unwrap();
    let policy = format!(
        "allow_actions = [\"COMMAND\", \"SCRIPT\"]\nrun_as = [\"{}\"]\nsigners = [\"server\"]\nmax_concurrent = 2\n",
        taskey_agent::users::own_name().unwrap()
    );
    std::fs::write(state.policy_dir().join("10.toml"), policy).unwrap();
    World { folder, state, server, number: 0, time: now() }
}

impl World {
    /// Starts the agent and waits for its first message.
    async fn start(&mut self) -> (Agent, taskey_proto::line::Sync) {
        let (stop, stopped) = oneshot::channel();
        let config = Config { kill_grace: Duration::from_millis(300), ..Config::new(self.state.clone()) };
        let task = tokio::spawn(taskey_agent::run(config, async {
            let _ = stopped.await;
        }));
        let Up::Sync(sync) = self.server.told().await else { panic!("the first message is a sync") };
        (Agent { stop, task }, sync)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn script(&mut self, content: &str) -> Order {
        self.order(json!([{"type": "SCRIPT", "content": content, "user": taskey_agent::users::own_name().unwrap()}]))
    }

    fn order(&mut self, actions: Value) -> Order {
        self.number += 1;
        // The mark by which processes are found must be this test's alone.
        let port: u128 = self.server.url.rsplit(':').next().unwrap().parse().unwrap();
        let execution = ExecutionId::new(Uuid::from_u128(u128::from(std::process::id()) << 64 | port << 32 | self.number));
        let key = &self.server.key;
        let task = TaskDocument { name: "t".to_owned(), on_failure: OnFailure::Stop, actions: serde_json::from_value(actions).unwrap() };
        let task = serde_json::to_vec(&task).unwrap();
        let authorization = Authorization {
            task_digest: sha256(&task).to_vec(),
            devices: Some(vec![self.server.device]),
            valid_from: self.time,
            valid_until: self.time.plus_ms(3_600_000),
        };
        let authorization = SignedDocument::sign(key, AUTHORIZATION_CONTEXT, &authorization).unwrap();
        let tree = Tree::new(vec![leaf(execution, self.server.device, 1)]);
        let dispatch = Dispatch {
            run: RunId::new(Uuid::from_u128(5)),
            authorization_digest: authorization.digest().to_vec(),
            epoch: 1,
            number: 1,
            root: tree.root().to_vec(),
            issued_at: self.time,
            valid_until: self.time.plus_ms(3_600_000),
        };
        let dispatch = SignedDocument::sign(key, DISPATCH_CONTEXT, &dispatch).unwrap();
        Order { execution, device: self.server.device, task, authorization, dispatch, proof: tree.proof(0), secrets: Vec::new() }
    }

    fn execute(&self, order: &Order) {
        self.server.send(&Down::Execute(Box::new(order.clone())));
    }

    fn cancel(&self, execution: ExecutionId) {
        let cancel = Cancel { execution, device: self.server.device, by: "ann".to_owned(), issued_at: now() };
        self.server.send(&Down::Cancel { document: SignedDocument::sign(&self.server.key, CANCEL_CONTEXT, &cancel).unwrap() });
    }

    /// The next end, and all output of it that was told on the way.
    async fn end(&mut self) -> (Finished, String) {
        let mut output = Vec::new();
        loop {
            match self.server.told_of_work().await {
                Up::Output { chunks, .. } => output.extend(chunks.into_iter().flat_map(|chunk| chunk.data)),
                Up::Finished(finished) => {
                    output.extend(finished.chunks.iter().flat_map(|chunk| chunk.data.clone()));
                    return (*finished, String::from_utf8(output).unwrap());
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn an_order_runs_and_its_end_is_told_at_once() {
    let mut world = world().await;
    let (agent, sync) = world.start().await;
    assert_eq!(sync.held, []);
    assert_eq!(sync.policy["max_concurrent"], 2);
    let status = Status::read(&world.state).unwrap();
    assert!(status.running && status.connected);

    let order = world.script("echo hello; echo trouble >&2; exit 3");
    world.execute(&order);
    let Up::Finished(finished) = world.server.told_of_work().await else { panic!("a short execution is told by its end alone") };
    assert_eq!(finished.execution, order.execution);
    assert_eq!((finished.state, finished.actions[0].code), (State::Failed, Some(3)));
    assert!(finished.started_at.unwrap() >= now() && finished.finished_at < now().plus_ms(60_000));
    assert_eq!(finished.chunks.iter().map(|chunk| chunk.seq).collect::<Vec<_>>(), [1, 2]);

    agent.stop().await;
    assert!(!Status::read(&world.state).unwrap().running);
}

#[tokio::test]
async fn output_is_told_while_the_execution_runs() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let go = world.path("go");
    let order = world.script(&format!("echo one; while [ ! -e {} ]; do sleep 0.01; done; echo two", go.display()));
    world.execute(&order);
    assert!(matches!(world.server.told_of_work().await, Up::Started { execution, .. } if execution == order.execution));
    let Up::Output { chunks, .. } = world.server.told_of_work().await else { panic!("output") };
    assert_eq!(chunks[0].data, b"one\n");
    std::fs::write(&go, "").unwrap();
    let (finished, output) = world.end().await;
    assert_eq!((finished.state, output.as_str()), (State::Succeeded, "two\n"));
    agent.stop().await;
}

#[tokio::test]
async fn an_order_that_comes_again_is_answered_and_not_run_again() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let witness = world.path("witness");
    let order = world.script(&format!("echo ran >> {}", witness.display()));
    world.execute(&order);
    world.execute(&order);
    let (first, _) = world.end().await;
    world.execute(&order);
    let (again, _) = world.end().await;
    assert_eq!((again.execution, again.state), (first.execution, first.state));
    assert_eq!(std::fs::read_to_string(&witness).unwrap(), "ran\n");
    agent.stop().await;

    let (agent, _) = world.start().await;
    world.execute(&order);
    world.end().await;
    assert_eq!(std::fs::read_to_string(&witness).unwrap(), "ran\n");
    agent.stop().await;
}

/// Whoever recorded an order can send it again, as often and as late as they like.
#[tokio::test]
async fn a_captured_order_that_is_replayed_later_is_refused_and_never_runs_again() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let mark = world.path("ran");
    let captured = world.script(&format!("echo once >> {}", mark.display()));
    world.execute(&captured);
    assert_eq!(world.end().await.0.state, State::Succeeded);
    agent.stop().await;

    // Hours later, when it is forgotten: its time is over by what the server signs, whatever the device's own clock says.
    world.time = now().plus_ms(2 * 3_600_000);
    world.server.set_clock(world.time, 1);
    let (agent, _) = world.start().await;
    let later = world.script("true");
    world.execute(&later);
    assert_eq!(world.end().await.0.state, State::Succeeded);
    world.execute(&captured);
    let (again, _) = world.end().await;
    assert_eq!((again.execution, again.state), (captured.execution, State::Expired));

    // For an execution that was not in it, it is worth nothing either.
    let moved = Order { execution: ExecutionId::new(Uuid::from_u128(77)), ..later };
    world.execute(&moved);
    assert_eq!(world.end().await.0.reason.unwrap().code, "not_included");
    let kept_back = world.script(&format!("echo twice >> {}", mark.display()));
    agent.stop().await;

    // Nor is one that is still valid, once the server was restored.
    world.server.set_clock(world.time, 2);
    let (agent, _) = world.start().await;
    world.execute(&kept_back);
    assert_eq!(world.end().await.0.reason.unwrap().code, "old_epoch");
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "once\n");
    agent.stop().await;
}

#[tokio::test]
async fn an_end_that_was_not_acknowledged_is_told_over_the_next_line_and_by_the_next_agent() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    world.server.acknowledge(false);
    let order = world.script("echo kept");
    world.execute(&order);
    let (first, _) = world.end().await;

    world.server.break_line();
    let Up::Sync(sync) = world.server.told().await else { panic!("a new line begins with a sync") };
    assert_eq!(sync.held, [order.execution]);
    let (second, output) = world.end().await;
    assert_eq!((second.execution, output.as_str()), (first.execution, "kept\n"));

    agent.cut().await;
    world.server.acknowledge(true);
    let (agent, sync) = world.start().await;
    assert_eq!(sync.held, [order.execution]);
    let (third, output) = world.end().await;
    assert_eq!((third, output.as_str()), (second, "kept\n"));
    agent.stop().await;
    assert_eq!(Status::read(&world.state).unwrap().open_executions, []);
}

#[tokio::test]
async fn a_cancelled_execution_ends_and_one_that_has_not_come_yet_never_runs() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let running = world.script("echo on; sleep 600");
    world.execute(&running);
    assert!(matches!(world.server.told_of_work().await, Up::Started { .. }));
    world.cancel(running.execution);
    let (finished, _) = world.end().await;
    assert_eq!((finished.state, finished.actions[0].code), (State::Cancelled, Some(143)));
    assert_eq!(finished.reason.unwrap().detail, "action 1: cancelled by ann");

    let witness = world.path("witness");
    let late = world.script(&format!("touch {}", witness.display()));
    world.cancel(late.execution);
    assert_eq!(world.end().await.0.state, State::Cancelled);
    world.execute(&late);
    assert_eq!(world.end().await.0.state, State::Cancelled);
    assert!(!witness.exists());
    agent.stop().await;
}

#[tokio::test]
async fn what_is_too_much_at_once_waits_for_its_turn() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let go = world.path("go");
    let wait = format!("while [ ! -e {} ]; do sleep 0.01; done", go.display());
    let orders = [world.script(&wait), world.script(&wait), world.script("echo third")];
    for order in &orders {
        world.execute(order);
    }
    for _ in 0..2 {
        assert!(matches!(world.server.told_of_work().await, Up::Started { execution, .. } if execution != orders[2].execution));
    }
    std::fs::write(&go, "").unwrap();
    let mut ended = Vec::new();
    for _ in 0..3 {
        ended.push(world.end().await.0.execution);
    }
    // The third may overtake the second, but not both.
    assert_ne!(ended[0], orders[2].execution);
    assert!(ended.contains(&orders[2].execution));
    agent.stop().await;
}

#[tokio::test]
async fn a_refused_order_is_told_with_its_reason() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let mut order = world.script("true");
    order.task[3] ^= 1;
    world.execute(&order);
    let (finished, _) = world.end().await;
    assert_eq!((finished.state, finished.reason.unwrap().code.as_str()), (State::Rejected, "task_altered"));

    std::fs::remove_file(world.state.policy_dir().join("10.toml")).unwrap();
    let order = world.script("true");
    world.execute(&order);
    let (finished, _) = world.end().await;
    assert_eq!((finished.state, finished.reason.unwrap().code.as_str()), (State::Rejected, "policy_missing"));
    agent.stop().await;
}

#[tokio::test]
async fn a_large_order_is_fetched_with_a_credential() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let order = world.script(&format!("# {}\necho large", "x".repeat(300_000)));
    world.server.offer(format!("/agent/v1/orders/{}", order.execution), serde_json::to_string(&order).unwrap());
    world.server.send(&Down::Fetch { execution: order.execution });
    assert_eq!(world.end().await.1, "large\n");
    agent.stop().await;
}

#[tokio::test]
async fn a_server_that_names_a_flood_of_orders_is_asked_for_some_at_a_time() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    world.server.keep_waiting(true);
    for _ in 0..200 {
        let order = world.script("true");
        world.server.offer(format!("/agent/v1/orders/{}", order.execution), serde_json::to_string(&order).unwrap());
        world.server.send(&Down::Fetch { execution: order.execution });
    }
    // It comes after them all.
    let order = world.script("echo done");
    world.execute(&order);
    assert_eq!(world.end().await.1, "done\n");
    world.server.keep_waiting(false);
    // Once there is room again it says what it holds, and the server names the others again.
    while !matches!(world.server.told().await, Up::Sync(_)) {}
    assert_eq!(world.server.asked_count(), 64);
    agent.stop().await;
}

#[tokio::test]
async fn output_that_is_too_much_for_a_message_goes_over_http_and_goes_on_where_it_was() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let order = world.script("head -c 700000 /dev/zero | tr '\\0' x");
    let path = format!("/agent/v1/executions/{}/output", order.execution);
    // An earlier try has brought the first two pieces.
    world.server.offer(path.clone(), r#"{"next": 3}"#.to_owned());
    world.execute(&order);
    // Nothing is acknowledged, so that at the second line everything is still to be told.
    world.server.acknowledge(false);
    world.execute(&order);
    let mut seen: BTreeSet<u64> = [1, 2].into();
    let mut end = told_of_end(&mut world, &mut seen).await;
    if world.server.posted(&path).is_empty() {
        world.server.acknowledge(true);
        world.server.break_line();
        end = told_of_end(&mut world, &mut seen).await;
    }
    assert!(end.chunks.is_empty(), "the end comes alone");
    let posted = world.server.posted(&path);
    assert!(!posted.is_empty());
    let posted = posted.iter().flat_map(|body| serde_json::from_str::<SendOutput>(body).unwrap().chunks);
    for chunk in posted {
        assert!(chunk.seq >= 3);
        seen.insert(chunk.seq);
    }
    let last = 700_000_u64.div_ceil(CHUNK_LEN_MAX as u64);
    assert!(seen.len() as u64 >= last && seen.iter().copied().eq(1..=seen.len() as u64), "{seen:?}");
    agent.stop().await;
}

/// The next end; the numbers of the pieces that come before it are added to `seen`.
async fn told_of_end(world: &mut World, seen: &mut BTreeSet<u64>) -> Finished {
    loop {
        match world.server.told_of_work().await {
            Up::Output { chunks, .. } => seen.extend(chunks.iter().map(|chunk| chunk.seq)),
            Up::Finished(finished) => return *finished,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_stopping_agent_ends_what_runs_and_tells_it() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let order = world.script("sleep 600");
    world.execute(&order);
    assert!(matches!(world.server.told_of_work().await, Up::Started { .. }));
    agent.stop().await;
    let (finished, _) = world.end().await;
    assert_eq!((finished.state, finished.actions[0].reason.as_ref().unwrap().code.as_str()), (State::Cancelled, "agent_stopped"));
}

#[tokio::test]
async fn two_agents_do_not_share_a_state() {
    let mut world = world().await;
    let (agent, _) = world.start().await;
    let second = taskey_agent::run(Config::new(world.state.clone()), std::future::pending()).await;
    assert!(matches!(second, Err(taskey_agent::RunError::AlreadyRunning(_))));
    agent.stop().await;
}
