//! Calendars. A calendar is named by its id or its name; who replaces one says which version is meant.

use taskey_proto::Time;
use taskey_proto::calendars::{Calendar, CalendarEvents, CalendarPreview, CalendarSpec, PreviewCalendar};
use taskey_proto::page::Page;

use crate::{Client, ClientError, Tagged, pages};

impl Client {
    /// All calendars without their content, or the first `limit`.
    pub async fn list_calendars(&self, limit: Option<usize>) -> Result<Page<Calendar>, ClientError> {
        pages::collect(limit, || self.get(&["calendars"])).await
    }

    pub async fn show_calendar(&self, calendar: &str) -> Result<Tagged<Calendar>, ClientError> {
        Tagged::read(self, self.get(&["calendars", calendar])).await
    }

    pub async fn create_calendar(&self, spec: &CalendarSpec) -> Result<Calendar, ClientError> {
        self.post(&["calendars"]).json(spec).json_answer().await
    }

    /// Stores a new version of a calendar, if `etag` is still the newest. The same again changes nothing.
    pub async fn replace_calendar(&self, calendar: &str, spec: &CalendarSpec, etag: &str) -> Result<Calendar, ClientError> {
        self.put(&["calendars", calendar]).if_match(etag).json(spec).json_answer().await
    }

    pub async fn remove_calendar(&self, calendar: &str) -> Result<(), ClientError> {
        self.delete(&["calendars", calendar]).no_answer().await
    }

    /// The events between two moments; from now, for a year, where they are not given.
    pub async fn list_calendar_events(
        &self,
        calendar: &str,
        from: Option<Time>,
        until: Option<Time>,
    ) -> Result<CalendarEvents, ClientError> {
        self.get(&["calendars", calendar, "events"]).query_opt("from", from).query_opt("until", until).json_answer().await
    }

    /// What a calendar says. Nothing is stored.
    pub async fn preview_calendar(&self, preview: &PreviewCalendar) -> Result<CalendarPreview, ClientError> {
        self.post(&["calendars", "preview"]).json(preview).json_answer().await
    }
}
