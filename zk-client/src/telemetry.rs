//! What the client tells of itself: log and metrics.

mod limiter;
pub(crate) mod metrics;
pub(crate) mod narrator;
pub(crate) mod trace;
