//! `taskey calendars`: when schedules that name them begin nothing.

use std::path::PathBuf;

use clap::Subcommand;
use taskey_client::{Client, ClientError};
use taskey_proto::Time;
use taskey_proto::calendars::{Calendar, CalendarEvent, CalendarSpec};
use taskey_proto::page::Page;
use taskey_proto::problem::Code;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{secrets, session};

/// Events that are shown beside a calendar.
const EVENTS_SHOWN: usize = 10;

#[derive(Debug, Subcommand)]
pub enum CalendarsCommand {
    /// List calendars.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Make a calendar of a file, or give the one of that name a new version where it differs.
    #[command(after_help = "Example: taskey calendars set holidays -f holidays.txt\n\
        The file is iCalendar, as calendar programs export it, or a list with one `2026-12-25 Christmas` a line.")]
    Set {
        name: String,
        /// iCalendar or a list of holidays; `-` reads stdin.
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
        /// What it is for; without it, what was said before stays.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Show one calendar with its events to come.
    Show { calendar: String },
    /// List the events to come of a calendar, repetitions one by one.
    #[command(after_help = "Example: taskey calendars events holidays --until 2028-01-01T00:00:00Z")]
    Events {
        calendar: String,
        /// Until when; without it, for a year.
        #[arg(long, value_name = "TIME")]
        until: Option<Time>,
    },
    /// Remove a calendar; refused while a schedule names it.
    Rm {
        /// Id or name.
        calendar: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: CalendarsCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        CalendarsCommand::Ls { limit } => {
            let page = session::client(global)?.list_calendars(limit).await?;
            if page.items.is_empty() && output.is_table() {
                output::note("no calendars; `taskey calendars set NAME -f FILE` makes one");
            } else {
                output.list(&page, |calendar| calendar.name.clone(), list_table)?;
            }
        }
        CalendarsCommand::Set { name, file, description } => {
            let file = GivenFile::read(&file)?;
            set(&session::client(global)?, name, file.text, description, output).await?;
        }
        CalendarsCommand::Show { calendar } => {
            let client = session::client(global)?;
            let calendar = client.show_calendar(&calendar).await?.value;
            let events = client.list_calendar_events(&calendar.id.to_string(), None, None).await?.items;
            output.thing(&calendar, &calendar.name, || show_table(&calendar, &events))?;
        }
        CalendarsCommand::Events { calendar, until } => {
            let events = session::client(global)?.list_calendar_events(&calendar, None, until).await?;
            if events.more {
                output::note("there are more; name an earlier end with --until to see fewer of them whole");
            }
            output.list(&Page { items: events.items, next: None }, |event| event.name.clone(), events_table)?;
        }
        CalendarsCommand::Rm { calendar, yes } => {
            let client = session::client(global)?;
            secrets::confirm(&format!("Remove the calendar {calendar}?"), yes).await?;
            client.remove_calendar(&calendar).await?;
        }
    }
    Ok(Exit::Done)
}

async fn set(client: &Client, name: String, content: String, description: Option<String>, output: Output) -> Result<(), Failure> {
    let (done, calendar) = match find(client, &name).await? {
        None => {
            let spec = CalendarSpec { name, description: description.unwrap_or_default(), content };
            ("created".to_owned(), client.create_calendar(&spec).await?)
        }
        Some((before, etag)) => {
            let spec = CalendarSpec { name: before.name, description: description.unwrap_or(before.description), content };
            let calendar = client.replace_calendar(&before.id.to_string(), &spec, &etag).await?;
            let changed = calendar.version != before.version;
            (if changed { format!("changed to version {}", calendar.version) } else { "unchanged".to_owned() }, calendar)
        }
    };
    if output.is_table() {
        return output::line(&format!("{}: {done}", calendar.name));
    }
    output.thing(&calendar, &calendar.name, Table::of_fields)
}

async fn find(client: &Client, name: &str) -> Result<Option<(Calendar, String)>, Failure> {
    match client.show_calendar(name).await {
        Ok(found) => {
            let etag = found.etag.ok_or_else(|| Failure::usage("the server did not say which version this is (no ETag)"))?;
            Ok(Some((found.value, etag)))
        }
        Err(error) if error.has_code(Code::NotFound) => Ok(None),
        Err(error) => Err(ClientError::into(error)),
    }
}

fn list_table(calendars: &[Calendar]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "VERSION", "EVENTS", "SCHEDULES", "NEXT", "UPDATED", "BY"]);
    for calendar in calendars {
        table.row([
            calendar.name.as_str().into(),
            format!("v{}", calendar.version).into(),
            calendar.event_count.to_string().into(),
            calendar.schedule_count.to_string().into(),
            calendar.next.as_ref().map(in_a_line).unwrap_or_default().into(),
            relative(calendar.updated_at, now).into(),
            calendar.updated_by.as_str().into(),
        ]);
    }
    table
}

fn show_table(calendar: &Calendar, events: &[CalendarEvent]) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", calendar.id.to_string());
    table.field("name", calendar.name.as_str());
    table.field_if("description", Some(calendar.description.as_str()).filter(|text| !text.is_empty()));
    table.field("events", calendar.event_count.to_string());
    table.field("schedules", calendar.schedule_count.to_string());
    table.field("version", format!("v{}, {} by {}", calendar.version, relative(calendar.updated_at, now), calendar.updated_by));
    table.field("created", relative(calendar.created_at, now));
    if events.is_empty() {
        return table;
    }
    table.then(events_table(&events[..events.len().min(EVENTS_SHOWN)]))
}

fn events_table(events: &[CalendarEvent]) -> Table {
    let mut table = Table::new(&["FROM", "UNTIL", "EVENT"]);
    for event in events {
        table.row([moment(event, &event.from).into(), moment(event, &event.until).into(), event.name.as_str().into()]);
    }
    table
}

fn in_a_line(event: &CalendarEvent) -> String {
    format!("{} {}", moment(event, &event.from), event.name)
}

/// Whole days are told by their date.
fn moment(event: &CalendarEvent, at: &str) -> String {
    at.split('T').next().filter(|_| event.all_day).unwrap_or(at).to_owned()
}
