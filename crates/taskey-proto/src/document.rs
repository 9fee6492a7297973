//! The signed documents: what a device demands to see before it runs anything.
//!
//! Three pieces travel together. The *task document* is the exact bytes of the actions. The *authorization* names its digest,
//! the devices it may run on and how long, and is signed by the server (or by a key that the organization keeps elsewhere).
//! The *dispatch* is signed once per run; it holds the root of a Merkle tree over (execution, device, number), and every
//! device gets the proof of its own leaf. Signatures cover the bytes as sent and are checked before anything is parsed.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::crypto::{PublicKey, SigningKey, from_hex, sha256};
use crate::id::{DeviceId, ExecutionId, RunId};
use crate::secrets::SealedSecret;
use crate::tasks::OnFailure;

pub const TASK_CONTEXT: &str = "taskey/v1/task";
pub const AUTHORIZATION_CONTEXT: &str = "taskey/v1/authorization";
pub const DISPATCH_CONTEXT: &str = "taskey/v1/dispatch";
pub const CANCEL_CONTEXT: &str = "taskey/v1/cancel";

/// Bytes and a signature over them; the context word is not sent, the reader knows which it expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedDocument {
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub bytes: Vec<u8>,
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub signature: Vec<u8>,
}

/// Why a document was not believed; the codes stand in the execution's reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("the {0} is not signed by the key that this device trusts")]
    Signature(&'static str),
    #[error("the {0} cannot be read")]
    Unreadable(&'static str),
    #[error("the task is not the one that was authorized")]
    TaskDigest,
    #[error("the authorization is not the one that was dispatched")]
    AuthorizationDigest,
    #[error("the dispatch does not include this execution on this device")]
    NotIncluded,
    #[error("the authorization is for other devices")]
    NotTargeted,
    #[error("the authorization is not valid yet")]
    NotYetValid,
    #[error("the dispatch is no longer valid")]
    Expired,
    #[error("the dispatch is of an earlier life of the server")]
    Epoch,
}

impl DocumentError {
    pub const fn code(&self) -> &'static str {
        match self {
            DocumentError::Signature(_) => "bad_signature",
            DocumentError::Unreadable(_) => "unreadable_document",
            DocumentError::TaskDigest => "task_altered",
            DocumentError::AuthorizationDigest => "authorization_altered",
            DocumentError::NotIncluded => "not_included",
            DocumentError::NotTargeted => "not_targeted",
            DocumentError::NotYetValid => "not_yet_valid",
            DocumentError::Expired => "expired",
            DocumentError::Epoch => "old_epoch",
        }
    }
}

impl SignedDocument {
    pub fn sign<T: Serialize>(key: &SigningKey, context: &str, content: &T) -> Result<Self, serde_json::Error> {
        let bytes = serde_json::to_vec(content)?;
        let signature = key.sign(context, &bytes);
        Ok(Self { bytes, signature })
    }

    /// Checks the signature over the exact bytes, then reads them. `what` names the document in the error.
    pub fn open<T: for<'de> Deserialize<'de>>(&self, key: &PublicKey, context: &str, what: &'static str) -> Result<T, DocumentError> {
        key.verify(context, &self.bytes, &self.signature).map_err(|_| DocumentError::Signature(what))?;
        serde_json::from_slice(&self.bytes).map_err(|_| DocumentError::Unreadable(what))
    }

    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }
}

/// What will run: the part of a task that matters to the device. Actions stay JSON values, so that an agent which does not
/// know one of them can say `unsupported` for that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDocument {
    pub name: String,
    pub on_failure: OnFailure,
    pub actions: Vec<serde_json::Value>,
}

/// Says that a task version may run on some devices for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    #[serde(with = "crate::crypto::base64_bytes")]
    pub task_digest: Vec<u8>,
    /// Up to [`TARGETS_NAMED_MAX`] devices by id; beyond that none are named and the dispatch's tree alone says which.
    pub devices: Option<Vec<DeviceId>>,
    pub valid_from: Time,
    pub valid_until: Time,
}

pub const TARGETS_NAMED_MAX: usize = 100;

/// Says that an authorization is to be carried out once by each leaf of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    pub run: RunId,
    #[serde(with = "crate::crypto::base64_bytes")]
    pub authorization_digest: Vec<u8>,
    pub epoch: u64,
    /// Goes up with each new try of the same run.
    pub number: u32,
    #[serde(with = "crate::crypto::base64_bytes")]
    pub root: Vec<u8>,
    pub issued_at: Time,
    /// Not started by then: expired.
    pub valid_until: Time,
}

/// Asks a device to end an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    pub execution: ExecutionId,
    pub device: DeviceId,
    pub by: String,
    pub issued_at: Time,
}

