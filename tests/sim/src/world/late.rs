//! A server that stands still with what it has of a client, while the client goes elsewhere.

use std::collections::BTreeMap;

use zk_embedded::{Fact, Witnessed};
use zk_wire::{ErrorCode, OpCode, SessionId};

use super::frames::Splitter;
use super::link::{Link, LinkId};
use super::seen::Seen;

/// The servers that stand still, and what is to come of that.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// By process: whose server it was.
    strandings: BTreeMap<usize, Stranding>,
    /// The newest request of each session that was carried out.
    carried_out: BTreeMap<SessionId, i32>,
}

#[derive(Clone, Copy, Debug)]
struct Stranding {
    server: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// With the next write that the server has got the connection is lost.
    Writes,
    /// Whatever the process dials next leads to the same server.
    Dials,
    /// With its handshake this connection is lost.
    Shakes(LinkId),
    /// The process is somewhere else.
    Gone,
}

impl Late {
    /// The server of a process stands still; false if another one does for it, which has not gone on.
    pub(super) fn stands_still(&mut self, process: usize, server: usize) -> bool {
        let stage = Stage::Writes;
        let is_new = !self.strandings.contains_key(&process);
        self.strandings
            .entry(process)
            .or_insert(Stranding { server, stage });
        is_new
    }

    /// The server that stood still for a process is to go on; nothing if it stands still for another process besides.
    pub(super) fn goes_on(&mut self, process: usize) -> Option<usize> {
        let server = self.strandings.remove(&process)?.server;
        let mut others = self.strandings.values();
        let stays = others.any(|other| other.server == server);
        (!stays).then_some(server)
    }

    /// Where a process gets to that dials this server.
    pub(super) fn leads(&self, process: usize, server: usize) -> usize {
        match self.strandings.get(&process) {
            Some(stranding) if stranding.stage == Stage::Dials => stranding.server,
            _ => server,
        }
    }

    /// A process has connected.
    pub(super) fn dialled(&mut self, process: usize, id: LinkId) {
        if let Some(stranding) = self.strandings.get_mut(&process) {
            if stranding.stage == Stage::Dials {
                stranding.stage = Stage::Shakes(id);
            }
        }
    }

    /// Something has arrived on a connection: whether that is lost with it.
    pub(super) fn is_lost_with(&mut self, id: LinkId, link: &Link, bytes: &[u8]) -> bool {
        let Some(stranding) = self.strandings.get_mut(&link.process) else {
            return false;
        };
        let is_at_it = link.server == stranding.server && !link.client_gone;
        let next = match stranding.stage {
            Stage::Writes if is_at_it && writes(bytes) => Stage::Dials,
            Stage::Shakes(of) if of == id => Stage::Gone,
            _ => return false,
        };
        stranding.stage = next;
        true
    }

    /// How many requests were carried out although a later one of their session had been answered.
    pub(super) fn witness(&mut self, facts: &[Witnessed], seen: &[Seen]) -> u64 {
        let mut late = 0;
        for fact in facts {
            let Fact::Committed {
                session,
                xid,
                outcome,
                ..
            } = &fact.fact
            else {
                continue;
            };
            // What a leader refuses for its session is not carried out.
            let refused = [ErrorCode::SessionMoved, ErrorCode::SessionExpired];
            if *xid <= 0 || outcome.as_ref().is_err_and(|code| refused.contains(code)) {
                continue;
            }
            let newest = self.carried_out.entry(*session).or_default();
            if *xid < *newest {
                let mut seen = seen.iter();
                late += u64::from(seen.any(|seen| seen.has_answer(*session, *newest)));
            }
            *newest = (*newest).max(*xid);
        }
        late
    }
}

/// Whether there is a request among these that changes something.
fn writes(bytes: &[u8]) -> bool {
    let frames = Splitter::default().split(bytes, false);
    frames.iter().any(|frame| match frame.op {
        Some(
            OpCode::Create
            | OpCode::Create2
            | OpCode::CreateContainer
            | OpCode::CreateTtl
            | OpCode::Delete
            | OpCode::SetData,
        ) => true,
        // A barrier has no path.
        Some(OpCode::Multi) => frame.path_in(bytes).is_some(),
        _ => false,
    })
}
