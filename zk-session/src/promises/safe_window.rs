//! Until when the session certainly lives.

use std::collections::VecDeque;
use std::time::Duration;

use zk_wire::Moment;

use crate::config::Confirm;
use crate::promises::gaps::Gaps;

/// Buckets of answered requests kept per [`SafeWindow::distance`]; their width is what thinning costs.
const BUCKETS_PER_DISTANCE: u32 = 16;

/// How many answered confirms are remembered; more than one only while writes are pipelined.
const MAX_CONFIRMS: usize = 64;

/// Requests up to `sent_at` were answered by `answered_at`.
#[derive(Clone, Copy, Debug)]
struct Sample {
    opened_at: Moment,
    answered_at: Moment,
    sent_at: Moment,
}

/// A confirm and its answer.
#[derive(Clone, Copy, Debug)]
struct Confirmed {
    sent_at: Moment,
    answered_at: Moment,
}

/// Computes `safe_until`, a bound on the *leader's* clock.
///
/// Only the leader expires sessions. The server a client is attached to collects what it hears and hands
/// it over when the leader pings it, every half tick; cut off from the leader it goes on answering pings,
/// reads and sync for 9 to 12 s. So an answer by itself proves nothing about the leader.
///
/// A *confirm* is a committed request. That it committed proves that no newer leader existed when it was
/// sent. Since messages between a server and its leader keep their order, its answer also proves that
/// the leader knows of every request answered half a tick before the confirm was sent. Hence:
///
/// > safe until = smallest timeout ever granted + sent time of the newest request *answered* at least
/// > `distance` before the last-but-one answered confirm was *sent*,
///
/// all on one connection. The last confirm has to be sent after the one before it was answered: it is
/// what the server says to its leader *behind* the report that the first one's answer came after. Of
/// pipelined writes, whose answers come together, only those that follow an answer count as the last. Several confirms in one burst prove no more than one: with nothing answered
/// `distance` earlier there is no bound (a rule that only counted confirms was 8.7 s too long).
#[derive(Debug)]
pub(crate) struct SafeWindow {
    confirm: Confirm,
    clock_error_ppm: u32,
    smallest: Option<Duration>,
    granted: Option<Duration>,
    /// Answered requests on this connection, oldest first, thinned.
    samples: VecDeque<Sample>,
    /// Answered confirms on this connection that a later one may follow, oldest first, thinned.
    confirms: VecDeque<Confirmed>,
    /// Distances between answered requests on this connection (passive rule).
    gaps: Gaps,
    until: Option<Moment>,
    /// Whether this connection has proven anything yet.
    proven_here: bool,
}

impl SafeWindow {
    pub(crate) const fn new(
        confirm: Confirm,
        clock_error_ppm: u32,
        smallest: Option<Duration>,
    ) -> Self {
        Self {
            confirm,
            clock_error_ppm,
            smallest,
            granted: None,
            samples: VecDeque::new(),
            confirms: VecDeque::new(),
            gaps: Gaps::new(),
            until: None,
            proven_here: false,
        }
    }

    /// A handshake sent at `sent_at` granted `timeout`: a new connection, hence a new chain.
    pub(crate) fn connected(&mut self, timeout: Duration, sent_at: Moment) {
        if self.granted.is_some_and(|before| timeout < before) {
            self.until = None;
        }
        self.granted = Some(timeout);
        self.smallest = Some(
            self.smallest
                .map_or(timeout, |smallest| smallest.min(timeout)),
        );
        self.disconnected();
        // The leader itself answers a handshake, so it is where the distances begin.
        self.gaps.start(sent_at);
    }

    /// The connection ended. What was proven stays proven.
    pub(crate) fn disconnected(&mut self) {
        self.samples.clear();
        self.confirms.clear();
        self.proven_here = false;
        self.gaps = Gaps::new();
    }

    /// The session ended.
    pub(crate) fn over(&mut self) {
        self.disconnected();
        self.until = None;
    }

    /// A request was answered. Auth packets do not belong here: servers answer them without touching
    /// the session.
    pub(crate) fn answered(&mut self, sent_at: Moment, answered_at: Moment) {
        match self.confirm {
            Confirm::Active { .. } => self.sample(sent_at, answered_at),
            Confirm::Passive { blind } => self.passive(sent_at, blind),
        }
    }

    /// A confirm was answered; it counts as an answered request, too.
    pub(crate) fn confirmed(&mut self, sent_at: Moment, answered_at: Moment) {
        if matches!(self.confirm, Confirm::Active { .. }) {
            self.chain(Confirmed {
                sent_at,
                answered_at,
            });
        }
        self.answered(sent_at, answered_at);
    }

    pub(crate) const fn until(&self) -> Option<Moment> {
        self.until
    }

    /// Whether the window stays open for as long as `reach` and this connection keeps it open.
    pub(crate) fn is_kept_open(&self, reach: Moment) -> bool {
        self.proven_here && self.until.is_some_and(|until| until > reach)
    }

