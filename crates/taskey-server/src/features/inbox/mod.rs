//! The inbox: items that applications post and people resolve.
//!
//! It owns item types with their versions, items, the log of each item, who looks at one, and saved lists, in the tables that begin with
//! `item`; and the events that begin with `item.` and `item_type.`.
//!
//! An item changes only through one function, [`items::change`], from whichever door: it takes the item's row in the op's transaction, has
//! one of the verbs of [`items::model`] decide, and writes the row, the next entry of the item's log and the event together. So the log has no gaps, and
//! whoever follows it by `seq` has seen everything. An entry holds what changed and the item as it was after that; webhooks are made of it.
//!
//! Each entry's hash covers the entry before it and a salted hash of its content. When an item's time of retention is over, content and salt go
//! and the chain stays.
//!
//! What may never happen: a decision over an item that is over, two decisions over one item, a change that is in the item and not in its
//! log, an item that someone sees whom its type shuts out. GET never decides.

mod erasing;
mod facade;
mod items;
mod kind;
mod leavers;
mod schema;
mod timeouts;
mod types;

pub mod http {
    //! Everything that the inbox answers over HTTP.
    use crate::features::accounts::Api;

    pub fn api() -> Api {
        super::types::http::api().merge(super::items::http::api())
    }
}

pub mod jobs {
    //! What the inbox does by itself.
    pub use super::erasing::erase_old;
    pub use super::items::search::index_posted;
    pub use super::leavers::free_items_of_removed;
    pub use super::timeouts::end_overdue;
}

pub use facade::{
    EntryWithItem, LoggedEntry, entries, entries_between, entry, field_words, post_signed, shut_out, type_named, types_naming,
    visible_type, webhook_of_type,
};
pub use items::Posting;
pub use items::sees_item;
pub use kind::{Kind, Kinds};
pub use types::sees_item_type;
