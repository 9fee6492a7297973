//! `taskey items bulk`: many items of one file, one a line.

use std::path::Path;

use taskey_client::{Client, ClientError};
use taskey_proto::items::{BULK_MAX, BulkLine};
use taskey_proto::page::Page;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::Output;
use crate::table::{Cell, Table, Tone};

/// Bytes that go in one request; the server takes a little more.
const PART_LEN_MAX: usize = 3 * 1024 * 1024;

/// Posts every line of a file, and says of each what became of it. One that is refused does not keep the others back.
pub async fn run(client: &Client, file: &Path, output: Output) -> Result<Exit, Failure> {
    let file = GivenFile::read(file)?;
    let mut told = Vec::new();
    let outcome = post(client, &file.text, &mut told).await;
    let all = told.len();
    let refused = told.iter().filter(|line| line.id.is_none()).count();
    if output.is_name() {
        told.retain(|line| line.id.is_some());
    }
    // Also where it broke off: what was posted before is posted.
    output.list(&Page::whole(told), |line| line.id.map(|id| id.to_string()).unwrap_or_default(), table)?;
    outcome?;
    if refused == 0 {
        return Ok(Exit::Done);
    }
    Err(Failure::Ended(Exit::Error, format!("{refused} of {all} lines were refused; the others are posted")))
}

async fn post(client: &Client, text: &str, told: &mut Vec<BulkLine>) -> Result<(), ClientError> {
    for part in parts(text) {
        let lines: String = part.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
        for mut line in client.create_items(&lines).await? {
            line.line = place(&part, line.line);
            told.push(line);
        }
    }
    Ok(())
}

/// The lines that hold something, with their numbers in the file, in parts that one request may carry.
fn parts(text: &str) -> Vec<Vec<(u64, &str)>> {
    let mut parts: Vec<Vec<(u64, &str)>> = Vec::new();
    let mut len = 0;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        len += line.len() + 1;
        match parts.last_mut() {
            Some(part) if part.len() < BULK_MAX && len <= PART_LEN_MAX => part.push((index as u64 + 1, line)),
            _ => {
                len = line.len() + 1;
                parts.push(vec![(index as u64 + 1, line)]);
            }
        }
    }
    parts
}

/// The number in the file of a line that the server counts within its part.
fn place(part: &[(u64, &str)], line: u64) -> u64 {
    let index = usize::try_from(line).unwrap_or(usize::MAX).wrapping_sub(1);
    part.get(index).map_or(line, |(number, _)| *number)
}

fn table(lines: &[BulkLine]) -> Table {
    let mut table = Table::new(&["LINE", "STATUS", "ITEM", "DETAIL"]);
    for line in lines {
        let (word, tone) = match line.status {
            201 => ("posted", Tone::Good),
            200 => ("there before", Tone::Faint),
            _ => ("refused", Tone::Bad),
        };
        let errors = line.errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect::<Vec<_>>().join("; ");
        let detail = if errors.is_empty() { line.detail.clone().unwrap_or_default() } else { errors };
        table.row([
            line.line.to_string().into(),
            Cell::toned(word, tone),
            line.id.map(|id| id.to_string()).unwrap_or_default().into(),
            detail.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_are_left_out_and_every_line_keeps_its_number() {
        let parts = parts("{}\n\n  \n{\"a\":1}\n");
        assert_eq!(parts, [vec![(1, "{}"), (4, "{\"a\":1}")]]);
        assert_eq!((place(&parts[0], 2), place(&parts[0], 9), place(&parts[0], 0)), (4, 9, 0));
    }

    #[test]
    fn a_part_holds_what_one_request_may_carry() {
        let many = "{}\n".repeat(BULK_MAX + 1);
        assert_eq!(parts(&many).iter().map(Vec::len).collect::<Vec<_>>(), [BULK_MAX, 1]);
        let long = format!("{0}\n{0}\n{{}}\n", "x".repeat(PART_LEN_MAX / 2));
        assert_eq!(parts(&long).iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    }
}
