//! What is fuzzed.

mod frames;
mod names;
mod records;
mod requests;
mod responses;
mod session;

use crate::target::Target;

/// All of them.
pub const ALL: [Target; 6] = [
    frames::TARGET,
    records::TARGET,
    requests::TARGET,
    responses::TARGET,
    names::TARGET,
    session::TARGET,
];
