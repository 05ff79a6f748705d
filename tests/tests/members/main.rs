//! Three real servers do what every server must do, whichever of them a client happens to meet.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod host;
#[cfg(feature = "real-3-8")]
mod on_3_8;
mod on_3_9;
