//! Tests next to unmodified Curator programs, on a real server.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod exclusion;
mod kit;
mod leadership;
mod values;
