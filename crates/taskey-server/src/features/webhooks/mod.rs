//! Webhooks: applications are told what happens to items, and may post items signed.
//!
//! It owns webhooks with their keys, deliveries and their attempts, in the tables `webhook`, `webhook_key`, `delivery` and
//! `delivery_attempt`, and the events that begin with `webhook.`.
//!
//! What happened to an item becomes one delivery for each webhook that hears of it: a row, written by a follower of the items' events under
//! a key that makes it one however often the event is read ([`outbox`]). So nothing is lost when the server ends between a decision and its
//! delivery, and the `webhook-id` of every try is the same. A delivery holds no content: its body is made of the entry in the item's log
//! ([`body`]), and goes when that goes.
//!
//! Each webhook with something to deliver has a sender of its own ([`sender`]): one that is dead or slow holds up no other. A delivery before
//! which none waits is claimed as it is written, and sent without another look at the database. Tries are spaced as
//! Standard Webhooks says ([`model`]); each is signed anew, with the time of the try, by every key that has not expired.
//!
//! What may never happen: a key in the database in clear, a call of an address that the guard forbids, a redirection that is followed,
//! an event that is told twice as two messages.

mod body;
mod filter;
pub mod http;
mod inbound;
mod keys;
mod model;
mod ops;
mod outbox;
mod sender;
mod store;

pub mod jobs {
    //! What webhooks do by themselves.
    pub use super::outbox::follow_events;
    pub use super::store::remove_old;
}

pub use keys::rewrap_keys;
pub use sender::Senders;
