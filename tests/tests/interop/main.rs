//! Our recipes next to unmodified Curator and kazoo, on a real server: both sides hold and wait.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod caches;
mod discovery;
mod groups;
mod layouts;
mod leases;
mod locks;
mod nodes;
mod ops;
mod queues;
mod rest;
mod theirs;
mod versions;
