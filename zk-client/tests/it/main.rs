//! The client on an embedded server, in virtual time.

mod close;
mod errors;
mod fates;
mod kit;
mod known_defects;
mod order;
mod sessions;
mod watches;
