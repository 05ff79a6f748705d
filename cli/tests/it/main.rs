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

mod admin;
mod barrier;
mod cache_watch;
mod completion;
mod counter;
mod create;
mod dev;
mod dev_chaos;
mod diff;
mod elections;
mod errors;
mod explain;
mod export;
mod foreign;
mod import;
mod lock;
mod lock_end;
mod lock_lost;
mod lock_stop;
mod lock_terminal;
mod locks;
mod locks_watch;
mod nodes;
mod permission;
mod ping;
mod process;
mod pty;
mod queue;
mod security;
mod sem;
mod server;
mod services;
mod srvr;
mod stranger;
mod tree;
mod usage;
mod watch;
mod zkctl;
