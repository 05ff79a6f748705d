//! Each reaction of the proxy does to a client what it says, on the embedded server.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod cuts;
mod kit;
mod slow;
