//! What a device may do on its line: one decision for each packet, without anything that waits.

use bytes::Bytes;
use taskey_proto::id::DeviceId;
use taskey_proto::line::{cmd_topic, evt_topic};

use super::wire::{Incoming, Wire};

/// What the line has to do about a packet. What MQTT itself answers is in the wire's output already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Nothing,
    /// It came on the device's own topic; the packet id is to be acknowledged once it is stored.
    Store {
        packet_id: Option<u16>,
        payload: Bytes,
    },
    /// To its own topic.
    Subscribed,
    Unsubscribed,
    /// The device tried what it may not: to be audited, and the line ends.
    Trespass(String),
    /// The line ends, and why.
    End(&'static str),
}

/// Decides about a packet that came after CONNECT.
pub fn judge(wire: &mut Wire, device: DeviceId, packet: Incoming) -> Step {
    match packet {
        Incoming::Publish { packet_id, topic, payload, allowed } => {
            if allowed && topic == evt_topic(device) {
                return Step::Store { packet_id, payload };
            }
            if let Some(packet_id) = packet_id {
                wire.refuse_publish(packet_id);
            }
            Step::Trespass(format!("publish to {topic}"))
        }
        Incoming::Subscribe { packet_id, filters } => {
            let own = cmd_topic(device);
            let allowed: Vec<bool> = filters.iter().map(|filter| *filter == own).collect();
            wire.answer_subscribe(packet_id, &allowed);
            match filters.into_iter().find(|filter| *filter != own) {
                Some(foreign) => Step::Trespass(format!("subscribe to {foreign}")),
                None => Step::Subscribed,
            }
        }
        Incoming::Unsubscribe { packet_id, filters } => {
            wire.answer_unsubscribe(packet_id, filters.len());
            if filters.contains(&cmd_topic(device)) { Step::Unsubscribed } else { Step::Nothing }
        }
        Incoming::Ping => Step::Nothing,
        Incoming::Disconnect => Step::End("the device said goodbye"),
        Incoming::Connect { .. } => Step::End("a second CONNECT"),
        Incoming::Broken(why) => {
            tracing::info!(%device, why, "not MQTT as we speak it");
            Step::End("broken MQTT")
        }
    }
}
