//! Each of three real servers does what every server must do, the leader and its followers.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod host;
#[cfg(feature = "real-3-8")]
mod on_3_8;
mod on_3_9;
