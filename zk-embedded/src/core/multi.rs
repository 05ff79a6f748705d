//! multi: all or nothing. multiRead: each for itself.

use zk_wire::{CreateMode, ErrorCode, MultiOp, MultiResult, ReadOp, ReadResult};

use super::acl::Identities;
use super::reads;
use super::tree::Tree;
use super::txn::{Author, Txn};

/// How a multi failed. Either way the caller has to roll back.
#[derive(Debug)]
pub(super) enum Failed {
    /// One operation did, and in the results for the reply only that one bears its code.
    One(Vec<MultiResult>),
    /// The server stumbled, and there are no results.
    Whole(ErrorCode),
}

/// Runs the operations in order, up to the first failure.
///
/// # Errors
///
/// [`Failed`] if one of them cannot be done: then none is.
pub(super) fn run(
    txn: &mut Txn<'_>,
    author: Author<'_>,
    ops: &[MultiOp],
) -> Result<Vec<MultiResult>, Failed> {
    let mut results = Vec::with_capacity(ops.len());
    for (failed_at, op) in ops.iter().enumerate() {
        if is_half_ttl(op) {
            return Err(Failed::Whole(ErrorCode::MarshallingError));
        }
        match run_one(txn, author, op) {
            Ok(result) => results.push(result),
            Err(code) => {
                let result = |at: usize| match at.cmp(&failed_at) {
                    std::cmp::Ordering::Less => MultiResult::Failed(0),
                    std::cmp::Ordering::Equal => MultiResult::Failed(code.raw()),
                    std::cmp::Ordering::Greater => {
                        MultiResult::Failed(ErrorCode::RuntimeInconsistency.raw())
                    }
                };
                return Err(Failed::One((0..ops.len()).map(result).collect()));
            }
        }
    }
    Ok(results)
}

/// A create of a kind that needs a TTL, without one. Releases that let it through to here take it for a createTTL,
/// look for the TTL, and give up.
fn is_half_ttl(op: &MultiOp) -> bool {
    match op {
        MultiOp::Create(create) => {
            create.ttl.is_none() && create.mode().is_some_and(CreateMode::has_ttl)
        }
        _ => false,
    }
}

fn run_one(txn: &mut Txn<'_>, author: Author<'_>, op: &MultiOp) -> Result<MultiResult, ErrorCode> {
    match op {
        MultiOp::Create(create) => {
            let (path, stat) = txn.create(author, create)?;
            let stat = create.answers_with_stat().then_some(stat);
            Ok(MultiResult::Created { path, stat })
        }
        MultiOp::Delete { path, version } => txn
            .delete(author, path, *version)
            .map(|()| MultiResult::Deleted),
        MultiOp::SetData {
            path,
            data,
            version,
        } => txn
            .set_data(author, path, data.as_ref(), *version)
            .map(MultiResult::Set),
        MultiOp::Check { path, version } => txn
            .check(author, path, *version)
            .map(|()| MultiResult::Checked),
        _ => Err(ErrorCode::Unimplemented),
    }
}

/// A read that fails does not disturb its neighbours.
pub(super) fn read(tree: &Tree, identities: &Identities, ops: &[ReadOp]) -> Vec<ReadResult> {
    let one = |op: &ReadOp| {
        let result = match op {
            ReadOp::GetData { path } => reads::data(tree, identities, path)
                .map(|(data, stat)| ReadResult::Data { data, stat }),
            ReadOp::GetChildren { path } => reads::children(tree, identities, path)
                .map(|(children, _)| ReadResult::Children(children)),
            _ => Err(ErrorCode::Unimplemented),
        };
        result.unwrap_or_else(|code| ReadResult::Failed(code.raw()))
    };
    ops.iter().map(one).collect()
}

/// Roughly how much room these results take in a frame.
pub(super) fn size(results: &[ReadResult]) -> usize {
    let one = |result: &ReadResult| match result {
        ReadResult::Data { data, .. } => data.as_ref().map_or(0, bytes::Bytes::len),
        ReadResult::Children(names) => names.iter().map(String::len).sum(),
        _ => 0,
    };
    results.iter().map(one).sum()
}
