//! Requests on the wire, in the order they were sent.

use std::collections::VecDeque;

use zk_wire::{Moment, OpCode};

use crate::ids::{RequestId, WatchId};
use crate::outcome::WatchKind;
use crate::requests::purpose::Purpose;

/// The watch a request on the wire sets.
#[derive(Debug)]
pub(crate) struct WatchToSet {
    pub(crate) id: WatchId,
    pub(crate) kind: WatchKind,
    pub(crate) path: String,
}

/// One request on the wire.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) xid: i32,
    pub(crate) op: OpCode,
    pub(crate) sent_at: Moment,
    pub(crate) purpose: Purpose,
    pub(crate) watch: Option<WatchToSet>,
    pub(crate) deadline: Option<Moment>,
    /// Nobody waits for the answer any more.
    pub(crate) abandoned: bool,
}

/// Requests on the wire. Replies come in the order of the requests, but refusals made before a request
/// was queued (eager ACL check, unknown opcode, auth enforcement) overtake; they carry no zxid.
///
/// Invariant: the ids of users' requests rise from front to back.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    slots: VecDeque<Slot>,
}

impl InFlight {
    pub(crate) fn push(&mut self, slot: Slot) {
        self.slots.push_back(slot);
    }

    /// Takes the request a reply belongs to; `None` if the reply is out of order.
    pub(crate) fn take(&mut self, xid: i32, may_overtake: bool) -> Option<Slot> {
        if self.slots.front().is_some_and(|slot| slot.xid == xid) {
            return self.slots.pop_front();
        }
        if !may_overtake {
            return None;
        }
        let index = self.slots.iter().position(|slot| slot.xid == xid)?;
        self.slots.remove(index)
    }

    /// The user's request with this id.
    pub(crate) fn find_user(&mut self, id: RequestId) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.purpose.user() == Some(id))
    }

    pub(crate) fn has_xid(&self, xid: i32) -> bool {
        self.slots.iter().any(|slot| slot.xid == xid)
    }

    pub(crate) fn front(&self) -> Option<&Slot> {
        self.slots.front()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// The connection is gone: hands over everything, oldest first.
    pub(crate) fn drain(&mut self) -> VecDeque<Slot> {
        std::mem::take(&mut self.slots)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn check_invariants(&self) {
        let users = self.slots.iter().filter_map(|slot| slot.purpose.user());
        let later = users.clone().skip(1);
        debug_assert!(
            users.zip(later).all(|(a, b)| a < b),
            "requests in flight out of order"
        );
        debug_assert!(
            self.slots.iter().all(|slot| slot.xid > 0),
            "a reserved xid has a slot"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_flight(xids: &[i32]) -> InFlight {
        let mut in_flight = InFlight::default();
        for &xid in xids {
            in_flight.push(Slot {
                xid,
                op: OpCode::Exists,
                sent_at: Moment::ZERO,
                purpose: Purpose::Unwatch,
                watch: None,
                deadline: None,
                abandoned: false,
            });
        }
        in_flight
    }

    #[test]
    fn only_a_refusal_may_overtake() {
        let mut in_flight = in_flight(&[4, 5, 6]);
        assert!(in_flight.take(5, false).is_none());
        assert_eq!(in_flight.take(5, true).map(|slot| slot.xid), Some(5));
        assert_eq!(in_flight.take(4, false).map(|slot| slot.xid), Some(4));
        assert_eq!(in_flight.take(6, false).map(|slot| slot.xid), Some(6));
        assert!(in_flight.take(6, true).is_none());
    }
}
