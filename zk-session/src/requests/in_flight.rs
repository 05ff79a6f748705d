//! Requests on the wire, in the order they were sent.

use std::collections::VecDeque;

use bytes::Bytes;
use zk_wire::{Moment, OpCode, ReadOp, Reader, Response};

use crate::ids::{RequestId, WatchId};
use crate::outcome::WatchKind;
use crate::requests::coalescer::Kind;
use crate::requests::purpose::{JoinedRead, JoinedReads, Purpose};

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
    /// What it reads alone because such replies are large; others who want the same wait for it.
    pub(crate) large: Option<ReadOp>,
    /// How many results the answer has to hold: one for each operation of a multi.
    pub(crate) results: Option<usize>,
}

impl Slot {
    /// What is wrong with the body of a successful answer, as far as it can be told without decoding it.
    pub(crate) fn objection(&self, body: &Bytes) -> Option<String> {
        let expected = self.results?;
        let op = self.op;
        match Response::count_results(op, &mut Reader::new(body.clone())) {
            Ok(Some(count)) if count != expected => Some(format!(
                "the reply to a {op} of {expected} operations has {count} results"
            )),
            Ok(_) => None,
            Err(error) => Some(format!("the reply to a {op} is malformed: {error}")),
        }
    }

    /// How many requests it stands for.
    fn requests(&self) -> usize {
        match &self.purpose {
            Purpose::Reads(joined) => joined.reads.len(),
            _ => 1,
        }
    }

    /// The newest user's request it stands for, unless it comes behind younger ones.
    fn last_user(&self) -> LastUser {
        match &self.purpose {
            Purpose::Reads(joined) => joined.reads.last().map(|read| read.id),
            purpose => purpose.user().filter(|_| !self.again),
        }
    }
}

/// Requests on the wire. Replies come in the order of the requests, but refusals made before a request
/// was queued (eager ACL check, unknown opcode, auth enforcement) overtake; they carry no zxid.
///
/// Invariants: the ids of users' requests rise from front to back, but for those that are sent again, and so do xids,
/// counted round from the first one; the sums are those of the slots. Looking one up takes a binary search: a server
/// chooses which xid it names, and must not make that dear.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    slots: VecDeque<(LastUser, Slot)>,
    requests: usize,
    read_frames: usize,
    again: usize,
}

/// The newest user's request at or before a place.
type LastUser = Option<RequestId>;

impl InFlight {
    pub(crate) fn push(&mut self, slot: Slot) {
        self.requests += slot.requests();
        self.read_frames += usize::from(slot.read_frame);
        self.again += usize::from(slot.again);
        let before = self.slots.back().and_then(|(last, _)| *last);
        self.slots.push_back((slot.last_user().or(before), slot));
    }

    /// Takes the request a reply belongs to; `None` if the reply is out of order.
    pub(crate) fn take(&mut self, xid: i32, may_overtake: bool) -> Option<Slot> {
        let first = self.front()?.xid;
        let index = if first == xid {
            0
        } else if may_overtake {
            self.place_of_xid(first, xid)?
        } else {
            return None;
        };
        let (_, slot) = self.slots.remove(index)?;
        self.requests = self.requests.saturating_sub(slot.requests());
        self.read_frames = self
            .read_frames
            .saturating_sub(usize::from(slot.read_frame));
        self.again = self.again.saturating_sub(usize::from(slot.again));
        Some(slot)
    }

    /// What the request with this xid asks for.
    pub(crate) fn op_of(&self, xid: i32) -> Option<OpCode> {
        let place = self.place_of_xid(self.front()?.xid, xid)?;
        self.slots.get(place).map(|(_, slot)| slot.op)
    }

    /// Where a request with this xid is, counted round from the first one's.
    fn place_of_xid(&self, first: i32, xid: i32) -> Option<usize> {
        let key = distance(first, xid);
        let found = self
            .slots
            .binary_search_by_key(&key, |(_, slot)| distance(first, slot.xid));
        let is_it = |index: &usize| {
            let slot = self.slots.get(*index);
            slot.is_some_and(|(_, slot)| slot.xid == xid)
        };
        found.ok().filter(is_it)
    }

    /// The user's request with this id.
    pub(crate) fn find_user(&mut self, id: RequestId) -> Option<&mut Slot> {
        let is_it = |slot: &Slot| slot.purpose.user() == Some(id);
        let mut index = self.place_of(id);
        if self.again > 0 && !self.slots.get(index).is_some_and(|(_, slot)| is_it(slot)) {
            let of_again = |(_, slot): &(LastUser, Slot)| slot.again && is_it(slot);
            index = self.slots.iter().position(of_again)?;
        }
        let slot = self.slots.get_mut(index).map(|(_, slot)| slot);
        slot.filter(|slot| is_it(slot))
    }

    /// The user's read with this id among those that travel together.
    pub(crate) fn find_joined(&mut self, id: RequestId) -> Option<&mut JoinedRead> {
        let index = self.place_of(id);
        let (_, slot) = self.slots.get_mut(index)?;
        let Purpose::Reads(JoinedReads { reads, .. }) = &mut slot.purpose else {
            return None;
        };
        // Their ids rise.
        let index = reads.binary_search_by_key(&id, |read| read.id).ok()?;
        reads.get_mut(index)
    }

