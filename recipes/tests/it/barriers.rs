//! Barriers: who passes, when, and what is left.

mod cyclic;
mod double;
mod double_faults;
mod lagging;
mod latch;
mod single;

use crate::kit::spawned;
