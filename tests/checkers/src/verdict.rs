//! What a checker says.

use std::collections::BTreeMap;
use std::fmt;

/// What must hold of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// The history itself: the server's log follows its own rules, and times their order.
    Record,
    /// Replies come in request order, and the highest zxid seen never goes back.
    G1,
    /// Every operation ends as applied once, surely not applied, or honestly unknown.
    G2,
    /// No lost wake-up: each change leads to the event, or to a gap.
    G3,
    /// Nothing commits after the expiry was reported, and no other session's node is ours.
    G4,
    /// Nothing leaks.
    G5,
    /// A call dropped after any poll has no effect, its whole effect, or one that is undone.
    G6,
    /// Effort is bounded under any fault.
    G8,
    /// Every wait ends in bounded time once the faults have.
    G9,
    /// A read answers the state at some zxid between the last seen and its reply's.
    Read,
    /// The calls on an object can be put into one order that explains all answers.
    Order,
    /// No order was found within the cap, and none was ruled out.
    GaveUp,
    /// At each zxid at most one grant.
    L1,
    /// Tokens strictly increase, and the same token is the same grant.
    L2,
    /// A resource that checks tokens accepts none below an earlier one.
    L3,
    /// No guarded write commits after the lock node is gone.
    L4,
    /// Beliefs of different grants do not overlap.
    L5,
    /// A release removes the node of its own acquire, and does remove it.
    L6,
    /// No grant on a node of another session.
    L7,
    /// First come, first served, by creation zxid.
    L8,
    /// A hand-over wakes one waiter and takes few requests.
    L9,
    /// An acquire that fails leaves no node, and returns in time.
    L10,
    /// Entering again looks at the hold again.
    L11,
    /// Several locks are got together or not at all.
    L12,
    /// Order is that of creation zxids where sequence numbers say otherwise.
    L13,
    /// Each change of a value is one call's, and each call's answer is what the log says.
    A1,
    /// No number of a block counter is handed out twice, and each is of a block that its process reserved.
    A2,
    /// Who reads a value sees no older one after a newer one, nor one that was never there.
    A3,
    /// A rate limiter grants no more in a window than there is, and windows are as long as they are to be.
    A4,
    /// Who waits passes only if what it waits for was so.
    B1,
    /// Who enters a double barrier was there with all members at one moment.
    B2,
    /// Who leaves a double barrier leaves nobody behind who was there with it.
    B3,
    /// Rounds do not mix: a party passes once, in a round of as many as are to meet.
    B5,
    /// Each change of one transaction is in the log with the others, or none is.
    A5,
    /// What was put is there until it is taken or completed, and nothing else is.
    Q1,
    /// No item is taken by two.
    Q3,
    /// An item is there once, however its put ended.
    Q4,
    /// Items are had in their order, and not before their time.
    Q5,
    /// Whoever completes an item holds its claim, and no other does.
    Q6,
    /// A bounded queue holds no more than it is to.
    Bound,
    /// What a local picture holds, and tells, was so.
    C1,
    /// A local picture never goes back.
    C2,
    /// A local picture comes to be what there is.
    C3,
    /// What a local picture tells adds up to what it holds.
    C4,
    /// A node that was made again is not told as changed.
    C5,
    /// A local picture is told to be whole once, and not before it is.
    C6,
    /// A local picture is no older than it says.
    C7,
    /// One leader at each zxid; numbers of terms are writes, and grow, also for observers.
    E1,
    /// What leaders write commits only while their candidate's node is there.
    E2,
    /// A kept node is there, with the latest data, and nobody else's is touched.
    E7,
    /// A picture that calls itself fresh has a connection, and lacks nothing for longer than a silent one is borne.
    S1,
    /// What is kept no longer does not come back.
    S3,
    /// A successor that was named follows.
    Heir,
    /// A job starts not too soon and takes not too long.
    Lease,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A broken property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which property.
    pub property: Property,
    /// What happened, with paths, zxids and times.
    pub text: String,
    /// The operations involved: their places in the history.
    pub ops: Vec<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.text)?;
        if !self.ops.is_empty() {
            write!(f, " (operations {:?})", self.ops)?;
        }
        Ok(())
    }
}

/// How much a checker looked at. A run in which it looked at nothing shows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records judged.
    pub judged: usize,
    /// Records outside the assumptions, such as beliefs by a clock that is too wrong.
    pub exempt: usize,
    /// What was met on the way and is no violation, such as stale writes to an unfenced resource.
    pub met: BTreeMap<&'static str, usize>,
}

/// What a checker says of a history.
pub type Verdict = Result<Stats, Vec<Violation>>;

/// A verdict in the making.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) stats: Stats,
    violations: Vec<Violation>,
}

impl Findings {
    /// Notes a broken property.
    pub(crate) fn add(&mut self, property: Property, ops: &[usize], text: String) {
        self.violations.push(Violation {
            property,
            text,
            ops: ops.to_vec(),
        });
    }

    /// Counts something met.
    pub(crate) fn meet(&mut self, what: &'static str) {
        *self.stats.met.entry(what).or_default() += 1;
    }

    pub(crate) fn verdict(self) -> Verdict {
        if self.violations.is_empty() {
            Ok(self.stats)
        } else {
            Err(self.violations)
        }
    }
}
