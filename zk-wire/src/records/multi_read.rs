//! Several independent reads in one request.

use bytes::Bytes;

use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_bool, put_opt_slice, put_str, put_strings};
use crate::records::multi_header::{MultiHeader, count_enveloped, encode_failure, read_enveloped};
use crate::records::stat::Stat;

/// One read of a multiRead. Such reads set no watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadOp {
    /// Reads a node's data and stat.
    GetData {
        /// The node.
        path: String,
    },
    /// Lists a node's children.
    GetChildren {
        /// The node.
        path: String,
    },
}

impl ReadOp {
    /// The operation code that carries this read.
    #[must_use]
    pub const fn op_code(&self) -> OpCode {
        match self {
            Self::GetData { .. } => OpCode::GetData,
            Self::GetChildren { .. } => OpCode::GetChildren,
        }
    }

    /// The node.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::GetData { path } | Self::GetChildren { path } => path,
        }
    }

    pub(crate) fn encode_all(ops: &[Self], out: &mut Vec<u8>) {
        for op in ops {
            MultiHeader::request(op.op_code()).encode(out);
            put_str(out, op.path());
            // The watch flag has to be there, and servers ignore it.
            put_bool(out, false);
        }
        MultiHeader::END.encode(out);
    }

    pub(crate) fn decode_all(input: &mut Reader) -> Result<Vec<Self>, DecodeError> {
        read_enveloped(input, Self::skip_one, Self::decode_one)
    }

    fn skip_one(header: MultiHeader, input: &mut Reader) -> Result<(), DecodeError> {
        match header.op_code() {
            Some(OpCode::GetData | OpCode::GetChildren) => {
                input.skip_sized("path in multiRead")?;
                input.skip(1, "watch in multiRead")
            }
            _ => Err(header.misplaced("a multiRead")),
        }
    }

    fn decode_one(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        let path = input.read_string("path in multiRead")?;
        input.skip(1, "watch in multiRead")?;
        match header.op_code() {
            Some(OpCode::GetData) => Ok(Self::GetData { path }),
            Some(OpCode::GetChildren) => Ok(Self::GetChildren { path }),
            _ => Err(header.misplaced("a multiRead")),
        }
    }
}

/// The result of one read of a multiRead, not decoded: the operation and the bytes that would be the body of its own
/// reply, or a raw code.
pub type ReadPart = Result<(OpCode, Bytes), i32>;

/// The result of one read of a multiRead. One that fails does not affect the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadResult {
    /// A node's data and stat.
    Data {
        /// The data; null is not the same as empty.
        data: Option<Bytes>,
        /// The node's stat.
        stat: Stat,
    },
    /// The names of a node's children.
    Children(Vec<String>),
    /// The read failed: a raw code.
    Failed(i32),
}

impl ReadResult {
    pub(crate) fn encode_all(results: &[Self], out: &mut Vec<u8>) {
        for result in results {
            match result {
                Self::Data { data, stat } => {
                    MultiHeader::success(OpCode::GetData).encode(out);
                    put_opt_slice(out, data.as_deref());
                    stat.encode(out);
                }
                Self::Children(names) => {
                    MultiHeader::success(OpCode::GetChildren).encode(out);
                    put_strings(out, names);
                }
                Self::Failed(code) => encode_failure(*code, out),
            }
        }
        MultiHeader::END.encode(out);
    }

    pub(crate) fn count(input: &mut Reader) -> Result<usize, DecodeError> {
        count_enveloped(input, Self::skip_one)
    }

    pub(crate) fn decode_all(input: &mut Reader) -> Result<Vec<Self>, DecodeError> {
        read_enveloped(input, Self::skip_one, Self::decode_one)
    }

    /// Takes the body of a reply apart without decoding its parts: for each read the bytes that would be the body of
    /// its own reply, as a slice of `body`, with the operation it answers; or a raw code.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] that names the field when the record is broken.
    pub fn split(body: &Bytes) -> Result<Vec<ReadPart>, DecodeError> {
        let part = |header: MultiHeader, input: &mut Reader| {
            let op = match header.op_code() {
                Some(OpCode::Error) => {
                    return Ok(Err(input.read_i32("ErrorResponse.err")?));
                }
                Some(op) => op,
                None => return Err(header.misplaced("a multiRead reply")),
            };
            let start = body.len().saturating_sub(input.remaining());
            Self::skip_one(header, input)?;
            let end = body.len().saturating_sub(input.remaining());
            Ok(Ok((op, body.slice(start..end))))
        };
        read_enveloped(&mut Reader::new(body.clone()), Self::skip_one, part)
    }

    fn skip_one(header: MultiHeader, input: &mut Reader) -> Result<(), DecodeError> {
        match header.op_code() {
            Some(OpCode::GetData) => {
                input.skip_sized("data")?;
                input.skip(Stat::SIZE, "Stat")
            }
            Some(OpCode::GetChildren) => {
                input.skip_vec("children", 4, |input| input.skip_sized("children"))
            }
            Some(OpCode::Error) => input.skip(4, "ErrorResponse.err"),
            _ => Err(header.misplaced("a multiRead reply")),
        }
    }

    fn decode_one(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        match header.op_code() {
            Some(OpCode::GetData) => {
                let data = input.read_buffer("data")?;
                Ok(Self::Data {
                    data,
                    stat: Stat::decode(input)?,
                })
            }
            Some(OpCode::GetChildren) => Ok(Self::Children(input.read_strings("children")?)),
            Some(OpCode::Error) => Ok(Self::Failed(input.read_i32("ErrorResponse.err")?)),
            _ => Err(header.misplaced("a multiRead reply")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::response::Response;

    #[test]
    fn the_parts_of_a_reply_are_the_bodies_of_single_replies() {
        let stat = Stat::default();
        let data =
            |data: Option<&'static str>| data.map(|text| Bytes::from_static(text.as_bytes()));
        let names = vec!["a".to_owned(), "bc".to_owned()];
        let results = vec![
            ReadResult::Data {
                data: data(Some("text")),
                stat,
            },
            ReadResult::Failed(-101),
            ReadResult::Children(names.clone()),
            ReadResult::Data {
                data: data(None),
                stat,
            },
        ];
        let mut body = Vec::new();
        ReadResult::encode_all(&results, &mut body);
        let parts = ReadResult::split(&Bytes::from(body.clone())).unwrap();
        let alone = |response: Response| {
            let mut out = Vec::new();
            response.encode(&mut out);
            Bytes::from(out)
        };
        let expected = |text| {
            let data = data(text);
            Ok((OpCode::GetData, alone(Response::Data { data, stat })))
        };
        let children = alone(Response::Children(names));
        assert_eq!(
            parts,
            [
                expected(Some("text")),
                Err(-101),
                Ok((OpCode::GetChildren, children)),
                expected(None)
            ]
        );
        for len in 0..body.len() {
            let cut = Bytes::copy_from_slice(body.get(..len).unwrap());
            ReadResult::split(&cut).unwrap_err();
        }
    }
}
