//! What a device may do on its line: one decision for each packet, without anything that waits.

use bytes::Bytes;
use taskey_proto::id::DeviceId;
use taskey_proto::line::{cmd_topic, evt_topic};

use super::wire::{Goodbye, Incoming, Wire};

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
    /// The device tried what it may not: to be audited, and the line ends with that word.
    Trespass(String, Goodbye),
    /// The line ends, and why.
    End(&'static str),
}

/// Decides about a packet that came after CONNECT, on a line that is subscribed or not.
pub fn judge(wire: &mut Wire, device: DeviceId, is_subscribed: bool, packet: Incoming) -> Step {
    match packet {
        Incoming::Publish { topic, fault: Some(goodbye), .. } => Step::Trespass(format!("publish to {topic}"), goodbye),
        Incoming::Publish { packet_id, topic, payload, fault: None } => {
            if topic == evt_topic(device) {
                return Step::Store { packet_id, payload };
            }
            if let Some(packet_id) = packet_id {
                wire.refuse_publish(packet_id);
            }
            Step::Trespass(format!("publish to {topic}"), Goodbye::NotAuthorized)
        }
        Incoming::Subscribe { packet_id, filters, fault } => {
            let own = cmd_topic(device);
            let foreign = filters.iter().find(|filter| **filter != own);
            if let (None, Some(goodbye)) = (foreign, fault) {
                return Step::Trespass(format!("subscribe to {own} under a number"), goodbye);
            }
            let allowed: Vec<bool> = filters.iter().map(|filter| *filter == own).collect();
            wire.answer_subscribe(packet_id, &allowed);
            match foreign {
                Some(foreign) => Step::Trespass(format!("subscribe to {foreign}"), Goodbye::NotAuthorized),
                None => Step::Subscribed,
            }
        }
        Incoming::Unsubscribe { packet_id, filters } => {
            let own = cmd_topic(device);
            let existed: Vec<bool> = filters.iter().map(|filter| is_subscribed && *filter == own).collect();
            wire.answer_unsubscribe(packet_id, &existed);
            if existed.contains(&true) { Step::Unsubscribed } else { Step::Nothing }
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

/// What MQTT demands of a server towards clients that ask for what this one has not, packet by packet as they are on the wire.
#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PROPERTIES_NONE: &[u8] = &[0];

    fn device() -> DeviceId {
        DeviceId::new(Uuid::from_u128(1))
    }

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
    }

    fn packet(first: u8, parts: &[&[u8]]) -> Bytes {
        let body = parts.concat();
        assert!(body.len() < 128);
        [&[first, body.len() as u8][..], &body].concat().into()
    }

    fn connect(level: u8, flags: u8, rest: &[&[u8]]) -> Bytes {
        packet(0x10, &[&[&text("MQTT")[..], &[level, flags, 0, 30]][..], rest].concat())
    }

    /// The answer to a CONNECT that is accepted where nothing speaks against it, and its first two bytes left out.
    fn answer_to(mut connect: Bytes) -> Vec<u8> {
        let mut wire = Wire::default();
        match wire.receive(&mut connect) {
            Some(Incoming::Connect { fault: Some(refused), .. }) => wire.refuse(refused),
            Some(Incoming::Connect { keep_alive_secs, .. }) => wire.accept(keep_alive_secs),
            _ => {}
        }
        wire.take_output().split_off(2)
    }

    /// A line that is up.
    fn line(level: u8) -> Wire {
        let properties = if level == 5 { PROPERTIES_NONE } else { &[] };
        let mut wire = Wire::default();
        let mut connect = connect(level, 0x02, &[properties, &text("d")]);
        assert!(matches!(wire.receive(&mut connect), Some(Incoming::Connect { fault: None, .. })));
        wire.accept(30);
        wire.take_output();
        wire
    }

    /// What becomes of a packet, and what is written about it.
    fn judged(wire: &mut Wire, is_subscribed: bool, mut bytes: Bytes) -> (Step, Vec<u8>) {
        let incoming = wire.receive(&mut bytes).expect("a whole packet");
        let step = judge(wire, device(), is_subscribed, incoming);
        if let Step::Trespass(_, goodbye) = step {
            wire.say_goodbye(goodbye);
        }
        (step, wire.take_output())
    }

    #[test]
    fn a_version_that_is_not_spoken_is_answered_so() {
        assert_eq!(answer_to(packet(0x10, &[&text("MQIsdp"), &[3, 2, 0, 30], &text("d")])), [0, 1]);
        assert_eq!(answer_to(connect(6, 2, &[PROPERTIES_NONE, &text("d")])), [0, 1]);
    }

    #[test]
    fn a_client_without_an_id_is_told_that_this_is_the_matter() {
        assert_eq!(answer_to(connect(4, 2, &[&text("")])), [0, 2]);
        assert_eq!(answer_to(connect(5, 2, &[PROPERTIES_NONE, &text("")])), [0, 0x85, 0]);
    }

    #[test]
    fn a_will_that_5_could_not_keep_is_refused_and_any_other_is_let_be() {
        let will = [&text("d")[..], PROPERTIES_NONE, &text("t"), &text("gone")].concat();
        assert_eq!(answer_to(connect(5, 0x26, &[PROPERTIES_NONE, &will]))[..2], [0, 0x9a], "retained");
        assert_eq!(answer_to(connect(5, 0x16, &[PROPERTIES_NONE, &will]))[..2], [0, 0x9b], "QoS 2");
        assert_eq!(answer_to(connect(5, 0x0e, &[PROPERTIES_NONE, &will]))[..2], [0, 0], "QoS 1");
        assert_eq!(answer_to(connect(4, 0x36, &[&text("d"), &text("t"), &text("gone")])), [0, 0]);
    }

    #[test]
    fn another_way_of_authentication_is_refused() {
        let method = [&[0x15][..], &text("SCRAM-SHA-1")].concat();
        assert_eq!(answer_to(connect(5, 2, &[&[method.len() as u8], &method, &text("d")]))[..2], [0, 0x8c]);
    }

    #[test]
    fn a_client_of_5_is_told_that_no_session_outlives_its_line() {
        let asked = answer_to(connect(5, 0, &[&[5, 0x11, 0, 0, 1, 0], &text("d")]));
        assert_eq!(asked[..2], [0, 0], "no session is there");
        assert!(asked.windows(5).any(|property| property == [0x11, 0, 0, 0, 0]), "{asked:x?}");
    }

    #[test]
    fn what_5_forbids_ends_the_line_with_its_own_word_and_stores_nothing() {
        let (own, id) = (text(&evt_topic(device())), [0, 7]);
        let cases = [
            (packet(0x33, &[&own, &id, PROPERTIES_NONE, b"{}"]), 0x9a),
            (packet(0x34, &[&own, &id, PROPERTIES_NONE, b"{}"]), 0x9b),
            (packet(0x82, &[&id, &[2, 0x0b, 9], &text(&cmd_topic(device())), &[1]]), 0xa1),
        ];
        for (packet, code) in cases {
            let (step, output) = judged(&mut line(5), false, packet);
            assert!(matches!(step, Step::Trespass(..)), "{step:?}");
            assert_eq!(output[..1], [0xe0], "{output:x?}");
            assert_eq!(output[2], code);
        }
        let foreign = packet(0x32, &[&text("t"), &id, PROPERTIES_NONE, b"{}"]);
        let (_, output) = judged(&mut line(5), false, foreign);
        assert_eq!((output[0], output[4]), (0x40, 0x87), "a foreign topic is refused by PUBACK: {output:x?}");
    }

    #[test]
    fn the_end_of_a_subscription_is_told_from_the_end_of_none() {
        let ends = || packet(0xa2, &[&[0, 7], PROPERTIES_NONE, &text(&cmd_topic(device())), &text("t")]);
        assert_eq!(judged(&mut line(5), true, ends()), (Step::Unsubscribed, vec![0xb0, 5, 0, 7, 0, 0, 0x11]));
        assert_eq!(judged(&mut line(5), false, ends()), (Step::Nothing, vec![0xb0, 5, 0, 7, 0, 0x11, 0x11]));
    }
}
