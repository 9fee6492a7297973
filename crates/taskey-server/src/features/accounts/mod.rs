//! Accounts: organizations, users and their groups, sessions, API keys, the audit log, and the one decision about who may do what.
//!
//! It owns the tables `organization`, `user_account`, `user_group`, `group_member`, `group_override`, `invitation`, `session`, `api_key`
//! `audit` and `audit_head`, and the events that begin with `organization.`, `user.`, `group.` and `key.`. Every route of the API is added through
//! [`Api`], which names its verb; [`decide`] is the only maker of a [`Permit`], and ops on a resource demand one and ask it again with
//! the scopes of that resource. Rows belong to an organization, and a permit knows which.
//!
//! What may never happen: a password, key, link or session token in the database or a log (only hashes are stored, and the tokens are
//! shown once); a second set-up; an answer that tells whether a user name exists; an organization without a super user who can sign in;
//! a right that outlives the change that took it; a password that is hashed on the threads of the API ([`hasher`]) or looked at while
//! its name or address is closed ([`throttle`]).
//!
//! What a server begins with, and the keys of its settings, are [`bootstrap`]'s.

pub mod access;
pub mod addresses;
pub mod audit;
pub mod bootstrap;
pub mod gate;
pub mod groups;
pub mod hasher;
pub mod http;
pub mod jobs;
mod known_bad;
mod me;
mod model;
mod ops;
mod organizations;
pub mod password;
mod recovery;
pub mod refusals;
pub mod remembered;
pub mod setup_code;
mod sign_in;
mod store;
pub mod throttle;
pub mod users;

pub use access::{Scope, ScopeKind};
pub use gate::{Api, KeysAsked, Route, RouteKind, renewed};
pub use model::{Judgement, Need, Permit, Principal, Sight, Verb, Via, decide, judge, judge_user};
pub use organizations::{First, NewOrganization, create_on_host, due_for_removal};
pub use recovery::recover_user;
pub use remembered::access_of;
pub use store::{has_users, raise_revision};

/// Woken when a user was removed by this node.
pub const USER_REMOVED: &str = "accounts:user-removed";
