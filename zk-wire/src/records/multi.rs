//! Transactions: several writes and checks that succeed or fail together.

use bytes::Bytes;

use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_i32, put_opt_slice, put_str};
use crate::records::create::Create;
use crate::records::multi_header::{MultiHeader, count_enveloped, encode_failure, read_enveloped};
use crate::records::stat::Stat;

/// One operation of a multi.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MultiOp {
    /// Creates a node.
    Create(Create),
    /// Deletes a node.
    Delete {
        /// The node.
        path: String,
        /// The version it must have, −1 for any.
        version: i32,
    },
    /// Replaces a node's data.
    SetData {
        /// The node.
        path: String,
        /// The new data; null is not the same as empty.
        data: Option<Bytes>,
        /// The version it must have, −1 for any.
        version: i32,
    },
    /// Changes nothing, but fails the transaction unless the node exists with this version.
    Check {
        /// The node.
        path: String,
        /// The version it must have, −1 for any.
        version: i32,
    },
}

impl MultiOp {
    /// The operation code that carries this operation.
    #[must_use]
    pub const fn op_code(&self) -> OpCode {
        match self {
            Self::Create(create) => create.op_code(),
            Self::Delete { .. } => OpCode::Delete,
            Self::SetData { .. } => OpCode::SetData,
            Self::Check { .. } => OpCode::Check,
        }
    }

    /// The node, or what its name begins with.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Create(create) => &create.path,
            Self::Delete { path, .. } | Self::SetData { path, .. } | Self::Check { path, .. } => {
                path
            }
        }
    }

    pub(crate) fn encode_all(ops: &[Self], out: &mut Vec<u8>) {
        for op in ops {
            MultiHeader::request(op.op_code()).encode(out);
            op.encode_body(out);
        }
        MultiHeader::END.encode(out);
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::Create(create) => create.encode_body(out),
            Self::Delete { path, version } | Self::Check { path, version } => {
                put_str(out, path);
                put_i32(out, *version);
            }
            Self::SetData {
                path,
                data,
                version,
            } => {
                put_str(out, path);
                put_opt_slice(out, data.as_deref());
                put_i32(out, *version);
            }
        }
    }

    pub(crate) fn decode_all(input: &mut Reader) -> Result<Vec<Self>, DecodeError> {
        read_enveloped(input, Self::skip_one, Self::decode_one)
    }

    fn skip_one(header: MultiHeader, input: &mut Reader) -> Result<(), DecodeError> {
        match header.op_code() {
            Some(op) if op.is_create() => Create::skip_body(op, input),
            Some(OpCode::SetData) => {
                input.skip_sized("setData path")?;
                input.skip_sized("setData data")?;
                input.skip(4, "setData version")
            }
            Some(OpCode::Delete | OpCode::Check) => {
                input.skip_sized("path in multi")?;
                input.skip(4, "version in multi")
            }
            _ => Err(header.misplaced("a multi")),
        }
    }

    fn decode_one(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        match header.op_code() {
            Some(op) if op.is_create() => {
                // Bad flags are kept, as alone: releases differ in what they make of them.
                Ok(Self::Create(Create::decode_body(op, input)?))
            }
            Some(OpCode::Delete) => Ok(Self::Delete {
                path: input.read_string("delete path")?,
                version: input.read_i32("delete version")?,
            }),
            Some(OpCode::SetData) => Ok(Self::SetData {
                path: input.read_string("setData path")?,
                data: input.read_buffer("setData data")?,
                version: input.read_i32("setData version")?,
            }),
            Some(OpCode::Check) => Ok(Self::Check {
                path: input.read_string("check path")?,
                version: input.read_i32("check version")?,
            }),
            _ => Err(header.misplaced("a multi")),
        }
    }
}

/// The result of one operation of a multi.
///
/// When a multi fails, every result is [`MultiResult::Failed`]: with 0 before the operation at fault, its
/// code, and −2 ([`crate::ErrorCode::RuntimeInconsistency`]) behind it. The reply's header has `err` 0
/// all the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MultiResult {
    /// A node was created.
    Created {
        /// The node's final path.
        path: String,
        /// Its stat, unless it was a plain create.
        stat: Option<Stat>,
    },
    /// A node was deleted.
    Deleted,
    /// A node's data was replaced; its new stat.
    Set(Stat),
    /// A check held.
    Checked,
    /// Nothing was done, for this reason: a raw code, 0 if the operation itself was not at fault.
    Failed(i32),
}

impl MultiResult {
    pub(crate) fn encode_all(results: &[Self], out: &mut Vec<u8>) {
        for result in results {
            result.encode_one(out);
        }
        MultiHeader::END.encode(out);
    }

    fn encode_one(&self, out: &mut Vec<u8>) {
        match self {
            Self::Created { path, stat: None } => {
                MultiHeader::success(OpCode::Create).encode(out);
                put_str(out, path);
            }
            // createContainer and createTTL are answered with this type, too.
            Self::Created {
                path,
                stat: Some(stat),
            } => {
                MultiHeader::success(OpCode::Create2).encode(out);
                put_str(out, path);
                stat.encode(out);
            }
            Self::Deleted => MultiHeader::success(OpCode::Delete).encode(out),
            Self::Set(stat) => {
                MultiHeader::success(OpCode::SetData).encode(out);
                stat.encode(out);
            }
            Self::Checked => MultiHeader::success(OpCode::Check).encode(out),
            Self::Failed(code) => encode_failure(*code, out),
        }
    }

    pub(crate) fn count(input: &mut Reader) -> Result<usize, DecodeError> {
        count_enveloped(input, Self::skip_one)
    }

    pub(crate) fn decode_all(input: &mut Reader) -> Result<Vec<Self>, DecodeError> {
        read_enveloped(input, Self::skip_one, Self::decode_one)
    }

    fn skip_one(header: MultiHeader, input: &mut Reader) -> Result<(), DecodeError> {
        match header.op_code() {
            Some(OpCode::Create) => input.skip_sized("created path"),
            Some(OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl) => {
                input.skip_sized("created path")?;
                input.skip(Stat::SIZE, "Stat")
            }
            Some(OpCode::Delete | OpCode::Check) => Ok(()),
            Some(OpCode::SetData) => input.skip(Stat::SIZE, "Stat"),
            Some(OpCode::Error) => input.skip(4, "ErrorResponse.err"),
            _ => Err(header.misplaced("a multi reply")),
        }
    }

    fn decode_one(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        match header.op_code() {
            Some(OpCode::Create) => Ok(Self::Created {
                path: input.read_string("created path")?,
                stat: None,
            }),
            Some(OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl) => {
                let path = input.read_string("created path")?;
                Ok(Self::Created {
                    path,
                    stat: Some(Stat::decode(input)?),
                })
            }
            Some(OpCode::Delete) => Ok(Self::Deleted),
            Some(OpCode::SetData) => Ok(Self::Set(Stat::decode(input)?)),
            Some(OpCode::Check) => Ok(Self::Checked),
            Some(OpCode::Error) => Ok(Self::Failed(input.read_i32("ErrorResponse.err")?)),
            _ => Err(header.misplaced("a multi reply")),
        }
    }
}
