//! The file of a backup: a head in the clear, then chunks, each encrypted and authenticated for its place.
//!
//! ```text
//! head    "taskeybk" | format 1 | memory KiB 4 | passes 4 | lanes 4 | salt 16 | proof of the key 16 | checksum 8
//! chunk   number 8 | length 4, highest bit: the last one | ciphertext and tag
//! ```
//!
//! The key is Argon2id of passphrase and salt, used for this file alone. A chunk's nonce is its number and whether it is the last; what
//! it is bound to besides is the head. So no chunk opens in another place, in another file, or as an end that it is not.

use std::io::{Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};
use taskey_proto::crypto::{mac, random, same_bytes, sha256};

use super::BackupError;

pub const FORMAT: u8 = 1;
pub const PASSPHRASE_LEN_MIN: usize = 12;
const MAGIC: &[u8; 8] = b"taskeybk";
const SALT_LEN: usize = 16;
const PROOF_LEN: usize = 16;
const CHECKSUM_LEN: usize = 8;
const HEAD_LEN: usize = 8 + 1 + 12 + SALT_LEN + PROOF_LEN + CHECKSUM_LEN;
const FRAME_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Bytes of a chunk before encryption.
const CHUNK_LEN: usize = 64 * 1024;
const LAST: u32 = 1 << 31;

/// What the passphrase costs to guess: 64 MiB and three passes for each try. This file's own tests open a hundred and pay less.
const COST: Cost = Cost { memory_kib: if cfg!(test) { 64 } else { 65_536 }, passes: 3, lanes: 1 };
/// A head that asks for more than this is not believed.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// What a backup is encrypted with. Its text is never shown.
pub struct Passphrase(String);

impl Passphrase {
    /// For a new backup: long enough.
    pub fn new(text: String) -> Result<Self, BackupError> {
        if text.chars().count() < PASSPHRASE_LEN_MIN {
            return Err(BackupError::ShortPassphrase);
        }
        Ok(Self(text))
    }

    /// For a backup that exists.
    pub fn known(text: String) -> Self {
        Self(text)
    }

    fn key(&self, salt: &[u8], cost: Cost) -> Result<[u8; 32], BackupError> {
        let mut key = [0; 32];
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len())).map_err(|_| BackupError::Head)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.0.as_bytes(), salt, &mut key)
            .map_err(|_| BackupError::Head)?;
        Ok(key)
    }
}

/// Encrypts what is written to it. [`Sealer::finish`] must be called: without its last chunk a backup counts as cut off.
pub struct Sealer<W> {
    out: W,
    cipher: Cipher,
    buffer: Vec<u8>,
    digest: Context,
    len: u64,
}

/// A file that was written to its end.
pub struct Sealed<W> {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at what was written"))]
    pub out: W,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

impl<W: Write> Sealer<W> {
    pub fn new(out: W, passphrase: &Passphrase) -> Result<Self, BackupError> {
        let salt = random::<SALT_LEN>()?;
        let key = passphrase.key(&salt, COST)?;
        let mut head = [MAGIC, &[FORMAT][..]].concat();
        for number in [COST.memory_kib, COST.passes, COST.lanes] {
            head.extend_from_slice(&number.to_be_bytes());
        }
        head.extend_from_slice(&salt);
        head.extend_from_slice(&proof(&key));
        head.extend_from_slice(&sha256(&head)[..CHECKSUM_LEN]);
        let cipher = Cipher::new(&key, &head);
        let mut sealer = Self { out, cipher, buffer: Vec::with_capacity(CHUNK_LEN), digest: Context::new(&SHA256), len: 0 };
        sealer.put(&head)?;
        Ok(sealer)
    }

    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            // A full chunk waits until it is known not to be the last.
            if self.buffer.len() == CHUNK_LEN {
                self.put_chunk(0)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_LEN - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Sealed<W>, BackupError> {
        self.put_chunk(LAST)?;
        self.out.flush().map_err(|error| BackupError::Stream("the backup cannot be written", error))?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        Ok(Sealed { out: self.out, bytes: self.len, sha256 })
    }

    fn put_chunk(&mut self, flag: u32) -> Result<(), BackupError> {
        let mut chunk = std::mem::take(&mut self.buffer);
        let len = (chunk.len() + TAG_LEN) as u32;
        let frame = [&self.cipher.number.to_be_bytes()[..], &(len | flag).to_be_bytes()].concat();
        self.cipher.seal(flag != 0, &mut chunk)?;
        self.put(&frame)?;
        self.put(&chunk)?;
        chunk.clear();
        self.buffer = chunk;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.digest.update(bytes);
        self.len += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|error| BackupError::Stream("the backup cannot be written", error))
    }
}

/// Decrypts a backup; nothing is given out that was not authenticated for its place.
pub struct Opener<R> {
    input: R,
    cipher: Cipher,
    chunk: Vec<u8>,
    read: usize,
    is_last: bool,
    /// Bytes of the file so far.
    len: u64,
}

impl<R: Read> Opener<R> {
    pub fn new(mut input: R, passphrase: &Passphrase) -> Result<Self, BackupError> {
        let mut head = [0; HEAD_LEN];
        let got = read_up_to(&mut input, &mut head)?;
        if got < MAGIC.len() || head[..MAGIC.len()] != MAGIC[..] {
            return Err(BackupError::Foreign);
        }
        if got > 8 && head[8] > FORMAT {
            return Err(BackupError::NewerFormat(head[8]));
        }
        if got < HEAD_LEN {
            return Err(BackupError::CutOff(got as u64));
        }
        let (content, checksum) = head.split_at(HEAD_LEN - CHECKSUM_LEN);
        if sha256(content)[..CHECKSUM_LEN] != *checksum || head[8] != FORMAT {
            return Err(BackupError::Head);
        }
        let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let cost = Cost { memory_kib: number(9), passes: number(13), lanes: number(17) };
        if cost.memory_kib > COST_MAX.memory_kib || cost.passes > COST_MAX.passes || cost.lanes > COST_MAX.lanes {
            return Err(BackupError::Head);
        }
        let (salt, rest) = head[21..].split_at(SALT_LEN);
        let key = passphrase.key(salt, cost)?;
        if !same_bytes(&proof(&key), &rest[..PROOF_LEN]) {
            return Err(BackupError::Passphrase);
        }
        let cipher = Cipher::new(&key, &head);
        Ok(Self { input, cipher, chunk: Vec::new(), read: 0, is_last: false, len: HEAD_LEN as u64 })
    }