/// Everything a device needs to run one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    pub execution: ExecutionId,
    pub device: DeviceId,
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub task: Vec<u8>,
    pub authorization: SignedDocument,
    pub dispatch: SignedDocument,
    pub proof: Proof,
    /// The values of the secrets that the task names, for this device and this execution alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SealedSecret>,
}

/// A leaf's way to the root of the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// The leaf's place, from 0.
    pub index: u64,
    /// How many leaves there are.
    pub count: u64,
    /// The sisters from the leaf upwards, 64 hexadecimal digits each.
    pub path: Vec<String>,
}

/// What a device knows when it judges an order.
pub struct Judge<'a> {
    pub server_key: &'a PublicKey,
    pub device: DeviceId,
    pub epoch: u64,
    /// Signed server time carried on by the monotonic clock; never the device's own date.
    pub now: Time,
}

/// An order that was found true.
#[derive(Debug, Clone)]
pub struct VerifiedOrder {
    pub execution: ExecutionId,
    pub run: RunId,
    pub task: TaskDocument,
    /// Signed: the device's clock is never behind it.
    pub issued_at: Time,
    pub valid_until: Time,
}

impl Judge<'_> {
    /// Checks signatures, digests, inclusion, target, epoch and validity, in that order.
    pub fn verify(&self, order: &Order) -> Result<VerifiedOrder, DocumentError> {
        let dispatch: Dispatch = order.dispatch.open(self.server_key, DISPATCH_CONTEXT, "dispatch")?;
        let authorization: Authorization = order.authorization.open(self.server_key, AUTHORIZATION_CONTEXT, "authorization")?;
        if order.authorization.digest()[..] != dispatch.authorization_digest[..] {
            return Err(DocumentError::AuthorizationDigest);
        }
        if sha256(&order.task)[..] != authorization.task_digest[..] {
            return Err(DocumentError::TaskDigest);
        }
        let leaf = leaf(order.execution, order.device, dispatch.number);
        if order.device != self.device || !order.proof.leads_to(&leaf, &dispatch.root) {
            return Err(DocumentError::NotIncluded);
        }
        if authorization.devices.as_ref().is_some_and(|devices| !devices.contains(&self.device)) {
            return Err(DocumentError::NotTargeted);
        }
        if dispatch.epoch != self.epoch {
            return Err(DocumentError::Epoch);
        }
        // The dispatch is signed server time as well, and may be newer than what the device has carried on.
        if self.now.max(dispatch.issued_at) < authorization.valid_from {
            return Err(DocumentError::NotYetValid);
        }
        let valid_until = dispatch.valid_until.min(authorization.valid_until);
        if self.now >= valid_until {
            return Err(DocumentError::Expired);
        }
        let task = serde_json::from_slice(&order.task).map_err(|_| DocumentError::Unreadable("task"))?;
        Ok(VerifiedOrder { execution: order.execution, run: dispatch.run, task, issued_at: dispatch.issued_at, valid_until })
    }
}