    /// The smallest timeout ever granted.
    pub(crate) const fn smallest(&self) -> Option<Duration> {
        self.smallest
    }

    /// From when on two more confirms complete a chain; `None` while nothing was answered at all.
    pub(crate) fn chain_ready_at(&self) -> Option<Moment> {
        let oldest = self.samples.front()?;
        Some(oldest.answered_at + self.distance())
    }

    /// How long before a confirm a request must have been answered: half a tick, by which every server
    /// has reported to the leader. Where no timeout below two ticks is granted, which is the servers' default, a
    /// quarter of the timeout is at least that; elsewhere the tick has to be configured.
    fn distance(&self) -> Duration {
        match self.confirm {
            Confirm::Active { tick: Some(tick) } => tick / 2,
            _ => self.granted.unwrap_or_default() / 4,
        }
    }

    fn sample(&mut self, sent_at: Moment, answered_at: Moment) {
        let width = self.distance() / BUCKETS_PER_DISTANCE;
        match self.samples.back_mut() {
            // Merging is safe: the newest of these requests was answered by the later moment.
            Some(last) if answered_at < last.opened_at + width => {
                last.answered_at = last.answered_at.max(answered_at);
                last.sent_at = last.sent_at.max(sent_at);
            }
            last => {
                // Replies come in order, but a ping's may overtake: the bound never goes back.
                let before = last.map_or(Moment::ZERO, |last| last.sent_at);
                let sent_at = before.max(sent_at);
                self.samples.push_back(Sample {
                    opened_at: answered_at,
                    answered_at,
                    sent_at,
                });
            }
        }
        self.forget_before(answered_at);
    }

    /// Later confirms are sent from now on, so of the samples older than twice the distance only the
    /// newest can matter. An older one would give an earlier bound, which is the safe side.
    fn forget_before(&mut self, now: Moment) {
        let horizon = now - self.distance() * 2;
        while self
            .samples
            .get(1)
            .is_some_and(|second| second.answered_at <= horizon)
        {
            self.samples.pop_front();
        }
    }

    /// Finds the newest confirm that was answered before this one was sent.
    fn chain(&mut self, last: Confirmed) {
        while self
            .confirms
            .get(1)
            .is_some_and(|next| next.answered_at <= last.sent_at)
        {
            self.confirms.pop_front();
        }
        if let Some(before) = self
            .confirms
            .front()
            .filter(|c| c.answered_at <= last.sent_at)
        {
            self.prove(before.sent_at);
        }
        // Forgetting one in a crowd only means to start from the one before it.
        let width = self.distance() / BUCKETS_PER_DISTANCE;
        let crowded = self
            .confirms
            .back()
            .is_some_and(|c| last.answered_at < c.answered_at + width);
        if !crowded && self.confirms.len() < MAX_CONFIRMS {
            self.confirms.push_back(last);
        }
    }

    fn prove(&mut self, last_but_one: Moment) {
        let distance = self.distance();
        // Not `last_but_one - distance`, which stops at the origin of time.
        let proven = self
            .samples
            .iter()
            .rev()
            .find(|s| s.answered_at + distance <= last_but_one);
        if let (Some(sample), Some(timeout)) = (proven, self.effective_timeout()) {
            self.extend(sample.sent_at + timeout);
            self.proven_here = true;
        }
    }

    /// Cut off from the leader, a server goes on answering for up to `blind`; what the leader knows of
    /// is at worst the last request before that, so the largest distance between two answered
    /// requests since then is lost as well. In a steady rhythm that is the distance between the last two.
    fn passive(&mut self, sent_at: Moment, blind: Duration) {
        let Some(distance) = self.gaps.answered(sent_at, blind) else {
            return;
        };
        let unproven = blind + distance;
        let left = self
            .effective_timeout()
            .and_then(|timeout| timeout.checked_sub(unproven));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.extend(sent_at + left);
        }
    }

    fn extend(&mut self, until: Moment) {
        self.until = Some(self.until.map_or(until, |before| before.max(until)));
    }

    fn effective_timeout(&self) -> Option<Duration> {
        let smallest = self.smallest?;
        let error = smallest.as_nanos() * u128::from(self.clock_error_ppm) / 1_000_000;
        let error = u64::try_from(error).unwrap_or(u64::MAX);
        Some(smallest.saturating_sub(Duration::from_nanos(error)))
    }

    pub(crate) fn check_invariants(&self) {
        debug_assert!(
            self.samples.len() <= 4 * BUCKETS_PER_DISTANCE as usize,
            "samples unbounded"
        );
        debug_assert!(
            self.samples
                .iter()
                .zip(self.samples.iter().skip(1))
                .all(|(a, b)| { a.answered_at <= b.answered_at && a.sent_at <= b.sent_at }),
            "samples out of order"
        );
    }
}

#[cfg(test)]
#[path = "safe_window_tests.rs"]
mod tests;
