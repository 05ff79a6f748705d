//! A process and what it is doing: the state that its parts share.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::Layout;
use zk_session::{DutyId, Event, Outcome as Answered, RequestId, WatchId};
use zk_wire::{Moment, SessionId};

use super::client::Client;
use super::contender::Contender;
use super::journal::Hold;
use crate::schedule::{Action, Phase};
use crate::seed::{Rng, Seed};

/// What a plan does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant {
    /// Whose names the contenders have.
    pub layout: Layout,
    /// The number from which on every first session counts its requests, to see it wrap: it is resumed with that.
    pub first_xid: Option<i32>,
}

/// One process.
pub(super) struct Process {
    pub(super) index: usize,
    pub(super) client: Client,
    pub(super) rng: Rng,
    pub(super) layout: Layout,
    pub(super) doing: Doing,
    pub(super) values: u64,
    pub(super) calls: u64,
    /// Set in the second part of a run, when nothing goes wrong any more.
    pub(super) draining: bool,
    /// Locks that it has to have had once more at the end.
    pub(super) wishes: Vec<usize>,
    /// Sessions that were ended before their time.
    pub(super) doomed: BTreeSet<SessionId>,
    /// How the next guard ends, if not by a release.
    pub(super) guard_fate: Option<Action>,
    /// The next call is given up after so many events.
    pub(super) cancel: Option<u64>,
    /// The session in force, once there is one.
    pub(super) session: SessionId,
    pub(super) phase: Phase,
    /// From where its first session is to count its requests.
    pub(super) first_xid: Option<i32>,
    pub(super) seed: Seed,
    pub(super) entered: [u64; Phase::ALL.len()],
    pub(super) incarnation: u32,
    pub(super) sessions: u64,
    pub(super) frozen: usize,
    pub(super) alive: bool,
    /// A close is under way that is not the end of the run.
    pub(super) closing: bool,
}

/// What a process is doing.
pub(super) enum Doing {
    /// Waits for a session; an acquisition goes on in it.
    Connecting(Option<Acquiring>),
    Idle(Moment),
    Reading(Call, Then),
    Writing(Call),
    Watching(Watching),
    Acquiring(Box<Contender>, Acquiring),
    Holding(Box<Holding>),
    Releasing(Releasing),
    Closing,
    Over,
}

/// A request and the call it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) id: RequestId,
    pub(super) place: usize,
}

impl Call {
    /// The answer, if the event is that.
    pub(super) fn answered(self, event: &Event) -> Option<&Answered> {
        match event {
            Event::Done { id, outcome } if *id == self.id => Some(outcome),
            _ => None,
        }
    }
}

impl Doing {
    /// When it goes on by itself.
    pub(super) fn until(&self) -> Option<Moment> {
        match self {
            Self::Idle(until) => Some(*until),
            Self::Watching(watching) => Some(watching.until),
            Self::Acquiring(_, acquiring) | Self::Connecting(Some(acquiring)) => acquiring.limit,
            Self::Holding(holding) => holding.until(),
            _ => None,
        }
    }

    /// The calls that have not returned.
    pub(super) fn open_calls(&self) -> Vec<usize> {
        match self {
            Self::Reading(call, _) | Self::Writing(call) => vec![call.place],
            Self::Acquiring(_, acquiring) | Self::Connecting(Some(acquiring)) => {
                vec![acquiring.place]
            }
            Self::Holding(holding) => holding.call.iter().map(|call| call.place).collect(),
            Self::Releasing(releasing) => releasing.place.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn hold_mut(&mut self) -> Option<&mut Hold> {
        match self {
            Self::Holding(holding) => Some(&mut holding.hold),
            _ => None,
        }
    }
}

/// What comes after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// Set if nobody has written since.
    Set,
    /// Wait for a change, for so long.
    Watch(WatchId, Duration),
    /// The last call of all.
    Close,
}

/// A watch on a register that was set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watching {
    pub(super) watch: WatchId,
    pub(super) place: usize,
    pub(super) register: usize,
    pub(super) until: Moment,
}

/// A call of acquire, over all its attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acquiring {
    pub(super) lock: usize,
    pub(super) place: usize,
    pub(super) waits: bool,
    pub(super) limit: Option<Moment>,
    /// Given up after so many more events.
    pub(super) cancel: Option<u64>,
    pub(super) last: bool,
}

/// A lock is held.
pub(super) struct Holding {
    pub(super) contender: Contender,
    pub(super) hold: Hold,
    /// A write under the fence that is not answered.
    pub(super) call: Option<Call>,
    pub(super) lock: usize,
    /// When the next thing is done.
    pub(super) until: Moment,
    /// How many things are to be done.
    pub(super) left: u64,
    /// What has been decided and is done next: with whatever happens in between.
    pub(super) use_next: Option<bool>,
    /// The node is gone.
    pub(super) lost: bool,
}

/// A lock is given back.
pub(super) struct Releasing {
    pub(super) duty: DutyId,
    pub(super) place: Option<usize>,
}

impl Holding {
    pub(super) fn until(&self) -> Option<Moment> {
        self.call.is_none().then_some(self.until)
    }
}
