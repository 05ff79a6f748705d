//! Why bytes could not be decoded.

use thiserror::Error;

/// The bytes of a frame do not form the record that was expected.
///
/// Every variant names what was being decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame ends inside a value.
    #[error("the frame ends inside {what}: {needed} bytes needed, {remaining} left")]
    Truncated {
        /// The value being decoded.
        what: &'static str,
        /// How many bytes the value takes.
        needed: usize,
        /// How many bytes the frame still has.
        remaining: usize,
    },
    /// A length or count below −1 (−1 itself means null).
    #[error("the length of {what} is {len}")]
    NegativeLength {
        /// The value being decoded.
        what: &'static str,
        /// The length found.
        len: i32,
    },
    /// A vector announces more elements than the rest of the frame can hold.
    #[error("{what} announces {count} elements where {room} fit")]
    TooManyElements {
        /// The vector being decoded.
        what: &'static str,
        /// The count found.
        count: usize,
        /// How many of the smallest possible elements the rest of the frame can hold.
        room: usize,
    },
    /// A number outside the values the protocol knows.
    #[error("{value} is not a known {what}")]
    BadValue {
        /// The value being decoded.
        what: &'static str,
        /// The number found.
        value: i32,
    },
    /// An operation or result of a type that the surrounding multi or multiRead cannot carry.
    #[error("type {op} has no place in {what}")]
    BadMultiOp {
        /// The envelope: a multi or multiRead, request or reply.
        what: &'static str,
        /// The raw type found in the MultiHeader.
        op: i32,
    },
}
