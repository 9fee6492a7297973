//! A hostile client at the server's end of the line: MQTT 3.1.1 and 5, from the first byte or with CONNECT behind it.
//!
//! It never panics. It means the same however the bytes are cut into pieces. Nothing is stored but what came on the device's own
//! topic, with an id that can be acknowledged. What is answered are whole packets that a server may send, no more of them than the
//! client paid for with its bytes.

use std::collections::HashSet;

use bytes::Bytes;
use taskey_proto::line::{MESSAGE_LEN_MAX, cmd_topic, evt_topic};
use taskey_server::platform::mqtt::rules::{Step, judge};
use taskey_server::platform::mqtt::wire::{Incoming, OPEN_MAX, Refused, Wire};

use crate::device;
use crate::packets::{
    CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, PUBLISH_QOS_1, SUBACK, SUBSCRIBE, UNSUBSCRIBE, firsts, packet, text,
};

const REFUSES: u8 = 0x40;
const NEVER_ACKNOWLEDGES: u8 = 0x80;
const ORDER: &[u8] = b"{\"type\":\"cancel\"}";

/// The first byte says how it begins, the second how long the pieces are; the rest is sent.
pub fn run(input: &[u8]) {
    let Some((&[mode, piece_len], rest)) = input.split_first_chunk() else { return };
    let sent = [opening(mode), rest.to_vec()].concat();
    let whole = serve(&sent, sent.len(), mode);
    assert_eq!(whole, serve(&sent, usize::from(piece_len), mode), "the pieces make a difference");

    let orders = whole.steps.iter().filter(|step| **step == Step::Subscribed).count();
    assert!(whole.output.len() <= 128 + 128 * orders + 4 * sent.len(), "{} bytes for {}", whole.output.len(), sent.len());
    for first in firsts(&whole.output) {
        assert!([CONNACK, PUBACK, SUBACK, 0xb0, PINGRESP, DISCONNECT, PUBLISH].contains(&first), "{first:#x} is not a server's");
        assert!(first != DISCONNECT || !begins_as(mode, 1), "3.1.1 knows no DISCONNECT of a server");
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Served {
    steps: Vec<Step>,
    output: Vec<u8>,
}

/// The loop of a line, without what waits.
fn serve(sent: &[u8], piece_len: usize, mode: u8) -> Served {
    let (own, mut wire) = (evt_topic(device()), Wire::default());
    let (mut steps, mut open, mut is_up, mut is_subscribed) = (Vec::new(), HashSet::new(), false, false);
    'line: for piece in sent.chunks(piece_len.max(1)) {
        let mut unread = Bytes::copy_from_slice(piece);
        while let Some(packet) = wire.receive(&mut unread) {
            if !is_up {
                let Incoming::Connect { keep_alive_secs, fault, .. } = packet else { break 'line };
                if let Some(refused) = fault.or((mode & REFUSES != 0).then_some(Refused::Credential)) {
                    wire.refuse(refused);
                    break 'line;
                }
                wire.accept(keep_alive_secs);
                is_up = true;
                continue;
            }
            let is_own = matches!(&packet, Incoming::Publish { topic, fault: None, .. } if *topic == own);
            let step = judge(&mut wire, device(), is_subscribed, packet);
            steps.push(step.clone());
            match step {
                Step::Store { packet_id, payload } => {
                    assert!(is_own, "taken from a topic that is not its own");
                    assert!(payload.len() <= MESSAGE_LEN_MAX + 1024);
                    assert_ne!(packet_id, Some(0));
                    match packet_id {
                        Some(packet_id) if mode & NEVER_ACKNOWLEDGES == 0 => wire.acknowledge(packet_id),
                        Some(packet_id) => drop(open.insert(packet_id)),
                        None => {}
                    }
                    assert!(open.len() <= OPEN_MAX || !begins_as(mode, 2), "more is open than was offered");
                }
                Step::Subscribed => {
                    is_subscribed = true;
                    wire.publish(&cmd_topic(device()), ORDER);
                }
                Step::Unsubscribed => is_subscribed = false,
                Step::Nothing => {}
                Step::Trespass(_, goodbye) => {
                    wire.say_goodbye(goodbye);
                    break 'line;
                }
                Step::End(_) => break 'line,
            }
        }
    }
    Served { steps, output: wire.take_output() }
}

/// 0: nothing has come yet; 1: a CONNECT of 3.1.1; 2: of 5; 3: of 5 for small packets.
fn begins_as(mode: u8, beginning: u8) -> bool {
    mode % 4 == beginning
}

fn opening(mode: u8) -> Vec<u8> {
    match mode % 4 {
        0 => Vec::new(),
        1 => connect(4, &[]),
        2 => connect(5, &[0]),
        // Maximum Packet Size 20, Topic Alias Maximum 3, Receive Maximum 2.
        _ => connect(5, &[11, 0x27, 0, 0, 0, 20, 0x22, 0, 3, 0x21, 0, 2]),
    }
}

fn connect(version: u8, properties: &[u8]) -> Vec<u8> {
    let id = text(&device().to_string());
    packet(CONNECT, &[&text("MQTT"), &[version, 0xc2, 0, 30], properties, &id, &id, &text("credential")])
}

pub fn seeds() -> Vec<Vec<u8>> {
    let (cmd, evt) = (text(&cmd_topic(device())), text(&evt_topic(device())));
    let mut seeds = vec![[&[0, 0][..], &connect(4, &[])].concat(), [&[0, 3][..], &connect(5, &[0])].concat()];
    // The properties of 5 are empty; before 5 there are none.
    for (mode, none) in [(1, &[][..]), (2, &[0][..]), (3, &[0][..])] {
        let id = &[0, 7][..];
        let packets = [
            packet(PUBLISH_QOS_1, &[&evt, id, none, b"{}"]),
            packet(PUBLISH, &[&evt, none, b"{}"]),
            packet(PUBLISH, &[&text("taskey/v1/dev/#"), none, b"{}"]),
            packet(PUBLISH_QOS_1 | 1, &[&evt, id, none, b"retained"]),
            packet(0x34, &[&evt, id, none, b"QoS 2"]),
            packet(SUBSCRIBE, &[id, none, &cmd, &[1]]),
            packet(SUBSCRIBE, &[id, none, &cmd, &[1], &text("$share/a/#"), &[0]]),
            packet(UNSUBSCRIBE, &[id, none, &cmd]),
            packet(PINGREQ, &[]),
            packet(DISCONNECT, &[]),
            connect(4, &[]),
        ];
        seeds.extend(packets.iter().map(|packet| [&[mode, 0][..], packet].concat()));
        let talk = [&packets[5][..], &packets[8], &packets[0], &packets[1], &packets[7], &packets[9]].concat();
        seeds.extend([0, REFUSES, NEVER_ACKNOWLEDGES].map(|bit| [&[mode | bit, 5][..], &talk].concat()));
    }
    // On 5 a topic may have a short name: given with the first, used by the second.
    let named = packet(PUBLISH_QOS_1, &[&evt, &[0, 1], &[3, 0x23, 0, 1], b"{}"]);
    let by_name = packet(PUBLISH_QOS_1, &[&text(""), &[0, 2], &[3, 0x23, 0, 1], b"{}"]);
    seeds.push([&[2, 0][..], &named, &by_name].concat());
    // A version that is none of ours, an empty client id, a subscription with a number.
    seeds.push([&[0, 0][..], &packet(CONNECT, &[&text("MQIsdp"), &[3, 2, 0, 30], &text("a")])].concat());
    seeds.push([&[0, 0][..], &packet(CONNECT, &[&text("MQTT"), &[4, 2, 0, 30], &text("")])].concat());
    seeds.push([&[2, 0][..], &packet(SUBSCRIBE, &[&[0, 7, 2, 0x0b, 9], &cmd, &[1]])].concat());
    // With a will.
    let id = text(&device().to_string());
    let will = packet(CONNECT, &[&text("MQTT"), &[4, 0xf6, 0, 30], &id, &evt, &text("gone"), &id, &text("credential")]);
    seeds.push([&[0, 0][..], &will].concat());
    seeds
}
