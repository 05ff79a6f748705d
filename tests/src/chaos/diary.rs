//! What the workers were told, and when: all that the judges hear from their side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;
use zk_recipes::{Error, Fate};

/// Shared by all workers of a run.
#[derive(Debug, Default)]
pub(super) struct Diary(Mutex<Page>);

#[derive(Debug, Default)]
pub(super) struct Page {
    /// How often each recipe did something, and each fault happened.
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// What nobody may be told at all.
    pub(super) findings: Vec<String>,
    /// Lines of ledgers, by the name of the lock.
    pub(super) lines: BTreeMap<&'static str, Vec<Value>>,
    pub(super) grants: Vec<Grant>,
    pub(super) terms: Vec<Term>,
    /// Nodes of holds that were there until their release, and when that was told.
    pub(super) released: Vec<(String, i64)>,
    /// Who was told to have the lease that goes by clocks.
    pub(super) spans: Vec<Span>,
    pub(super) steps: Vec<Step>,
    pub(super) writes: Vec<Write>,
    pub(super) sights: Vec<Sight>,
    pub(super) passes: Vec<Pass>,
    pub(super) meetings: Vec<Meeting>,
    /// What block counters handed out.
    pub(super) numbers: Vec<i64>,
    /// How many permits the rate limiter granted.
    pub(super) permits: u64,
    /// Clients, by their numbers, that hold the lock whose holders are made to lose it.
    pub(super) holding: BTreeSet<usize>,
    /// Nodes of holders that were deleted by an operator.
    pub(super) evicted: BTreeSet<String>,
    pub(super) stamps: Vec<Stamp>,
    /// How many members of the division wait for its last state, and what each has of it.
    pub(super) settling: usize,
    pub(super) owned: BTreeMap<usize, Vec<String>>,
}

/// With whom a hold goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Alone,
    Reading,
    Permit,
}

/// A hold was granted.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) place: &'static str,
    pub(super) node: String,
    pub(super) mode: Mode,
    /// The creation zxid of the node, if that is what the recipe says.
    pub(super) token: Option<u64>,
    /// The same for a lock and what it was downgraded to.
    pub(super) hold: String,
    /// When it was asked for and when it was told, in milliseconds since 1970.
    pub(super) begun: i64,
    pub(super) told: i64,
}

/// A term began.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) path: &'static str,
    pub(super) node: String,
    pub(super) epoch: u64,
}

/// A lease that goes by the clocks of its holders was obtained.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) holder: String,
    /// When it is over, as is stored.
    pub(super) end: i64,
    /// From when it was told until it was over or given back: as long as the holder had it for its own.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// What a caller was told of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Done,
    NotApplied,
    Unknown,
}

/// A change of a number.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) path: String,
    pub(super) told: Told,
    /// Before and after, if it is known.
    pub(super) change: Option<(i64, i64)>,
}

/// A write of something that nobody else writes.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) path: &'static str,
    pub(super) data: Bytes,
    pub(super) told: Told,
}

/// What a follower of a value was told.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) path: &'static str,
    pub(super) who: String,
    pub(super) data: Bytes,
    pub(super) zxid: i64,
}

/// What a wait was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Absent,
    Present,
    CountedDown,
}

/// A wait ended.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) path: String,
    pub(super) until: Until,
    /// What was committed by then had been seen when it began.
    pub(super) after: i64,
    pub(super) told: i64,
}

/// What members of a barrier were told.
#[derive(Debug, Clone)]
pub(super) enum Meeting {
    Entered { node: String, told: i64 },
    Left { node: String, told: i64 },
    Round { number: i64, told: i64 },
}

/// A write behind the fence of whoever owns a part.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    pub(super) path: String,
    /// The owner's node.
    pub(super) node: String,
    /// Begins with the token.
    pub(super) data: String,
    pub(super) told: Told,
}

impl Diary {
    pub(super) fn page(&self) -> MutexGuard<'_, Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, what: &'static str) {
        *self.page().counts.entry(what).or_default() += 1;
    }
}

impl Told {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result.as_ref().map_err(Error::fate) {
            Ok(_) => Self::Done,
            Err(Fate::NotApplied) => Self::NotApplied,
            Err(_) => Self::Unknown,
        }
    }
}

/// The wall clock, which the containers share, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
