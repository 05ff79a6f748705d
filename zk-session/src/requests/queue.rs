//! Requests waiting to be sent.

use std::collections::VecDeque;

use zk_wire::{Moment, Request};

use crate::ids::{RequestId, WatchId};
use crate::outcome::WatchKind;
use crate::requests::coalescer::Kind;
use crate::requests::purpose::Purpose;

/// One request waiting to be sent.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) request: Request,
    pub(crate) purpose: Purpose,
    pub(crate) watch: Option<(WatchId, WatchKind)>,
    pub(crate) deadline: Option<Moment>,
    /// What it counts for in the bound; zero if it is exempt.
    pub(crate) weight: usize,
    /// What kind of read it is, if it may travel with others.
    pub(crate) joinable: Option<Kind>,
    /// It travelled with others before, in vain.
    pub(crate) again: bool,
}

impl Queued {
    /// A request of the core itself: exempt from every bound.
    pub(crate) const fn internal(request: Request, purpose: Purpose) -> Self {
        Self {
            request,
            purpose,
            watch: None,
            deadline: None,
            weight: 0,
            joinable: None,
            again: false,
        }
    }
}

/// Where in the queue a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Before everything that was submitted.
    Urgent,
    /// Behind everything that was submitted.
    Ordinary,
}

/// Requests waiting to be sent, in two lanes: what has to come first on a new connection or proves the
/// session alive, then everything else in the order it was submitted.
///
/// Invariants: `bytes` and `counted` sum up the requests with a weight, `joinable` the reads that may travel with others;
/// the ids of users' requests rise; users' requests are in the ordinary lane only.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    urgent: VecDeque<Queued>,
    ordinary: VecDeque<Queued>,
    counted: usize,
    bytes: usize,
    joinable: usize,
}

impl SendQueue {
    pub(crate) fn push(&mut self, queued: Queued) {
        self.count(&queued);
        self.ordinary.push_back(queued);
    }

    /// Puts users' requests that were sent in vain, oldest first, back before everything that was submitted later.
    pub(crate) fn push_again(&mut self, requests: Vec<Queued>) {
        for queued in requests {
            let earlier = |other: &&Queued| other.purpose.user() < queued.purpose.user();
            let earlier = |other: &&Queued| other.purpose.user().is_some() && earlier(other);
            let index = self.ordinary.iter().take_while(earlier).count();
            self.count(&queued);
            self.ordinary.insert(index, queued);
        }
    }

    pub(crate) fn push_urgent(&mut self, queued: Queued) {
        self.urgent.push_back(queued);
    }

    pub(crate) fn push_in(&mut self, lane: Lane, queued: Queued) {
        match lane {
            Lane::Urgent => self.push_urgent(queued),
            Lane::Ordinary => self.push(queued),
        }
    }

    /// The next request to send.
    pub(crate) fn peek(&self) -> Option<&Queued> {
        self.urgent.front().or_else(|| self.ordinary.front())
    }

    /// Takes the next request to send.
    pub(crate) fn pop(&mut self) -> Option<Queued> {
        if let Some(urgent) = self.urgent.pop_front() {
            return Some(urgent);
        }
        let queued = self.ordinary.pop_front()?;
        self.discount(&queued);
        Some(queued)
    }

    /// The reads at the front that may travel together, with their paths.
    pub(crate) fn joinable_front(&self) -> impl Iterator<Item = (&str, Kind)> {
        let front = if self.urgent.is_empty() {
            self.ordinary.len()
        } else {
            0
        };
        let reads = self.ordinary.iter().take(front);
        reads.map_while(|queued| queued.request.path().zip(queued.joinable))
    }

    /// Whether anything but reads that may travel together waits.
    pub(crate) fn has_others(&self) -> bool {
        !self.urgent.is_empty() || self.ordinary.len() > self.joinable
    }

    /// Takes a user's request out.
    pub(crate) fn remove_user(&mut self, id: RequestId) -> Option<Queued> {
        let index = self
            .ordinary
            .iter()
            .position(|queued| queued.purpose.user() == Some(id))?;
        let queued = self.ordinary.remove(index)?;
        self.discount(&queued);
        Some(queued)
    }

    /// The connection is gone: drops what was meant for it alone. What a user submitted and the first
    /// steps of duties keep their places.
    pub(crate) fn drop_connection_bound(&mut self) -> Vec<Purpose> {
        let dropped = self.urgent.drain(..).map(|queued| queued.purpose).collect();
        self.ordinary.retain(|queued| match queued.purpose {
            Purpose::User { .. } | Purpose::Duty(..) | Purpose::Close => true,
            // Reads are joined as they leave.
            Purpose::Reads(_)
            | Purpose::Rewatch
            | Purpose::Unwatch
            | Purpose::Renew { .. }
            | Purpose::Confirm { .. } => false,
        });
        dropped
    }

    /// Takes out the requests of users, oldest first.
    pub(crate) fn take_users(&mut self) -> VecDeque<Queued> {
        let all = std::mem::take(&mut self.ordinary);
        let (users, others) = all
            .into_iter()
            .partition(|queued| queued.purpose.user().is_some());
        self.ordinary = others;
        // The core's own count for nothing.
        (self.counted, self.bytes, self.joinable) = (0, 0, 0);
        users
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the requests for which `keep` says no; none of them may be a user's.
    pub(crate) fn retain_internal(&mut self, keep: impl Fn(&Purpose) -> bool) {
        let keep = |queued: &Queued| queued.purpose.user().is_some() || keep(&queued.purpose);
        self.urgent.retain(keep);
        self.ordinary.retain(keep);
    }

    /// How many requests count for the bound.
    pub(crate) const fn counted(&self) -> usize {
        self.counted
    }

    /// How many bytes count for the bound.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.ordinary.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.urgent.len() + self.ordinary.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.urgent.iter().chain(&self.ordinary)
    }

    fn count(&mut self, queued: &Queued) {
        if queued.weight > 0 {
            self.counted += 1;
            self.bytes += queued.weight;
        }
        self.joinable += usize::from(queued.joinable.is_some());
    }

    fn discount(&mut self, queued: &Queued) {
        self.joinable = self
            .joinable
            .saturating_sub(usize::from(queued.joinable.is_some()));
        if queued.weight > 0 {
            self.counted = self.counted.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(queued.weight);
        }
    }

    pub(crate) fn check_invariants(&self) {
        let weights = || self.ordinary.iter().map(|queued| queued.weight);
        debug_assert_eq!(self.bytes, weights().sum::<usize>(), "bytes of the queue");
        debug_assert_eq!(
            self.counted,
            weights().filter(|w| *w > 0).count(),
            "length of the queue"
        );
        debug_assert_eq!(
            self.joinable,
            self.ordinary
                .iter()
                .filter(|queued| queued.joinable.is_some())
                .count(),
            "reads that may travel together"
        );
        let users = self
            .ordinary
            .iter()
            .filter_map(|queued| queued.purpose.user());
        let later = users.clone().skip(1);
        debug_assert!(
            users.zip(later).all(|(a, b)| a < b),
            "queued requests out of order"
        );
        debug_assert!(
            self.urgent
                .iter()
                .all(|queued| queued.purpose.user().is_none()),
            "a user's request is urgent"
        );
    }
}
