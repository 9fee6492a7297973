//! What is inside a backup: records, each a letter, a length and a content.
//!
//! ```text
//! M manifest, JSON
//! F file: {"path", "mode"} as JSON with its length before it, then the content
//! T table, JSON ([`Table`])            R one of its rows            E its end: how many rows, 8 bytes
//! Z the end of all: {"tables", "rows", "files"}, JSON
//! ```
//!
//! A row is its values in the order of the table's columns: `n`, `i` with 8 bytes, `r` with 8 bytes, `t` or `b` with a length of
//! 4 bytes and so many bytes.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::seal::{Opener, Sealer};
use super::table::{Table, Value};
use super::{BackupError, Manifest};

/// A record that claims to be longer is not believed.
const RECORD_LEN_MAX: u32 = 1 << 30;

#[derive(Debug)]
pub enum Record {
    Manifest(Manifest),
    File { file: FileHead, content: Vec<u8> },
    Table(Table),
    Row(Vec<Value>),
    TableEnd { rows: u64 },
    End(Totals),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHead {
    /// Below the data folder.
    pub path: String,
    pub mode: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub tables: u64,
    pub rows: u64,
    pub files: u64,
}

/// Writes records, and counts them.
pub struct Records<W> {
    sealer: Sealer<W>,
    pub totals: Totals,
    /// Before encryption.
    pub bytes: u64,
    row: Vec<u8>,
}

impl<W: Write> Records<W> {
    pub fn new(sealer: Sealer<W>) -> Self {
        Self { sealer, totals: Totals::default(), bytes: 0, row: Vec::new() }
    }

    pub fn manifest(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        self.put(b'M', &json(manifest)?)
    }

    pub fn file(&mut self, file: &FileHead, content: &[u8]) -> Result<(), BackupError> {
        let head = json(file)?;
        self.totals.files += 1;
        self.put(b'F', &[&(head.len() as u32).to_be_bytes()[..], &head, content].concat())
    }

    pub fn table(&mut self, table: &Table) -> Result<(), BackupError> {
        self.totals.tables += 1;
        self.put(b'T', &json(table)?)
    }

    pub fn row(&mut self, values: &[Value]) -> Result<(), BackupError> {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        values.iter().for_each(|value| encode(&mut row, value));
        self.totals.rows += 1;
        let put = self.put(b'R', &row);
        self.row = row;
        put
    }

    pub fn table_end(&mut self, rows: u64) -> Result<(), BackupError> {
        self.put(b'E', &rows.to_be_bytes())
    }

    /// Writes the totals; what is left is to finish the file.
    pub fn end(mut self) -> Result<(Sealer<W>, Totals), BackupError> {
        let totals = json(&self.totals)?;
        self.put(b'Z', &totals)?;
        Ok((self.sealer, self.totals))
    }

    fn put(&mut self, letter: u8, content: &[u8]) -> Result<(), BackupError> {
        let len = u32::try_from(content.len()).ok().filter(|len| *len <= RECORD_LEN_MAX);
        let len = len.ok_or_else(|| BackupError::Unreadable(format!("a record of {} bytes is too long", content.len())))?;
        self.bytes += content.len() as u64 + 5;
        self.sealer.write(&[letter])?;
        self.sealer.write(&len.to_be_bytes())?;
        self.sealer.write(content)
    }
}

/// Reads the next record.
pub fn read(opener: &mut Opener<impl Read>) -> Result<Record, BackupError> {
    let mut head = [0; 5];
    opener.read_exact(&mut head)?;
    let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    if len > RECORD_LEN_MAX {
        return Err(unreadable("a record is too long"));
    }
    let mut content = vec![0; len as usize];
    opener.read_exact(&mut content)?;
    match head[0] {
        b'M' => Ok(Record::Manifest(from_json(&content)?)),
        b'F' => {
            let (len, rest) = content.split_first_chunk::<4>().ok_or_else(|| unreadable("a file without a name"))?;
            let len = u32::from_be_bytes(*len) as usize;
            let (file, content) = rest.split_at_checked(len).ok_or_else(|| unreadable("a file without a name"))?;
            Ok(Record::File { file: from_json(file)?, content: content.to_vec() })
        }
        b'T' => Ok(Record::Table(from_json(&content)?)),
        b'R' => Ok(Record::Row(decode(&content)?)),
        b'E' => {
            let rows = content.try_into().map_err(|_| unreadable("a table without an end"))?;
            Ok(Record::TableEnd { rows: u64::from_be_bytes(rows) })
        }
        b'Z' => Ok(Record::End(from_json(&content)?)),
        other => Err(unreadable(&format!("a record of kind {other}; a newer taskey may have made it"))),
    }
}

fn encode(row: &mut Vec<u8>, value: &Value) {
    let mut bytes = |letter: u8, bytes: &[u8]| {
        row.push(letter);
        row.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        row.extend_from_slice(bytes);
    };
    match value {
        Value::Null => row.push(b'n'),
        Value::Text(text) => bytes(b't', text.as_bytes()),
        Value::Bytes(content) => bytes(b'b', content),
        Value::Int(number) => {
            row.push(b'i');
            row.extend_from_slice(&number.to_be_bytes());
        }
        Value::Real(number) => {
            row.push(b'r');
            row.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn decode(mut rest: &[u8]) -> Result<Vec<Value>, BackupError> {
    fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BackupError> {
        let (now, later) = rest.split_first_chunk::<N>().ok_or_else(|| unreadable("a row is cut off"))?;
        *rest = later;
        Ok(*now)
    }
    fn take_bytes(rest: &mut &[u8]) -> Result<Vec<u8>, BackupError> {
        let len = u32::from_be_bytes(take(rest)?) as usize;
        let (now, later) = rest.split_at_checked(len).ok_or_else(|| unreadable("a row is cut off"))?;
        *rest = later;
        Ok(now.to_vec())
    }
    let mut values = Vec::new();
    while !rest.is_empty() {
        values.push(match take::<1>(&mut rest)?[0] {
            b'n' => Value::Null,
            b'i' => Value::Int(i64::from_be_bytes(take(&mut rest)?)),
            b'r' => Value::Real(f64::from_be_bytes(take(&mut rest)?)),
            b't' => Value::Text(String::from_utf8(take_bytes(&mut rest)?).map_err(|_| unreadable("a text is not UTF-8"))?),
            b'b' => Value::Bytes(take_bytes(&mut rest)?),
            _ => return Err(unreadable("a value of an unknown kind")),
        });
    }
    Ok(values)
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(value).map_err(|error| BackupError::Unreadable(error.to_string()))
}

fn from_json<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, BackupError> {
    serde_json::from_slice(bytes).map_err(|error| BackupError::Unreadable(error.to_string()))
}

fn unreadable(why: &str) -> BackupError {
    BackupError::Unreadable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let row = vec![
            Value::Null,
            Value::Int(i64::MIN),
            Value::Real(-0.5),
            Value::Text("ä\n".to_owned()),
            Value::Bytes(vec![0, 255]),
            Value::Text(String::new()),
        ];
        let mut bytes = Vec::new();
        row.iter().for_each(|value| encode(&mut bytes, value));
        assert_eq!(decode(&bytes).unwrap(), row);
        assert!(decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(decode(b"x").is_err());
    }
}
