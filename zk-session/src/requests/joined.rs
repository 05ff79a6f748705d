//! Reads on their way into a multiRead, and out of it again.

use zk_wire::{ReadOp, Request};

use crate::requests::coalescer::Kind;
use crate::requests::purpose::{JoinedRead, Purpose};
use crate::requests::queue::Queued;

/// What kind of read the request is, if it can travel with others: without a watch, which multiRead cannot set, and
/// without a Stat of the children, which it cannot ask for.
pub(crate) const fn joinable(request: &Request) -> Option<Kind> {
    match request {
        Request::GetData { watch: false, .. } => Some(Kind::Data),
        Request::GetChildren { watch: false, .. } => Some(Kind::Children),
        _ => None,
    }
}

/// A queued read as part of a multiRead; `None` if it cannot be one.
pub(crate) fn join(queued: Queued) -> Option<JoinedRead> {
    let (Purpose::User { id, .. }, deadline, weight) =
        (queued.purpose, queued.deadline, queued.weight)
    else {
        return None;
    };
    let op = match queued.request {
        Request::GetData { path, .. } => ReadOp::GetData { path },
        Request::GetChildren { path, .. } => ReadOp::GetChildren { path },
        _ => return None,
    };
    Some(JoinedRead {
        id,
        op,
        deadline,
        weight,
        abandoned: false,
    })
}

/// The read as a request of its own again, which is not joined a second time.
pub(crate) fn part(read: JoinedRead) -> Queued {
    let request = match read.op {
        ReadOp::GetChildren { path } => Request::GetChildren { path, watch: false },
        other => Request::GetData {
            path: other.path().to_owned(),
            watch: false,
        },
    };
    Queued {
        request,
        purpose: Purpose::User {
            id: read.id,
            duty: None,
        },
        watch: None,
        deadline: read.deadline,
        weight: read.weight,
        joinable: None,
        again: true,
    }
}
