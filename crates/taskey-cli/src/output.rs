//! The one door to stdout and stderr. Data goes to stdout in the format that was asked for, everything else to stderr.

#![allow(clippy::print_stdout, reason = "this is the door")]

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use taskey_proto::page::Page;
use taskey_proto::runs::Stream;

use crate::cli::Format;
use crate::failure::Failure;
use crate::table::Table;

#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
    colour: bool,
}

impl Output {
    pub fn new(format: Format) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { format, colour: wanted && able }
    }

    pub const fn is_table(self) -> bool {
        matches!(self.format, Format::Table)
    }

    pub const fn is_name(self) -> bool {
        matches!(self.format, Format::Name)
    }

    /// Shows one thing: as it came from the API, by its name, or as people read it.
    pub fn thing<T: Serialize>(self, value: &T, name: &str, table: impl FnOnce() -> Table) -> Result<(), Failure> {
        match self.format {
            Format::Table => write_data(table().render(self.colour).as_bytes()),
            Format::Name => write_data(format!("{name}\n").as_bytes()),
            Format::Json | Format::Yaml => write_data(self.document(value)?.as_bytes()),
        }
    }

    /// Shows a list; as JSON it is the API's list.
    pub fn list<T: Serialize>(self, page: &Page<T>, name: impl Fn(&T) -> String, table: impl FnOnce(&[T]) -> Table) -> Result<(), Failure> {
        match self.format {
            Format::Table => write_data(table(&page.items).render(self.colour).as_bytes()),
            Format::Name => write_data(page.items.iter().map(|item| format!("{}\n", name(item))).collect::<String>().as_bytes()),
            Format::Json | Format::Yaml => write_data(self.document(page)?.as_bytes()),
        }
    }

    fn document<T: Serialize>(self, value: &T) -> Result<String, Failure> {
        let unwritable = |error: String| Failure::usage(format!("this cannot be written as text: {error}"));
        match self.format {
            Format::Yaml => serde_saphyr::to_string(value).map_err(|error| unwritable(error.to_string())),
            _ => serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| unwritable(error.to_string())),
        }
    }
}

/// A line of data, at once.
pub fn line(text: &str) -> Result<(), Failure> {
    write_data(format!("{text}\n").as_bytes())
}

/// Bytes of data, at once. Whoever read them and has seen enough (`| head`) ends the command, and that is no error.
pub fn write_data(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::File("stdout".to_owned(), error)),
    }
}

/// Bytes that a device wrote, to the stream of the same name.
pub fn write_stream(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Output => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        }
        Stream::Error => io::stderr().lock().write_all(bytes),
    }
}

pub fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Output => io::stdout().is_terminal(),
        Stream::Error => io::stderr().is_terminal(),
    }
}

/// A line for the person, on stderr.
pub fn note(text: &str) {
    // Nobody can be told that nobody can be told.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A question without a line feed, on stderr.
pub fn ask(text: &str) {
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}
