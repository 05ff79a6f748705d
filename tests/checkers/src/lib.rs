//! Recorded histories of a run, and what must hold of them.
//!
//! A harness pushes into a [`History`] what the processes called, saw and believed, and what the
//! server really committed. A history can be printed and parsed: a failing one goes into a test as
//! text.
//!
//! | checker | properties |
//! |---|---|
//! | registers | [`Property::Read`], `G1`, `G2`, [`Property::Record`] |
//! | sessions | `G1`, `G2`, `G4` |
//! | watches | `G3` |
//! | locks | `L1` to `L13`, [`Property::Lease`] |
//! | values | `A1` to `A5`, `G9` (streams) |
//! | barriers | `B1` to `B3`, `B5`, `G9` (waits) |
//! | queues | `Q1`, `Q3` to `Q6`, `G9` (takes) |
//! | kept nodes | `E7`, `S3` |
//! | owners | `L1`, `L2`, `L7` (parts of a whole) |
//! | pictures | `C1` to `C7` |
//! | elections | `E1`, `E2`, [`Property::Heir`] |
//! | leaks, cancel, effort, liveness | `G5`, `G6`, `G8`, `G9` |
//! | search | [`Property::Order`], [`Property::GaveUp`] |
//!
//! The panic contract and the independence of wall clocks are no matter of histories: a harness
//! shows them by what it does to a run, and the checkers by accepting that run. A bound of
//! [`Limits`] that is left at zero is not judged.
//!
//! The crate links neither the session core nor the client nor the recipes: what judges them is
//! not built on them.
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "unpublished: harnesses write records as literals, and matches over words are to be complete"
)]

mod checks;
pub use checks::{CHECKERS, Cap, Checker, check, search_within};

mod form;
pub use form::ParseError;

mod history;
pub use history::History;

mod records;
pub use records::{
    Access, Belief, Cached, Change, ChangeKind, Clock, Conviction, Fault, Function, Gauge, Kept,
    Leftover, Limits, News, NewsKind, NodeKind, Note, NoteKind, Op, Outcome, Request, ServerWatch,
    SessionRow, SessionStep, WatchAction, WatchEvent, WatchKind, WatchMode,
};

mod known;

mod text;
pub use text::{Text, Texts};

mod truth;
pub use truth::Truth;

mod verdict;
pub use verdict::{Property, Stats, Verdict, Violation};
