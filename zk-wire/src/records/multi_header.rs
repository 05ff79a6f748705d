//! The envelope around the parts of a multi and a multiRead.

use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_bool, put_i32};

/// Precedes each operation or result, and ends the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MultiHeader {
    op: i32,
    done: bool,
    err: i32,
}

impl MultiHeader {
    /// Ends a list.
    pub(crate) const END: Self = Self {
        op: -1,
        done: true,
        err: -1,
    };

    /// Precedes an operation.
    pub(crate) const fn request(op: OpCode) -> Self {
        Self {
            op: op.raw(),
            done: false,
            err: -1,
        }
    }

    /// Precedes the result of an operation that succeeded.
    pub(crate) const fn success(op: OpCode) -> Self {
        Self {
            op: op.raw(),
            done: false,
            err: 0,
        }
    }

    /// The operation or kind of result that follows.
    pub(crate) const fn op_code(self) -> Option<OpCode> {
        OpCode::from_raw(self.op)
    }

    /// The error for a type that `what` cannot carry.
    pub(crate) const fn misplaced(self, what: &'static str) -> DecodeError {
        DecodeError::BadMultiOp { what, op: self.op }
    }
}

impl Encode for MultiHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.op);
        put_bool(out, self.done);
        put_i32(out, self.err);
    }
}

impl Decode for MultiHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            op: input.read_i32("MultiHeader.type")?,
            done: input.read_bool("MultiHeader.done")?,
            err: input.read_i32("MultiHeader.err")?,
        })
    }
}

/// Appends the result of an operation that failed: the code stands in the header and behind it.
pub(crate) fn encode_failure(code: i32, out: &mut Vec<u8>) {
    MultiHeader {
        op: OpCode::Error.raw(),
        done: false,
        err: code,
    }
    .encode(out);
    put_i32(out, code);
}

/// Counts a list up to its end mark.
pub(crate) fn count_enveloped(
    input: &mut Reader,
    skip: impl Fn(MultiHeader, &mut Reader) -> Result<(), DecodeError>,
) -> Result<usize, DecodeError> {
    let mut count = 0;
    loop {
        let header = MultiHeader::decode(input)?;
        if header.done {
            return Ok(count);
        }
        skip(header, input)?;
        count += 1;
    }
}

/// Reads a list up to its end mark.
///
/// The wire tells no count, and a vector that grows by doubling peaks at three times its content, which
/// for results of nine bytes is too much. So the list is walked twice: first to count, then to decode
/// into exactly the memory it needs.
pub(crate) fn read_enveloped<T>(
    input: &mut Reader,
    skip: impl Fn(MultiHeader, &mut Reader) -> Result<(), DecodeError>,
    decode: impl Fn(MultiHeader, &mut Reader) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = count_enveloped(&mut input.clone(), skip)?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let header = MultiHeader::decode(input)?;
        items.push(decode(header, input)?);
    }
    MultiHeader::decode(input)?;
    Ok(items)
}
