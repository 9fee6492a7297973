//! Groups of devices. Which device is in which says who may do what with it, so changing that is for super users.

mod http;
mod ops;
mod store;

pub use http::api;
pub(super) use ops::groups_named;
pub use ops::{device_group_named, visible_group};
pub(super) use store::{device_group_of_organization, join_groups, targets_of_group};
