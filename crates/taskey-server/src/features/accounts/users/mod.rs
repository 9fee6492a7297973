//! Users: the people of an organization, how they come in, change and go.
//!
//! A user without a password is invited: a link, told once, lets whoever has it set one. The same kind of link replaces a password
//! that is lost. A disabled user keeps everything but the way in; one that is removed leaves no row, only names in what was done.

mod http;
mod invitations;
mod ops;
mod store;

pub use http::api;
pub(super) use invitations::Token;
pub use invitations::{Link, renew_invitation};
pub(super) use ops::{keep_a_super, name_errors, no_user, password_error, profile_errors, username_error};
pub(super) use store::{
    NewUser, find_users, first_super, has_operator, insert_user, set_disabled, set_operator, set_profile, update_password,
    user_of_organization, users_of_organization,
};
