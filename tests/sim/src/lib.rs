//! Deterministic simulation of the whole library: seeds in, violations out.
//!
//! A [`Plan`](plan::Plan) is a run as text. [`run`](run::run) carries it out: several processes with the real client
//! and the real recipes, on a paused clock, over a wire and servers of our own, while a schedule of faults strikes.
//! What they called, saw and believed goes into a history that checkers judge.
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "unpublished: matches over faults and phases are to be complete"
)]

pub mod actor;
pub mod bare;
pub mod batch;
#[cfg(feature = "seeded-bugs")]
pub mod bugs;
pub mod campaign;
pub mod coverage;
pub mod director;
pub mod exhaustive;
pub mod fingerprint;
pub mod judge;
pub mod paths;
pub mod plan;
pub mod process;
pub mod recipe;
pub mod recorder;
pub mod resource;
pub mod run;
pub mod schedule;
pub mod seed;
pub mod shrink;
pub mod sweep;
pub mod truth;
pub mod workload;
pub mod world;
