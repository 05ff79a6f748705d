//! Writes that commit only while something is held.

use zk_wire::{ErrorCode, MultiOp, MultiResult, Request, Response};

use crate::error::{Error, ErrorKind};
use crate::expiry::LostHold;
use crate::node::{Fence, Fenced};
use crate::pending::{Answer, Refusal};

/// What to check, or the error if the hold is known to be over.
pub(crate) fn fenced(held: &impl Fenced) -> Result<Fence, Error> {
    let fence = Fence {
        path: held.fence_path().to_owned(),
        hold: held.title().map(|(path, token)| LostHold::new(path, token)),
    };
    if held.is_held() {
        Ok(fence)
    } else {
        Err(lost(&fence))
    }
}

/// The request of a write without a fence.
pub(crate) fn alone(op: MultiOp) -> Request {
    match op {
        MultiOp::SetData {
            path,
            data,
            version,
        } => Request::SetData {
            path,
            data,
            version,
        },
        MultiOp::Delete { path, version } => Request::Delete { path, version },
        other => Request::Multi(vec![other]),
    }
}

/// The request of a write that commits only while the node of a hold exists.
pub(crate) fn behind(fence: &Fence, op: Result<MultiOp, Error>) -> Result<Request, Error> {
    let check = MultiOp::Check {
        path: fence.path.clone(),
        version: -1,
    };
    Ok(Request::Multi(vec![check, op?]))
}

/// The error of a write whose hold is over.
pub(crate) fn lost(fence: &Fence) -> Error {
    let node = &fence.path;
    let Some(hold) = &fence.hold else {
        let text = format!("the hold is over: its node {node} is gone; nothing was written");
        return Error::new(ErrorKind::LockLost, text);
    };
    let LostHold { path, token, .. } = hold;
    let text = format!(
        "the hold of {path} (token {token}) is over: its node {node} is gone; nothing was written"
    );
    Error::new(ErrorKind::LockLost, text)
        .with_lost_hold(hold.clone())
        .with_hint(
            "acquire it again, and read what its next holder may have changed, before you write",
        )
}

/// The error of a write whose fence could not be checked.
pub(crate) fn unchecked(code: i32) -> Error {
    match ErrorCode::from_raw(code) {
        Some(code) => Error::new(
            ErrorKind::from_code(code),
            format!("the server refused to check the hold's node: {code}; nothing was written"),
        )
        .with_hint("give READ on the node to its holder"),
        None => Error::new(ErrorKind::Bug, "a failed multi without a cause"),
    }
}

/// The result of the one write of a `[check, write]` multi.
pub(crate) fn fenced_result(mut answer: Answer<'_>) -> Result<MultiResult, Refusal> {
    let Some(fence) = answer.fences.first() else {
        return Err(Refusal::unexpected());
    };
    let Response::Multi(results) = answer.response()? else {
        return Err(Refusal::unexpected());
    };
    let mut results = results.into_iter();
    match (results.next(), results.next()) {
        (Some(MultiResult::Failed(code)), _) if code == ErrorCode::NoNode.raw() => {
            Err(Refusal::Error(lost(fence)))
        }
        (_, Some(MultiResult::Failed(code))) if code != ErrorCode::RuntimeInconsistency.raw() => {
            Err(refused(code))
        }
        (Some(MultiResult::Failed(code)), _) => Err(Refusal::Error(unchecked(code))),
        (Some(_), Some(result)) => Ok(result),
        _ => Err(Refusal::unexpected()),
    }
}

/// A failed operation's code; 0 cannot be one.
pub(crate) fn refused(code: i32) -> Refusal {
    ErrorCode::from_raw(code).map_or_else(Refusal::unexpected, Refusal::Code)
}
