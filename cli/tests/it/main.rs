//! `zkctl` as its users run it: the real binary against an embedded server in this process.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]
#![expect(
    clippy::incompatible_msrv,
    reason = "tests are built with today's Rust"
)]

mod create;
mod dev;
mod dev_chaos;
mod errors;
mod lock;
mod lock_lost;
mod locks;
mod nodes;
mod permission;
mod server;
mod usage;
mod zkctl;
