//! Sessions and the buckets in which they expire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use zk_wire::{Moment, SessionId};

use super::conn::ConnKey;

#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// As granted last.
    pub(super) timeout: Duration,
    /// As granted first: what a new leader starts from.
    pub(super) first_timeout: Duration,
    /// The bucket: a multiple of the tick.
    pub(super) expires_at: Moment,
    pub(super) conn: Option<ConnKey>,
    /// Its end is decided, but the transaction that ends it may still be waiting.
    pub(super) closing: bool,
    /// The link by which the leader hears of it; requests that come by another one are refused.
    pub(super) owner: Option<u64>,
    /// Known to this server alone, and to no log.
    pub(super) local: bool,
}

/// All sessions, and for each bucket those that expire with it.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    sessions: BTreeMap<SessionId, Session>,
    buckets: BTreeMap<Moment, BTreeSet<SessionId>>,
    /// `None`: nothing expires here. Only the leader of an ensemble keeps time.
    tick: Option<Duration>,
    next_id: i64,
}

impl Sessions {
    /// Sessions that expire in buckets of `tick`, with ids of the server with this number.
    pub(super) fn new(tick: Option<Duration>, epoch_ms: i64, server: u8) -> Self {
        // One byte of server, 40 bits of its start, 16 bits of counter.
        let started = ((epoch_ms << 24) >> 8) & 0x00ff_ffff_ffff_ffff;
        let next_id = started | (i64::from(server) << 56);
        Self {
            sessions: BTreeMap::new(),
            buckets: BTreeMap::new(),
            tick: tick.map(|tick| tick.max(Duration::from_millis(1))),
            next_id,
        }
    }

    /// The id of a session that is going to be created.
    pub(super) fn next_id(&mut self) -> SessionId {
        let id = SessionId::from_raw(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        id
    }

    /// A session with its full time before it. One that is known already keeps its connection.
    pub(super) fn insert(&mut self, now: Moment, id: SessionId, timeout: Duration) {
        let before = self.remove(id);
        let expires_at = self.bucket(now, timeout);
        let session = Session {
            timeout: before.map_or(timeout, |before| before.timeout),
            first_timeout: timeout,
            expires_at,
            conn: before.and_then(|before| before.conn),
            closing: false,
            owner: before.and_then(|before| before.owner),
            local: false,
        };
        self.sessions.insert(id, session);
        if self.tick.is_some() {
            self.buckets.entry(expires_at).or_default().insert(id);
        }
    }

    /// Takes over those of another server, without their connections.
    pub(super) fn replace(&mut self, others: Self) {
        self.sessions = others.sessions;
        self.orphan_all();
    }

    /// A session that is in no log.
    pub(super) fn insert_local(
        &mut self,
        now: Moment,
        id: SessionId,
        timeout: Duration,
        conn: ConnKey,
    ) {
        self.insert(now, id, timeout);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.local = true;
            session.conn = Some(conn);
        }
    }

    /// Forgets the connections and owners of all sessions, and those that were local.
    pub(super) fn orphan_all(&mut self) {
        self.sessions.retain(|_, session| !session.local);
        for session in self.sessions.values_mut() {
            session.conn = None;
            session.owner = None;
        }
    }

    /// The session has been heard of.
    pub(super) fn touch(&mut self, now: Moment, id: SessionId) {
        if let Some(timeout) = self.sessions.get(&id).map(|session| session.timeout) {
            self.touch_for(now, id, timeout);
        }
    }

    /// The session has been heard of, on a connection with this timeout.
    pub(super) fn touch_for(&mut self, now: Moment, id: SessionId, timeout: Duration) {
        if self.tick.is_none() {
            return;
        }
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
        let tick = self.tick.unwrap_or(Duration::from_millis(1));
        let tick = u64::try_from(tick.as_nanos()).unwrap_or(u64::MAX);
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

    fn create(sessions: &mut Sessions, now: u64, timeout: Duration) -> SessionId {
        let id = sessions.next_id();
        sessions.insert(at(now), id, timeout);
        id
    }

    #[test]
    fn a_password_is_what_javas_random_would_draw() {
        let password = password(SessionId::from_raw(0x0100_0000_0000_0001));
        let hex: String = password.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "054cc74a37327db215e702e20c73f005");
    }

    #[test]
    fn a_session_id_has_server_start_and_counter() {
        let mut sessions = Sessions::new(Some(TICK), 0x0123_4567_89ab, 1);
        let (first, second) = (sessions.next_id(), sessions.next_id());
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
            let mut sessions = Sessions::new(Some(TICK), 1, 1);
            let id = create(&mut sessions, now, Duration::from_millis(timeout));
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
        let mut sessions = Sessions::new(Some(TICK), 1, 1);
        let id = create(&mut sessions, 0, Duration::from_secs(1));
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
