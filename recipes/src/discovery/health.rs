//! Checks of an instance's health, which drain or withdraw it while they fail.

mod check;
mod driver;
mod http;
mod verdict;

pub use check::{Check, Heartbeat};
pub use driver::HealthWatch;
pub use verdict::Health;
