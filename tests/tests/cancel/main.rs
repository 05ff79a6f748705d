//! What is left when a future is dropped: every public asynchronous function, dropped after each of its polls, on an
//! embedded server in virtual time. `docs/cancellation.md` says which test is about which function.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod election;
mod embedded;
mod ensemble;
mod inert;
mod kit;
mod matrix;
mod polls;
mod resumable;
mod self_cleaning;
mod uncertain;
