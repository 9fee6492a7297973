//! A hostile server at the agent's end of the line: from its first byte, or with CONNACK and SUBACK behind it and messages open.
//!
//! It never panics. It means the same however the bytes are cut into pieces. A message is acknowledged at most once, and only one that
//! was sent; what the agent is told and what it answers is no more than the server paid for with its bytes.

use std::collections::HashSet;

use bytes::Bytes;
use taskey_agent::line::wire::{News, Wire};
use taskey_agent::line::{Ended, OPEN_MAX};
use taskey_agent::outbox::Message;
use taskey_proto::line::cmd_topic;

use crate::packets::{
    CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, PUBLISH_QOS_1, SUBACK, SUBSCRIBE, firsts, packet, text,
};
use crate::{device, golden};

/// The first byte says what has come before and how many messages are open, the second how long the pieces are.
pub fn run(input: &[u8]) {
    let Some((&[mode, piece_len], rest)) = input.split_first_chunk() else { return };
    let sent = [opening(mode), rest.to_vec()].concat();
    let whole = hold(&sent, sent.len(), mode);
    assert_eq!(whole, hold(&sent, usize::from(piece_len), mode), "the pieces make a difference");

    let mut acknowledged = HashSet::new();
    let mut told_len = 0;
    for news in &whole.news {
        match news {
            News::Message(payload) => told_len += payload.len(),
            News::Acknowledged(number) => {
                assert!((1..=u64::from(OPEN_MAX)).contains(number), "{number} was never sent");
                assert!(acknowledged.insert(*number), "{number} twice");
            }
        }
    }
    assert!(told_len <= sent.len() && whole.news.len() <= sent.len());
    assert!(whole.output.len() <= 256 + 128 * usize::from(OPEN_MAX) + 4 * sent.len(), "{} bytes", whole.output.len());
    for first in firsts(&whole.output) {
        assert!([CONNECT, PUBLISH_QOS_1, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT].contains(&first), "{first:#x} is not an agent's");
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Held {
    news: Vec<News>,
    output: Vec<u8>,
    ended: Option<Ended>,
}

fn hold(sent: &[u8], piece_len: usize, mode: u8) -> Held {
    let mut wire = Wire::new(device());
    let mut news = Vec::new();
    let ended = carry(&mut wire, sent, piece_len, mode, &mut news).err();
    Held { news, output: wire.take_output(), ended }
}

/// The way of a session: sign in, subscribe, send what is to be sent, take what comes.
fn carry(wire: &mut Wire, sent: &[u8], piece_len: usize, mode: u8, news: &mut Vec<News>) -> Result<(), Ended> {
    wire.connect("credential")?;
    let mut answers = 0;
    for piece in sent.chunks(piece_len.max(1)) {
        let mut unread = Bytes::copy_from_slice(piece);
        while let Some(packet) = wire.receive(&mut unread)? {
            answers += 1;
            match answers {
                1 => {
                    wire.take_connack(&packet)?;
                    wire.subscribe()?;
                }
                2 => {
                    wire.take_suback(&packet)?;
                    let open = wire.window().min(u16::from(mode >> 2));
                    for number in 1..=u64::from(open) {
                        wire.publish(Message { number, payload: b"{}".to_vec() })?;
                    }
                }
                _ => news.extend(wire.take(packet)?),
            }
        }
        wire.fire_timers()?;
    }
    wire.disconnect()
}

/// 0: nothing; 1: CONNACK; else: CONNACK and SUBACK.
fn opening(mode: u8) -> Vec<u8> {
    let connack = packet(CONNACK, &[&[0, 0, 0]]);
    match mode % 4 {
        0 => Vec::new(),
        1 => connack,
        _ => [connack, packet(SUBACK, &[&[0, 1, 0, 0]])].concat(),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let cmd = text(&cmd_topic(device()));
    let mut seeds = vec![
        [&[0, 0][..], &opening(2)].concat(),
        // Every property that a server may send.
        [&[0, 0][..], &packet(CONNACK, &[&[0, 0, 11, 0x21, 0, 5, 0x27, 0, 0, 1, 0, 0x13, 0, 60]])].concat(),
        [&[0, 0][..], &packet(CONNACK, &[&[0, 0, 6, 0x22, 0, 9, 0x24, 1, 0x25], &[0]])].concat(),
        [&[0, 0][..], &packet(CONNACK, &[&[0, 0x87, 0]])].concat(),
        [&[1, 0][..], &packet(SUBACK, &[&[0, 1, 0, 0x87]])].concat(),
    ];
    let order = golden("down_execute.json");
    let packets = [
        packet(PUBLISH, &[&cmd, &[0], &order]),
        packet(PUBLISH_QOS_1, &[&cmd, &[0, 9], &[0], b"{}"]),
        packet(0x34, &[&cmd, &[0, 9], &[0], b"{}"]),
        packet(PUBACK, &[&[0, 2]]),
        packet(PUBACK, &[&[0, 3, 0x87, 0]]),
        packet(PINGRESP, &[]),
        packet(DISCONNECT, &[&[0x8e, 0]]),
        packet(0x50, &[&[0, 2]]),
    ];
    for piece_len in [0, 7] {
        seeds.extend(packets.iter().map(|packet| [&[2 | 3 << 2, piece_len][..], packet].concat()));
    }
    seeds.push([&[2 | 3 << 2, 0][..], &packets[1], &packets[3], &packets[3], &packets[5]].concat());
    seeds
}
