//! What a script is made of.

use bytes::Bytes;
use zk_wire::{OpCode, Request, SetWatches};

/// One thing that one of the two sessions does.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// 0 or 1.
    pub(super) who: usize,
    pub(super) action: Action,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Ask(Request),
    /// All in one write, before any of them is answered.
    Burst(Vec<Request>),
    /// The zxid in it counts from the script's begin.
    Watch(SetWatches),
    /// Bytes that may be no request.
    Raw {
        op: i32,
        body: Bytes,
    },
    /// Hangs up and takes the session up again.
    Reconnect(Ticket),
    /// The same, with the watches behind the handshake in one write. The zxid counts as above.
    Return(SetWatches),
}

/// What is shown to take a session up again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ticket {
    Right,
    /// As clients before 3.4 do.
    WithoutReadOnly,
    WrongPassword,
    /// Claims to have seen the future.
    Ahead,
}

impl Step {
    /// The operation as the table names it; the first of several.
    pub(super) fn op_name(&self) -> &'static str {
        match &self.action {
            Action::Ask(request) => request.op_code().name(),
            Action::Watch(watches) => watches.op_code().name(),
            Action::Raw { op, .. } => OpCode::from_raw(*op).map_or("unknown", OpCode::name),
            Action::Burst(requests) => requests
                .first()
                .map_or("nothing", |request| request.op_code().name()),
            Action::Reconnect(_) | Action::Return(_) => "handshake",
        }
    }
}
