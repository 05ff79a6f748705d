//! Requests on the wire, in the order they were sent.

use std::collections::VecDeque;

use zk_wire::{Moment, OpCode};

use crate::ids::{RequestId, WatchId};
use crate::outcome::WatchKind;
use crate::requests::purpose::{JoinedRead, Purpose};

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
    /// A read, or several, that counts for how many of them are open.
    pub(crate) read_frame: bool,
    /// It travelled with others before, and so comes behind younger ones.
    pub(crate) again: bool,
}

impl Slot {
    /// How many requests it stands for.
    fn requests(&self) -> usize {
        match &self.purpose {
            Purpose::Reads(reads) => reads.len(),
            _ => 1,
        }
    }
}

/// Requests on the wire. Replies come in the order of the requests, but refusals made before a request
/// was queued (eager ACL check, unknown opcode, auth enforcement) overtake; they carry no zxid.
///
/// Invariants: the ids of users' requests rise from front to back, but for those that are sent again; the sums are
/// those of the slots.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    slots: VecDeque<Slot>,
    requests: usize,
    read_frames: usize,
}

impl InFlight {
    pub(crate) fn push(&mut self, slot: Slot) {
        self.requests += slot.requests();
        self.read_frames += usize::from(slot.read_frame);
        self.slots.push_back(slot);
    }

    /// Takes the request a reply belongs to; `None` if the reply is out of order.
    pub(crate) fn take(&mut self, xid: i32, may_overtake: bool) -> Option<Slot> {
        let index = if self.slots.front().is_some_and(|slot| slot.xid == xid) {
            0
        } else if may_overtake {
            self.slots.iter().position(|slot| slot.xid == xid)?
        } else {
            return None;
        };
        let slot = self.slots.remove(index)?;
        self.requests = self.requests.saturating_sub(slot.requests());
        self.read_frames = self
            .read_frames
            .saturating_sub(usize::from(slot.read_frame));
        Some(slot)
    }

    /// The user's request with this id.
    pub(crate) fn find_user(&mut self, id: RequestId) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.purpose.user() == Some(id))
    }

    /// The user's read with this id among those that travel together.
    pub(crate) fn find_joined(&mut self, id: RequestId) -> Option<&mut JoinedRead> {
        self.slots.iter_mut().find_map(|slot| {
            let Purpose::Reads(reads) = &mut slot.purpose else {
                return None;
            };
            // Their ids rise.
            let index = reads.binary_search_by_key(&id, |read| read.id).ok()?;
            reads.get_mut(index)
        })
    }

    /// The users' requests, with their deadlines.
    pub(crate) fn users(&self) -> impl Iterator<Item = (Option<Moment>, RequestId)> {
        self.slots.iter().flat_map(|slot| {
            let joined = match &slot.purpose {
                Purpose::Reads(reads) => reads.as_slice(),
                _ => &[],
            };
            let joined = joined.iter().map(|read| (read.deadline, read.id));
            let single = slot.purpose.user().map(|id| (slot.deadline, id));
            joined.chain(single)
        })
    }

    /// How many frames of reads are not answered.
    pub(crate) const fn read_frames(&self) -> usize {
        self.read_frames
    }

    pub(crate) fn has_xid(&self, xid: i32) -> bool {
        self.slots.iter().any(|slot| slot.xid == xid)
    }

    pub(crate) fn front(&self) -> Option<&Slot> {
        self.slots.front()
    }

    /// The connection is gone: hands over everything, oldest first.
    pub(crate) fn drain(&mut self) -> VecDeque<Slot> {
        self.requests = 0;
        self.read_frames = 0;
        std::mem::take(&mut self.slots)
    }

    /// How many requests there are.
    pub(crate) const fn len(&self) -> usize {
        self.requests
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn check_invariants(&self) {
        let first_time = self.slots.iter().filter(|slot| !slot.again);
        let users: Vec<_> = first_time
            .flat_map(|slot| match &slot.purpose {
                Purpose::Reads(reads) => reads.iter().map(|read| read.id).collect(),
                purpose => Vec::from_iter(purpose.user()),
            })
            .collect();
        debug_assert!(users.is_sorted(), "requests in flight out of order");
        debug_assert_eq!(
            self.requests,
            self.slots.iter().map(Slot::requests).sum::<usize>(),
            "requests in flight"
        );
        debug_assert_eq!(
            self.read_frames,
            self.slots.iter().filter(|slot| slot.read_frame).count(),
            "frames of reads"
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
                read_frame: false,
                again: false,
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
