//! The simulation where it enumerates instead of drawing, its harness of bare cores, and that a seed is a run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod cores;
mod late;
mod repeatable;
mod x1;
mod x3;
mod x3_client;
mod x7;
