//! A file of records that only grows: length, CRC-32 and payload each, in a file that is written full of zeros beforehand,
//! so that an append flushes data alone and a full disk shows before a record is begun.
//!
//! A record that was cut off by a crash ends the replay; a damaged one in the middle is passed over.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::state_dir::open_private;

const HEADER_LEN: u64 = 8;
const GROW_LEN: u64 = 256 * 1024;

/// Where a record's payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    at: u64,
    len: u32,
}

impl Place {
    /// Bytes.
    pub fn len(self) -> u32 {
        self.len
    }
}

#[derive(Debug)]
pub struct Log {
    medium: Medium,
    /// Where the next record goes.
    end: u64,
    allocated: u64,
}

/// What the records are written on.
#[derive(Debug)]
enum Medium {
    File(File),
    /// Of a simulated device; it ends with the process.
    Memory(Vec<u8>),
}

impl Log {
    /// Opens or makes the file and shows every whole record to `visit`, oldest first.
    pub fn open(path: &Path, visit: impl FnMut(Place, &[u8])) -> io::Result<Self> {
        let file = open_private(path)?;
        let allocated = file.metadata()?.len();
        let end = replay(&file, allocated, visit)?;
        Ok(Self { medium: Medium::File(file), end, allocated })
    }

    /// Records that nothing survives.
    pub fn in_memory() -> Self {
        Self { medium: Medium::Memory(Vec::new()), end: 0, allocated: 0 }
    }

    /// Shows every whole record of a file that another process may be writing.
    pub fn peek(path: &Path, visit: impl FnMut(Place, &[u8])) -> io::Result<()> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        replay(&file, len, visit).map(|_| ())
    }

    /// Writes a record; it is durable after the next [`Log::sync`], and survives the end of this process at once.
    pub fn append(&mut self, payload: &[u8]) -> io::Result<Place> {
        let len = u32::try_from(payload.len()).map_err(|_| io::Error::other("the record is too large"))?;
        let mut record = Vec::with_capacity(payload.len() + HEADER_LEN as usize);
        record.extend_from_slice(&len.to_le_bytes());
        record.extend_from_slice(&crc32(payload).to_le_bytes());
        record.extend_from_slice(payload);
        self.make_room(record.len() as u64)?;
        self.medium.write_at(&record, self.end)?;
        let place = Place { at: self.end + HEADER_LEN, len };
        self.end += record.len() as u64;
        Ok(place)
    }

    pub fn sync(&self) -> io::Result<()> {
        match &self.medium {
            Medium::File(file) => Ok(rustix::fs::fdatasync(file)?),
            Medium::Memory(_) => Ok(()),
        }
    }

    /// Takes back the newest record, which could not be made durable.
    pub fn retract(&mut self, newest: Place) {
        self.end = newest.at - HEADER_LEN;
        // If this fails too, a restart finds a start without an end, and reports it as lost; nothing runs twice.
        let _ = self.medium.write_at(&[0; HEADER_LEN as usize], self.end);
    }

    pub fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut payload = vec![0; place.len as usize];
        match &self.medium {
            Medium::File(file) => file.read_exact_at(&mut payload, place.at)?,
            Medium::Memory(bytes) => payload.copy_from_slice(&bytes[place.at as usize..][..place.len as usize]),
        }
        Ok(payload)
    }

    /// Bytes in use.
    pub fn len(&self) -> u64 {
        self.end
    }

    /// Grows the file by zeros, one more header's length than needed: the end of the records is a zero length.
    fn make_room(&mut self, len: u64) -> io::Result<()> {
        let needed = self.end + len + HEADER_LEN;
        let Medium::File(file) = &self.medium else { return Ok(()) };
        if needed <= self.allocated {
            return Ok(());
        }
        let target = needed.next_multiple_of(GROW_LEN);
        let zeros = vec![0; 64 * 1024];
        let mut at = self.allocated;
        while at < target {
            let piece = zeros.len().min((target - at) as usize);
            file.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        self.allocated = target;
        Ok(())
    }
}

