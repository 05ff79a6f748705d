//! Each rule of the session core, proven against a scripted server in virtual time.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

mod auth;
mod closing;
mod cover;
mod detach;
mod duties;
mod frames;
mod handshake;
mod holds;
mod joined_reads;
mod known_bugs;
mod moves;
mod own_nodes;
mod pair;
mod pings;
mod probes;
mod random;
mod reconnect;
mod requests;
mod sasl;
mod second_looks;
mod server;
mod watches;
