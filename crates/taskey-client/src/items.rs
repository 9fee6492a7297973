//! Items: posting, deciding, waiting, and the log of each.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use taskey_proto::id::{ItemId, ItemViewId};
use taskey_proto::items::{
    AddComment, AssignItem, BulkLine, CancelItem, CreateItem, Item, ItemCounts, ItemView, LogEntry, MergeItem, MoveItem, ResolveItem,
    SaveView, SnoozeItem, UpdateItem, WaitForItems,
};
use taskey_proto::page::Page;

use crate::transport::read_json;
use crate::{Client, ClientError, PAGE_LEN_MAX, Tagged, pages};

/// How long one call waits at most: what stands between may cut a line that is silent for a minute.
const WAIT_MAX: Duration = Duration::from_secs(50);

/// Which items a list holds.
#[derive(Debug, Clone, Default)]
pub struct ItemFilter {
    /// Id or name of the type.
    pub item_type: Option<String>,
    /// `open` for any open state, `closed`, `all`, or the name of a state. Without it, open ones.
    pub state: Option<String>,
    /// `needs_me`, `mine`, `unassigned`, `overdue` or `snoozed`.
    pub queue: Option<String>,
    /// Id, user name, `me` or `nobody`.
    pub assignee: Option<String>,
    pub external_id: Option<String>,
    /// Tests of indexed fields, as `amount>100 and order=A1`.
    pub tests: Option<String>,
    /// Words to look for.
    pub text: Option<String>,
    pub order: ItemOrder,
}

/// In which order a list of items comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ItemOrder {
    #[default]
    Newest,
    Oldest,
    /// What is due first comes first.
    Due,
}

impl ItemOrder {
    const fn word(self) -> &'static str {
        match self {
            ItemOrder::Newest => "newest",
            ItemOrder::Oldest => "oldest",
            ItemOrder::Due => "due",
        }
    }
}

/// What came of posting an item.
#[derive(Debug, Clone)]
pub struct PostedItem {
    pub item: Item,
    /// `false` where an item of that external id was there before: it is that one.
    pub is_new: bool,
}

impl Client {
    /// All items that the filter lets through, without their sheets, or the first `limit`.
    pub async fn list_items(&self, filter: &ItemFilter, limit: Option<usize>) -> Result<Page<Item>, ClientError> {
        let call = || {
            self.get(&["items"])
                .query_opt("type", filter.item_type.as_deref())
                .query_opt("state", filter.state.as_deref())
                .query_opt("queue", filter.queue.as_deref())
                .query_opt("assignee", filter.assignee.as_deref())
                .query_opt("external_id", filter.external_id.as_deref())
                .query_opt("where", filter.tests.as_deref())
                .query_opt("q", filter.text.as_deref())
                .query("order", filter.order.word())
        };
        pages::collect(limit, call).await
    }

    /// How many items there are in each queue; with `item_type`, of that type alone.
    pub async fn count_items(&self, item_type: Option<&str>) -> Result<ItemCounts, ClientError> {
        self.get(&["items", "counts"]).query_opt("type", item_type).json_answer().await
    }

    /// Posts an item. With a key, chosen at random for each, one whose answer got lost is posted again safely.
    pub async fn create_item(&self, item: &CreateItem, idempotency_key: Option<&str>) -> Result<PostedItem, ClientError> {
        let response = self.post(&["items"]).idempotency_key(idempotency_key).json(item).send().await?;
        let is_new = response.status() == StatusCode::CREATED;
        Ok(PostedItem { item: read_json(self.server(), response).await?, is_new })
    }

    /// Posts items, one a line as JSON, at most [`taskey_proto::items::BULK_MAX`]; says of each line what became of it.
    pub async fn create_items(&self, lines: &str) -> Result<Vec<BulkLine>, ClientError> {
        self.post(&["items", "bulk"]).json_lines(lines).json_lines_answer().await
    }

    pub async fn show_item(&self, item: ItemId) -> Result<Tagged<Item>, ClientError> {
        Tagged::read(self, self.get(&["items", &item.to_string()])).await
    }

    /// Changes fields of an item, if `etag` is still its newest version.
    pub async fn edit_item(&self, item: ItemId, edit: &UpdateItem, etag: &str) -> Result<Item, ClientError> {
        self.patch(&["items", &item.to_string()]).if_match(etag).json(edit).json_answer().await
    }

    /// Decides, if `etag` is still the newest version; `*` decides whatever the item says by now.
    pub async fn resolve_item(&self, item: ItemId, resolve: &ResolveItem, etag: &str) -> Result<Item, ClientError> {
        self.post(&["items", &item.to_string(), "resolve"]).if_match(etag).json(resolve).json_answer().await
    }

