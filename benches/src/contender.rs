//! What is measured, and who is measured.

use std::time::Duration;

use crate::cpu;
use crate::outcome::Outcome;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// getData of 100 bytes, this many callers each with one request at a time.
    Get(usize),
    /// getData of this many bytes by [`MOST_IN_FLIGHT`](Self::MOST_IN_FLIGHT) tasks: what joining reads is worth.
    Read(usize, Spread),
    /// Acquire and release of a free mutex by one caller, who waits for the release.
    Mutex,
    /// As `Mutex`, but the release goes on in the background.
    MutexDropped,
    /// The first load of a cache of a tree, until it is told as complete, and its end.
    CacheLoad,
}

impl Workload {
    /// Enough to keep any server busy.
    pub(crate) const MOST_IN_FLIGHT: usize = 256;

    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 11] = [
        Self::Get(1),
        Self::Get(Self::MOST_IN_FLIGHT),
        Self::Read(0, Spread::OneNode),
        Self::Read(100, Spread::OneNode),
        Self::Read(100_000, Spread::OneNode),
        Self::Read(0, Spread::NodeEach),
        Self::Read(100, Spread::NodeEach),
        Self::Read(100_000, Spread::NodeEach),
        Self::Mutex,
        Self::MutexDropped,
        Self::CacheLoad,
    ];

    /// What the table calls it.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Get(callers) => format!("getData 100 B, {callers} in flight"),
            Self::Read(bytes, spread) => {
                let nodes = match spread {
                    Spread::OneNode => "one node",
                    Spread::NodeEach => "a node each",
                };
                format!("getData {bytes} B, {} tasks, {nodes}", Self::MOST_IN_FLIGHT)
            }
            Self::Mutex => "free mutex, acquire + release".to_owned(),
            Self::MutexDropped => "free mutex, release not awaited".to_owned(),
            Self::CacheLoad => "tree cache, first load of 20,200 nodes".to_owned(),
        }
    }

    /// How many times as fast as every peer ours is to be: with less the whole run fails.
    pub(crate) const fn promised(self) -> Option<f64> {
        match self {
            Self::CacheLoad => Some(8.0),
            Self::Get(_) | Self::Read(..) | Self::Mutex | Self::MutexDropped => None,
        }
    }
}

/// Whether all read the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Everybody reads one node.
    OneNode,
    /// Every task reads a node of its own.
    NodeEach,
}

impl Spread {
    /// How many nodes there are.
    pub(crate) const fn nodes(self) -> usize {
        match self {
            Self::OneNode => 1,
            Self::NodeEach => Workload::MOST_IN_FLIGHT,
        }
    }
}

/// Work done in one cell of the table in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Operations completed.
    pub(crate) operations: u64,
    /// In this time.
    pub(crate) elapsed: Duration,
}

/// Somebody who can do the work. It keeps its connection between runs.
pub(crate) trait Contender {
    /// What the table calls it.
    fn name(&self) -> String;

    /// Its part in the table's ratios.
    fn role(&self) -> Role {
        Role::Peer
    }

    /// Whether it can do this work.
    fn does(&self, workload: Workload) -> bool;

    /// What a reader must know to compare it.
    fn remark(&self, _workload: Workload) -> Option<&'static str> {
        None
    }

    /// How long it runs before it is measured, at this length of a round.
    fn warm_up(&self, round: Duration) -> Duration {
        round
    }

    /// Works for about this long.
    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run>;

    /// CPU time that its process has used so far. Only one contender works at a time.
    fn cpu(&self) -> Outcome<Duration> {
        Ok(cpu::own())
    }

    /// Requests it has sent so far, if it counts them.
    fn requests(&self) -> Option<u64> {
        None
    }
}

/// What others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The first base: the bytes alone.
    Floor,
    /// The second base: our client on the runtime that the peers use.
    Base,
    /// Our client in another way.
    Variant,
    /// Somebody else's client.
    Peer,
}
