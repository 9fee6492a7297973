//! Signed documents before a device: nothing verifies but what was signed, unchanged.
//!
//! An order that verifies is one that the server made: same task, same execution, same device, same times. The key is fixed, so that
//! the corpus holds true orders to begin from; nothing else knows it.

use std::sync::OnceLock;

use taskey_proto::Time;
use taskey_proto::agent::{CHALLENGE_CONTEXT, Challenge, CredentialClaim, ParsedCredential, make_credential};
use taskey_proto::crypto::{PublicKey, SigningKey, sha256};
use taskey_proto::document::{
    AUTHORIZATION_CONTEXT, Authorization, CANCEL_CONTEXT, Cancel, DISPATCH_CONTEXT, Dispatch, Judge, Order, Proof, SignedDocument,
    TaskDocument, Tree, leaf,
};
use taskey_proto::id::{DeviceId, ExecutionId, InstanceId, RunId};
use taskey_proto::line::Down;
use taskey_proto::secrets::SealedSecret;
use taskey_proto::tasks::OnFailure;
use uuid::Uuid;

/// The first byte says what is done with the rest.
pub fn run(input: &[u8]) {
    let Some((&kind, rest)) = input.split_first() else { return };
    match kind % 5 {
        0 => read_as_order(rest),
        1 => alter_text(rest),
        2 => alter_part(rest),
        3 => misplace(rest),
        _ => read_as_other(rest),
    }
}

struct World {
    key: SigningKey,
    orders: Vec<Order>,
    cancel: SignedDocument,
    credential: String,
}

/// A run over five devices.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let key = fixed_key();
        let action = serde_json::json!({"type": "COMMAND", "command": "uname"});
        let task = TaskDocument { name: "t".to_owned(), on_failure: OnFailure::Stop, actions: vec![action] };
        let task = serde_json::to_vec(&task).unwrap();
        let ids: Vec<_> = (1..=5).map(|n| (ExecutionId::new(Uuid::from_u128(1000 + n)), DeviceId::new(Uuid::from_u128(n)))).collect();
        let authorization = Authorization {
            task_digest: sha256(&task).to_vec(),
            devices: Some(ids.iter().map(|(_, device)| *device).collect()),
            valid_from: Time::from_ms(1_000),
            valid_until: Time::from_ms(9_000),
        };
        let authorization = SignedDocument::sign(&key, AUTHORIZATION_CONTEXT, &authorization).unwrap();
        let tree = Tree::new(ids.iter().map(|(execution, device)| leaf(*execution, *device, 1)).collect());
        let dispatch = Dispatch {
            run: RunId::new(Uuid::from_u128(5)),
            authorization_digest: authorization.digest().to_vec(),
            epoch: 1,
            number: 1,
            root: tree.root().to_vec(),
            issued_at: Time::from_ms(1_000),
            valid_until: Time::from_ms(5_000),
        };
        let dispatch = SignedDocument::sign(&key, DISPATCH_CONTEXT, &dispatch).unwrap();
        let order = |(index, (execution, device)): (usize, &(ExecutionId, DeviceId))| Order {
            execution: *execution,
            device: *device,
            task: task.clone(),
            authorization: authorization.clone(),
            dispatch: dispatch.clone(),
            proof: tree.proof(index),
            secrets: Vec::new(),
        };
        let orders = ids.iter().enumerate().map(order).collect();
        let cancel = Cancel { execution: ids[0].0, device: ids[0].1, by: "ann".to_owned(), issued_at: Time::from_ms(2_000) };
        let claim =
            CredentialClaim { device: ids[0].1, server: InstanceId::new(Uuid::from_u128(2)), nonce: "nonce".to_owned(), counter: 7 };
        World {
            cancel: SignedDocument::sign(&key, CANCEL_CONTEXT, &cancel).unwrap(),
            credential: make_credential(&key, &claim).unwrap(),
            orders,
            key,
        }
    })
}

