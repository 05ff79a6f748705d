//! All that is known of one run.

use std::time::Duration;

use zk_wire::Moment;

use crate::records::{
    Access, Belief, Cached, Clock, Fault, Gauge, Limits, News, Note, Op, WatchEvent,
};
use crate::text::{Text, Texts};
use crate::truth::Truth;

/// All that is known of one run: what the processes called, saw and believed, and the [`Truth`].
///
/// Each kind of record lies in an arena of its own, in the order of pushing. Records are small and
/// `Copy`; their words live in [`Texts`]. Times are the simulation's own, not those of a process's
/// clock, and no two things that have an order carry the same time: see [`History::stamp`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The words of all records.
    pub texts: Texts,
    /// What the run's claims assume and allow.
    pub limits: Limits,
    /// Operations, pushed when invoked and filled in when they return.
    pub ops: Vec<Op>,
    /// What holders believed of their holds.
    pub beliefs: Vec<Belief>,
    /// Uses of resources outside ZooKeeper.
    pub accesses: Vec<Access>,
    /// Watch events and gaps as the processes got them.
    pub events: Vec<WatchEvent>,
    /// What the processes were told of their local pictures.
    pub news: Vec<News>,
    /// What those pictures held.
    pub cached: Vec<Cached>,
    /// What became of a process and its session, as the process was told.
    pub notes: Vec<Note>,
    /// What was done to the run.
    pub faults: Vec<Fault>,
    /// How much a process kept queued, sampled.
    pub gauges: Vec<Gauge>,
    /// Clocks that do not run at the true rate.
    pub clocks: Vec<Clock>,
    /// What the server knows.
    pub truth: Truth,
    last_stamp: Moment,
}

impl History {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A time for what happens `now`: at least a nanosecond after every earlier stamp.
    ///
    /// In virtual time many things happen at one moment, and yet one before the other. Stamps keep
    /// that order, so every record's time has to come from here.
    pub fn stamp(&mut self, now: Moment) -> Moment {
        let next = self.last_stamp + Duration::from_nanos(1);
        self.last_stamp = next.max(now);
        self.last_stamp
    }

    /// The handle of a word, for use in records.
    pub fn text(&mut self, word: &str) -> Text {
        self.texts.intern(word.as_bytes())
    }

    /// The handle of a node's data, for use in records.
    pub fn data(&mut self, data: &[u8]) -> Text {
        self.texts.intern(data)
    }

    /// Adds an operation that has just been invoked. Returns its place in `ops`.
    pub fn begin(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    /// Makes the next stamp come after all records.
    pub(crate) fn catch_up(&mut self) {
        self.last_stamp = self.latest();
    }

    /// The latest time that any record of the client side or the truth carries.
    fn latest(&self) -> Moment {
        let returns = self.ops.iter().filter_map(|op| op.returned);
        let others = (self.ops.iter().map(|op| op.invoked))
            .chain(self.beliefs.iter().map(|belief| belief.at))
            .chain(self.accesses.iter().map(|access| access.at))
            .chain(self.events.iter().map(|event| event.at))
            .chain(self.news.iter().map(|news| news.at))
            .chain(self.notes.iter().map(|note| note.at))
            .chain(self.truth.times());
        returns.chain(others).max().unwrap_or_default()
    }
}