    /// Where the user's request with this id is, if it was not sent again.
    fn place_of(&self, id: RequestId) -> usize {
        self.slots.partition_point(|(last, _)| *last < Some(id))
    }

    /// The users' requests, with their deadlines.
    pub(crate) fn users(&self) -> impl Iterator<Item = (Option<Moment>, RequestId)> {
        self.iter().flat_map(|slot| {
            let joined = match &slot.purpose {
                Purpose::Reads(joined) => joined.reads.as_slice(),
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

    /// Whether the same, larger than most, is being read already.
    pub(crate) fn is_read(&self, path: &str, kind: Kind) -> bool {
        let is_same = |op: &ReadOp| op.path() == path && Kind::of(op) == Some(kind);
        self.iter().any(|slot| match &slot.purpose {
            Purpose::Reads(joined) => joined.ops.iter().any(is_same),
            _ => slot.large.as_ref().is_some_and(is_same),
        })
    }

    pub(crate) fn has_xid(&self, xid: i32) -> bool {
        self.iter().any(|slot| slot.xid == xid)
    }

    pub(crate) fn front(&self) -> Option<&Slot> {
        self.slots.front().map(|(_, slot)| slot)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> + Clone {
        self.slots.iter().map(|(_, slot)| slot)
    }

    /// The connection is gone: hands over everything, oldest first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Slot> + use<> {
        (self.requests, self.read_frames, self.again) = (0, 0, 0);
        std::mem::take(&mut self.slots)
            .into_iter()
            .map(|(_, slot)| slot)
    }

    /// How many requests there are.
    pub(crate) const fn len(&self) -> usize {
        self.requests
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn check_invariants(&self) {
        let first_time = self.iter().filter(|slot| !slot.again);
        let users: Vec<_> = first_time
            .flat_map(|slot| match &slot.purpose {
                Purpose::Reads(joined) => joined.reads.iter().map(|read| read.id).collect(),
                purpose => Vec::from_iter(purpose.user()),
            })
            .collect();
        debug_assert!(users.is_sorted(), "requests in flight out of order");
        debug_assert!(
            self.slots.iter().map(|(last, _)| last).is_sorted(),
            "the newest of each place out of order"
        );
        debug_assert_eq!(
            self.requests,
            self.iter().map(Slot::requests).sum::<usize>(),
            "requests in flight"
        );
        debug_assert_eq!(
            self.read_frames,
            self.iter().filter(|slot| slot.read_frame).count(),
            "frames of reads"
        );
        debug_assert_eq!(
            self.again,
            self.iter().filter(|slot| slot.again).count(),
            "requests sent again"
        );
        debug_assert!(
            self.iter().all(|slot| slot.xid > 0),
            "a reserved xid has a slot"
        );
        let first = self.front().map_or(0, |slot| slot.xid);
        let distances = self.iter().map(|slot| distance(first, slot.xid));
        debug_assert!(
            distances.clone().zip(distances.skip(1)).all(|(a, b)| a < b),
            "xids in flight out of order"
        );
    }
}

/// How many xids after `first` this one was used; the one after `i32::MAX` is 1.
const fn distance(first: i32, xid: i32) -> i32 {
    xid.wrapping_sub(first) & i32::MAX
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
                results: None,
                read_frame: false,
                large: None,
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

    #[test]
    fn a_refusal_finds_its_request_across_the_turn_of_the_xids() {
        let mut in_flight = in_flight(&[i32::MAX - 1, i32::MAX, 1, 4]);
        assert!(
            in_flight.take(1 | i32::MIN, true).is_none(),
            "not its sign bit"
        );
        assert!(in_flight.take(2, true).is_none());
        assert_eq!(in_flight.take(1, true).map(|slot| slot.xid), Some(1));
        assert_eq!(in_flight.take(4, true).map(|slot| slot.xid), Some(4));
        in_flight.check_invariants();
    }

    #[test]
    fn a_users_request_is_found_between_those_of_the_core() {
        let mut in_flight = InFlight::default();
        for (xid, user) in [(1, None), (2, Some(7)), (3, None), (4, Some(9)), (5, None)] {
            let purpose = user.map_or(Purpose::Unwatch, |id| Purpose::User {
                id: RequestId::from_raw(id),
                duty: None,
            });
            in_flight.push(Slot {
                xid,
                op: OpCode::Exists,
                sent_at: Moment::ZERO,
                purpose,
                watch: None,
                deadline: None,
                abandoned: false,
                read_frame: false,
                large: None,
                again: false,
                results: None,
            });
        }
        let mut find = |id| {
            in_flight
                .find_user(RequestId::from_raw(id))
                .map(|slot| slot.xid)
        };
        assert_eq!(
            [6, 7, 8, 9, 10].map(&mut find),
            [None, Some(2), None, Some(4), None]
        );
        in_flight.take(2, true);
        let mut find = |id| {
            in_flight
                .find_user(RequestId::from_raw(id))
                .map(|slot| slot.xid)
        };
        assert_eq!([7, 9].map(&mut find), [None, Some(4)]);
    }
}
