//! What stands in the line in front of the log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use zk_wire::{ErrorCode, MultiOp, Request, SessionId};

use super::acl::Identities;
use super::conn::ConnKey;
use super::rules::Reaction;

/// What a client wants, as it was received.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) session: SessionId,
    pub(super) xid: i32,
    pub(super) identities: Arc<Identities>,
    /// Even a multi that cannot be decoded uses up a zxid.
    pub(super) spends_zxid: bool,
    /// `Err` is answered as it is.
    pub(super) request: Result<Request, ErrorCode>,
}

impl Ask {
    /// Whether it has to go through the log.
    pub(super) fn commits(&self) -> bool {
        self.spends_zxid || self.request.as_ref().is_ok_and(Request::is_write)
    }

    pub(super) const fn is_sync(&self) -> bool {
        matches!(self.request, Ok(Request::Sync { .. }))
    }
}

/// A request that waits for its turn. It is carried out even if its connection has gone by then.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) conn: ConnKey,
    pub(super) reaction: Option<Reaction>,
    pub(super) ask: Arc<Ask>,
}

/// What waits together, in order: the requests of a session on a member of an ensemble. On a stand-alone
/// server that holds commits, those of a connection: so a client that comes back finds there what it would
/// find on another member.
pub(super) type Row = (SessionId, ConnKey);

/// Something that wants its place in the order of things.
#[derive(Clone, Debug)]
pub(super) enum Proposal {
    Request {
        ask: Arc<Ask>,
        /// What is wrong with the session that asks, if anything is.
        refused: Option<ErrorCode>,
    },
    NewSession {
        id: SessionId,
        timeout: Duration,
    },
    EndSession(SessionId),
    Reap(String),
}

/// A connection whose session is being created.
#[derive(Debug)]
pub(super) struct NewSession {
    pub(super) conn: ConnKey,
    pub(super) timeout: Duration,
    pub(super) read_only: Option<bool>,
    pub(super) reaction: Option<Reaction>,
}

/// A connection that wants to take a session up again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reviving {
    pub(super) session: SessionId,
    pub(super) timeout: Duration,
    pub(super) read_only: Option<bool>,
    pub(super) reaction: Option<Reaction>,
}

/// Gives a write data of its own: a slice of the frame it came in would keep all of that in memory.
pub(super) fn own_data(request: &mut Request) {
    let own = |data: &mut Option<Bytes>| {
        if let Some(data) = data {
            *data = Bytes::copy_from_slice(data);
        }
    };
    match request {
        Request::Create(create) => own(&mut create.data),
        Request::SetData { data, .. } => own(data),
        Request::Multi(ops) => {
            for op in ops {
                match op {
                    MultiOp::Create(create) => own(&mut create.data),
                    MultiOp::SetData { data, .. } => own(data),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use zk_wire::{Create, CreateMode};

    use super::*;

    #[test]
    fn stored_data_does_not_keep_the_frame_it_came_in() {
        let frame = Bytes::from(vec![b'x'; 1 << 20]);
        let create = Create::new("/a", frame.slice(..4), CreateMode::Persistent);
        let set = MultiOp::SetData {
            path: "/a".to_owned(),
            data: Some(frame.slice(4..8)),
            version: -1,
        };
        let mut kept = Vec::new();
        for mut request in [Request::Create(create), Request::Multi(vec![set])] {
            own_data(&mut request);
            kept.push(request);
        }
        assert!(frame.is_unique(), "{} requests hold copies", kept.len());
    }
}
