//! Single writes as parts of a transaction.

use zk_wire::MultiOp;

use super::create::{Create, FencedCreate};
use super::delete::Delete;
use super::set::Set;
use crate::error::Error;
use crate::node::Fence;

/// A write that becomes part of a [`Multi`](super::Multi): made from a [`Create`], [`Set`] or [`Delete`] with all its
/// options, and with its fence if it has one.
#[derive(Debug, Clone)]
pub struct MultiPart {
    pub(super) op: Result<MultiOp, Error>,
    /// The hold that the write depends on.
    pub(super) fence: Option<Result<Fence, Error>>,
}

impl From<Create> for MultiPart {
    fn from(create: Create) -> Self {
        Self {
            op: create.record().map(MultiOp::Create),
            fence: None,
        }
    }
}

impl From<FencedCreate> for MultiPart {
    fn from(fenced: FencedCreate) -> Self {
        let FencedCreate { create, fence } = fenced;
        Self {
            fence: Some(fence),
            ..create.into()
        }
    }
}

impl From<Set> for MultiPart {
    fn from(set: Set) -> Self {
        let (op, fence) = set.into_part();
        Self { op, fence }
    }
}

impl From<Delete> for MultiPart {
    fn from(delete: Delete) -> Self {
        let (op, fence) = delete.into_part();
        Self { op, fence }
    }
}