impl Medium {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        match self {
            Medium::File(file) => file.write_all_at(bytes, at),
            Medium::Memory(memory) => {
                memory.truncate(at as usize);
                memory.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

/// Visits the records and returns where they end.
fn replay(file: &File, file_len: u64, mut visit: impl FnMut(Place, &[u8])) -> io::Result<u64> {
    let mut at = 0;
    let mut end = 0;
    let mut payload = Vec::new();
    while at + HEADER_LEN <= file_len {
        let mut header = [0; HEADER_LEN as usize];
        file.read_exact_at(&mut header, at)?;
        let len = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let crc = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        if len == 0 || at + HEADER_LEN + u64::from(len) > file_len {
            break;
        }
        payload.resize(len as usize, 0);
        file.read_exact_at(&mut payload, at + HEADER_LEN)?;
        let place = Place { at: at + HEADER_LEN, len };
        at += HEADER_LEN + u64::from(len);
        // `end` moves only with a whole record: a damaged one counts as passed over when a whole one follows it.
        if crc32(&payload) == crc {
            visit(place, &payload);
            end = at;
        }
    }
    Ok(end)
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

static CRC_TABLE: [u32; 256] = crc_table();

/// CRC-32 as in IEEE 802.3.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ CRC_TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct World {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    /// A log with these records.
    fn world(records: &[&str]) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.log");
        let mut log = Log::open(&path, |_, _| ()).unwrap();
        for record in records {
            log.append(record.as_bytes()).unwrap();
        }
        log.sync().unwrap();
        World { _folder: folder, path }
    }

    fn records(path: &Path) -> Vec<String> {
        let mut found = Vec::new();
        Log::open(path, |_, payload| found.push(String::from_utf8(payload.to_vec()).unwrap())).unwrap();
        found
    }

    fn damage(path: &Path, at: u64, byte: u8) {
        open_private(path).unwrap().write_all_at(&[byte], at).unwrap();
    }

    #[test]
    fn the_checksum_agrees_with_its_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn records_are_found_again_in_order() {
        let world = world(&["one", "two", "three"]);
        assert_eq!(records(&world.path), ["one", "two", "three"]);
        assert_eq!(std::fs::metadata(&world.path).unwrap().len(), GROW_LEN);
    }

    #[test]
    fn a_record_that_was_cut_off_is_written_over() {
        let world = world(&["one", "two"]);
        damage(&world.path, 8 + 3 + 8 + 2, b'?');
        let mut log = Log::open(&world.path, |_, _| ()).unwrap();
        log.append(b"new").unwrap();
        assert_eq!(records(&world.path), ["one", "new"]);
    }

    #[test]
    fn a_file_that_ends_within_a_record_keeps_those_before_it() {
        let world = world(&["one", "two"]);
        open_private(&world.path).unwrap().set_len(8 + 3 + 8 + 1).unwrap();
        assert_eq!(records(&world.path), ["one"]);
        open_private(&world.path).unwrap().set_len(8 + 3 + 5).unwrap();
        assert_eq!(records(&world.path), ["one"]);
    }

    #[test]
    fn a_damaged_record_in_the_middle_is_passed_over() {
        let world = world(&["one", "two", "three"]);
        damage(&world.path, 8 + 3 + 8, b'?');
        assert_eq!(records(&world.path), ["one", "three"]);
    }

    #[test]
    fn a_retracted_record_is_gone() {
        let world = world(&["one"]);
        let mut log = Log::open(&world.path, |_, _| ()).unwrap();
        let place = log.append(b"two").unwrap();
        log.retract(place);
        assert_eq!(records(&world.path), ["one"]);
    }

    #[test]
    fn a_large_record_makes_the_file_grow() {
        let world = world(&[]);
        let large = "x".repeat(GROW_LEN as usize + 1);
        let mut log = Log::open(&world.path, |_, _| ()).unwrap();
        let place = log.append(large.as_bytes()).unwrap();
        assert_eq!(log.read(place).unwrap(), large.as_bytes());
        assert_eq!(std::fs::metadata(&world.path).unwrap().len(), 2 * GROW_LEN);
    }
}
