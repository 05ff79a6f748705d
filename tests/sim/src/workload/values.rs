//! Counters, values, blocks of numbers, and limits.

mod blocks;
mod counters;
mod limits;
mod shared;

pub(super) use blocks::Blocks;
pub(super) use counters::Counters;
pub(super) use limits::Limits;
pub(super) use shared::SharedValues;

/// A number as 8 bytes, big-endian, so that it is not taken for text.
fn bytes(number: i64) -> [u8; 8] {
    number.to_be_bytes()
}