    pub async fn cancel_item(&self, item: ItemId, cancel: &CancelItem) -> Result<Item, ClientError> {
        self.post(&["items", &item.to_string(), "cancel"]).json(cancel).json_answer().await
    }

    /// Moves an item to another of its type's states, if `etag` is still its newest version.
    pub async fn move_item(&self, item: ItemId, moved: &MoveItem, etag: &str) -> Result<Item, ClientError> {
        self.post(&["items", &item.to_string(), "move"]).if_match(etag).json(moved).json_answer().await
    }

    pub async fn comment_item(&self, item: ItemId, comment: &AddComment) -> Result<LogEntry, ClientError> {
        self.post(&["items", &item.to_string(), "comments"]).json(comment).json_answer().await
    }

    pub async fn assign_item(&self, item: ItemId, assign: &AssignItem) -> Result<Item, ClientError> {
        self.put(&["items", &item.to_string(), "assignee"]).json(assign).json_answer().await
    }

    pub async fn snooze_item(&self, item: ItemId, snooze: &SnoozeItem) -> Result<Item, ClientError> {
        self.put(&["items", &item.to_string(), "snooze"]).json(snooze).json_answer().await
    }

    /// Makes an item one with another; gives the one that ended.
    pub async fn merge_item(&self, item: ItemId, merge: &MergeItem) -> Result<Item, ClientError> {
        self.post(&["items", &item.to_string(), "merge"]).json(merge).json_answer().await
    }

    /// The log of an item in its order: all of it, or the first `limit` entries that follow number `after`.
    pub async fn list_item_log(&self, item: ItemId, after: Option<u64>, limit: Option<usize>) -> Result<Page<LogEntry>, ClientError> {
        let mut whole: Page<LogEntry> = Page { items: Vec::new(), next: None };
        loop {
            let wanted = limit.map_or(PAGE_LEN_MAX, |limit| limit.saturating_sub(whole.items.len()).min(PAGE_LEN_MAX));
            if wanted == 0 {
                return Ok(whole);
            }
            // A log has no holes and only grows, so its numbers say where the next page begins.
            let seen = whole.items.last().map(|entry| entry.seq).or(after);
            let call = self.get(&["items", &item.to_string(), "log"]).query_opt("after", seen).query("limit", wanted);
            let page: Page<LogEntry> = call.json_answer().await?;
            let empty = page.items.is_empty();
            whole.items.extend(page.items);
            whole.next = page.next;
            if whole.next.is_none() || empty {
                return Ok(whole);
            }
        }
    }

    /// The item as soon as it is over; `None` when that took longer than `timeout`. What was over before is there at once.
    pub async fn wait_item(&self, item: ItemId, timeout: Duration) -> Result<Option<Item>, ClientError> {
        let started = Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            let call = self.get(&["items", &item.to_string(), "wait"]).wait(Some(whole_seconds(left)));
            if let Some(item) = call.json_answer_if_any().await? {
                return Ok(Some(item));
            }
            if started.elapsed() >= timeout {
                return Ok(None);
            }
        }
    }

    /// The first of several items that is over, `None` when that took longer than `timeout`.
    pub async fn wait_for_items(&self, items: &WaitForItems, timeout: Duration) -> Result<Option<Item>, ClientError> {
        let started = Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            let call = self.post(&["items", "wait"]).wait(Some(whole_seconds(left))).json(items);
            if let Some(item) = call.json_answer_if_any().await? {
                return Ok(Some(item));
            }
            if started.elapsed() >= timeout {
                return Ok(None);
            }
        }
    }

    /// Tells others that one looks at an item; it holds for 45 seconds.
    pub async fn view_item(&self, item: ItemId) -> Result<(), ClientError> {
        self.put(&["items", &item.to_string(), "viewers", "me"]).no_answer().await
    }

    /// All lists that were given a name, or the first `limit`.
    pub async fn list_item_views(&self, limit: Option<usize>) -> Result<Page<ItemView>, ClientError> {
        pages::collect(limit, || self.get(&["item-views"])).await
    }

    pub async fn save_item_view(&self, view: &SaveView) -> Result<ItemView, ClientError> {
        self.post(&["item-views"]).json(view).json_answer().await
    }

    pub async fn remove_item_view(&self, view: ItemViewId) -> Result<(), ClientError> {
        self.delete(&["item-views", &view.to_string()]).no_answer().await
    }
}

/// What one call waits: no more than it may, and no less than what is left.
fn whole_seconds(left: Duration) -> Duration {
    let whole = Duration::from_secs(left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0)));
    whole.min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_for_what_is_left_and_never_longer_than_it_may() {
        for (left_ms, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (50_000, 50), (1_800_000, 50)] {
            assert_eq!(whole_seconds(Duration::from_millis(left_ms)).as_secs(), seconds, "{left_ms} ms");
        }
        assert_eq!(whole_seconds(Duration::MAX), WAIT_MAX);
    }
}
