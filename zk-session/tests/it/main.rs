//! Each rule of the session core, proven against a scripted server in virtual time.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

mod auth;
mod closing;
mod duties;
mod handshake;
mod holds;
mod joined_reads;
mod pair;
mod pings;
mod random;
mod reconnect;
mod requests;
mod server;
mod watches;
