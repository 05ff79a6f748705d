//! A server that stands still with what it has of a client, while the client goes elsewhere.

use std::collections::BTreeMap;

use zk_embedded::{Fact, Witnessed};
use zk_wire::{ErrorCode, OpCode, SessionId};

use super::World;
use super::frames::Splitter;
use super::link::{Delivery, Link, LinkId};
use crate::schedule::Direction;

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

impl World {
    /// The server of a process stands still. Each process has one such server at a time.
    pub fn stand_still(&mut self, process: usize) {
        let server = self.server_of(process);
        if let Some(server) = server.filter(|_| !self.late.strandings.contains_key(&process)) {
            let stage = Stage::Writes;
            let stranding = Stranding { server, stage };
            self.late.strandings.insert(process, stranding);
            self.servers.stand_still(self.now, server);
        }
    }

    /// The server goes on, unless it stands still for another process besides: so many requests go before the handshakes.
    pub fn go_on(&mut self, process: usize, ahead: u64) {
        let strandings = &mut self.late.strandings;
        let Some(stranding) = strandings.remove(&process) else {
            return;
        };
        let server = stranding.server;
        if !strandings.values().any(|other| other.server == server) {
            let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
            self.servers.go_on(self.now, server, ahead);
            self.pump();
        }
    }

    /// Something has arrived at a server: perhaps the connection is lost with it.
    pub(super) fn strand(&mut self, id: LinkId, bytes: &[u8]) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        if self.late.is_lost_with(id, link, bytes) {
            self.deliver(id, Direction::ToClient, Delivery::EndToClient);
        }
    }

    /// Counts requests that were carried out although a later one of their session had been answered.
    pub fn witness(&mut self, facts: &[Witnessed]) {
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
            let newest = self.late.carried_out.entry(*session).or_default();
            if *xid < *newest {
                let mut seen = self.seen.iter();
                let is_answered = seen.any(|seen| seen.has_answer(*session, *newest));
                self.met.late += u64::from(is_answered);
            }
            *newest = (*newest).max(*xid);
        }
    }
}

impl Late {
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

    fn is_lost_with(&mut self, id: LinkId, link: &Link, bytes: &[u8]) -> bool {
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
