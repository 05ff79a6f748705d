//! Tests on the embedded server: they need nothing but Rust.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod conformance;
mod conformance_3_8;
mod host;
mod sharing;
mod versions;
