//! Which server to try next, and after which pause.

use std::time::Duration;

use zk_wire::Moment;

use crate::config::Backoff;
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
    /// Attempts since the last completed handshake.
    failed_in_a_row: u32,
    flaps: u32,
    failures: Vec<Option<ServerFailure>>,
    backoff: Backoff,
    rng: Rng,
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
            failed_in_a_row: 0,
            flaps: 0,
            failures,
            backoff,
            rng,
        }
    }

    /// The server to dial now; the following call gives the one after it.
    pub(crate) fn take_next(&mut self) -> ServerId {
        let server = self
            .order
            .get(self.next)
            .copied()
            .unwrap_or(ServerId::from_index(0));
        self.next = (self.next + 1) % self.order.len().max(1);
        server
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
        // Pauses come after every complete round, and a round is as long as the list.
        let count = u32::try_from(self.order.len()).unwrap_or(u32::MAX).max(1);
        if self.failed_in_a_row % count != 0 {
            return Duration::ZERO;
        }
        self.pause(self.failed_in_a_row / count - 1)
    }

    /// The session was established: the next outage starts with immediate attempts again.
    pub(crate) fn handshake_completed(&mut self, server: ServerId) {
        self.failed_in_a_row = 0;
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
mod tests {
    use super::*;

    fn servers(count: usize, seed: u64) -> Servers {
        let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        Servers::new(count, backoff, seed)
    }

    #[test]
    fn every_server_is_tried_once_per_round() {
        let mut servers = servers(5, 42);
        let mut round: Vec<_> = (0..5).map(|_| servers.take_next().index()).collect();
        let again: Vec<_> = (0..5).map(|_| servers.take_next().index()).collect();
        assert_eq!(round, again);
        round.sort_unstable();
        assert_eq!(round, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_round_has_no_pauses_inside_and_bounded_growing_ones_between() {
        let mut servers = servers(3, 1);
        for round in 0..12_u32 {
            let pauses: Vec<_> = (0..3)
                .map(|_| {
                    let server = servers.take_next();
                    servers.attempt_failed(Moment::ZERO, server, "refused".to_owned())
                })
                .collect();
            let bound = Duration::from_millis(50 << round.min(10)).min(Duration::from_secs(2));
            assert_eq!(pauses[..2], [Duration::ZERO; 2], "round {round}");
            assert!(pauses[2] <= bound, "round {round}: {:?}", pauses[2]);
        }
    }

    #[test]
    fn connections_that_die_young_are_slowed_down() {
        let mut servers = servers(1, 9);
        let server = servers.take_next();
        let mut lost = |lived| servers.link_lost(Moment::ZERO, server, lived, String::new());
        assert_eq!(lost(Duration::ZERO), Duration::ZERO);
        assert_eq!(lost(Duration::ZERO), Duration::ZERO);
        let slowed: Duration = (0..8).map(|_| lost(Duration::ZERO)).sum();
        assert!(slowed > Duration::from_millis(50), "{slowed:?}");
        assert_eq!(lost(SHORT_LIFE), Duration::ZERO);
    }

    #[test]
    fn a_completed_handshake_forgets_the_failure() {
        let mut servers = servers(1, 9);
        let server = servers.take_next();
        servers.attempt_failed(Moment::ZERO, server, "refused".to_owned());
        servers.attempt_failed(Moment::ZERO, server, "unreachable".to_owned());
        let failure = servers.failure(server).unwrap();
        assert_eq!(
            (failure.text.as_str(), failure.attempts),
            ("unreachable", 2)
        );
        servers.handshake_completed(server);
        assert_eq!(servers.failure(server), None);
    }
}
