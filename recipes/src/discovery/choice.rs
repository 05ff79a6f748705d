//! Choosing among instances.

mod provider;
mod strategy;

pub use provider::Provider;
pub use strategy::{LeastLoaded, Random, RoundRobin, Sticky, Strategy};