/// PKCS#8 around a seed of sevens; it has to hold the public half as well.
fn fixed_key() -> SigningKey {
    const HEAD: [u8; 16] = [0x30, 0x53, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    const PUBLIC: [u8; 32] = [
        0xea, 0x4a, 0x6c, 0x63, 0xe2, 0x9c, 0x52, 0x0a, 0xbe, 0xf5, 0x50, 0x7b, 0x13, 0x2e, 0xc5, 0xf9, 0x95, 0x47, 0x76, 0xae, 0xbe, 0xbe,
        0x7b, 0x92, 0x42, 0x1e, 0xea, 0x69, 0x14, 0x46, 0xd2, 0x2c,
    ];
    SigningKey::from_pkcs8(&[&HEAD[..], &[7; 32], &[0xa1, 0x23, 0x03, 0x21, 0], &PUBLIC].concat()).unwrap()
}

/// Whether it verifies; where it does, it must mean what was signed.
fn verifies(order: &Order) -> bool {
    let world = world();
    let judge = Judge { server_key: &world.key.public_key(), device: order.device, epoch: 1, now: Time::from_ms(2_000) };
    let Ok(verified) = judge.verify(order) else { return false };
    let original =
        world.orders.iter().find(|original| original.execution == order.execution).expect("an execution that was never dispatched");
    assert_eq!(order.device, original.device);
    assert_eq!(order.task, original.task);
    assert_eq!(order.dispatch.bytes, original.dispatch.bytes);
    assert_eq!(order.authorization.bytes, original.authorization.bytes);
    assert_eq!((verified.execution, verified.run), (original.execution, RunId::new(Uuid::from_u128(5))));
    assert_eq!((verified.issued_at.ms(), verified.valid_until.ms()), (1_000, 5_000));
    assert_eq!(serde_json::to_vec(&verified.task).unwrap(), original.task);
    true
}

fn read_as_order(bytes: &[u8]) {
    if let Ok(order) = serde_json::from_slice::<Order>(bytes) {
        verifies(&order);
    }
    if let Ok(Down::Execute(order)) = serde_json::from_slice(bytes) {
        verifies(&order);
    }
}

/// Three bytes a change: where, and which byte stands there now.
fn alter_text(input: &[u8]) {
    let Some((&which, changes)) = input.split_first() else { return };
    let original = &world().orders[usize::from(which) % 5];
    let mut text = serde_json::to_vec(original).unwrap();
    let len = text.len();
    for [high, low, byte] in changes.as_chunks::<3>().0 {
        text[usize::from(u16::from_be_bytes([*high, *low])) % len] = *byte;
    }
    read_as_order(&text);
}

/// One byte of what is signed, or of a signature, is another: that is always refused.
fn alter_part(input: &[u8]) {
    let &[which, part, high, low, mask, ..] = input else { return };
    let mut order = world().orders[usize::from(which) % 5].clone();
    let bytes = match part % 5 {
        0 => &mut order.task,
        1 => &mut order.authorization.bytes,
        2 => &mut order.authorization.signature,
        3 => &mut order.dispatch.bytes,
        _ => &mut order.dispatch.signature,
    };
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    assert_eq!(verifies(&order), mask == 0);
}

/// Another device, execution or way through the tree.
fn misplace(input: &[u8]) {
    let Some((&[which, execution, device, index, count, part], rest)) = input.split_first_chunk() else { return };
    let mut order = world().orders[usize::from(which) % 5].clone();
    order.execution = ExecutionId::new(Uuid::from_u128(1000 + u128::from(execution)));
    order.device = DeviceId::new(Uuid::from_u128(u128::from(device)));
    let widen = |small: u8| if small > 200 { u64::MAX - u64::from(small) } else { u64::from(small) };
    // The parts of the true way, in any order, and what else there is.
    let known: Vec<String> = world().orders.iter().flat_map(|order| order.proof.path.clone()).collect();
    let path = match part % 2 {
        0 => rest.iter().map(|at| known[usize::from(*at) % known.len()].clone()).collect(),
        _ => rest.chunks(64).map(|text| String::from_utf8_lossy(text).into_owned()).collect(),
    };
    order.proof = Proof { index: widen(index), count: widen(count), path };
    verifies(&order);
}

fn read_as_other(bytes: &[u8]) {
    let world = world();
    let key: PublicKey = world.key.public_key();
    if let Ok(document) = serde_json::from_slice::<SignedDocument>(bytes) {
        if document.open::<Cancel>(&key, CANCEL_CONTEXT, "cancellation").is_ok() {
            assert_eq!(document, world.cancel);
        }
        // The same key signs other things; the context keeps them apart.
        assert!(document.open::<Challenge>(&key, CHALLENGE_CONTEXT, "challenge").is_err());
    }
    if let Some(parsed) = std::str::from_utf8(bytes).ok().and_then(ParsedCredential::parse)
        && parsed.is_signed_by(&key)
    {
        assert_eq!(parsed.claim.counter, 7);
    }
    if let Ok(secret) = serde_json::from_slice::<SealedSecret>(bytes) {
        assert!(secret.open(&key, &world.orders[0].execution, |_| Some([9; 32])).is_err());
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let world = world();
    let mut seeds = Vec::new();
    for order in &world.orders {
        seeds.push([&[0][..], &serde_json::to_vec(order).unwrap()].concat());
        let at = order.device.uuid().as_u128() as u8;
        seeds.push(vec![1, at, 0, 40, b'0', 1, 17, b'=']);
        seeds.push(vec![2, at, at, 0, at, 1]);
        seeds.push(vec![3, at, at, at, at - 1, 5, 0, 0, 1, 2]);
    }
    seeds.push([&[0][..], &serde_json::to_vec(&Down::Execute(Box::new(world.orders[0].clone()))).unwrap()].concat());
    seeds.push([&[4][..], &serde_json::to_vec(&world.cancel).unwrap()].concat());
    seeds.push([&[4][..], world.credential.as_bytes()].concat());
    let secret = SealedSecret { name: "api".to_owned(), version: 1, sealed: vec![3; 80] };
    seeds.push([&[4][..], &serde_json::to_vec(&secret).unwrap()].concat());
    seeds
}
