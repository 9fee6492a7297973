//! `stamp SOCKET WORD`: reads CLOCK_MONOTONIC before anything else, sends it with WORD to an abstract datagram socket, and ends.
//! Without Rust's start-up, and outside the workspace's crates: `build.rs` compiles it.

#![no_main]

use std::ffi::{CStr, c_char, c_int, c_long, c_void};

const CLOCK_MONOTONIC: c_int = 1;
const AF_UNIX: c_int = 1;
const SOCK_DGRAM: c_int = 2;
const WORD_LEN_MAX: usize = 32;

#[repr(C)]
struct Timespec {
    secs: i64,
    nanos: c_long,
}

#[repr(C)]
struct UnixAddress {
    family: u16,
    /// A zero byte, then the name.
    path: [u8; 108],
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn sendto(socket: c_int, bytes: *const c_void, len: usize, flags: c_int, to: *const UnixAddress, to_len: u32) -> isize;
}

#[unsafe(no_mangle)]
pub extern "C" fn main(argument_count: c_int, arguments: *const *const c_char) -> c_int {
    let mut now = Timespec { secs: 0, nanos: 0 };
    // SAFETY: the time is ours to write to; the system gives `main` that many arguments, each a C string.
    let (name, word) = unsafe {
        clock_gettime(CLOCK_MONOTONIC, &mut now);
        if argument_count != 3 {
            return 2;
        }
        (CStr::from_ptr(*arguments.add(1)).to_bytes(), CStr::from_ptr(*arguments.add(2)).to_bytes())
    };
    let mut address = UnixAddress { family: AF_UNIX as u16, path: [0; 108] };
    if name.len() >= address.path.len() || word.len() > WORD_LEN_MAX {
        return 2;
    }
    address.path[1..=name.len()].copy_from_slice(name);
    let mut message = [0; 8 + WORD_LEN_MAX];
    let nanos = now.secs as u64 * 1_000_000_000 + now.nanos as u64;
    message[..8].copy_from_slice(&nanos.to_le_bytes());
    message[8..8 + word.len()].copy_from_slice(word);
    let (len, address_len) = (8 + word.len(), 2 + 1 + name.len() as u32);
    // SAFETY: both buffers live until the call returns, and are at least as long as said.
    let sent = unsafe { sendto(socket(AF_UNIX, SOCK_DGRAM, 0), message.as_ptr().cast(), len, 0, &address, address_len) };
    c_int::from(sent != len as isize)
}
