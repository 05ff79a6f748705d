//! The record of the four operations that create a node.

use bytes::Bytes;

use crate::codes::create_mode::CreateMode;
use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{Reader, put_i32, put_i64, put_opt_slice, put_records, put_str};
use crate::records::acl::{Acl, read_acls};

/// Creates a node: create, create2, createContainer or createTTL.
///
/// The operation code follows from the fields: with a `ttl` it is createTTL; otherwise, answered with a
/// stat, createContainer for container flags and create2 for all others; and create without a stat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct Create {
    /// The path; for sequential modes what comes before the number.
    pub path: String,
    /// The data; null is not the same as empty.
    pub data: Option<Bytes>,
    /// The ACL. Servers refuse an empty one.
    pub acl: Vec<Acl>,
    /// The mode as it travels, so that a server can refuse what is no mode. See [`Create::mode`].
    pub flags: i32,
    /// The time to live in milliseconds, of createTTL.
    pub ttl: Option<i64>,
    /// Whether the answer carries a stat. Always so for createTTL.
    pub stat: bool,
}

impl Create {
    /// A node with an open ACL, answered with its stat.
    #[must_use]
    pub fn new(path: impl Into<String>, data: impl Into<Bytes>, mode: CreateMode) -> Self {
        Self {
            path: path.into(),
            data: Some(data.into()),
            acl: vec![Acl::open()],
            flags: mode.flags(),
            ttl: None,
            stat: true,
        }
    }

    /// The mode, or `None` if the flags are none.
    #[must_use]
    pub const fn mode(&self) -> Option<CreateMode> {
        CreateMode::from_flags(self.flags)
    }

    /// The operation code that carries this record.
    #[must_use]
    pub const fn op_code(&self) -> OpCode {
        match self {
            Self { ttl: Some(_), .. } => OpCode::CreateTtl,
            Self { stat: false, .. } => OpCode::Create,
            _ => match self.mode() {
                Some(CreateMode::Container) => OpCode::CreateContainer,
                _ => OpCode::Create2,
            },
        }
    }

    /// Whether the answer carries a stat.
    #[must_use]
    pub const fn answers_with_stat(&self) -> bool {
        self.stat || self.ttl.is_some()
    }

    pub(crate) fn encode_body(&self, out: &mut Vec<u8>) {
        put_str(out, &self.path);
        put_opt_slice(out, self.data.as_deref());
        put_records(out, &self.acl);
        put_i32(out, self.flags);
        if let Some(ttl) = self.ttl {
            put_i64(out, ttl);
        }
    }

    /// Reads the record of `op`, which is one of the four.
    pub(crate) fn decode_body(op: OpCode, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            path: input.read_string("create path")?,
            data: input.read_buffer("create data")?,
            acl: read_acls(input)?,
            flags: input.read_i32("create flags")?,
            ttl: match op {
                OpCode::CreateTtl => Some(input.read_i64("create ttl")?),
                _ => None,
            },
            stat: !matches!(op, OpCode::Create),
        })
    }

    pub(crate) fn skip_body(op: OpCode, input: &mut Reader) -> Result<(), DecodeError> {
        input.skip_sized("create path")?;
        input.skip_sized("create data")?;
        input.skip_vec("acl", Acl::MIN_SIZE, Acl::skip)?;
        input.skip(4, "create flags")?;
        if matches!(op, OpCode::CreateTtl) {
            input.skip(8, "create ttl")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_choose_the_operation() {
        let create = |mode| Create::new("/a", "", mode);
        assert_eq!(create(CreateMode::Ephemeral).op_code(), OpCode::Create2);
        assert_eq!(
            create(CreateMode::Container).op_code(),
            OpCode::CreateContainer
        );
        let ttl = Create {
            ttl: Some(5),
            ..create(CreateMode::PersistentTtl)
        };
        assert_eq!(ttl.op_code(), OpCode::CreateTtl);
        let without_stat = Create {
            stat: false,
            ..create(CreateMode::Persistent)
        };
        assert_eq!(without_stat.op_code(), OpCode::Create);
    }
}
