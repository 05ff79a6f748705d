//! What stands in the line in front of the log.

use std::sync::Arc;
use std::time::Duration;

use zk_wire::{ErrorCode, Request, SessionId};

use super::acl::Identities;
use super::conn::ConnKey;
use super::rules::Reaction;

/// Something that has its place in the order of things.
#[derive(Debug)]
pub(super) enum Waiting {
    Request(Box<Arrived>),
    NewSession(NewSession),
    EndSession(SessionId),
    Reap,
}

/// A request as it was received. It is carried out even if its connection has gone by then.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) conn: ConnKey,
    pub(super) session: SessionId,
    pub(super) identities: Arc<Identities>,
    pub(super) closing: bool,
    pub(super) xid: i32,
    pub(super) spends_zxid: bool,
    /// `Err` is answered as it is.
    pub(super) request: Result<Request, ErrorCode>,
    pub(super) reaction: Option<Reaction>,
}

#[derive(Debug)]
pub(super) struct NewSession {
    pub(super) conn: ConnKey,
    pub(super) timeout: Duration,
    pub(super) read_only: Option<bool>,
    pub(super) reaction: Option<Reaction>,
}
