//! Encrypted connections: whoever is not who it should be gets nothing, and is told apart.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod cuts;
mod kit;
mod matrix;
mod minority;
mod revocation;
mod rotation;
mod strangers;
mod trust;
