//! Accounts: organizations, users, sessions, API keys, the audit log, and the one decision about who may do what.
//!
//! It owns the tables `organization`, `user_account`, `session`, `api_key` and `audit`, and the events `key.created` and
//! `key.removed`. Every route of the API is added through [`Api`], which names its verb; [`decide`] is the only maker of a
//! [`Permit`], and ops on a resource demand one. Rows belong to an organization, and a permit knows which.
//!
//! What may never happen: a password, key or session token in the database or a log (only hashes are stored, and the tokens
//! are shown once); a second set-up; an answer that tells whether a user name exists; a password that is hashed on the threads of
//! the API ([`hasher`]) or looked at while its name or address is closed ([`throttle`]).
//!
//! What a server begins with, and the keys of its settings, are [`bootstrap`]'s.
//!
//! So far every user is a super user of their organization; groups and roles widen [`decide`], nothing else.

pub mod addresses;
pub mod audit;
pub mod bootstrap;
pub mod gate;
pub mod hasher;
pub mod http;
pub mod jobs;
mod known_bad;
mod model;
mod ops;
pub mod password;
pub mod setup_code;
mod sign_in;
mod store;
pub mod throttle;

pub use gate::{Api, Route, RouteKind};
pub use model::{Permit, Principal, Verb, Via, decide};
pub use ops::{NewOrganization, create_organization, still_allowed};
pub use store::has_users;
