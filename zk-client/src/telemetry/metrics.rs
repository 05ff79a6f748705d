//! What the client measures, for the `metrics` facade. Without the feature of that name everything here is empty.
//!
//! The names are listed in `docs/metrics.md`; a test compares.

#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{Measured, Metrics};
#[cfg(feature = "metrics")]
pub(crate) use on::{Measured, Metrics};
