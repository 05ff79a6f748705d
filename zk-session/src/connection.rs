//! One connection at a time: where it goes, what was said on it, and when to do something about it.

pub(crate) mod auth_book;
pub(crate) mod link;
pub(crate) mod probes;
pub(crate) mod rebalance;
pub(crate) mod rng;
pub(crate) mod sasl;
pub(crate) mod servers;
pub(crate) mod stranger;
pub(crate) mod timers;
pub(crate) mod xids;
pub(crate) mod zxids;
