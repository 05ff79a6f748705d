//! Which server to try next, and after which pause.

use std::time::Duration;

use zk_wire::Moment;

use crate::config::Backoff;
use crate::connection::rebalance::{Change, Odds, decide};
use crate::connection::rng::Rng;
use crate::ids::ServerId;
use crate::state::ServerFailure;

/// A connection that ended sooner than this counts as a failed attempt, so that a server which
/// accepts the session and then drops it is not dialled in a tight loop.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// How many short-lived connections in a row are followed by an immediate attempt.
const FREE_FLAPS: u32 = 2;

/// The servers in the order this session tries them.
///
/// Invariant: `next` is below the number of servers, which is at least one.
#[derive(Debug)]
pub(crate) struct Servers {
    order: Vec<ServerId>,
    next: usize,
    /// The server that was given out last.
    last: Option<ServerId>,
    /// After a change of the list, until a handshake completes or everyone was tried.
    shift: Option<Shift>,
    /// Counts the servers that were probed.
    probe: usize,
    /// Attempts since the last completed handshake.
    failed_in_a_row: u32,
    flaps: u32,
    failures: Vec<Option<ServerFailure>>,
    backoff: Backoff,
    rng: Rng,
}

/// Which servers a client that moves has not tried yet.
#[derive(Debug)]
struct Shift {
    kept: Vec<ServerId>,
    added: Vec<ServerId>,
    odds: Odds,
}

impl Servers {
    pub(crate) fn new(count: usize, backoff: Backoff, seed: u64) -> Self {
        let count = count.max(1);
        let mut rng = Rng::new(seed);
        let mut order: Vec<_> = (0..count).map(ServerId::from_index).collect();
        rng.shuffle(&mut order);
        let failures = vec![None; count];
        Self {
            order,
            next: 0,
            last: None,
            shift: None,
            probe: 0,
            failed_in_a_row: 0,
            flaps: 0,
            failures,
            backoff,
            rng,
        }
    }

    /// The server to dial now; the following call gives the one after it.
    pub(crate) fn take_next(&mut self) -> ServerId {
        let server = self.take_shifted().unwrap_or_else(|| self.take_in_order());
        self.last = Some(server);
        server
    }

    fn take_in_order(&mut self) -> ServerId {
        let server = self.order.get(self.next).copied();
        self.next = (self.next + 1) % self.order.len().max(1);
        server.unwrap_or(ServerId::from_index(0))
    }

    fn take_shifted(&mut self) -> Option<ServerId> {
        let shift = self.shift.as_mut()?;
        let (first, second) = if shift.odds.draw_kept(&mut self.rng) {
            (&mut shift.kept, &mut shift.added)
        } else {
            (&mut shift.added, &mut shift.kept)
        };
        let server = first.pop().or_else(|| second.pop());
        if server.is_none() {
            self.shift = None;
        }
        server
    }

    /// The list is another one: `origins` says of each server in it where it was before. Returns whether the client has
    /// to leave its server.
    pub(crate) fn update(&mut self, origins: &[Option<ServerId>]) -> bool {
        let place = |server: ServerId| {
            let at = origins.iter().position(|origin| *origin == Some(server));
            at.map(ServerId::from_index)
        };
        let own = self.last.and_then(place);
        let is_kept = |server: &ServerId| matches!(origins.get(server.index()), Some(Some(_)));
        self.order = (0..origins.len()).map(ServerId::from_index).collect();
        self.rng.shuffle(&mut self.order);
        let (kept, added): (Vec<_>, Vec<_>) = self.order.iter().copied().partition(is_kept);
        let change = Change {
            before: self.failures.len(),
            kept: kept.len(),
            added: added.len(),
            own_is_kept: own.is_some(),
        };
        let odds = decide(change, &mut self.rng);
        self.shift = odds.map(|odds| Shift { kept, added, odds });
        self.failures = origins
            .iter()
            .map(|origin| self.failures.get_mut(origin.as_ref()?.index())?.take())
            .collect();
        (self.next, self.probe) = (0, 0);
        self.failed_in_a_row = 0;
        self.last = own;
        if let Some(own) = own {
            self.go_on_after(own);
        }
        self.shift.is_some()
    }

