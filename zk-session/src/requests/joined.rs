//! Reads on their way into a multiRead, and out of it again.

use zk_wire::{ReadOp, Request};

use crate::requests::coalescer::Kind;
use crate::requests::purpose::{JoinedRead, JoinedReads, Purpose};
use crate::requests::queue::{Queued, SendQueue};

/// What kind of read the request is, if it can travel with others: without a watch, which multiRead cannot set, and
/// without a Stat of the children, which it cannot ask for.
pub(crate) const fn joinable(request: &Request) -> Option<Kind> {
    match request {
        Request::GetData { watch: false, .. } => Some(Kind::Data),
        Request::GetChildren { watch: false, .. } => Some(Kind::Children),
        _ => None,
    }
}

/// What the request reads, if it can travel with others.
pub(crate) fn read_of(request: &Request) -> Option<ReadOp> {
    let path = request.path()?.to_owned();
    joinable(request).map(|kind| match kind {
        Kind::Data => ReadOp::GetData { path },
        Kind::Children => ReadOp::GetChildren { path },
    })
}

/// Takes the reads at the front of the queue, one for each of `places`.
pub(crate) fn join(queue: &mut SendQueue, places: &[usize]) -> JoinedReads {
    let mut joined = JoinedReads::default();
    for &place in places {
        let Some(queued) = queue.pop() else { break };
        let Some(id) = queued.purpose.user() else {
            break;
        };
        if place == joined.ops.len() {
            joined.ops.extend(read_of(&queued.request));
        }
        joined.reads.push(JoinedRead {
            id,
            place,
            deadline: queued.deadline,
            weight: queued.weight,
            abandoned: false,
        });
    }
    joined
}

impl JoinedReads {
    /// The reads as requests of their own again, which are not joined a second time.
    pub(crate) fn parts(self) -> Vec<Queued> {
        let Self { ops, reads } = self;
        let wanted = reads.into_iter().filter(|read| !read.abandoned);
        wanted
            .filter_map(|read| Some(part(ops.get(read.place)?.clone(), &read)))
            .collect()
    }
}

fn part(op: ReadOp, read: &JoinedRead) -> Queued {
    let request = match op {
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
