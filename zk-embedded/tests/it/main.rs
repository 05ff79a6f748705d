//! The faces of the server, as clients and tests meet them.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod client;
mod ensemble;
mod faces;
mod hooks;
mod lifecycle;
mod virtual_time;
