//! Sessions and the buckets in which they expire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use zk_wire::{Moment, SessionId};

use super::conn::ConnKey;

#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) timeout: Duration,
    /// The bucket: a multiple of the tick.
    pub(super) expires_at: Moment,
    pub(super) conn: Option<ConnKey>,
    /// Its end is decided, but the transaction that ends it may still be waiting.
    pub(super) closing: bool,
}

/// All sessions, and for each bucket those that expire with it.
#[derive(Debug)]
pub(super) struct Sessions {
    sessions: BTreeMap<SessionId, Session>,
    buckets: BTreeMap<Moment, BTreeSet<SessionId>>,
    tick: Duration,
    next_id: i64,
}

impl Sessions {
    pub(super) fn new(tick: Duration, epoch_ms: i64) -> Self {
        // As a server with id 1 does: one byte of server, 40 bits of its start, 16 bits of counter.
        let started = ((epoch_ms << 24) >> 8) & 0x00ff_ffff_ffff_ffff;
        let next_id = started | (1 << 56);
        let tick = tick.max(Duration::from_millis(1));
        Self {
            sessions: BTreeMap::new(),
            buckets: BTreeMap::new(),
            tick,
            next_id,
        }
    }

    pub(super) fn create(&mut self, now: Moment, timeout: Duration, conn: ConnKey) -> SessionId {
        let id = SessionId::from_raw(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let expires_at = self.bucket(now, timeout);
        let session = Session {
            timeout,
            expires_at,
            conn: Some(conn),
            closing: false,
        };
        self.sessions.insert(id, session);
        self.buckets.entry(expires_at).or_default().insert(id);
        id
    }

    /// The session has been heard of.
    pub(super) fn touch(&mut self, now: Moment, id: SessionId) {
        let Some(timeout) = self.sessions.get(&id).map(|session| session.timeout) else {
            return;
        };
        let expires_at = self.bucket(now, timeout);
        if let Some(session) = self.sessions.get_mut(&id) {
            if !session.closing && session.expires_at != expires_at {
                let before = std::mem::replace(&mut session.expires_at, expires_at);
                self.leave_bucket(before, id);
                self.buckets.entry(expires_at).or_default().insert(id);
            }
        }
    }

    /// Decides that a session ends. `false` if that was decided before, or there is none.
    pub(super) fn begin_closing(&mut self, id: SessionId) -> bool {
        match self.sessions.get_mut(&id) {
            Some(session) if !session.closing => {
                session.closing = true;
                let expires_at = session.expires_at;
                self.leave_bucket(expires_at, id);
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.leave_bucket(session.expires_at, id);
        Some(session)
    }

    /// The sessions whose bucket has come, in the order of buckets and ids.
    pub(super) fn due(&self, now: Moment) -> Vec<SessionId> {
        self.buckets
            .range(..=now)
            .flat_map(|(_, ids)| ids)
            .copied()
            .collect()
    }

    pub(super) fn next_expiry(&self) -> Option<Moment> {
        self.buckets.keys().next().copied()
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(&id, session)| (id, session))
    }

    /// The next tick after the timeout has passed: always strictly later.
    fn bucket(&self, now: Moment, timeout: Duration) -> Moment {
        let tick = u64::try_from(self.tick.as_nanos()).unwrap_or(u64::MAX);
        let due = (now + timeout).as_nanos();
        let ticks = due.checked_div(tick).unwrap_or(0).saturating_add(1);
        Moment::from_nanos(ticks.saturating_mul(tick))
    }

    fn leave_bucket(&mut self, bucket: Moment, id: SessionId) {
        if let Some(ids) = self.buckets.get_mut(&bucket) {
            ids.remove(&id);
            if ids.is_empty() {
                self.buckets.remove(&bucket);
            }
        }
    }
}

/// The password of a session, which ZooKeeper derives from its id with Java's `Random`.
pub(super) fn password(id: SessionId) -> Bytes {
    const MASK: u64 = (1 << 48) - 1;
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    let secret = u64::from_ne_bytes(id.as_raw().to_ne_bytes()) ^ 0xB341_5C00;
    let mut state = (secret ^ MULTIPLIER) & MASK;
    let mut bytes = Vec::with_capacity(16);
    for _ in 0..4 {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        let drawn = u32::try_from(state >> 16).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&drawn.to_le_bytes());
    }
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(500);

    fn at(ms: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(ms)
    }

    fn conn() -> ConnKey {
        ConnKey::from_raw(1)
    }

    #[test]
    fn a_password_is_what_javas_random_would_draw() {
        let password = password(SessionId::from_raw(0x0100_0000_0000_0001));
        let hex: String = password.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "054cc74a37327db215e702e20c73f005");
    }

    #[test]
    fn a_session_id_has_server_start_and_counter() {
        let mut sessions = Sessions::new(TICK, 0x0123_4567_89ab);
        let first = sessions.create(at(0), TICK, conn());
        let second = sessions.create(at(0), TICK, conn());
        assert_eq!(first.to_string(), "0x0123456789ab0000");
        assert_eq!(second.as_raw(), first.as_raw() + 1);
    }

    #[test]
    fn a_session_expires_later_than_its_timeout_and_by_at_most_a_tick() {
        for (now, timeout, bucket) in [
            (0, 1000, 1500),
            (1, 1000, 1500),
            (499, 1000, 1500),
            (500, 1000, 2000),
            (0, 999, 1000),
        ] {
            let mut sessions = Sessions::new(TICK, 1);
            let id = sessions.create(at(now), Duration::from_millis(timeout), conn());
            assert_eq!(
                sessions.next_expiry(),
                Some(at(bucket)),
                "{now} + {timeout}"
            );
            assert!(sessions.due(at(bucket - 1)).is_empty());
            assert_eq!(sessions.due(at(bucket)), [id]);
        }
    }

    #[test]
    fn a_touch_moves_a_session_to_a_later_bucket_and_leaves_no_trace() {
        let mut sessions = Sessions::new(TICK, 1);
        let id = sessions.create(at(0), Duration::from_secs(1), conn());
        sessions.touch(at(900), id);
        assert_eq!(sessions.next_expiry(), Some(at(2000)));
        assert!(sessions.due(at(1999)).is_empty());
        assert!(sessions.begin_closing(id));
        assert!(!sessions.begin_closing(id));
        assert_eq!(sessions.next_expiry(), None);
        sessions.touch(at(1000), id);
        assert_eq!(
            sessions.next_expiry(),
            None,
            "a closing session is not revived"
        );
    }
}
