//! The client on an embedded server, in virtual time.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test may have a thread that sleeps: what is barred is for the client"
)]

mod close;
mod coalescing;
mod config;
mod connect_errors;
mod detach;
mod errors;
mod expiry;
mod fates;
mod hostile;
mod kit;
mod known_bugs;
mod known_defects;
mod local_sessions;
mod members;
mod metrics;
mod names;
mod old_servers;
mod order;
mod read_only;
mod sasl;
mod servers;
mod sessions;
mod tracking;
mod watches;
