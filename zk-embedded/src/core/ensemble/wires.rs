//! What servers say to each other, and what becomes of it on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use super::log::Entry;
use crate::core::conn::ConnKey;
use crate::core::server_id::ServerId;
use crate::core::waiting::Proposal;

/// One message.
#[derive(Debug)]
pub(super) enum Packet {
    // To the leader.
    Forward(Proposal),
    Sync {
        session: SessionId,
        xid: i32,
    },
    Revalidate {
        conn: ConnKey,
        session: SessionId,
        timeout: Duration,
    },
    Ack(Zxid),
    /// The answer to a ping: who was heard of since the last one.
    Touches(BTreeMap<SessionId, Duration>),
    // From the leader.
    Propose(Arc<Entry>),
    Commit(Zxid),
    Ping,
    Synced {
        session: SessionId,
        xid: i32,
    },
    Revalidated {
        conn: ConnKey,
        lives: bool,
    },
    // From either: the link has ended.
    HangUp,
}

#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) from: ServerId,
    pub(super) to: ServerId,
    /// A new one each time a server joins a leader. What belongs to an old one counts no more.
    pub(super) link: u64,
    pub(super) packet: Packet,
}

type Way = (ServerId, ServerId);

/// When a message arrives, and in which order of those that arrive then.
type Slot = (Moment, u64);

/// The network between the servers. What cannot get through waits, as in TCP.
#[derive(Debug, Default)]
pub(super) struct Wires {
    latency: Duration,
    on_the_way: BTreeMap<Slot, Envelope>,
    held: BTreeMap<Way, Vec<(Slot, Envelope)>>,
    /// Nothing overtakes on its way.
    last: BTreeMap<Way, Moment>,
    blocked: BTreeSet<Way>,
    frozen: BTreeSet<ServerId>,
    sent: u64,
}

impl Wires {
    pub(super) fn new(latency: Duration) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    pub(super) fn set_latency(&mut self, latency: Duration) {
        self.latency = latency;
    }

    /// Sends, `delay` later than now.
    pub(super) fn send(&mut self, now: Moment, delay: Duration, envelope: Envelope) {
        let way = (envelope.from, envelope.to);
        let latency = if envelope.from == envelope.to {
            Duration::ZERO
        } else {
            self.latency
        };
        let last = self.last.entry(way).or_default();
        *last = (*last).max(now + delay + latency);
        self.sent += 1;
        self.on_the_way.insert((*last, self.sent), envelope);
    }

    /// What arrives by now.
    pub(super) fn receive(&mut self, now: Moment) -> Option<Envelope> {
        loop {
            let first = self
                .on_the_way
                .first_entry()
                .filter(|next| next.key().0 <= now)?;
            let (slot, envelope) = first.remove_entry();
            let way = (envelope.from, envelope.to);
            if !self.blocked.contains(&way) && !self.frozen.contains(&envelope.to) {
                return Some(envelope);
            }
            self.held.entry(way).or_default().push((slot, envelope));
        }
    }

    pub(super) fn next_arrival(&self) -> Option<Moment> {
        self.on_the_way.keys().next().map(|(at, _)| *at)
    }

    /// Whether what `from` says reaches `to`.
    pub(super) fn reaches(&self, from: ServerId, to: ServerId) -> bool {
        from == to || !self.blocked.contains(&(from, to))
    }

    pub(super) fn connects(&self, one: ServerId, other: ServerId) -> bool {
        self.reaches(one, other) && self.reaches(other, one)
    }

    pub(super) fn block(&mut self, from: ServerId, to: ServerId) {
        if from != to {
            self.blocked.insert((from, to));
        }
    }

    /// Everybody reaches everybody again.
    pub(super) fn heal(&mut self) {
        self.blocked.clear();
        self.release();
    }

    /// A stopped process receives nothing.
    pub(super) fn freeze(&mut self, server: ServerId, frozen: bool) {
        if frozen {
            self.frozen.insert(server);
        } else {
            self.frozen.remove(&server);
            self.release();
        }
    }

    /// Lets go what nothing holds up any more: it arrives at once, and before what was sent later.
    fn release(&mut self) {
        for (way, waiting) in std::mem::take(&mut self.held) {
            if self.blocked.contains(&way) || self.frozen.contains(&way.1) {
                self.held.insert(way, waiting);
            } else {
                self.on_the_way.extend(waiting);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ServerId = ServerId::new(1);
    const TWO: ServerId = ServerId::new(2);

    fn at(ms: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(ms)
    }

    fn send(wires: &mut Wires, ms: u64, link: u64) {
        let envelope = Envelope {
            from: ONE,
            to: TWO,
            link,
            packet: Packet::Ping,
        };
        wires.send(at(ms), Duration::ZERO, envelope);
    }

    fn received(wires: &mut Wires, ms: u64) -> Vec<u64> {
        std::iter::from_fn(|| wires.receive(at(ms)))
            .map(|envelope| envelope.link)
            .collect()
    }

    #[test]
    fn a_message_never_overtakes_another_even_if_the_way_gets_shorter() {
        let mut wires = Wires::new(Duration::from_millis(10));
        send(&mut wires, 0, 1);
        wires.set_latency(Duration::ZERO);
        send(&mut wires, 1, 2);
        assert_eq!(received(&mut wires, 9), []);
        assert_eq!(received(&mut wires, 10), [1, 2]);
    }

    #[test]
    fn what_was_held_up_arrives_in_order_and_before_what_was_sent_later() {
        let mut wires = Wires::new(Duration::from_millis(10));
        send(&mut wires, 0, 1);
        wires.block(ONE, TWO);
        send(&mut wires, 5, 2);
        assert_eq!(received(&mut wires, 12), []);
        send(&mut wires, 13, 3);
        wires.heal();
        assert_eq!(received(&mut wires, 14), [1]);
        assert_eq!(received(&mut wires, 30), [2, 3]);
    }
}