    pub fn read_exact(&mut self, mut out: &mut [u8]) -> Result<(), BackupError> {
        while !out.is_empty() {
            if self.read == self.chunk.len() {
                if self.is_last {
                    return Err(BackupError::Unreadable("it ends in the middle of a record".to_owned()));
                }
                self.next_chunk()?;
                continue;
            }
            let len = out.len().min(self.chunk.len() - self.read);
            let (now, later) = out.split_at_mut(len);
            now.copy_from_slice(&self.chunk[self.read..self.read + len]);
            self.read += len;
            out = later;
        }
        Ok(())
    }

    /// Checks that everything was read, and that the file ends here.
    pub fn finish(mut self) -> Result<(), BackupError> {
        while !self.is_last && self.read == self.chunk.len() {
            self.next_chunk()?;
        }
        if !self.is_last || self.read < self.chunk.len() {
            return Err(BackupError::Unreadable("it goes on behind its last record".to_owned()));
        }
        if read_up_to(&mut self.input, &mut [0])? > 0 {
            return Err(BackupError::Trailing);
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<(), BackupError> {
        let mut frame = [0; FRAME_LEN];
        self.fill(&mut frame)?;
        let (number, len) = frame.split_at(8);
        let found = u64::from_be_bytes(number.try_into().unwrap_or_default());
        let len = u32::from_be_bytes(len.try_into().unwrap_or_default());
        let (is_last, len) = (len & LAST != 0, (len & !LAST) as usize);
        if found != self.cipher.number {
            return Err(BackupError::OutOfOrder { wanted: self.cipher.number, found });
        }
        if !(TAG_LEN..=CHUNK_LEN + TAG_LEN).contains(&len) {
            return Err(BackupError::Damaged(found));
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(len, 0);
        self.fill(&mut chunk)?;
        self.cipher.open(is_last, &mut chunk)?;
        (self.chunk, self.read, self.is_last) = (chunk, 0, is_last);
        Ok(())
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), BackupError> {
        let got = read_up_to(&mut self.input, out)?;
        self.len += got as u64;
        if got < out.len() { Err(BackupError::CutOff(self.len)) } else { Ok(()) }
    }
}

fn read_up_to(input: &mut impl Read, out: &mut [u8]) -> Result<usize, BackupError> {
    let mut got = 0;
    while got < out.len() {
        match input.read(&mut out[got..]) {
            Ok(0) => break,
            Ok(len) => got += len,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BackupError::Stream("the backup cannot be read", error)),
        }
    }
    Ok(got)
}

/// Tells a wrong passphrase from a damaged file, and nothing about the key.
fn proof(key: &[u8; 32]) -> [u8; PROOF_LEN] {
    let mut proof = [0; PROOF_LEN];
    proof.copy_from_slice(&mac(key, b"taskey backup: proof")[..PROOF_LEN]);
    proof
}

struct Cipher {
    key: LessSafeKey,
    head: [u8; 32],
    number: u64,
}

impl Cipher {
    fn new(key: &[u8; 32], head: &[u8]) -> Self {
        let key = mac(key, b"taskey backup: chunks");
        // The key's length is that of the algorithm: this cannot fail.
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a key of 32 bytes");
        Self { key: LessSafeKey::new(key), head: sha256(head), number: 0 }
    }

    fn seal(&mut self, is_last: bool, chunk: &mut Vec<u8>) -> Result<(), BackupError> {
        let sealed = self.key.seal_in_place_append_tag(self.nonce(is_last), Aad::from(self.head), chunk);
        sealed.map_err(|_| BackupError::Damaged(self.number))?;
        self.number += 1;
        Ok(())
    }

    fn open(&mut self, is_last: bool, chunk: &mut Vec<u8>) -> Result<(), BackupError> {
        let opened = self.key.open_in_place(self.nonce(is_last), Aad::from(self.head), chunk);
        let len = opened.map_err(|_| BackupError::Damaged(self.number))?.len();
        chunk.truncate(len);
        self.number += 1;
        Ok(())
    }

    fn nonce(&self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 3 * CHUNK_LEN + 100;

    fn passphrase() -> Passphrase {
        Passphrase::new("correct horse battery".to_owned()).unwrap()
    }

    fn plain(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at % 251) as u8).collect()
    }

    fn sealed(len: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &passphrase()).unwrap();
        plain(len).chunks(1_000).for_each(|piece| sealer.write(piece).unwrap());
        let sealed = sealer.finish().unwrap();
        assert_eq!((sealed.bytes, sealed.sha256), (sealed.out.len() as u64, sha256(&sealed.out)));
        sealed.out
    }

