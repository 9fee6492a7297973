//! How devices are spread over a schedule's splay.

use taskey_proto::crypto::sha256;
use taskey_proto::id::{DeviceId, ScheduleId};

/// How many milliseconds after a slot this device begins: always the same for a device and a schedule, evenly spread over devices.
pub fn splay(schedule: ScheduleId, device: DeviceId, splay_ms: u64) -> u64 {
    if splay_ms == 0 {
        return 0;
    }
    let digest = sha256(&[b"taskey splay ".as_slice(), schedule.uuid().as_bytes(), device.uuid().as_bytes()].concat());
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(head) % splay_ms
}
