//! The servers' time, by what the last transaction told of it.

use std::time::Duration;

use zk_client::{Moment, Stat};

/// A transaction of ours, in the servers' time and in this client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    /// When it took place by the clock of the servers' leader, in milliseconds since 1970.
    at: i64,
    sent: Moment,
    answered: Moment,
    generation: u64,
}

impl Anchor {
    /// What the mark that was written with a transaction tells.
    pub(super) fn new(mark: &Stat, sent: Moment, answered: Moment, generation: u64) -> Self {
        Self {
            at: mark.mtime,
            sent,
            answered,
            generation,
        }
    }

    /// Whether it still tells the time: another leader has another clock, and clocks are set.
    pub(super) fn is_fresh(&self, now: Moment, generation: u64) -> bool {
        self.generation == generation && now - self.answered < FRESH
    }

    /// It is no earlier than this: the transaction took place before it was answered.
    pub(super) fn earliest(&self, now: Moment) -> i64 {
        self.after(now - self.answered)
    }

    /// It is no later than this: the transaction took place after it was sent.
    pub(super) fn latest(&self, now: Moment) -> i64 {
        // The leader's millisecond had begun.
        self.after(now - self.sent).saturating_add(1)
    }

    fn after(&self, passed: Duration) -> i64 {
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        self.at.saturating_add(passed)
    }
}

/// How long a transaction is trusted to tell the time.
const FRESH: Duration = Duration::from_secs(30);
