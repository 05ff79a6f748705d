//! Several servers, one log.
//!
//! `log` and `wires` know nothing of servers, `leader` and `member` are what each server is and remembers.
//! `core` owns all of them; `deliver`, `lead`, `elect`, `control` and `perform` are its chapters.
//!
//! What is replicated are requests with their place, their time and what the leader thinks of their session.
//! Every member carries them out by itself, in the same order on the same tree, and comes to the same
//! result; so each rule exists once, for a stand-alone server and for all members.

mod agenda;
mod backup;
mod config;
mod control;
mod core;
mod deliver;
mod elect;
mod lead;
mod leader;
mod log;
mod member;
mod perform;
mod wires;

#[cfg(test)]
mod tests;

pub use backup::Backup;
pub use config::EnsembleConfig;
pub use control::{MemberInfo, MemberState};
pub use core::EnsembleCore;
