//! What several checkers need to know of a history, worked out once.

mod bounds;
pub(crate) use bounds::{Bounds, lasted_until, later, notes, timed_out};
mod contenders;
pub(crate) use contenders::{Ahead, Contender, Contenders};
mod ends;
pub(crate) use ends::Ends;
mod late;
pub(crate) use late::Late;
mod rows;
pub(crate) use rows::{Row, Rows, number as number_in, same};
mod shares;
pub(crate) use shares::{Share, acquires, excludes, lock_of, share, tries};
mod takes;
pub(crate) use takes::begun;
mod tree;
pub(crate) use tree::{Life, Removal, Tree, name, parent};
mod writes;
pub(crate) use writes::{Match, Writes, number, without_number};
