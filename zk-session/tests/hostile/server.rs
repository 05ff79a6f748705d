//! The servers: honest unless a case says otherwise.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zk_wire::{
    ConnectRequest, Decode, FrameDecoder, MultiResult, Reader, Request, RequestHeader, Response,
    Stat, xid,
};

use crate::frames::{answer, greeting, reply};

/// What reached a server.
#[derive(Debug)]
pub(crate) enum Heard {
    Greeting,
    Request { xid: i32, request: Request },
}

impl Heard {
    /// The xid, if it is a request of this kind.
    pub(crate) fn xid_of(&self, is: fn(&Request) -> bool) -> Option<i32> {
        match self {
            Self::Request { xid, request } if is(request) => Some(*xid),
            _ => None,
        }
    }
}

/// What it does then.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Bytes(Vec<u8>),
    /// The same bytes so often, one delivery each.
    Repeat(Vec<u8>, u32),
    /// The bytes piece by piece, one piece each time.
    Drip(Vec<u8>, usize, Duration),
    Close,
}

/// How a hostile server treats what it hears on its `nth` connection, from 0; `None` is honestly.
pub(crate) type Attack = Box<dyn Fn(usize, &Heard) -> Option<Vec<Say>>>;

/// Reads what a client sent.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    input: BytesMut,
    greeted: bool,
}

impl Ear {
    pub(crate) fn listen(&mut self, bytes: &[u8]) -> Vec<Heard> {
        self.input.extend_from_slice(bytes);
        let mut heard = Vec::new();
        while let Some(frame) = FrameDecoder::new(64 << 20).next(&mut self.input).unwrap() {
            heard.push(self.understand(frame));
        }
        heard
    }

    fn understand(&mut self, frame: Bytes) -> Heard {
        let mut reader = Reader::new(frame);
        if !std::mem::replace(&mut self.greeted, true) {
            ConnectRequest::decode(&mut reader).unwrap();
            return Heard::Greeting;
        }
        let header = RequestHeader::decode(&mut reader).unwrap();
        let request = Request::decode(header.op, &mut reader).unwrap();
        Heard::Request {
            xid: header.xid,
            request,
        }
    }
}

/// What an honest server says.
pub(crate) fn honest(heard: &Heard) -> Vec<Say> {
    let (xid, request) = match heard {
        Heard::Greeting => return vec![Say::Bytes(greeting(|_| ()))],
        Heard::Request { xid, request } => (*xid, request),
    };
    let response = match request {
        Request::Ping => return vec![Say::Bytes(reply(xid::PING, 50, 0, &[]))],
        Request::CloseSession => {
            return vec![Say::Bytes(reply(xid, 51, 0, &[])), Say::Close];
        }
        Request::Create(create) if create.answers_with_stat() => Response::Created {
            path: create.path.clone(),
            stat: Stat::default(),
        },
        Request::Create(create) => Response::Path(create.path.clone()),
        Request::GetData { .. } => Response::Data {
            data: None,
            stat: Stat::default(),
        },
        Request::Exists { .. } | Request::SetData { .. } | Request::SetAcl { .. } => {
            Response::Stat(Stat::default())
        }
        Request::GetAcl { .. } => Response::Acl {
            acl: Vec::new(),
            stat: Stat::default(),
        },
        Request::GetChildren { .. } => Response::Children(Vec::new()),
        Request::GetChildren2 { .. } => Response::Children2 {
            children: Vec::new(),
            stat: Stat::default(),
        },
        Request::GetEphemerals { .. } => Response::Ephemerals(Vec::new()),
        Request::Multi(ops) => Response::Multi(vec![MultiResult::Checked; ops.len()]),
        Request::MultiRead(_) => Response::MultiRead(Vec::new()),
        Request::Sync { path } => Response::Path(path.clone()),
        Request::AddWatch { .. } => Response::ErrorBody(0),
        Request::GetAllChildrenNumber { .. } => Response::Count(0),
        Request::WhoAmI => Response::WhoAmI(Vec::new()),
        _ => Response::Empty,
    };
    vec![Say::Bytes(answer(xid, &response))]
}
