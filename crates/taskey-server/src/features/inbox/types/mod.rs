//! Item types: their versions, who sees them, and how open items follow to a newer version.

pub mod http;
mod moving;
mod ops;
pub(super) mod store;

pub(super) use ops::{kind_now, kind_of, named_kind, sees_type, visible_kind};
pub use store::sees_item_type;
pub(super) use store::{newest_version, types_naming};
