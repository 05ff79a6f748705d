//! A fuzzer of our own: mutations that know frames, counts and lengths, oracles that know more than "no panic", and,
//! where the compiler's coverage counters are linked in, their guidance. Everything follows from a seed.
//!
//! Decision 008 says why it is our own. `cargo xtask fuzz` builds and starts it.

pub mod campaign;
pub mod corpus;
pub mod counting;
pub mod coverage;
pub mod dice;
pub mod mutate;
pub mod shape;
pub mod target;
pub mod targets;
