//! Tests next to unmodified kazoo programs, on a real server.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod leadership;
mod values;
