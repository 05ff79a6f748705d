//! The client on an embedded server, in virtual time.

mod close;
mod defects;
mod errors;
mod fates;
mod kit;
mod order;
mod sessions;
mod watches;
