//! What a client has read of the servers' transactions.

use std::collections::BTreeMap;

use zk_wire::{SessionId, Zxid};

/// The newest transaction that a session has read of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    session: SessionId,
    zxid: Zxid,
    /// Events and answers to pings may run ahead of replies: where the nodes of a dead session go one by one, each tells
    /// of a transaction that the server has not carried out to its end. No other server may be behind them.
    ahead: Zxid,
    /// The newest request that it has the answer to.
    answered: i32,
}

/// Where the answers to a process's reads of registers stand among the transactions.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// By path: the session that answered last, and its answer's zxid.
    answered: BTreeMap<String, (SessionId, Zxid)>,
    /// The first reply that went back: its session, what that had seen, and what the reply is of.
    back: Option<(SessionId, Zxid, Zxid)>,
}

impl Reads {
    pub(super) fn last(&self, path: &str) -> Option<(SessionId, Zxid)> {
        self.answered.get(path).copied()
    }
}

impl Reads {
    pub(super) const fn back(&self) -> Option<(SessionId, Zxid, Zxid)> {
        self.back
    }
}

impl Seen {
    /// Of this session; nothing if it is another.
    #[must_use]
    pub fn of(self, session: SessionId) -> Zxid {
        if self.session == session {
            self.zxid
        } else {
            Zxid::NONE
        }
    }

    /// Whether the answer to this request of the session has been read, or to a later one.
    pub(super) fn has_answer(self, session: SessionId, xid: i32) -> bool {
        self.session == session && self.answered >= xid
    }

    fn attached(&mut self, session: SessionId) {
        if self.session != session {
            *self = Self {
                session,
                ..Self::default()
            };
        }
        self.zxid = self.zxid.max(self.ahead);
    }
}

/// Reads the headers of the frames that a client takes from a connection.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The beginning of the frame that is being read.
    head: Vec<u8>,
    /// Its head is there.
    begun: bool,
    /// How much of it is to come behind its head.
    skip: usize,
    attached: bool,
    /// Reads that wait for their answer, by xid.
    asked: BTreeMap<i32, Vec<String>>,
}

impl Replies {
    /// Reads were asked for, by one request.
    pub(super) fn asks(&mut self, xid: i32, paths: Vec<String>) {
        self.asked.insert(xid, paths);
    }

    pub(super) fn read(&mut self, mut bytes: &[u8], seen: &mut Seen, reads: &mut Reads) {
        loop {
            let skipped = self.skip.min(bytes.len());
            bytes = bytes.get(skipped..).unwrap_or_default();
            self.skip -= skipped;
            // A frame that is not there to its end tells its reader nothing.
            if self.begun && self.skip == 0 {
                self.take(seen, reads);
                self.head.clear();
                self.begun = false;
            }
            if bytes.is_empty() {
                return;
            }
            let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
            self.head
                .extend_from_slice(bytes.get(..wanted).unwrap_or_default());
            bytes = bytes.get(wanted..).unwrap_or_default();
            let Some(length) = self
                .head
                .first_chunk::<4>()
                .map(|it| u32::from_be_bytes(*it))
            else {
                return;
            };
            let frame = 4 + usize::try_from(length).unwrap_or(0);
            if self.head.len() < frame.min(HEAD) {
                return;
            }
            // A frame shorter than a head does not come from a server.
            self.skip = frame.saturating_sub(HEAD);
            self.begun = true;
        }
    }

