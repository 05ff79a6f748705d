//! The two newest transactions a session has seen.

use zk_wire::Zxid;

/// Two zxids, because two questions are asked with them.
///
/// *Re-registration of watches* asks "what changed since?". Only replies count there: a ping's zxid can
/// run ahead of events that are still queued, and a notification's can equal that of events behind it;
/// either would skip events (protocol: setWatches relativeZxid; ZOOKEEPER-1417).
///
/// *The handshake* asks "are you at least as new?". Everything seen counts there, or knowledge gained
/// from an event could be taken back by the next server: a node seen deleted was alive again after 4 of
/// 30 moves to a server that lagged behind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Zxids {
    replied: Zxid,
    seen: Zxid,
}

impl Zxids {
    pub(crate) const fn resumed(seen: Zxid) -> Self {
        Self {
            replied: Zxid::NONE,
            seen,
        }
    }

    /// A reply to a request. Refusals made out of order carry zero, and old servers −1 elsewhere.
    pub(crate) fn reply(&mut self, zxid: Zxid) {
        if zxid.as_raw() > 0 {
            self.replied = self.replied.max(zxid);
            self.seen = self.seen.max(zxid);
        }
    }

    /// A ping's answer or a notification.
    pub(crate) fn glimpse(&mut self, zxid: Zxid) {
        if zxid.as_raw() > 0 {
            self.seen = self.seen.max(zxid);
        }
    }

    /// For setWatches.
    pub(crate) const fn replied(&self) -> Zxid {
        self.replied
    }

    /// For the handshake.
    pub(crate) const fn seen(&self) -> Zxid {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replies_move_the_zxid_for_watches() {
        let mut zxids = Zxids::default();
        zxids.reply(Zxid::from_raw(5));
        zxids.glimpse(Zxid::from_raw(9));
        assert_eq!((zxids.replied().as_raw(), zxids.seen().as_raw()), (5, 9));
        zxids.reply(Zxid::from_raw(7));
        assert_eq!((zxids.replied().as_raw(), zxids.seen().as_raw()), (7, 9));
    }

    #[test]
    fn zero_and_negative_zxids_are_no_news() {
        let mut zxids = Zxids::default();
        zxids.reply(Zxid::from_raw(3));
        zxids.reply(Zxid::NONE);
        zxids.glimpse(Zxid::from_raw(-1));
        assert_eq!((zxids.replied().as_raw(), zxids.seen().as_raw()), (3, 3));
    }
}
