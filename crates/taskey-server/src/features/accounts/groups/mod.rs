//! Groups of users, their roles, and what scopes override.
//!
//! Groups are flat, and users are in as many as they like. Every organization has one group that no other can become: `super`, whose
//! members may do everything in it. It has no other name, role or override, and at least one member who can sign in.

mod http;
mod ops;
mod store;

pub use http::api;
pub use ops::{Member, forget_scope};
pub(super) use store::{group_of_organization, leave, leave_all};
pub use store::{insert_group, join, super_group};

/// What the group of the super users is called, everywhere.
pub const SUPER: &str = "super";