/// The tree's leaf of one execution.
pub fn leaf(execution: ExecutionId, device: DeviceId, number: u32) -> [u8; 32] {
    let mut bytes = vec![0];
    bytes.extend_from_slice(execution.uuid().as_bytes());
    bytes.extend_from_slice(device.uuid().as_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    sha256(&bytes)
}

/// A Merkle tree (RFC 9162's shape: a lone node moves up unhashed; leaves and nodes are hashed under different prefixes).
pub struct Tree(Vec<Vec<[u8; 32]>>);

impl Tree {
    /// `leaves` must not be empty.
    pub fn new(leaves: Vec<[u8; 32]>) -> Self {
        let mut rows = vec![leaves];
        while rows[rows.len() - 1].len() > 1 {
            let row = rows[rows.len() - 1].chunks(2).map(|pair| if pair.len() == 2 { node(&pair[0], &pair[1]) } else { pair[0] }).collect();
            rows.push(row);
        }
        Self(rows)
    }

    pub fn root(&self) -> [u8; 32] {
        self.0[self.0.len() - 1][0]
    }

    pub fn proof(&self, index: usize) -> Proof {
        let mut at = index;
        let mut path = Vec::new();
        for row in &self.0[..self.0.len() - 1] {
            if let Some(sister) = row.get(at ^ 1) {
                path.push(crate::crypto::hex(sister));
            }
            at /= 2;
        }
        Proof { index: index as u64, count: self.0[0].len() as u64, path }
    }
}

impl Proof {
    fn leads_to(&self, leaf: &[u8; 32], root: &[u8]) -> bool {
        self.root_from(leaf).is_some_and(|found| found[..] == *root)
    }

    fn root_from(&self, leaf: &[u8; 32]) -> Option<[u8; 32]> {
        if self.index >= self.count {
            return None;
        }
        let (mut at, mut width, mut hash) = (self.index, self.count, *leaf);
        let mut sisters = self.path.iter();
        while width > 1 {
            if at ^ 1 < width {
                let sister = from_hex(sisters.next()?)?;
                hash = if at % 2 == 0 { node(&hash, &sister) } else { node(&sister, &hash) };
            }
            at /= 2;
            width = width.div_ceil(2);
        }
        sisters.next().is_none().then_some(hash)
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut bytes = vec![1];
    bytes.extend_from_slice(left);
    bytes.extend_from_slice(right);
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct World {
        key: SigningKey,
        orders: Vec<Order>,
    }

    /// A run over `count` devices, the device number `n` having the id `n`.
    fn world(count: usize) -> World {
        let (key, _) = SigningKey::generate().unwrap();
        let task = serde_json::to_vec(&TaskDocument { name: "t".to_owned(), on_failure: OnFailure::Stop, actions: vec![] }).unwrap();
        let ids: Vec<_> =
            (0..count as u128).map(|n| (ExecutionId::new(Uuid::from_u128(1000 + n)), DeviceId::new(Uuid::from_u128(n)))).collect();
        let authorization = Authorization {
            task_digest: sha256(&task).to_vec(),
            devices: None,
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
        let orders = ids
            .iter()
            .enumerate()
            .map(|(index, (execution, device))| Order {
                execution: *execution,
                device: *device,
                task: task.clone(),
                authorization: authorization.clone(),
                dispatch: dispatch.clone(),
                proof: tree.proof(index),
                secrets: Vec::new(),
            })
            .collect();
        World { key, orders }
    }

    fn verdict(world: &World, order: &Order) -> Result<(), DocumentError> {
        let judge = Judge { server_key: &world.key.public_key(), device: order.device, epoch: 1, now: Time::from_ms(2_000) };
        judge.verify(order).map(|_| ())
    }

    #[test]
    fn every_device_of_a_run_of_any_size_finds_itself_included() {
        for count in 1..20 {
            let world = world(count);
            for order in &world.orders {
                assert_eq!(verdict(&world, order), Ok(()), "{count}");
            }
        }
    }

    #[test]
    fn a_proof_of_another_leaf_or_of_another_tree_is_refused() {
        let world = world(7);
        let mut order = world.orders[3].clone();
        order.proof = world.orders[4].proof.clone();
        assert_eq!(verdict(&world, &order), Err(DocumentError::NotIncluded));
        let mut order = world.orders[6].clone();
        order.proof.count = 8;
        assert_eq!(verdict(&world, &order), Err(DocumentError::NotIncluded));
    }

    #[test]
    fn one_altered_byte_anywhere_is_refused() {
        let world = world(3);
        let order = &world.orders[1];
        for at in 0..order.task.len() {
            let mut altered = order.clone();
            altered.task[at] ^= 1;
            assert_eq!(verdict(&world, &altered), Err(DocumentError::TaskDigest));
        }
        for at in 0..order.authorization.bytes.len() {
            let mut altered = order.clone();
            altered.authorization.bytes[at] ^= 1;
            assert_eq!(verdict(&world, &altered), Err(DocumentError::Signature("authorization")));
        }
        for at in 0..order.dispatch.bytes.len() {
            let mut altered = order.clone();
            altered.dispatch.bytes[at] ^= 1;
            assert_eq!(verdict(&world, &altered), Err(DocumentError::Signature("dispatch")));
        }
    }

    #[test]
    fn another_device_another_epoch_and_a_later_hour_are_refused() {
        let world = world(2);
        let order = &world.orders[0];
        let key = world.key.public_key();
        let judge = |device, epoch, ms| Judge { server_key: &key, device, epoch, now: Time::from_ms(ms) }.verify(order).map(|_| ());
        assert_eq!(judge(order.device, 1, 4_999), Ok(()));
        assert_eq!(judge(world.orders[1].device, 1, 2_000), Err(DocumentError::NotIncluded));
        assert_eq!(judge(order.device, 2, 2_000), Err(DocumentError::Epoch));
        assert_eq!(judge(order.device, 1, 5_000), Err(DocumentError::Expired));
    }

    #[test]
    fn a_document_signed_by_anyone_else_is_refused() {
        let world = world(1);
        let (other, _) = SigningKey::generate().unwrap();
        let judge = Judge { server_key: &other.public_key(), device: world.orders[0].device, epoch: 1, now: Time::from_ms(2_000) };
        assert_eq!(judge.verify(&world.orders[0]).unwrap_err(), DocumentError::Signature("dispatch"));
    }
}