    fn open(file: &[u8], len: usize) -> Result<Vec<u8>, BackupError> {
        let mut opener = Opener::new(file, &passphrase())?;
        let mut out = vec![0; len];
        opener.read_exact(&mut out)?;
        opener.finish()?;
        Ok(out)
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        for len in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 2 * CHUNK_LEN, LEN] {
            assert_eq!(open(&sealed(len), len).unwrap(), plain(len), "{len}");
        }
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_a_damaged_file() {
        let mut file = sealed(10);
        let other = Passphrase::known("correct horse batterie".to_owned());
        assert!(matches!(Opener::new(&file[..], &other), Err(BackupError::Passphrase)));
        file[25] ^= 1;
        assert!(matches!(Opener::new(&file[..], &other), Err(BackupError::Head)));
        assert!(matches!(Passphrase::new("short".to_owned()), Err(BackupError::ShortPassphrase)));
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_found() {
        let file = sealed(LEN);
        let frame = FRAME_LEN + CHUNK_LEN + TAG_LEN;
        for len in [HEAD_LEN, HEAD_LEN + 5, HEAD_LEN + FRAME_LEN, HEAD_LEN + frame, HEAD_LEN + 3 * frame, file.len() - 1] {
            assert!(matches!(open(&file[..len], LEN), Err(BackupError::CutOff(at)) if at == len as u64), "{len}");
        }
        assert!(matches!(open(&file[..20], LEN), Err(BackupError::CutOff(20))));
        assert!(matches!(open(b"something else", LEN), Err(BackupError::Foreign)));
        assert!(matches!(open(&[&file[..], b"more"].concat(), LEN), Err(BackupError::Trailing)));
    }

    #[test]
    fn chunks_in_another_order_left_out_or_of_another_backup_are_refused() {
        let file = sealed(LEN);
        let frame = FRAME_LEN + CHUNK_LEN + TAG_LEN;
        let (head, chunks) = file.split_at(HEAD_LEN);
        let swapped = [head, &chunks[frame..2 * frame], &chunks[..frame], &chunks[2 * frame..]].concat();
        assert!(matches!(open(&swapped, LEN), Err(BackupError::OutOfOrder { wanted: 0, found: 1 })));
        let shorter = [head, &chunks[..frame], &chunks[2 * frame..]].concat();
        assert!(matches!(open(&shorter, LEN), Err(BackupError::OutOfOrder { wanted: 1, found: 2 })));
        // One that says to be where it is not.
        let mut posing = swapped.clone();
        posing[HEAD_LEN..HEAD_LEN + 8].copy_from_slice(&0u64.to_be_bytes());
        assert!(matches!(open(&posing, LEN), Err(BackupError::Damaged(0))));
        let other = sealed(LEN);
        let mixed = [head, &chunks[..frame], &other[HEAD_LEN + frame..]].concat();
        assert!(matches!(open(&mixed, LEN), Err(BackupError::Damaged(1))));
        // A chunk that says to be the last, so that the rest could be left out.
        let mut early = file[..HEAD_LEN + frame].to_vec();
        early[HEAD_LEN + 8] |= 0x80;
        assert!(matches!(open(&early, CHUNK_LEN), Err(BackupError::Damaged(0))));
    }

    #[test]
    fn one_flipped_byte_anywhere_is_found() {
        let file = sealed(CHUNK_LEN + 50);
        // Every byte of head and frames; of the ciphertext some.
        let second = HEAD_LEN + FRAME_LEN + CHUNK_LEN + TAG_LEN;
        let places =
            (0..21).chain(HEAD_LEN..HEAD_LEN + FRAME_LEN + 4).chain(second..second + FRAME_LEN).chain([second - 1, file.len() - 1]);
        for at in places {
            let mut altered = file.clone();
            altered[at] ^= 1;
            assert!(open(&altered, CHUNK_LEN + 50).is_err(), "{at}");
        }
    }
}
