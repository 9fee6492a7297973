//! MQTT packets, written by hand: what the library makes is what is tried here.

pub const CONNECT: u8 = 0x10;
pub const CONNACK: u8 = 0x20;
pub const PUBLISH: u8 = 0x30;
pub const PUBLISH_QOS_1: u8 = 0x32;
pub const PUBACK: u8 = 0x40;
pub const SUBSCRIBE: u8 = 0x82;
pub const SUBACK: u8 = 0x90;
pub const UNSUBSCRIBE: u8 = 0xa2;
pub const PINGREQ: u8 = 0xc0;
pub const PINGRESP: u8 = 0xd0;
pub const DISCONNECT: u8 = 0xe0;

/// A packet of a type with its flags, and its parts one after the other.
pub fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![first];
    let mut len = body.len();
    loop {
        let digit = (len % 128) as u8;
        len /= 128;
        bytes.push(if len > 0 { digit | 0x80 } else { digit });
        if len == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

pub fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

/// The first bytes of the packets that follow each other in `bytes`; panics where one is not whole.
pub fn firsts(mut bytes: &[u8]) -> Vec<u8> {
    let mut firsts = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let (mut len, mut digits) = (0, 0);
        loop {
            let digit = rest[digits];
            len |= usize::from(digit & 0x7f) << (7 * digits);
            digits += 1;
            if digit & 0x80 == 0 {
                break;
            }
            assert!(digits < 4, "a length of more than four bytes was written");
        }
        bytes = &rest[digits + len..];
        firsts.push(*first);
    }
    firsts
}
