//! One connection as the proxy follows it: which frame is what.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use zk_wire::{Decode, OpCode, Reader, ReplyHeader, Request, RequestHeader, xid};

use super::rule::{Direction, Frame, Kind};

/// What a request was, for its reply.
type Asked = (Kind, Arc<[String]>);

/// What is under way on one connection.
#[derive(Debug, Default)]
pub(super) struct Stream {
    passed: [u64; 2],
    connected: [bool; 2],
    asked: HashMap<i32, Asked>,
    /// The reply after which the connection ends.
    last_reply: Option<Last>,
}

/// A reply that is awaited and does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Handshake,
    Reply(i32),
}

impl Stream {
    /// Reads the next frame of a direction; its content is without the length prefix.
    pub(super) fn read(&mut self, direction: Direction, content: &Bytes) -> (Frame, Last) {
        let way = usize::from(direction == Direction::ToClient);
        let len = content.len() as u64 + 4;
        let start = self.passed[way];
        self.passed[way] += len;
        let first = !std::mem::replace(&mut self.connected[way], true);
        let ((kind, paths), last) = if first {
            ((Kind::Connect, Arc::from([])), Last::Handshake)
        } else if direction == Direction::ToServer {
            self.request(content)
        } else {
            self.reply(content)
        };
        let frame = Frame {
            direction,
            kind,
            paths,
            start,
            len,
        };
        (frame, last)
    }

    /// The connection is to end at this request's reply.
    pub(super) fn end_at(&mut self, last: Last) {
        self.last_reply = Some(last);
    }

    /// Whether the connection is to end at this reply.
    pub(super) fn ends_at(&self, last: Last) -> bool {
        self.last_reply == Some(last)
    }

    fn request(&mut self, content: &Bytes) -> (Asked, Last) {
        let mut reader = Reader::new(content.clone());
        let Ok(header) = RequestHeader::decode(&mut reader) else {
            return ((Kind::Op(OpCode::Error), Arc::from([])), Last::Reply(0));
        };
        let op = OpCode::from_raw(header.op).unwrap_or(OpCode::Error);
        let paths = match Request::decode(header.op, &mut reader) {
            Ok(Request::Multi(ops)) => ops.iter().map(|op| op.path().to_owned()).collect(),
            Ok(request) => request.path().map(str::to_owned).into_iter().collect(),
            Err(_) => Arc::from([]),
        };
        let asked = (Kind::Op(op), paths);
        self.asked.insert(header.xid, asked.clone());
        (asked, Last::Reply(header.xid))
    }

    fn reply(&mut self, content: &Bytes) -> (Asked, Last) {
        let mut reader = Reader::new(content.clone());
        let xid = ReplyHeader::decode(&mut reader).map_or(0, |header| header.xid);
        let asked = if xid == xid::NOTIFICATION {
            (Kind::Event, Arc::from([]))
        } else {
            let unknown = || (Kind::Op(OpCode::Error), Arc::from([]));
            self.asked.remove(&xid).unwrap_or_else(unknown)
        };
        (asked, Last::Reply(xid))
    }
}
