//! Everything a server can answer.

use bytes::Bytes;

use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{
    Decode, Encode, Reader, put_i32, put_opt_slice, put_records, put_str, put_strings,
};
use crate::records::acl::{Acl, ClientInfo, read_acls};
use crate::records::multi::MultiResult;
use crate::records::multi_read::ReadResult;
use crate::records::stat::Stat;

/// The record behind a reply's header.
///
/// There is one only if the header's `err` is 0; a failed multi has `err` 0 and says in its results what
/// failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Response {
    /// Of create: the final path. Of sync: the echo.
    Path(String),
    /// Of create2, createContainer and createTTL.
    Created {
        /// The node's final path.
        path: String,
        /// The node's stat.
        stat: Stat,
    },
    /// Of exists, setData and setACL.
    Stat(Stat),
    /// Of getData and reconfig.
    Data {
        /// The data; null is not the same as empty.
        data: Option<Bytes>,
        /// The node's stat.
        stat: Stat,
    },
    /// Of getACL.
    Acl {
        /// The ACL.
        acl: Vec<Acl>,
        /// The node's stat.
        stat: Stat,
    },
    /// Of getChildren: names, in no order.
    Children(Vec<String>),
    /// Of getChildren2.
    Children2 {
        /// Names, in no order.
        children: Vec<String>,
        /// The node's stat.
        stat: Stat,
    },
    /// Of multi: one result for each operation.
    Multi(Vec<MultiResult>),
    /// Of multiRead: one result for each read.
    MultiRead(Vec<ReadResult>),
    /// Of sasl: the mechanism's message.
    Token(Option<Bytes>),
    /// Of getEphemerals: paths, in no order.
    Ephemerals(Vec<String>),
    /// Of getAllChildrenNumber.
    Count(i32),
    /// Of addWatch: a raw code, 0 in practice.
    ErrorBody(i32),
    /// Of whoAmI.
    WhoAmI(Vec<ClientInfo>),
    /// Of everything that is answered by the header alone.
    Empty,
}

impl Encode for Response {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Path(path) => put_str(out, path),
            Self::Created { path, stat } => {
                put_str(out, path);
                stat.encode(out);
            }
            Self::Stat(stat) => stat.encode(out),
            Self::Data { data, stat } => {
                put_opt_slice(out, data.as_deref());
                stat.encode(out);
            }
            Self::Acl { acl, stat } => {
                put_records(out, acl);
                stat.encode(out);
            }
            Self::Children(names) | Self::Ephemerals(names) => put_strings(out, names),
            Self::Children2 { children, stat } => {
                put_strings(out, children);
                stat.encode(out);
            }
            Self::Multi(results) => MultiResult::encode_all(results, out),
            Self::MultiRead(results) => ReadResult::encode_all(results, out),
            Self::Token(token) => put_opt_slice(out, token.as_deref()),
            Self::Count(number) | Self::ErrorBody(number) => put_i32(out, *number),
            Self::WhoAmI(identities) => put_records(out, identities),
            Self::Empty => {}
        }
    }
}

impl Response {
    /// How many results the reply to a multi or multiRead holds, without decoding them; `None` for other operations.
    ///
    /// A result takes more memory than its bytes: whoever knows how many there have to be compares first.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] when the list is broken.
    pub fn count_results(op: OpCode, input: &mut Reader) -> Result<Option<usize>, DecodeError> {
        match op {
            OpCode::Multi => MultiResult::count(input).map(Some),
            OpCode::MultiRead => ReadResult::count(input).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the record of a successful reply to `op`. Bytes behind the record are ignored.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] that names the field when the record is broken.
    pub fn decode(op: OpCode, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match op {
            OpCode::Create => Self::Path(input.read_string("created path")?),
            OpCode::Sync => Self::Path(input.read_string("sync path")?),
            OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => Self::Created {
                path: input.read_string("created path")?,
                stat: Stat::decode(input)?,
            },
            OpCode::Exists | OpCode::SetData | OpCode::SetAcl => Self::Stat(Stat::decode(input)?),
            OpCode::GetData | OpCode::Reconfig => Self::Data {
                data: input.read_buffer("data")?,
                stat: Stat::decode(input)?,
            },
            OpCode::GetAcl => Self::Acl {
                acl: read_acls(input)?,
                stat: Stat::decode(input)?,
            },
            OpCode::GetChildren => Self::Children(input.read_strings("children")?),
            OpCode::GetChildren2 => Self::Children2 {
                children: input.read_strings("children")?,
                stat: Stat::decode(input)?,
            },
            OpCode::Multi => Self::Multi(MultiResult::decode_all(input)?),
            OpCode::MultiRead => Self::MultiRead(ReadResult::decode_all(input)?),
            OpCode::Sasl => Self::Token(input.read_buffer("sasl token")?),
            OpCode::GetEphemerals => Self::Ephemerals(input.read_strings("ephemerals")?),
            OpCode::GetAllChildrenNumber => Self::Count(input.read_i32("totalNumber")?),
            OpCode::AddWatch => Self::ErrorBody(input.read_i32("ErrorResponse.err")?),
            OpCode::WhoAmI => Self::WhoAmI(input.read_vec(
                "clientInfo",
                ClientInfo::MIN_SIZE,
                ClientInfo::decode,
            )?),
            OpCode::Delete
            | OpCode::Ping
            | OpCode::CheckWatches
            | OpCode::RemoveWatches
            | OpCode::DeleteContainer
            | OpCode::Auth
            | OpCode::SetWatches
            | OpCode::SetWatches2
            | OpCode::CloseSession
            | OpCode::Notification
            | OpCode::Check
            | OpCode::CreateSession
            | OpCode::Error => Self::Empty,
        })
    }
}
