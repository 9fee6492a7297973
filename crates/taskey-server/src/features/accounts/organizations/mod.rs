//! Organizations: each has its own users, devices and everything else, and none sees another.
//!
//! Operators of the server make, disable and delete them; the super users of one may rename it. A disabled one lets nobody in, and no
//! device. A deleted one is disabled for its grace, within which it can be brought back; then everything of it is removed.

mod http;
mod ops;
mod store;

pub use http::api;
pub(super) use ops::organization_errors;
pub use ops::{First, NewOrganization, create_on_host};
pub use store::due_for_removal;
pub(super) use store::find_organization;