    /// A handshake's answer: version, timeout, session id. Any other: xid, zxid.
    fn take(&mut self, seen: &mut Seen, reads: &mut Reads) {
        let number = |at: usize| {
            let eight = self.head.get(at..at + 8)?;
            Some(i64::from_be_bytes(eight.try_into().ok()?))
        };
        if self.attached {
            // Some replies and late events carry −1, which is no transaction.
            let zxid = number(8).unwrap_or(0).max(0);
            let zxid = Zxid::from_raw(zxid);
            let xid = self.head.get(4..8).and_then(|xid| xid.try_into().ok());
            let xid = xid.map_or(0, i32::from_be_bytes);
            if xid <= 0 {
                seen.ahead = seen.ahead.max(zxid);
                return;
            }
            if zxid != Zxid::NONE && zxid < seen.zxid {
                reads.back.get_or_insert((seen.session, seen.zxid, zxid));
            }
            seen.zxid = seen.zxid.max(zxid);
            seen.answered = seen.answered.max(xid);
            for path in self.asked.remove(&xid).unwrap_or_default() {
                reads.answered.insert(path, (seen.session, zxid));
            }
        } else {
            self.attached = true;
            seen.attached(SessionId::from_raw(number(12).unwrap_or(0)));
        }
    }
}

/// Length, xid, zxid, error; or length, version, timeout and session id.
const HEAD: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn the_newest_zxid_is_found_however_the_bytes_are_cut() {
        let handshake = [&[0; 8][..], &7_i64.to_be_bytes(), &[0; 21]].concat();
        let reply = |zxid: i64| [&1_i32.to_be_bytes()[..], &zxid.to_be_bytes(), &[0; 9]].concat();
        let bytes = [
            frame(&handshake),
            frame(&reply(5)),
            frame(&reply(-1)),
            frame(&reply(9)),
        ]
        .concat();
        for size in 1..bytes.len() {
            let (mut replies, mut seen) = (Replies::default(), Seen::default());
            let mut reads = Reads::default();
            for piece in bytes.chunks(size) {
                replies.read(piece, &mut seen, &mut reads);
            }
            assert_eq!(reads.back(), None);
            assert_eq!(seen.of(SessionId::from_raw(7)), Zxid::from_raw(9));
            assert_eq!(seen.of(SessionId::from_raw(8)), Zxid::NONE);
        }
    }

    #[test]
    fn a_reply_goes_back_only_if_what_was_seen_before_was_seen_whole() {
        let handshake = frame(&[&[0; 8][..], &7_i64.to_be_bytes(), &[0; 21]].concat());
        let reply =
            |zxid: i64| frame(&[&1_i32.to_be_bytes()[..], &zxid.to_be_bytes(), &[0; 9]].concat());
        let went_back = |first: &[u8]| {
            let (mut seen, mut reads) = (Seen::default(), Reads::default());
            for bytes in [first, &reply(4)[..]] {
                // Each on a connection of its own.
                let mut replies = Replies::default();
                replies.read(&handshake, &mut seen, &mut reads);
                replies.read(bytes, &mut seen, &mut reads);
            }
            reads.back()
        };
        let (newer, session) = (reply(5), SessionId::from_raw(7));
        let expected = Some((session, Zxid::from_raw(5), Zxid::from_raw(4)));
        assert_eq!(went_back(&newer), expected);
        assert_eq!(went_back(newer.split_last().unwrap().1), None);
        assert_eq!(went_back(&reply(4)), None);
    }
    #[test]
    fn an_event_may_run_ahead_of_the_replies_on_its_connection_and_of_no_other() {
        let handshake = frame(&[&[0; 8][..], &7_i64.to_be_bytes(), &[0; 21]].concat());
        let told = |xid: i32, zxid: i64| {
            frame(&[&xid.to_be_bytes()[..], &zxid.to_be_bytes(), &[0; 9]].concat())
        };
        let (mut seen, mut reads) = (Seen::default(), Reads::default());
        let first = [handshake.clone(), told(-1, 5), told(1, 4), told(2, 5)].concat();
        Replies::default().read(&first, &mut seen, &mut reads);
        assert_eq!(reads.back(), None);
        let ahead = [handshake.clone(), told(-1, 6)].concat();
        Replies::default().read(&ahead, &mut seen, &mut reads);
        let behind = [handshake, told(3, 5)].concat();
        Replies::default().read(&behind, &mut seen, &mut reads);
        let expected = (SessionId::from_raw(7), Zxid::from_raw(6), Zxid::from_raw(5));
        assert_eq!(reads.back(), Some(expected));
    }
}
