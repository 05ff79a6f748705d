//! The examples as their users run them: processes of their own, next to a server in memory.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod cron;
mod discovered_service;
mod http_gate;
mod kit;
mod leader_service;
mod lock_worker;
mod sqlite_gate;
mod work_queue;