    /// Whoever comes after `server` in the order is next.
    fn go_on_after(&mut self, server: ServerId) {
        if let Some(place) = self.order.iter().position(|other| *other == server) {
            self.next = (place + 1) % self.order.len().max(1);
        }
    }

    /// This server is next.
    pub(crate) fn prefer(&mut self, server: ServerId) {
        if let Some(place) = self.order.iter().position(|other| *other == server) {
            self.next = place;
            self.shift = None;
        }
    }

    /// Whom to ask whether it can write, other than `current` if there is another; and whether that was the last one
    /// of a round.
    pub(crate) fn probe_next(&mut self, current: ServerId) -> (ServerId, bool) {
        let others: Vec<_> = self
            .order
            .iter()
            .filter(|server| **server != current)
            .collect();
        let place = self.probe % others.len().max(1);
        self.probe = place + 1;
        match others.get(place) {
            Some(server) => (**server, self.probe == others.len()),
            None => (current, true),
        }
    }

    /// An attempt failed before the session was established: how long to wait before the next one.
    pub(crate) fn attempt_failed(
        &mut self,
        now: Moment,
        server: ServerId,
        why: String,
    ) -> Duration {
        self.record(now, server, why);
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        // Pauses come after every complete round.
        if !self.all_failed() {
            return Duration::ZERO;
        }
        self.pause(self.failed_in_a_row / self.round() - 1)
    }

    /// Whether the attempt that failed was the last of a round over all servers.
    pub(crate) fn all_failed(&self) -> bool {
        self.failed_in_a_row > 0 && self.failed_in_a_row % self.round() == 0
    }

    /// A round is as long as the list.
    fn round(&self) -> u32 {
        u32::try_from(self.order.len()).unwrap_or(u32::MAX).max(1)
    }

    /// The session was established: the next outage starts with immediate attempts again.
    pub(crate) fn handshake_completed(&mut self, server: ServerId) {
        self.failed_in_a_row = 0;
        if self.shift.take().is_some() {
            self.go_on_after(server);
        }
        if let Some(failure) = self.failures.get_mut(server.index()) {
            *failure = None;
        }
    }

    /// An established connection ended: how long to wait before the next attempt.
    pub(crate) fn link_lost(
        &mut self,
        now: Moment,
        server: ServerId,
        lived: Duration,
        why: String,
    ) -> Duration {
        self.record(now, server, why);
        if lived >= SHORT_LIFE {
            self.flaps = 0;
            return Duration::ZERO;
        }
        self.flaps = self.flaps.saturating_add(1);
        match self.flaps.checked_sub(FREE_FLAPS + 1) {
            None => Duration::ZERO,
            Some(doublings) => self.pause(doublings),
        }
    }

    /// The failure just recorded is about encryption.
    pub(crate) fn blame_tls(&mut self, server: ServerId) {
        if let Some(Some(failure)) = self.failures.get_mut(server.index()) {
            failure.tls = true;
        }
    }

    pub(crate) fn failure(&self, server: ServerId) -> Option<&ServerFailure> {
        self.failures.get(server.index())?.as_ref()
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Full jitter: anything from nothing to the bound, so that clients do not come in waves.
    fn pause(&mut self, doublings: u32) -> Duration {
        let factor = 1_u32.checked_shl(doublings.min(31)).unwrap_or(u32::MAX);
        let bound = self
            .backoff
            .base
            .saturating_mul(factor)
            .min(self.backoff.cap);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.rng.up_to(nanos))
    }

    fn record(&mut self, now: Moment, server: ServerId, why: String) {
        if let Some(place) = self.failures.get_mut(server.index()) {
            let attempts = place.as_ref().map_or(0, |failure| failure.attempts);
            *place = Some(ServerFailure::new(now, why, attempts.saturating_add(1)));
        }
    }
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
