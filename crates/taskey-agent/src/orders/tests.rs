//! Orders against signatures and policies.

use super::*;
use serde_json::{Value, json};
use taskey_proto::crypto::{SigningKey, sha256};
use taskey_proto::document::{AUTHORIZATION_CONTEXT, Authorization, DISPATCH_CONTEXT, Dispatch, SignedDocument, TaskDocument, Tree, leaf};
use taskey_proto::id::{DeviceId, ExecutionId, InstanceId, RunId};
use taskey_proto::tasks::OnFailure;
use uuid::Uuid;

struct World {
    folder: tempfile::TempDir,
    key: SigningKey,
    identity: Identity,
    keys: Keys,
    own: String,
}

fn world(policy: Option<&str>) -> World {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policy.d")).unwrap();
    if let Some(policy) = policy {
        std::fs::write(folder.path().join("policy.d/10.toml"), policy).unwrap();
    }
    let (key, _) = SigningKey::generate().unwrap();
    let identity = Identity {
        device: DeviceId::new(Uuid::from_u128(1)),
        name: "web-1".to_owned(),
        organization: "acme".to_owned(),
        server_url: "http://127.0.0.1:1".to_owned(),
        server: InstanceId::new(Uuid::from_u128(2)),
        server_key: key.public_key(),
        roots: Vec::new(),
        epoch: 1,
    };
    World { folder, key, identity, keys: Keys::generate().unwrap(), own: Users::default().own().name }
}

fn order(world: &World, actions: Value) -> Order {
    let execution = ExecutionId::new(Uuid::from_u128(10));
    let device = world.identity.device;
    let actions = serde_json::from_value(actions).unwrap();
    let task = serde_json::to_vec(&TaskDocument { name: "t".to_owned(), on_failure: OnFailure::Stop, actions }).unwrap();
    let authorization = Authorization {
        task_digest: sha256(&task).to_vec(),
        devices: None,
        valid_from: Time::from_ms(0),
        valid_until: Time::from_ms(9_000),
    };
    let authorization = SignedDocument::sign(&world.key, AUTHORIZATION_CONTEXT, &authorization).unwrap();
    let tree = Tree::new(vec![leaf(execution, device, 1)]);
    let dispatch = Dispatch {
        run: RunId::new(Uuid::from_u128(5)),
        authorization_digest: authorization.digest().to_vec(),
        epoch: 1,
        number: 1,
        root: tree.root().to_vec(),
        issued_at: Time::from_ms(1_500),
        valid_until: Time::from_ms(5_000),
    };
    let dispatch = SignedDocument::sign(&world.key, DISPATCH_CONTEXT, &dispatch).unwrap();
    Order { execution, device, task, authorization, dispatch, proof: tree.proof(0), secrets: Vec::new() }
}

fn judge(world: &World, order: &Order, now_ms: i64) -> Result<Accepted, Refused> {
    let bench = Bench {
        identity: &world.identity,
        keys: &world.keys,
        now: Time::from_ms(now_ms),
        state: &StateDir::new(Some(world.folder.path().to_owned())),
        users: &Users::default(),
        own: &Users::default().own(),
    };
    bench.judge(order)
}

fn policy(own: &str) -> String {
    format!("allow_actions = [\"COMMAND\"]\nrun_as = [\"{own}\"]\nsigners = [\"server\"]\nmax_concurrent = 3")
}

#[test]
fn a_true_and_allowed_order_becomes_a_plan() {
    let mut world = world(None);
    std::fs::write(world.folder.path().join("policy.d/10.toml"), policy(&world.own)).unwrap();
    let order = order(&world, json!([{"type": "COMMAND", "command": "true", "user": world.own}]));
    let accepted = judge(&world, &order, 2_000).unwrap();
    assert_eq!(accepted.max_concurrent, 3);
    assert_eq!(accepted.issued_at, Time::from_ms(1_500));
    assert_eq!(accepted.plan.valid_until, Time::from_ms(5_000));
    assert!(matches!(&accepted.plan.steps[..], [crate::execution::Step::Run { user, .. }] if *user == world.own));

    world.identity.epoch = 2;
    assert_eq!(judge(&world, &order, 2_000).unwrap_err().reason.code, "old_epoch");
}

#[test]
fn an_order_out_of_its_time_is_expired_and_an_altered_one_rejected() {
    let world = world(Some(&policy("nobody")));
    let mut order = order(&world, json!([{"type": "COMMAND", "command": "true"}]));
    let late = judge(&world, &order, 5_000).unwrap_err();
    assert_eq!((late.state, late.reason.code.as_str()), (State::Expired, "expired"));
    order.task[5] ^= 1;
    let altered = judge(&world, &order, 2_000).unwrap_err();
    assert_eq!((altered.state, altered.reason.code.as_str()), (State::Rejected, "task_altered"));
}

#[test]
fn without_a_policy_or_without_the_server_among_its_signers_nothing_runs() {
    let cases = [(None, "policy_missing"), (Some("signers = 5"), "policy_invalid"), (Some("signers = []"), "policy_signer")];
    for (policy, code) in cases {
        let world = world(policy);
        let order = order(&world, json!([{"type": "COMMAND", "command": "true"}, {"type": "REBOOT"}]));
        let refused = judge(&world, &order, 2_000).unwrap_err();
        assert_eq!((refused.state, refused.reason.code.as_str()), (State::Rejected, code));
        let kinds: Vec<_> = refused.actions.iter().map(|action| (action.kind.as_str(), action.state)).collect();
        assert_eq!(kinds, [("COMMAND", State::Rejected), ("REBOOT", State::Rejected)]);
    }
}

#[test]
fn one_action_that_is_not_allowed_keeps_the_others_from_starting() {
    let world = world(None);
    std::fs::write(world.folder.path().join("policy.d/10.toml"), policy(&world.own)).unwrap();
    let actions = json!([{"type": "COMMAND", "command": "true", "user": world.own}, {"type": "SCRIPT", "content": "true"}]);
    let refused = judge(&world, &order(&world, actions), 2_000).unwrap_err();
    assert_eq!(refused.reason.code, "policy_action");
    assert!(refused.reason.detail.starts_with("action 2: "), "{}", refused.reason.detail);
    assert_eq!(refused.actions.iter().map(|action| action.state).collect::<Vec<_>>(), [State::Skipped, State::Rejected]);
}

#[test]
fn a_user_that_the_policy_does_not_name_is_refused() {
    let world = world(Some(&policy("nobody")));
    let order = order(&world, json!([{"type": "COMMAND", "command": "true", "user": "daemon"}]));
    assert_eq!(judge(&world, &order, 2_000).unwrap_err().reason.code, "policy_user");
}

#[test]
fn an_action_that_this_build_does_not_know_is_planned_as_unsupported() {
    let world = world(None);
    std::fs::write(world.folder.path().join("policy.d/10.toml"), policy(&world.own)).unwrap();
    let actions = json!([{"type": "COMMAND", "command": "true", "user": world.own}, {"type": "REBOOT", "now": true}]);
    let accepted = judge(&world, &order(&world, actions), 2_000).unwrap();
    assert_eq!(accepted.plan.steps[1].kind(), "REBOOT");
    assert!(matches!(accepted.plan.steps[1], crate::execution::Step::Unsupported { .. }));
}
