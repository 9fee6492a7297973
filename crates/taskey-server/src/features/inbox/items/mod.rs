//! Items: how they are made, changed, found, waited for, and what is told of them.

mod bulk;
mod change;
mod create;
mod filter;
pub(super) mod http;
pub(super) mod index;
mod listing;
pub(super) mod model;
mod ops;
pub(super) mod search;
pub(super) mod store;
mod view;
mod views;
mod wait;
mod words;

pub(super) use change::{Ctx, Happened, write_bare, write_change};
pub use create::Posting;
pub(super) use create::post_signed;
pub use filter::field_words;
pub use model::shut_out;
pub use store::sees_item;
